// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "harness/report/json.h"

namespace assay {

/// A graph as the page draws it: `tensors` (name, data type, shape as text, checkpoint or ""),
/// constants left out, and `nodes` (name, operator, indices of input tensors, of output tensors,
/// lines about constants and foldings). Null beyond kMaxPageNodes nodes.
Json page_graph(const Graph& graph);

inline constexpr std::size_t kMaxPageNodes = 3000;

}  // namespace assay
