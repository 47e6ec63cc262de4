// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/report/stage.h"

namespace assay {

/// "stage 05_quantize_input changed 7 of 90 activations (7.78 %) and 1 of 5 labels; top-1 ..."
std::string effect_text(std::string_view stage, const report::Effect& effect);

/// "84.50 % (643 of 761)", or "-".
std::string accuracy_cell(const std::optional<report::Accuracy>& accuracy);

}  // namespace assay
