// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/png.h"
#include "golden/data/readers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kPixelLimit = std::uint64_t{1} << 32;

/// The entries whose names do not start with a dot, in byte order of their names.
std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.front() != '.') names.push_back(std::move(name));
  }
  if (error) user_error("cannot list '{}': {}", shown(folder), error.message());
  std::sort(names.begin(), names.end());
  std::vector<fs::path> paths;
  for (const std::string& name : names) paths.push_back(folder / name);
  return paths;
}

struct Listing {
  std::vector<std::string> class_names;
  std::vector<fs::path> files;
  std::vector<std::uint16_t> labels;
};

Listing list_classes(const fs::path& folder) {
  Listing listing;
  for (const fs::path& entry : sorted_entries(folder)) {
    if (!is_folder(entry))
      user_error("'{}' lies beside the class folders; move it away", shown(entry));
    const std::size_t label = listing.class_names.size();
    if (label > UINT16_MAX)
      user_error("'{}' has more than {} class folders", shown(folder), UINT16_MAX + 1);
    listing.class_names.push_back(printable(entry.filename().string()));
    for (fs::path& file : sorted_entries(entry)) {
      if (file.extension() != ".png" || !is_file(file))
        user_error("'{}' is no .png file; a class folder holds nothing else", shown(file));
      listing.files.push_back(std::move(file));
      listing.labels.push_back(static_cast<std::uint16_t>(label));
    }
  }
  if (listing.files.empty())
    user_error("'{}' holds no PNG files in class folders (nor another known data set)",
               shown(folder));
  return listing;
}

/// The last part of the path, also of one that ends in a slash.
std::string folder_name(const fs::path& folder) {
  const fs::path plain = folder.lexically_normal();
  return shown(plain.has_filename() ? plain.filename() : plain.parent_path().filename());
}

}  // namespace

Dataset read_png_folder(const fs::path& folder, ImageRange range) {
  Listing listing = list_classes(folder);
  const ImageSpan span =
      resolve_range(range, static_cast<std::int64_t>(listing.files.size()), folder);
  Dataset set;
  set.name = fmt::format("PNG {}", folder_name(folder));
  set.class_names = std::move(listing.class_names);
  const fs::path& first = listing.files[static_cast<std::size_t>(span.begin)];
  for (std::int64_t i = span.begin; i < span.end; ++i) {
    const fs::path& file = listing.files[static_cast<std::size_t>(i)];
    const PngImage image = read_png(file);
    if (set.pixels.empty()) {
      set.channels = image.channels;
      set.height = image.height;
      set.width = image.width;
    }
    if (image.channels != set.channels || image.height != set.height || image.width != set.width)
      user_error(
          "'{}' is {} x {} x {} (channels, height, width) but '{}' is {} x {} x {}; bring all "
          "images to one size",
          shown(file), image.channels, image.height, image.width, shown(first), set.channels,
          set.height, set.width);
    if (set.pixels.size() + image.pixels.size() > kPixelLimit)
      user_error("'{}' holds more than {} bytes of pixels; ask for a range of images",
                 shown(folder), kPixelLimit);
    set.pixels.insert(set.pixels.end(), image.pixels.begin(), image.pixels.end());
    set.labels.push_back(listing.labels[static_cast<std::size_t>(i)]);
  }
  return set;
}

}  // namespace assay
