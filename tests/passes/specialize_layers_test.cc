// SPDX-License-Identifier: Apache-2.0
// Implementation styles, memories, and the user's wishes for them.
#include "compile/passes/layers/specialize_layers.h"

#include "compile/hw/layer.h"
#include "compile/passes/layers/folding_config.h"
#include "passes/hardware_net.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A depthwise convolution 'dw', thresholds, a product 'fc' and labels.
Graph small_network() {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* x = net.pixels({1, 4, 5, 5});
  Tensor* acc =
      net.add(conv2d(3, 1, 1, 4), {x, net.random_values({4, 1, 3, 3}, -7, 7, random)}, "dw");
  net.graph.rename(acc->producer, "dw");
  x = net.thresholds(acc, 4, 3, -900, 900, random, "q");
  x = net.add(ops::Flatten{}, {x}, "flat");
  net.graph.rename(x->producer, "flat");
  x = net.add(ops::MatMul{}, {x, net.random_values({100, 10}, -2, 2, random)}, "logits");
  net.graph.rename(x->producer, "fc");
  Graph graph = ready_for_hardware(net, x);
  PassContext context;
  infer_hw_layers(graph, context);
  return graph;
}

template <typename T>
T& layer(const Graph& graph) {
  return *only_node<T>(graph).template as<T>();
}

TEST(SpecializeLayers, DecidesWhatIsStillOpen) {
  Graph graph = small_network();
  layer<hw::MVAU>(graph).preferred_impl_style = "lut";
  PassContext context;
  EXPECT_TRUE(specialize_layers(graph, context));
  // Eight by four bits are multiplied; the user's wish stays.
  EXPECT_EQ(layer<hw::VVAU>(graph).preferred_impl_style, "dsp");
  EXPECT_EQ(layer<hw::MVAU>(graph).preferred_impl_style, "lut");
  ASSERT_EQ(context.report.remarks.size(), 1U);
  EXPECT_EQ(context.report.remarks[0].text, "implemented as dsp");
  EXPECT_FALSE(specialize_layers(graph, context));
}

TEST(SpecializeLayers, SetsWishesForImplementationsAndLeavesFoldingsAlone) {
  Graph graph = small_network();
  PassContext context;
  context.options.folding = {{"fc", {{"PE", 5}, {"preferred_impl_style", "lut"}}}};
  EXPECT_TRUE(specialize_layers(graph, context));
  EXPECT_EQ(layer<hw::MVAU>(graph).preferred_impl_style, "lut");
  EXPECT_EQ(layer<hw::MVAU>(graph).pe, 1);
  ASSERT_EQ(context.report.remarks.size(), 2U);
  EXPECT_EQ(context.report.remarks[0].text, "configured by the user");
  EXPECT_EQ(context.report.remarks[1].text, "implemented as dsp");
}

TEST(SpecializeLayers, SearchesAmongManyThresholds) {
  for (const std::int64_t steps : {3, 4}) {
    IntegerNet net;
    std::mt19937 random(1);
    Graph graph =
        ready_for_hardware(net, net.thresholds(net.pixels({1, 4}), 4, steps, 1, 255, random, "q"));
    PassContext context;
    infer_hw_layers(graph, context);
    specialize_layers(graph, context);
    EXPECT_EQ(layer<hw::Thresholding>(graph).preferred_impl_style,
              steps == 3 ? "comparators" : "search");
  }
}

TEST(SpecializeLayers, LargeMemoriesGoToBlockRam) {
  Graph graph = small_network();
  hw::MVAU& product = layer<hw::MVAU>(graph);
  product.mem_mode = "decoupled";
  PassContext context;
  EXPECT_TRUE(choose_memories(graph, context));
  // 1000 weights of 3 bits are less than a third of a block RAM; folded otherwise they stay so.
  EXPECT_EQ(product.ram_style, "distributed");
  EXPECT_FALSE(choose_memories(graph, context));

  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({64, 64}, -2, 2, random);
  Graph large = ready_for_hardware(net, net.add(ops::MatMul{}, {net.pixels({1, 64}), w}, "fc"));
  infer_hw_layers(large, context);
  layer<hw::MVAU>(large).mem_mode = "decoupled";
  choose_memories(large, context);
  EXPECT_EQ(layer<hw::MVAU>(large).ram_style, "block");
}

// ---- apply_folding_config

TEST(FoldingConfig, SetsTheFieldsOfOneLayer) {
  Graph graph = small_network();
  const Graph before = graph;
  PassReport report;
  const FoldingConfig config = {{"fc",
                                 {{"PE", 5},
                                  {"SIMD", 20},
                                  {"mem_mode", "decoupled"},
                                  {"ram_style", "block"},
                                  {"preferred_impl_style", "lut"}}}};
  EXPECT_TRUE(apply_folding_config(graph, config, report));
  const hw::MVAU& product = layer<hw::MVAU>(graph);
  EXPECT_EQ(product.pe, 5);
  EXPECT_EQ(product.simd, 20);
  EXPECT_EQ(product.mem_mode, "decoupled");
  EXPECT_EQ(product.ram_style, "block");
  EXPECT_EQ(product.preferred_impl_style, "lut");
  EXPECT_EQ(layer<hw::VVAU>(graph).pe, 1);
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
  EXPECT_FALSE(apply_folding_config(graph, config, report));
}

TEST(FoldingConfig, DefaultsHoldWhereNothingElseIsSaid) {
  Graph graph = small_network();
  PassReport report;
  apply_folding_config(
      graph,
      {{"Defaults", {{"mem_mode", "decoupled"}, {"PE", 2}}}, {"fc", {{"mem_mode", "external"}}}},
      report);
  EXPECT_EQ(layer<hw::VVAU>(graph).mem_mode, "decoupled");
  EXPECT_EQ(layer<hw::MVAU>(graph).mem_mode, "external");
  EXPECT_EQ(layer<hw::VVAU>(graph).pe, 2);
  EXPECT_EQ(layer<hw::MVAU>(graph).pe, 2);
}

TEST(FoldingConfig, GroupedWindowsFollowTheirReader) {
  Graph graph = small_network();
  const Graph before = graph;
  PassReport report;
  EXPECT_TRUE(apply_folding_config(graph, {{"dw", {{"PE", 4}, {"SIMD", 3}}}}, report));
  EXPECT_EQ(layer<hw::ConvolutionInputGenerator>(graph).simd, 4);
  EXPECT_EQ(differing_checkpoints(before, graph), std::vector<std::string>{});
  const std::string generator = only_node<hw::ConvolutionInputGenerator>(graph).name;
  EXPECT_FALSE(apply_folding_config(graph, {{generator, {{"SIMD", 4}}}}, report));
  EXPECT_THAT(
      user_error_of([&] {
        apply_folding_config(graph, {{generator, {{"SIMD", 2}}}}, report);
      }),
      AllOf(HasSubstr("SIMD cannot be 2"), HasSubstr("the PE of node 'dw'"), HasSubstr("is 4")));
}

TEST(FoldingConfig, WindowsMayBeParallel) {
  IntegerNet net;
  std::mt19937 random(1);
  Tensor* w = net.random_values({4, 6, 3, 3}, -7, 7, random);
  Graph graph = ready_for_hardware(net, net.add(conv2d(3), {net.pixels({1, 6, 5, 5}), w}, "acc"));
  PassContext context;
  infer_hw_layers(graph, context);
  const std::string name = only_node<hw::ConvolutionInputGenerator>(graph).name;
  apply_folding_config(graph, {{name, {{"least_ring", 1}}}}, context.report);
  EXPECT_TRUE(layer<hw::ConvolutionInputGenerator>(graph).least_ring);
  apply_folding_config(graph, {{name, {{"parallel_window", 1}, {"least_ring", 0}, {"SIMD", 6}}}},
                       context.report);
  EXPECT_TRUE(layer<hw::ConvolutionInputGenerator>(graph).parallel_window);
  // Single layers are built, so that what does not fit together is told at once.
  EXPECT_THAT(user_error_of([&] {
                apply_folding_config(graph, {{name, {{"SIMD", 2}}}}, context.report);
              }),
              HasSubstr(name));
}

TEST(FoldingConfig, KeepsFifoDepthsAtTheNodes) {
  using Depths = std::vector<std::int64_t>;
  Graph graph = small_network();
  PassReport report;
  const FoldingConfig config = {
      {"fc", {{"inFIFODepths", Depths{0}}, {"outFIFODepths", Depths{32}}}}};
  EXPECT_TRUE(apply_folding_config(graph, config, report));
  EXPECT_EQ(layer<hw::MVAU>(graph).in_fifo_depths, Depths{0});
  EXPECT_EQ(layer<hw::MVAU>(graph).out_fifo_depths, Depths{32});
  EXPECT_FALSE(apply_folding_config(graph, config, report));

  const auto message = [&](const FoldingValue& value) {
    return user_error_of([&] {
      apply_folding_config(graph, {{"fc", {{"inFIFODepths", value}}}}, report);
    });
  };
  EXPECT_THAT(message(Depths{2, 2}), HasSubstr("inFIFODepths has 2 depths; it needs one per"));
  EXPECT_THAT(
      message(Depths{-1}),
      HasSubstr("inFIFODepths cannot be [-1]; choose one of lists of one depth per stream"));
  EXPECT_THAT(message(Depths{1, -1}), HasSubstr("inFIFODepths cannot be [1,-1]"));
  EXPECT_THAT(message(Depths{hw::kMaxFifoDepth + 1}), HasSubstr("cannot be [16777217]"));
  EXPECT_THAT(message(7), HasSubstr("inFIFODepths cannot be 7"));
  EXPECT_THAT(message("7"), HasSubstr("inFIFODepths cannot be '7'"));
  EXPECT_THAT(user_error_of([&] {
                apply_folding_config(graph, {{"fc", {{"PE", Depths{1}}}}}, report);
              }),
              HasSubstr("PE cannot be [1]; choose one of 1, 2, 5, 10"));
}

TEST(FoldingConfig, PutsWeightsIntoBlockRamWhereThatIsWished) {
  for (const char* node : {"fc", "Defaults"}) {
    Graph graph = small_network();
    PassContext context;
    const FoldingConfig config = {{node, {{"ram_style", "block"}}}};
    EXPECT_TRUE(apply_folding_config(graph, config, context.report));
    EXPECT_EQ(layer<hw::MVAU>(graph).mem_mode, "decoupled");
    EXPECT_EQ(hw::build_layer(only_node<hw::MVAU>(graph), false).memories.at(0).style, "block");
    check_memory_wishes(graph, config);
  }
}

TEST(FoldingConfig, RunTimeWeightsNeedAMemory) {
  for (const char* node : {"fc", "Defaults"}) {
    Graph graph = small_network();
    PassReport report;
    EXPECT_TRUE(apply_folding_config(graph, {{node, {{"runtime_writeable_weights", 1}}}}, report));
    EXPECT_TRUE(layer<hw::MVAU>(graph).runtime_writeable_weights);
    EXPECT_EQ(layer<hw::MVAU>(graph).mem_mode, "decoupled");
    const hw::Layer built = hw::build_layer(only_node<hw::MVAU>(graph), false);
    ASSERT_FALSE(built.stores.empty());
    EXPECT_EQ(built.stores[0].image, "weights.hex");
  }
  Graph graph = small_network();
  PassReport report;
  EXPECT_THAT(user_error_of([&] {
                apply_folding_config(
                    graph, {{"fc", {{"runtime_writeable_weights", 1}, {"mem_mode", "embedded"}}}},
                    report);
              }),
              AllOf(HasSubstr("'fc'"), HasSubstr("set mem_mode to decoupled")));
}

TEST(FoldingConfig, RefusesAMemoryThatCannotLieWhereItIsWished) {
  const auto refusal = [](const std::string& node,
                          const std::map<std::string, FoldingValue>& wishes) {
    Graph graph = small_network();
    PassContext context;
    const FoldingConfig config = {{node, wishes}};
    apply_folding_config(graph, config, context.report);
    return user_error_of([&] { check_memory_wishes(graph, config); });
  };
  EXPECT_THAT(refusal("fc", {{"ram_style", "block"}, {"mem_mode", "embedded"}}),
              AllOf(HasSubstr("'fc'"), HasSubstr("ram_style block has no effect"),
                    HasSubstr("set mem_mode to decoupled")));
  EXPECT_THAT(refusal("fc", {{"ram_style", "block"}, {"mem_mode", "external"}}),
              HasSubstr("its weights are external"));
  EXPECT_THAT(refusal("Defaults", {{"ram_style", "block"}, {"mem_mode", "embedded"}}),
              HasSubstr("ram_style block has no effect"));
}

TEST(FoldingConfig, SaysWhatIsAllowed) {
  const auto message = [](const FoldingConfig& config) {
    Graph graph = small_network();
    PassReport report;
    return user_error_of([&] { apply_folding_config(graph, config, report); });
  };
  EXPECT_THAT(message({{"fd", {{"PE", 2}}}}),
              AllOf(HasSubstr("names no layer: 'fd'"), HasSubstr("dw, fc")));
  EXPECT_THAT(message({{"flat", {{"PE", 2}}}}), HasSubstr("names no layer: 'flat'"));
  EXPECT_THAT(message({{"fc", {{"depth", 2}}}}),
              AllOf(HasSubstr("node 'fc' (MVAU)"), HasSubstr("no field 'depth'"),
                    HasSubstr("PE, SIMD, ram_style, mem_mode, preferred_impl_style, "
                              "runtime_writeable_weights, inFIFODepths, outFIFODepths")));
  EXPECT_THAT(message({{"fc", {{"PE", 3}}}}),
              HasSubstr("PE cannot be 3; choose one of 1, 2, 5, 10"));
  EXPECT_THAT(message({{"fc", {{"PE", "2"}}}}), HasSubstr("PE cannot be '2'; choose one of 1, 2"));
  EXPECT_THAT(message({{"fc", {{"PE", 0}}}}), HasSubstr("PE cannot be 0"));
  EXPECT_THAT(message({{"fc", {{"mem_mode", "ultra"}}}}),
              HasSubstr("mem_mode cannot be 'ultra'; choose one of embedded, decoupled, external"));
  EXPECT_THAT(message({{"fc", {{"ram_style", 1}}}}), HasSubstr("ram_style cannot be 1"));
  EXPECT_THAT(message({{"Defaults", {{"pe", 1}}}}),
              AllOf(HasSubstr("no field of a layer: 'pe'"), HasSubstr("PE")));
}

}  // namespace
}  // namespace assay
