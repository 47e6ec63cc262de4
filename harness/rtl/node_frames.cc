// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/node_frames.h"

#include <algorithm>
#include <optional>

#include "compile/base/error.h"
#include "harness/rtl/rtl_folder.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Directed frames take at most so many cycles, but some there are always.
constexpr std::int64_t kDirectedCycles = 1 << 19, kLeastDirected = 8, kMostDirected = 256;

std::int64_t directed_budget(std::int64_t cycles) {
  return std::clamp(kDirectedCycles / std::max<std::int64_t>(cycles, 1), kLeastDirected,
                    kMostDirected);
}

/// Golden's outputs; nothing where it refuses a frame of a layer whose output type is proved of
/// narrower inputs than the type of its inputs: such a frame cannot occur.
std::optional<std::vector<Ints>> golden_outputs(const NodeAlone& golden, const NodeFrame& frame,
                                                const NodeStimuli& stimuli) {
  const report::Coverage counted = stimuli.coverage();
  if (counted.thresholds.all + counted.weight_bits.all > 0) return golden.outputs(frame);
  try {
    return golden.outputs(frame);
  } catch (const UserError&) {
    return {};
  }
}

}  // namespace

PreparedNode prepare_node(const Node& node) {
  PreparedNode p;
  p.node = &node;
  p.folder = node_folder(node.name);
  p.rtl = node_rtl(node, "assay_node");
  p.patience = patience_with(p.rtl.layer.cycles);
  p.inputs.resize(p.rtl.layer.inputs.size());
  p.outputs.resize(p.rtl.layer.outputs.size());
  add_design(p.spec, p.rtl);
  return p;
}

void add_frame(PreparedNode& node, const std::function<Ints(const Tensor*)>& values) {
  const hw::Layer& layer = node.rtl.layer;
  const auto add = [&](const std::vector<hw::Stream>& streams, std::vector<sim::Tokens>& tokens) {
    for (std::size_t s = 0; s < streams.size(); ++s) {
      const bool weights = streams[s].tensor->is_constant();
      if (weights && !tokens[s].bytes.empty()) continue;
      append_tokens(tokens[s],
                    stream_tokens(layer, streams[s], weights ? Ints() : values(streams[s].tensor)));
    }
  };
  add(layer.inputs, node.inputs);
  add(layer.outputs, node.outputs);
}

void add_directed_frames(PreparedNode& node, NodeStimuli& stimuli, std::uint64_t seed) {
  const NodeAlone golden(*node.node);
  const std::vector<const Tensor*> inputs = run_time_inputs(*node.node);
  for (const NodeFrame& frame : stimuli.directed(directed_budget(node.rtl.layer.cycles), seed)) {
    const auto outputs = golden_outputs(golden, frame, stimuli);
    if (!outputs) continue;
    add_frame(node, [&](const Tensor* tensor) {
      if (const auto in = std::ranges::find(inputs, tensor); in != inputs.end())
        return frame[static_cast<std::size_t>(in - inputs.begin())];
      const auto out = std::ranges::find(node.node->outputs, tensor);
      return outputs->at(static_cast<std::size_t>(out - node.node->outputs.begin()));
    });
    ++node.directed;
  }
}

}  // namespace assay
