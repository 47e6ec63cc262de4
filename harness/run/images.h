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

/// Reads the chosen images for a network that takes raw pixels of shape [N,C,H,W] (or [N,H,W,C] by
/// the input's layout), or [N,C*H*W] for images with as many values. UserError when images or
/// labels do not fit the network. Labels of made-up images are taken modulo its number of classes.
ChosenImages choose_images(const ImageChoice& choice, const Graph& pixels);

/// A question when the data names another number of classes than the network has: labels follow the
/// order of the classes in the data; else empty.
std::string class_note(const ChosenImages& images, const Graph& pixels);

/// A note for people when accuracy means nothing on these images, else empty.
std::string synthetic_note(const ChosenImages& images);

}  // namespace assay
