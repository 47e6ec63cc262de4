// SPDX-License-Identifier: Apache-2.0
#include "golden/data/dataset.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "golden/data/readers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kForms =
    "give a CIFAR-10 folder or file (binary or python version), a folder or file of MNIST "
    "(IDX, plain or .gz), a folder with one folder of PNG or JPEG files per class, or a .npy or "
    ".npz "
    "file of arrays (N, ...)";

std::int64_t parse_count(std::string_view digits, std::string_view whole) {
  std::int64_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error != std::errc() || end != last || digits.front() == '-')
    user_error("'{}' is no range of images; write a count such as 100, or A:B such as 10:20",
               printable(whole));
  return value;
}

fs::file_type type_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none)
    user_error("cannot examine '{}': {}", shown(path), error.message());
  return status.type();
}

bool has_class_folder(const fs::path& folder) {
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error) user_error("cannot list '{}': {}", shown(folder), error.message());
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().filename().string().front() != '.' && is_folder(entries->path()))
      return true;
  }
  if (error) user_error("cannot list '{}': {}", shown(folder), error.message());
  return false;
}

std::optional<fs::path> idx_images_in(const fs::path& folder) {
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz",
                           "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"}) {
    if (is_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

Dataset load_folder(const fs::path& folder, ImageRange range) {
  for (const char* name : {"cifar-10-batches-bin", "cifar-10-batches-py", "MNIST/raw", "raw"}) {
    if (is_folder(folder / name)) return load_folder(folder / name, range);
  }
  if (is_file(folder / "test_batch.bin"))
    return read_cifar10_binary(folder / "test_batch.bin", range);
  if (is_file(folder / "test_batch")) return read_cifar10_python(folder / "test_batch", range);
  if (const auto images = idx_images_in(folder)) return read_idx(*images, range);
  if (has_class_folder(folder)) return read_picture_folder(folder, range);
  user_error("'{}' holds no known data set; {}", shown(folder), kForms);
}

Dataset load_file(const fs::path& file, ImageRange range) {
  const std::string name = file.filename().string();
  if (name.ends_with(".bin")) return read_cifar10_binary(file, range);
  if (name.ends_with(".npy")) return read_npy_images(file, range);
  if (name.ends_with(".npz")) return read_npz_images(file, range);
  if (name.find("idx3-ubyte") != std::string::npos || name.find("idx1-ubyte") != std::string::npos)
    return read_idx(file, range);
  if (name == "test_batch" || name.starts_with("data_batch_"))
    return read_cifar10_python(file, range);
  user_error("'{}' is no known data set; {}", shown(file), kForms);
}

template <typename T>
void append(std::vector<std::uint8_t>& bytes, std::int64_t value) {
  const auto element = static_cast<T>(value);
  const auto* raw = reinterpret_cast<const std::uint8_t*>(&element);
  bytes.insert(bytes.end(), raw, raw + sizeof(T));
}

template <typename T>
std::vector<std::int32_t> numbers(std::span<const std::uint8_t> bytes) {
  std::vector<std::int32_t> numbers;
  numbers.reserve(bytes.size() / sizeof(T));
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T element{};
    std::memcpy(&element, bytes.data() + at, sizeof(T));
    numbers.push_back(element);
  }
  return numbers;
}

}  // namespace

std::int64_t Dataset::size() const {
  const std::int64_t image_bytes =
      channels * height * width * static_cast<std::int64_t>(npy_element_size(type));
  return image_bytes == 0 ? 0 : static_cast<std::int64_t>(pixels.size()) / image_bytes;
}

std::span<const std::uint8_t> Dataset::image(std::int64_t index) const {
  ASSAY_INVARIANT(index >= 0 && index < size(), "image index outside the data set");
  const std::size_t bytes =
      static_cast<std::size_t>(channels * height * width) * npy_element_size(type);
  return std::span(pixels).subspan(static_cast<std::size_t>(index) * bytes, bytes);
}

std::vector<std::int32_t> Dataset::values(std::int64_t index) const {
  switch (type) {
    case NpyType::kUint8:
      return numbers<std::uint8_t>(image(index));
    case NpyType::kInt8:
      return numbers<std::int8_t>(image(index));
    case NpyType::kUint16:
      return numbers<std::uint16_t>(image(index));
    case NpyType::kInt16:
      return numbers<std::int16_t>(image(index));
    case NpyType::kInt32:
      return numbers<std::int32_t>(image(index));
    default:
      invariant_failed(__FILE__, __LINE__, "these are no integers of 32 bits");
  }
}

NpyType narrowest_pixel_type(std::int64_t min, std::int64_t max) {
  if (min >= 0 && max <= UINT8_MAX) return NpyType::kUint8;
  if (min >= INT8_MIN && max <= INT8_MAX) return NpyType::kInt8;
  if (min >= 0 && max <= UINT16_MAX) return NpyType::kUint16;
  if (min >= INT16_MIN && max <= INT16_MAX) return NpyType::kInt16;
  return NpyType::kInt32;
}

void set_pixels(Dataset& set, std::span<const std::int64_t> values) {
  set.pixels.clear();
  if (values.empty()) return;
  const auto [min, max] = std::ranges::minmax(values);
  ASSAY_INVARIANT(min >= INT32_MIN && max <= INT32_MAX, "a pixel beyond 32 bits");
  set.type = narrowest_pixel_type(min, max);
  set.pixels.reserve(values.size() * npy_element_size(set.type));
  for (const std::int64_t value : values) {
    switch (npy_element_size(set.type)) {
      case 1:
        append<std::uint8_t>(set.pixels, value);
        break;
      case 2:
        append<std::uint16_t>(set.pixels, value);
        break;
      default:
        append<std::uint32_t>(set.pixels, value);
    }
  }
}

std::string dataset_sha256(const Dataset& set) {
  std::string bytes = fmt::format("{},{},{},{},{}", set.size(), set.channels, set.height, set.width,
                                  set.labels.size());
  if (set.type != NpyType::kUint8) bytes += fmt::format(",{}", npy_type_name(set.type));
  bytes += '\n';
  bytes.append(set.pixels.begin(), set.pixels.end());
  const bool wide = std::ranges::any_of(set.labels, [](int label) { return label > 255; });
  for (const std::uint16_t label : set.labels) {
    bytes += static_cast<char>(label & 0xff);
    if (wide) bytes += static_cast<char>(label >> 8);
  }
  return sha256(bytes);
}

ImageRange parse_image_range(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool is_pair = colon != std::string_view::npos;
  const std::string_view first = text.substr(0, colon);
  const std::string_view second = is_pair ? text.substr(colon + 1) : first;
  if (first.empty() || second.empty())
    user_error("'{}' is no range of images; write a count such as 100, or A:B such as 10:20",
               printable(text));
  const ImageRange range{is_pair ? parse_count(first, text) : 0, parse_count(second, text)};
  if (range.begin >= range.end)
    user_error("the range of images '{}' is empty; a range A:B needs A < B", printable(text));
  return range;
}

ImageSpan resolve_range(ImageRange range, std::int64_t size, const fs::path& source) {
  if (size == 0) user_error("'{}' holds no images", shown(source));
  const ImageSpan span{range.begin, range.end == -1 ? size : range.end};
  if (span.begin < 0 || span.begin >= size || span.end > size)
    user_error("images {}:{} were asked for, but '{}' holds {}; ask for images within 0:{}",
               span.begin, span.end, shown(source), size, size);
  if (span.begin >= span.end)
    user_error("the range of images {}:{} is empty; a range A:B needs A < B", span.begin, span.end);
  return span;
}

std::string shown(const fs::path& path) { return printable(path.string()); }

bool is_file(const fs::path& path) { return type_of(path) == fs::file_type::regular; }

bool is_folder(const fs::path& path) { return type_of(path) == fs::file_type::directory; }

Dataset load_dataset(const fs::path& path, ImageRange range) {
  const fs::file_type type = type_of(path);
  if (type == fs::file_type::not_found) user_error("there is no '{}'; {}", shown(path), kForms);
  Dataset set =
      type == fs::file_type::directory ? load_folder(path, range) : load_file(path, range);
  set.sha256 = dataset_sha256(set);
  return set;
}

std::vector<Dataset> load_inputs(const fs::path& path, const std::vector<std::string>& names,
                                 ImageRange range) {
  if (!is_file(path) || path.extension() != ".npz")
    user_error(
        "'{}' is no .npz file, and the network has {} inputs, such as '{}'; save an array of the "
        "name of each: numpy.savez('data.npz', **{{'{}': ..., ...}})",
        shown(path), names.size(), printable(names[0]), printable(names[0]));
  std::vector<Dataset> inputs = read_npz_inputs(path, names, range);
  for (Dataset& set : inputs) set.sha256 = dataset_sha256(set);
  return inputs;
}

std::string inputs_sha256(const std::vector<Dataset>& inputs) {
  std::string hashes;
  for (const Dataset& set : inputs) hashes += set.sha256;
  return sha256(hashes);
}

}  // namespace assay
