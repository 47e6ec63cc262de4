// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/stage_files.h"

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace assay {
BuiltStage build_stage(const StageSpec& stage, Graph previous) {
  PassReport report = stage.build(previous);
  if (previous.nodes().empty())
    user_error(
        "stage {}: no node is left, as the network only passes its input on; there is nothing to "
        "build, end the run in front of it with --until",
        stage.id);
  return {export_bytes(previous), std::move(report)};
}

Graph read_stage(const RunDir& dir, const std::string& file) {
  return import_bytes(read_file(dir.file(file)), {}, dir.file(file).string());
}

}  // namespace assay
