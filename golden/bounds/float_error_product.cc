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

/// The rule of a sum of `terms` products in every output element. Two evaluations in double: one of
/// the values, one of the errors, where e(W)|X^| hides in a weight that is e(W)/gamma larger:
///   sum |W^| e(X) + e(W)|X^| + gamma |W^||X^|  <=  sum (|W^| + e(W)/gamma) (e(X) + gamma |X^|).
void bound_sum_of_products(const Bilinear& product, const BoundedTensor& w, const BoundedTensor& x,
                           std::int64_t terms, BoundedTensor& out) {
  const double gamma = gamma_of(terms + 2);
  Doubles weight(w.value.size()), reach(x.value.size());
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = magnitude(w, i) + w.error[i] / gamma;
  for (std::size_t i = 0; i < reach.size(); ++i) reach[i] = x.error[i] + gamma * magnitude(x, i);
  out.value = product(w.value, x.value);
  out.error = product(weight, reach);
  for (double& error : out.error) error += static_cast<double>(terms + 2) * kUnderflow;
}

void add_bias(const BoundedTensor& bias, std::int64_t terms, std::int64_t pixels,
              BoundedTensor& out) {
  const double gamma = gamma_of(terms + 2);
  const std::size_t channels = bias.value.size();
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const std::size_t c = i / static_cast<std::size_t>(pixels) % channels;
    out.value[i] += bias.value[c];
    out.error[i] += bias.error[c] + gamma * magnitude(bias, c);
  }
}

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

void bound_matmul(const Node& node, const BoundedInputs& in, BoundedTensor& out) {
  const MatmulGeometry g = matmul_geometry(node);
  bound_sum_of_products([&](const Doubles& b, const Doubles& a) { return multiply_stack(g, a, b); },
                        *in.at(1), *in.at(0), g.k, out);
}

/// alpha * sum + beta * C: three more roundings for each part.
void bound_gemm(const Node& node, const ops::Gemm& op, const BoundedInputs& in,
                BoundedTensor& out) {
  const MatmulGeometry g = matmul_geometry(node);
  bound_matmul(node, in, out);
  const double alpha = static_cast<double>(op.alpha), beta = static_cast<double>(op.beta);
  const double ratio = gamma_of(g.k + 5) / gamma_of(g.k + 2);
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    out.value[i] *= alpha;
    out.error[i] = out.error[i] * std::fabs(alpha) * ratio + 2 * kUnderflow;
  }
  if (in.size() < 3 || !in[2]) return;
  const BroadcastIndex index(in[2]->shape, {g.m, g.n});
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    const auto c = static_cast<std::size_t>(index(static_cast<std::int64_t>(i)));
    out.value[i] += beta * in[2]->value[c];
    out.error[i] += std::fabs(beta) * (in[2]->error[c] + gamma_of(g.k + 5) * magnitude(*in[2], c));
  }
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
  bound_sum_of_products([&](const Doubles& y, const Doubles& x) { return multiply_stack(g, x, y); },
                        b, a, g.k + 1, out);
  const auto zero = [](double e) { return e == 0; };
  const bool exact =
      g.k < (1 << 23) && std::ranges::all_of(a.error, zero) && std::ranges::all_of(b.error, zero);
  for (std::size_t i = 0; i < out.value.size(); ++i) {
    out.value[i] = (out.value[i] + static_cast<double>(g.k)) / 2;
    // Sums of integers below 2^24 are exact in any order.
    out.error[i] = exact ? 0 : out.error[i] / 2 + kUnit * static_cast<double>(g.k);
  }
}

}  // namespace

bool bound_product(const Node& node, const BoundedInputs& in, std::vector<BoundedTensor>& out) {
  const bool transposed = node.as<ops::ConvTranspose>();
  if (transposed || node.as<ops::Conv>()) {
    const ConvGeometry g = transposed ? conv_transpose_geometry(node) : conv_geometry(node);
    const std::int64_t terms = g.in_channels / g.groups * g.taps();
    const auto product = transposed ? convolve_transposed : convolve;
    bound_sum_of_products([&](const Doubles& w, const Doubles& x) { return product(g, w, x); },
                          *in.at(1), *in.at(0), terms, out[0]);
    if (in.size() > 2 && in[2])
      add_bias(*in[2], terms, transposed ? g.in_pixels() : g.out_pixels(), out[0]);
    return true;
  }
  if (node.as<ops::MatMul>()) return bound_matmul(node, in, out[0]), true;
  if (const auto* op = node.as<ops::Gemm>()) return bound_gemm(node, *op, in, out[0]), true;
  if (node.as<ops::XnorPopcountMatMul>()) return bound_xnor(node, in, out[0]), true;
  return false;
}

}  // namespace assay
