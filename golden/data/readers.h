// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "golden/data/dataset.h"

namespace assay {

// One reader per form of data set; load_dataset chooses among them. Every reader checks its whole
// source, labels outside the range included, and throws UserError as load_dataset says. Pictures
// outside the range alone stay unread.

Dataset read_cifar10_binary(const std::filesystem::path& file, ImageRange range);
Dataset read_cifar10_python(const std::filesystem::path& file, ImageRange range);
/// `file` is the images or the labels file.
Dataset read_idx(const std::filesystem::path& file, ImageRange range);
Dataset read_picture_folder(const std::filesystem::path& folder, ImageRange range);
Dataset read_npy_images(const std::filesystem::path& file, ImageRange range);
Dataset read_npz_images(const std::filesystem::path& file, ImageRange range);
std::vector<Dataset> read_npz_inputs(const std::filesystem::path& file,
                                     const std::vector<std::string>& names, ImageRange range);

/// A range with both ends known, begin < end.
struct ImageSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// UserError when `range` is empty or ends beyond `size`; `source` names the set in the message.
ImageSpan resolve_range(ImageRange range, std::int64_t size, const std::filesystem::path& source);

/// The path as it is shown in messages.
std::string shown(const std::filesystem::path& path);

/// True for an existing regular file; UserError when the path cannot be examined.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

}  // namespace assay
