// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "compile/graph/graph.h"
#include "golden/data/dataset.h"

namespace assay {

/// Which images a command works on.
struct ImageChoice {
  std::string data;    ///< path; empty: made-up images
  std::string images;  ///< "N" or "A:B"; empty: all of them, or kSyntheticImages made-up ones
};

inline constexpr std::int64_t kSyntheticImages = 100;
inline constexpr std::uint64_t kSyntheticSeed = 1;

struct ChosenImages {
  Dataset set;
  std::int64_t first = 0;  ///< the number of the first image in its source

  std::int64_t size() const { return set.size(); }
};

/// Reads the chosen images for a network with input shape `shape` ([N, C, H, W], or [N, C*H*W]
/// for data whose images have as many values). UserError when the images do not fit the network.
ChosenImages choose_images(const ImageChoice& choice, const Shape& shape);

/// A note for people when accuracy means nothing on these images, else empty.
std::string synthetic_note(const ChosenImages& images);

}  // namespace assay
