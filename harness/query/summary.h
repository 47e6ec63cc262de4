// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "compile/graph/graph.h"
#include "harness/report/query.h"

namespace assay {

/// Multiplications of one run of the graph: the positions each weight is used at, in Conv,
/// ConvTranspose, MatMul, Gemm, DepthwiseMatMul and XnorPopcountMatMul. Shapes must be known.
std::int64_t multiply_accumulates(const Graph& graph);

/// The values of all real-valued constants, integers of integer graphs included, that computed
/// tensors depend on, scales included.
std::int64_t parameter_count(const Graph& graph);

/// Name, ends, operators, parameters, MACs, checkpoints; sha256 is left empty.
report::Show graph_summary(const Graph& graph);
/// The same for people.
std::string summary_text(const report::Show& summary);

}  // namespace assay
