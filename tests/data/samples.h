// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A record of CIFAR-10's binary version; its pixel at byte p is (seed + p) % 251.
std::string cifar_record(int label, int seed);

/// IDX files of `labels.size()` images of height x width; the pixel at byte p is p % 253.
std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width);
std::string idx_labels(const std::vector<int>& labels);

std::string gzip(std::string_view bytes);

/// A zip file of these names and contents.
struct ZipSample {
  std::string name, content;
  bool deflated = false;
};
std::string zip(const std::vector<ZipSample>& members);

/// A JPEG file of quality 100; `samples` lie interleaved, grey (1) or RGB (3).
std::string jpeg(int channels, int height, int width, std::vector<std::uint8_t> samples);

/// An entry of a tar archive: header and content, padded.
std::string tar_entry(const std::string& name, std::string_view bytes, char type = '0');
/// The two zero blocks that end an archive.
std::string tar_end();

/// A batch of CIFAR-10's python version as Python 2 pickled it, opcode by opcode. Each member is
/// the text of one part, so that a test can damage it.
struct PickleParts {
  explicit PickleParts(const std::vector<int>& labels, std::string_view pixels);

  std::string head;    // PROTO to the MARK of the dict
  std::string labels;  // key and list
  std::string array;   // key, _reconstruct call and its REDUCE
  std::string state;   // MARK, version, shape
  std::string dtype;
  std::string data;  // order flag and BINSTRING
  std::string tail;  // BUILD to STOP

  std::string all() const;
};

std::string pickle_string(std::string_view bytes);  // SHORT_BINSTRING or BINSTRING
std::string pickle_number(std::int64_t number);     // BININT1, BININT2 or BININT
std::string pickle_global(const std::string& module, const std::string& name);

}  // namespace assay
