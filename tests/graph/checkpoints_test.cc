// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "compile/graph/checkpoints.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;
using Kind = Checkpoint::Kind;

Real fraction(long n, long d) { return Real(mpq_class(n, d)); }

/// Builds graphs in few words.
class Builder {
 public:
  Graph graph;
  Tensor* number(float value) { return graph.add_constant("k", Constant({}, Floats{value})); }
  Tensor* array(Shape shape, Floats values) {
    return graph.add_constant("k", Constant(std::move(shape), std::move(values)));
  }
  Tensor* ints(Shape shape, Ints values) {
    return graph.add_constant("k", Constant(std::move(shape), std::move(values)));
  }
  Tensor* typed(Container container, Shape shape, Ints values) {
    Tensor* tensor = ints(std::move(shape), std::move(values));
    tensor->container = container;
    tensor->dtype = container_type(container);
    return tensor;
  }
  Tensor* quant(Tensor* x, Tensor* scale, float zero, float bits, bool is_signed,
                std::string_view name) {
    auto op = std::make_unique<ops::Quant>();
    op->is_signed = is_signed;
    return graph.add(std::move(op), {x, scale, number(zero), number(bits)}, name);
  }
  Tensor* conv(Tensor* x, Tensor* w) {
    auto op = std::make_unique<ops::Conv>();
    const Shape& shape = *w->shape;
    op->window = {{shape[2], shape[3]}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
    return graph.add(std::move(op), {x, w});
  }
  /// The checkpoints of the graph with output `y`.
  std::vector<Checkpoint> marked(Tensor* y) {
    graph.add_output(y);
    infer_shapes(graph);
    mark_checkpoints(graph);
    verify(graph);
    return graph.checkpoints();
  }
};

std::vector<std::string> checkpoint_names(const std::vector<Checkpoint>& checkpoints) {
  std::vector<std::string> out;
  for (const Checkpoint& checkpoint : checkpoints) out.push_back(checkpoint.name);
  return out;
}

TEST(MarkCheckpoints, FindsTheQuantisersOfAResidualBlock) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2, 4, 4});
  Tensor* pixel = b.quant(x, b.number(0.5F), 0, 8, false, "pixel");
  Tensor* w = b.quant(b.array({2, 2, 1, 1}, {1, 2, 3, 4}), b.number(0.5F), 0, 4, true, "weights");
  w->shape = Shape{2, 2, 1, 1};
  Tensor* left = b.quant(b.conv(pixel, w), b.array({1, 2, 1, 1}, {0.25F, 2}), 3, 4, true, "left");
  Tensor* right =
      b.graph.add(std::make_unique<ops::BipolarQuant>(), {pixel, b.number(0.75F)}, "right");
  Tensor* sum = b.graph.add(std::make_unique<ops::Add>(), {left, right}, "sum");
  Tensor* act = b.quant(sum, b.number(1), 0, 1, true, "act");
  const auto found = b.marked(b.graph.add(std::make_unique<ops::GlobalAveragePool>(), {act}, "y"));

  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "pixel", "left", "right", "act", "y"));
  EXPECT_EQ(found[0].kind, Kind::kInput);
  EXPECT_FALSE(found[0].has_map);
  EXPECT_EQ(found[1].kind, Kind::kActivation);
  EXPECT_TRUE(found[1].has_map);
  EXPECT_EQ(found[1].dtype, DataType::uint(8));
  EXPECT_EQ(found[1].scale, RealArray(fraction(1, 2)));
  EXPECT_EQ(found[1].offset, RealArray(Real(0)));
  // real = scale * q - scale * 3, one scale per channel.
  EXPECT_EQ(found[2].dtype, DataType::sint(4));
  EXPECT_EQ(found[2].scale, RealArray({1, 2, 1, 1}, {fraction(1, 4), Real(2)}));
  EXPECT_EQ(found[2].offset, RealArray({1, 2, 1, 1}, {fraction(-3, 4), Real(-6)}));
  EXPECT_EQ(found[3].dtype, DataType::bipolar());
  EXPECT_EQ(found[3].scale, RealArray(fraction(3, 4)));
  EXPECT_EQ(found[4].dtype, DataType::bipolar());  // a signed quantiser of one bit gives -1 or +1
  EXPECT_EQ(found[5].kind, Kind::kLogits);
  EXPECT_FALSE(found[5].has_map);
  for (const Checkpoint& checkpoint : found) EXPECT_EQ(checkpoint.tensor->name, checkpoint.name);
}

TEST(MarkCheckpoints, ReplacesWhatWasThere) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  const auto first = b.marked(b.quant(x, b.number(0.5F), 0, 4, true, "q"));
  mark_checkpoints(b.graph);
  EXPECT_EQ(checkpoint_names(b.graph.checkpoints()), checkpoint_names(first));
  EXPECT_THAT(checkpoint_names(first), ElementsAre("x", "q"));  // the output is marked once
}

TEST(MarkCheckpoints, ReadsTheMapOfAMultiThreshold) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  auto op = std::make_unique<ops::MultiThreshold>();
  op->out_dtype = DataType::sint(4);
  op->out_scale = 0.5F;
  op->out_bias = -2;
  const auto found =
      b.marked(b.graph.add(std::move(op), {x, b.array({1, 5}, {1, 2, 3, 4, 5})}, "steps"));
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "steps"));
  EXPECT_EQ(found[1].dtype, DataType::uint(3));  // the count of thresholds passed, 0..5
  EXPECT_EQ(found[1].scale, RealArray(fraction(1, 2)));
  EXPECT_EQ(found[1].offset, RealArray(Real(-2)));
}

TEST(MarkCheckpoints, ReadsTheMapsOfBothTruncVersions) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  Tensor* first = b.graph.add(std::make_unique<ops::Trunc>(),
                              {x, b.number(0.25F), b.number(2), b.number(8), b.number(4)}, "first");
  auto op = std::make_unique<ops::Trunc>();
  op->version = 2;
  op->is_signed = false;
  const auto found = b.marked(b.graph.add(
      std::move(op), {first, b.number(0.25F), b.number(0), b.number(8), b.number(4), b.number(3)},
      "second"));
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "first", "second"));
  EXPECT_EQ(found[1].scale, RealArray(fraction(1, 4)));
  EXPECT_EQ(found[1].offset, RealArray(fraction(-1, 2)));
  EXPECT_EQ(found[2].dtype, DataType::uint(3));
  EXPECT_EQ(found[2].scale, RealArray(Real(4)));
  EXPECT_EQ(found[2].offset, RealArray(Real(0)));
}

/// QuantizeLinear -> Clip -> DequantizeLinear.
TEST(MarkCheckpoints, ReadsQcdqChainsAtTheirEnd) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2, 3, 3});
  Tensor* scale = b.array({2}, {0.5F, 0.25F});
  Tensor* zero = b.typed(Container::kInt8, {2}, {0, 1});
  Tensor* q = b.graph.add(std::make_unique<ops::QuantizeLinear>(), {x, scale, zero}, "q");
  Tensor* clip = b.graph.add(
      std::make_unique<ops::Clip>(),
      {q, b.typed(Container::kInt8, {}, {-8}), b.typed(Container::kInt8, {}, {7})}, "clip");
  const auto found =
      b.marked(b.graph.add(std::make_unique<ops::DequantizeLinear>(), {clip, scale, zero}, "dq"));
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "dq"));
  EXPECT_EQ(found[1].dtype, DataType::sint(4));
  EXPECT_EQ(found[1].scale, RealArray({2, 1, 1}, {fraction(1, 2), fraction(1, 4)}));
  EXPECT_EQ(found[1].offset, RealArray({2, 1, 1}, {Real(0), fraction(-1, 4)}));
}

TEST(MarkCheckpoints, TakesTheContainerWhenNothingClips) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  Tensor* scale = b.number(0.5F);
  Tensor* q = b.graph.add(std::make_unique<ops::QuantizeLinear>(), {x, scale}, "q");
  const auto found =
      b.marked(b.graph.add(std::make_unique<ops::DequantizeLinear>(), {q, scale}, "dq"));
  EXPECT_EQ(found[1].dtype, DataType::uint(8));
  EXPECT_EQ(found[1].offset, RealArray(Real(0)));
}

TEST(MarkCheckpoints, RefusesCrossedClipBounds) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  Tensor* scale = b.number(0.5F);
  Tensor* q = b.graph.add(std::make_unique<ops::QuantizeLinear>(), {x, scale}, "q");
  Tensor* clip = b.graph.add(std::make_unique<ops::Clip>(), {q, b.typed(Container::kUInt8, {}, {9}),
                                                             b.typed(Container::kUInt8, {}, {3})});
  Tensor* y = b.graph.add(std::make_unique<ops::DequantizeLinear>(), {clip, scale}, "dq");
  EXPECT_THAT([&] { b.marked(y); },
              ThrowsMessage<UserError>(
                  HasSubstr("node 'Clip' (Clip): the lower bound 9 is above the upper bound 3")));
}

TEST(MarkCheckpoints, LeavesOutWhatNoInputReaches) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 4});
  auto topk = std::make_unique<ops::TopK>();
  // A TopK whose values nobody uses has no tensor for them.
  Tensor* label = b.graph.add_tensor("label");
  b.graph.add_node(std::move(topk), {x, b.ints({1}, {1})}, {nullptr, label});
  // An absent input is not a live one.
  Tensor* clipped = b.graph.add(std::make_unique<ops::Clip>(),
                                {b.array({4}, {1, 2, 3, 4}), nullptr, b.number(3)});
  Tensor* weights = b.quant(clipped, b.number(0.5F), 0, 4, true, "weights");
  b.graph.add_output(weights);
  const auto found = b.marked(label);
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "label"));
  EXPECT_EQ(found[1].kind, Kind::kLabel);
}

TEST(MarkCheckpoints, LeavesOutFloatQuantisersAndComputedParameters) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 4});
  Tensor* f =
      b.graph.add(std::make_unique<ops::FloatQuant>(),
                  {x, b.number(1), b.number(4), b.number(3), b.number(7), b.number(448)}, "f");
  Tensor* scale = b.graph.add(std::make_unique<ops::Relu>(), {b.number(0.5F)}, "computed");
  const auto found = b.marked(b.quant(f, scale, 0, 4, true, "q"));
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "q"));
  EXPECT_EQ(found[1].kind, Kind::kLogits);
}

TEST(MarkCheckpoints, LeavesOutWhatReachesNoOutput) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  b.quant(x, b.number(0.5F), 0, 4, true, "unused");
  EXPECT_THAT(checkpoint_names(b.marked(b.quant(x, b.number(0.5F), 0, 4, true, "q"))),
              ElementsAre("x", "q"));
}

TEST(MarkCheckpoints, ReadsTheMapsOfIntegerQuantisers) {
  Builder b;
  Tensor* x = b.graph.add_input("x", {1, 2});
  auto join = std::make_unique<ops::JoinThreshold>();
  join->out_dtype = DataType::bipolar();
  join->out_scale = 2;
  join->out_bias = -1;
  x->dtype = DataType::sint(8);
  Tensor* joined = b.graph.add(std::move(join), {b.ints({1, 1, 1}, {3}), nullptr, x}, "joined");
  joined->dtype = DataType::bipolar();
  auto layer = std::make_unique<hw::Thresholding>();
  layer->levels.out_dtype = DataType::uint(2);
  const auto found =
      b.marked(b.graph.add(std::move(layer), {joined, b.ints({1, 3}, {-1, 0, 1})}, "layer"));
  ASSERT_THAT(checkpoint_names(found), ElementsAre("x", "joined", "layer"));
  EXPECT_EQ(found[1].scale, RealArray(Real(2)));
  EXPECT_EQ(found[1].offset, RealArray(Real(-1)));
  EXPECT_EQ(found[2].dtype, DataType::uint(2));
  EXPECT_EQ(found[2].scale, RealArray(Real(1)));
}

/// x -> q -> t (a copy) -> y
class CompleteCheckpoints : public ::testing::Test {
 protected:
  void SetUp() override {
    Tensor* x = b.graph.add_input("x", {1, 2});
    Tensor* q = b.quant(x, b.number(0.5F), 0, 4, true, "q");
    Tensor* t = b.graph.add(std::make_unique<ops::Identity>(), {q}, "t");
    b.marked(b.graph.add(std::make_unique<ops::Relu>(), {t}, "y"));
  }
  std::vector<Checkpoint>& list() { return b.graph.checkpoints(); }
  Builder b;
};

TEST_F(CompleteCheckpoints, AddsNothingToACompleteList) {
  EXPECT_EQ(complete_checkpoints(b.graph), 0U);
  list()[1].tensor = b.graph.find_tensor("t");
  EXPECT_EQ(complete_checkpoints(b.graph), 0U);
  EXPECT_THAT(checkpoint_names(list()), ElementsAre("x", "q", "y"));
}

TEST_F(CompleteCheckpoints, AddsWhatTheListLeavesOut) {
  list().resize(1);
  EXPECT_EQ(complete_checkpoints(b.graph), 2U);
  EXPECT_THAT(checkpoint_names(list()), ElementsAre("x", "q", "y"));
  EXPECT_EQ(list()[2].kind, Kind::kLogits);
}

TEST_F(CompleteCheckpoints, TrustsNoInputAndNoName) {
  list()[1].kind = Kind::kInput;
  list()[2].tensor = b.graph.find_tensor("t");
  EXPECT_EQ(complete_checkpoints(b.graph), 1U);
  list().resize(3);
  list()[2].kind = Kind::kInput;
  EXPECT_EQ(complete_checkpoints(b.graph), 2U);
  EXPECT_THAT(checkpoint_names(list()), ElementsAre("x", "q", "y", "q_derived", "y_derived"));
}

TEST(MarkCheckpoints, FindsNothingInAnEmptyGraph) {
  Graph graph;
  mark_checkpoints(graph);
  EXPECT_THAT(graph.checkpoints(), IsEmpty());
}

}  // namespace
}  // namespace assay
