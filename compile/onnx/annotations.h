// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "compile/graph/graph.h"
#include "compile/onnx/proto.h"

namespace assay {

/// Applies `finn_datatype` and `tensor_layout` annotations, and checks `tensor_sparsity`'s syntax.
/// A data type must hold a constant's values.
void apply_annotations(const onnx::GraphProto& proto,
                       const std::unordered_map<std::string, Tensor*>& tensors);

/// The annotated names of axes, "['N', 'H', 'W', 'C']" or "[]". UserError for anything else.
Layout parse_layout_list(std::string_view text);
/// UserError unless `text` is a literal of dictionaries, lists, tuples, sets, numbers and strings
/// in Python's syntax.
void check_literal(std::string_view text);

/// Adds the annotations of a tensor whose data type or layout its container does not say.
void add_annotation(onnx::GraphProto& proto, const Tensor& tensor);

}  // namespace assay
