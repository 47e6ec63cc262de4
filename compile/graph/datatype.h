// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

/// The set of values a tensor may hold, with QONNX's names: FLOAT32, BINARY (= UINT1), BIPOLAR {-1,
/// +1}, TERNARY {-1, 0, 1}, UINT<n>, INT<n> (1 <= n <= 64) and FIXED<w,i> (signed, w bits, i of
/// them integer, 1 <= i < w). Integer constants of shapes and axes are INT64.
struct DataType {
  enum class Kind : std::uint8_t { kFloat32, kUInt, kInt, kBipolar, kTernary, kFixed };

  Kind kind = Kind::kFloat32;
  int bits = 32;         ///< storage bits in hardware
  int integer_bits = 0;  ///< FIXED only

  static DataType float32() { return {}; }
  static DataType uint(int bits);
  static DataType sint(int bits);
  static DataType bipolar() { return {Kind::kBipolar, 1, 0}; }
  static DataType ternary() { return {Kind::kTernary, 2, 0}; }
  static DataType fixed(int bits, int integer_bits);

  /// The type of a canonical name; nothing when `name` is not one. Never evaluates anything.
  static std::optional<DataType> parse(std::string_view name);
  /// The smallest of BINARY, UINT2.., BIPOLAR (only for {-1,+1} by request), INT2.. that holds
  /// [min, max].
  static DataType smallest_for(std::int64_t min, std::int64_t max);

  std::string name() const;
  bool is_integer() const { return kind != Kind::kFloat32 && kind != Kind::kFixed; }
  bool is_signed() const { return kind != Kind::kUInt; }
  /// Bounds of an integer type (UINT64's upper bound saturates at 2^63-1). Precondition:
  /// is_integer().
  std::int64_t min() const;
  std::int64_t max() const;
  /// Whether the integer `value` belongs to the type. Precondition: is_integer().
  bool allows(std::int64_t value) const;

  friend bool operator==(const DataType&, const DataType&) = default;
};

/// Bits of the smallest two's complement type that holds [min, max].
int signed_bits(__int128 min, __int128 max);

/// Names of a tensor's axes, QONNX's `tensor_layout`.
enum class Layout : std::uint8_t { kUnknown, kNCHW, kNHWC, kNCW, kNWC, kNC };

std::string_view layout_name(Layout layout);                ///< "NCHW", ..., "" for kUnknown
std::optional<Layout> parse_layout(std::string_view name);  ///< the inverse

/// How a quantiser turns a real into an integer. QONNX's names; ROUND is HALF_EVEN.
enum class RoundingMode : std::uint8_t {
  kHalfEven,  ///< to nearest, ties to even
  kHalfUp,    ///< to nearest, ties away from zero
  kHalfDown,  ///< to nearest, ties toward zero
  kCeil,
  kFloor,
  kUp,    ///< away from zero
  kDown,  ///< toward zero
};

std::string_view rounding_mode_name(RoundingMode mode);  ///< "ROUND", "HALF_UP", ...
/// Case-insensitive; "ROUND", "HALF_EVEN" and "ROUND_TO_ZERO" (= DOWN) included.
std::optional<RoundingMode> parse_rounding_mode(std::string_view name);

}  // namespace assay
