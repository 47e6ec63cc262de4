// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/rewrite/constant_tools.h"

#include "compile/base/error.h"

namespace assay {
namespace {

template <typename T>
std::vector<T> pick(std::span<const T> from, const std::vector<std::int64_t>& sources,
                    const T& fill) {
  std::vector<T> out;
  out.reserve(sources.size());
  for (const std::int64_t source : sources)
    out.push_back(source < 0 ? fill : from[static_cast<std::size_t>(source)]);
  return out;
}

std::vector<Real> reals_of(const Constant& constant) {
  std::vector<Real> values;
  for (std::int64_t i = 0; i < constant.size(); ++i) values.push_back(constant.real(i));
  return values;
}

}  // namespace

std::vector<std::int64_t> strided_offsets(const Shape& shape,
                                          const std::vector<std::int64_t>& steps,
                                          std::int64_t base) {
  const std::int64_t count = element_count(shape);
  std::vector<std::int64_t> offsets;
  offsets.reserve(static_cast<std::size_t>(count));
  Shape index(shape.size(), 0);
  std::int64_t offset = base;
  for (std::int64_t i = 0; i < count; ++i) {
    offsets.push_back(offset);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      offset += steps[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= steps[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return offsets;
}

std::vector<std::int64_t> row_major_steps(const Shape& shape) {
  std::vector<std::int64_t> steps(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;) steps[axis - 1] = steps[axis] * shape[axis];
  return steps;
}

Constant take(const Constant& from, Shape shape, const std::vector<std::int64_t>& sources,
              const Constant* fill) {
  if (from.is_int()) {
    const std::int64_t value = fill && fill->is_int() ? fill->ints()[0] : 0;
    return {std::move(shape), pick(from.ints(), sources, value)};
  }
  if (from.is_float() && (!fill || fill->is_float()))
    return {std::move(shape), pick(from.floats(), sources, fill ? fill->floats()[0] : 0.0F)};
  const std::vector<Real> values = reals_of(from);
  return {std::move(shape),
          pick(std::span<const Real>(values), sources, fill ? fill->real(0) : Real())};
}

std::vector<std::int64_t> pad_sources(const Shape& in, const Shape& out,
                                      std::span<const std::int64_t> pads) {
  const std::vector<std::int64_t> steps = row_major_steps(in);
  std::vector<std::int64_t> sources;
  for (std::int64_t i = 0; i < element_count(out); ++i) {
    std::int64_t source = 0, rest = i;
    bool inside = true;
    for (std::size_t axis = out.size(); axis-- > 0;) {
      const std::int64_t at = rest % out[axis] - pads[axis];
      rest /= out[axis];
      inside = inside && at >= 0 && at < in[axis];
      source += at * steps[axis];
    }
    sources.push_back(inside ? source : -1);
  }
  return sources;
}

std::vector<std::int64_t> gather_sources(const Shape& in, std::size_t axis,
                                         std::span<const std::int64_t> indices) {
  const auto split = in.begin() + static_cast<std::ptrdiff_t>(axis);
  const std::int64_t outer = element_count(Shape(in.begin(), split)),
                     inner = element_count(Shape(split + 1, in.end()));
  std::vector<std::int64_t> sources;
  for (std::int64_t o = 0; o < outer; ++o)
    for (const std::int64_t index : indices)
      for (std::int64_t i = 0; i < inner; ++i)
        sources.push_back((o * in[axis] + (index < 0 ? index + in[axis] : index)) * inner + i);
  return sources;
}

std::vector<std::int64_t> transpose_sources(const Shape& in,
                                            const std::vector<std::int64_t>& perm) {
  ASSAY_INVARIANT(perm.size() == in.size(), "perm and rank disagree");
  const std::vector<std::int64_t> in_steps = row_major_steps(in);
  Shape shape;
  std::vector<std::int64_t> steps;
  for (const std::int64_t axis : perm) {
    shape.push_back(in[static_cast<std::size_t>(axis)]);
    steps.push_back(in_steps[static_cast<std::size_t>(axis)]);
  }
  return strided_offsets(shape, steps);
}

Constant transposed(const Constant& from, const std::vector<std::int64_t>& perm) {
  const std::vector<std::int64_t> sources = transpose_sources(from.shape(), perm);
  Shape shape;
  for (const std::int64_t axis : perm)
    shape.push_back(from.shape()[static_cast<std::size_t>(axis)]);
  return take(from, std::move(shape), sources);
}

Constant negated(const Constant& x) {
  ASSAY_INVARIANT(!x.is_int(), "integers have containers that may not hold the negative");
  if (!x.is_float()) return *map_reals(x, [](const Real& v) { return std::optional(-v); });
  std::vector<float> values(x.floats().begin(), x.floats().end());
  for (float& value : values) value = -value;
  return {x.shape(), std::move(values)};
}

std::optional<Constant> reciprocal(const Constant& x) {
  return map_reals(
      x, [](const Real& v) { return v.has_inverse() ? std::optional(v.inverse()) : std::nullopt; });
}

bool all_equal(const Constant& x, const Real& value) {
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (!(x.real(i) == value)) return false;
  return true;
}

}  // namespace assay
