// SPDX-License-Identifier: Apache-2.0
// What the exact executor promises besides the operators' arithmetic.
#include "golden/exact/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "compile/base/error.h"
#include "golden/exact_testing.h"

namespace assay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

template <typename F>
std::string user_error_of(F&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

// ---- exact_images

/// Each value back from its integer terms.
void expect_reconstruction(const std::vector<float>& values) {
  const FloatImages images = exact_images(values, {static_cast<std::int64_t>(values.size())});
  ASSERT_EQ(images.images.size(), 1U);
  for (std::size_t i = 0; i < values.size(); ++i) {
    Real sum;
    for (std::size_t k = 0; k < images.input.terms.size(); ++k) {
      const std::int64_t q = images.images[0][k][i];
      EXPECT_GE(q, images.input.terms[k].min);
      EXPECT_LE(q, images.input.terms[k].max);
      sum += images.input.terms[k].scale.values[0] * Real(q);
    }
    EXPECT_TRUE(sum == Real::of(values[i])) << values[i] << " became " << sum.str();
  }
}

TEST(ExactImages, KeepEveryFloatOfOneMagnitudeInOneTerm) {
  const std::vector<float> values = {0.0F, 1.0F, -0.5F, 0.7F, -0.0F, 1e-3F};
  EXPECT_EQ(exact_images(values, {6}).input.terms.size(), 1U);
  expect_reconstruction(values);
}

TEST(ExactImages, KeepTheSmallestAndTheLargestFloatTogether) {
  using Limits = std::numeric_limits<float>;
  expect_reconstruction({Limits::denorm_min(), -Limits::denorm_min(), Limits::min(), Limits::max(),
                         Limits::lowest(), std::nextafter(Limits::min(), 0.0F), 1.0F,
                         std::nextafter(1.0F, 2.0F), 3.0e-20F, -7.7e20F});
}

TEST(ExactImages, KeepRandomBitPatterns) {
  constexpr std::uint32_t kSeed = 20;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  std::vector<float> values;
  while (values.size() < 2000) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (std::isfinite(value)) values.push_back(value);
  }
  expect_reconstruction(values);
}

TEST(ExactImages, KeepZeros) { expect_reconstruction({0.0F, -0.0F}); }

TEST(ExactImages, AreCutIntoImages) {
  const FloatImages images = exact_images(std::vector<float>{1, 2, 3, 4, 5, 6}, {1, 2});
  ASSERT_EQ(images.images.size(), 3U);
  EXPECT_EQ(images.images[1], (ExactInputData{{3, 4}}));
}

TEST(ExactImages, RefuseWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::nanf("")})
    EXPECT_THAT(user_error_of([&] {
                  exact_images(std::vector<float>{1, bad}, {2});
                }),
                HasSubstr("NaN or infinite"));
}

TEST(ExactImages, RunThroughANetworkExactly) {
  // 1e30 + 1e-30 - 1e30, which float32 and double lose.
  const std::vector<float> values = {1e30F, 1e-30F, -1e30F};
  Net net;
  Tensor* y = net.add(ops::MatMul{}, {net.input({1, 3}), net.floats({3, 1}, {1, 1, 1})});
  net.finish(y);
  const FloatImages images = exact_images(values, {1, 3});
  const ExactRun run =
      ExactExecutor(net.graph, {images.input}).run({.inputs = {images.images.at(0)}});
  EXPECT_TRUE(run.outputs.at(0).real(0) == Real::of(1e-30F));
}

// ---- What is refused

/// x / 2 -> Quant a -> Quant b, one dimension of three.
struct Pair {
  Net net;
  Pair() {
    Tensor* a = add_quant(net, net.add(ops::Mul{}, {net.input({3}), net.scalar(0.5F)}),
                          {.bits = 4, .is_signed = false});
    net.graph.rename(a, "a");
    Tensor* b = add_quant(net, a, {.scale = 2, .bits = 4, .is_signed = false});
    net.graph.rename(b, "b");
    net.finish(b);
    mark_checkpoints(net.graph);
  }
};

TEST(ExactExecutor, RefusesInputsOutOfTheirRange) {
  Pair pair;
  const ExactExecutor exact(pair.net.graph, {ExactInput::integers(0, 10)});
  EXPECT_NO_THROW(exact.run({.inputs = {{{0, 5, 10}}}}));
  for (const std::int64_t bad : {-1, 11})
    EXPECT_THAT(user_error_of([&] {
                  exact.run({.inputs = {{{0, bad, 0}}}});
                }),
                AllOf(HasSubstr("element 1"), HasSubstr("range")));
}

TEST(ExactExecutor, RefusesInputsOfAnotherForm) {
  Pair pair;
  const Graph& graph = pair.net.graph;
  const ExactExecutor exact(graph, {ExactInput::integers(0, 10)});
  EXPECT_THAT(user_error_of([&] {
                exact.run({.inputs = {{{1, 2}}}});
              }),
              AllOf(HasSubstr("needs 3"), HasSubstr("2 were given")));
  EXPECT_NE(user_error_of([&] { exact.run({.inputs = {}}); }), "no error");
  EXPECT_NE(user_error_of([&] { exact.run({.inputs = {{{1, 2, 3}, {1, 2, 3}}}}); }), "no error");
  EXPECT_NE(user_error_of([&] { ExactExecutor(graph, {}); }), "no error");
}

TEST(ExactExecutor, RefusesSoftmaxWithItsNameAndARemedy) {
  Net net;
  Tensor* y = net.add(ops::Softmax{}, {net.input({1, 3})});
  y->producer->name = "head";
  net.finish(y);
  EXPECT_THAT(user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(0, 1)}); }),
              AllOf(HasSubstr("'head'"), HasSubstr("Softmax"), HasSubstr("run it with the float")));
}

TEST(ExactExecutor, RefusesAConvolutionOfTwoActivations) {
  Net net;
  ops::Conv conv;
  conv.window = {{1, 1}, {1, 1}, {0, 0, 0, 0}, {1, 1}};
  Tensor* x = net.input({2, 2, 1, 1});
  Tensor* y = net.add(conv, {x, x});
  net.finish(y);
  EXPECT_THAT(user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(0, 1)}); }),
              AllOf(HasSubstr(y->producer->label()), HasSubstr("product of two activations")));
}

TEST(ExactExecutor, RefusesAMatrixProductBeyond63Bits) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  for (const std::int64_t k : {1, 2}) {
    Net net;
    Tensor* x = net.input({k, k});
    net.finish(net.add(ops::MatMul{}, {x, x}));
    const std::string error =
        user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(0, kMost)}); });
    if (k == 2)
      EXPECT_THAT(error, HasSubstr("exceed 63 bits; quantise its factors"));
    else
      EXPECT_EQ(error, "no error");
  }
}

TEST(ExactExecutor, RefusesIntegersBeyond63Bits) {
  Net net;
  Tensor* x = net.input({1, 4});
  net.finish(net.add(ops::MatMul{}, {x, net.floats({4, 1}, {1, 1, 1, 1})}));
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  EXPECT_NE(user_error_of([&] { ExactExecutor(net.graph, {ExactInput::integers(-kMost, kMost)}); }),
            "no error");
  constexpr std::int64_t kFits = (std::int64_t{1} << 60) - 1;
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, kFits)});
  EXPECT_EQ(texts(exact.run({.inputs = {{{kFits, kFits, kFits, kFits}}}}).outputs.at(0)),
            Texts{std::to_string(4 * kFits)});
}

// ---- Runs

TEST(ExactExecutor, AForcedCheckpointIsWhatFollowsSees) {
  Pair pair;
  const ExactExecutor exact(pair.net.graph, {ExactInput::integers(0, 20)});
  const ExactInputData x = {{2, 6, 20}};
  const ExactRun plain = exact.run({.inputs = {x}});
  // a = x / 2; b = a / 2 rounded half to even.
  EXPECT_EQ(plain.checkpoints.at(1).q, (Levels{1, 3, 10}));
  EXPECT_EQ(plain.checkpoints.at(2).q, (Levels{0, 2, 5}));
  const std::map<std::string, Levels> forced = {{"a", {6, 15, 0}}};
  const ExactRun run = exact.run({.inputs = {x}, .forced = &forced});
  EXPECT_EQ(run.checkpoints.at(1).q, (Levels{1, 3, 10})) << "the computed integers are reported";
  EXPECT_EQ(run.checkpoints.at(2).q, (Levels{3, 8, 0}));
  EXPECT_EQ(texts(run.outputs.at(0)), (Texts{"6", "16", "0"}));
  // Nothing of it stays behind.
  EXPECT_EQ(exact.run({.inputs = {x}}).checkpoints.at(2).q, (Levels{0, 2, 5}));
}

TEST(ExactExecutor, RefusesToForceWhatTheCheckpointCannotHold) {
  Pair pair;
  const ExactExecutor exact(pair.net.graph, {ExactInput::integers(0, 20)});
  const ExactInputData x = {{2, 6, 20}};
  const auto forcing = [&](const Levels& q) {
    const std::map<std::string, Levels> forced = {{"a", q}};
    return user_error_of([&] { exact.run({.inputs = {x}, .forced = &forced}); });
  };
  EXPECT_THAT(forcing({1, 2}), AllOf(HasSubstr("'a'"), HasSubstr("3 elements, 2 were given")));
  EXPECT_THAT(forcing({1, 16, 2}),
              AllOf(HasSubstr("element 1"), HasSubstr("'a' is 16"), HasSubstr("0 to 15")));
  EXPECT_THAT(forcing({1, 2, -1}), HasSubstr("element 2"));
}

TEST(ExactExecutor, ForcesWhatIsComparedWithAPaddingOfALevel) {
  // Levels of scale 1/2 and zero point 3, padded by level -8, of which pairs are compared: those of
  // b = -8, x0, x1, -8 are the larger ones.
  Net net;
  const auto level = [&](std::int64_t value) {
    Tensor* tensor = net.graph.add_constant("level", Constant({}, Levels{value}));
    tensor->container = Container::kInt8;
    return tensor;
  };
  Tensor* half = net.scalar(0.5F);
  Tensor* q = net.add(ops::QuantizeLinear{}, {net.input({1, 1, 2}), half, level(3)});
  q = net.add(ops::Pad{}, {q, net.ints({0, 0, 1, 0, 0, 1}), level(-8)});
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0});
  Tensor* b = net.add(ops::DequantizeLinear{}, {net.add(pool, {q}), half, level(3)});
  net.graph.rename(b, "b");
  net.finish(b);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(-20, 20)});
  EXPECT_EQ(exact.run({.inputs = {{{-6, 2}}}}).checkpoints.at(1).q, (Levels{-8, 7, 7}));
  EXPECT_EQ(exact.run({.inputs = {{{-5, -9}}}}).checkpoints.at(1).q, (Levels{-7, -7, -8}));
  const std::map<std::string, Levels> forced = {{"b", {-8, 5, 100}}};
  EXPECT_EQ(texts(exact.run({.inputs = {{{-6, 2}}}, .forced = &forced}).outputs.at(0)),
            (Texts{"-11/2", "1", "97/2"}));
}

TEST(ExactExecutor, PadsByWhatIsNoLevel) {
  // 1/4 and what no integer of 64 bits is are offsets where they stand.
  for (const float padding : {0.25F, -0x1p100F}) {
    Net net;
    Tensor* x = net.add(ops::Mul{}, {net.input({1, 2}), net.scalar(0.5F)});
    Tensor* y = net.add(ops::Pad{}, {x, net.ints({0, 1, 0, 0}), net.scalar(padding)});
    EXPECT_EQ(exact_texts(net, y, {3, -1}), (Texts{Real::of(padding).str(), "3/2", "-1/2"}));
  }
}

TEST(ExactExecutor, KeepsEveryTensorOnRequest) {
  Pair pair;
  const ExactExecutor exact(pair.net.graph, {ExactInput::integers(0, 20)});
  const ExactRun run =
      exact.run({.inputs = {{{1, 6, 20}}}, .checkpoints = false, .keep_all = true});
  EXPECT_TRUE(run.checkpoints.empty());
  std::size_t computed = 0;
  for (const auto& tensor : pair.net.graph.tensors()) computed += tensor->is_constant() ? 0 : 1;
  EXPECT_EQ(run.values.size(), computed);
  const Tensor* half = pair.net.graph.find_tensor("a")->producer->inputs[0];
  EXPECT_EQ(texts(run.values.at(half)), (Texts{"1/2", "3", "10"}));
  EXPECT_TRUE(exact.run({.inputs = {{{1, 6, 20}}}}).values.empty());
}

TEST(ExactExecutor, KeepsAReluThatAQuantiserTookIn) {
  // x / 2 - 1 at -1, 2, 5 is -3/2, 0, 3/2.
  Net net;
  Tensor* half = net.add(ops::Mul{}, {net.input({1, 1, 3}), net.scalar(0.5F)});
  Tensor* relu = net.add(ops::Relu{}, {net.add(ops::Add{}, {half, net.scalar(-1)})});
  ops::MaxPool pool;
  pool.window = window_of({1}, {0, 0});
  Tensor* pooled = net.add(pool, {relu});
  net.finish(add_quant(net, pooled, {}));
  const ExactRun run = ExactExecutor(net.graph, {ExactInput::integers(-10, 10)})
                           .run({.inputs = {{{-1, 2, 5}}}, .keep_all = true});
  EXPECT_EQ(texts(run.values.at(relu)), (Texts{"0", "0", "3/2"}));
  EXPECT_EQ(texts(run.values.at(pooled)), (Texts{"0", "0", "3/2"}));
  EXPECT_EQ(texts(run.outputs.at(0)), (Texts{"0", "0", "2"}));
}

TEST(ExactExecutor, GivesTheExactValueOfACheckpointOffItsGrid) {
  // A later stage may carry a checkpoint on a tensor with another scale: as long as all elements
  // lie on the checkpoint's grid there are integers, otherwise just the value.
  Net net;
  Tensor* y = net.add(ops::Mul{}, {net.input({2}), net.scalar(0.5F)});
  net.finish(y);
  Checkpoint checkpoint;
  checkpoint.name = "c";
  checkpoint.tensor = y;
  checkpoint.has_map = true;
  checkpoint.scale = RealArray(Real(1));
  net.graph.checkpoints() = {checkpoint};
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 10)});
  const ExactRun on_grid = exact.run({.inputs = {{{2, 10}}}});
  EXPECT_EQ(on_grid.checkpoints.at(0).q, (Levels{1, 5}));
  const ExactRun off_grid = exact.run({.inputs = {{{2, 5}}}});
  EXPECT_TRUE(off_grid.checkpoints.at(0).q.empty());
  EXPECT_EQ(texts(off_grid.checkpoints.at(0).value), (Texts{"1", "5/2"}));
}

TEST(ExactExecutor, GivesInputAndLogitsAsExactValues) {
  Net net;
  Tensor* y = net.add(ops::Div{}, {net.input({2}), net.scalar(3)});
  net.finish(y);
  mark_checkpoints(net.graph);
  const ExactRun run =
      ExactExecutor(net.graph, {ExactInput::integers(0, 9)}).run({.inputs = {{{1, 6}}}});
  ASSERT_EQ(run.checkpoints.size(), 2U);
  EXPECT_EQ(run.checkpoints[0].checkpoint->kind, Checkpoint::Kind::kInput);
  EXPECT_EQ(texts(run.checkpoints[0].value), (Texts{"1", "6"}));
  EXPECT_EQ(run.checkpoints[1].checkpoint->kind, Checkpoint::Kind::kLogits);
  EXPECT_EQ(texts(run.checkpoints[1].value), (Texts{"1/3", "2"}));
  EXPECT_EQ(run.checkpoints[1].value.to_double(0), 1.0 / 3);
}

TEST(ExactExecutor, AnswersAReluAtTheOutput) {
  Net net;
  Tensor* x = net.add(ops::Mul{}, {net.input({4}), net.scalar(0.5F)});
  EXPECT_EQ(exact_texts(net, net.add(ops::Relu{}, {x}), {-3, -1, 0, 3}),
            (Texts{"0", "0", "0", "3/2"}));
}

TEST(ExactExecutor, AnswersAMaxPoolOfAReluAtTheOutput) {
  Net net;
  Tensor* relu = net.add(ops::Relu{}, {net.input({1, 1, 4})});
  ops::MaxPool pool;
  pool.window = window_of({2}, {0, 0}, 2);
  EXPECT_EQ(exact_texts(net, net.add(pool, {relu}), {-3, -1, 2, -5}), (Texts{"0", "2"}));
}

TEST(ExactExecutor, CountsTheDecisionsThatDoubleArithmeticLeavesOpen) {
  // (2x + 1) / 6, of which double arithmetic has only an enclosure: ties at x = 1, 4 and 7.
  Net net;
  Tensor* twice = net.add(ops::Mul{}, {net.input({5}), net.scalar(2)});
  Tensor* odd = net.add(ops::Add{}, {twice, net.scalar(1)});
  Tensor* y = add_quant(net, net.add(ops::Div{}, {odd, net.scalar(6)}), {});
  net.finish(y);
  mark_checkpoints(net.graph);
  const ExactExecutor exact(net.graph, {ExactInput::integers(0, 10)});
  EXPECT_EQ(exact.exact_decisions(), 0);
  EXPECT_EQ(exact.run({.inputs = {{{1, 4, 7, 2, 5}}}}).checkpoints.at(1).q,
            (Levels{0, 2, 2, 1, 2}));
  EXPECT_EQ(exact.exact_decisions(), 3);
  exact.run({.inputs = {{{0, 2, 3, 5, 6}}}});
  EXPECT_EQ(exact.exact_decisions(), 3);
  exact.run({.inputs = {{{1, 2, 3, 5, 6}}}});
  EXPECT_EQ(exact.exact_decisions(), 4);
}

TEST(ExactExecutor, NeedsNoExactDecisionWhereDoubleArithmeticIsExact) {
  Net net;
  Tensor* y = add_quant(net, net.input({2}), {.scale = 0.5F});
  net.finish(y);
  mark_checkpoints(net.graph);
  ExactInput input = ExactInput::integers(0, 10);
  input.terms[0].scale = RealArray(ratio(1, 4));
  const ExactExecutor exact(net.graph, {input});
  EXPECT_EQ(exact.run({.inputs = {{{1, 3}}}}).checkpoints.at(1).q, (Levels{0, 2}));
  EXPECT_EQ(exact.exact_decisions(), 0);
}

/// A convolution and quantisers wide enough to be split over threads.
struct WideNet {
  Net net;
  Levels image;
  WideNet() {
    std::mt19937 random(3);
    const auto below = [&](std::uint32_t n) { return static_cast<std::int64_t>(random() % n); };
    std::vector<float> weights;
    for (int i = 0; i < 32 * 8 * 9; ++i) weights.push_back(static_cast<float>(below(15)) - 7);
    ops::Conv conv;
    conv.window = window_of({3, 3}, {1, 1, 1, 1});
    Tensor* x =
        add_quant(net, net.input({1, 8, 48, 48}), {.scale = 17.3F, .bits = 4, .is_signed = false});
    Tensor* w = add_quant(net, net.floats({32, 8, 3, 3}, weights), {.bits = 4});
    Tensor* y = net.add(conv, {x, w});
    net.finish(add_quant(net, y, {.scale = 211.7F, .bits = 5}));
    mark_checkpoints(net.graph);
    for (int i = 0; i < 8 * 48 * 48; ++i) image.push_back(below(256));
  }
};

TEST(ExactExecutor, GivesTheSameWithAndWithoutThreads) {
  const WideNet wide;
  const ExactInput bytes = ExactInput::integers(0, 255);
  const auto run = [&](bool parallel) {
    return ExactExecutor(wide.net.graph, {bytes}, {.parallel = parallel})
        .run({.inputs = {{wide.image}}});
  };
  const ExactRun one = run(false), many = run(true);
  ASSERT_EQ(one.checkpoints.size(), 3U);
  for (std::size_t c = 1; c < 3; ++c) {
    EXPECT_FALSE(one.checkpoints[c].q.empty());
    EXPECT_EQ(one.checkpoints[c].q, many.checkpoints[c].q);
  }
}

TEST(ExactExecutor, RunsFromManyThreadsAtOnce) {
  const WideNet wide;
  const ExactExecutor exact(wide.net.graph, {ExactInput::integers(0, 255)});
  Levels reversed(wide.image.rbegin(), wide.image.rend());
  const Levels first = exact.run({.inputs = {{wide.image}}}).checkpoints.at(2).q,
               second = exact.run({.inputs = {{reversed}}}).checkpoints.at(2).q;
  ASSERT_NE(first, second);
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const bool even = (static_cast<int>(t) + i) % 2 == 0;
        const ExactRun run = exact.run({.inputs = {{even ? wide.image : reversed}}});
        wrong[t] += run.checkpoints.at(2).q == (even ? first : second) ? 0 : 1;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST(ExactExecutor, ReportsAKernelAndARangeForEveryStep) {
  const WideNet wide;
  const auto infos = ExactExecutor(wide.net.graph, {ExactInput::integers(0, 255)}).node_infos();
  ASSERT_EQ(infos.size(), 3U);
  for (const ExactNodeInfo& info : infos) {
    EXPECT_NE(wide.net.graph.find_node(info.node), nullptr) << info.node;
    EXPECT_FALSE(info.kernel.empty());
    EXPECT_LT(info.min, info.max);
  }
  EXPECT_EQ(infos[0].min, 0);
  EXPECT_EQ(infos[0].max, 15);
  EXPECT_EQ(infos[2].min, -16);
  EXPECT_EQ(infos[2].max, 15);
}

// ---- Ranking

ExactValue value_of(const Levels& q, const RealArray& scale, const RealArray& offset) {
  return {{1, static_cast<std::int64_t>(q.size())}, {{scale, q}}, offset};
}

TEST(ExactTopK, PrefersTheLowerIndexAmongEquals) {
  const ExactValue value = value_of({3, 5, 5, 1, 5}, RealArray(Real(1)), {});
  EXPECT_EQ(top_k(value, 1), Levels{1});
  EXPECT_EQ(top_k(value, 4), (Levels{1, 2, 4, 0}));
  EXPECT_EQ(top_k(value, 9), (Levels{1, 2, 4, 0, 3})) << "no more than there are";
}

TEST(ExactTopK, ComparesExactlyAcrossScales) {
  // 1/3 * 3 = 1 ties with 1; 1 + 2^-80 is larger than both.
  const RealArray scale({1, 3}, {ratio(1, 3), Real(1), Real(1)});
  const RealArray offset({1, 3}, {Real(), Real(), Real::of(0x1p-80)});
  EXPECT_EQ(top_k(value_of({3, 1, 1}, scale, offset), 3), (Levels{2, 0, 1}));
  const RealArray none({1, 3}, {Real(), Real(), Real()});
  EXPECT_EQ(top_k(value_of({3, 1, 1}, scale, none), 3), (Levels{0, 1, 2}));
}

}  // namespace
}  // namespace assay
