// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "compile/base/error.h"

namespace assay {

enum class NpyType { kFloat32, kFloat64, kUint8, kUint16, kInt8, kInt16, kInt32, kInt64 };

/// Bytes of one element.
std::size_t npy_element_size(NpyType type);
/// As numpy names it: "float32", "uint8", ...
std::string_view npy_type_name(NpyType type);

/// A dense array in C order, elements little-endian.
struct NpyArray {
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  NpyType type = NpyType::kFloat32;
  std::vector<std::byte> bytes;

  /// The number of elements.
  std::int64_t size() const;
};

/// The product of the extents; UserError naming `name` when one is negative, there are more than 32
/// of them, or the product times `element_size` passes 2^40.
std::int64_t checked_size(std::span<const std::int64_t> shape, std::size_t element_size,
                          const std::string& name);

/// Reads format 1.0 or 2.0. Big-endian elements and Fortran's order are turned round, bool is read as
/// uint8. UserError naming the file when the header is not exactly the dictionary that numpy writes,
/// the type is none of NpyType, a bool is neither 0 nor 1, or the file is not exactly as long as
/// header and shape say.
NpyArray read_npy(const std::filesystem::path& path);
NpyArray decode_npy(std::string_view bytes, const std::string& name);

/// Writes format 1.0, byte for byte as numpy does. ToolError when the file cannot be written.
void write_npy(const std::filesystem::path& path, const NpyArray& array);
std::string encode_npy(const NpyArray& array);

/// The elements in another type, each value unchanged: UserError naming `name`, the element and its
/// value when one has no exact counterpart (NaN has one only in the other float type).
std::vector<float> as_float32(const NpyArray& array, const std::string& name);
std::vector<double> as_float64(const NpyArray& array, const std::string& name);
std::vector<std::int64_t> as_int64(const NpyArray& array, const std::string& name);
std::vector<std::uint8_t> as_uint8(const NpyArray& array, const std::string& name);
std::vector<std::uint16_t> as_uint16(const NpyArray& array, const std::string& name);

template <typename T>
constexpr NpyType npy_type_of() {
  if constexpr (std::is_same_v<T, float>) return NpyType::kFloat32;
  if constexpr (std::is_same_v<T, double>) return NpyType::kFloat64;
  if constexpr (std::is_same_v<T, std::uint8_t>) return NpyType::kUint8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return NpyType::kUint16;
  if constexpr (std::is_same_v<T, std::int8_t>) return NpyType::kInt8;
  if constexpr (std::is_same_v<T, std::int16_t>) return NpyType::kInt16;
  if constexpr (std::is_same_v<T, std::int32_t>) return NpyType::kInt32;
  if constexpr (std::is_same_v<T, std::int64_t>) return NpyType::kInt64;
}

/// A copy of `values` as an array; aborts when their number is not the product of `shape`.
template <typename T>
NpyArray make_npy(std::vector<std::int64_t> shape, std::span<const T> values) {
  NpyArray array{std::move(shape), npy_type_of<T>(), {}};
  ASSAY_INVARIANT(array.size() == static_cast<std::int64_t>(values.size()),
                  "the shape does not fit the values");
  const std::span<const std::byte> raw = std::as_bytes(values);
  array.bytes.assign(raw.begin(), raw.end());
  return array;
}

/// A copy of the elements; aborts when the array is of another type than T.
template <typename T>
std::vector<T> npy_values(const NpyArray& array) {
  ASSAY_INVARIANT(array.type == npy_type_of<T>(), "the array has another type");
  std::vector<T> values(array.bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), array.bytes.data(), values.size() * sizeof(T));
  return values;
}

}  // namespace assay
