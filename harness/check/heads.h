// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/passes/cleanup/host_tail.h"

namespace assay {

/// A network whose last operators came off (take_off_tail()), and these.
struct Headless {
  const Graph& graph;
  const std::vector<HostTail>& heads;
};

/// The first output, of those whose checkpoints have the same name in both, at which the operators
/// that came off are not the same function: what the networks put out differs there, whatever is
/// found in front. Nothing where there is none.
std::optional<std::string> differing_heads(const Headless& a, const Headless& b);

}  // namespace assay
