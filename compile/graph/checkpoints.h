// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <unordered_set>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The tensors that an output of the graph depends on, the outputs themselves included.
std::unordered_set<const Tensor*> way_to_outputs(const Graph& graph);

/// The checkpoints that the graph itself calls for, whatever it records: its inputs, the activation
/// quantisers between an input and an output (Quant, BipolarQuant, Trunc, MultiThreshold,
/// JoinThreshold, DequantizeLinear after QuantizeLinear, layers with thresholds; FloatQuant
/// excepted), and its outputs. Named after their tensors, in the order of computation.
std::vector<Checkpoint> derived_checkpoints(const Graph& graph);

/// Adds behind the recorded checkpoints those derived ones that none of them carries: an output has
/// to be carried by itself, a quantiser's values also by copies of them. What is recorded as an
/// input carries nothing. Returns how many were added.
std::size_t complete_checkpoints(Graph& graph);

}  // namespace assay
