// SPDX-License-Identifier: Apache-2.0
// assay_host.h for C++17: errors are exceptions, frames are vectors, what is mapped is unmapped.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "assay_host.h"

namespace assay_host {

class Error : public std::runtime_error {
 public:
  Error(assay_error code, const assay_message& message)
      : std::runtime_error(std::string(assay_error_name(code)) + ": " + message.text),
        code_(code) {}
  assay_error code() const { return code_; }

 private:
  assay_error code_;
};

inline void check(assay_error error, const assay_message& message) {
  if (error != ASSAY_OK) throw Error(error, message);
}

/// Registers that are mapped while it lives.
class Mapping {
 public:
  /// Of /dev/mem or another such device.
  explicit Mapping(const assay_description& description, const char* path = "/dev/mem") {
    assay_message message;
    check(assay_map_memory(&mapping_, &description, path, &message), message);
  }
  /// Of a UIO device per mover, inputs first; behind them one for run-time weights.
  Mapping(const assay_description& description, const std::vector<std::string>& paths) {
    if (paths.size() != description.inputs + description.outputs + (description.weights ? 1 : 0))
      throw std::invalid_argument("a UIO device per mover, and for run-time weights, is needed");
    std::vector<const char*> names;
    for (const std::string& path : paths) names.push_back(path.c_str());
    assay_message message;
    check(assay_map_uio(&mapping_, &description, names.data(), &message), message);
  }
  ~Mapping() { assay_unmap(&mapping_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  assay_access access() { return assay_mapped(&mapping_); }

 private:
  assay_mapping mapping_{};
};

/// Values of many frames, in the network's order of axes, per input or output.
using Arrays = std::vector<std::vector<std::int64_t>>;

class Device {
 public:
  Device(const assay_description& description, const assay_access& access) {
    did(assay_open(&device_, &description, &access));
  }
  const assay_description& description() const { return *device_.description; }
  void set_buffer(unsigned mover, const assay_buffer& buffer) {
    did(assay_set_buffer(&device_, mover, buffer));
  }

  /// So many frames through the buffers, which hold them all.
  Arrays run(const Arrays& inputs, std::uint64_t frames, double seconds = 10) {
    if (inputs.size() != description().inputs)
      throw std::invalid_argument("an array per input is needed");
    for (unsigned i = 0; i < description().inputs; ++i) {
      if (inputs[i].size() != frames * assay_frame_values(&description().streams[i]))
        throw std::invalid_argument("an input has other sizes than its frames");
      did(assay_load(&device_, i, inputs[i].data(), frames));
    }
    did(assay_start(&device_, frames));
    did(assay_wait(&device_, seconds));
    Arrays outputs(description().outputs);
    for (unsigned i = 0; i < description().outputs; ++i) {
      outputs[i].resize(frames *
                        assay_frame_values(&description().streams[description().inputs + i]));
      did(assay_fetch(&device_, i, outputs[i].data(), frames));
    }
    return outputs;
  }
  /// Weights of another training, from the next frame on: assay_load_weights().
  void load_weights(const std::string& content_hash, const std::vector<std::uint32_t>& words,
                    double seconds = 10) {
    did(assay_load_weights(&device_, content_hash.c_str(), words.data(), words.size(), seconds));
  }
  std::vector<std::uint32_t> read_weights(double seconds = 10) {
    std::vector<std::uint32_t> words(assay_weight_words(&description()));
    did(assay_read_weights(&device_, words.data(), words.size(), seconds));
    return words;
  }
  std::uint64_t cycles(unsigned mover) {
    std::uint64_t cycles = 0;
    did(assay_cycles(&device_, mover, &cycles));
    return cycles;
  }

 private:
  void did(assay_error error) { check(error, device_.message); }
  assay_device device_{};
};

}  // namespace assay_host
