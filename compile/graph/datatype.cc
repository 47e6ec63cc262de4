// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/datatype.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <limits>
#include <utility>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::array<std::pair<Layout, std::string_view>, 6> kLayouts = {{
    {Layout::kUnknown, ""},
    {Layout::kNCHW, "NCHW"},
    {Layout::kNHWC, "NHWC"},
    {Layout::kNCW, "NCW"},
    {Layout::kNWC, "NWC"},
    {Layout::kNC, "NC"},
}};

constexpr std::array<std::pair<RoundingMode, std::string_view>, 9> kRoundingModes = {{
    {RoundingMode::kHalfEven, "ROUND"},
    {RoundingMode::kHalfUp, "HALF_UP"},
    {RoundingMode::kHalfDown, "HALF_DOWN"},
    {RoundingMode::kCeil, "CEIL"},
    {RoundingMode::kFloor, "FLOOR"},
    {RoundingMode::kUp, "UP"},
    {RoundingMode::kDown, "DOWN"},
    {RoundingMode::kHalfEven, "HALF_EVEN"},
    {RoundingMode::kDown, "ROUND_TO_ZERO"},
}};

/// A decimal number without sign, spaces or leading zeros in [1, 64].
std::optional<int> parse_bits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.front() == '0') return {};
  if (value < 1 || value > 64) return {};
  return value;
}

bool consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

DataType DataType::uint(int bits) {
  ASSAY_INVARIANT(bits >= 1 && bits <= 64, "UINT width out of range");
  return {Kind::kUInt, bits, 0};
}

DataType DataType::sint(int bits) {
  ASSAY_INVARIANT(bits >= 1 && bits <= 64, "INT width out of range");
  return {Kind::kInt, bits, 0};
}

DataType DataType::fixed(int bits, int integer_bits) {
  ASSAY_INVARIANT(integer_bits >= 1 && integer_bits < bits && bits <= 64,
                  "FIXED width out of range");
  return {Kind::kFixed, bits, integer_bits};
}

std::optional<DataType> DataType::parse(std::string_view name) {
  if (name == "FLOAT32") return float32();
  if (name == "BINARY") return uint(1);
  if (name == "BIPOLAR") return bipolar();
  if (name == "TERNARY") return ternary();
  if (consume(name, "FIXED<")) {
    const std::size_t comma = name.find(',');
    if (comma == std::string_view::npos || comma == 0 || !name.ends_with('>')) return {};
    const auto bits = parse_bits(name.substr(0, comma));
    const std::string_view rest = name.substr(comma + 1, name.size() - comma - 2);
    const auto integer = rest.empty() ? std::nullopt : parse_bits(rest);
    if (!bits || !integer || *integer >= *bits) return {};
    return fixed(*bits, *integer);
  }
  const bool is_unsigned = consume(name, "U");
  if (!consume(name, "INT") || name.empty()) return {};
  const auto bits = parse_bits(name);
  if (!bits) return {};
  return is_unsigned ? uint(*bits) : sint(*bits);
}

DataType DataType::smallest_for(std::int64_t min, std::int64_t max) {
  ASSAY_INVARIANT(min <= max, "an empty range has no data type");
  if (min >= 0)
    return uint(std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(max)))));
  const auto magnitude = [](std::int64_t v) { return static_cast<std::uint64_t>(v < 0 ? ~v : v); };
  const auto widest =
      std::max({magnitude(min), magnitude(max), std::uint64_t{1}});  // INT2 at least
  return sint(1 + static_cast<int>(std::bit_width(widest)));
}

std::string DataType::name() const {
  switch (kind) {
    case Kind::kFloat32:
      return "FLOAT32";
    case Kind::kBipolar:
      return "BIPOLAR";
    case Kind::kTernary:
      return "TERNARY";
    case Kind::kFixed:
      return fmt::format("FIXED<{},{}>", bits, integer_bits);
    case Kind::kUInt:
      return bits == 1 ? "BINARY" : fmt::format("UINT{}", bits);
    case Kind::kInt:
      return fmt::format("INT{}", bits);
  }
  return "?";
}

std::int64_t DataType::min() const {
  ASSAY_INVARIANT(is_integer(), name() + " has no integer bounds");
  if (kind == Kind::kUInt) return 0;
  if (kind == Kind::kInt)
    return bits == 64 ? std::numeric_limits<std::int64_t>::min() : -(std::int64_t{1} << (bits - 1));
  return -1;
}

std::int64_t DataType::max() const {
  ASSAY_INVARIANT(is_integer(), name() + " has no integer bounds");
  const int value_bits = kind == Kind::kUInt ? bits : bits - 1;
  if (kind == Kind::kBipolar || kind == Kind::kTernary) return 1;
  return value_bits >= 63 ? std::numeric_limits<std::int64_t>::max()
                          : (std::int64_t{1} << value_bits) - 1;
}

bool DataType::allows(std::int64_t value) const {
  return value >= min() && value <= max() && (kind != Kind::kBipolar || value != 0);
}

int signed_bits(__int128 min, __int128 max) {
  int bits = 1;
  while (min < -(__int128{1} << (bits - 1)) || max >= __int128{1} << (bits - 1)) ++bits;
  return bits;
}

std::string_view layout_name(Layout layout) {
  for (const auto& [value, name] : kLayouts)
    if (value == layout) return name;
  return "";
}

std::optional<Layout> parse_layout(std::string_view name) {
  for (const auto& [value, text] : kLayouts)
    if (text == name) return value;
  return {};
}

std::string_view rounding_mode_name(RoundingMode mode) {
  for (const auto& [value, name] : kRoundingModes)
    if (value == mode) return name;
  return "?";
}

std::optional<RoundingMode> parse_rounding_mode(std::string_view name) {
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const auto& [value, text] : kRoundingModes)
    if (text == upper) return value;
  return {};
}

}  // namespace assay
