// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/streamline.h"

#include <algorithm>
#include <array>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/streamline/integer_graph.h"

namespace assay {
namespace {

using streamline::Depth;

/// Runs the symbolic execution; whether the graph changed.
bool streamline_to(Graph& graph, Depth depth, const streamline::StreamlineLimits& limits,
                   PassReport& report) {
  Graph result = streamline::integer_graph(graph, depth, limits, report);
  // Digests of large weights take time: look at the cheap signs first.
  if (result.nodes().size() == graph.nodes().size() &&
      result.tensors().size() == graph.tensors().size() && to_text(result) == to_text(graph))
    return false;
  graph = std::move(result);
  return true;
}

[[noreturn]] void not_integer(const Tensor& tensor, const std::string& what) {
  const Node* node = tensor.producer            ? tensor.producer
                     : tensor.consumers.empty() ? nullptr
                                                : tensor.consumers[0];
  user_error(
      "tensor '{}' of {} {}; every tensor must be integer here: quantise it in the model, or "
      "streamline the graph first",
      printable(tensor.name), node ? node->label() : "the graph", what);
}

}  // namespace

bool absorb_scales(Graph& graph, PassContext& context) {
  const int weight_bits = context.options.input_weight_bits;
  if (weight_bits < 1 || weight_bits > kMaxWeightBits)
    user_error("{} bits for weights are outside [1, {}]", weight_bits, kMaxWeightBits);
  return streamline_to(
      graph, Depth::kScales,
      {.weight_bits = weight_bits, .declared_weights = context.options.runtime_weights},
      context.report);
}

bool residual_sums(Graph& graph, PassContext& context) {
  const PassOptions& options = context.options;
  if (options.join_budget < 1 || options.join_budget > kMaxJoinBits)
    user_error("a budget of {} fraction bits is outside [1, {}]", options.join_budget,
               kMaxJoinBits);
  if (options.join_bits && (*options.join_bits < 0 || *options.join_bits > kMaxJoinBits))
    user_error("{} fraction bits are outside [0, {}]", *options.join_bits, kMaxJoinBits);
  return streamline_to(graph, Depth::kJoins,
                       {.joins = {options.join_budget, options.join_bits},
                        .declared_weights = options.runtime_weights},
                       context.report);
}

bool integer_tail(Graph& graph, PassContext& context) {
  return streamline_to(graph, Depth::kTail, {.declared_weights = context.options.runtime_weights},
                       context.report);
}

std::string constant_output_problem(const std::string& output) {
  return fmt::format(
      "output '{}' is the same for every input: a quantiser in front of it has one level alone "
      "within its reach; look at the scales in front of it in the model",
      printable(output));
}

bool streamline_refusals(Graph& graph, const PassOptions& options, std::vector<Refusal>& found,
                         const std::function<void(std::size_t, std::size_t)>& progress) {
  constexpr std::array kDepths = {Depth::kScales, Depth::kJoins, Depth::kTail};
  const std::size_t nodes = graph.nodes().size();
  std::size_t before = 0;
  const streamline::StreamlineLimits limits = {.weight_bits = options.input_weight_bits,
                                               .joins = {options.join_budget, options.join_bits},
                                               .declared_weights = options.runtime_weights};
  for (const Depth depth : kDepths) try {
      PassReport report;
      graph =
          streamline::integer_graph(graph, depth, limits, report, &found, [&](std::size_t done) {
            progress(before + std::min(done, nodes), kDepths.size() * nodes);
          });
      before += nodes;
      for (const std::string& output : report.constant_outputs)
        found.push_back(Refusal::of("", constant_output_problem(output)));
    } catch (const UserError& error) {  // of an output
      found.push_back(Refusal::of("", error.what()));
      return false;
    }
  progress(before, before);
  return true;
}

void verify_integer(const Graph& graph) {
  for (const auto& tensor : graph.tensors()) {
    const bool used =
        tensor->producer || graph.is_input(tensor.get()) || !tensor->consumers.empty();
    if (!used) continue;
    if (!tensor->dtype.is_integer())
      not_integer(*tensor, "has the data type " + tensor->dtype.name());
    if (tensor->constant && tensor->constant->is_real())
      not_integer(*tensor, "holds numbers that are no float32 and no integers");
  }
}

}  // namespace assay
