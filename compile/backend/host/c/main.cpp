// SPDX-License-Identifier: Apache-2.0
// Holds the accelerator on a board against golden: the images of input_0.npy, .. go in, what comes out is written to
// result_0.npy, .. and compared with golden_0.npy, ..; all integers, in the network's order of axes.
//
//     ./validate [FOLDER] [BATCH]      FOLDER: of the arrays, ../driver; BATCH: images at a time, 100
//     ./validate --weights FOLDER [BATCH]      with weights of another training: FOLDER is of `assay weights`, which leaves
//                                              weights.npy, weights.json and the arrays
//
// Exit code 0: EQUIVALENT; 1: DIFFERENT; 2: it could not run; 3: nothing was there to compare.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "accelerator.h"
#include "assay_host.hpp"
#include "board.hpp"
#include "npy.hpp"

namespace {

using assay_host::Arrays;

const assay_description& kAccelerator = assay_accelerator;

const assay_stream& output(unsigned i) { return kAccelerator.streams[kAccelerator.inputs + i]; }

std::string file_name(const std::string& folder, const char* what, unsigned i) {
  return folder + "/" + what + "_" + std::to_string(i) + ".npy";
}

/// Values of as many frames as `frames`, of weights that come as a stream, whose file has a frame.
void repeat(std::vector<std::int64_t>& values, std::uint64_t frames) {
  const std::vector<std::int64_t> frame = values;
  for (std::uint64_t more = 1; more < frames; ++more)
    values.insert(values.end(), frame.begin(), frame.end());
}

/// Files of every stream; `frames` is how many all of them have.
Arrays read_all(const std::string& folder, const char* what, const assay_stream* streams,
                unsigned count, std::uint64_t& frames) {
  Arrays arrays;
  bool known = false;
  for (unsigned i = 0; i < count; ++i) {
    const npy::Array array = npy::read(file_name(folder, what, i));
    const std::uint64_t here = array.shape.empty() ? 0 : array.shape[0];
    const bool as_the_others = streams[i].constant ? here == 1 : !known || here == frames;
    if (array.values.size() != here * assay_frame_values(&streams[i]) || !as_the_others)
      throw std::runtime_error(file_name(folder, what, i) + " is no array of the frames of '" +
                               streams[i].name + "'");
    if (!streams[i].constant) frames = here, known = true;
    arrays.push_back(array.values);
  }
  for (unsigned i = 0; i < count; ++i)
    if (streams[i].constant) repeat(arrays[i], frames);
  return arrays;
}

/// `frames` frames of each array, from `first` on.
Arrays part(const Arrays& arrays, std::uint64_t first, std::uint64_t frames) {
  Arrays some;
  for (unsigned i = 0; i < arrays.size(); ++i) {
    const auto size = static_cast<std::ptrdiff_t>(assay_frame_values(&kAccelerator.streams[i]));
    const auto begin = arrays[i].begin() + static_cast<std::ptrdiff_t>(first) * size;
    some.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(frames) * size);
  }
  return some;
}

Arrays execute(assay_host::Device& device, const Arrays& inputs, std::uint64_t frames,
               std::uint64_t batch) {
  Arrays all(kAccelerator.outputs);
  for (std::uint64_t first = 0; first < frames; first += batch) {
    const std::uint64_t now = std::min(batch, frames - first);
    const Arrays results = device.run(part(inputs, first, now), now);
    for (unsigned i = 0; i < all.size(); ++i)
      all[i].insert(all[i].end(), results[i].begin(), results[i].end());
  }
  return all;
}

void write_all(const std::string& folder, const Arrays& results, std::uint64_t frames) {
  for (unsigned i = 0; i < results.size(); ++i) {
    std::vector<std::uint64_t> shape = {frames};
    for (unsigned axis = 1; axis < output(i).rank; ++axis)
      shape.push_back(output(i).shape[output(i).perm[axis]]);
    npy::write(file_name(folder, "result", i), {shape, results[i]});
  }
}

bool frame_differs(const Arrays& results, const Arrays& golden, std::uint64_t frame) {
  for (unsigned i = 0; i < results.size(); ++i) {
    const auto size = static_cast<std::ptrdiff_t>(assay_frame_values(&output(i)));
    const auto at = static_cast<std::ptrdiff_t>(frame) * size;
    if (!std::equal(results[i].begin() + at, results[i].begin() + at + size,
                    golden[i].begin() + at))
      return true;
  }
  return false;
}

int compare(const Arrays& results, const Arrays& golden, std::uint64_t frames) {
  std::uint64_t differing = 0;
  for (std::uint64_t frame = 0; frame < frames; ++frame)
    if (frame_differs(results, golden, frame) && ++differing <= 10)
      std::printf("image %llu differs from golden\n", static_cast<unsigned long long>(frame));
  std::printf("%s: %llu images compared, %llu differ\n", differing ? "DIFFERENT" : "EQUIVALENT",
              static_cast<unsigned long long>(frames), static_cast<unsigned long long>(differing));
  return differing ? 1 : 0;
}

/// For what RTL weights were packed, as weights.json says: the 64 digits behind "content_hash".
std::string hash_of_weights(const std::string& file) {
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()),
      key = "\"content_hash\": \"";
  const std::size_t at = text.find(key), end = text.find('"', at + key.size());
  if (at == std::string::npos || end != at + key.size() + 64)
    throw std::runtime_error(file + " is not there, or none of 'assay weights'");
  return text.substr(at + key.size(), 64);
}

void load_weights(assay_host::Device& device, const std::string& folder) {
  const npy::Array array = npy::read(folder + "/weights.npy");
  const std::vector<std::uint32_t> words(array.values.begin(), array.values.end());
  device.load_weights(hash_of_weights(folder + "/weights.json"), words);
  std::printf("weights of '%s': %llu words written and read back\n", folder.c_str(),
              static_cast<unsigned long long>(words.size()));
}

int validate(const std::string& folder, std::uint64_t batch, bool with_weights) {
  std::uint64_t frames = 0, golden_frames = 0;
  const Arrays inputs =
      read_all(folder, "input", kAccelerator.streams, kAccelerator.inputs, frames);
  const Arrays golden = read_all(folder, "golden", &output(0), kAccelerator.outputs, golden_frames);
  if (frames == 0 || frames != golden_frames) {
    std::printf("INCONCLUSIVE: %llu images, %llu results of golden\n",
                static_cast<unsigned long long>(frames),
                static_cast<unsigned long long>(golden_frames));
    return 3;
  }
  batch = std::min(batch, frames);
  const auto board = open_board(kAccelerator);
  assay_host::Device device(kAccelerator, board->access());
  for (unsigned i = 0; i < kAccelerator.inputs + kAccelerator.outputs; ++i)
    device.set_buffer(i, board->allocate(i, assay_buffer_bytes(&kAccelerator.streams[i], batch)));
  if (with_weights) load_weights(device, folder);
  const Arrays results = execute(device, inputs, frames, batch);
  write_all(folder, results, frames);
  std::printf("'%s' of RTL %.12s... is what runs\n", kAccelerator.network,
              kAccelerator.content_hash);
  std::printf("%s: %llu cycles for the last batch\n", kAccelerator.streams[0].mover,
              static_cast<unsigned long long>(device.cycles(0)));
  return compare(results, golden, frames);
}

}  // namespace

int main(int count, char** arguments) try {
  const bool with_weights = count > 1 && arguments[1] == std::string("--weights");
  if (with_weights) --count, ++arguments;
  if (with_weights && count < 2) throw std::invalid_argument("--weights takes a folder");
  const std::uint64_t batch = count > 2 ? std::stoull(arguments[2]) : 100;
  if (batch == 0) throw std::invalid_argument("a batch has at least one image");
  return validate(count > 1 ? arguments[1] : "../driver", batch, with_weights);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
