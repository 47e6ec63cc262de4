// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/constant.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/hash.h"

namespace assay {
namespace {

/// Of one tensor. Constants come from a file that has them all; this bounds what is made of them.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 27;

template <typename T>
std::shared_ptr<const std::vector<T>> share(std::vector<T> values) {
  return std::make_shared<const std::vector<T>>(std::move(values));
}

}  // namespace

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) user_error("shape {} has a negative size", shape_text(shape));
    if (__builtin_mul_overflow(count, size, &count) || count > kMaxElements)
      user_error("shape {} has too many elements; {} are supported, export a smaller network",
                 shape_text(shape), kMaxElements);
  }
  return count;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); }

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < out.size(); ++i) {  // i counts from the innermost axis
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1)
      user_error("shapes {} and {} do not broadcast", shape_text(a), shape_text(b));
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to) {
  ASSAY_INVARIANT(from.size() <= to.size(), "a shape broadcasts only to one of at least its rank");
  std::vector<std::int64_t> strides(to.size(), 0);
  std::int64_t step = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t f = from.size() - 1 - i, t = to.size() - 1 - i;
    ASSAY_INVARIANT(from[f] == to[t] || from[f] == 1, "shape does not broadcast");
    strides[t] = from[f] == 1 ? 0 : step;
    step *= from[f];
  }
  return strides;
}

Constant::Constant(Shape shape, std::vector<float> values)
    : shape_(std::move(shape)), size_(element_count(shape_)) {
  ASSAY_INVARIANT(size_ == static_cast<std::int64_t>(values.size()),
                  "constant size and shape disagree");
  data_ = share(std::move(values));
}

Constant::Constant(Shape shape, std::vector<std::int64_t> values)
    : shape_(std::move(shape)), size_(element_count(shape_)) {
  ASSAY_INVARIANT(size_ == static_cast<std::int64_t>(values.size()),
                  "constant size and shape disagree");
  data_ = share(std::move(values));
}

Constant::Constant(Shape shape, std::vector<Real> values)
    : shape_(std::move(shape)), size_(element_count(shape_)) {
  ASSAY_INVARIANT(size_ == static_cast<std::int64_t>(values.size()),
                  "constant size and shape disagree");
  std::vector<float> floats;
  for (const Real& value : values) {
    const float rounded = value.is_rational() ? value.to_float() : NAN;
    if (!std::isfinite(rounded) || !(Real::of(rounded) == value)) break;
    floats.push_back(rounded);
  }
  if (floats.size() == values.size())
    data_ = share(std::move(floats));
  else
    data_ = share(std::move(values));
}

Real Constant::real(std::int64_t index) const {
  const auto i = static_cast<std::size_t>(index);
  if (is_float()) return Real::of(floats()[i]);
  if (is_int()) return Real(ints()[i]);
  return reals()[i];
}

float Constant::to_float(std::int64_t index) const {
  const auto i = static_cast<std::size_t>(index);
  if (is_float()) return floats()[i];
  if (is_int()) return static_cast<float>(ints()[i]);
  return reals()[i].to_float();
}

namespace {

/// Values are looked at in blocks of a fixed length, which compilers vectorise: constants may be
/// millions of weights.
constexpr std::size_t kFiniteBlock = 1024;

int count_infinite(const float* values, std::size_t count) {
  int infinite = 0;
  for (std::size_t i = 0; i < count; ++i)
    infinite += static_cast<int>(!(std::abs(values[i]) <= std::numeric_limits<float>::max()));
  return infinite;
}

}  // namespace

bool Constant::all_finite() const {
  if (!is_float()) return true;
  const auto values = floats();
  std::size_t at = 0;
  for (; at + kFiniteBlock <= values.size(); at += kFiniteBlock)
    if (count_infinite(values.data() + at, kFiniteBlock) != 0) return false;
  return count_infinite(values.data() + at, values.size() - at) == 0;
}

Constant Constant::reshaped(Shape shape) const {
  Constant copy = *this;
  ASSAY_INVARIANT(element_count(shape) == size_, "a reshape keeps the number of elements");
  copy.shape_ = std::move(shape);
  return copy;
}

std::string Constant::digest() const {
  std::string bytes = fmt::format("{}{}:", data_.index(), shape_text(shape_));
  const auto append = [&](const void* data, std::size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  };
  if (is_float()) append(floats().data(), floats().size_bytes());
  if (is_int()) append(ints().data(), ints().size_bytes());
  if (is_real())
    for (const Real& value : reals()) bytes += value.str() + ';';
  return sha256(bytes);
}

bool operator==(const Constant& a, const Constant& b) {
  if (a.shape_ != b.shape_ || a.data_.index() != b.data_.index()) return false;
  if (a.is_float()) {  // bitwise: -0.0 and +0.0 are different constants, NaN equals itself
    return a.size_ == 0 ||
           std::equal(a.floats().begin(), a.floats().end(), b.floats().begin(),
                      [](float x, float y) {
                        return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
                      });
  }
  if (a.is_int()) return std::ranges::equal(a.ints(), b.ints());
  return std::ranges::equal(a.reals(), b.reals());
}

}  // namespace assay
