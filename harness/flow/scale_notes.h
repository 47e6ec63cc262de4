// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "harness/report/json.h"

namespace assay {

/// What became of scales that differ between the inputs of a product, as lines for people: each
/// product that took them into its weights, with its bits and, where `folding`
/// (reports/folding.json, or null) has the layer, what it is estimated to take; and what was
/// rounded instead, with what the exact form would take. `stages`: the reports of a run's stages. A
/// list of texts, mostly empty.
Json scale_notes(const std::vector<Json>& stages, const Json& folding);

}  // namespace assay
