// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/hardware.h"
#include "harness/report/stage.h"

namespace assay {

/// What became of scales that differ between the inputs of a product, as lines for people: each
/// product that took them into its weights, with its bits and, where `folding` has the layer, what it
/// is estimated to take; and what was rounded instead, with what the exact form would take. Mostly
/// empty.
std::vector<std::string> scale_notes(const std::vector<report::Stage>& stages,
                                     const std::optional<report::Folding>& folding);

}  // namespace assay
