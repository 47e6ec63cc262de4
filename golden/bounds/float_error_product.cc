// SPDX-License-Identifier: Apache-2.0
#include <Eigen/Core>
#include <algorithm>
#include <functional>

#include "compile/graph/ops.h"
#include "golden/bounds/float_error_rules.h"
#include "golden/floating/geometry.h"

namespace assay {
namespace {

using Doubles = std::vector<double>;
/// A linear operator in both arguments: weights, input -> output.
using Bilinear = std::function<Doubles(const Doubles&, const Doubles&)>;

/// Row-major elements that fall into lanes: runs of them, which take turns.
struct Lanes {
  std::size_t run = 1, count = 1;
};
Lanes lanes(std::int64_t run, std::int64_t count) {
  return {static_cast<std::size_t>(std::max<std::int64_t>(run, 1)),
          static_cast<std::size_t>(std::max<std::int64_t>(count, 1))};
}

/// An operand of sums of products: outputs of one lane take elements of the same lane alone.
struct Factor {
  const BoundedTensor& tensor;
  Lanes elements, outputs;
};

/// Calls body(lane, begin, end) for every run of `size` elements.
template <typename Body>
void for_each_run(std::size_t size, const Lanes& lanes, Body body) {
  for (std::size_t begin = 0, lane = 0; begin < size;
       lane = lane + 1 < lanes.count ? lane + 1 : 0) {
    const std::size_t end = std::min(size, begin + lanes.run);
    body(lane, begin, end);
    begin = end;
  }
}

/// An operand on its way into a sum.
struct Prepared {
  Doubles reach;  ///< rule(i) of each element
  Doubles steps;  ///< of each lane: what step_of says of all its elements

  bool has_steps() const {
    return std::ranges::any_of(steps, [](double step) { return step > 0; });
  }
};
/// In one go, as weights have millions of elements. The steps are 0 unless they are `wanted`.
template <typename Rule>
Prepared prepare(const Factor& factor, bool wanted, Rule rule) {
  const std::size_t size = factor.tensor.value.size();
  Prepared out{Doubles(size), Doubles(factor.elements.count, wanted ? HUGE_VAL : 0)};
  for_each_run(size, factor.elements, [&](std::size_t lane, std::size_t begin, std::size_t end) {
    double step = out.steps[lane];
    for (std::size_t i = begin; i < end; ++i) {
      out.reach[i] = rule(i);
      if (step > 0) step = std::min(step, step_of(factor.tensor, i));
    }
    out.steps[lane] = step;
  });
  return out;
}

/// Sums of `terms` products, one in every output element. Two evaluations in double: one of the
/// values, one of the errors, where e(W)|X^| hides in a weight that is e(W)/gamma larger:
///   sum |W^| e(X) + e(W)|X^| + gamma |W^||X^|  <=  sum (|W^| + e(W)/gamma) (e(X) + gamma |X^|).
/// Where all operands are exact that is gamma times the sum of magnitudes, by which sums without a
/// rounding are told.
class SumsOfProducts {
 public:
  SumsOfProducts(const Bilinear& product, const Factor& w, const Factor& x, double gamma,
                 std::int64_t terms, BoundedTensor& out)
      : gamma_(gamma), out_(out), steps_(out.value.size()) {
    const Prepared inputs = prepare(x, true, [&, gamma](std::size_t i) {
      return x.tensor.error[i] + gamma * magnitude(x.tensor, i);
    });
    // Most networks have an operand with a rounding in it, and need not look at the other.
    const Prepared weights = prepare(w, inputs.has_steps(), [&, rate = 1 / gamma](std::size_t i) {
      return magnitude(w.tensor, i) + w.tensor.error[i] * rate;
    });
    out.value = product(w.tensor.value, x.tensor.value);
    out.error = product(weights.reach, inputs.reach);
    for (double& error : out.error) error += static_cast<double>(terms + 2) * kUnderflow;
    if (!weights.has_steps()) return;
    for_each_run(steps_.size(), w.outputs,
                 [&](std::size_t lane, std::size_t begin, std::size_t end) {
                   std::fill(steps_.data() + begin, steps_.data() + end, weights.steps[lane]);
                 });
    for_each_run(steps_.size(), x.outputs,
                 [&](std::size_t lane, std::size_t begin, std::size_t end) {
                   const double step = inputs.steps[lane];
                   for (std::size_t i = begin; i < end; ++i)
                     steps_[i] = steps_[i] > 0 && step > 0 ? steps_[i] * step : 0;
                 });
  }

  /// Adds element `i` of an addend to output `to`.
  void add(std::size_t to, const BoundedTensor& addend, std::size_t i) {
    out_.value[to] += addend.value[i];
    out_.error[to] += addend.error[i] + gamma_ * magnitude(addend, i);
    if (steps_[to] > 0) steps_[to] = std::min(steps_[to], step_of(addend, i));
  }

  void forgive_exact_sums() {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (sums_exactly(out_.error[i] / gamma_, steps_[i])) out_.error[i] = 0;
  }

 private:
  double gamma_;
  BoundedTensor& out_;
  Doubles steps_;  ///< every term of an output is a multiple of its step; 0: not known to be
};

// ---- Conv
// -------------------------------------------------------------------------------------------------------------

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// [channels * taps][output pixels] of one group of one image.
Matrix unfold(const ConvGeometry& g, const double* image) {
  const std::int64_t channels = g.in_channels / g.groups;
  Matrix unfolded = Matrix::Zero(channels * g.taps(), g.out_pixels());
  for (std::int64_t row = 0; row < channels * g.taps(); ++row) {
    const double* plane = image + row / g.taps() * g.in_pixels();
    const std::int64_t i = row % g.taps() / g.w.kernel, j = row % g.w.kernel;
    for (std::int64_t oh = 0; oh < g.h.out; ++oh) {
      const std::int64_t y = oh * g.h.stride + i * g.h.dilation - g.h.pad_begin;
      if (y < 0 || y >= g.h.in) continue;
      for (std::int64_t ow = 0; ow < g.w.out; ++ow) {
        const std::int64_t x = ow * g.w.stride + j * g.w.dilation - g.w.pad_begin;
        if (x >= 0 && x < g.w.in) unfolded(row, oh * g.w.out + ow) = plane[y * g.w.in + x];
      }
    }
  }
  return unfolded;
}

Doubles convolve(const ConvGeometry& g, const Doubles& weights, const Doubles& x) {
  const std::int64_t rows = g.out_channels / g.groups, depth = g.in_channels / g.groups * g.taps();
  Doubles out(static_cast<std::size_t>(g.batch * g.out_channels * g.out_pixels()));
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t i = 0; i < g.groups; ++i) {
      const Eigen::Map<const Matrix> w(weights.data() + i * rows * depth, rows, depth);
      Eigen::Map<Matrix> y(out.data() + (n * g.groups + i) * rows * g.out_pixels(), rows,
                           g.out_pixels());
      y.noalias() =
          w * unfold(g, x.data() + (n * g.groups + i) * g.in_channels / g.groups * g.in_pixels());
    }
  return out;
}

/// What one input plane adds to one output plane of a transposed convolution.
void spread(const ConvGeometry& g, const double* weights, const double* plane, double* out) {
  for (std::int64_t i = 0; i < g.h.kernel; ++i)
    for (std::int64_t j = 0; j < g.w.kernel; ++j)
      for (std::int64_t h = 0; h < g.h.out; ++h)
        for (std::int64_t w = 0; w < g.w.out; ++w) {
          const std::int64_t y = h * g.h.stride + i * g.h.dilation - g.h.pad_begin;
          const std::int64_t x = w * g.w.stride + j * g.w.dilation - g.w.pad_begin;
          if (y >= 0 && y < g.h.in && x >= 0 && x < g.w.in)
            out[y * g.w.in + x] += weights[i * g.w.kernel + j] * plane[h * g.w.out + w];
        }
}

Doubles convolve_transposed(const ConvGeometry& g, const Doubles& weights, const Doubles& x) {
  const std::int64_t fan_in = g.in_channels / g.groups, fan_out = g.out_channels / g.groups;
  Doubles out(static_cast<std::size_t>(g.batch * g.out_channels * g.in_pixels()));
  for (std::int64_t n = 0; n < g.batch; ++n)
    for (std::int64_t c = 0; c < g.in_channels; ++c)
      for (std::int64_t o = 0; o < fan_out; ++o)
        spread(g, weights.data() + (c * fan_out + o) * g.taps(),
               x.data() + (n * g.in_channels + c) * g.out_pixels(),
               out.data() + (n * g.out_channels + c / fan_in * fan_out + o) * g.in_pixels());
  return out;
}

// ---- Matrices
// ---------------------------------------------------------------------------------------------------------

Doubles multiply_stack(const MatmulGeometry& g, const Doubles& a, const Doubles& b) {
  using Step = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  using View = Eigen::Map<const Matrix, 0, Step>;
  Doubles out(static_cast<std::size_t>(g.count * g.m * g.n));
  for (std::int64_t i = 0; i < g.count; ++i) {
    const View left(a.data() + g.first(i) * g.m * g.k, g.m, g.k, Step(g.first_row, g.first_column));
    const View right(b.data() + g.second(i) * g.k * g.n, g.k, g.n,
                     Step(g.second_row, g.second_column));
    Eigen::Map<Matrix>(out.data() + i * g.m * g.n, g.m, g.n).noalias() = left * right;
  }
  return out;
}

SumsOfProducts matmul_sums(const MatmulGeometry& g, const BoundedTensor& a, const BoundedTensor& b,
                           std::int64_t roundings, BoundedTensor& out) {
  const Factor columns{b, lanes(g.second_column, g.n), lanes(1, g.n)};
  return {[&](const Doubles& y, const Doubles& x) { return multiply_stack(g, x, y); },
          columns,
          {a, {}, {}},
          gamma_of(roundings),
          g.k,
          out};
}

BoundedTensor scaled(BoundedTensor x, double factor) {
  for (double& value : x.value) value *= factor;
  for (double& error : x.error) error *= std::fabs(factor);
  return x;
}

void bound_matmul(const Node& node, const BoundedInputs& in, BoundedTensor& out) {
  const MatmulGeometry g = matmul_geometry(node);
  matmul_sums(g, *in.at(0), *in.at(1), g.k + 2, out).forgive_exact_sums();
}

/// alpha * sum + beta * C: three more roundings for each part, none for factors of one.
void bound_gemm(const Node& node, const ops::Gemm& op, const BoundedInputs& in,
                BoundedTensor& out) {
  const MatmulGeometry g = matmul_geometry(node);
  SumsOfProducts sums = matmul_sums(g, *in.at(0), *in.at(1), g.k + 5, out);
  const double alpha = static_cast<double>(op.alpha), beta = static_cast<double>(op.beta);
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    out.value[i] *= alpha;
    out.error[i] = out.error[i] * std::fabs(alpha) + 2 * kUnderflow;
  }
  const bool has_addend = in.size() > 2 && in[2];
  if (has_addend) {
    const BoundedTensor c = scaled(*in[2], beta);
    const BroadcastIndex index(c.shape, {g.m, g.n});
    for (std::size_t i = 0; i < out.value.size(); ++i)
      sums.add(i, c, static_cast<std::size_t>(index(static_cast<std::int64_t>(i))));
  }
  if (alpha == 1 && (!has_addend || beta == 1)) sums.forgive_exact_sums();
}

void bound_xnor(const Node& node, const BoundedInputs& in, BoundedTensor& out) {
  const MatmulGeometry g = matmul_geometry(node);
  const auto spread_bits = [](const BoundedTensor& x) {
    BoundedTensor y = x;
    for (std::size_t i = 0; i < y.value.size(); ++i) {
      y.value[i] = 2 * x.value[i] - 1;
      y.error[i] = 2 * x.error[i] * (1 + 2 * kUnit);  // exact for bits
    }
    return y;
  };
  const BoundedTensor a = spread_bits(*in.at(0)), b = spread_bits(*in.at(1));
  matmul_sums(g, a, b, g.k + 3, out).forgive_exact_sums();
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    out.value[i] = (out.value[i] + static_cast<double>(g.k)) / 2;
    // A count below 2^24 is exact.
    out.error[i] = out.error[i] == 0 ? 0 : out.error[i] / 2 + kUnit * static_cast<double>(g.k);
  }
}

void bound_convolution(const Node& node, bool transposed, const BoundedInputs& in,
                       BoundedTensor& out) {
  const ConvGeometry g = transposed ? conv_transpose_geometry(node) : conv_geometry(node);
  const std::int64_t fan_in = g.in_channels / g.groups, fan_out = g.out_channels / g.groups;
  const std::int64_t terms = fan_in * g.taps();
  const std::int64_t from = transposed ? g.out_pixels() : g.in_pixels(),
                     to = transposed ? g.in_pixels() : g.out_pixels();
  // The weights of a transposed convolution are sorted by its inputs: only groups lie together.
  const std::int64_t rows = transposed ? g.groups : g.out_channels;
  const Factor w{*in.at(1), lanes(transposed ? fan_in * fan_out * g.taps() : terms, rows),
                 lanes(transposed ? to * fan_out : to, rows)};
  const Factor x{*in.at(0), lanes(from * fan_in, g.groups), lanes(to * fan_out, g.groups)};
  const auto product = transposed ? convolve_transposed : convolve;
  SumsOfProducts sums([&](const Doubles& y, const Doubles& z) { return product(g, y, z); }, w, x,
                      gamma_of(terms + 2), terms, out);
  if (in.size() > 2 && in[2])
    for (std::size_t i = 0; i < out.value.size(); ++i)
      sums.add(i, *in[2], i / static_cast<std::size_t>(to) % in[2]->value.size());
  sums.forgive_exact_sums();
}

}  // namespace

bool bound_product(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out) {
  const bool transposed = node.as<ops::ConvTranspose>();
  if (transposed || node.as<ops::Conv>())
    return bound_convolution(node, transposed, in, out[0]), true;
  if (node.as<ops::MatMul>()) return bound_matmul(node, in, out[0]), true;
  if (const auto* op = node.as<ops::Gemm>()) return bound_gemm(node, *op, in, out[0]), true;
  if (node.as<ops::XnorPopcountMatMul>()) return bound_xnor(node, in, out[0]), true;
  return false;
}

}  // namespace assay
