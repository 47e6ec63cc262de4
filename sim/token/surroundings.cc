// SPDX-License-Identifier: Apache-2.0
#include "sim/token/surroundings.h"

#include <algorithm>

namespace assay::sim {
namespace {

/// Steps to further nodes. With fewer many a node is on time that is late in the whole network;
/// with more hardly one is found late that was not, and the schedule takes longer.
constexpr int kMargin = 4;

/// A stream between two nodes.
struct Edge {
  std::size_t writer, reader;
};

std::vector<Edge> edges(const TokenNetwork& network) {
  const std::size_t nobody = network.nodes.size();
  std::vector<Edge> edges(network.beats.size(), {nobody, nobody});
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::size_t s : network.nodes[i].outputs) edges[s].writer = i;
    for (const std::size_t s : network.nodes[i].inputs) edges[s].reader = i;
  }
  std::erase_if(edges, [&](const Edge& e) { return e.writer == nobody || e.reader == nobody; });
  return edges;
}

/// Every node behind those that it reads from.
std::vector<std::size_t> along(const std::vector<Edge>& edges, std::size_t nodes) {
  std::vector<std::size_t> missing(nodes, 0), ready, order;
  std::vector<std::vector<std::size_t>> readers(nodes);
  for (const Edge& e : edges) {
    ++missing[e.reader];
    readers[e.writer].push_back(e.reader);
  }
  for (std::size_t i = nodes; i-- > 0;)
    if (missing[i] == 0) ready.push_back(i);
  while (!ready.empty()) {
    const std::size_t node = ready.back();
    ready.pop_back();
    order.push_back(node);
    for (const std::size_t reader : readers[node])
      if (--missing[reader] == 0) ready.push_back(reader);
  }
  return order;
}

}  // namespace

std::vector<std::size_t> surroundings(const TokenNetwork& network, std::size_t node) {
  const std::size_t nodes = network.nodes.size();
  const std::vector<Edge> edges = sim::edges(network);
  std::vector<std::size_t> order = along(edges, nodes);
  std::vector<std::size_t> place(nodes);
  for (std::size_t i = 0; i < nodes; ++i) place[order[i]] = i;
  std::vector<int> crossing(nodes + 1, 0);  // streams from before a place to it or behind it
  for (const Edge& e : edges)
    for (std::size_t i = place[e.writer] + 1; i <= place[e.reader]; ++i) ++crossing[i];

  std::size_t first = place[node], end = first + 1;
  while (crossing[first] > 1) --first;
  while (crossing[end] > 1) ++end;
  std::vector<bool> near(nodes, false);
  for (std::size_t i = first; i < end; ++i) near[order[i]] = true;
  const auto further = [&](std::size_t Edge::*from, std::size_t Edge::*to) {
    std::vector<bool> reached = near;
    for (int step = 0; step < kMargin; ++step) {
      const std::vector<bool> last = reached;
      for (const Edge& e : edges)
        if (last[e.*from]) reached[e.*to] = true;
    }
    return reached;
  };
  const auto before = further(&Edge::reader, &Edge::writer);
  const auto behind = further(&Edge::writer, &Edge::reader);
  std::erase_if(order, [&](std::size_t i) { return !before[i] && !behind[i]; });
  return order;
}

}  // namespace assay::sim
