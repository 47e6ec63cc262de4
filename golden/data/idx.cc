// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "golden/data/gzip.h"
#include "golden/data/readers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kContentLimit = std::uint64_t{1} << 30;

/// A whole IDX file of unsigned bytes.
struct IdxFile {
  std::vector<std::uint64_t> shape;
  std::string bytes;       // header included
  std::size_t header = 0;  // its size
};

std::uint64_t big_endian(std::string_view four) {
  std::uint64_t value = 0;
  for (const char c : four) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

/// Checks the header and returns the size that the whole content must have.
std::uint64_t parse_sizes(std::string_view header, std::size_t rank, IdxFile& idx,
                          const fs::path& file) {
  idx.header = 4 + 4 * rank;
  const std::uint64_t magic = 0x800 + rank;
  if (header.size() < idx.header)
    user_error("'{}' is too short for an IDX header; fetch it again", shown(file));
  if (big_endian(header.substr(0, 4)) != magic)
    user_error("'{}' starts with {:#010x}, but IDX {} start with {:#010x}; check the file's name",
               shown(file), big_endian(header.substr(0, 4)), rank == 3 ? "images" : "labels",
               magic);
  std::uint64_t size = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    idx.shape.push_back(big_endian(header.substr(4 + 4 * i, 4)));
    // Both factors are below 2^32: the product fits, and the limit keeps it there.
    size *= idx.shape.back();
    if (size > kContentLimit)
      user_error("'{}' announces more than {} bytes; it is damaged, fetch it again", shown(file),
                 kContentLimit);
  }
  return idx.header + size;
}

IdxFile read_idx_file(const fs::path& file, std::size_t rank) {
  IdxFile idx;
  idx.bytes = read_file(file, kContentLimit + 64);
  const bool compressed = file.extension() == ".gz";
  const std::string start =
      compressed ? gunzip_prefix(idx.bytes, 4 + 4 * rank, shown(file)) : idx.bytes.substr(0, 64);
  const std::uint64_t expected = parse_sizes(start, rank, idx, file);
  if (compressed) idx.bytes = gunzip(idx.bytes, expected, shown(file));
  if (idx.bytes.size() != expected)
    user_error("'{}' holds {} bytes, but its header announces {}; fetch it again", shown(file),
               idx.bytes.size(), expected);
  return idx;
}

/// The name with `from` replaced by `to`, plain or .gz, whichever exists.
fs::path partner(const fs::path& file, std::string_view from, std::string_view to) {
  std::string name = file.filename().string();
  const std::size_t at = name.find(from);
  if (at == std::string::npos)
    user_error(
        "'{}' is not named like an IDX file; name the pair like train-images-idx3-ubyte and "
        "train-labels-idx1-ubyte",
        shown(file));
  name.replace(at, from.size(), to);
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const char* suffix : {"", ".gz"}) {
    fs::path candidate = file.parent_path() / (name + suffix);
    if (is_file(candidate)) return candidate;
  }
  user_error("'{}' needs '{}' (plain or .gz) beside it", shown(file), printable(name));
}

struct IdxPair {
  fs::path images, labels;
};

IdxPair find_pair(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const char* dot : {"-", "."}) {
    const std::string images = fmt::format("images{}idx3-ubyte", dot);
    const std::string labels = fmt::format("labels{}idx1-ubyte", dot);
    if (name.find(labels) != std::string::npos) return {partner(file, labels, images), file};
    if (name.find(images) != std::string::npos) return {file, partner(file, images, labels)};
  }
  return {file, partner(file, "images-idx3-ubyte", "labels-idx1-ubyte")};
}

void check_labels(std::string_view labels, const fs::path& file) {
  const auto bad = std::find_if(labels.begin(), labels.end(),
                                [](char c) { return static_cast<std::uint8_t>(c) > 9; });
  if (bad != labels.end())
    user_error("'{}': label {} is {}, but labels are 0 to 9: the file is damaged, fetch it again",
               shown(file), bad - labels.begin(), static_cast<std::uint8_t>(*bad));
}

}  // namespace

Dataset read_idx(const fs::path& file, ImageRange range) {
  const IdxPair pair = find_pair(file);
  const IdxFile images = read_idx_file(pair.images, 3);
  const IdxFile labels = read_idx_file(pair.labels, 1);
  if (images.shape[0] != labels.shape[0])
    user_error("'{}' holds {} images but '{}' holds {} labels; fetch both again",
               shown(pair.images), images.shape[0], shown(pair.labels), labels.shape[0]);
  check_labels(std::string_view(labels.bytes).substr(labels.header), pair.labels);
  const std::uint64_t image_bytes = images.shape[1] * images.shape[2];
  if (image_bytes == 0) user_error("'{}' holds images without pixels", shown(pair.images));
  const ImageSpan span =
      resolve_range(range, static_cast<std::int64_t>(images.shape[0]), pair.images);

  Dataset set;
  set.source_size = static_cast<std::int64_t>(images.shape[0]);
  set.name = fmt::format("IDX {}", printable(pair.images.filename().string()));
  set.channels = 1;
  set.height = static_cast<std::int64_t>(images.shape[1]);
  set.width = static_cast<std::int64_t>(images.shape[2]);
  const auto step = static_cast<std::int64_t>(image_bytes);
  const auto first = images.bytes.begin() + static_cast<std::ptrdiff_t>(images.header);
  set.pixels.assign(first + span.begin * step, first + span.end * step);
  const auto first_label = labels.bytes.begin() + static_cast<std::ptrdiff_t>(labels.header);
  std::transform(first_label + span.begin, first_label + span.end, std::back_inserter(set.labels),
                 [](char label) { return static_cast<std::uint8_t>(label); });
  for (int digit = 0; digit < 10; ++digit) set.class_names.push_back(std::to_string(digit));
  return set;
}

}  // namespace assay
