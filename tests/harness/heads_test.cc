// SPDX-License-Identifier: Apache-2.0
#include "harness/check/heads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "compile/graph/checkpoints.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// A network [1,4] -> logits [1,4] and what stands behind.
class Headed {
 public:
  using Head = std::function<void(Headed&, Tensor* logits)>;
  explicit Headed(const Head& head) {
    head(*this, add(ops::Relu{}, {graph.add_input("x", {1, 4})}, "logits"));
    infer_shapes(graph);
    tail = take_off_tail(graph);
    complete_checkpoints(graph);
  }
  template <typename T>
  Tensor* add(T op, std::vector<Tensor*> inputs, std::string_view name = "y") {
    return graph.add(std::make_unique<T>(std::move(op)), std::move(inputs), name);
  }
  Tensor* ints(std::vector<std::int64_t> values) {
    const Shape shape{std::ssize(values)};
    return graph.add_constant("c", Constant(shape, std::move(values)));
  }
  Tensor* real(std::int64_t value) {
    return graph.add_constant("r", Constant(Shape{}, std::vector<Real>{Real(value)}));
  }
  void end(Tensor* output) { graph.add_output(output); }

  Graph graph;
  HostTail tail;
};

std::optional<std::string> differing(const Headed::Head& a, const Headed::Head& b) {
  const Headed first(a), second(b);
  return differing_heads({first.graph, first.tail}, {second.graph, second.tail});
}

void probability(Headed& net, Tensor* logits) { net.end(net.add(ops::Softmax{}, {logits})); }

TEST(Heads, ShapesMakeNoDifference) {
  const auto flat = [](Headed& net, Tensor* logits) {
    net.end(net.add(ops::Reshape{}, {net.add(ops::Softmax{}, {logits}), net.ints({4})}));
  };
  EXPECT_EQ(differing(probability, probability), std::nullopt);
  EXPECT_EQ(differing(probability, flat), std::nullopt);
}

TEST(Heads, AnOutputMoreIsADifference) {
  const auto both = [](Headed& net, Tensor* logits) {
    net.end(logits);
    probability(net, logits);
  };
  EXPECT_EQ(differing(both, both), std::nullopt);
  EXPECT_THAT(differing(both, probability).value(),
              HasSubstr("behind 'logits' A ends in nothing and node 'Softmax' (Softmax) of "
                        "axis=-1, B in node 'Softmax' (Softmax) of axis=-1"));
  EXPECT_TRUE(differing([](Headed& net, Tensor* logits) { net.end(logits); }, both));
}

TEST(Heads, SeveralOutputsMayBecomeOne) {
  const auto joined = [](bool sigmoid) {
    return [sigmoid](Headed& net, Tensor* logits) {
      Tensor* other = net.add(ops::Relu{}, {logits}, "other");
      ops::Concat concat;
      concat.axis = 1;
      Tensor* real = sigmoid ? net.add(ops::Sigmoid{}, {logits}) : net.add(ops::Tanh{}, {logits});
      net.end(net.add(concat, {real, other}));
    };
  };
  EXPECT_EQ(differing(joined(true), joined(true)), std::nullopt);
  EXPECT_THAT(differing(joined(true), joined(false)).value(), HasSubstr("behind 'logits'"));
}

TEST(Heads, OutputsThatChangePlacesAreADifference) {
  const auto two = [](bool swapped) {
    return [swapped](Headed& net, Tensor* logits) {
      Tensor *a = net.add(ops::Sigmoid{}, {logits}), *b = net.add(ops::Tanh{}, {logits});
      net.end(swapped ? b : a);
      net.end(swapped ? a : b);
    };
  };
  EXPECT_EQ(differing(two(true), two(true)), std::nullopt);
  EXPECT_THAT(differing(two(false), two(true)).value(),
              HasSubstr("(Sigmoid) and node 'Tanh' (Tanh), B in node 'Tanh' (Tanh) and node"));
}

/// Two rows of two: no labels, so that anything may be made of them.
Headed::Head scaled(std::int64_t factor, std::vector<std::int64_t> perm) {
  return [factor, perm = std::move(perm)](Headed& net, Tensor* logits) {
    Tensor* map = net.add(ops::Reshape{}, {logits, net.ints({1, 2, 2})}, "map");
    ops::Transpose turn;
    turn.perm = perm;
    Tensor* y = net.add(ops::Mul{}, {net.add(ops::Sigmoid{}, {map}), net.real(factor)});
    net.end(net.add(turn, {y}));
  };
}

TEST(Heads, ConstantsAndOrdersAreDifferences) {
  EXPECT_EQ(differing(scaled(2, {0, 2, 1}), scaled(2, {0, 2, 1})), std::nullopt);
  EXPECT_TRUE(differing(scaled(2, {0, 2, 1}), scaled(3, {0, 2, 1})));
  EXPECT_TRUE(differing(scaled(2, {0, 2, 1}), scaled(2, {0, 1, 2})));
}

TEST(Heads, AnotherOperandIsADifference) {
  const auto minus = [](bool swapped) {
    return [swapped](Headed& net, Tensor* logits) {
      Tensor* map = net.add(ops::Reshape{}, {logits, net.ints({1, 2, 2})}, "map");
      Tensor* e = net.add(ops::Exp{}, {map});
      net.end(swapped ? net.add(ops::Sub{}, {map, e}) : net.add(ops::Sub{}, {e, map}));
    };
  };
  EXPECT_EQ(differing(minus(true), minus(true)), std::nullopt);
  EXPECT_TRUE(differing(minus(true), minus(false)));
}

}  // namespace
}  // namespace assay
