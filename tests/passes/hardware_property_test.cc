// SPDX-License-Identifier: Apache-2.0
// Random networks, and those of the zoo, as hardware layers with random foldings: every layer can
// be built, and every checkpoint is what it was.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>

#include "compile/graph/views.h"
#include "compile/hw/layer.h"
#include "compile/passes/folding/set_folding.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/layers/specialize_layers.h"
#include "compile/passes/layers/xnor.h"
#include "compile/passes/lower/lower.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "compile/passes/widths/minimize_widths.h"
#include "passes/streamline_check.h"
#include "support/zoo.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the checks are what this file is about

void make_ready(Graph& graph) {
  PassContext context;
  lower(graph, context);
  convert_to_xnor(graph, context);
  minimize_widths(graph, context);
}

/// Any folding that divides; grouped windows follow.
void fold_at_random(Graph& graph, Random& random) {
  for (const auto& node : graph.nodes()) {
    const hw::LayerKind* kind = hw::find_layer(*node);
    if (!kind) continue;
    for (const hw::FoldingRule& rule : kind->rules(*node)) {
      std::int64_t value = random.range(1, rule.divides);
      while (rule.divides % value != 0) --value;
      kind->set_folding(*node, rule.field, value);
    }
  }
  follow_readers(graph);
}

void expect_layers(const Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (is_view(*node)) continue;
    ASSERT_NE(hw::find_layer(*node), nullptr) << node->label();
    EXPECT_GT(hw::build_layer(*node).cycles, 0) << node->label();
  }
}

void expect_equal_hardware(const Graph& before, const Graph& after, Random& random, int rounds) {
  const ExactExecutor reference = byte_executor(before), layers = byte_executor(after);
  for (int round = 0; round < rounds; ++round) {
    Integers pixels = random_pixels(random, *before.inputs()[0]->shape, round == 0);
    // The layers take their image channels last.
    const Shape& s = *before.inputs()[0]->shape;
    Integers turned = pixels;
    if (s.size() == 4 && *after.inputs()[0]->shape == Shape{s[0], s[2], s[3], s[1]})
      for (std::int64_t e = 0; e < std::ssize(pixels); ++e)
        turned[static_cast<std::size_t>(e % (s[2] * s[3]) * s[1] + e / (s[2] * s[3]))] =
            pixels[static_cast<std::size_t>(e)];
    const auto found = first_disagreement(reference.run({.inputs = {{pixels}}}),
                                          layers.run({.inputs = {{turned}}}));
    if (found)
      ADD_FAILURE() << found->checkpoint << "[" << found->element << "]: expected "
                    << found->expected << ", got " << found->got;
  }
}

void check_random_networks(std::uint64_t first, std::uint64_t last) {
  std::map<std::string, int> refusals;
  std::uint64_t layered = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    RandomGraph maker(seed, true);
    Graph before = random_clean_graph(maker), after;
    try {
      after = before;
      make_integer(after);
      make_ready(after);
      byte_executor(before);
    } catch (const UserError&) {
      continue;  // not what this test is about
    }
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, to_text(after)));
    try {
      PassContext context;
      infer_hw_layers(after, context);
    } catch (const UserError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("has no hardware layer: "), std::string::npos) << message;
      ++refusals[message.substr(message.find("layer: ") + 7)];
      continue;
    }
    verify(after);
    fold_at_random(after, maker.random());
    try {
      expect_layers(after);
      ++layered;
    } catch (const UserError& error) {
      // Wider than hardware takes; what it computes is defined all the same.
      EXPECT_NE(std::string_view(error.what()).find("more than"), std::string::npos)
          << error.what();
      ++refusals["too wide"];
    }
    expect_equal_hardware(before, after, maker.random(), 2);
    if (::testing::Test::HasFailure()) return;
  }
  for (const auto& [reason, count] : refusals) std::cout << count << " refused: " << reason << "\n";
  std::cout << layered << " networks became layers\n";
  EXPECT_GT(2 * layered, last - first);
}

TEST(HardwareProperty, RandomNetworksStayWhatTheyAreUnderAnyFolding) {
  check_random_networks(1, 150);
}

TEST(HardwarePropertyNightly, ManyRandomNetworksStayWhatTheyAreUnderAnyFolding) {
  check_random_networks(151, 700);
}

/// The steps behind the integer graph, down to foldings.
void check_network(const std::string& net, std::int64_t target) {
  Graph graph = zoo_graph(net, "qonnx", false);
  clean_up(graph);
  make_integer(graph);
  const Graph before = graph;
  make_ready(graph);
  PassContext context;
  EXPECT_TRUE(infer_hw_layers(graph, context));
  EXPECT_TRUE(create_dataflow_partition(graph, context));
  EXPECT_EQ(dataflow_partitions(graph).size(), 1U);
  EXPECT_TRUE(specialize_layers(graph, context));
  FoldingReport foldings;
  FoldingGoal goal;
  goal.target = target;
  choose_foldings(graph, goal, foldings);
  EXPECT_LE(foldings.slowest, target);
  EXPECT_TRUE(choose_memories(graph, context));
  verify(graph);
  expect_layers(graph);
  Random random(1);
  expect_equal_hardware(before, graph, random, 2);
}

#define LAYERED(Suite, Name, net, target) \
  TEST(Suite, Name) {                     \
    REQUIRE_SHARED("zoo/" net);           \
    check_network(net, target);           \
  }

LAYERED(HardwareZoo, TfcW1A1BecomesLayers, "tfc_w1a1", 1000)
LAYERED(HardwareZoo, TfcW2A2BecomesLayers, "tfc_w2a2", 1000)
LAYERED(HardwareZoo, CnvBecomesLayers, "cnv_w1a1", 20000)
LAYERED(HardwareZoo, Resnet8BecomesLayers, "resnet8_w4a4", 20000)
LAYERED(HardwareZoo, MobilenetBecomesLayers, "mobilenet_w4a4", 20000)
LAYERED(HardwareZooNightly, Resnet18BecomesLayers, "resnet18norm_w2a2", 1000000)

}  // namespace
}  // namespace assay
