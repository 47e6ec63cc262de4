// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "compile/graph/graph.h"
#include "compile/passes/streamline_report.h"

/// Turns a graph with real scales into one of integers, exactly and for any acyclic topology.
///
/// Every tensor of the old graph is carried through it as a sum of integer tensors of the new one,
///
///     real = sum_k scale_k * T_k + offset        (exact scales and offsets that broadcast),
///
/// convolutions, products, sums, pools and movements of data map such sums to such sums, and a
/// quantiser collapses a sum to one integer tensor by integer thresholds (design 3 and 3.1).
/// Nothing depends on an order of rewrites. Each pass below goes one step further than the one
/// before it; what is integer already stays as it is. All throw UserError naming the node that
/// stops them, the operator and the remedy. All expect a graph after cleanup, with batch size 1.
namespace assay {

/// Quantisers of one integer become thresholds, scales and offsets move into them; only sums of
/// several scales and the tail keep real numbers. Contract: exact.
bool absorb_scales(Graph& graph, StreamlineReport& report);

inline constexpr int kMaxJoinBits = 56;  ///< of a budget and of join_bits

struct JoinOptions {
  int budget = 32;               ///< fraction bits that a line form may take
  std::optional<int> join_bits;  ///< so many fraction bits, even if some combinations go wrong
};
/// Quantisers of several integers become JoinThreshold or, where one multiple makes the scales
/// equal, a plain sum with thresholds. Contract: exact without `join_bits`, else approximate. Over
/// the budget: UserError with node, channel, step and the count of pairs that cannot be separated.
bool residual_sums(Graph& graph, const JoinOptions& options, StreamlineReport& report);

/// Real outputs become integers: logits as they are with their meaning as the checkpoint's unit and
/// shift, the input of TopK as integers of the same order for every reachable value, ties included.
/// Afterwards the graph is integer (verify_integer). Contract: exact.
bool integer_tail(Graph& graph, StreamlineReport& report);

/// UserError naming the first tensor that is not integer, its node and the remedy. Weights and
/// thresholds included.
void verify_integer(const Graph& graph);

/// Whether the network's input must be quantised to become integer: its pixels have several scales
/// or an offset and reach a product or a padded window before any quantiser. If so, the tensor to
/// quantise, else null.
Tensor* input_to_quantize(const Graph& graph);
inline constexpr int kMinInputBits = 2, kMaxInputBits = 16;
/// Inserts a signed quantiser of `bits` bits behind the input's normalisation, where
/// input_to_quantize() says so; its scale is the smallest float32 that reaches the largest value.
/// Contract: approximate (every checkpoint behind it may change). Returns false when there is
/// nothing to do. UserError when bits is outside
/// [kMinInputBits, kMaxInputBits].
bool quantize_input(Graph& graph, int bits, StreamlineReport& report);

}  // namespace assay
