// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The graph as an ONNX file at opset 14, equal bytes for equal graphs; import_bytes() gives the
/// same graph back when its nodes are sorted. Real-valued tensors are float32 with `finn_datatype`
/// and `tensor_layout` annotations; constants that float32 cannot hold are rounded there and exact
/// in the metadata entry `assay.constants`; checkpoints are in `assay.checkpoints`. UserError when
/// the graph mixes versions 1 and 2 of Trunc, which no file can say, or outgrows the 2 GiB of a
/// protobuf.
std::string export_bytes(const Graph& graph);

/// The same with entries of others in its metadata, in their order, in front of Assay's. An import passes them over. No
/// key begins with "assay.".
using ForeignMetadata = std::vector<std::pair<std::string, std::string>>;
std::string export_bytes(const Graph& graph, const ForeignMetadata& metadata);

/// Writes export_bytes() atomically.
void export_model(const Graph& graph, const std::filesystem::path& path);

}  // namespace assay
