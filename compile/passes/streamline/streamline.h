// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compile/base/refusal.h"
#include "compile/passes/rewrite/pass_context.h"

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

inline constexpr int kMaxWeightBits = 60;
inline constexpr int kMaxHardwareWeightBits = 32;  ///< more have stages up to widths, but no layer

/// Quantisers of one integer become thresholds, scales and offsets move into them; only sums of
/// several scales and the tail keep real numbers. Where the inputs of a product have different
/// scales with rational ratios, integers in proportion to them go into its weights, up to
/// PassOptions::input_weight_bits bits; beyond, the product is made once for each scale. Contract:
/// exact. UserError when input_weight_bits is outside [1, kMaxWeightBits].
bool absorb_scales(Graph& graph, PassContext& context);

inline constexpr int kMaxJoinBits = 56;  ///< of a budget and of join_bits

/// Quantisers of several integers become JoinThreshold or, where one multiple makes the scales
/// equal, a plain sum with thresholds. Line forms take up to PassOptions::join_budget fraction
/// bits. Contract: exact without PassOptions::join_bits, else approximate. Over the budget:
/// UserError with node, channel, step and the count of pairs that cannot be separated.
bool residual_sums(Graph& graph, PassContext& context);

/// Real outputs become integers: logits as they are with their meaning as the checkpoint's unit and
/// shift, the input of TopK as integers of the same order for every reachable value, ties included.
/// Afterwards the graph is integer (verify_integer). Contract: exact.
bool integer_tail(Graph& graph, PassContext& context);

/// What is wrong with an output of PassReport::constant_outputs: hardware that puts out one number
/// whatever it gets is right, and of no use.
std::string constant_output_problem(const std::string& output);

/// The three passes above for a network that may be refused: everything that stops a node is added to
/// `found`, and what is behind it is looked at as if its outputs were new inputs of 8-bit integers, which
/// the graph then has. False where an output is refused: then the graph is of no use. `progress` is
/// called with how many nodes were looked at, of about how many.
bool streamline_refusals(Graph& graph, const PassOptions& options, std::vector<Refusal>& found,
                         const std::function<void(std::size_t, std::size_t)>& progress);

/// UserError naming the first tensor that is not integer, its node and the remedy. Weights and
/// thresholds included.
void verify_integer(const Graph& graph);

/// The tensor behind the normalisation of the network's input where its pixels have several scales
/// or an offset and reach a product or a padded window before any quantiser, else null.
Tensor* normalised_input(const Graph& graph);

/// What the exact form of such an input takes: integers in proportion to the scales in the weights
/// of the products that it reaches, and thresholds that depend on the position where padding is.
struct InputForm {
  std::vector<UnitReport> products;
  std::string
      obstacle;  ///< why there is none, a clause; empty: absorb_scales() and residual_sums()
                 ///< make it, with no more than the weight bits that were allowed
};
/// Looks at the part of the network in front of its first quantisers.
InputForm exact_input_form(const Graph& graph, const PassOptions& options);

inline constexpr int kInputBits = 8, kMinInputBits = 2, kMaxInputBits = 16;
/// Inserts a signed quantiser of PassOptions::input_bits bits, kInputBits without it, behind the
/// input's normalisation, where normalised_input() is; its scale is the smallest float32 that
/// reaches the largest value. The report says what exact_input_form() would take. Contract:
/// approximate (every checkpoint behind it may change). Returns false when there is nothing to do.
/// UserError when input_bits is outside [kMinInputBits, kMaxInputBits].
bool quantize_input(Graph& graph, PassContext& context);
/// Whether the network needs that: it has a normalised input that has no exact form, or that is to
/// be quantised by PassOptions::input_bits.
bool needs_quantized_input(const Graph& graph, const PassOptions& options);

/// Whether factors per channel in front of a dense product, such as those of a batch normalisation,
/// keep the network from becoming hardware: their ratios are irrational, or need more than
/// PassOptions::input_weight_bits bits, and there are too many for a product each, or padding is in
/// the way of that.
bool needs_rounded_scales(const Graph& graph, const PassOptions& options);

inline constexpr int kMinScaleBits = 2, kMaxScaleBits = 40;
/// Rounds the factors per channel that reach a dense product before any quantiser, and come from
/// behind one, to multiples of one unit, the largest with PassOptions::scale_bits bits. Contract:
/// approximate (every checkpoint behind them may change). UserError when scale_bits is outside
/// [kMinScaleBits, kMaxScaleBits].
bool round_scales(Graph& graph, PassContext& context);

}  // namespace assay
