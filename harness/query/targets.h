// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "golden/data/metrics.h"
#include "harness/query/accuracy.h"

namespace assay {

/// What the outputs of a network should be, where that is no label.
struct Targets {
  struct Output {
    std::string name;
    std::int64_t images = 0;          ///< that the array has
    std::vector<double> values;       ///< of all images
    bool integers = false;            ///< in the file
    std::vector<std::int64_t> shape;  ///< of one image
  };
  std::vector<Output> outputs;
};

/// Reads them for `outputs`, the names of a network's: an array (N, ...) in a .npy file for one output, or
/// of a .npz file by the outputs' names, all of them and no others. UserError names the file.
Targets read_targets(const std::filesystem::path& file, const std::vector<std::string>& outputs);

/// How close one output comes to its targets over all images.
struct OutputQuality {
  std::string output;
  std::int64_t predicted = 0;  ///< elements, or places, that should have been compared
  std::int64_t compared = 0;
  std::optional<ErrorCounter> error;    ///< of reals against reals
  std::optional<std::int64_t> correct;  ///< places whose largest channel is the target
};

struct NetworkQuality {
  std::string network, sha256;
  std::optional<std::vector<OutputQuality>> exact, floating;
};

/// The names of a graph's outputs as its checkpoints have them, labels apart.
std::vector<std::string> output_names(const Graph& pixels);

/// Runs `pixels` (from integers) on every image; image i of a data set belongs to entry i of an array,
/// counted from the first one of its source. Targets of an output's own shape are its values; integers of
/// that shape without its channels are the class of each place. UserError where shapes or numbers do not
/// fit.
NetworkQuality measure_targets(const Graph& pixels, const ChosenImages& images,
                               const Targets& targets, AccuracyModes modes, const Console& console,
                               const std::string& label);

std::string quality_text(const std::vector<NetworkQuality>& networks);

}  // namespace assay
