// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Images of one size with 8-bit pixels, and their labels where the source has them.
struct Dataset {
  std::string name;  ///< the format and the file or folder it came from
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;   ///< N * C * H * W; each image as planes, rows top to bottom
  std::vector<std::uint16_t> labels;  ///< one per image, or empty when the source has none
  std::vector<std::string> class_names;  ///< empty when the source names none
  bool synthetic = false;                ///< true: accuracy means nothing on these images
  std::string sha256;                    ///< dataset_sha256 of the images held here

  /// The number of images.
  std::int64_t size() const;
  /// The C * H * W bytes of one image. Aborts when `index` is outside [0, size()).
  std::span<const std::uint8_t> image(std::int64_t index) const;
};

/// SHA-256 of the text "N,C,H,W,L\n" (decimal; L labels) followed by the pixels and the labels, of a
/// byte each, or of two, the lower one first, where one is above 255.
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
///  - PNG: a folder of one folder per class, classes and files in byte order of their names;
///  - .npy: uint8 images (N, C, H, W), labels, integers up to 65535, in NAME.labels.npy beside
///    it where that exists.
/// A folder that holds cifar-10-batches-bin, cifar-10-batches-py, MNIST/raw or raw is entered.
/// UserError names the file and the remedy for anything that is damaged, empty or unknown, and for
/// a range that does not lie within the set. Nothing is skipped silently.
Dataset load_dataset(const std::filesystem::path& path, ImageRange range = {});

}  // namespace assay
