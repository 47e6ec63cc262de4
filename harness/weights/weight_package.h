// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compile/backend/verilog/stitch.h"

namespace assay {

/// All that a host writes into a design's run-time weights: the words of every store, one store after the
/// other (host_words()).
std::vector<std::uint32_t> weight_words(const StitchedRtl& rtl);

/// A word of the package, where it lies.
struct WeightPlace {
  std::size_t store = 0;
  std::int64_t word = 0, column = 0;  ///< of the memory

  std::uint32_t address(const WeightStore& in) const {
    return static_cast<std::uint32_t>(in.address + 4 * (word * in.need.stride() + column));
  }
};
/// The places of weight_words(), in their order.
std::vector<WeightPlace> weight_places(std::span<const WeightStore> stores);

/// weights.npy: the words as int32, of which NumPy makes uint32 by a view.
std::string weights_npy(std::span<const std::uint32_t> words);
/// weights.json: for whom the words are, by the accelerator's content hash, where each store has its own, and what a
/// host makes of the results (training_text()); "" where none does.
std::string weights_json(const StitchedRtl& rtl, const std::string& content_hash,
                         std::span<const std::uint32_t> words, const std::string& training);

}  // namespace assay
