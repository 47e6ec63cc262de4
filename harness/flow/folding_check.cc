// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/folding_check.h"

#include <algorithm>

#include "compile/passes/layers/folding_config.h"

namespace assay {

void check_folding(Graph model, const std::vector<StageSpec>& stages, const Preprocess& preprocess,
                   const FoldingConfig& config) {
  const auto follows = std::ranges::find(stages, "specialize", &StageSpec::name);
  if (config.empty() || follows == stages.end()) return;
  const auto build = [&](auto begin, auto end) {
    for (auto stage = begin; stage != end; ++stage)
      if (!stage->applies || stage->applies(pixel_graph(model, preprocess))) stage->build(model);
  };
  build(stages.begin(), follows);
  check_folding_config(model, config);
  const auto folds = std::ranges::find(stages, "fold", &StageSpec::name);
  build(follows, folds == stages.end() ? folds : std::next(folds));
}

}  // namespace assay
