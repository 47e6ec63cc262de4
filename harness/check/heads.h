// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "compile/graph/graph.h"
#include "compile/passes/cleanup/host_tail.h"

namespace assay {

/// A network whose last operators came off (take_off_tail()), and these.
struct Headless {
  const Graph& graph;
  const HostTail& tail;
};

/// The first output, of those whose checkpoints have the same name in both, of which the operators
/// that came off do not make the same: what the networks put out differs there, whatever is found in
/// front. Nothing where there is none. Movements that leave the elements in their order make no
/// difference, nor does where axes of one element lie.
std::optional<std::string> differing_heads(const Headless& a, const Headless& b);

}  // namespace assay
