// SPDX-License-Identifier: Apache-2.0
#include "harness/stage_files.h"

#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/passes/streamline.h"

namespace assay {

BuiltStage build_stage(const RunDir& dir, const StageSpec& stage, Graph previous) {
  BuiltStage built;
  stage.build(previous, built.report);
  const std::string bytes = export_bytes(previous);
  built.sha256 = sha256(bytes);
  dir.write(stage.file(), bytes);
  built.graph = read_stage(dir, stage.file());
  if (stage.integer) verify_integer(built.graph);
  return built;
}

Graph read_stage(const RunDir& dir, const std::string& file) {
  return import_bytes(read_file(dir.file(file)), {}, dir.file(file).string());
}

}  // namespace assay
