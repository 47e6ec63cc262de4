// SPDX-License-Identifier: Apache-2.0
#include "golden/data/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

static_assert(std::endian::native == std::endian::little, "the arrays are kept as the files are");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::int64_t kByteLimit = std::int64_t{1} << 40;

struct TypeInfo {
  NpyType type;
  std::string_view descr;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<TypeInfo, 8> kTypes = {{{NpyType::kFloat32, "<f4", "float32", 4},
                                             {NpyType::kFloat64, "<f8", "float64", 8},
                                             {NpyType::kUint8, "|u1", "uint8", 1},
                                             {NpyType::kUint16, "<u2", "uint16", 2},
                                             {NpyType::kInt8, "|i1", "int8", 1},
                                             {NpyType::kInt16, "<i2", "int16", 2},
                                             {NpyType::kInt32, "<i4", "int32", 4},
                                             {NpyType::kInt64, "<i8", "int64", 8}}};

const TypeInfo& info(NpyType type) { return kTypes[static_cast<std::size_t>(type)]; }

/// How a file stores the elements of an array.
struct Storage {
  bool big_endian = false, fortran_order = false, boolean = false;
};

/// Reads the header's dictionary: a fixed grammar, not Python.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  const Storage& storage() const { return storage_; }

  NpyArray parse() {
    expect("{");
    skip_spaces();
    while (!accept("}")) {
      parse_entry();
      skip_spaces();
      if (accept(",")) {
        skip_spaces();
      } else if (!rest_.starts_with("}")) {
        fail();
      }
    }
    skip_spaces();
    if (rest_ != "\n" || !type_ || !shape_ || !order_seen_) fail();
    return {*std::move(shape_), *type_, {}};
  }

 private:
  [[noreturn]] void fail() const {
    user_error(
        "'{}' has a .npy header that numpy does not write, near '{}'; save it again with "
        "numpy.save",
        name_, printable(rest_, 40));
  }

  bool accept(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!accept(token)) fail();
  }
  void skip_spaces() {
    while (accept(" ")) {
    }
  }

  std::string_view quoted() {
    expect("'");
    const std::size_t end = rest_.find('\'');
    if (end == std::string_view::npos) fail();
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  void parse_entry() {
    const std::string_view key = quoted();
    skip_spaces();
    expect(":");
    skip_spaces();
    if (key == "descr" && !type_) {
      parse_type();
    } else if (key == "fortran_order" && !order_seen_) {
      parse_order();
    } else if (key == "shape" && !shape_) {
      parse_shape();
    } else {
      fail();
    }
  }

  void parse_type() {
    const std::string_view descr = quoted();
    storage_.boolean = descr == "|b1";
    storage_.big_endian = descr.starts_with('>');
    std::string usual(descr);
    if (storage_.big_endian) usual[0] = '<';
    if (storage_.boolean) usual = info(NpyType::kUint8).descr;
    for (const TypeInfo& known : kTypes) {
      if (usual == known.descr) type_ = known.type;
    }
    if (!type_)
      user_error(
          "'{}' has elements of type '{}'; float32, float64, bool, uint8, uint16, int8, int16, "
          "int32 and int64 are read: convert it with numpy's astype",
          name_, printable(descr));
  }

  void parse_order() {
    order_seen_ = true;
    storage_.fortran_order = accept("True");
    if (!storage_.fortran_order) expect("False");
  }

  void parse_shape() {
    shape_.emplace();
    expect("(");
    skip_spaces();
    bool comma = true;
    while (!accept(")")) {
      if (!comma) fail();
      shape_->push_back(number());
      skip_spaces();
      comma = accept(",");
      skip_spaces();
    }
    // Python writes one element as "(5,)"; "(5)" is a number.
    if (shape_->size() == 1 && !comma) fail();
  }

  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc() || value < 0) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::string_view rest_;
  const std::string& name_;
  std::optional<NpyType> type_;
  std::optional<std::vector<std::int64_t>> shape_;
  bool order_seen_ = false;
  Storage storage_;
};

void swap_bytes(NpyArray& array) {
  const std::size_t size = npy_element_size(array.type);
  for (auto at = array.bytes.begin(); at != array.bytes.end();
       at += static_cast<std::ptrdiff_t>(size))
    std::reverse(at, at + static_cast<std::ptrdiff_t>(size));
}

/// From the first axis being the innermost to the last one being it.
void to_c_order(NpyArray& array) {
  const std::size_t size = npy_element_size(array.type), axes = array.shape.size();
  const std::vector<std::byte> from = std::move(array.bytes);
  array.bytes.clear();
  array.bytes.reserve(from.size());
  std::vector<std::int64_t> place(axes, 0), step(axes, 1);
  for (std::size_t axis = 1; axis < axes; ++axis)
    step[axis] = step[axis - 1] * array.shape[axis - 1];
  std::int64_t at = 0;
  while (array.bytes.size() < from.size()) {
    const auto element = from.begin() + at * static_cast<std::ptrdiff_t>(size);
    array.bytes.insert(array.bytes.end(), element, element + static_cast<std::ptrdiff_t>(size));
    for (std::size_t axis = axes; axis-- > 0;) {
      at += step[axis];
      if (++place[axis] < array.shape[axis]) break;
      at -= step[axis] * array.shape[axis];
      place[axis] = 0;
    }
  }
}

void check_booleans(const NpyArray& array, const std::string& name) {
  const auto wrong =
      std::ranges::find_if(array.bytes, [](std::byte b) { return b > std::byte{1}; });
  if (wrong != array.bytes.end())
    user_error("'{}': element {} is {}, which is no bool; it is damaged", name,
               wrong - array.bytes.begin(), std::to_integer<int>(*wrong));
}

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  return value;
}

/// True when `from` has the same value in type To; the value is then in `to`.
template <typename To, typename From>
bool convert_exactly(From from, To& to) {
  if constexpr (std::is_same_v<To, From>) {
    to = from;
    return true;
  } else if constexpr (std::is_floating_point_v<To> && std::is_floating_point_v<From>) {
    if (std::isfinite(from) &&
        std::abs(static_cast<double>(from)) > static_cast<double>(std::numeric_limits<To>::max()))
      return false;
    to = static_cast<To>(from);
    return std::isnan(from) || static_cast<From>(to) == from;
  } else if constexpr (std::is_floating_point_v<To>) {
    // The bound keeps the cast back from overflowing: 2^63 itself is a float.
    to = static_cast<To>(from);
    return static_cast<double>(to) < 0x1p63 && static_cast<From>(to) == from;
  } else if constexpr (std::is_floating_point_v<From>) {
    constexpr double kLow = static_cast<double>(std::numeric_limits<To>::min());
    constexpr double kEnd =
        sizeof(To) == 8 ? 0x1p63 : static_cast<double>(std::numeric_limits<To>::max()) + 1;
    if (!(from >= kLow && from < kEnd)) return false;
    to = static_cast<To>(from);
    return static_cast<From>(to) == from;
  } else {
    to = static_cast<To>(from);
    return std::in_range<To>(from);
  }
}

template <typename To, typename From>
std::vector<To> convert(const NpyArray& array, const std::string& name) {
  const std::vector<From> from = npy_values<From>(array);
  std::vector<To> out(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!convert_exactly(from[i], out[i]))
      user_error("'{}': element {} is {}, which {} does not hold exactly", name, i, +from[i],
                 info(npy_type_of<To>()).name);
  }
  return out;
}

template <typename To>
std::vector<To> convert(const NpyArray& array, const std::string& name) {
  switch (array.type) {
    case NpyType::kFloat32:
      return convert<To, float>(array, name);
    case NpyType::kFloat64:
      return convert<To, double>(array, name);
    case NpyType::kUint8:
      return convert<To, std::uint8_t>(array, name);
    case NpyType::kUint16:
      return convert<To, std::uint16_t>(array, name);
    case NpyType::kInt8:
      return convert<To, std::int8_t>(array, name);
    case NpyType::kInt16:
      return convert<To, std::int16_t>(array, name);
    case NpyType::kInt32:
      return convert<To, std::int32_t>(array, name);
    case NpyType::kInt64:
      return convert<To, std::int64_t>(array, name);
  }
  invariant_failed(__FILE__, __LINE__, "unknown array type");
}

}  // namespace

std::size_t npy_element_size(NpyType type) { return info(type).size; }

std::string_view npy_type_name(NpyType type) { return info(type).name; }

std::int64_t NpyArray::size() const {
  std::int64_t size = 1;
  for (const std::int64_t extent : shape) size *= extent;
  return size;
}

std::int64_t checked_size(std::span<const std::int64_t> shape, std::size_t element_size,
                          const std::string& name) {
  if (shape.size() > 32) user_error("'{}' has {} axes; at most 32 are read", name, shape.size());
  const std::int64_t limit = kByteLimit / static_cast<std::int64_t>(element_size);
  std::int64_t size = 1;
  bool has_zero = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) user_error("'{}' has an axis of extent {}", name, extent);
    has_zero = has_zero || extent == 0;
    // Zero extents are left out, so that a later overflow is still seen.
    if (extent > 0 && size > limit / extent)
      user_error("'{}' announces more than {} bytes; its header is damaged", name, kByteLimit);
    size *= extent == 0 ? 1 : extent;
  }
  return has_zero ? 0 : size;
}

NpyArray decode_npy(std::string_view bytes, const std::string& file) {
  const std::string name = printable(file, 4096);
  if (!bytes.starts_with(kMagic)) user_error("'{}' is no .npy file; save it with numpy.save", name);
  if (bytes.size() < 8 || bytes[7] != 0 || (bytes[6] != 1 && bytes[6] != 2))
    user_error("'{}' is not in .npy format 1.0 or 2.0; save it again with numpy.save", name);
  const std::size_t length_bytes = bytes[6] == 1 ? 2 : 4;
  const std::size_t start = 8 + length_bytes;
  if (bytes.size() < start) user_error("'{}' ends inside its header; it is truncated", name);
  const std::size_t length = little_endian(bytes.substr(8, length_bytes));
  if (length > bytes.size() - start)
    user_error("'{}' ends inside its header; it is truncated", name);
  HeaderParser header(bytes.substr(start, length), name);
  NpyArray array = header.parse();
  const std::string_view data = bytes.substr(start + length);
  const std::size_t element = npy_element_size(array.type);
  const auto size = static_cast<std::size_t>(checked_size(array.shape, element, name));
  if (data.size() != size * element)
    user_error("'{}' holds {} bytes of elements, but its header announces {}; save it again", name,
               data.size(), size * element);
  const auto raw = std::as_bytes(std::span(data));
  array.bytes.assign(raw.begin(), raw.end());
  if (header.storage().boolean) check_booleans(array, name);
  if (header.storage().big_endian) swap_bytes(array);
  if (header.storage().fortran_order) to_c_order(array);
  return array;
}

NpyArray read_npy(const std::filesystem::path& path) {
  return decode_npy(read_file(path), path.string());
}

std::string encode_npy(const NpyArray& array) {
  const std::size_t expected =
      static_cast<std::size_t>(array.size()) * npy_element_size(array.type);
  ASSAY_INVARIANT(array.bytes.size() == expected, "the array's bytes do not fit its shape");
  std::string shape;
  for (const std::int64_t extent : array.shape) shape += fmt::format("{}, ", extent);
  if (array.shape.size() == 1) shape.pop_back();
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   info(array.type).descr, shape);
  // Room for the first axis to grow to 21 digits in place, then the data start at 64 bytes.
  if (!array.shape.empty()) header.append(21 - std::to_string(array.shape[0]).size(), ' ');
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string out(kMagic);
  out += std::string("\x01\x00", 2);
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  out.append(reinterpret_cast<const char*>(array.bytes.data()), array.bytes.size());
  return out;
}

void write_npy(const std::filesystem::path& path, const NpyArray& array) {
  write_file(path, encode_npy(array));
}

std::vector<float> as_float32(const NpyArray& array, const std::string& name) {
  return convert<float>(array, name);
}

std::vector<double> as_float64(const NpyArray& array, const std::string& name) {
  return convert<double>(array, name);
}

std::vector<std::int64_t> as_int64(const NpyArray& array, const std::string& name) {
  return convert<std::int64_t>(array, name);
}

std::vector<std::uint8_t> as_uint8(const NpyArray& array, const std::string& name) {
  return convert<std::uint8_t>(array, name);
}

std::vector<std::uint16_t> as_uint16(const NpyArray& array, const std::string& name) {
  return convert<std::uint16_t>(array, name);
}

}  // namespace assay
