// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/tensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

using onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr std::int64_t kMaxAxis = (std::int64_t{1} << 31) - 1;

// The ONNX library at hand may be too old to know these.
constexpr int kUInt4 = 21, kInt4 = 22, kUInt2 = 25, kInt2 = 26;

/// Bits of one element in raw_data; 0 for types that are not supported.
std::size_t element_bits(int type) {
  switch (type) {
    case kUInt2:
    case kInt2:
      return 2;
    case kUInt4:
    case kInt4:
      return 4;
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return 8;
    case TensorProto::INT16:
    case TensorProto::UINT16:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return 16;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
    case TensorProto::UINT32:
      return 32;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return 64;
    default:
      return 0;
  }
}

/// The bytes of so many elements; the last one may be filled in part.
std::uint64_t byte_count(std::uint64_t elements, std::size_t bits) {
  return (elements * bits + 7) / 8;
}

/// Elements of less than a byte, the first in the lowest bits.
Constant unpack(const Shape& shape, std::string_view bytes, DataType type) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(element_count(shape)));
  const auto bits = static_cast<unsigned>(type.bits);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i * bits / 8]);
    const unsigned value = byte >> (i * bits % 8) & ((1U << bits) - 1);
    const bool negative = type.is_signed() && value >> (bits - 1) != 0;
    values[i] = std::int64_t{value} - (negative ? std::int64_t{1} << bits : 0);
  }
  return {shape, std::move(values)};
}

/// IEEE binary16; exact in float32.
float half_to_float(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const auto fraction = static_cast<float>(bits & 0x3FF);
  float magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024.0F, exponent - 25);
  if (exponent == 0x1F)
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// The elements of raw bytes as To.
template <typename From, typename To, typename Convert>
std::vector<To> convert_raw(std::string_view raw, Convert convert) {
  std::vector<To> values(raw.size() / sizeof(From));
  for (std::size_t i = 0; i < values.size(); ++i) {
    From value;
    std::memcpy(&value, raw.data() + i * sizeof(From), sizeof(From));
    values[i] = convert(value);
  }
  return values;
}

template <typename From, typename To>
std::vector<To> cast_raw(std::string_view raw) {
  return convert_raw<From, To>(raw, [](From v) { return static_cast<To>(v); });
}

/// Exact reals when float32 cannot hold a value.
Constant from_doubles(const Shape& shape, const std::vector<double>& values,
                      std::string_view what) {
  if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); }))
    user_error("{} holds NaN or infinity", what);
  // Stages are saved with float32 initialisers, so a value must at least round to one.
  if (std::ranges::any_of(values, [](double v) {
        return std::abs(v) > static_cast<double>(std::numeric_limits<float>::max());
      }))
    user_error("{} holds a float64 value beyond the range of float32", what);
  const bool exact = std::ranges::all_of(
      values, [](double v) { return static_cast<double>(static_cast<float>(v)) == v; });
  if (exact) return {shape, std::vector<float>(values.begin(), values.end())};
  std::vector<Real> reals;
  reals.reserve(values.size());
  for (const double value : values) reals.push_back(Real::of(value));
  return {shape, std::move(reals)};
}

std::vector<std::int64_t> from_unsigned(const std::vector<std::uint64_t>& values,
                                        std::uint64_t limit, std::string_view what) {
  for (const std::uint64_t value : values)
    if (value > limit)
      user_error("{} holds {}; the largest supported value is {}", what, value, limit);
  return {values.begin(), values.end()};
}

/// What the typed fields of a TensorProto hold.
struct TypedCounts {
  int floats, ints, int64s, doubles, uint64s, strings;
  explicit TypedCounts(const TensorProto& p)
      : floats(p.float_data_size()),
        ints(p.int32_data_size()),
        int64s(p.int64_data_size()),
        doubles(p.double_data_size()),
        uint64s(p.uint64_data_size()),
        strings(p.string_data_size()) {}
  int total() const {  // a protobuf has less than 2^31 bytes, so the sum fits
    return floats + ints + int64s + doubles + uint64s + strings;
  }
  int of(int type) const {
    switch (type) {
      case TensorProto::FLOAT:
        return floats;
      case TensorProto::DOUBLE:
        return doubles;
      case TensorProto::INT64:
        return int64s;
      case TensorProto::UINT32:
      case TensorProto::UINT64:
        return uint64s;
      default:
        return ints;
    }
  }
};

constexpr auto kInt64Max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

Constant read_raw(int type, const Shape& shape, std::string_view raw, std::string_view what) {
  using I = std::int64_t;
  if (const auto narrow = narrow_type(type)) return unpack(shape, raw, *narrow);
  switch (type) {
    case TensorProto::FLOAT:
      return {shape, cast_raw<float, float>(raw)};
    case TensorProto::DOUBLE:
      return from_doubles(shape, cast_raw<double, double>(raw), what);
    case TensorProto::FLOAT16:
      return {shape, convert_raw<std::uint16_t, float>(raw, half_to_float)};
    case TensorProto::BFLOAT16:
      return {shape, convert_raw<std::uint16_t, float>(raw, bfloat_to_float)};
    case TensorProto::INT8:
      return {shape, cast_raw<std::int8_t, I>(raw)};
    case TensorProto::INT16:
      return {shape, cast_raw<std::int16_t, I>(raw)};
    case TensorProto::UINT16:
      return {shape, cast_raw<std::uint16_t, I>(raw)};
    case TensorProto::INT32:
      return {shape, cast_raw<std::int32_t, I>(raw)};
    case TensorProto::UINT32:
      return {shape, cast_raw<std::uint32_t, I>(raw)};
    case TensorProto::INT64:
      return {shape, cast_raw<I, I>(raw)};
    case TensorProto::UINT64:
      return {shape, from_unsigned(cast_raw<std::uint64_t, std::uint64_t>(raw), kInt64Max, what)};
    default:  // UINT8 and BOOL: element_bits() has refused the rest
      return {shape, cast_raw<std::uint8_t, I>(raw)};
  }
}

/// What a type that is kept in int32_data can hold.
std::pair<std::int64_t, std::int64_t> int32_data_range(int type) {
  switch (type) {
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::UINT16:
      return {0, 65535};
    case TensorProto::INT8:
      return {-128, 127};
    case TensorProto::INT16:
      return {-32768, 32767};
    case TensorProto::INT32:
      return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()};
    case TensorProto::BOOL:
      return {0, 1};
    default:  // UINT8, and bytes of smaller elements: element_bits() has refused the rest
      return {0, 255};
  }
}

/// The small types share int32_data; a value outside the type is damage.
std::vector<std::int64_t> read_int32_data(const TensorProto& proto, std::string_view what) {
  const auto [lo, hi] = int32_data_range(proto.data_type());
  for (const std::int32_t value : proto.int32_data())
    if (value < lo || value > hi) user_error("{} holds {}, outside its element type", what, value);
  return {proto.int32_data().begin(), proto.int32_data().end()};
}

Constant read_typed(const TensorProto& proto, const Shape& shape, std::string_view what) {
  const auto halves = [&](auto convert) -> Constant {
    std::vector<float> values;
    for (const std::int64_t bits : read_int32_data(proto, what))
      values.push_back(convert(static_cast<std::uint16_t>(bits)));
    return {shape, std::move(values)};
  };
  if (const auto narrow = narrow_type(proto.data_type())) {
    std::string bytes;
    for (const std::int64_t byte : read_int32_data(proto, what))
      bytes.push_back(static_cast<char>(byte));
    return unpack(shape, bytes, *narrow);
  }
  const std::vector<std::uint64_t> wide(proto.uint64_data().begin(), proto.uint64_data().end());
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return {shape, std::vector<float>(proto.float_data().begin(), proto.float_data().end())};
    case TensorProto::DOUBLE:
      return from_doubles(shape, {proto.double_data().begin(), proto.double_data().end()}, what);
    case TensorProto::FLOAT16:
      return halves(half_to_float);
    case TensorProto::BFLOAT16:
      return halves(bfloat_to_float);
    case TensorProto::UINT32:
      return {shape, from_unsigned(wide, std::numeric_limits<std::uint32_t>::max(), what)};
    case TensorProto::INT64:
      return {shape,
              std::vector<std::int64_t>(proto.int64_data().begin(), proto.int64_data().end())};
    case TensorProto::UINT64:
      return {shape, from_unsigned(wide, kInt64Max, what)};
    default:
      return {shape, read_int32_data(proto, what)};
  }
}

std::uint64_t parse_unsigned(const std::string& text, std::string_view key, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    user_error("{}: external data {} '{}' is not a number", what, key, printable(text));
  return value;
}

/// A plain file inside `folder`, reached without a link or a step upwards.
std::filesystem::path external_path(const std::filesystem::path& folder,
                                    const std::string& location, std::string_view what) {
  namespace fs = std::filesystem;
  const fs::path relative(location);
  const bool climbs =
      std::ranges::any_of(relative, [](const fs::path& part) { return part == ".."; });
  if (location.empty() || location.find('\0') != std::string::npos || relative.is_absolute() ||
      climbs)
    user_error("{}: external data '{}' is outside the model's folder", what, printable(location));
  fs::path path = folder;
  for (const fs::path& part : relative) {
    path /= part;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(path, error);
    if (fs::is_symlink(status))
      user_error("{}: external data '{}' is reached through a symbolic link; copy the file there",
                 what, printable(location));
    if (error || !fs::exists(status))
      user_error("{}: external data '{}' does not exist beside the model", what,
                 printable(location));
  }
  return path;
}

Shape checked_shape(const TensorProto& proto, std::string_view what) {
  const Shape shape(proto.dims().begin(), proto.dims().end());
  try {
    check_shape(shape);
  } catch (const UserError& error) {
    user_error("{}: {}", what, error.what());
  }
  return shape;
}

bool is_external(const TensorProto& proto) {
  return proto.data_location() == TensorProto::EXTERNAL;
}

/// The data lie in one place, the one of their type.
void check_places(const TensorProto& proto, const TypedCounts& typed, std::string_view what) {
  if (proto.has_segment()) user_error("{} is stored in segments, which is not supported", what);
  const int places = (typed.total() > 0 ? 1 : 0) +
                     (proto.has_raw_data() && !proto.raw_data().empty() ? 1 : 0) +
                     (is_external(proto) ? 1 : 0);
  if (places > 1) user_error("{} has its data in more than one place (raw, typed, external)", what);
  if (typed.total() != typed.of(proto.data_type()))
    user_error("{} has data of another type than {}", what, element_type_text(proto.data_type()));
}

}  // namespace

std::optional<Container> element_container(int type) {
  switch (type) {
    case TensorProto::FLOAT:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
    case TensorProto::DOUBLE:
      return Container::kFloat32;
    case kInt2:
    case kInt4:
    case TensorProto::INT8:
      return Container::kInt8;
    case kUInt2:
    case kUInt4:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return Container::kUInt8;
    case TensorProto::INT16:
      return Container::kInt16;
    case TensorProto::UINT16:
      return Container::kUInt16;
    case TensorProto::INT32:
      return Container::kInt32;
    case TensorProto::UINT32:
    case TensorProto::INT64:
    case TensorProto::UINT64:
      return Container::kInt64;
    default:
      return {};
  }
}

std::optional<DataType> narrow_type(int type) {
  switch (type) {
    case kInt2:
    case kInt4:
      return DataType::sint(static_cast<int>(element_bits(type)));
    case kUInt2:
    case kUInt4:
      return DataType::uint(static_cast<int>(element_bits(type)));
    default:
      return {};
  }
}

std::string element_type_text(int type) {
  // Those that the ONNX library at hand may be too old to know.
  constexpr std::array kLater = {"FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
                                 "UINT4",        "INT4",           "FLOAT4E2M1", "FLOAT8E8M0",
                                 "UINT2",        "INT2",           "FLOAT6E2M3", "FLOAT6E3M2"};
  constexpr int kFirst = 17;
  if (type >= kFirst && type < kFirst + static_cast<int>(kLater.size()))
    return kLater[static_cast<std::size_t>(type - kFirst)];
  if (!onnx::TensorProto_DataType_IsValid(type)) return fmt::format("number {}", type);
  return onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type));
}

void check_shape(const Shape& shape) {
  if (std::ranges::any_of(shape, [](std::int64_t size) { return size > kMaxAxis; }))
    user_error("shape {} has an axis longer than {}", shape_text(shape), kMaxAxis);
  element_count(shape);
}

std::string_view TensorReader::external_bytes(const TensorProto& proto, std::string_view what,
                                              std::uint64_t wanted) {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset") {
      offset = parse_unsigned(entry.value(), "offset", what);
    } else if (entry.key() == "length") {
      length = parse_unsigned(entry.value(), "length", what);
    } else {
      user_error("{}: external data key '{}' is not supported; location, offset and length are",
                 what, printable(entry.key()));
    }
  }
  if (folder_.empty()) user_error("{}: external data needs a model that is read from a file", what);
  auto it = files_.find(location);
  if (it == files_.end())
    it = files_.emplace(location, read_file(external_path(folder_, location, what))).first;
  const std::string_view file = it->second;
  if (offset > file.size() || wanted > file.size() - offset)
    user_error("{}: external data '{}' has {} bytes, but {} at offset {} are needed", what,
               printable(location), file.size(), wanted, offset);
  if (length && *length != wanted)
    user_error("{}: external data is {} bytes long, the shape needs {}", what, *length, wanted);
  return file.substr(offset, wanted);
}

TensorValue TensorReader::read(const TensorProto& proto, std::string_view what) {
  const int type = proto.data_type();
  const std::size_t bits = element_bits(type);
  if (bits == 0)
    user_error(
        "{} has element type {}, which is not supported; use float, double, float16 or integers",
        what, element_type_text(type));
  const Shape shape = checked_shape(proto, what);
  const auto count = static_cast<std::uint64_t>(element_count(shape));
  const std::uint64_t bytes = byte_count(count, bits);
  const TypedCounts typed(proto);
  check_places(proto, typed, what);
  TensorValue value;
  value.container = *element_container(type);
  value.is_bool = type == TensorProto::BOOL;
  value.narrow = narrow_type(type);
  if (typed.total() > 0) {
    const std::uint64_t wanted = value.narrow ? bytes : count;
    if (static_cast<std::uint64_t>(typed.total()) != wanted)
      user_error("{} has {} values for shape {}{}", what, typed.total(), shape_text(shape),
                 value.narrow ? fmt::format(", which needs {} bytes", wanted) : "");
    value.constant = read_typed(proto, shape, what);
    return value;
  }
  const std::string_view raw =
      is_external(proto) ? external_bytes(proto, what, bytes) : std::string_view(proto.raw_data());
  if (raw.size() != bytes)
    user_error("{} has {} bytes of data, but shape {} of {} needs {}", what, raw.size(),
               shape_text(shape), element_type_text(type), bytes);
  value.constant = read_raw(type, shape, raw, what);
  return value;
}

}  // namespace assay
