// SPDX-License-Identifier: Apache-2.0
#include "golden/exact/real_array.h"

#include <algorithm>
#include <utility>

#include "compile/base/error.h"

namespace assay {
namespace {

/// Walks the flat indices of broadcast operands in row-major order of `shape`.
class Walker {
 public:
  Walker(const Shape& shape, const Shape& from)
      : shape_(shape), strides_(broadcast_strides(from, shape)), at_(shape.size(), 0) {}
  std::size_t index() const { return static_cast<std::size_t>(index_); }
  void next() {
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      index_ += strides_[axis];
      if (++at_[axis] < shape_[axis]) return;
      index_ -= strides_[axis] * shape_[axis];
      at_[axis] = 0;
    }
  }

 private:
  const Shape& shape_;
  std::vector<std::int64_t> strides_, at_;
  std::int64_t index_ = 0;
};

/// Whether nothing changes along `axis`; elements that are null agree with anything.
bool constant_along(const std::vector<const Real*>& elements, const Shape& shape,
                    std::size_t axis) {
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t size = shape[axis], count = static_cast<std::int64_t>(elements.size());
  for (std::int64_t base = 0; base < count; base += inner * size)
    for (std::int64_t i = 0; i < inner; ++i) {
      const Real* first = nullptr;
      for (std::int64_t k = 0; k < size; ++k) {
        const Real* value = elements[static_cast<std::size_t>(base + k * inner + i)];
        if (!value) continue;
        if (first && first != value && !identical(*first, *value)) return false;
        if (!first) first = value;
      }
    }
  return true;
}

/// Keeps one slice along `axis`: per position the first element that is not null.
void collapse(std::vector<const Real*>& elements, Shape& shape, std::size_t axis) {
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t size = shape[axis], count = static_cast<std::int64_t>(elements.size());
  std::vector<const Real*> kept;
  for (std::int64_t base = 0; base < count; base += inner * size)
    for (std::int64_t i = 0; i < inner; ++i) {
      const Real* first = nullptr;
      for (std::int64_t k = 0; k < size && !first; ++k)
        first = elements[static_cast<std::size_t>(base + k * inner + i)];
      kept.push_back(first);
    }
  elements = std::move(kept);
  shape[axis] = 1;
}

RealArray compressed(RealArray array) {
  if (array.is_scalar()) return RealArray(std::move(array.values[0]));
  std::vector<const Real*> elements;
  for (const Real& value : array.values) elements.push_back(&value);
  return compress(elements, array.shape);
}

}  // namespace

bool varies_only_along(const RealArray& array, const Shape& shape, std::size_t axis) {
  if (array.is_scalar()) return true;
  const std::size_t lead = shape.size() - array.shape.size();
  for (std::size_t i = 0; i < array.shape.size(); ++i)
    if (array.shape[i] != 1 && lead + i != axis) return false;
  return true;
}

bool identical(const Real& a, const Real& b) {
  return std::ranges::equal(a.terms(), b.terms(), [](const Real::Term& x, const Real::Term& y) {
    return x.radicand == y.radicand && x.coefficient == y.coefficient;
  });
}

std::optional<Classes> classes_of(const std::vector<const Real*>& elements) {
  Classes out;
  out.of.reserve(elements.size());
  for (const Real* element : elements) {
    std::size_t c = 0;
    while (c < out.values.size() && out.values[c] != element &&
           !identical(*out.values[c], *element))
      ++c;
    if (c == Classes::kMost) return {};
    if (c == out.values.size()) out.values.push_back(element);
    out.of.push_back(c);
  }
  return out;
}

RealArray transform(const RealArray& a, const std::function<Real(const Real&)>& f) {
  RealArray out;
  out.shape = a.shape;
  out.values.clear();
  for (const Real& value : a.values) out.values.push_back(f(value));
  return compressed(std::move(out));
}

RealArray combine(const RealArray& a, const RealArray& b,
                  const std::function<Real(const Real&, const Real&)>& f) {
  RealArray out;
  out.shape = broadcast_shape(a.shape, b.shape);
  out.values.clear();
  const std::int64_t count = element_count(out.shape);
  Walker wa(out.shape, a.shape), wb(out.shape, b.shape);
  for (std::int64_t i = 0; i < count; ++i, wa.next(), wb.next())
    out.values.push_back(f(a.values[wa.index()], b.values[wb.index()]));
  return compressed(std::move(out));
}

RealArray add(const RealArray& a, const RealArray& b) {
  if (b.is_scalar() && b.values[0].is_zero()) return a;
  if (a.is_scalar() && a.values[0].is_zero()) return b;
  return combine(a, b, [](const Real& x, const Real& y) { return x + y; });
}
RealArray subtract(const RealArray& a, const RealArray& b) {
  return combine(a, b, [](const Real& x, const Real& y) { return x - y; });
}
RealArray multiply(const RealArray& a, const RealArray& b) {
  return combine(a, b, [](const Real& x, const Real& y) { return x * y; });
}

RealArray permute(const RealArray& array, const std::vector<std::int64_t>& perm) {
  if (array.is_scalar()) return array;
  Shape whole(perm.size() - array.shape.size(), 1);
  whole.insert(whole.end(), array.shape.begin(), array.shape.end());
  std::vector<std::int64_t> steps(whole.size(), 1);
  for (std::size_t axis = whole.size(); axis-- > 1;) steps[axis - 1] = steps[axis] * whole[axis];
  RealArray out;
  out.values.clear();
  for (const std::int64_t axis : perm) out.shape.push_back(whole[static_cast<std::size_t>(axis)]);
  for (std::int64_t e = 0; e < std::ssize(array.values); ++e) {
    std::int64_t rest = e, at = 0;
    for (std::size_t axis = perm.size(); axis-- > 0; rest /= out.shape[axis])
      at += rest % out.shape[axis] * steps[static_cast<std::size_t>(perm[axis])];
    out.values.push_back(array.values[static_cast<std::size_t>(at)]);
  }
  return out;
}

std::vector<std::int64_t> broadcast_places(const Shape& from, const Shape& to) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(element_count(to)));
  Walker walker(to, from);
  for (std::int64_t& place : places) {
    place = static_cast<std::int64_t>(walker.index());
    walker.next();
  }
  return places;
}

std::vector<const Real*> expand(const RealArray& array, const Shape& shape) {
  const std::int64_t count = element_count(shape);
  std::vector<const Real*> elements;
  elements.reserve(static_cast<std::size_t>(count));
  Walker walker(shape, array.shape);
  for (std::int64_t i = 0; i < count; ++i, walker.next())
    elements.push_back(&array.values[walker.index()]);
  return elements;
}

RealArray compress(const std::vector<const Real*>& elements, const Shape& shape) {
  std::vector<const Real*> kept = elements;
  Shape small = shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (small[axis] > 1 && constant_along(kept, small, axis)) collapse(kept, small, axis);
  RealArray out;
  out.values.clear();
  for (const Real* value : kept) out.values.push_back(value ? *value : Real());
  if (out.values.size() == 1) return RealArray(std::move(out.values[0]));
  out.shape = std::move(small);
  return out;
}

RealArray real_array(const Constant& constant) {
  if (!constant.all_finite()) user_error("a parameter holds NaN or infinity");
  std::vector<Real> values;
  values.reserve(static_cast<std::size_t>(constant.size()));
  for (std::int64_t i = 0; i < constant.size(); ++i) values.push_back(constant.real(i));
  ASSAY_INVARIANT(!values.empty(), "a parameter has no values");
  return compressed({constant.shape(), std::move(values)});
}

RealArray along_axis(std::vector<Real> values, std::size_t axis, std::size_t rank) {
  if (values.size() == 1) return RealArray(std::move(values[0]));
  Shape shape(rank, 1);
  shape[axis] = static_cast<std::int64_t>(values.size());
  return compressed({std::move(shape), std::move(values)});
}

bool is_zero(const RealArray& array) {
  return std::ranges::all_of(array.values, [](const Real& value) { return value.is_zero(); });
}

const Real& broadcast_element(const RealArray& array, const Shape& shape, std::int64_t index) {
  if (array.is_scalar()) return array.values[0];
  const auto strides = broadcast_strides(array.shape, shape);
  std::int64_t at = 0;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    at += index % shape[axis] * strides[axis];
    index /= shape[axis];
  }
  return array.values[static_cast<std::size_t>(at)];
}

}  // namespace assay
