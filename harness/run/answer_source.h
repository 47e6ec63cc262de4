// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "compile/graph/graph.h"

namespace assay {

/// How a graph answers: from its logits where it has exactly one such checkpoint and that is one row
/// per image, else from its label.
struct AnswerSource {
  std::optional<std::size_t> logits, label;  ///< places in the checkpoint list
  std::int64_t classes = 0;                  ///< 0: not known, the network gives labels alone
  std::int64_t ranks = 0;                    ///< how many labels are ranked
};
/// Nothing when the graph has neither, several logits or a map and no label, or a single class.
std::optional<AnswerSource> answer_source(const Graph& graph);

}  // namespace assay
