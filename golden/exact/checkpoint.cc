// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/checkpoint.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::exact {
namespace {

Walk walk_of(const Value& value, const std::vector<std::int64_t>& perm) {
  const auto strides = memory_strides(value.shape, value.last);
  if (perm.empty()) return {value.shape, strides};
  Shape shape;
  std::vector<std::int64_t> steps;
  for (const std::int64_t axis : perm) {
    shape.push_back(value.shape.at(static_cast<std::size_t>(axis)));
    steps.push_back(strides.at(static_cast<std::size_t>(axis)));
  }
  return {shape, steps};
}

/// Integers q with real = scale * q + offset; empty when some element is off that grid.
std::vector<std::int64_t> on_map(const ExactValue& value, const RealArray& scale,
                                 const RealArray& offset) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const Real& s = broadcast_element(scale, value.shape, i);
    const Real q = (value.real(i) - broadcast_element(offset, value.shape, i)) * s.inverse();
    if (!q.is_rational() || q.rational().get_den() != 1 || !q.rational().get_num().fits_slong_p())
      return {};
    out.push_back(q.rational().get_num().get_si());
  }
  return out;
}

}  // namespace

Walk::Walk(const Shape& shape, const std::vector<std::int64_t>& strides) {
  for (std::size_t i = 0; i < shape.size(); ++i) {
    size_ *= shape[i];
    if (shape[i] == 1) continue;
    if (!shape_.empty() && strides_.back() == strides[i] * shape[i]) {
      shape_.back() *= shape[i];
      strides_.back() = strides[i];
    } else {
      shape_.push_back(shape[i]);
      strides_.push_back(strides[i]);
    }
  }
  if (shape_.empty()) {
    shape_.push_back(1);
    strides_.push_back(1);
  }
}

template <typename Body>
void Walk::each_run(Body&& body) const {
  if (size_ == 0) return;
  const std::size_t inner = shape_.size() - 1;
  std::vector<std::int64_t> at(inner, 0);
  for (std::int64_t place = 0;;) {
    body(place, strides_[inner], shape_[inner]);
    std::size_t axis = inner;
    for (; axis > 0; --axis) {
      place += strides_[axis - 1];
      if (++at[axis - 1] < shape_[axis - 1]) break;
      place -= strides_[axis - 1] * shape_[axis - 1];
      at[axis - 1] = 0;
    }
    if (axis == 0) return;
  }
}

std::vector<std::int64_t> Walk::read(Storage storage, const void* data) const {
  std::vector<std::int64_t> out(static_cast<std::size_t>(size_));
  with_type(storage, data, [&](const auto* q) {
    auto to = out.begin();
    each_run([&](std::int64_t place, std::int64_t step, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i, place += step) *to++ = q[place];
    });
  });
  return out;
}

void Walk::write(Storage storage, void* data, const std::vector<std::int64_t>& values) const {
  with_type(storage, data, [&](auto* q) {
    auto from = values.begin();
    each_run([&](std::int64_t place, std::int64_t step, std::int64_t count) {
      for (std::int64_t i = 0; i < count; ++i, place += step)
        q[place] = static_cast<std::remove_pointer_t<decltype(q)>>(*from++);
    });
  });
}

std::vector<std::int64_t> read_row_major(const Planner& planner, const Value& value, SlotId slot,
                                         const Buffers& buffers) {
  return walk_of(value, {}).read(planner.slot(slot).storage, buffers.read(slot));
}

void write_row_major(const Planner& planner, const Value& value, SlotId slot,
                     const std::vector<std::int64_t>& integers, Buffers& buffers) {
  walk_of(value, {}).write(planner.slot(slot).storage, buffers.data(slot), integers);
}

CheckpointView::CheckpointView(const Planner& planner, const Checkpoint& checkpoint)
    : checkpoint_(&checkpoint),
      shape_(checkpoint.shape()),
      walk_(walk_of(planner.values.at(checkpoint.tensor), checkpoint.perm)) {
  const Value& value = planner.values.at(checkpoint.tensor);
  const auto carried = [&](const RealArray& array) {
    return multiply(checkpoint.perm.empty() ? array : permute(array, checkpoint.perm),
                    checkpoint.unit);
  };
  for (const Value::Term& term : value.terms) {
    slots_.push_back(term.slot);
    scales_.push_back(carried(term.scale));
  }
  offset_ = add(carried(value.offset), checkpoint.shift);
  const bool label = checkpoint.kind == Checkpoint::Kind::kLabel;
  map_scale_ = label || !checkpoint.has_map ? RealArray(Real(1)) : checkpoint.scale;
  map_offset_ = label || !checkpoint.has_map ? RealArray() : checkpoint.offset;
  if ((label || checkpoint.has_map) && slots_.size() == 1)
    find_lines(planner, map_scale_, map_offset_);
}

void CheckpointView::find_lines(const Planner& planner, const RealArray& scale,
                                const RealArray& offset) {
  if (scales_[0] == scale && offset_ == offset) {
    integer_ = true;
    return;
  }
  if (!std::ranges::all_of(scale.values, [](const Real& s) { return s.has_inverse(); })) return;
  const auto over_scale = [&](const RealArray& a) {
    return combine(a, scale, [](const Real& x, const Real& s) { return x * s.inverse(); });
  };
  const RealArray factor = over_scale(scales_[0]), shift = over_scale(subtract(offset_, offset));
  const Shape shape = broadcast_shape(factor.shape, shift.shape);
  const auto factors = expand(factor, shape), shifts = expand(shift, shape);
  const IntRange range = planner.range(slots_[0]);
  const std::int64_t most = std::max(std::abs(range.min), std::abs(range.max));
  std::vector<Line> lines;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const auto line = line_of(*factors[i], *shifts[i], most);
    if (!line) return;
    lines.push_back(*line);
  }
  integer_ = true;
  if (lines.size() == 1 && lines[0] == Line()) return;
  lines_ = std::move(lines);
  if (lines_.size() > 1) place_lines(shape);
}

std::optional<CheckpointView::Line> CheckpointView::line_of(const Real& factor, const Real& shift,
                                                            std::int64_t most) {
  if (!factor.is_rational() || factor.is_zero() || !shift.is_rational()) return {};
  const mpq_class f = factor.rational(), s = shift.rational();
  const mpz_class d = lcm(f.get_den(), s.get_den()), m = f.get_num() * (d / f.get_den()),
                  c = s.get_num() * (d / s.get_den());
  // Neither m * t + c nor, when forced, d * q - c may leave 64 bits.
  const mpz_class largest = abs(m) * mpz_class(static_cast<long>(most)) + 2 * abs(c) + d;
  if (mpz_sizeinbase(largest.get_mpz_t(), 2) > 61) return {};
  return Line{m.get_si(), c.get_si(), d.get_si()};
}

/// Behind the last axis along which the lines change, a whole block of elements shares one.
void CheckpointView::place_lines(const Shape& lines) {
  std::size_t behind = shape_.size();
  for (std::size_t i = lines.size(); i-- > 0 && lines[i] == 1;) {
    --behind;
    block_ *= static_cast<std::size_t>(shape_[behind]);
  }
  const Shape blocks(shape_.begin(), shape_.begin() + static_cast<std::ptrdiff_t>(behind));
  const Shape kept(lines.begin(),
                   lines.end() - static_cast<std::ptrdiff_t>(shape_.size() - behind));
  const auto strides = broadcast_strides(kept, blocks);
  for (std::int64_t e = 0; e < element_count(blocks); ++e) {
    std::int64_t rest = e, at = 0;
    for (std::size_t axis = blocks.size(); axis-- > 0; rest /= blocks[axis])
      at += rest % blocks[axis] * strides[axis];
    which_.push_back(static_cast<std::int32_t>(at));
  }
}

const CheckpointView::Line& CheckpointView::line(std::size_t element) const {
  return which_.empty() ? lines_[0] : lines_[static_cast<std::size_t>(which_[element / block_])];
}

CheckpointValue CheckpointView::value(const Planner& planner, const Buffers& buffers) const {
  CheckpointValue out;
  out.checkpoint = checkpoint_;
  if (integer_) {
    out.q = walk_.read(planner.slot(slots_[0]).storage, buffers.read(slots_[0]));
    const std::size_t block = which_.empty() ? out.q.size() : block_;
    bool on_grid = true;
    for (std::size_t e = 0; e < out.q.size() && !lines_.empty(); e += block) {
      const Line l = line(e);
      for (std::size_t i = e; i < e + block; ++i) {
        const std::int64_t product = l.m * out.q[i] + l.c;
        on_grid = on_grid && (l.d == 1 || product % l.d == 0);
        out.q[i] = l.d == 1 ? product : product / l.d;
      }
    }
    if (on_grid) return out;
    out.q.clear();
  }
  out.value = {shape_, {}, offset_};
  for (std::size_t k = 0; k < slots_.size(); ++k)
    out.value.terms.push_back(
        {scales_[k], walk_.read(planner.slot(slots_[k]).storage, buffers.read(slots_[k]))});
  if ((checkpoint_->has_map || checkpoint_->kind == Checkpoint::Kind::kLabel) && !integer_)
    out.q = on_map(out.value, map_scale_, map_offset_);
  return out;
}

void CheckpointView::force(const Planner& planner, const std::vector<std::int64_t>& q,
                           Buffers& buffers) const {
  const std::string name = printable(checkpoint_->name);
  if (!integer_ || planner.slot(slots_[0]).constant)
    user_error("checkpoint '{}' cannot be forced: its tensor has another scale", name);
  if (static_cast<std::int64_t>(q.size()) != walk_.size())
    user_error("checkpoint '{}' has {} elements, {} were given", name, walk_.size(), q.size());
  const IntRange range = planner.range(slots_[0]);
  std::vector<std::int64_t> carrier(q.size());
  for (std::size_t e = 0; e < q.size(); ++e) {
    const Line l = lines_.empty() ? Line{} : line(e);
    const std::int64_t a = (l.m * range.min + l.c) / l.d, b = (l.m * range.max + l.c) / l.d;
    std::int64_t product = 0;
    const bool wide = __builtin_mul_overflow(q[e], l.d, &product) ||
                      __builtin_sub_overflow(product, l.c, &product);
    carrier[e] = wide ? 0 : product / l.m;
    if (wide || product % l.m != 0 || carrier[e] < range.min || carrier[e] > range.max)
      user_error("element {} for checkpoint '{}' is {}, its quantiser gives {} to {}", e, name,
                 q[e], std::min(a, b), std::max(a, b));
  }
  walk_.write(planner.slot(slots_[0]).storage, buffers.data(slots_[0]), carrier);
}

}  // namespace assay::exact
