// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/folding/set_folding.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/hw/devices.h"
#include "compile/hw/layer.h"
#include "compile/passes/folding/folding_space.h"
#include "passes/hardware_net.h"

namespace assay {
namespace {

bool fold(Graph& graph, std::int64_t target, FoldingReport& report) {
  FoldingGoal goal;
  goal.target = target;
  return choose_foldings(graph, goal, report);
}

/// The network's hardware layers.
Graph with_layers(IntegerNet& net, Tensor* result) {
  Graph graph = ready_for_hardware(net, result);
  PassContext context;
  infer_hw_layers(graph, context);
  return graph;
}

/// A product of 100 inputs and 10 outputs.
Graph folded_product() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({100, 10}, -2, 2, random);
  return with_layers(net, net.add(ops::MatMul{}, {net.pixels({1, 100}), w}, "fc"));
}

/// As choose_foldings() weighs: in billionths of the device.
std::int64_t cost(const hw::Resources& r, const hw::Device& device) {
  constexpr std::int64_t kWhole = 1'000'000'000;
  const auto share = [](std::int64_t amount, std::int64_t has) {
    return amount * (kWhole / std::max<std::int64_t>(has, 1));
  };
  return share(r.lut, device.has.lut) + share(r.ff, device.has.ff) +
         share(r.bram, device.has.bram) + share(r.dsp, device.has.dsp);
}

/// The least cost of the product's foldings that keep the target.
std::int64_t least_cost(Graph graph, std::int64_t target, const hw::Device& device) {
  Node& node = only_node<hw::MVAU>(graph);
  auto& op = *node.as<hw::MVAU>();
  std::int64_t least = -1;
  for (const std::int64_t pe : {1, 2, 5, 10})
    for (const std::int64_t simd : {1, 2, 4, 5, 10, 20, 25, 50, 100})
      for (const auto& [memory, style] : {std::pair("embedded", "lut"),
                                          {"embedded", "dsp"},
                                          {"embedded", "packed"},
                                          {"decoupled", "lut"},
                                          {"decoupled", "dsp"},
                                          {"decoupled", "packed"},
                                          {"embedded", "adder_graph"}}) {
        // Of the whole matrix only, and where nothing slower would do.
        if (style == std::string("adder_graph") && (pe < 10 || simd < 100 || target > 1)) continue;
        op.preferred_impl_style = style;
        op.pe = pe;
        op.simd = simd;
        op.mem_mode = memory;
        const hw::Layer layer = hw::build_layer(node, false);
        if (layer.cycles > target) continue;
        const std::int64_t c = cost(hw::estimate_resources(layer, device), device);
        if (least < 0 || c < least) least = c;
      }
  return least;
}

TEST(SetFolding, KeepsTheTargetAtTheLeastCost) {
  const hw::Device& device = hw::find_device(kCostDevice);
  for (const std::int64_t target : {2000, 1000, 999, 300, 71, 50, 10, 9, 1}) {
    Graph graph = folded_product();
    const std::int64_t least = least_cost(graph, target, device);
    FoldingReport report;
    EXPECT_TRUE(fold(graph, target, report)) << "how it multiplies is said";
    const hw::Layer layer = hw::build_layer(only_node<hw::MVAU>(graph), false);
    EXPECT_LE(layer.cycles, target);
    EXPECT_EQ(report.slowest, layer.cycles);
    EXPECT_EQ(report.estimate, hw::estimate_resources(layer, device));
    EXPECT_EQ(cost(report.estimate, device), least) << target;
    EXPECT_TRUE(report.slow.empty());
    EXPECT_FALSE(fold(graph, target, report));
  }
}

TEST(SetFolding, PutsLargeWeightsIntoBlockRamWhereThatIsCheaper) {
  const auto memory = [](std::int64_t inputs, std::int64_t outputs) {
    IntegerNet net;
    std::mt19937 random(1);
    Tensor* w = net.random_values({inputs, outputs}, -7, 7, random);
    Graph graph =
        ready_for_hardware(net, net.add(ops::MatMul{}, {net.pixels({1, inputs}), w}, "fc"));
    PassContext context;
    infer_hw_layers(graph, context);
    FoldingReport report;
    fold(graph, inputs * outputs, report);
    EXPECT_EQ(report.estimate.bram, only<hw::MVAU>(graph).mem_mode == "decoupled" ? 1 : 0);
    return only<hw::MVAU>(graph).mem_mode;
  };
  EXPECT_EQ(memory(16, 16), "embedded");
  EXPECT_EQ(memory(64, 64), "decoupled");
}

TEST(SetFolding, KeepsWhatIsDecided) {
  Graph graph = folded_product();
  only_node<hw::MVAU>(graph).as<hw::MVAU>()->pe = 5;
  FoldingGoal goal;
  goal.target = 300;
  goal.decided = {{"Defaults", {{"PE", 5}}}};
  FoldingReport report;
  choose_foldings(graph, goal, report);
  EXPECT_EQ(only<hw::MVAU>(graph).pe, 5);
  EXPECT_EQ(only<hw::MVAU>(graph).simd, 1);
  EXPECT_EQ(report.slowest, 200);
}

TEST(SetFolding, ThePassTakesWishesAndTheTargetFromTheOptions) {
  Graph graph = folded_product();
  PassContext context{.options = {.target_cycles = 100}};
  context.options.folding = {
      {only_node<hw::MVAU>(graph).name, {{"PE", 5}, {"SIMD", 1}, {"preferred_impl_style", "lut"}}}};
  EXPECT_TRUE(set_folding(graph, context));
  EXPECT_EQ(only<hw::MVAU>(graph).pe, 5);
  EXPECT_EQ(only<hw::MVAU>(graph).simd, 1);
  EXPECT_NE(only<hw::MVAU>(graph).preferred_impl_style, "lut");  // decided before
  EXPECT_NE(only<hw::MVAU>(graph).ram_style, "auto");
  ASSERT_GE(context.report.remarks.size(), 2U);
  EXPECT_EQ(context.report.remarks[0].text, "configured by the user");
  EXPECT_EQ(context.report.remarks[1].text, "takes 200 cycles per frame; the target is 100");
  EXPECT_FALSE(set_folding(graph, context));
}

/// A depthwise convolution of 6 channels: windows, then products.
Graph depthwise() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({6, 1, 3, 3}, -7, 7, random);
  Graph graph =
      ready_for_hardware(net, net.add(conv2d(3, 1, 1, 6), {net.pixels({1, 6, 8, 8}), w}, "dw"));
  PassContext context;
  infer_hw_layers(graph, context);
  return graph;
}

TEST(SetFolding, GroupedWindowsAndTheirReaderAgree) {
  // 64 windows of 9 taps of 6 channels: tap by tap the generator needs 576 cycles even with all six at
  // once, by whole windows one for each of the 100 pixels.
  for (const std::int64_t target : {4000, 1200, 600, 100, 99}) {
    Graph graph = depthwise();
    const Graph before = graph;
    FoldingReport report;
    fold(graph, target, report);
    const auto& generator = only<hw::ConvolutionInputGenerator>(graph);
    const auto& reader = only<hw::VVAU>(graph);
    EXPECT_EQ(generator.simd, reader.pe) << target;
    EXPECT_TRUE(generator.parallel_window || target >= 576) << target;
    EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
    EXPECT_EQ(report.slow.size(), target < 100 ? 2U : 0U) << target;
    for (const SlowLayer& layer : report.slow) EXPECT_EQ(layer.cycles, 100);
  }
}

TEST(SetFolding, WhatCannotReachTheTargetIsUnfoldedAsFarAsItGoes) {
  Graph graph = depthwise();
  FoldingReport report;
  fold(graph, 1, report);
  EXPECT_EQ(only<hw::FMPadding>(graph).simd, 6);
  EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).simd, 6);
  EXPECT_EQ(only<hw::VVAU>(graph).pe, 6);
  EXPECT_EQ(report.slowest, 100);
  EXPECT_EQ(report.target, 1);
  EXPECT_EQ(report.slow.size(), 3U);
}

TEST(SetFolding, NoLayerIsFasterThanTheSlowestForNothing) {
  Graph hurried = depthwise(), slow = depthwise();
  FoldingReport report, at_its_pace;
  fold(hurried, 1, report);
  fold(slow, 100, at_its_pace);
  EXPECT_EQ(report.estimate, at_its_pace.estimate);
  for (std::size_t i = 0; i < hurried.nodes().size(); ++i)
    EXPECT_EQ(fields_text(*hurried.nodes()[i]->op), fields_text(*slow.nodes()[i]->op));
}

/// Windows of 36 pixels of 3 x 3 x 6, 16 of them.
TEST(SetFolding, WindowsComeWholeWhereTapByTapIsTooSlow) {
  for (const auto& [target, whole] : {std::pair(144, false), std::pair(143, true)}) {
    IntegerNet net;
    std::mt19937 random(1);
    Tensor* w = net.random_values({4, 6, 3, 3}, -7, 7, random);
    Graph graph = ready_for_hardware(net, net.add(conv2d(3), {net.pixels({1, 6, 6, 6}), w}, "acc"));
    PassContext context;
    infer_hw_layers(graph, context);
    FoldingReport report;
    fold(graph, target, report);
    EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).parallel_window, whole) << target;
    EXPECT_LE(report.slowest, target);
  }
}

/// 200 products of 8 x 8 bits and 600 of 2 x 8: too many tables for the part that weighs.
TEST(SetFolding, ProductsGoWhereThePartHasRoom) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.add(ops::MatMul{},
                      {net.pixels({1, 20}), net.random_values({20, 100}, -127, 127, random)}, "a");
  x = net.thresholds(x, 100, 3, -900, 900, random, "q");
  x = net.add(ops::MatMul{}, {x, net.random_values({100, 60}, -127, 127, random)}, "b");
  Graph graph = with_layers(net, x);
  FoldingReport report;
  fold(graph, 10, report);
  EXPECT_LE(report.slowest, 10);
  const hw::Device& device = hw::find_device(kCostDevice);
  EXPECT_LE(report.estimate.lut, device.has.lut);
  EXPECT_GT(report.estimate.dsp, 0);
  EXPECT_LE(report.estimate.dsp, device.has.dsp);
}

TEST(SetFolding, NoStreamBecomesTooWide) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 16384});
  Graph graph = with_layers(
      net, net.add(ops::MatMul{}, {x, net.random_values({16384, 1}, 1, 1, random)}, "fc"));
  FoldingReport report;
  fold(graph, 1, report);
  EXPECT_EQ(only<hw::MVAU>(graph).simd, hw::kMaxStreamBits / 8);
  ASSERT_EQ(report.slow.size(), 1U);
  EXPECT_EQ(report.slow[0].cycles, 8 / (hw::kMaxStreamBits / 16384));
}

TEST(SetFolding, AParallelWindowTakesAllChannels) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({4, 6, 3, 3}, -7, 7, random);
  Graph graph = with_layers(net, net.add(conv2d(3), {net.pixels({1, 6, 5, 5}), w}, "acc"));
  auto& node = only_node<hw::ConvolutionInputGenerator>(graph);
  node.as<hw::ConvolutionInputGenerator>()->parallel_window = true;
  FoldingGoal goal;
  goal.target = 1000;
  goal.decided = {{"Defaults", {{"parallel_window", 1}}}};
  FoldingReport report;
  choose_foldings(graph, goal, report);
  EXPECT_EQ(only<hw::ConvolutionInputGenerator>(graph).simd, 6);
  EXPECT_TRUE(only<hw::ConvolutionInputGenerator>(graph).parallel_window);
}

/// Windows of 20 x 20 pixels of 6 channels.
Graph large_windows() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({4, 6, 3, 3}, -7, 7, random);
  return with_layers(net, net.add(conv2d(3), {net.pixels({1, 6, 20, 20}), w}, "acc"));
}

/// What the next frame's words wait in counts as the ring's.
TEST(SetFolding, ALeastRingIsWeighedWithTheRoomThatItLeavesToOthers) {
  Graph graph = large_windows();
  const hw::Device& device = hw::find_device(kCostDevice);
  const FoldingSpace space = folding_space(graph, {}, device, 1);
  const auto is_windows = [](const FoldingUnit& unit) {
    return unit.node->as<hw::ConvolutionInputGenerator>() != nullptr;
  };
  const FoldingUnit& unit = *std::ranges::find_if(space.units, is_windows);
  int least = 0;
  for (const FoldingCandidate& c : unit.candidates) {
    if (!c.least_ring) continue;
    ++least;
    EXPECT_FALSE(c.parallel_window);
    FoldingCandidate whole = c;
    whole.least_ring = false;
    unit.apply(whole);
    const hw::Layer overlapping = hw::build_layer(*unit.node, false);
    unit.apply(c);
    const hw::Layer alone = hw::build_layer(*unit.node, false);
    EXPECT_LT(overlapping.cycles, c.cycles);
    EXPECT_EQ(alone.cycles, c.cycles);
    EXPECT_LT(hw::estimate_resources(alone, device).lut, c.resources.lut);
  }
  EXPECT_EQ(least, 4);  // SIMD of 1, 2, 3 and 6
}

/// Its 324 windows take 9 cycles each with all channels at once, the first one of a frame 43 + 1.
TEST(SetFolding, ALeastRingThatIsDecidedStays) {
  for (const auto& [target, slow] : {std::pair(2951, 0U), std::pair(2950, 1U)}) {
    Graph graph = large_windows();
    only_node<hw::ConvolutionInputGenerator>(graph)
        .as<hw::ConvolutionInputGenerator>()
        ->least_ring = true;
    FoldingGoal goal;
    goal.target = target;
    goal.decided = {{"Defaults", {{"least_ring", 1}}}};
    FoldingReport report;
    choose_foldings(graph, goal, report);
    EXPECT_TRUE(only<hw::ConvolutionInputGenerator>(graph).least_ring);
    EXPECT_EQ(report.slow.size(), slow) << target;
  }
}

// ---- Neighbours and devices

/// A product of `in` inputs and `middle` outputs, and behind its thresholds one with `out` outputs.
Graph two_products(std::int64_t in, std::int64_t middle, std::int64_t out, std::int64_t largest,
                   std::int64_t steps, std::int64_t reach) {
  IntegerNet net;
  std::mt19937 random(1);
  const auto product = [&](Tensor* x, std::int64_t rows, std::int64_t columns, const char* name) {
    Tensor* w = net.random_values({rows, columns}, -largest, largest, random);
    return net.add(ops::MatMul{}, {x, w}, name);
  };
  Tensor* x = product(net.pixels({1, in}), in, middle, "first");
  x = net.thresholds(x, middle, steps, -reach, reach, random, "q");
  return with_layers(net, product(x, middle, out, "second"));
}

Graph two_products() { return two_products(24, 12, 8, 2, 3, 900); }

/// The least cost of both layers and the converter between them.
std::int64_t least_pair(Graph graph, std::int64_t target, const hw::Device& device) {
  const FoldingSpace space = folding_space(graph, {}, device, target);
  EXPECT_EQ(space.units.size(), 2U);
  EXPECT_EQ(space.edges.size(), 1U);
  std::int64_t least = -1;
  for (const FoldingCandidate& a : space.units[0].candidates)
    for (const FoldingCandidate& b : space.units[1].candidates) {
      if (std::max(a.cycles, b.cycles) > target) continue;
      hw::Resources sum = a.resources;
      sum += b.resources;
      sum += converter_resources(a.out_lanes[0], b.in_lanes[0], space.edges[0].bits, device);
      if (least < 0 || cost(sum, device) < least) least = cost(sum, device);
    }
  return least;
}

TEST(SetFolding, ChoosesLanesWithTheNeighboursInMind) {
  const hw::Device& device = hw::find_device(kCostDevice);
  int equal = 0;
  for (const std::int64_t target : {288, 144, 100, 72, 48, 24, 12, 6, 1}) {
    Graph graph = two_products();
    const std::int64_t least = least_pair(graph, target, device);
    FoldingReport report;
    fold(graph, target, report);
    EXPECT_LE(report.slowest, target);
    EXPECT_EQ(cost(report.estimate, device), least) << target;
    const auto nodes = nodes_of_type<hw::MVAU>(graph);
    equal += nodes.at(0)->as<hw::MVAU>()->pe == nodes.at(1)->as<hw::MVAU>()->simd ? 1 : 0;
  }
  EXPECT_GT(equal, 3);
}

bool within(const hw::Resources& r, const hw::Resources& has, std::int64_t share) {
  return r.lut * 100 <= has.lut * share && r.ff * 100 <= has.ff * share &&
         r.bram * 100 <= has.bram * share && r.dsp * 100 <= has.dsp * share;
}

FoldingReport fit(const std::string& device, std::int64_t share, std::int64_t least = 0,
                  bool required = false) {
  Graph graph = two_products();
  FoldingGoal goal;
  goal.device = device;
  goal.share = share;
  goal.least = least;
  goal.required = required;
  FoldingReport report;
  choose_foldings(graph, goal, report);
  EXPECT_LE(report.slowest, report.target);
  EXPECT_TRUE(report.slow.empty());
  EXPECT_TRUE(within(report.estimate, hw::find_device(device).has, share)) << device << share;
  return report;
}

TEST(SetFolding, FillsTheShareOfADevice) {
  EXPECT_EQ(fit("xc7z020", 70).target, 1);
  std::int64_t last = 1;
  for (const std::int64_t share : {70, 40, 20, 15}) {
    const std::int64_t target = fit("ice40hx8k", share).target;
    EXPECT_GE(target, last);
    last = target;
  }
  EXPECT_GT(last, 1);
}

/// Of 16 x 16 values of 8 bits, alike but for their constants.
Graph equal_products() { return two_products(16, 16, 16, 127, 127, 9000); }

/// The least interval of all foldings of both products that fit a share of a device.
std::int64_t least_interval(const hw::Device& device, std::int64_t share) {
  Graph graph = equal_products();
  const FoldingSpace space = folding_space(graph, {}, device, 1);
  std::int64_t least = -1;
  const auto consider = [&](const std::vector<const FoldingCandidate*>& chosen) {
    hw::Resources sum;
    std::int64_t cycles = 0;
    for (const FoldingCandidate* c : chosen) {
      sum += c->resources;
      cycles = std::max(cycles, c->cycles);
    }
    for (const FoldingEdge& e : space.edges)
      sum += converter_resources(chosen[e.writer]->out_lanes[e.output],
                                 chosen[e.reader]->in_lanes[e.input], e.bits, device);
    if (within(sum, device.has, share) && (least < 0 || cycles < least)) least = cycles;
  };
  for (const FoldingCandidate& a : space.units.at(0).candidates)
    for (const FoldingCandidate& b : space.units.at(1).candidates) consider({&a, &b});
  return least;
}

TEST(SetFolding, LayersThatAreAlikeShareWhatIsScarce) {
  const hw::Device& device = hw::find_device("xc7z010");
  int mixed = 0;
  for (std::int64_t share = 5; share <= 95; ++share) {
    Graph graph = equal_products();
    FoldingGoal goal;
    goal.device = "xc7z010";
    goal.share = share;
    FoldingReport report;
    choose_foldings(graph, goal, report);
    EXPECT_TRUE(within(report.estimate, device.has, share)) << share;
    EXPECT_EQ(report.slowest, least_interval(device, share)) << share;
    const auto nodes = nodes_of_type<hw::MVAU>(graph);
    mixed += nodes.at(0)->as<hw::MVAU>()->preferred_impl_style !=
                     nodes.at(1)->as<hw::MVAU>()->preferred_impl_style
                 ? 1
                 : 0;
  }
  EXPECT_GT(mixed, 0);
}

TEST(SetFolding, ADeviceNeedNotBeFilledBeyondATarget) {
  const FoldingReport fastest = fit("ice40hx8k", 20), slow = fit("ice40hx8k", 20, 144, true);
  ASSERT_LT(fastest.target, 144);
  ASSERT_GT(fastest.target, 1);
  EXPECT_EQ(slow.target, 144);
  EXPECT_LT(slow.estimate.lut, fastest.estimate.lut);
  EXPECT_EQ(fit("ice40hx8k", 20, fastest.target, true).target, fastest.target);
  EXPECT_EQ(fit("ice40hx8k", 20, 1).target, fastest.target);
  EXPECT_THAT(
      user_error_of([] { fit("ice40hx8k", 20, 1, true); }),
      ::testing::HasSubstr(fmt::format("no folding keeps 1 cycles per frame in 20 % of ice40hx8k: "
                                       "the fewest that fit, as estimated, are {};",
                                       fastest.target)));
}

TEST(SetFolding, RefusesATargetThatIsRequiredAndCannotBeReached) {
  Graph graph = folded_product();
  Node& node = only_node<hw::MVAU>(graph);
  PassContext context;
  // Ten outputs, one at a time, of a hundred inputs: the folding file keeps the layer slow.
  context.options.folding = {{node.name, {{"PE", 1}}}};
  context.options.target_cycles = 9;
  context.options.target_required = true;
  EXPECT_THAT(user_error_of([&] { set_folding(graph, context); }),
              ::testing::AllOf(::testing::HasSubstr("no folding keeps 9 cycles per frame: "),
                               ::testing::HasSubstr(node.name), ::testing::HasSubstr("takes 10 "),
                               ::testing::HasSubstr("1 of 1 layers are slower"),
                               ::testing::HasSubstr("--target-cycles 10, ")));
  context.options.target_cycles = 10;
  EXPECT_TRUE(set_folding(graph, context));
  context.options.target_cycles = 9;
  context.options.target_required = false;
  set_folding(graph, context);
  ASSERT_FALSE(context.report.remarks.empty());
  EXPECT_EQ(context.report.remarks.back().text, "takes 10 cycles per frame; the target is 9");
}

TEST(SetFolding, ADeviceTakesThePlaceOfTheTarget) {
  Graph graph = two_products();
  PassContext context{.options = {.device = "xc7z020", .device_share = 70}};
  EXPECT_TRUE(set_folding(graph, context));
  EXPECT_EQ(hw::build_layer(*nodes_of_type<hw::MVAU>(graph).at(0), false).cycles, 1);
}

/// Lines of 24 pixels of six channels, read by one product or by one of each channel.
Graph convolved(std::int64_t groups) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({6, 6 / groups, 3, 3}, -2, 2, random);
  return with_layers(net,
                     net.add(conv2d(3, 1, 1, groups), {net.pixels({1, 6, 24, 24}), w}, "conv"));
}

/// Where the lines lie in a share of a device.
std::string memory_of_lines(const std::string& device, std::int64_t groups,
                            const std::string& wish = "auto") {
  Graph graph = convolved(groups);
  Node& node = only_node<hw::ConvolutionInputGenerator>(graph);
  FoldingGoal goal;
  goal.device = device;
  if (wish != "auto") {
    node.as<hw::ConvolutionInputGenerator>()->ram_style = wish;
    goal.decided = {{node.name, {{"ram_style", wish}}}};
  }
  FoldingReport report;
  choose_foldings(graph, goal, report);
  hw::Resources sum;
  for (const auto& n : graph.nodes())
    if (hw::find_layer(*n))
      sum += hw::estimate_resources(hw::build_layer(*n, false), hw::find_device(device));
  EXPECT_EQ(report.estimate.bram, sum.bram);
  return node.as<hw::ConvolutionInputGenerator>()->ram_style;
}

TEST(SetFolding, LinesOfADeviceWithoutMemoriesOfLutsGoIntoBlockRam) {
  for (const std::int64_t groups : {1, 6}) {
    EXPECT_EQ(memory_of_lines("up5k", groups), "block") << groups;
    EXPECT_EQ(memory_of_lines("ice40hx8k", groups, "distributed"), "distributed") << groups;
    EXPECT_EQ(memory_of_lines("xc7z020", groups), "auto") << groups;
  }
}

TEST(SetFolding, ThePassSaysWhatLiesInBlockRam) {
  Graph graph = convolved(1);
  PassContext context{.options = {.device = "up5k", .device_share = 100}};
  EXPECT_TRUE(set_folding(graph, context));
  const std::string name = only_node<hw::ConvolutionInputGenerator>(graph).name;
  EXPECT_TRUE(std::ranges::any_of(context.report.remarks, [&](const auto& remark) {
    return remark.node == name && remark.text == "memory in block RAM";
  }));
  EXPECT_FALSE(set_folding(graph, context));
}

TEST(SetFolding, NoFasterTargetFitsTheDevice) {
  const FoldingReport best = fit("ice40hx8k", 20);
  const hw::Device& device = hw::find_device("ice40hx8k");
  for (std::int64_t target = 1; target < best.slowest; ++target) {
    Graph graph = two_products();
    FoldingGoal goal;
    goal.target = target;
    goal.device = "ice40hx8k";
    FoldingReport report;
    choose_foldings(graph, goal, report);
    EXPECT_FALSE(within(report.estimate, device.has, 20)) << target;
  }
}

TEST(SetFolding, SaysWhatDoesNotFit) {
  EXPECT_THAT(
      user_error_of([] { fit("up5k", 1); }),
      ::testing::AllOf(::testing::HasSubstr("does not fit 1 % of up5k"),
                       ::testing::HasSubstr("LUTs of 52"), ::testing::HasSubstr("cycles per")));
  EXPECT_THAT(user_error_of([] { fit("spartan", 70); }),
              ::testing::AllOf(::testing::HasSubstr("no device is called 'spartan'"),
                               ::testing::HasSubstr("xc7z010, xc7z020")));
}

}  // namespace
}  // namespace assay
