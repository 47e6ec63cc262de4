// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/stage_files.h"

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/passes/streamline/streamline.h"

namespace assay {
namespace {

/// A pass sees only the graph before it, where another node may carry a quantiser's checkpoint.
void name_checkpoints(const Graph& graph, PassReport& report) {
  for (QuantiserReport& quantiser : report.quantisers) {
    if (!quantiser.checkpoint.empty()) continue;
    for (const Checkpoint& checkpoint : graph.checkpoints())
      if (checkpoint.tensor->producer && checkpoint.tensor->producer->name == quantiser.result)
        quantiser.checkpoint = checkpoint.name;
  }
}

}  // namespace

BuiltStage build_stage(const RunDir& dir, const StageSpec& stage, Graph previous) {
  BuiltStage built;
  built.report = stage.build(previous);
  if (previous.nodes().empty())
    user_error(
        "stage {}: no node is left, as the network only passes its input on; there is nothing to "
        "build, end the run in front of it with --until",
        stage.id);
  const std::string bytes = export_bytes(previous);
  built.sha256 = sha256(bytes);
  dir.write(stage.file(), bytes);
  built.graph = read_stage(dir, stage.file());
  name_checkpoints(built.graph, built.report);
  if (stage.integer) verify_integer(built.graph);
  return built;
}

Graph read_stage(const RunDir& dir, const std::string& file) {
  return import_bytes(read_file(dir.file(file)), {}, dir.file(file).string());
}

}  // namespace assay
