// SPDX-License-Identifier: Apache-2.0
// Every rule of the verifier has a planted violation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

/// y = relu(x + w), legal until a test breaks it.
struct Legal {
  Graph graph;
  Tensor *x, *w, *sum, *y;
  Legal() {
    x = graph.add_input("x", {1, 2});
    w = graph.add_constant("w", Constant({2}, Floats{3, -4}));
    sum = graph.add(std::make_unique<ops::Add>(), {x, w}, "sum");
    y = graph.add(std::make_unique<ops::Relu>(), {sum}, "y");
    graph.add_output(y);
    infer_shapes(graph);
    graph.checkpoints() = {on(x, "input"), on(y, "result")};
  }
  static Checkpoint on(Tensor* tensor, std::string name) {
    Checkpoint checkpoint;
    checkpoint.name = std::move(name);
    checkpoint.tensor = tensor;
    return checkpoint;
  }
  /// The verifier's message, "" when it has nothing to say.
  std::string complaint() const {
    try {
      verify(graph);
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  }
};

TEST(Verify, AcceptsALegalGraph) { EXPECT_EQ(Legal().complaint(), ""); }

TEST(Verify, RefusesEqualNames) {
  Legal tensors;
  tensors.sum->name = "w";
  EXPECT_EQ(tensors.complaint(), "tensor 'w' occurs twice");
  Legal nodes;
  nodes.y->producer->name = nodes.sum->producer->name;
  EXPECT_EQ(nodes.complaint(), "node 'Add' (Relu) occurs twice");
}

TEST(Verify, RefusesAConstantOfAnotherShape) {
  Legal g;
  g.w->shape = Shape{1, 2};
  EXPECT_EQ(g.complaint(), "tensor 'w' has a constant of another shape");
  g.w->shape.reset();
  EXPECT_EQ(g.complaint(), "tensor 'w' has a constant of another shape");
}

TEST(Verify, RefusesConstantsThatAreNotFinite) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    Legal g;
    g.w->constant = Constant({2}, Floats{1, value});
    EXPECT_EQ(g.complaint(), "tensor 'w' holds NaN or infinity");
  }
}

struct Annotated {
  DataType type;
  Constant value;
  std::string element;  ///< of the refusal, "" when the annotation is true
};

TEST(Verify, HoldsConstantsToTheirDataTypes) {
  const std::vector<Annotated> cases = {
      {DataType::sint(4), Constant({2}, Floats{7, -8}), ""},
      {DataType::sint(4), Constant({2}, Floats{7, 8}), "element 1 is 8"},
      {DataType::sint(4), Constant({2}, Floats{0.5F, 0}), "element 0 is 1/2"},
      {DataType::sint(64), Constant({2}, Floats{0, 0x1p100F}),
       "element 1 is 1267650600228229401496703205376"},
      {DataType::uint(4), Constant({2}, Floats{-0.0F, 15}), ""},
      {DataType::uint(4), Constant({2}, Floats{-1, 15}), "element 0 is -1"},
      {DataType::bipolar(), Constant({2}, Floats{1, -1}), ""},
      {DataType::bipolar(), Constant({2}, Floats{1, 0}), "element 1 is 0"},
      {DataType::ternary(), Constant({2}, Floats{0, 2}), "element 1 is 2"},
      {DataType::uint(1), Constant({2}, Floats{1, 2}), "element 1 is 2"},
      {DataType::float32(), Constant({2}, Floats{0.5F, 2}), ""},
      {DataType::sint(4), Constant({2}, std::vector<Real>{Real(1), Real::sqrt(2)}),
       "element 0 is 1"}};
  for (const auto& [type, value, element] : cases) {
    SCOPED_TRACE(type.name() + " " + element);
    Legal g;
    g.w->constant = value;
    g.w->dtype = type;
    const std::string expected =
        element.empty() ? "" : "tensor 'w' is annotated " + type.name() + " but " + element;
    EXPECT_EQ(g.complaint(), expected);
  }
}

TEST(Verify, HoldsIntegerConstantsToTheirDataTypes) {
  Legal g;
  Tensor* k = g.graph.add_constant("k", Constant({2}, Ints{3, 9}));
  EXPECT_EQ(g.complaint(), "");
  k->dtype = DataType::uint(3);
  EXPECT_EQ(g.complaint(), "tensor 'k' is annotated UINT3 but element 1 is 9");
}

TEST(Verify, RefusesASecondSource) {
  Legal constant_and_node;
  constant_and_node.sum->constant = Constant({1, 2}, Floats{0, 0});
  EXPECT_EQ(constant_and_node.complaint(), "tensor 'sum' is assigned 2 times");
  Legal input_and_node;
  input_and_node.graph.mutable_inputs().push_back(input_and_node.sum);
  EXPECT_EQ(input_and_node.complaint(), "tensor 'sum' is assigned 2 times");
  Legal all;
  all.sum->constant = Constant({1, 2}, Floats{0, 0});
  all.graph.mutable_inputs().push_back(all.sum);
  EXPECT_EQ(all.complaint(), "tensor 'sum' is assigned 3 times");
}

TEST(Verify, RefusesUsesOfNothing) {
  Legal input;
  input.graph.mutable_inputs().clear();
  EXPECT_EQ(input.complaint(), "tensor 'x' is used by node 'Add' (Add) but nothing produces it");
  Legal output;
  output.graph.add_output(output.graph.add_tensor("ghost"));
  EXPECT_EQ(output.complaint(),
            "tensor 'ghost' is used by the graph's outputs but nothing produces it");
  Legal idle;
  idle.graph.add_tensor("idle");  // unused: no harm
  EXPECT_EQ(idle.complaint(), "");
}

TEST(Verify, RefusesAGraphWithoutOutputs) {
  Legal g;
  g.graph.mutable_outputs().clear();
  EXPECT_EQ(g.complaint(), "the graph has no outputs");
}

TEST(Verify, RefusesShapesThatDoNotFollow) {
  Legal g;
  g.sum->shape = Shape{2, 2};
  EXPECT_EQ(g.complaint(),
            "node 'Add' (Add): output 'sum' is declared with shape [2,2] but has shape [1,2]");
  Legal unknown;
  unknown.x->shape.reset();
  EXPECT_THAT(unknown.complaint(), HasSubstr("the shape of input 0 is not known"));
  Legal inputs;
  inputs.graph.append_input(inputs.y->producer, inputs.w);
  EXPECT_THAT(inputs.complaint(), HasSubstr("takes 1 to 1 inputs, not 2"));
}

TEST(Verify, LeavesTheGraphAlone) {
  Legal g;
  g.sum->shape.reset();
  verify(g.graph);
  EXPECT_FALSE(g.sum->shape);
}

TEST(Verify, RefusesEqualCheckpointNames) {
  Legal g;
  g.graph.checkpoints()[1].name = "input";
  EXPECT_EQ(g.complaint(), "checkpoint 'input' occurs twice");
}

TEST(Verify, RefusesCarriersThatDoNotFit) {
  Legal g;
  Checkpoint& checkpoint = g.graph.checkpoints()[1];
  checkpoint.perm = {1, 0};  // of [1, 2]: the checkpoint is [2, 1]
  checkpoint.unit = RealArray({2, 1}, {Real(1), Real(2)});
  EXPECT_EQ(g.complaint(), "");
  EXPECT_EQ(checkpoint.shape(), (Shape{2, 1}));
  checkpoint.unit = RealArray({1, 2}, {Real(1), Real(2)});
  EXPECT_THAT(g.complaint(), ::testing::HasSubstr("does not fit its tensor"));
  checkpoint.unit = RealArray();
  EXPECT_EQ(g.complaint(), "") << "it may be a constant";
  checkpoint.has_map = true;
  EXPECT_EQ(g.complaint(), "checkpoint 'result' has a unit of zero");
  checkpoint.unit = RealArray(Real(1));
  EXPECT_EQ(g.complaint(), "checkpoint 'result' has a scale of zero");
  checkpoint.scale = RealArray(Real(1));
  for (const std::vector<std::int64_t>& perm :
       {std::vector<std::int64_t>{0}, {0, 0}, {0, 2}, {0, 1, 2}}) {
    checkpoint.perm = perm;
    EXPECT_EQ(g.complaint(),
              "checkpoint 'result' has an order of axes that does not fit its tensor");
  }
}

TEST(Verify, RefusesMapsThatDoNotFitTheirTensor) {
  for (const bool scale : {true, false}) {
    Legal g;
    Checkpoint& checkpoint = g.graph.checkpoints()[1];
    checkpoint.has_map = true;
    checkpoint.scale = RealArray(Real(1));
    (scale ? checkpoint.scale : checkpoint.offset) = RealArray({2}, {Real(1), Real(2)});
    EXPECT_EQ(g.complaint(), "");
    (scale ? checkpoint.scale : checkpoint.offset) = RealArray({3, 1}, {Real(1), Real(2), Real(3)});
    EXPECT_EQ(g.complaint(),
              "checkpoint 'result' has a scale or offset that does not fit its tensor");
    (scale ? checkpoint.scale : checkpoint.offset) = RealArray({3}, {Real(1), Real(2), Real(3)});
    EXPECT_EQ(g.complaint(),
              "checkpoint 'result' has a scale or offset that does not fit its tensor");
  }
}

TEST(VerifyDeathTest, AbortsOnBrokenLinks) {
  Legal lost_use;
  lost_use.x->consumers.clear();
  EXPECT_DEATH(verify(lost_use.graph), "tensor 'x' records other uses than the nodes make");
  Legal other, foreign;
  foreign.graph.add(std::make_unique<ops::Relu>(), {other.x}, "z");
  EXPECT_DEATH(verify(foreign.graph), "uses a tensor of another graph");
  Legal dead_user;
  dead_user.w->consumers.push_back(other.y->producer);
  EXPECT_DEATH(verify(dead_user.graph), "tensor 'w' records other uses than the nodes make");
  Legal disowned;
  disowned.sum->producer = disowned.y->producer;
  EXPECT_DEATH(verify(disowned.graph), "node 'Add' \\(Add\\) does not own its output");
  Legal foreign_output;
  foreign_output.graph.add_output(other.y);
  EXPECT_DEATH(verify(foreign_output.graph), "an output is not in the graph");
  Legal foreign_checkpoint;
  foreign_checkpoint.graph.checkpoints()[0].tensor = other.x;
  EXPECT_DEATH(verify(foreign_checkpoint.graph), "checkpoint 'input' points outside the graph");
}

}  // namespace
}  // namespace assay
