// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "compile/graph/graph.h"
#include "compile/onnx/export.h"
#include "compile/onnx/proto.h"

namespace assay {

using TensorMap = std::unordered_map<std::string, Tensor*>;

/// Reads `assay.constants`: the exact values behind float32 initialisers. Each must round to its
/// initialiser.
void read_exact_constants(const onnx::ModelProto& model, const TensorMap& tensors);
inline constexpr std::string_view kProducer = "assay";

/// Reads `assay.checkpoints` into the graph. False when the file has none. UserError when Assay
/// wrote the file and the entry, which comes last in it, is missing: the file is cut short.
bool read_checkpoints(const onnx::ModelProto& model, Graph& graph);

/// Writes both entries, each only when there is something to say.
void write_metadata(onnx::ModelProto& model, const Graph& graph);

/// Appends entries of others.
void add_metadata(onnx::ModelProto& model, const ForeignMetadata& metadata);

/// The model as a file's bytes, equal for equal models.
std::string model_bytes(const onnx::ModelProto& model);

}  // namespace assay
