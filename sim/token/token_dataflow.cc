// SPDX-License-Identifier: Apache-2.0
#include "sim/token/token_dataflow.h"

#include <algorithm>
#include <unordered_map>

namespace assay::sim {

TokenNetwork token_network(const Dataflow& flow) {
  TokenNetwork network;
  std::unordered_map<const Node*, std::size_t> index;
  for (const Node* node : flow.nodes) {
    const hw::Layer& layer = flow.layer(node);
    index[node] = network.nodes.size();
    network.nodes.push_back({layer.timing, std::vector<std::size_t>(layer.inputs.size()),
                             std::vector<std::size_t>(layer.outputs.size())});
  }
  for (std::size_t s = 0; s < flow.streams.size(); ++s) {
    const DataflowStream& stream = flow.streams[s];
    const StreamEnd &writer = stream.writer, &reader = stream.reader;
    if (writer.node) network.nodes[index.at(writer.node)].outputs[writer.port] = s;
    if (reader.node) network.nodes[index.at(reader.node)].inputs[reader.port] = s;
    network.beats.push_back(reader.node ? flow.read(stream).beats : flow.written(stream).beats);
  }
  return network;
}

std::optional<hw::FifoTiming> fifo_timing(std::int64_t depth, int bits) {
  if (depth == 0) return {};
  return hw::FifoTiming{depth, hw::memory_style("auto", depth, bits) == "block"};
}

TokenNetwork with_fifos(TokenNetwork network,
                        const std::vector<std::optional<hw::FifoTiming>>& fifos) {
  const std::size_t layers = network.nodes.size();
  for (std::size_t s = 0; s < fifos.size(); ++s) {
    if (!fifos[s]) continue;
    const std::size_t before = network.beats.size();
    network.beats.push_back(network.beats[s]);
    for (std::size_t i = 0; i < layers; ++i)
      std::ranges::replace(network.nodes[i].outputs, s, before);
    network.nodes.push_back({*fifos[s], {before}, {s}});
  }
  return network;
}

}  // namespace assay::sim
