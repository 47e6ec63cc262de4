// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/fields.h"

namespace assay::report {

/// What the images of a comparison can show: what is the same on every image, or never answered,
/// could be wrong without a difference.
struct Stimuli {
  struct Checkpoint {
    std::string name;
    std::int64_t elements = 0, constant = 0;  ///< of one image; those that no image changes
    std::int64_t channels = 0, constant_channels = 0;
    void fields(Fields& f);
  };
  std::int64_t images = 0, distinct = 0;
  std::int64_t blank = 0;               ///< images of one value throughout
  std::vector<Checkpoint> checkpoints;  ///< of the network as imported, inputs apart
  std::optional<std::int64_t> classes;  ///< null where the network gives no logits
  std::optional<std::vector<std::string>> class_names;  ///< where the data have them
  std::vector<std::int64_t> never_predicted;
  std::optional<std::vector<std::int64_t>> never_labelled;  ///< null without real labels
  void fields(Fields& f);
};

}  // namespace assay::report
