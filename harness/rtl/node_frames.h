// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/rtl/directed.h"
#include "harness/rtl/node_run.h"

/// What a node's streams carry, frame after frame.
namespace assay {

/// The node's RTL and what it is built from; its streams carry nothing yet.
PreparedNode prepare_node(const Node& node);

/// Adds a frame to them; `values` gives golden's integers of a tensor.
void add_frame(PreparedNode& node,
               const std::function<std::vector<std::int64_t>(const Tensor*)>& values);

/// Adds frames for what `stimuli` has not seen yet, as many as a simulation has time for, with what
/// golden makes of them from the node alone.
void add_directed_frames(PreparedNode& node, NodeStimuli& stimuli, std::uint64_t seed);

}  // namespace assay
