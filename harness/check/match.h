// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "compile/graph/graph.h"

namespace assay {

/// Gives the checkpoints of `b` the names of `a`'s where two exports of one network name them
/// differently. "name": every checkpoint of one is in the other already, or the two
/// cannot be paired; nothing is changed. "order": both list the same kinds and shapes in the same
/// order, and the names of `b` were replaced.
std::string_view match_checkpoints(const Graph& a, Graph& b);

}  // namespace assay
