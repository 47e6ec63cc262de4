// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/cleanup/give_readable_tensor_names.h"
#include "compile/passes/cleanup/give_unique_node_names.h"
#include "compile/passes/cleanup/remove_static_graph_inputs.h"
#include "pass_check.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> node_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes()) names.push_back(node->name);
  return names;
}

TEST(GiveUniqueNodeNames, CountsEachOperatorFromZeroInTopologicalOrder) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* middle = net.graph.add_tensor("middle");
  Tensor* end = net.graph.add_tensor("end");
  net.graph.add_node(std::make_unique<ops::Relu>(), {middle}, {end}, "Relu_0");
  net.graph.add_node(std::make_unique<ops::Relu>(), {x}, {middle}, "weird name\n");
  net.finish(net.quant(end, 1, 4));
  expect_exact_change(net.graph, "give_unique_node_names");
  EXPECT_THAT(node_names(net.graph), ElementsAre("Relu_0", "Relu_1", "Quant_0"));
  EXPECT_EQ(net.graph.find_node("Relu_1")->outputs[0], end);
}

TEST(GiveUniqueNodeNames, SwapsNamesThatAreTaken) {
  Net net;
  Tensor *x = net.input({2}), *a = net.graph.add_tensor("a"), *b = net.graph.add_tensor("b");
  net.graph.add_node(std::make_unique<ops::Relu>(), {x}, {a}, "Relu_1");
  net.graph.add_node(std::make_unique<ops::Relu>(), {a}, {b}, "Relu_0");
  net.finish(b);
  expect_exact_change(net.graph, "give_unique_node_names");
  EXPECT_EQ(net.graph.find_node("Relu_0")->outputs[0], a);
}

TEST(GiveReadableTensorNames, NamesEndsOutputsAndConstants) {
  Net net;
  Tensor* x = net.input({2}, "global_out");
  Tensor* shared = net.number(2);
  Tensor* y = net.add(ops::Mul{}, {net.add(ops::Add{}, {x, shared}, "Quant_0_out0"), shared});
  net.finish(net.quant(y, shared, net.number(0), 4));
  PassContext context;
  give_unique_node_names(net.graph, context);
  expect_exact_change(net.graph, "give_readable_tensor_names");
  std::vector<std::string> names;
  for (const auto& tensor : net.graph.tensors()) names.push_back(tensor->name);
  EXPECT_THAT(names, ElementsAre("global_in", "Add_0_param0", "Add_0_out0", "Mul_0_out0",
                                 "Quant_0_param1", "Quant_0_param2", "global_out"));
}

TEST(GiveReadableTensorNames, CheckpointsKeepTheirNames) {
  Net net;
  net.finish(net.quant(net.input({2}, "pixels"), 1, 4, {}, "layer1.act"));
  PassContext context;
  give_readable_tensor_names(net.graph, context);
  ASSERT_EQ(net.graph.checkpoints().size(), 2U);
  EXPECT_EQ(net.graph.checkpoints()[0].name, "pixels");
  EXPECT_EQ(net.graph.checkpoints()[0].tensor->name, "global_in");
  EXPECT_EQ(net.graph.checkpoints()[1].name, "layer1.act");
  EXPECT_EQ(net.graph.checkpoints()[1].tensor->name, "global_out");
}

TEST(GiveReadableTensorNames, NumbersFurtherInputsAndOutputs) {
  Net net;
  Tensor *a = net.input({2}, "a"), *b = net.input({2}, "b");
  net.graph.add_output(net.add(ops::Add{}, {a, b}));
  net.finish(net.add(ops::Relu{}, {b}));
  PassContext context;
  EXPECT_TRUE(give_readable_tensor_names(net.graph, context));
  EXPECT_EQ(a->name, "global_in");
  EXPECT_EQ(b->name, "global_in_1");
  EXPECT_EQ(net.graph.outputs()[1]->name, "global_out_1");
}

TEST(RemoveStaticGraphInputs, TakesConstantsOutOfTheInputs) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* w = net.number(2);
  net.graph.mutable_inputs().push_back(w);
  net.graph.add_output(net.add(ops::Mul{}, {x, w}));
  PassContext context;
  EXPECT_TRUE(remove_static_graph_inputs(net.graph, context));
  EXPECT_THAT(net.graph.inputs(), ElementsAre(x));
  EXPECT_FALSE(remove_static_graph_inputs(net.graph, context));
  infer_shapes(net.graph);
  verify(net.graph);
}

TEST(RemoveUnusedTensors, RemovesDeadBranchesButNoCheckpoint) {
  Net net;
  Tensor* x = net.input({2});
  Tensor* kept = net.quant(x, 1, 4, {}, "kept");
  net.add(ops::Relu{}, {kept}, "dead");
  net.number(5);
  net.finish(net.add(ops::Relu{}, {x}, "y"));
  Checkpoint listed;  // by a file: the graph itself does not call for it
  listed.name = "kept";
  listed.tensor = kept;
  net.graph.checkpoints().push_back(std::move(listed));
  expect_exact_change(net.graph, "remove_unused_tensors");
  EXPECT_EQ(nodes_text(net.graph), "kept = Quant(x, []{1}, []{0}, []{4})\ny = Relu(x)\n");
  EXPECT_EQ(net.graph.find_tensor("dead"), nullptr);
}

TEST(RunPass, PutsThePassIntoTheErrorAndRefusesLostCheckpoints) {
  Net net;
  Tensor* x = net.input({2});
  net.finish(net.quant(x, 1, 4));
  const PassInfo thief{"thief", Contract::kExact, "", [](Graph& graph, PassContext&) {
                         graph.checkpoints().pop_back();
                         return true;
                       }};
  Graph copy = net.graph;
  EXPECT_THROW(run_pass(copy, thief), ToolError);
  const PassInfo rescale{"rescale", Contract::kExact, "", [](Graph& graph, PassContext&) {
                           graph.checkpoints().back().scale = RealArray(Real(2));
                           return true;
                         }};
  copy = net.graph;
  EXPECT_THROW(run_pass(copy, rescale), ToolError);
  const PassInfo breaker{"breaker", Contract::kExact, "", [](Graph& graph, PassContext&) {
                           graph.outputs()[0]->shape = Shape{3};
                           return true;
                         }};
  copy = net.graph;
  EXPECT_THROW(run_pass(copy, breaker), ToolError);
  *net.graph.inputs()[0]->shape = {3};
  EXPECT_THAT(user_error_of([&] { run_pass(net.graph, *find_pass("fold_constants")); }),
              ::testing::StartsWith("pass 'fold_constants': "));
}

TEST(Registry, ListsEachPassOnceWithAPromise) {
  const auto passes = all_passes();
  EXPECT_TRUE(std::ranges::is_sorted(passes, {}, &PassInfo::name));
  for (const PassInfo& pass : passes) {
    EXPECT_EQ(find_pass(pass.name), &pass);
    EXPECT_FALSE(pass.promise.empty());
    const bool approximate = pass.name == "quantize_input" || pass.name == "round_scales";
    EXPECT_EQ(contract_name(pass.contract), approximate ? "approximate" : "exact") << pass.name;
  }
  EXPECT_EQ(find_pass("no_such_pass"), nullptr);
}

}  // namespace
}  // namespace assay
