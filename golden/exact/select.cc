// SPDX-License-Identifier: Apache-2.0
// Operators that compare: max pools, clips, top-k.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {
namespace {

/// For every output element the input elements it chooses from, in memory order; all lists have one
/// length, -1 pads.
struct Windows {
  std::vector<std::int32_t> elements;
  std::size_t width = 0;
};

/// Max or min over windows of one slot.
template <bool kMax>
class ExtremeStep final : public Step {
 public:
  ExtremeStep(std::shared_ptr<const Windows> windows, SlotId in, SlotId out, Storage storage)
      : windows_(std::move(windows)), in_(in), out_(out), storage_(storage) {}
  void run(Buffers& buffers) const override {
    with_type(storage_, buffers.data(out_), [&](auto* out) {
      const auto* in = static_cast<const std::remove_pointer_t<decltype(out)>*>(buffers.read(in_));
      const std::size_t width = windows_->width, count = windows_->elements.size() / width;
      for (std::size_t o = 0; o < count; ++o) {
        const std::int32_t* window = &windows_->elements[o * width];
        auto best = in[window[0]];  // the first entry is never padding
        for (std::size_t k = 1; k < width; ++k) {
          if (window[k] < 0) break;
          best = kMax ? std::max(best, in[window[k]]) : std::min(best, in[window[k]]);
        }
        out[o] = best;
      }
    });
  }
  std::string kernel() const override { return kMax ? "max" : "min"; }

 private:
  std::shared_ptr<const Windows> windows_;
  SlotId in_, out_;
  Storage storage_;
};

/// Picks the element with the largest exact sum of each window: writes every term's integer of it.
class ArgmaxStep final : public Step {
 public:
  ArgmaxStep(std::shared_ptr<const Windows> windows, Sum sum, std::vector<SlotId> in,
             std::vector<SlotId> out, std::vector<Storage> storage)
      : windows_(std::move(windows)),
        sum_(std::move(sum)),
        in_(std::move(in)),
        out_(std::move(out)),
        storage_(std::move(storage)) {}
  void run(Buffers& buffers) const override {
    const std::size_t width = windows_->width, count = windows_->elements.size() / width;
    for (std::size_t o = 0; o < count; ++o) {
      const std::int32_t* window = &windows_->elements[o * width];
      std::int32_t best = window[0];
      Real most = sum_.exact(buffers, best);
      for (std::size_t k = 1; k < width && window[k] >= 0; ++k) {
        Real next = sum_.exact(buffers, window[k]);
        if (most < next) {
          most = std::move(next);
          best = window[k];
        }
      }
      for (std::size_t t = 0; t < in_.size(); ++t)
        store(storage_[t], buffers.data(out_[t]), static_cast<std::int64_t>(o),
              load(storage_[t], buffers.read(in_[t]), best));
    }
  }
  std::string kernel() const override { return "argmax"; }

 private:
  std::shared_ptr<const Windows> windows_;
  Sum sum_;
  std::vector<SlotId> in_, out_;
  std::vector<Storage> storage_;
};

std::shared_ptr<const Windows> pool_windows(const Shape& in, const Shape& out,
                                            const ops::Window& w) {
  auto windows = std::make_shared<Windows>();
  const std::size_t r = w.rank(), first = 2;
  windows->width = static_cast<std::size_t>(element_count(w.kernel_shape));
  const std::int64_t count = element_count(out);
  windows->elements.assign(static_cast<std::size_t>(count) * windows->width, -1);
  const std::int64_t kh = r == 2 ? w.kernel_shape[0] : 1, kw = w.kernel_shape[r - 1];
  for (std::int64_t e = 0; e < count; ++e) {
    Shape at(out.size());
    for (std::size_t axis = out.size(), rest = static_cast<std::size_t>(e); axis-- > 0;) {
      at[axis] = static_cast<std::int64_t>(rest % static_cast<std::size_t>(out[axis]));
      rest /= static_cast<std::size_t>(out[axis]);
    }
    std::size_t used = static_cast<std::size_t>(physical_index(out, e)) * windows->width;
    for (std::int64_t i = 0; i < kh; ++i)
      for (std::int64_t j = 0; j < kw; ++j) {
        const std::int64_t x =
            at[first + r - 1] * w.strides[r - 1] - w.pads[r - 1] + j * w.dilations[r - 1];
        const std::int64_t y =
            r == 2 ? at[first] * w.strides[0] - w.pads[0] + i * w.dilations[0] : 0;
        if (x < 0 || x >= in[first + r - 1] || y < 0 || (r == 2 && y >= in[first])) continue;
        Shape from = at;
        from[first + r - 1] = x;
        if (r == 2) from[first] = y;
        std::int64_t flat = 0;
        for (std::size_t axis = 0; axis < in.size(); ++axis) flat = flat * in[axis] + from[axis];
        windows->elements[used++] = static_cast<std::int32_t>(physical_index(in, flat));
      }
  }
  return windows;
}

/// Whether scales and offset change along the channel axis, 1, only.
bool channelwise(const Value& x) {
  return varies_only_along(x.offset, x.shape, 1) &&
         std::ranges::all_of(
             x.terms, [&](const Value::Term& t) { return varies_only_along(t.scale, x.shape, 1); });
}

/// The same value with scales and an offset that do not depend on the position: an element can then
/// be moved.
Value position_free(Planner& planner, const Value& x) {
  Value out{x.shape, planner.uniform_terms(x, 0), {}, x.relu};
  const std::vector<std::int64_t> ones(static_cast<std::size_t>(element_count(x.shape)), 1);
  const Value offset{x.shape, {{x.offset, planner.constant_slot(x.shape, ones)}}, {}};
  for (Value::Term& term : planner.uniform_terms(offset, 0))
    if (!is_zero(term.scale)) out.terms.push_back(std::move(term));
  return out;
}

/// 1 or -1 when there is one term whose scales have that sign, channel by channel, else 0.
int common_sign(const Value& x) {
  if (x.terms.size() != 1 || !channelwise(x)) return 0;
  const auto& scales = x.terms[0].scale.values;
  if (std::ranges::all_of(scales, [](const Real& s) { return s.sign() > 0; })) return 1;
  return std::ranges::all_of(scales, [](const Real& s) { return s.sign() < 0; }) ? -1 : 0;
}

/// A fresh slot for elements chosen from another one.
SlotId choice_slot(Planner& planner, const Shape& shape, SlotId from) {
  const SlotId id = planner.add_slot(shape, planner.range(from));
  planner.slots[static_cast<std::size_t>(id)].storage = planner.slot(from).storage;
  return id;
}

/// The pool of one term, its largest integers or its smallest ones.
Value::Term emit_extreme(Planner& planner, const Shape& shape,
                         std::shared_ptr<const Windows> windows, const Value::Term& term,
                         bool largest) {
  const SlotId id = choice_slot(planner, shape, term.slot);
  const Storage storage = planner.slot(id).storage;
  std::unique_ptr<Step> step;
  if (largest)
    step = std::make_unique<ExtremeStep<true>>(std::move(windows), term.slot, id, storage);
  else
    step = std::make_unique<ExtremeStep<false>>(std::move(windows), term.slot, id, storage);
  planner.emit(std::move(step), {term.slot}, {id});
  return {term.scale, id};
}

/// The terms of the elements at which the sum `x` is largest.
std::vector<Value::Term> emit_argmax(Planner& planner, const Shape& shape,
                                     std::shared_ptr<const Windows> windows, const Value& x) {
  std::vector<Value::Term> out;
  std::vector<SlotId> ins, outs;
  std::vector<Storage> storages;
  for (const Value::Term& term : x.terms) {
    const SlotId id = choice_slot(planner, shape, term.slot);
    ins.push_back(term.slot);
    outs.push_back(id);
    storages.push_back(planner.slot(id).storage);
    out.push_back({term.scale, id});
  }
  planner.emit(
      std::make_unique<ArgmaxStep>(std::move(windows), Sum(planner, x.shape, x.terms, x.offset),
                                   ins, outs, storages),
      ins, outs);
  return out;
}

}  // namespace

// max(relu(x)) = relu(max(x)), so a pending relu stays pending.
Value max_pool(Planner& planner, Value x, const Shape& shape, ops::Window window) {
  if (window.dilations.empty()) window.dilations.assign(window.rank(), 1);
  const auto windows = pool_windows(x.shape, shape, window);
  if (const int sign = common_sign(x); sign != 0)
    return {shape, {emit_extreme(planner, shape, windows, x.terms[0], sign > 0)}, x.offset, x.relu};
  if (x.terms.empty()) {
    const std::vector<std::int64_t> zeros(static_cast<std::size_t>(element_count(x.shape)), 0);
    x.terms.push_back({RealArray(), planner.constant_slot(x.shape, zeros)});
  }
  if (!channelwise(x)) x = position_free(planner, x);
  return {shape, emit_argmax(planner, shape, windows, x), x.offset, x.relu};
}

namespace {

void plan_max_pool(Planner& planner, const ops::Window& window, bool channels_last) {
  const Value x = planner.ordered(planner.raw_any_input(0), channels_last);
  Shape shape = planner.output_shape();
  if (!channels_last) {
    planner.set_output(max_pool(planner, x, shape, window));
    return;
  }
  std::rotate(shape.begin() + 1, shape.end() - 1, shape.end());
  const Value pooled = max_pool(planner, planner.channels_moved(x, false), shape, window);
  planner.set_output(planner.channels_moved(pooled, true));
}

/// Per element of a sum: 0 below the lower bound, 1 inside, 2 above the upper bound (a bound that
/// is absent never holds).
class RegionStep final : public Step {
 public:
  RegionStep(std::optional<Sum> below, std::optional<Sum> above, SlotId out)
      : below_(std::move(below)), above_(std::move(above)), out_(out) {}
  void run(Buffers& buffers) const override {
    auto* out = static_cast<std::uint8_t*>(buffers.data(out_));
    const std::int64_t size = below_ ? below_->size() : above_->size();
    for (std::int64_t e = 0; e < size; ++e) {
      out[e] = 1;
      if (below_ && below_->exact_sign(buffers, e) < 0) out[e] = 0;
      if (above_ && above_->exact_sign(buffers, e) > 0) out[e] = 2;
    }
  }
  std::string kernel() const override { return "region"; }

 private:
  std::optional<Sum> below_, above_;  ///< value - bound
  SlotId out_;
};

/// Keeps a term's integer where the region is `keep`, 0 elsewhere; without a term, writes 1 there.
class MaskStep final : public Step {
 public:
  MaskStep(SlotId region, std::uint8_t keep, SlotId in, Storage storage, SlotId out,
           Storage out_storage, std::int64_t size)
      : region_(region),
        in_(in),
        out_(out),
        keep_(keep),
        storage_(storage),
        out_storage_(out_storage),
        size_(size) {}
  void run(Buffers& buffers) const override {
    const auto* region = static_cast<const std::uint8_t*>(buffers.read(region_));
    for (std::int64_t e = 0; e < size_; ++e) {
      const std::int64_t q = in_ < 0 ? 1 : load(storage_, buffers.read(in_), e);
      store(out_storage_, buffers.data(out_), e, region[e] == keep_ ? q : 0);
    }
  }
  std::string kernel() const override { return "mask"; }

 private:
  SlotId region_, in_, out_;
  std::uint8_t keep_;
  Storage storage_, out_storage_;
  std::int64_t size_;
};

SlotId masked(Planner& planner, const Shape& shape, SlotId region, std::uint8_t keep, SlotId in) {
  IntRange range = in < 0 ? IntRange{0, 1} : planner.range(in);
  range = {std::min<std::int64_t>(range.min, 0), std::max<std::int64_t>(range.max, 0)};
  const SlotId out = planner.add_slot(shape, range);
  std::vector<SlotId> reads{region};
  if (in >= 0) reads.push_back(in);
  planner.emit(
      std::make_unique<MaskStep>(region, keep, in, in < 0 ? Storage::kU8 : planner.slot(in).storage,
                                 out, planner.slot(out).storage, planner.slot(out).size),
      reads, {out});
  return out;
}

/// min(max(x, lo), hi) of one integer term whose bounds are integers of its own: nothing when that
/// is not so.
std::optional<Value> clip_integers(Planner& planner, const Value& x, const std::optional<Real>& lo,
                                   const std::optional<Real>& hi) {
  if (x.terms.size() != 1 || !x.terms[0].scale.is_scalar() || !x.offset.is_scalar()) return {};
  const Real& scale = x.terms[0].scale.values[0];
  if (scale.sign() <= 0 || !scale.has_inverse()) return {};
  const IntRange range = planner.range(x.terms[0].slot);
  Decision decision{.lo = range.min, .hi = range.max};
  const auto integer = [&](const Real& bound, std::int64_t& out) {
    const Real q = (bound - x.offset.values[0]) * scale.inverse();
    if (!q.is_rational() || q.rational().get_den() != 1 || !q.rational().get_num().fits_slong_p())
      return false;
    out = q.rational().get_num().get_si();
    return true;
  };
  if ((lo && !integer(*lo, decision.lo)) || (hi && !integer(*hi, decision.hi))) return {};
  if (decision.lo <= range.min && decision.hi >= range.max) return x;
  if (decision.lo > decision.hi) return {};
  const std::vector<Value::Term> self{{RealArray(Real(1)), x.terms[0].slot}};
  Value out = x;
  out.terms[0].slot = emit_decision(planner, x.shape, self, {}, decision, x.last);
  return out;
}

Value clip(Planner& planner, const Value& x, const std::optional<Real>& lo,
           const std::optional<Real>& hi) {
  if (!lo && !hi) return x;
  if (auto simple = clip_integers(planner, x, lo, hi)) return *simple;
  if (lo && hi && *hi < *lo) planner.fail("the lower bound is above the upper one");
  std::optional<Sum> below, above;
  std::vector<SlotId> reads;
  for (const Value::Term& term : x.terms) reads.push_back(term.slot);
  if (lo) below.emplace(planner, x.shape, x.terms, add(x.offset, RealArray(-*lo)), x.last);
  if (hi) above.emplace(planner, x.shape, x.terms, add(x.offset, RealArray(-*hi)), x.last);
  const SlotId region = planner.add_slot(x.shape, {0, 2});
  planner.emit(std::make_unique<RegionStep>(std::move(below), std::move(above), region), reads,
               {region});
  Value out{x.shape, {}, {}};
  out.last = x.last;
  for (const Value::Term& term : x.terms)
    out.terms.push_back({term.scale, masked(planner, x.shape, region, 1, term.slot)});
  const auto constant_part = [&](const RealArray& scale, std::uint8_t keep) {
    if (!is_zero(scale)) out.terms.push_back({scale, masked(planner, x.shape, region, keep, -1)});
  };
  constant_part(x.offset, 1);
  if (lo) constant_part(RealArray(*lo), 0);
  if (hi) constant_part(RealArray(*hi), 2);
  return out;
}

/// Indices of the k first elements along an axis, in order of exact value; ties by index.
class RankStep final : public Step {
 public:
  RankStep(Sum sum, std::vector<std::vector<std::int64_t>> rows, std::vector<std::int64_t> places,
           std::int64_t k, bool largest, SlotId out, Storage storage)
      : sum_(std::move(sum)),
        rows_(std::move(rows)),
        places_(std::move(places)),
        k_(k),
        largest_(largest),
        out_(out),
        storage_(storage) {}
  void run(Buffers& buffers) const override {
    std::size_t place = 0;
    for (const auto& row : rows_) {
      std::vector<Real> value;
      for (const std::int64_t e : row) value.push_back(sum_.exact(buffers, e));
      std::vector<std::int64_t> order(row.size());
      std::iota(order.begin(), order.end(), 0);
      std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
        const Real &x = value[static_cast<std::size_t>(a)], &y = value[static_cast<std::size_t>(b)];
        return largest_ ? y < x : x < y;
      });
      for (std::int64_t i = 0; i < k_; ++i)
        store(storage_, buffers.data(out_), places_[place++], order[static_cast<std::size_t>(i)]);
    }
  }
  std::string kernel() const override { return "top-k"; }

 private:
  Sum sum_;
  std::vector<std::vector<std::int64_t>> rows_;  ///< elements in memory order
  std::vector<std::int64_t> places_;             ///< where each index goes
  std::int64_t k_;
  bool largest_;
  SlotId out_;
  Storage storage_;
};

void plan_top_k(Planner& planner, const ops::TopK& op, const Node& node) {
  if (node.outputs[0] && planner.is_read(*node.outputs[0]))
    planner.fail(
        fmt::format("its values '{}' are used, and only its indices have an exact form; use these "
                    "alone, or end the network in front of it",
                    printable(node.outputs[0]->name)));
  const Value x = planner.input(0);
  const Shape out_shape = planner.output_shape(1);
  const std::size_t axis = ops::normalise_axis(op.axis, x.shape.size());
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < x.shape.size(); ++i) inner *= x.shape[i];
  const std::int64_t n = x.shape[axis], k = out_shape[axis],
                     outer = element_count(x.shape) / (n * inner);
  std::vector<std::vector<std::int64_t>> rows;
  std::vector<std::int64_t> places;
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < inner; ++i) {
      rows.emplace_back();
      for (std::int64_t j = 0; j < n; ++j)
        rows.back().push_back(physical_index(x.shape, (o * n + j) * inner + i));
      for (std::int64_t j = 0; j < k; ++j)
        places.push_back(physical_index(out_shape, (o * k + j) * inner + i));
    }
  const SlotId id = planner.add_slot(out_shape, {0, n - 1});
  std::vector<SlotId> reads;
  for (const Value::Term& term : x.terms) reads.push_back(term.slot);
  planner.emit(
      std::make_unique<RankStep>(Sum(planner, x.shape, x.terms, x.offset), std::move(rows),
                                 std::move(places), k, op.largest, id, planner.slot(id).storage),
      reads, {id});
  planner.set_output({out_shape, {{RealArray(Real(1)), id}}, {}}, 1);
}

}  // namespace

std::optional<Real> clip_bound(Planner& planner, std::size_t index) {
  if (!planner.has_input(index)) return {};
  const Constant& constant = planner.constant(index);
  if (constant.is_float() && std::isinf(constant.floats()[0])) return {};
  // The widest finite float32 bounds are how exporters say "none".
  if (constant.is_float() && std::abs(constant.floats()[0]) == std::numeric_limits<float>::max())
    return {};
  return planner.parameter(index).values[0];
}

int Sum::exact_sign(const Buffers& buffers, std::int64_t e) const {
  const std::size_t at = coefficient(e);
  double value = offset_[at];
  for (const Term& term : terms_)
    value += term.scale[at] * static_cast<double>(load(term.storage, buffers.read(term.slot), e));
  const double error = error_[at];
  if (value > error) return 1;
  if (value < -error) return -1;
  return error == 0 ? 0 : exact(buffers, e).sign();
}

Value Planner::apply_relu(const Value& value) {
  Value plain = value;
  plain.relu = false;
  if (plain.terms.size() == 1 && is_zero(plain.offset) &&
      slot(plain.terms[0].slot).range.min >= 0 &&
      std::ranges::all_of(plain.terms[0].scale.values, [](const Real& s) { return s.sign() >= 0; }))
    return plain;
  return clip(*this, plain, Real(0), {});
}

bool plan_selection(Planner& planner, const Node& node) {
  if (const auto* pool = node.as<ops::MaxPool>()) {
    plan_max_pool(planner, pool->window, false);
  } else if (const auto* nhwc = node.as<ops::MaxPoolNHWC>()) {
    plan_max_pool(planner, nhwc->window, true);
  } else if (node.as<ops::Clip>()) {
    planner.set_output(
        clip(planner, planner.any_input(0), clip_bound(planner, 1), clip_bound(planner, 2)));
  } else if (const auto* top = node.as<ops::TopK>()) {
    plan_top_k(planner, *top, node);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::exact
