// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/jpeg.h"
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
  paths.reserve(names.size());
  for (const std::string& name : names) paths.push_back(folder / name);
  return paths;
}

std::string ending(const fs::path& file) {
  std::string text = file.extension().string();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool is_jpeg(const fs::path& file) { return ending(file) == ".jpg" || ending(file) == ".jpeg"; }

bool is_picture(const fs::path& file) { return is_jpeg(file) || ending(file) == ".png"; }

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
      if (!is_picture(file) || !is_file(file))
        user_error("'{}' is no .png or .jpg file; a class folder holds nothing else", shown(file));
      listing.files.push_back(std::move(file));
      listing.labels.push_back(static_cast<std::uint16_t>(label));
    }
  }
  if (listing.files.empty())
    user_error("'{}' holds no PNG or JPEG files in class folders (nor another known data set)",
               shown(folder));
  return listing;
}

/// The last part of the path, also of one that ends in a slash.
std::string folder_name(const fs::path& folder) {
  const fs::path plain = folder.lexically_normal();
  return shown(plain.has_filename() ? plain.filename() : plain.parent_path().filename());
}

PngImage read_picture(const fs::path& file) {
  return is_jpeg(file) ? read_jpeg(file) : read_png(file);
}

/// Grey as a colour.
void make_colour(Dataset& set) {
  const std::vector<std::uint8_t> grey = std::move(set.pixels);
  const auto plane = static_cast<std::ptrdiff_t>(set.height * set.width);
  set.pixels.clear();
  set.channels = 3;
  for (auto at = grey.begin(); at != grey.end(); at += plane)
    for (int colour = 0; colour < 3; ++colour) set.pixels.insert(set.pixels.end(), at, at + plane);
}

/// Pictures of one size. Among those in colour, grey ones are colours, too.
class Pictures {
 public:
  Pictures(const fs::path& folder, Dataset& set) : folder_(folder), set_(set) {}

  void add(const fs::path& file) {
    PngImage image = read_picture(file);
    if (set_.pixels.empty()) start(file, image);
    if (image.height != set_.height || image.width != set_.width)
      user_error(
          "'{}' is {} x {} (height, width) but '{}' is {} x {}; bring all images to one size",
          shown(file), image.height, image.width, shown(first_), set_.height, set_.width);
    if (set_.channels < image.channels) make_colour(set_);
    if (set_.pixels.size() + image.pixels.size() > kPixelLimit)
      user_error("'{}' holds more than {} bytes of pixels; ask for a range of images",
                 shown(folder_), kPixelLimit);
    for (std::int64_t copies = set_.channels / image.channels; copies > 0; --copies)
      set_.pixels.insert(set_.pixels.end(), image.pixels.begin(), image.pixels.end());
  }

 private:
  void start(const fs::path& file, const PngImage& image) {
    first_ = file;
    set_.channels = image.channels;
    set_.height = image.height;
    set_.width = image.width;
  }

  const fs::path& folder_;
  Dataset& set_;
  fs::path first_;
};

}  // namespace

Dataset read_picture_folder(const fs::path& folder, ImageRange range) {
  Listing listing = list_classes(folder);
  const ImageSpan span =
      resolve_range(range, static_cast<std::int64_t>(listing.files.size()), folder);
  Dataset set;
  set.source_size = std::ssize(listing.files);
  set.name = fmt::format("pictures {}", folder_name(folder));
  set.pictures = true;
  set.class_names = std::move(listing.class_names);
  Pictures pictures(folder, set);
  for (std::int64_t i = span.begin; i < span.end; ++i) {
    pictures.add(listing.files[static_cast<std::size_t>(i)]);
    set.labels.push_back(listing.labels[static_cast<std::size_t>(i)]);
  }
  return set;
}

}  // namespace assay
