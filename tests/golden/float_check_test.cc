// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/float_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/base/error.h"
#include "golden/exact_testing.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Observed = std::map<std::string, Levels>;

/// x / 3 * 7.5 -> Quant a -> Quant b at scale 4 -> logits b, -b. Exactly x / 3 * 7.5 = 2.5 x, a tie
/// for odd x; in float32 49 gives 122.50001, 101 gives 252.50002 and 203 gives 507.49997.
struct Chain {
  Net net;
  std::unique_ptr<ExactExecutor> exact;
  std::unique_ptr<FloatChecker> checker;

  Chain() {
    Tensor* third = net.add(ops::Div{}, {net.input({1, 2}), net.scalar(3)});
    Tensor* a = add_quant(net, net.add(ops::Mul{}, {third, net.scalar(7.5F)}), {.bits = 12});
    net.graph.rename(a, "a");
    Tensor* b = add_quant(net, a, {.scale = 4, .bits = 12});
    net.graph.rename(b, "b");
    net.finish(net.add(ops::MatMul{}, {b, net.floats({2, 2}, {1, 0, 0, 1})}));
    mark_checkpoints(net.graph);
    exact =
        std::make_unique<ExactExecutor>(net.graph, std::vector{ExactInput::integers(-255, 255)});
    checker = std::make_unique<FloatChecker>(net.graph, *exact);
  }

  FloatCheck check(const Levels& x, const Observed& observed,
                   std::optional<std::int64_t> label = {}) const {
    return checker->check({{x}}, {{{1, 2}, {static_cast<float>(x[0]), static_cast<float>(x[1])}}},
                          observed, label);
  }
};

TEST(FloatCheck, ExplainsAFloat32RoundingAcrossABoundary) {
  const Chain chain;
  // What float32 makes of 49 and 203: 123 and 507. Behind them 123 / 4 = 30.75, 507 / 4 = 126.75.
  const FloatCheck check = chain.check({49, 203}, {{"a", {123, 507}}, {"b", {31, 127}}});
  EXPECT_EQ(check.compared, 4);
  EXPECT_EQ(check.differing, 2);
  EXPECT_EQ(check.explained, 2);
  EXPECT_TRUE(check.all_explained());
  ASSERT_EQ(check.differences.size(), 2U);
  const FloatDifference& first = check.differences[0];
  EXPECT_EQ(first.checkpoint, "a");
  EXPECT_EQ(first.element, 0);
  EXPECT_EQ(first.exact, 122);
  EXPECT_EQ(first.got, 123);
  EXPECT_EQ(first.value, 122.5);
  EXPECT_TRUE(first.explained);
  // The bound is above the rounding that happened, and not by orders of magnitude.
  EXPECT_GT(first.slack, 122.50001F - 122.5);
  EXPECT_LT(first.slack, 1e-3);
  EXPECT_EQ(check.differences[1].element, 1);
  EXPECT_EQ(check.differences[1].exact, 508);
  EXPECT_EQ(check.differences[1].got, 507);
}

TEST(FloatCheck, ObservesWhatTheFloatExecutorDoes) {
  const Chain chain;
  Observed observed;
  FloatExecutor(chain.net.graph)
      .run({{{1, 2}, {49, 203}}}, [&](const Tensor& tensor, const FloatTensor& value) {
        for (const Checkpoint& checkpoint : chain.net.graph.checkpoints())
          if (checkpoint.tensor == &tensor && checkpoint.has_map)
            observed[checkpoint.name] = checkpoint_integers(checkpoint, value);
      });
  EXPECT_EQ(observed, (Observed{{"a", {123, 507}}, {"b", {31, 127}}}));
  EXPECT_TRUE(chain.check({49, 203}, observed).all_explained());
}

TEST(FloatCheck, FindsNothingWhereNothingDiffers) {
  const FloatCheck check = Chain().check({50, -49}, {{"a", {125, -122}}, {"b", {31, -30}}}, 0);
  EXPECT_EQ(check.compared, 4);
  EXPECT_EQ(check.differing, 0);
  EXPECT_TRUE(check.differences.empty());
  EXPECT_TRUE(check.all_explained());
}

TEST(FloatCheck, DoesNotExplainAnErrorFarFromABoundary) {
  // 2.5 * 50 = 125 exactly; 126 is wrong, and b is right for it (31.5 -> 32).
  const FloatCheck check = Chain().check({50, 203}, {{"a", {126, 507}}, {"b", {32, 127}}});
  EXPECT_EQ(check.differing, 2);
  EXPECT_EQ(check.explained, 1);
  EXPECT_FALSE(check.all_explained());
  // What is not explained comes first.
  ASSERT_EQ(check.differences.size(), 2U);
  EXPECT_FALSE(check.differences[0].explained);
  EXPECT_EQ(check.differences[0].element, 0);
  EXPECT_EQ(check.differences[0].exact, 125);
  EXPECT_EQ(check.differences[0].got, 126);
}

TEST(FloatCheck, DoesNotExplainATieThatFellTwoLevelsAway) {
  const FloatCheck check = Chain().check({49, 50}, {{"a", {124, 125}}, {"b", {31, 31}}});
  EXPECT_EQ(check.differing, 1);
  EXPECT_EQ(check.explained, 0);
}

TEST(FloatCheck, DoesNotExplainATieThatFloat32ComputesExactly) {
  const Chain chain;
  // 122 / 4 = 30.5 has no rounding in it: half to even gives 30, and 31 is a wrong rule, not
  // float32.
  const FloatCheck check = chain.check({49, 48}, {{"a", {122, 120}}, {"b", {31, 30}}});
  EXPECT_EQ(check.differing, 1);
  EXPECT_EQ(check.explained, 0);
  ASSERT_EQ(check.differences.size(), 1U);
  EXPECT_EQ(check.differences[0].checkpoint, "b");
  EXPECT_EQ(check.differences[0].slack, 0.0);
}

TEST(FloatCheck, ChecksEachStretchFromTheObservedIntegers) {
  // a is explained; b must follow from the observed a = 123 (30.75 -> 31), not from the exact 122
  // (30.5 -> 30).
  const FloatCheck check = Chain().check({49, 50}, {{"a", {123, 125}}, {"b", {30, 31}}});
  EXPECT_EQ(check.differing, 2);
  EXPECT_EQ(check.explained, 1);
  EXPECT_EQ(check.differences.at(0).checkpoint, "b");
  EXPECT_EQ(check.differences.at(0).exact, 31);
  EXPECT_FALSE(check.differences.at(0).explained);
}

TEST(FloatCheck, CarriesTheDoubtOfAnActivationThatWasNotObserved) {
  const Chain chain;
  // a is a tie at 49, so float32 may have had 122 or 123 there, and b 30 or 31; nothing else.
  for (const auto& [b, explained] : {std::pair{31, true}, {29, false}, {32, false}}) {
    const FloatCheck check = chain.check({49, 50}, {{"b", {b, 31}}});
    EXPECT_EQ(check.compared, 2);
    EXPECT_EQ(check.differing, 1);
    EXPECT_EQ(check.all_explained(), explained) << b;
    EXPECT_FALSE(check.checkpoints.contains("a"));
  }
  // At 50 there is no doubt: 125 / 4 = 31.25.
  EXPECT_FALSE(chain.check({50, 50}, {{"b", {32, 31}}}).all_explained());
  EXPECT_TRUE(chain.check({50, 50}, {{"b", {31, 31}}}).all_explained());
}

TEST(FloatCheck, CountsEveryCheckpoint) {
  const FloatCheck check = Chain().check({50, 203}, {{"a", {126, 507}}, {"b", {32, 127}}});
  EXPECT_EQ(check.checkpoints.at("a").compared, 2);
  EXPECT_EQ(check.checkpoints.at("a").differing, 2);
  EXPECT_EQ(check.checkpoints.at("a").explained, 1);
  EXPECT_EQ(check.checkpoints.at("b").compared, 2);
  EXPECT_EQ(check.checkpoints.at("b").differing, 0);
}

TEST(FloatCheck, GivesUpWhereNothingIsExplained) {
  constexpr std::int64_t kSize = 2 * FloatCheck::kMaxUnexplained;
  Net net;
  Tensor* a = add_quant(net, net.input({1, kSize}), {});
  net.graph.rename(a, "a");
  net.finish(a);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 127)});
  const FloatCheck check =
      FloatChecker(net.graph, exact)
          .check({{Levels(kSize, 3)}}, {{{1, kSize}, std::vector<float>(kSize, 3)}},
                 {{"a", Levels(kSize, 5)}});
  EXPECT_EQ(check.differing, kSize);
  EXPECT_EQ(check.checkpoints.at("a").differing, kSize);
  EXPECT_EQ(check.explained, 0);
  EXPECT_EQ(check.differences.size(), FloatCheck::kMaxListed);
}

TEST(FloatCheck, BoundsTheLogits) {
  const Chain chain;
  const Observed observed = {{"a", {125, 250}}, {"b", {31, 62}}};
  const auto check = [&](std::vector<double> logits) {
    return chain.checker->check({{{50, 100}}}, {{{1, 2}, {50, 100}}}, observed, {}, logits);
  };
  const FloatCheck right = check({124, 248});
  EXPECT_TRUE(right.all_explained());
  EXPECT_EQ(right.logits.value().compared, 2);
  EXPECT_EQ(right.logits->largest_error, 0);
  EXPECT_LT(right.logits->largest_bound, 1e-3);
  EXPECT_TRUE(check({124, 248 + right.logits->largest_bound / 2}).all_explained());
  const FloatCheck wrong = check({124, 248.5});
  EXPECT_FALSE(wrong.all_explained());
  EXPECT_EQ(wrong.logits->outliers, 1);
  EXPECT_EQ(wrong.logits->largest_error, 0.5);
  EXPECT_EQ(wrong.logits->first.value().element, 1);
  EXPECT_EQ(wrong.logits->first->exact, 248);
  EXPECT_EQ(wrong.logits->first->got, 248.5);
  EXPECT_THROW(check({124}), UserError);
}

TEST(FloatCheck, RefusesACheckpointOfAnotherSize) {
  const Chain chain;
  EXPECT_THROW(chain.check({49, 50}, {{"a", {122}}, {"b", {30, 31}}}), UserError);
  EXPECT_THROW(chain.check({49, 50}, {{"a", {122, 125, 0}}, {"b", {30, 31}}}), UserError);
}

TEST(FloatCheck, DoesNotExplainAWrongLabel) {
  const Chain chain;
  const Observed observed = {{"a", {125, 250}}, {"b", {31, 62}}};
  EXPECT_FALSE(chain.check({50, 100}, observed, 1).label_explained.has_value());
  EXPECT_TRUE(chain.check({50, 100}, observed, 1).all_explained());
  const FloatCheck wrong = chain.check({50, 100}, observed, 0);
  EXPECT_EQ(wrong.label_explained, std::optional(false));
  EXPECT_FALSE(wrong.all_explained());
}

TEST(FloatCheck, ExplainsNothingWhereFloat32MayOverflow) {
  // (100 * 2^126) * 2^-126: infinite in float32, which bounds nothing.
  Net net;
  Tensor* a = add_quant(net, net.input({1, 2}), {});
  net.graph.rename(a, "a");
  Tensor* y = net.add(ops::Mul{}, {a, net.floats({1}, {0x1p126F})});
  net.finish(net.add(ops::Mul{}, {y, net.floats({1}, {0x1p-126F})}));
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 127)});
  const FloatChecker checker(net.graph, exact);
  const auto check = [&](std::optional<std::int64_t> label, std::vector<double> logits) {
    return checker.check({{{100, 90}}}, {{{1, 2}, {100, 90}}}, {{"a", {100, 90}}}, label, logits);
  };
  EXPECT_TRUE(check({}, {100, 90}).all_explained());
  const FloatCheck wrong = check({}, {-9e9, 90});
  EXPECT_FALSE(wrong.all_explained());
  EXPECT_EQ(wrong.logits.value().outliers, 1);
  EXPECT_EQ(check(1, {}).label_explained, std::optional(false));
}

TEST(FloatCheck, ExplainsALabelBetweenLogitsThatFloat32CannotTell) {
  // 123 * fl(1/3) + 1 against 123 * fl(1/3) + 1 + 2^-24 or + 2^-10: only the first is within
  // rounding.
  for (const bool near : {true, false}) {
    Net net;
    Tensor* a = add_quant(net, net.input({1, 1}), {});
    net.graph.rename(a, "a");
    Tensor* y = net.add(ops::MatMul{}, {a, net.floats({1, 2}, {1.0F / 3, 1.0F / 3})});
    net.finish(net.add(ops::Add{}, {y, net.floats({2}, {0, near ? 0x1p-24F : 0x1p-10F})}));
    mark_checkpoints(net.graph);
    const ExactExecutor exact(net.graph, {ExactInput::integers(0, 127)});
    const FloatCheck check =
        FloatChecker(net.graph, exact).check({{{123}}}, {{{1, 1}, {123}}}, {{"a", {123}}}, 0);
    EXPECT_EQ(check.label_explained, std::optional(near));
  }
}

TEST(FloatCheck, SeesThroughAReluAndAMaxPool) {
  // x / 3 * 7.5 -> Relu -> MaxPool -> Quant: 49 against 1 and -203 against -1.
  Net net;
  Tensor* third = net.add(ops::Div{}, {net.input({1, 1, 4}), net.scalar(3)});
  Tensor* relu = net.add(ops::Relu{}, {net.add(ops::Mul{}, {third, net.scalar(7.5F)})});
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  Tensor* a = add_quant(net, net.add(pool, {relu}), {.bits = 12});
  net.graph.rename(a, "a");
  net.finish(a);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(-255, 255)});
  const FloatChecker checker(net.graph, exact);
  const auto check = [&](const Levels& a_levels) {
    return checker.check({{{49, 1, -203, -1}}}, {{{1, 1, 4}, {49, 1, -203, -1}}},
                         {{"a", a_levels}});
  };
  EXPECT_EQ(check({122, 0}).differing, 0);
  EXPECT_EQ(check({123, 0}).explained, 1);
  EXPECT_EQ(check({122, 2}).differing, 1);
  EXPECT_EQ(check({122, 2}).explained, 0);
  EXPECT_THROW(check({122, -2}), UserError) << "a Relu is never negative";
}

/// quantise_exactly of `quantiser` against the executor for the only checkpoint of `net`.
void expect_same_quantiser(Net& net, Tensor* y, const Levels& q, const Real& step,
                           const Tensor* quantiser) {
  const ExactRun run = run_exactly(net, y, q, step);
  const CheckpointValue& value = run.checkpoints.at(1);
  ASSERT_EQ(value.checkpoint->kind, Checkpoint::Kind::kActivation);
  Levels expected;
  for (std::size_t e = 0; e < q.size(); ++e)
    expected.push_back(
        quantise_exactly(*quantiser->producer, static_cast<std::int64_t>(e), step * Real(q[e])));
  EXPECT_EQ(value.q, expected);
}
void expect_same_quantiser(Net& net, Tensor* y, const Levels& q, const Real& step) {
  expect_same_quantiser(net, y, q, step, y);
}

TEST(FloatCheck, QuantisesAsTheExactExecutorDoes) {
  Levels q;
  for (std::int64_t i = -40; i <= 40; ++i) q.push_back(i);
  const auto n = static_cast<std::int64_t>(q.size());
  const Real quarter = ratio(1, 4);
  for (const RoundingMode mode :
       {RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown,
        RoundingMode::kCeil, RoundingMode::kFloor, RoundingMode::kUp, RoundingMode::kDown})
    for (const QuantCase& c :
         {QuantCase{.bits = 3, .mode = mode}, QuantCase{.zero = 1, .bits = 4, .mode = mode},
          QuantCase{.bits = 3, .is_signed = false, .narrow = true, .mode = mode},
          QuantCase{.zero = 1, .bits = 1, .mode = mode}}) {
      Net net;
      expect_same_quantiser(net, add_quant(net, net.input({1, n}), c), q, quarter);
    }
  Net bipolar;
  expect_same_quantiser(
      bipolar, bipolar.add(ops::BipolarQuant{}, {bipolar.input({1, n}), bipolar.scalar(2)}), q,
      quarter);
  ops::Trunc trunc;
  Net first;
  expect_same_quantiser(first,
                        first.add(trunc, {first.input({1, n}), first.scalar(0.5F), first.scalar(0),
                                          first.scalar(6), first.scalar(4)}),
                        q, quarter);
  trunc.version = 2;
  Net second;
  expect_same_quantiser(
      second,
      second.add(trunc, {second.input({1, n}), second.scalar(0.5F), second.scalar(0),
                         second.scalar(6), second.scalar(2), second.scalar(3)}),
      q, quarter);
  ops::MultiThreshold thresholds;
  thresholds.out_dtype = DataType::uint(2);
  Net counted;
  expect_same_quantiser(
      counted,
      counted.add(thresholds, {counted.input({1, n}), counted.floats({1, 3}, {2, -3, 0.5F})}), q,
      quarter);
}

TEST(FloatCheck, QuantisesAsQuantizeLinearDoes) {
  Net net;
  Levels q;
  for (std::int64_t i = -400; i <= 400; ++i) q.push_back(i);
  Tensor* zero = net.graph.add_constant("i", Constant({}, Levels{1}));
  zero->container = Container::kInt8;
  Tensor* x = net.input({1, static_cast<std::int64_t>(q.size())});
  Tensor* level = net.add(ops::QuantizeLinear{}, {x, net.scalar(0.5F), zero});
  expect_same_quantiser(net, net.add(ops::DequantizeLinear{}, {level, net.scalar(0.5F), zero}), q,
                        ratio(1, 4), level);
}

}  // namespace
}  // namespace assay
