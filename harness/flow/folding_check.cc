// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_check.h"

#include <algorithm>

#include "compile/passes/layers/folding_config.h"

namespace assay {

void check_folding(Graph model, const std::vector<StageSpec>& stages, const Preprocess& preprocess,
                   const FoldingConfig& config) {
  const auto follows = std::ranges::find(stages, "specialize", &StageSpec::name);
  if (config.empty() || follows == stages.end()) return;
  for (auto stage = stages.begin(); stage != follows; ++stage)
    if (!stage->applies || stage->applies(pixel_graph(model, preprocess))) stage->build(model);
  check_folding_config(model, config);
}

}  // namespace assay
