// SPDX-License-Identifier: Apache-2.0
// Convolutions, matrix products and averages: sums of terms map to sums of terms.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "compile/graph/ops.h"
#include "golden/exact_plan.h"

namespace assay::exact {
namespace {

/// Position-dependent offsets with more distinct values than this are refused rather than computed
/// for hours.
constexpr std::size_t kMaxOffsetValues = 1 << 15;

class ConvStep final : public Step {
 public:
  ConvStep(ConvKernel kernel, SlotId in, Storage storage, SlotId out, std::int64_t batch)
      : kernel_(std::move(kernel)), in_(in), out_(out), storage_(storage), batch_(batch) {}
  void run(Buffers& buffers) const override {
    const auto* in = static_cast<const std::byte*>(buffers.read(in_));
    auto* out = static_cast<std::byte*>(buffers.data(out_));
    const std::size_t in_bytes =
        static_cast<std::size_t>(kernel_.shape().in_elements()) * storage_bytes(storage_);
    const std::size_t out_bytes = static_cast<std::size_t>(kernel_.shape().out_elements()) *
                                  storage_bytes(kernel_.output_storage());
    for (std::int64_t n = 0; n < batch_; ++n)
      kernel_.run(in + static_cast<std::size_t>(n) * in_bytes, storage_,
                  out + static_cast<std::size_t>(n) * out_bytes, buffers.parallel);
  }
  std::string kernel() const override { return std::string(kernel_.name()); }

 private:
  ConvKernel kernel_;
  SlotId in_, out_;
  Storage storage_;
  std::int64_t batch_;
};

/// Integer weights with one exact scale per output channel (or one in all).
struct Weights {
  RealArray scale;  ///< scalar or [O]
  std::vector<std::int64_t> q;
};

/// A linear operator: `shape` says how inputs and outputs lie in memory, `out_axis` is the output's
/// channel axis.
struct Linear {
  ConvShape shape;
  std::int64_t batch = 1;
  Shape in, out;
  std::size_t out_axis = 1;
};

/// The kernel for one input term; the output slot has its storage.
SlotId emit_conv(Planner& planner, const Linear& linear, const std::vector<std::int64_t>& weights,
                 SlotId in) {
  ConvKernel kernel(linear.shape, weights, planner.range(in));
  const SlotId out = planner.add_slot(linear.out, kernel.output_range());
  planner.slots[static_cast<std::size_t>(out)].storage = kernel.output_storage();
  planner.emit(std::make_unique<ConvStep>(std::move(kernel), in, planner.slot(in).storage, out,
                                          linear.batch),
               {in}, {out});
  return out;
}

RealArray per_output(const RealArray& scale, const Linear& linear) {
  return scale.is_scalar() ? scale : along_axis(scale.values, linear.out_axis, linear.out.size());
}

/// The scale of each output channel when the input has one scale per group of lanes.
RealArray group_scale(const Value::Term& term, const Linear& linear) {
  if (term.scale.is_scalar()) return term.scale;
  const auto elements = expand(term.scale, linear.in);
  const ConvShape& s = linear.shape;
  std::vector<const Real*> per_lane(static_cast<std::size_t>(s.in_channels), nullptr);
  for (std::size_t i = 0; i < elements.size(); ++i)
    per_lane[static_cast<std::size_t>(physical_index(linear.in, static_cast<std::int64_t>(i)) %
                                      s.in_channels)] = elements[i];
  std::vector<Real> out;
  for (std::int64_t o = 0; o < s.out_channels; ++o)
    out.push_back(*per_lane[static_cast<std::size_t>(o / (s.out_channels / s.groups) *
                                                     (s.in_channels / s.groups))]);
  return along_axis(std::move(out), linear.out_axis, linear.out.size());
}

/// Adds value * counts to `sum`, where counts are the integers of a linear map of an indicator
/// image. Positions with equal counts share their exact products.
struct OffsetSum {
  std::vector<std::vector<std::int64_t>>
      counts;  ///< per distinct offset value and weight term, row-major over the output
  std::vector<Real> value;              ///< the offset value of each
  std::vector<const RealArray*> scale;  ///< the weight scale of each
};

RealArray evaluate(const OffsetSum& sum, const Linear& linear) {
  const std::int64_t size = element_count(linear.out);
  std::int64_t inner = 1;
  for (std::size_t i = linear.out_axis + 1; i < linear.out.size(); ++i) inner *= linear.out[i];
  std::map<std::vector<std::int64_t>, std::size_t>
      known;  // channel and counts -> index into `values`
  std::vector<Real> values;
  std::vector<std::size_t> which;
  for (std::int64_t e = 0; e < size; ++e) {
    const std::int64_t channel = e / inner % linear.out[linear.out_axis];
    std::vector<std::int64_t> key{channel};
    for (const auto& counts : sum.counts) key.push_back(counts[static_cast<std::size_t>(e)]);
    const auto [it, fresh] = known.try_emplace(std::move(key), values.size());
    if (fresh) {
      Real total;
      for (std::size_t k = 0; k < sum.value.size(); ++k) {
        const RealArray& scale = *sum.scale[k];
        const Real& s =
            scale.is_scalar() ? scale.values[0] : scale.values[static_cast<std::size_t>(channel)];
        total += sum.value[k] * s * Real(sum.counts[k][static_cast<std::size_t>(e)]);
      }
      values.push_back(std::move(total));
    }
    which.push_back(it->second);
  }
  std::vector<const Real*> elements;
  for (const std::size_t w : which) elements.push_back(&values[w]);
  return compress(elements, linear.out);
}

/// The operator applied to the constant part of its input: one integer convolution per distinct
/// value.
RealArray linear_offset(Planner& planner, const Linear& linear, const RealArray& offset,
                        const std::vector<Weights>& weights) {
  if (is_zero(offset)) return {};
  std::vector<const Real*> distinct;
  std::vector<std::vector<std::int64_t>> indicators;
  const auto elements = expand(offset, linear.in);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i]->is_zero()) continue;
    std::size_t c = 0;
    while (c < distinct.size() && distinct[c] != elements[i] &&
           !identical(*distinct[c], *elements[i]))
      ++c;
    if (c == distinct.size()) {
      if (c == kMaxOffsetValues)
        planner.fail("the input's constant part has too many different values");
      distinct.push_back(elements[i]);
      indicators.emplace_back(elements.size(), 0);
    }
    indicators[c][i] = 1;
  }
  OffsetSum sum;
  for (std::size_t c = 0; c < distinct.size(); ++c) {
    const SlotId indicator = planner.constant_slot(linear.in, indicators[c]);
    for (const Weights& w : weights) {
      sum.counts.push_back(planner.constant_values(emit_conv(planner, linear, w.q, indicator)));
      sum.value.push_back(*distinct[c]);
      sum.scale.push_back(&w.scale);
    }
  }
  return evaluate(sum, linear);
}

Value apply_linear(Planner& planner, const Linear& linear, const Value& x,
                   const std::vector<Weights>& weights) {
  Value out{linear.out, {}, linear_offset(planner, linear, x.offset, weights)};
  for (const Value::Term& term :
       planner.uniform_terms(x, linear.shape.in_channels / linear.shape.groups))
    for (const Weights& w : weights)
      out.terms.push_back({multiply(group_scale(term, linear), per_output(w.scale, linear)),
                           emit_conv(planner, linear, w.q, term.slot)});
  return out;
}

/// A weight tensor as integer weights with one scale per entry of `axis`. `order` brings its
/// elements into [O][...] order: element i of the result is element order[i] of the tensor.
std::vector<Weights> weights_of(Planner& planner, const Value& value, std::size_t axis,
                                const std::vector<std::int64_t>& order) {
  if (!planner.is_constant(value))
    planner.fail("the weights must be constants; a product of two activations is not supported");
  const auto reordered = [&](const std::vector<std::int64_t>& q) {
    std::vector<std::int64_t> out;
    for (const std::int64_t i : order) out.push_back(q[static_cast<std::size_t>(i)]);
    return out;
  };
  std::vector<Weights> out;
  const auto add_masked = [&](const RealArray& scale, const std::vector<std::int64_t>& q) {
    const auto lead = value.shape.size() - scale.shape.size();
    bool along = true;
    for (std::size_t i = 0; i < scale.shape.size(); ++i)
      along = along && (scale.shape[i] == 1 || lead + i == axis);
    if (along) {
      out.push_back({scale.is_scalar() ? scale : along_axis(scale.values, 0, 1), reordered(q)});
      return;
    }
    const auto elements = expand(scale, value.shape);
    std::vector<const Real*> classes;
    std::vector<std::vector<std::int64_t>> parts;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      std::size_t c = 0;
      while (c < classes.size() && !identical(*classes[c], *elements[i])) ++c;
      if (c == classes.size()) {
        if (c == 4096) planner.fail("the weights have too many different scales");
        classes.push_back(elements[i]);
        parts.emplace_back(elements.size(), 0);
      }
      parts[c][i] = q[i];
    }
    for (std::size_t c = 0; c < classes.size(); ++c)
      if (!classes[c]->is_zero()) out.push_back({RealArray(*classes[c]), reordered(parts[c])});
  };
  for (const Value::Term& term : value.terms)
    add_masked(term.scale, planner.constant_values(term.slot));
  if (!is_zero(value.offset) || value.terms.empty())
    add_masked(value.offset,
               std::vector<std::int64_t>(static_cast<std::size_t>(element_count(value.shape)), 1));
  return out;
}

std::vector<std::int64_t> identity_order(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// The window fields as two spatial axes; a 1-D window gets a first axis of size 1.
ConvShape conv_shape(const ops::Window& w, const Shape& in, std::int64_t out_channels,
                     std::int64_t groups) {
  const bool flat = w.rank() == 1;
  const std::size_t x = flat ? 0 : 1, r = w.rank();
  ConvShape s;
  s.in_channels = in[1];
  s.in_height = flat ? 1 : in[2];
  s.in_width = in.back();
  s.out_channels = out_channels;
  s.groups = groups;
  s.kernel_width = w.kernel_shape[x];
  s.stride_w = w.strides[x];
  s.dilation_w = w.dilations[x];
  s.pad_left = w.pads[x];
  s.pad_right = w.pads[x + r];
  if (flat) return s;
  s.kernel_height = w.kernel_shape[0];
  s.stride_h = w.strides[0];
  s.dilation_h = w.dilations[0];
  s.pad_top = w.pads[0];
  s.pad_bottom = w.pads[r];
  return s;
}

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

/// x [.., M, K] times weights given as [N][K]. Only rank-2 tensors lie row-major, so others pass
/// through a rank-2 view.
Value multiply_rows(Planner& planner, const Value& x, const std::vector<Weights>& weights,
                    std::int64_t n) {
  const std::int64_t k = x.shape.back(), m = element_count(x.shape) / std::max<std::int64_t>(k, 1);
  const Value rows = planner.gather({x}, identity_order(m * k), {m, k}, Real());
  return apply_linear(planner, {matmul_shape(m, k, n), 1, {m, k}, {m, n}, 1}, rows, weights);
}

Value as_shape(Planner& planner, const Value& value, const Shape& shape) {
  return planner.gather({value}, identity_order(element_count(shape)), shape, Real());
}

/// The order that turns [K][N] into [N][K].
std::vector<std::int64_t> transposed_order(std::int64_t k, std::int64_t n) {
  std::vector<std::int64_t> order;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < k; ++i) order.push_back(i * n + j);
  return order;
}

void plan_matmul(Planner& planner) {
  const Value a = planner.input(0), b = planner.input(1);
  if (b.shape.size() != 2) planner.fail("the second factor must be a constant matrix");
  const auto weights = weights_of(planner, b, 1, transposed_order(b.shape[0], b.shape[1]));
  planner.set_output(
      as_shape(planner, multiply_rows(planner, a, weights, b.shape[1]), planner.output_shape()));
}

void plan_gemm(Planner& planner, const ops::Gemm& gemm) {
  Value a = planner.input(0);
  const Value b = planner.input(1);
  if (gemm.trans_a)
    a = planner.gather({a}, transposed_order(a.shape[0], a.shape[1]), {a.shape[1], a.shape[0]},
                       Real());
  const std::int64_t n = planner.output_shape()[1], k = a.shape[1];
  const auto order = gemm.trans_b ? identity_order(n * k) : transposed_order(k, n);
  Value out = multiply_rows(planner, a, weights_of(planner, b, gemm.trans_b ? 0 : 1, order), n);
  const RealArray alpha(Real::of(gemm.alpha)), beta(Real::of(gemm.beta));
  for (Value::Term& term : out.terms) term.scale = multiply(term.scale, alpha);
  out.offset = multiply(out.offset, alpha);
  if (planner.has_input(2)) out.offset = add(out.offset, multiply(planner.parameter(2), beta));
  planner.set_output(std::move(out));
}

/// 2 * x - 1.
Value bipolar_of(Value value) {
  const RealArray two(Real(2));
  for (Value::Term& term : value.terms) term.scale = multiply(term.scale, two);
  value.offset = add(multiply(value.offset, two), RealArray(Real(-1)));
  return value;
}

void plan_xnor(Planner& planner) {
  const Value a = bipolar_of(planner.input(0)), b = bipolar_of(planner.input(1));
  if (b.shape.size() != 2) planner.fail("the second factor must be a constant matrix");
  const auto weights = weights_of(planner, b, 1, transposed_order(b.shape[0], b.shape[1]));
  Value out =
      as_shape(planner, multiply_rows(planner, a, weights, b.shape[1]), planner.output_shape());
  const RealArray half(Real(mpq_class(1, 2)));
  for (Value::Term& term : out.terms) term.scale = multiply(term.scale, half);
  out.offset = multiply(add(out.offset, RealArray(Real(b.shape[0]))), half);
  planner.set_output(std::move(out));
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

/// The order that permutes a 4-D tensor's axes, as a source map.
std::vector<std::int64_t> permuted(const Shape& in, const std::array<std::size_t, 4>& perm) {
  std::array<std::int64_t, 4> steps{in[1] * in[2] * in[3], in[2] * in[3], in[3], 1};
  std::vector<std::int64_t> source;
  for (std::int64_t a = 0; a < in[perm[0]]; ++a)
    for (std::int64_t b = 0; b < in[perm[1]]; ++b)
      for (std::int64_t c = 0; c < in[perm[2]]; ++c)
        for (std::int64_t d = 0; d < in[perm[3]]; ++d)
          source.push_back(a * steps[perm[0]] + b * steps[perm[1]] + c * steps[perm[2]] +
                           d * steps[perm[3]]);
  return source;
}

void plan_quant_average(Planner& planner, const ops::QuantAvgPool2d& pool) {
  Value x = planner.input(0);
  Shape out_shape = planner.output_shape();
  const bool last = pool.data_layout == Layout::kNHWC;
  if (last) {
    x = planner.gather({x}, permuted(x.shape, {0, 3, 1, 2}),
                       {x.shape[0], x.shape[3], x.shape[1], x.shape[2]}, Real());
    out_shape = {out_shape[0], out_shape[3], out_shape[1], out_shape[2]};
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
  Value out{out_shape, {{RealArray(Real(1)), id}}, {}};
  if (last)
    out = planner.gather({out}, permuted(out_shape, {0, 2, 3, 1}), planner.output_shape(), Real());
  planner.set_output(std::move(out));
}

}  // namespace

bool plan_linear(Planner& planner, const Node& node) {
  if (const auto* conv = node.as<ops::Conv>()) {
    plan_conv(planner, *conv);
  } else if (const auto* transpose = node.as<ops::ConvTranspose>()) {
    plan_conv_transpose(planner, *transpose);
  } else if (node.as<ops::MatMul>()) {
    plan_matmul(planner);
  } else if (const auto* gemm = node.as<ops::Gemm>()) {
    plan_gemm(planner, *gemm);
  } else if (node.as<ops::XnorPopcountMatMul>()) {
    plan_xnor(planner);
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
