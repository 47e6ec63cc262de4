// SPDX-License-Identifier: Apache-2.0
// The common part of convolutions, products and averages: sums of terms map to sums of terms.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "compile/graph/ops.h"
#include "golden/exact/linear.h"

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
  const Value as_out{linear.out, {}, {}};
  for (std::size_t c = 0; c < distinct.size(); ++c) {
    const SlotId indicator = planner.constant_slot(linear.in, indicators[c]);
    for (const Weights& w : weights) {
      sum.counts.push_back(
          planner.constant_values(as_out, emit_conv(planner, linear, w.q, indicator)));
      sum.value.push_back(*distinct[c]);
      sum.scale.push_back(&w.scale);
    }
  }
  return evaluate(sum, linear);
}

/// Weights of more than 24 bits as several of 16 bits each, so that sums of products keep room in
/// 63 bits.
std::vector<Weights> narrowed(std::vector<Weights> weights) {
  constexpr int kDigits = 16;
  std::vector<Weights> out;
  for (Weights& w : weights) {
    const bool wide =
        std::ranges::any_of(w.q, [](std::int64_t q) { return std::abs(q) >> 24 != 0; });
    while (wide && std::ranges::any_of(w.q, [](std::int64_t q) { return q != 0; })) {
      Weights digits{w.scale, {}};
      for (std::int64_t& q : w.q) {
        digits.q.push_back(q % (std::int64_t{1} << kDigits));
        q /= std::int64_t{1} << kDigits;
      }
      out.push_back(std::move(digits));
      w.scale = multiply(w.scale, RealArray(Real(std::int64_t{1} << kDigits)));
    }
    if (!wide) out.push_back(std::move(w));
  }
  return out;
}

std::vector<std::int64_t> reordered(const std::vector<std::int64_t>& q,
                                    const std::vector<std::int64_t>& order) {
  std::vector<std::int64_t> out;
  out.reserve(order.size());
  for (const std::int64_t i : order) out.push_back(q[static_cast<std::size_t>(i)]);
  return out;
}

/// Adds weights of `shape` whose scale broadcasts to it: as they are when it changes along `axis`
/// only, else taken apart by their scales.
void add_weights(const Planner& planner, Weights weights, const Shape& shape, std::size_t axis,
                 std::vector<Weights>& out) {
  const RealArray& scale = weights.scale;
  if (varies_only_along(scale, shape, axis)) {
    out.push_back(
        {scale.is_scalar() ? scale : along_axis(scale.values, 0, 1), std::move(weights.q)});
    return;
  }
  const auto classes = classes_of(expand(scale, shape));
  if (!classes) planner.fail("the weights have too many different scales");
  for (std::size_t c = 0; c < classes->values.size(); ++c) {
    if (classes->values[c]->is_zero()) continue;
    std::vector<std::int64_t> part(weights.q.size(), 0);
    for (std::size_t i = 0; i < part.size(); ++i)
      if (classes->of[i] == c) part[i] = weights.q[i];
    out.push_back({RealArray(*classes->values[c]), std::move(part)});
  }
}

/// Weights of many different float32 values as integers with power-of-two scales; nothing for other
/// weights.
std::optional<std::vector<Weights>> float_weights(const Value& value,
                                                  const std::vector<std::int64_t>& order) {
  constexpr std::size_t kFewValues = 32;  // so few make smaller integers one by one
  if (!value.terms.empty()) return {};
  const auto elements = expand(value.offset, value.shape);
  std::vector<float> floats;
  std::set<float> distinct;
  for (const std::int64_t i : order) {
    const Real& exact = *elements[static_cast<std::size_t>(i)];
    floats.push_back(exact.to_float());
    distinct.insert(floats.back());
    if (!(Real::of(floats.back()) == exact)) return {};
  }
  if (distinct.size() <= kFewValues) return {};
  const FloatImages split = exact_images(floats, {static_cast<std::int64_t>(floats.size())});
  std::vector<Weights> out;
  for (std::size_t k = 0; k < split.input.terms.size(); ++k)
    out.push_back({split.input.terms[k].scale, split.images[0][k]});
  return out;
}

}  // namespace

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

std::vector<Weights> weights_of(Planner& planner, const Value& value, std::size_t axis,
                                const std::vector<std::int64_t>& order) {
  if (!planner.is_constant(value))
    planner.fail("the weights must be constants; a product of two activations is not supported");
  if (auto floats = float_weights(value, order)) return narrowed(std::move(*floats));
  std::vector<Weights> out;
  for (const Value::Term& term : value.terms)
    add_weights(planner, {term.scale, planner.constant_values(value, term.slot)}, value.shape, axis,
                out);
  if (!is_zero(value.offset) || value.terms.empty()) {
    std::vector<std::int64_t> ones(static_cast<std::size_t>(element_count(value.shape)), 1);
    add_weights(planner, {value.offset, std::move(ones)}, value.shape, axis, out);
  }
  for (Weights& weights : out) weights.q = reordered(weights.q, order);
  return narrowed(std::move(out));
}

std::vector<std::int64_t> identity_order(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

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

}  // namespace assay::exact
