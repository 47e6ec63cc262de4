// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "golden/data/npy.h"

namespace assay {

/// Images of one size, or other arrays of one shape, and their labels where the source has them.
struct Dataset {
  std::string name;  ///< the format and the file or folder it came from
  std::int64_t channels = 0, height = 0, width = 0;
  /// The shape of one in a file of arrays, whose axes may mean anything: channels, height and width
  /// only count them then. Empty where they are what they say.
  std::vector<std::int64_t> shape;
  NpyType type = NpyType::kUint8;  ///< of the elements; integers: the narrowest but kInt64
  /// N * C * H * W elements, little-endian; each image as planes, rows top to bottom, or as the file
  /// of arrays has it.
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint16_t> labels;     ///< one per image, or empty when the source has none
  std::vector<std::string> class_names;  ///< empty when the source names none
  bool synthetic = false;                ///< true: accuracy means nothing on these images
  bool pictures = false;         ///< files of pictures, which may be had in grey or in colour
  std::string sha256;            ///< dataset_sha256 of the images held here
  std::int64_t source_size = 0;  ///< the number of images in the source, which may be more

  /// The number of images.
  std::int64_t size() const;
  /// The bytes of the C * H * W elements of one image. Aborts when `index` is outside [0, size()).
  std::span<const std::uint8_t> image(std::int64_t index) const;
  /// The same as numbers. Aborts when they are floats.
  std::vector<std::int32_t> values(std::int64_t index) const;
  bool has_floats() const { return type == NpyType::kFloat32 || type == NpyType::kFloat64; }
};

/// Integers of [min, max] as elements of the narrowest of uint8, int8, uint16, int16 and int32 that
/// holds both.
NpyType narrowest_pixel_type(std::int64_t min, std::int64_t max);
/// Makes such elements of `values`. Aborts when one is beyond int32.
void set_pixels(Dataset& set, std::span<const std::int64_t> values);

/// SHA-256 of the text "N,C,H,W,L\n" (decimal; L labels), or "N,C,H,W,L,type\n" for elements of another
/// type than uint8, followed by the pixels and the labels, of a byte each, or of two, the lower one
/// first, where one is above 255.
std::string dataset_sha256(const Dataset& set);

/// Images [begin, end) in the order of the source.
struct ImageRange {
  std::int64_t begin = 0;
  std::int64_t end = -1;  ///< -1: to the last image
};

/// "100" is [0, 100), "10:20" is [10, 20). UserError for anything else and for an empty range.
ImageRange parse_image_range(std::string_view text);

/// Reads a data set; `path` is a file or a folder, in one of these forms:
///  - CIFAR-10 binary version: a .bin file, or a folder with test_batch.bin;
///  - CIFAR-10 python version: a batch file, or a folder with test_batch;
///  - IDX (MNIST): an images or labels file, plain or .gz, beside its partner, or a folder with
///    t10k-images-idx3-ubyte and its labels (train-images-idx3-ubyte when only that is there);
///  - PNG and JPEG: a folder of one folder per class, classes and files in byte order of their names;
///  - .npy: an array (N, ...) of integers up to 32 bits, bool or floats, labels, integers up to 65535,
///    in NAME.labels.npy beside it where that exists;
///  - .npz: the same, labels inside: x_test and y_test, x and y, images and labels, data and labels,
///    or one array alone.
/// A folder that holds cifar-10-batches-bin, cifar-10-batches-py, MNIST/raw or raw is entered.
/// UserError names the file and the remedy for anything that is damaged, empty or unknown, and for
/// a range that does not lie within the set. Nothing is skipped silently.
Dataset load_dataset(const std::filesystem::path& path, ImageRange range = {});

/// Reads what a network of several inputs takes: the arrays of a .npz file that have the inputs' names,
/// in the order of `names`, with one image of each for every image of the others. The first one has the
/// labels, from the array `labels`, or `y`, where it is there and no input's. UserError as above, and
/// where an array is missing.
std::vector<Dataset> load_inputs(const std::filesystem::path& path,
                                 const std::vector<std::string>& names, ImageRange range = {});
/// SHA-256 of the hashes of them, one after another.
std::string inputs_sha256(const std::vector<Dataset>& inputs);

}  // namespace assay
