// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/npy.h"
#include "golden/data/readers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

std::optional<std::vector<std::uint16_t>> labels_beside(const fs::path& images,
                                                        std::int64_t count) {
  fs::path file = images;
  file.replace_extension(".labels.npy");
  std::error_code error;
  if (fs::symlink_status(file, error).type() == fs::file_type::not_found) return std::nullopt;
  if (!is_file(file))
    user_error("'{}' should hold the labels of '{}', but is no file; move it away", shown(file),
               shown(images));
  const NpyArray array = read_npy(file);
  if (array.type == NpyType::kFloat32 || array.type == NpyType::kFloat64)
    user_error("'{}' holds {}; labels are integers", shown(file), npy_type_name(array.type));
  if (array.shape.size() != 1 || array.shape[0] != count)
    user_error(
        "'{}' must hold one label for each of the {} images of '{}', as an array of one axis",
        shown(file), count, shown(images));
  return as_uint16(array, shown(file));
}

}  // namespace

Dataset read_npy_images(const fs::path& file, ImageRange range) {
  const NpyArray array = read_npy(file);
  if (array.type != NpyType::kUint8)
    user_error("'{}' holds {}, but images are uint8; convert it with numpy's astype", shown(file),
               npy_type_name(array.type));
  if (array.shape.size() != 4)
    user_error("'{}' has {} axes, but images are (N, C, H, W); reshape it", shown(file),
               array.shape.size());
  const ImageSpan span = resolve_range(range, array.shape[0], file);
  if (array.bytes.empty()) user_error("'{}' holds images without pixels", shown(file));

  Dataset set;
  set.name = fmt::format("npy {}", printable(file.filename().string()));
  set.channels = array.shape[1];
  set.height = array.shape[2];
  set.width = array.shape[3];
  const std::int64_t step = set.channels * set.height * set.width;
  const auto* first = reinterpret_cast<const std::uint8_t*>(array.bytes.data());
  set.pixels.assign(first + span.begin * step, first + span.end * step);
  if (const auto labels = labels_beside(file, array.shape[0]))
    set.labels.assign(labels->begin() + span.begin, labels->begin() + span.end);
  return set;
}

}  // namespace assay
