// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "compile/graph/real.h"

namespace assay {

/// Sizes of a tensor's axes, outermost first. All sizes are >= 0 and their product fits in 63 bits.
using Shape = std::vector<std::int64_t>;

/// The number of elements. UserError when a size is negative or the product overflows or exceeds
/// 2^27.
std::int64_t element_count(const Shape& shape);
std::string shape_text(const Shape& shape);  ///< "[1,3,32,32]"
/// The common shape of two shapes under ONNX's (numpy's) multidirectional broadcasting; UserError
/// when there is none.
Shape broadcast_shape(const Shape& a, const Shape& b);
/// Row-major element steps; a step of 0 along axes of size 1 that `to` stretches. `from` must
/// broadcast to `to`.
std::vector<std::int64_t> broadcast_strides(const Shape& from, const Shape& to);

/// An immutable constant tensor: float32, integers, or exact reals. Copies share the data.
class Constant {
 public:
  Constant() : Constant(Shape{0}, std::vector<std::int64_t>{}) {}
  Constant(Shape shape, std::vector<float> values);
  Constant(Shape shape, std::vector<std::int64_t> values);
  /// Reals; stored as float32 when every value is one (so that equal constants look alike).
  Constant(Shape shape, std::vector<Real> values);

  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return size_; }
  bool is_float() const { return std::holds_alternative<Store<float>>(data_); }
  bool is_int() const { return std::holds_alternative<Store<std::int64_t>>(data_); }
  bool is_real() const { return std::holds_alternative<Store<Real>>(data_); }
  /// The stored values. Precondition: the matching is_*().
  std::span<const float> floats() const { return *std::get<Store<float>>(data_); }
  std::span<const std::int64_t> ints() const { return *std::get<Store<std::int64_t>>(data_); }
  std::span<const Real> reals() const { return *std::get<Store<Real>>(data_); }

  /// Element `index` in row-major order, exactly. Precondition: finite.
  Real real(std::int64_t index) const;
  /// Element `index` rounded once to float32.
  float to_float(std::int64_t index) const;
  bool all_finite() const;

  Constant reshaped(Shape shape) const;  ///< the same data; the element counts must agree
  /// SHA-256 over kind, shape and values.
  std::string digest() const;
  friend bool operator==(const Constant& a, const Constant& b);

 private:
  template <typename T>
  using Store = std::shared_ptr<const std::vector<T>>;
  Shape shape_;
  std::int64_t size_ = 0;
  std::variant<Store<float>, Store<std::int64_t>, Store<Real>> data_;
};

}  // namespace assay
