// SPDX-License-Identifier: Apache-2.0
// Convolutions, matrix products and averages.
#include <algorithm>

#include "golden/exact/integers.h"
#include "golden/exact/linear.h"

namespace assay::exact {
namespace {

void add_bias(Planner& planner, Value& out, std::size_t index, std::size_t axis) {
  if (!planner.has_input(index)) return;
  out.offset = add(out.offset, along_axis(planner.parameter(index).values, axis, out.shape.size()));
}

void plan_conv(Planner& planner, const ops::Conv& conv) {
  const Value x = planner.input(0), w = planner.input(1);
  Linear linear{conv_shape(conv.window, x.shape, w.shape[0], conv.group), x.shape[0], x.shape,
                planner.output_shape(), 1};
  Value out = apply_linear(planner, linear, x,
                           weights_of(planner, w, 0, identity_order(element_count(w.shape))));
  add_bias(planner, out, 2, 1);
  planner.set_output(std::move(out));
}

/// Spreads an input for a transposed convolution: stride - 1 zeros between elements, and padding so
/// that a plain convolution with the flipped kernel gives the result. Pads may be negative (they
/// cut).
Value spread(Planner& planner, const Value& x, const ops::ConvTranspose& op) {
  const std::size_t r = op.window.rank();
  Shape shape = x.shape;
  std::vector<std::int64_t> before(r);
  for (std::size_t i = 0; i < r; ++i) {
    const std::int64_t reach = op.window.dilations[i] * (op.window.kernel_shape[i] - 1);
    before[i] = reach - op.window.pads[i];
    const std::int64_t after = reach - op.window.pads[i + r] + op.output_padding[i];
    shape[2 + i] = (x.shape[2 + i] - 1) * op.window.strides[i] + 1 + before[i] + after;
  }
  std::vector<std::int64_t> source;
  const std::int64_t count = element_count(shape);
  for (std::int64_t e = 0; e < count; ++e) {
    std::int64_t rest = e, at = 0, step = 1;
    bool hit = true;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      std::int64_t i = rest % shape[axis];
      rest /= shape[axis];
      if (axis >= 2) {
        i -= before[axis - 2];
        const std::int64_t stride = op.window.strides[axis - 2];
        hit = hit && i >= 0 && i % stride == 0 && i / stride < x.shape[axis];
        i /= stride;
      }
      at += i * step;
      step *= x.shape[axis];
    }
    source.push_back(hit ? at : -1);
  }
  return planner.gather({x}, source, shape, Real());
}

void plan_conv_transpose(Planner& planner, const ops::ConvTranspose& op) {
  const Value w = planner.input(1);
  const Value x = spread(planner, planner.input(0), op);
  // W[C][O/g][k...] becomes [O][C/g][flipped k...].
  const std::int64_t g = op.group, c = w.shape[0], og = w.shape[1],
                     k = element_count({w.shape.begin() + 2, w.shape.end()});
  std::vector<std::int64_t> order;
  for (std::int64_t o = 0; o < og * g; ++o)
    for (std::int64_t i = 0; i < c / g; ++i)
      for (std::int64_t t = 0; t < k; ++t)
        order.push_back(((o / og * (c / g) + i) * og + o % og) * k + (k - 1 - t));
  ops::Window window = op.window;
  std::ranges::fill(window.strides, 1);
  std::ranges::fill(window.pads, 0);
  Linear linear{conv_shape(window, x.shape, og * g, g), x.shape[0], x.shape, planner.output_shape(),
                1};
  // Scales along axis 1 are per output channel within each group; with one group they are per
  // output channel.
  const std::size_t axis = g == 1 ? 1 : w.shape.size();
  Value out = apply_linear(planner, linear, x, weights_of(planner, w, axis, order));
  add_bias(planner, out, 2, 1);
  planner.set_output(std::move(out));
}

/// x [.., M, K] times weights given as [N][K], as one product of matrices: all of them lie
/// row-major.
Value multiply_rows(Planner& planner, const Value& x, const std::vector<Weights>& weights,
                    std::int64_t n, const Shape& out_shape) {
  const std::int64_t k = x.shape.back(), m = element_count(x.shape) / std::max<std::int64_t>(k, 1);
  const Value rows = planner.reshaped(x, {m, k});
  const Value product =
      apply_linear(planner, {matmul_shape(m, k, n), 1, {m, k}, {m, n}, 1}, rows, weights);
  return planner.reshaped(product, out_shape);
}

/// An operand of a product of matrices.
Value row_major_input(Planner& planner, std::size_t index) {
  const Value x = planner.any_input(index);
  return planner.ordered(x, x.shape.size() >= 3);
}

/// The order that turns [K][N] into [N][K].
std::vector<std::int64_t> transposed_order(std::int64_t k, std::int64_t n) {
  std::vector<std::int64_t> order;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < k; ++i) order.push_back(i * n + j);
  return order;
}

Value real_product(Planner& planner) {
  const Value a = row_major_input(planner, 0), b = row_major_input(planner, 1);
  if (b.shape.size() != 2 || !planner.is_constant(b)) return product_of_stacks(planner, a, b);
  const auto weights = weights_of(planner, b, 1, transposed_order(b.shape[0], b.shape[1]));
  return multiply_rows(planner, a, weights, b.shape[1], planner.output_shape());
}

void plan_gemm(Planner& planner, const ops::Gemm& gemm) {
  Value a = planner.input(0);
  const Value b = planner.input(1);
  if (gemm.trans_a)
    a = planner.gather({a}, transposed_order(a.shape[0], a.shape[1]), {a.shape[1], a.shape[0]},
                       Real());
  const std::int64_t n = planner.output_shape()[1], k = a.shape[1];
  const auto order = gemm.trans_b ? identity_order(n * k) : transposed_order(k, n);
  Value out = multiply_rows(planner, a, weights_of(planner, b, gemm.trans_b ? 0 : 1, order), n,
                            planner.output_shape());
  const RealArray alpha(Real::of(gemm.alpha)), beta(Real::of(gemm.beta));
  for (Value::Term& term : out.terms) term.scale = multiply(term.scale, alpha);
  out.offset = multiply(out.offset, alpha);
  if (planner.has_input(2)) out.offset = add(out.offset, multiply(planner.parameter(2), beta));
  planner.set_output(std::move(out));
}

/// A factor of XnorPopcountMatMul as integers that are all 0 or 1.
SlotId bits(Planner& planner, const Value& value, std::string_view which) {
  const auto slot = integer_slot(planner, value);
  const IntRange range = slot ? planner.range(*slot) : IntRange{0, 2};
  if (range.min < 0 || range.max > 1)
    planner.fail(fmt::format("the {} factor must hold bits, 0 or 1", which));
  return *slot;
}

/// ((2a-1)(2w-1) + K) / 2 summed over K is sum of a * (2w-1) plus the count of zeros in w.
Value xnor_product(Planner& planner) {
  Value a = row_major_input(planner, 0);
  const Value b = planner.input(1);
  if (b.shape.size() != 2 || !planner.is_constant(b))
    planner.fail("the second factor must be a constant matrix");
  a.terms = {{RealArray(Real(1)), bits(planner, a, "first")}};
  a.offset = {};
  const std::int64_t k = b.shape[0], n = b.shape[1];
  const auto w = planner.constant_values(b, bits(planner, b, "second"));
  Weights weights{RealArray(Real(1)), {}};
  std::vector<Real> zeros;
  for (std::int64_t j = 0; j < n; ++j) {
    std::int64_t ones = 0;
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t bit = w[static_cast<std::size_t>(i * n + j)];
      weights.q.push_back(2 * bit - 1);
      ones += bit;
    }
    zeros.emplace_back(k - ones);
  }
  Value out = multiply_rows(planner, a, {weights}, n, planner.output_shape());
  out.offset = along_axis(std::move(zeros), out.shape.size() - 1, out.shape.size());
  return out;
}

/// Row [K][C] of x is an image of height 1 and width K, which a kernel of the same size sees whole.
void plan_depthwise_matmul(Planner& planner) {
  const Value x = row_major_input(planner, 0), w = planner.input(1);
  const std::int64_t k = w.shape[0], c = w.shape[1],
                     m = element_count(x.shape) / std::max<std::int64_t>(k * c, 1);
  const Value image = planner.channels_moved(planner.reshaped(x, {1, m, k, c}), false);
  ops::Window window{{1, k}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  const Linear linear{conv_shape(window, image.shape, c, c), 1, image.shape, {1, c, m, 1}, 1};
  const Value out =
      apply_linear(planner, linear, image, weights_of(planner, w, 1, transposed_order(k, c)));
  planner.set_output(planner.reshaped(planner.channels_moved(out, true), planner.output_shape()));
}

/// Sums over windows, as a depthwise convolution with weights 1. Grows the end padding where
/// ceil_mode asks for it.
Value window_sums(Planner& planner, const Value& x, ops::Window window, const Shape& out) {
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t covered = (out[2 + i] - 1) * window.strides[i] + window.kernel_shape[i];
    window.pads[i + window.rank()] =
        std::max(window.pads[i + window.rank()], covered - x.shape[2 + i] - window.pads[i]);
  }
  const std::int64_t channels = x.shape[1];
  const ConvShape shape = conv_shape(window, x.shape, channels, channels);
  const Weights ones{RealArray(Real(1)), std::vector<std::int64_t>(
                                             static_cast<std::size_t>(shape.weight_elements()), 1)};
  return apply_linear(planner, {shape, x.shape[0], x.shape, out, 1}, x, {ones});
}

void plan_sum_pool(Planner& planner, const ops::SumPool& pool) {
  const bool last = layout_name(pool.data_layout).ends_with('C');
  Value x = planner.ordered(planner.any_input(0), last);
  Shape out_shape = planner.output_shape();
  if (last) {
    x = planner.channels_moved(x, false);
    std::rotate(out_shape.begin() + 1, out_shape.end() - 1, out_shape.end());
  }
  ops::Window window = pool.window;
  window.dilations.assign(window.rank(), 1);
  const Value out = window_sums(planner, x, window, out_shape);
  planner.set_output(last ? planner.channels_moved(out, true) : out);
}

/// How many elements the window at output index `at` of one axis covers.
std::int64_t covered(const ops::AveragePool& pool, std::size_t axis, std::int64_t size,
                     std::int64_t at) {
  const ops::Window& w = pool.window;
  const std::int64_t begin = at * w.strides[axis] - w.pads[axis],
                     end = begin + w.kernel_shape[axis];
  if (pool.count_include_pad)
    return std::min(end, size + w.pads[axis + w.rank()]) - std::max(begin, -w.pads[axis]);
  return std::min(end, size) - std::max<std::int64_t>(begin, 0);
}

void plan_average(Planner& planner, const ops::AveragePool& pool) {
  const Value x = planner.input(0);
  const Shape& out_shape = planner.output_shape();
  Value out = window_sums(planner, x, pool.window, out_shape);
  RealArray factor(Real(1));
  for (std::size_t axis = 0; axis < pool.window.rank(); ++axis) {
    std::vector<Real> per_index;
    for (std::int64_t at = 0; at < out_shape[2 + axis]; ++at)
      per_index.push_back(Real(covered(pool, axis, x.shape[2 + axis], at)).inverse());
    factor = multiply(factor, along_axis(std::move(per_index), 2 + axis, out_shape.size()));
  }
  for (Value::Term& term : out.terms) term.scale = multiply(term.scale, factor);
  out.offset = multiply(out.offset, factor);
  planner.set_output(std::move(out));
}

ops::Window whole_window(const Shape& shape) {
  ops::Window window;
  window.kernel_shape.assign(shape.begin() + 2, shape.end());
  window.strides.assign(window.rank(), 1);
  window.dilations.assign(window.rank(), 1);
  window.pads.assign(2 * window.rank(), 0);
  return window;
}

void plan_global_average(Planner& planner) {
  const Value x = planner.input(0);
  if (x.shape.size() > 4) planner.fail("more than two spatial axes are not supported");
  Value out = window_sums(planner, x, whole_window(x.shape), planner.output_shape());
  const RealArray factor(Real(element_count({x.shape.begin() + 2, x.shape.end()})).inverse());
  for (Value::Term& term : out.terms) term.scale = multiply(term.scale, factor);
  out.offset = multiply(out.offset, factor);
  planner.set_output(std::move(out));
}

void plan_quant_average(Planner& planner, const ops::QuantAvgPool2d& pool) {
  const bool last = pool.data_layout == Layout::kNHWC;
  Value x = planner.ordered(planner.any_input(0), last);
  Shape out_shape = planner.output_shape();
  if (last) {
    x = planner.channels_moved(x, false);
    std::rotate(out_shape.begin() + 1, out_shape.end() - 1, out_shape.end());
  }
  ops::Window window = whole_window({1, 1, pool.kernel, pool.kernel});
  std::ranges::fill(window.strides, pool.stride);
  Value sums = window_sums(planner, x, window, out_shape);
  mpq_class factor(1);
  factor >>= static_cast<mp_bitcnt_t>(pool.shift());
  for (Value::Term& term : sums.terms) term.scale = multiply(term.scale, RealArray(Real(factor)));
  sums.offset = multiply(sums.offset, RealArray(Real(factor)));
  const IntRange range = value_bounds(planner, out_shape, sums.terms, sums.offset);
  const SlotId id = emit_decision(planner, out_shape, sums.terms, sums.offset,
                                  {.mode = RoundingMode::kFloor, .lo = range.min, .hi = range.max});
  const Value out{out_shape, {{RealArray(Real(1)), id}}, {}};
  planner.set_output(last ? planner.channels_moved(out, true) : out);
}

}  // namespace

Value matrix_product(Planner& planner, bool xnor) {
  return xnor ? xnor_product(planner) : real_product(planner);
}

bool plan_linear(Planner& planner, const Node& node) {
  if (const auto* conv = node.as<ops::Conv>()) {
    plan_conv(planner, *conv);
  } else if (const auto* transpose = node.as<ops::ConvTranspose>()) {
    plan_conv_transpose(planner, *transpose);
  } else if (node.as<ops::MatMul>()) {
    planner.set_output(matrix_product(planner, false));
  } else if (const auto* gemm = node.as<ops::Gemm>()) {
    plan_gemm(planner, *gemm);
  } else if (node.as<ops::XnorPopcountMatMul>()) {
    planner.set_output(matrix_product(planner, true));
  } else if (node.as<ops::DepthwiseMatMul>()) {
    plan_depthwise_matmul(planner);
  } else if (const auto* sum = node.as<ops::SumPool>()) {
    plan_sum_pool(planner, *sum);
  } else if (const auto* average = node.as<ops::AveragePool>()) {
    plan_average(planner, *average);
  } else if (node.as<ops::GlobalAveragePool>()) {
    plan_global_average(planner);
  } else if (const auto* quantised = node.as<ops::QuantAvgPool2d>()) {
    plan_quant_average(planner, *quantised);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::exact
