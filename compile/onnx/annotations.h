// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/onnx/proto.h"

namespace assay {

/// Applies `finn_datatype` and `tensor_layout` annotations, and checks `tensor_sparsity`'s syntax.
/// A data type must hold a constant's values. A well-formed list of axes that is no layout known
/// here is left out, as layouts say nothing about the arithmetic: returns a sentence for each.
std::vector<std::string> apply_annotations(const onnx::GraphProto& proto,
                                           const std::unordered_map<std::string, Tensor*>& tensors);

/// UserError unless `text` is a literal of dictionaries, lists, tuples, sets, numbers and strings
/// in Python's syntax.
void check_literal(std::string_view text);

/// Adds the annotations of a tensor whose data type or layout its container does not say.
void add_annotation(onnx::GraphProto& proto, const Tensor& tensor);

}  // namespace assay
