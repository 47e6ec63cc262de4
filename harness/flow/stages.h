// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/pipeline/pipeline.h"
#include "harness/run/preprocess.h"

namespace assay {

/// One named step of the flow.
struct StageSpec {
  std::string name;                 ///< "cleanup"
  std::vector<std::string> passes;  ///< names, in order
  Contract contract = Contract::kExact;
  StepOptions options;       ///< all that build() depends on besides the graph
  bool streamlines = false;  ///< fills the report
  bool integer = false;      ///< leaves no real number
  /// Whether the previous stage, from raw pixels, needs this step; empty: always.
  std::function<bool(const Graph&)> applies;
  /// Changes the previous stage's graph into this one's, verified after every pass, and tells what
  /// it did.
  std::function<PassReport(Graph&)> build;
  std::string id;  ///< "02_cleanup", once its place is known

  std::string file() const { return "stages/" + id + ".onnx"; }
  std::string report() const { return "reports/" + id + ".json"; }
};

/// The steps in order: import, cleanup, preprocess, postprocess, those of pipeline_steps() behind
/// cleanup, fifos. `preprocess` must outlive them.
std::vector<StageSpec> flow_stages(const Preprocess& preprocess, std::int64_t topk,
                                   const PassOptions& options);

/// The id of a step at a place, from 1: "02_cleanup".
std::string stage_id(std::size_t place, std::string_view name);
/// The name in an id; nothing when it is no id.
std::optional<std::string_view> stage_name(std::string_view id);

/// Whether the stage with this id puts out labels: postprocess and what is behind it, where the
/// network, `reference`, gets them and `topk` is above 0.
bool ends_in_labels(std::string_view id, const Graph& reference, std::int64_t topk);

/// The first steps up to and including `until` (a name or an id; empty: all). UserError when there
/// is no such step.
std::vector<StageSpec> stages_until(std::vector<StageSpec> stages, std::string_view until);

}  // namespace assay
