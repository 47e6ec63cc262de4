// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/check/answer.h"
#include "harness/report/console.h"
#include "harness/run/images.h"

namespace assay {

struct AccuracyModes {
  bool exact = true, floating = true;
};

/// What a network gets right, in the exact and in the float reference.
struct NetworkAccuracy {
  std::string network, sha256;
  std::optional<Accuracy> exact, floating;
  std::optional<std::int64_t> labels_changed;  ///< between the two, when both ran
};

/// Runs `pixels` (from raw pixels) on every image. UserError when the network gives neither logits
/// nor labels or the images have none.
NetworkAccuracy measure_accuracy(const Graph& pixels, const ChosenImages& images,
                                 AccuracyModes modes, std::int64_t topk, const Console& console,
                                 const std::string& label);

/// Summary per network and mode, then classes and confusion matrix of the last network.
std::string accuracy_text(const std::vector<NetworkAccuracy>& networks, const ChosenImages& images);

/// Writes every misclassified image as a PNG: DIR/image_12_label_3_said_5.png. Returns how many.
/// UserError unless the images have 1 or 3 channels.
std::int64_t save_misclassified(const Accuracy& accuracy, const ChosenImages& images,
                                const std::filesystem::path& dir);

}  // namespace assay
