// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/data/dataset.h"
#include "golden/data/synthetic.h"

namespace assay {

/// Which images a command works on.
struct ImageChoice {
  std::string data;    ///< path; empty: made-up images
  std::string images;  ///< "N" or "A:B"; empty: all of them, or kSyntheticImages made-up ones
};

inline constexpr std::int64_t kSyntheticImages = 100;
inline constexpr std::uint64_t kSyntheticSeed = 1;

struct ChosenImages {
  Dataset set;             ///< integers that the network's inputs hold, as InputFeed takes them
  std::int64_t first = 0;  ///< the number of the first image in its source
  std::vector<std::string> inputs = {};  ///< the names of the network's own

  std::int64_t size() const { return set.size(); }
};

/// What may be fed to an input: the integers of its type, at most those of 32 bits.
IntegerRange pixel_range(const Tensor& input);

/// Reads the chosen images for a network that takes integers, such as raw pixels, by the layout of its
/// input (pixel_graph()). Images are planes, or arrays of the input's shape, of the same with the
/// channels moved first or last, or in one row; pictures become grey or colour as the network needs.
/// Floats are what stands at the network's own input, where pixels have become reals: they have to be
/// pixel / 255 for pixels that are divided by 255, integers where nothing is done to pixels, and any
/// floats where a quantiser makes integers of them (Preprocess "quantiser"). The images of a network of
/// several inputs are arrays of a .npz file (load_inputs()). UserError when images or
/// labels do not fit the network. Labels of made-up images are taken modulo its number of classes.
ChosenImages choose_images(const ImageChoice& choice, const Graph& pixels);

/// The names of the inputs that a network has itself, behind its pre-processing.
std::vector<std::string> own_inputs(const Graph& pixels);

/// Whether every float of the set is a byte / 255 in float32: what ToTensor makes of pixels.
bool holds_scaled_bytes(const Dataset& set);

/// A remark when the data name fewer classes than the network has: labels follow the order of the
/// classes in the data; else empty.
std::string class_note(const ChosenImages& images, const Graph& pixels);

/// A note for people when accuracy means nothing on these images, else empty.
std::string synthetic_note(const ChosenImages& images);

}  // namespace assay
