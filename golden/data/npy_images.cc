// SPDX-License-Identifier: Apache-2.0
// Images in numpy's files: one array in a .npy file, several by name in a .npz file, which is a zip
// file of .npy files.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <numeric>
#include <optional>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "golden/data/npy.h"
#include "golden/data/npz.h"
#include "golden/data/readers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

/// One for each image, as an axis of their number and, as Keras has it, one of 1.
std::vector<std::uint16_t> labels_in(const NpyArray& array, std::int64_t count,
                                     const std::string& labels, const std::string& images) {
  if (array.type == NpyType::kFloat32 || array.type == NpyType::kFloat64)
    user_error("'{}' holds {}; labels are integers", labels, npy_type_name(array.type));
  const bool column = array.shape.size() == 2 && array.shape[1] == 1;
  if ((array.shape.size() != 1 && !column) || array.shape[0] != count)
    user_error(
        "'{}' must hold one label for each of the {} images of '{}', as an array of one axis",
        labels, count, images);
  return as_uint16(array, labels);
}

std::optional<std::vector<std::uint16_t>> labels_beside(const fs::path& images,
                                                        std::int64_t count) {
  fs::path file = images;
  file.replace_extension(".labels.npy");
  std::error_code error;
  if (fs::symlink_status(file, error).type() == fs::file_type::not_found) return std::nullopt;
  if (!is_file(file))
    user_error("'{}' should hold the labels of '{}', but is no file; move it away", shown(file),
               shown(images));
  return labels_in(read_npy(file), count, shown(file), shown(images));
}

/// (N, F): a row; (N, C, L): a row per channel; (N, C, H, W); of others only how many there are.
void set_axes(Dataset& set, const std::vector<std::int64_t>& shape) {
  set.shape.assign(shape.begin() + 1, shape.end());
  set.channels = set.height = set.width = 1;
  if (shape.size() == 3 || shape.size() == 4) set.channels = shape[1];
  if (shape.size() == 4) set.height = shape[2];
  set.width =
      std::accumulate(set.shape.begin(), set.shape.end(), std::int64_t{1}, std::multiplies<>()) /
      std::max<std::int64_t>(1, set.channels * set.height);
}

void take_elements(Dataset& set, const NpyArray& array, ImageSpan span, const std::string& file) {
  const auto step = static_cast<std::int64_t>(array.bytes.size()) / array.shape[0];
  NpyArray part{array.shape, array.type, {}};
  part.shape[0] = span.end - span.begin;
  part.bytes.assign(array.bytes.begin() + span.begin * step, array.bytes.begin() + span.end * step);
  set.type = array.type;
  if (!set.has_floats()) {
    const std::vector<std::int64_t> values = as_int64(part, file);
    const auto wide =
        std::ranges::find_if(values, [](std::int64_t v) { return v < INT32_MIN || v > INT32_MAX; });
    if (wide != values.end())
      user_error("'{}' holds {}; integers of up to 32 bits are read", file, *wide);
    set_pixels(set, values);
    return;
  }
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(part.bytes.data());
  set.pixels.assign(bytes, bytes + part.bytes.size());
}

Dataset images_in(const NpyArray& array, ImageRange range, const fs::path& path,
                  const std::string& file) {
  if (array.shape.empty())
    user_error("'{}' holds a single number, but images are an array (N, ...) of N images", file);
  const ImageSpan span = resolve_range(range, array.shape[0], path);
  if (array.bytes.empty()) user_error("'{}' holds images without pixels", file);
  Dataset set;
  set.source_size = array.shape[0];
  set_axes(set, array.shape);
  take_elements(set, array, span, file);
  return set;
}

void take_labels(Dataset& set, const std::optional<std::vector<std::uint16_t>>& labels,
                 ImageRange range, const fs::path& path) {
  if (!labels) return;
  const ImageSpan span = resolve_range(range, std::ssize(*labels), path);
  set.labels.assign(labels->begin() + span.begin, labels->begin() + span.end);
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// The arrays of a .npz file by their keys in small letters.
using Keys = std::map<std::string, const ZipMember*>;

Keys keys_of(const NpzFile& file) {
  Keys keys;
  for (const ZipMember& member : file.members()) {
    std::string key = lower(NpzFile::key_of(member));
    if (!keys.emplace(key, &member).second)
      user_error("'{}' holds two arrays '{}' that differ in capital letters alone", file.name(),
                 printable(key));
  }
  return keys;
}

struct Pair {
  const ZipMember* images = nullptr;
  const ZipMember* labels = nullptr;  ///< null: there are none
};

Pair pair_of(const NpzFile& file) {
  const Keys keys = keys_of(file);
  // Those to test with come first: a file that has them has those to train with, too.
  constexpr std::array<std::pair<const char*, const char*>, 6> kPairs = {
      {{"x_test", "y_test"},
       {"test_images", "test_labels"},
       {"x", "y"},
       {"images", "labels"},
       {"data", "labels"},
       {"x_train", "y_train"}}};
  if (keys.size() == 1) return {keys.begin()->second, nullptr};
  for (const auto& [images, labels] : kPairs)
    if (keys.contains(images) && keys.contains(labels)) return {keys.at(images), keys.at(labels)};
  user_error(
      "'{}' holds the arrays {}, and which are the images does not follow from their names; save "
      "one "
      "alone, or images and labels as x and y",
      file.name(), file.listed());
}

Dataset npz_images(const NpzFile& archive, const ZipMember& member, const NpyArray& array,
                   ImageRange range, const fs::path& file) {
  Dataset set = images_in(array, range, file, archive.name());
  set.name = fmt::format("npz {} ({})", printable(file.filename().string()),
                         printable(NpzFile::key_of(member)));
  return set;
}

void take_npz_labels(Dataset& set, const NpzFile& archive, const ZipMember& labels,
                     std::int64_t count, ImageRange range, const fs::path& file) {
  take_labels(set, labels_in(archive.read(labels), count, archive.title(labels), archive.name()),
              range, file);
}

/// The array of labels beside those of inputs.
const ZipMember* labels_beside_inputs(const NpzFile& archive,
                                      const std::vector<std::string>& names) {
  for (const char* key : {"labels", "y"})
    if (const ZipMember* found = archive.find(key);
        found && std::ranges::find(names, key) == names.end())
      return found;
  return nullptr;
}

}  // namespace

Dataset read_npy_images(const fs::path& file, ImageRange range) {
  const NpyArray array = read_npy(file);
  Dataset set = images_in(array, range, file, shown(file));
  set.name = fmt::format("npy {}", printable(file.filename().string()));
  take_labels(set, labels_beside(file, array.shape[0]), range, file);
  return set;
}

Dataset read_npz_images(const fs::path& file, ImageRange range) {
  const NpzFile archive(file);
  const Pair pair = pair_of(archive);
  const NpyArray array = archive.read(*pair.images);
  Dataset set = npz_images(archive, *pair.images, array, range, file);
  if (pair.labels != nullptr)
    take_npz_labels(set, archive, *pair.labels, array.shape[0], range, file);
  return set;
}

std::vector<Dataset> read_npz_inputs(const fs::path& file, const std::vector<std::string>& names,
                                     ImageRange range) {
  const NpzFile archive(file);
  std::vector<Dataset> inputs;
  std::int64_t count = -1;
  for (const std::string& name : names) {
    const ZipMember* member = archive.find(name);
    if (member == nullptr)
      user_error("'{}' holds no array '{}' for the network's input of this name; it holds {}",
                 archive.name(), printable(name), archive.listed());
    const NpyArray array = archive.read(*member);
    inputs.push_back(npz_images(archive, *member, array, range, file));
    if (count >= 0 && array.shape[0] != count)
      user_error("'{}' holds {} images of '{}', but {} of '{}'", archive.name(), array.shape[0],
                 printable(name), count, printable(names[0]));
    count = array.shape[0];
  }
  if (const ZipMember* labels = labels_beside_inputs(archive, names))
    take_npz_labels(inputs[0], archive, *labels, count, range, file);
  return inputs;
}

}  // namespace assay
