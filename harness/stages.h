// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/graph.h"
#include "harness/preprocess.h"

namespace assay {

/// One named step of the flow.
struct StageSpec {
  std::string name;                 ///< "cleanup"
  std::string id;                   ///< "02_cleanup"
  std::vector<std::string> passes;  ///< names, in order
  std::string_view contract;        ///< "exact"
  /// Changes the previous stage's graph into this one's, verified after every pass.
  std::function<void(Graph&)> build;

  std::string file() const { return "stages/" + id + ".onnx"; }
  std::string report() const { return "reports/" + id + ".json"; }
};

/// The steps in order: import, cleanup, preprocess, postprocess. `preprocess` must outlive them.
std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk);

/// The first steps up to and including `until` (a name or an id; empty: all). UserError when there
/// is no such step.
std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until);

}  // namespace assay
