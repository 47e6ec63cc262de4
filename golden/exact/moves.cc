// SPDX-License-Identifier: Apache-2.0
// Values in another order, shape or selection.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/exact/index_map.h"
#include "golden/exact/integers.h"
#include "golden/exact/real_array.h"

namespace assay::exact {
namespace {

/// Copies runs of elements; what no part covers is `fill`, which there is if anything is not covered.
class GatherStep final : public Step {
 public:
  struct Run {
    std::int32_t from, to, count;
  };
  struct Part {
    SlotId slot;
    Storage storage;
    std::vector<Run> runs;

    void add(std::int64_t from, std::int64_t to) {
      if (!runs.empty() && runs.back().from + runs.back().count == from &&
          runs.back().to + runs.back().count == to)
        ++runs.back().count;
      else
        runs.push_back({static_cast<std::int32_t>(from), static_cast<std::int32_t>(to), 1});
    }
  };
  GatherStep(std::vector<Part> parts, SlotId out, Storage storage, std::int64_t size,
             std::optional<std::int64_t> fill)
      : parts_(std::move(parts)), out_(out), storage_(storage), size_(size), fill_(fill) {}

  void run(Buffers& buffers) const override {
    with_type(storage_, buffers.data(out_), [&](auto* out) {
      if (fill_) std::fill_n(out, size_, static_cast<std::remove_pointer_t<decltype(out)>>(*fill_));
      for (const Part& part : parts_)
        with_type(part.storage, buffers.read(part.slot), [&](const auto* in) {
          in_pieces(std::ssize(part.runs), kRuns, buffers.parallel && size_ >= kWorthSplitting,
                    [&](std::int64_t begin, std::int64_t count) {
                      copy(part.runs.data() + begin, count, in, out);
                    });
        });
    });
  }
  std::string kernel() const override { return "move"; }

 private:
  static constexpr std::int64_t kRuns = 256, kWorthSplitting = 1 << 17;
  static constexpr std::int32_t kLongRun = 16;
  template <typename In, typename Out>
  static void copy(const Run* run, std::int64_t count, const In* in, Out* out) {
    for (const Run* end = run + count; run < end; ++run) {
      if constexpr (std::is_same_v<In, Out>)
        if (run->count >= kLongRun) {
          std::memcpy(out + run->to, in + run->from,
                      static_cast<std::size_t>(run->count) * sizeof(Out));
          continue;
        }
      for (std::int32_t i = 0; i < run->count; ++i)
        out[run->to + i] = static_cast<Out>(in[run->from + i]);
    }
  }

  std::vector<Part> parts_;
  SlotId out_;
  Storage storage_;
  std::int64_t size_;
  std::optional<std::int64_t> fill_;
};

/// The element of a part that an output element is; part -1: none.
struct Origin {
  std::int32_t part = -1, element = 0;
};

std::vector<Origin> origins(const std::vector<Value>& parts,
                            const std::vector<std::int64_t>& source) {
  std::vector<std::int64_t> ends;
  for (const Value& part : parts)
    ends.push_back((ends.empty() ? 0 : ends.back()) + element_count(part.shape));
  std::vector<Origin> out;
  out.reserve(source.size());
  for (const std::int64_t s : source) {
    if (s < 0) {
      out.push_back({});
      continue;
    }
    const auto part = std::ranges::upper_bound(ends, s) - ends.begin();
    const std::int64_t start = part == 0 ? 0 : ends[static_cast<std::size_t>(part) - 1];
    out.push_back({static_cast<std::int32_t>(part), static_cast<std::int32_t>(s - start)});
  }
  return out;
}

/// Elements of `parts` that make up a tensor.
class Selection {
 public:
  Selection(const std::vector<Value>& parts, const std::vector<std::int64_t>& source,
            const Shape& shape, bool last)
      : parts_(parts), from_(origins(parts, source)), shape_(shape), last_(last) {
    padded_ = std::ranges::any_of(from_, [](const Origin& o) { return o.part < 0; });
  }
  bool padded() const { return padded_; }

  /// The selected version of per-part arrays; null entries are free, `padding` fills what has no
  /// origin (null: free).
  RealArray array(const std::vector<const RealArray*>& arrays, const Real* padding) const {
    const bool all_one = std::ranges::all_of(arrays, [&](const RealArray* a) {
      return !a || (a->is_scalar() && arrays[0] && identical(a->values[0], arrays[0]->values[0]));
    });
    if (all_one && arrays[0] && (!padding || identical(*padding, arrays[0]->values[0])))
      return *arrays[0];
    std::vector<std::vector<const Real*>> expanded;
    for (std::size_t p = 0; p < parts_.size(); ++p)
      expanded.push_back(arrays[p] ? expand(*arrays[p], parts_[p].shape)
                                   : std::vector<const Real*>{});
    std::vector<const Real*> elements;
    elements.reserve(from_.size());
    for (const Origin& origin : from_) {
      if (origin.part < 0)
        elements.push_back(padding);
      else
        elements.push_back(expanded[static_cast<std::size_t>(origin.part)].empty()
                               ? nullptr
                               : expanded[static_cast<std::size_t>(origin.part)]
                                         [static_cast<std::size_t>(origin.element)]);
    }
    return compress(elements, shape_);
  }

  /// Whether every element of the only part stays where it lies.
  bool in_place() const {
    if (parts_.size() != 1 || padded_ || element_count(parts_[0].shape) != element_count(shape_))
      return false;
    for (std::size_t i = 0; i < from_.size(); ++i)
      if (place_in_part(from_[i]) != place(i)) return false;
    return true;
  }

  /// A fresh slot with the integers of the parts' terms k, and `fill` elsewhere.
  SlotId emit_term(Planner& planner, std::size_t k, std::int64_t fill) const {
    const bool holes = padded_ || !std::ranges::all_of(
                                      parts_, [&](const Value& part) { return has_term(part, k); });
    std::vector<SlotId> reads;
    std::optional<IntRange> range;
    if (holes) range = IntRange{fill, fill};
    for (const Value& part : parts_) {
      if (!has_term(part, k)) continue;
      reads.push_back(part.terms[k].slot);
      range = range ? hull(*range, planner.range(reads.back())) : planner.range(reads.back());
    }
    const SlotId id = planner.add_slot(shape_, range.value());
    const Slot& slot = planner.slot(id);
    planner.emit(std::make_unique<GatherStep>(moves(planner, k), id, slot.storage, slot.size,
                                              holes ? std::optional(fill) : std::nullopt),
                 reads, {id});
    return id;
  }

 private:
  static bool has_term(const Value& part, std::size_t k) { return k < part.terms.size(); }
  const Value& part_of(const Origin& origin) const {
    return parts_[static_cast<std::size_t>(origin.part)];
  }
  std::int64_t place_in_part(const Origin& origin) const {
    const Value& part = part_of(origin);
    return physical_index(part.shape, origin.element, part.last);
  }
  std::int64_t place(std::size_t element) const {
    return physical_index(shape_, static_cast<std::int64_t>(element), last_);
  }

  std::vector<GatherStep::Part> moves(const Planner& planner, std::size_t k) const {
    std::vector<GatherStep::Part> out(parts_.size());
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      if (!has_term(parts_[p], k)) continue;
      out[p].slot = parts_[p].terms[k].slot;
      out[p].storage = planner.slot(out[p].slot).storage;
    }
    for (std::size_t i = 0; i < from_.size(); ++i)
      if (from_[i].part >= 0 && has_term(part_of(from_[i]), k))
        out[static_cast<std::size_t>(from_[i].part)].add(place_in_part(from_[i]), place(i));
    std::erase_if(out, [](const GatherStep::Part& part) { return part.runs.empty(); });
    return out;
  }

  const std::vector<Value>& parts_;
  std::vector<Origin> from_;  ///< per element of the tensor
  const Shape& shape_;
  bool last_, padded_;
};

/// The integer that stands for `padding` in the only term of the only part, which has one scale for
/// all elements and one offset. Integers that are compared or forced then stay integers.
std::optional<std::int64_t> padding_level(const std::vector<Value>& parts, const Real& padding) {
  constexpr std::int64_t kMost = 1 << 30;
  if (parts.size() != 1 || parts[0].terms.size() != 1) return {};
  const RealArray &scale = parts[0].terms[0].scale, &offset = parts[0].offset;
  if (!scale.is_scalar() || !offset.is_scalar() || !scale.values[0].has_inverse()) return {};
  const Real level = (padding - offset.values[0]) * scale.values[0].inverse();
  if (level < Real(-kMost) || Real(kMost) < level || !(Real(mpq_class(level.floor())) == level))
    return {};
  return level.floor().get_si();
}

}  // namespace

bool wants_last(Layout layout, bool otherwise) {
  if (layout == Layout::kUnknown || layout == Layout::kNC) return otherwise;
  return layout_name(layout).ends_with('C');
}

Value Planner::ordered(const Value& value, bool last) {
  if (value.last == last) return value;
  Value out = value;
  if (value.shape.size() >= 3 && !value.terms.empty()) {
    std::vector<std::int64_t> source(static_cast<std::size_t>(element_count(value.shape)));
    std::iota(source.begin(), source.end(), std::int64_t{0});
    for (Value::Term& term : out.terms) {
      Value single{value.shape, {{RealArray(Real(1)), term.slot}}, {}};
      single.last = value.last;
      term.slot = gather({single}, source, value.shape, Real(), last).terms[0].slot;
    }
  }
  out.last = last;
  return out;
}

Value Planner::gather(const std::vector<Value>& parts, const std::vector<std::int64_t>& source,
                      const Shape& shape, const Real& padding, bool last) {
  const Selection selection(parts, source, shape, last);
  const auto array = [&](auto array_of, const Real* fill) {
    std::vector<const RealArray*> arrays;
    for (const Value& part : parts) arrays.push_back(array_of(part));
    return selection.array(arrays, fill);
  };
  Value out;
  out.shape = shape;
  out.last = last;
  const std::optional<std::int64_t> level =
      selection.padded() ? padding_level(parts, padding) : std::nullopt;
  out.offset = array([](const Value& part) { return &part.offset; },
                     selection.padded() && !level ? &padding : nullptr);
  std::size_t count = 0;
  for (const Value& part : parts) count = std::max(count, part.terms.size());
  const bool in_place = selection.in_place();
  for (std::size_t k = 0; k < count; ++k) {
    RealArray scale = array(
        [&](const Value& part) { return k < part.terms.size() ? &part.terms[k].scale : nullptr; },
        nullptr);
    out.terms.push_back({std::move(scale), in_place
                                               ? parts[0].terms[k].slot
                                               : selection.emit_term(*this, k, level.value_or(0))});
  }
  return out;
}

Value Planner::broadcast(const Value& value, const Shape& shape, bool last) {
  if (value.shape == shape || value.terms.empty()) {
    Value same = ordered(value, last);
    same.shape = shape;
    return same;
  }
  return gather({value}, broadcast_places(value.shape, shape), shape, Real(), last);
}

Value Planner::channels_moved(const Value& value, bool last) {
  ASSAY_INVARIANT(value.last != last, "the channels are there already");
  const std::size_t rank = value.shape.size();
  std::vector<std::int64_t> perm(rank);
  std::iota(perm.begin(), perm.end(), std::int64_t{0});
  if (rank >= 3 && last) std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
  if (rank >= 3 && !last) std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  Value out = value;
  out.last = last;
  for (std::size_t i = 0; i < rank; ++i)
    out.shape[i] = value.shape[static_cast<std::size_t>(perm[i])];
  out.offset = permute(value.offset, perm);
  for (Value::Term& term : out.terms) term.scale = permute(term.scale, perm);
  return out;
}

Value Planner::reshaped(const Value& value, const Shape& shape) {
  ASSAY_INVARIANT(value.last || value.shape.size() < 3, "only a row-major value can be reshaped");
  const auto moved_array = [&](const RealArray& array) {
    const bool along_last = !array.shape.empty() &&
                            array.shape.back() == std::ssize(array.values) &&
                            shape.back() == array.shape.back();
    if (array.is_scalar()) return array;
    if (along_last) return along_axis(array.values, shape.size() - 1, shape.size());
    return compress(expand(array, value.shape), shape);
  };
  Value out = value;
  out.shape = shape;
  out.last = shape.size() >= 3;
  out.offset = moved_array(value.offset);
  for (Value::Term& term : out.terms) term.scale = moved_array(term.scale);
  return out;
}

bool Planner::plan_move(const Node& node) {
  if (const auto* transpose = node.as<ops::Transpose>()) {
    const Value x = any_input(0);
    Value moved = channels_moved(x, !x.last);
    std::vector<std::int64_t> perm(x.shape.size());
    std::iota(perm.begin(), perm.end(), std::int64_t{0});
    const auto second = perm.begin() + 1;
    if (perm.size() >= 3) std::rotate(second, x.last ? perm.end() - 1 : second + 1, perm.end());
    if (perm.size() >= 3 && perm == transpose->perm) {
      set_output(std::move(moved));
      return true;
    }
  }
  const auto map = index_map(node);
  if (!map) return false;
  std::vector<Value> parts;
  for (const std::size_t i : map->inputs) parts.push_back(any_input(i));
  const bool last = wants_last(node.outputs[0]->layout, parts[0].last);
  set_output(gather(parts, map->source, map->shape, map->padding, last && map->shape.size() >= 3));
  return true;
}

}  // namespace assay::exact
