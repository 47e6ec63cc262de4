// SPDX-License-Identifier: Apache-2.0
// Float32 results that no rounding can change: their error bounds are zero.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "golden/bounds/float_check.h"
#include "golden/exact_testing.h"

namespace assay {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;

/// Errors of `op` on an exact input and constants.
template <typename T>
std::vector<double> errors_of(const T& op, FloatTensor x, std::vector<FloatTensor> constants = {}) {
  Net net;
  std::vector<Tensor*> operands = {net.input(x.shape)};
  for (auto& c : constants) operands.push_back(net.floats(std::move(c.shape), std::move(c.data)));
  Tensor* y = net.add(op, std::move(operands));
  const Graph& graph = net.finish(y);
  return FloatErrorBounds(graph).evaluate({std::move(x)}, {}, {}).at(y).error;
}

// ---- Decisions at an exact tie
// ---------------------------------------------------------------------------------------------------------

/// x = scale * q -> Quant a at `scale` -> 1x1 Conv (-2, -1) -> Quant b at twice the scale. Levels
/// (100, -9) give -191 scale: -95.5 steps of b, which half to even makes -96.
FloatCheck check_tie(float scale, std::int64_t b_level) {
  Net net;
  Tensor* a = add_quant(net, net.input({1, 2, 1, 1}), {.scale = scale});
  net.graph.rename(a, "a");
  ops::Conv conv;
  conv.window = window_of({1, 1}, {0, 0, 0, 0});
  Tensor* sum = net.add(conv, {a, net.floats({1, 2, 1, 1}, {-2, -1})});
  Tensor* b = add_quant(net, sum, {.scale = 2 * scale});
  net.graph.rename(b, "b");
  net.finish(b);
  mark_checkpoints(net.graph);
  const Levels q = {100, -9};
  const ExactExecutor exact(net.graph, {stepped_input(q, Real::of(scale))});
  const FloatTensor x{{1, 2, 1, 1}, {100 * scale, -9 * scale}};
  return FloatChecker(net.graph, exact).check({{q}}, {x}, {{"a", q}, {"b", {b_level}}});
}

TEST(FloatExactSums, DoNotExplainATieThatHasNoRoundingInIt) {
  EXPECT_EQ(check_tie(0.5F, -96).differing, 0);
  for (const std::int64_t level : {-95, -97}) {
    const FloatCheck check = check_tie(0.5F, level);
    EXPECT_EQ(check.differing, 1) << level;
    EXPECT_EQ(check.explained, 0) << level;
    EXPECT_EQ(check.differences.at(0).value, -95.5);
    EXPECT_EQ(check.differences.at(0).slack, 0.0);
  }
}

TEST(FloatExactSums, ExplainATieWhoseProductsRound) {
  EXPECT_EQ(check_tie(0.1F, -96).differing, 0);
  const FloatCheck check = check_tie(0.1F, -95);
  EXPECT_EQ(check.differing, 1);
  EXPECT_EQ(check.explained, 1);
  EXPECT_EQ(check_tie(0.1F, -97).explained, 0);
}

// ---- Element by element
// ---------------------------------------------------------------------------------------------------------

TEST(FloatExactSums, AddsAndSubtractsWhatFloat32Has) {
  // 2^24 - 1 + 1, 0.5 + 0.25, 2^24 + 1, and two whose sum double does not have either.
  const FloatTensor a = row({0x1.fffffep23F, 0.5F, 0x1p24F, 0x1p60F});
  const FloatTensor b = row({1, 0.25F, 1, 0x1p-60F});
  EXPECT_THAT(errors_of(ops::Add{}, a, {b}), ElementsAre(0, 0, Gt(0.99), Gt(0x1p-60)));
  EXPECT_THAT(errors_of(ops::Sub{}, a, {row({-1, -0.25F, -1, -0x1p-60F})}),
              ElementsAre(0, 0, Gt(0.99), Gt(0x1p-60)));
}

TEST(FloatExactSums, MultipliesAndDividesWhatFloat32Has) {
  // 4097^2 = 2^24 + 8193 has 25 bits; 2^-150 is no number.
  EXPECT_THAT(errors_of(ops::Mul{}, row({4095, 4097, 0x1p-75F}), {row({4097, 4097, 0x1p-75F})}),
              ElementsAre(0, Gt(0.99), Gt(0)));
  EXPECT_THAT(errors_of(ops::Div{}, row({6, 1, 7}), {row({3, 3, 8})}), ElementsAre(0, Gt(0), 0));
}

TEST(FloatExactSums, KeepTheErrorsOfTheirOperands) {
  Net net;
  Tensor* x = net.input({1, 2});
  Tensor* y = net.add(ops::MatMul{}, {x, net.floats({2, 1}, {1, 1})});
  Tensor* z = net.add(ops::Add{}, {y, net.scalar(1)});
  const Graph& graph = net.finish(z);
  const auto bounds = [&](double error) {
    return FloatErrorBounds(graph).evaluate({{{1, 2}, {3, 4}}}, {{0, error}}, {});
  };
  EXPECT_EQ(bounds(0).at(z).error[0], 0);
  EXPECT_GE(bounds(0x1p-30).at(y).error[0], 0x1p-30);
  EXPECT_GE(bounds(0x1p-30).at(z).error[0], 0x1p-30);
}

// ---- Sums
// ---------------------------------------------------------------------------------------------------------

TEST(FloatExactSums, AverageAPowerOfTwo) {
  ops::AveragePool pool;
  const auto averaged = [&](std::vector<float> x) {
    const auto n = static_cast<std::int64_t>(x.size());
    pool.window = window_of({1, n}, {0, 0, 0, 0});
    return errors_of(pool, {{1, 1, 1, n}, x}).at(0);
  };
  EXPECT_EQ(averaged({1, 2, 3, 4.5F}), 0);
  EXPECT_GT(averaged({1, 2, 3}), 0);  // a product with fl(1/3), perhaps
  EXPECT_EQ(averaged({0x1.fffffep23F, 1}), 0);
  EXPECT_GT(averaged({0x1p24F, 1}), 0.49);
  EXPECT_EQ(errors_of(ops::GlobalAveragePool{}, {{1, 2, 1, 2}, {1, 2, 0x1p24F, 1}}).at(0), 0);
  EXPECT_GT(errors_of(ops::GlobalAveragePool{}, {{1, 2, 1, 2}, {1, 2, 0x1p24F, 1}}).at(1), 0.49);
}

/// The error of x . (1, 1) + bias.
double error_of_sum(float a, float b, float bias) {
  return errors_of(ops::Gemm{}, {{1, 2}, {a, b}}, {{{2, 1}, {1, 1}}, {{1}, {bias}}}).at(0);
}

TEST(FloatExactSums, EndAtTwoToTheTwentyFourSteps) {
  EXPECT_EQ(error_of_sum(0x1.fffffep23F, 1, 0), 0);
  EXPECT_GT(error_of_sum(0x1p24F, 1, 0), 0);
  EXPECT_GT(error_of_sum(0x1.fffffep23F, 1, 1), 0);
  // Sizes count, as sums go in any order: 2^24 + 1 - 2^24.
  EXPECT_GT(error_of_sum(0x1p24F, 1, -0x1p24F), 0);
  // A bias has a step of its own: 2^22 - 1 and a quarter are 2^24 - 3 quarters.
  EXPECT_EQ(error_of_sum(0x1p22F - 1, 0, 0.25F), 0);
  EXPECT_GT(error_of_sum(0x1p22F, 0, 0.25F), 0);
  EXPECT_EQ(error_of_sum(0, 0, 0), 0);
}

TEST(FloatExactSums, NeitherUnderflowNorOverflow) {
  const auto product = [](float a, float b) {
    return errors_of(ops::MatMul{}, {{1, 1}, {a}}, {{{1, 1}, {b}}}).at(0);
  };
  EXPECT_EQ(product(0x1p-60F, 0x1p-60F), 0);
  EXPECT_GT(product(0x1p-75F, 0x1p-75F), 0);
  EXPECT_EQ(product(0x1p100F, 0x1p27F), 0);
  EXPECT_EQ(product(0x1p100F, 0x1p28F), HUGE_VAL);
}

TEST(FloatExactSums, AreThoseOfAGemmWithoutFactors) {
  ops::Gemm gemm;
  const auto error = [&] {
    return errors_of(gemm, {{1, 2}, {1, 2}}, {{{2, 1}, {1, 1}}, {{1}, {1}}}).at(0);
  };
  EXPECT_EQ(error(), 0);
  gemm.alpha = 3;
  EXPECT_GT(error(), 0);
  gemm.alpha = 1;
  gemm.beta = 3;
  EXPECT_GT(error(), 0);
}

TEST(FloatExactSums, AreToldColumnByColumn) {
  // Columns: (1, 2^-20), (2^20, 2^20), thirds, of 24 bits.
  const std::vector<float> w = {1, 0x1p20F, 1.0F / 3, 0x1p-20F, 0x1p20F, 1.0F / 3};
  EXPECT_THAT(errors_of(ops::MatMul{}, {{1, 2}, {1, 0}}, {{{2, 3}, w}}), Each(0));
  EXPECT_THAT(errors_of(ops::MatMul{}, {{1, 2}, {3, 3}}, {{{2, 3}, w}}), ElementsAre(0, 0, Gt(0)));
  ops::Gemm transposed;
  transposed.trans_b = true;
  EXPECT_THAT(
      errors_of(transposed, {{1, 2}, {3, 3}}, {{{3, 2}, {w[0], w[3], w[1], w[4], w[2], w[5]}}}),
      ElementsAre(0, 0, Gt(0)));
}

TEST(FloatExactSums, HaveAStepForEachGroup) {
  ops::Conv conv;
  conv.group = 2;
  conv.window = window_of({1, 2}, {0, 0, 0, 0});
  const FloatTensor x{{1, 2, 1, 2}, {0x1p15F, 0x1p15F, 0x1p-15F, 0x1p-15F}};
  EXPECT_THAT(errors_of(conv, x, {{{2, 1, 1, 2}, {1, 1, 3, 5}}}), Each(0));
  ops::ConvTranspose transposed;
  transposed.group = 2;
  transposed.output_padding = {0, 0};
  transposed.window = window_of({1, 1}, {0, 0, 0, 0});
  EXPECT_THAT(errors_of(transposed, x, {{{2, 1, 1, 1}, {1, 3}}}), Each(0));
}

// ---- Sums in a random order
// ---------------------------------------------------------------------------------------------------------

struct Product {
  float w, x;
};
/// The products behind each output, with a bias as one of them.
using Terms = std::vector<std::vector<Product>>;

struct Case {
  FloatTensor x, w, bias;
  Terms terms;
  std::function<Tensor*(Net&, const std::vector<Tensor*>&)> add;
};

/// Multiples of a power of two for each lane of `run` elements.
FloatTensor random_multiples(std::mt19937& random, Shape shape, std::int64_t run) {
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
  FloatTensor out{shape, std::vector<float>(static_cast<std::size_t>(element_count(shape)))};
  const int bits = pick(6, 12);
  float step = 1;
  for (std::size_t i = 0; i < out.data.size(); ++i) {
    if (i % static_cast<std::size_t>(run) == 0) step = std::exp2(static_cast<float>(pick(-9, 9)));
    out.data[i] = step * static_cast<float>(pick(-(1 << bits), 1 << bits));
  }
  return out;
}

/// A convolution of grouped channels on one row of pixels, or its transposition.
Case random_convolution(std::mt19937& random, bool transposed) {
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
  const std::int64_t groups = pick(1, 3), fan_in = pick(1, 4), fan_out = pick(1, 3);
  const std::int64_t kernel = pick(1, 3), size = pick(3, 5);
  const std::int64_t from = transposed ? size - kernel + 1 : size,
                     to = transposed ? size : size - kernel + 1;
  Case c;
  c.x = random_multiples(random, {1, groups * fan_in, 1, from}, fan_in * from);
  const std::int64_t rows = groups * (transposed ? fan_in : fan_out),
                     columns = transposed ? fan_out : fan_in;
  c.w = random_multiples(random, {rows, columns, 1, kernel},
                         transposed ? fan_in * fan_out * kernel : fan_in * kernel);
  c.bias = random_multiples(random, {groups * fan_out}, 1);
  for (std::int64_t o = 0; o < groups * fan_out; ++o)
    for (std::int64_t p = 0; p < to; ++p) {
      auto& terms = c.terms.emplace_back();
      terms.push_back({1, c.bias.data[static_cast<std::size_t>(o)]});
      for (std::int64_t i = 0; i < fan_in; ++i)
        for (std::int64_t k = 0; k < kernel; ++k) {
          const std::int64_t in = o / fan_out * fan_in + i, pixel = transposed ? p - k : p + k;
          if (pixel < 0 || pixel >= from) continue;
          const std::int64_t weight = transposed ? (in * fan_out + o % fan_out) * kernel + k
                                                 : (o * fan_in + i) * kernel + k;
          terms.push_back({c.w.data[static_cast<std::size_t>(weight)],
                           c.x.data[static_cast<std::size_t>(in * from + pixel)]});
        }
    }
  c.add = [=](Net& net, const std::vector<Tensor*>& operands) {
    const auto added = [&](auto op) {
      op.group = groups;
      op.window = window_of({1, kernel}, {0, 0, 0, 0});
      return net.add(op, operands);
    };
    ops::ConvTranspose spread;
    spread.output_padding = {0, 0};
    return transposed ? added(spread) : added(ops::Conv{});
  };
  return c;
}

Case random_product(std::mt19937& random, bool transposed) {
  const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution(lo, hi)(random); };
  const std::int64_t m = pick(1, 3), k = pick(1, 12), n = pick(1, 4);
  Case c;
  c.x = random_multiples(random, {m, k}, m * k);
  c.w = random_multiples(random, transposed ? Shape{n, k} : Shape{k, n}, transposed ? k : 1);
  c.bias = random_multiples(random, {n}, 1);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      auto& terms = c.terms.emplace_back();
      terms.push_back({1, c.bias.data[static_cast<std::size_t>(j)]});
      for (std::int64_t t = 0; t < k; ++t)
        terms.push_back({c.w.data[static_cast<std::size_t>(transposed ? j * k + t : t * n + j)],
                         c.x.data[static_cast<std::size_t>(i * k + t)]});
    }
  c.add = [=](Net& net, const std::vector<Tensor*>& operands) {
    ops::Gemm gemm;
    gemm.trans_b = transposed;
    return net.add(gemm, operands);
  };
  return c;
}

float add_up(std::vector<Product> terms, bool fused, std::mt19937& random) {
  std::ranges::shuffle(terms, random);
  float sum = 0;
  for (const Product& term : terms) {
    const float product = term.w * term.x;
    sum = fused ? std::fma(term.w, term.x, sum) : sum + product;
  }
  return sum;
}

/// Whether some order of the sum is off.
bool may_round(const std::vector<Product>& terms, std::mt19937& random) {
  double exact = 0;  // 2 * 13 bits and 4 * 9 of the scales, less than double has
  for (const Product& term : terms)
    exact += static_cast<double>(term.w) * static_cast<double>(term.x);
  for (int order = 0; order < 8; ++order)
    if (static_cast<double>(add_up(terms, order % 2 == 0, random)) != exact) return true;
  return false;
}

TEST(FloatExactSums, AreExactInEveryOrderWhereTheirErrorIsZero) {
  std::mt19937 random(31);
  int exact = 0, rounded = 0;
  for (int trial = 0; trial < 600; ++trial) {
    const bool transposed = trial % 2 == 0;
    const Case c =
        trial % 4 < 2 ? random_convolution(random, transposed) : random_product(random, transposed);
    Net net;
    Tensor* y = c.add(net, {net.input(c.x.shape), net.floats(c.w.shape, c.w.data),
                            net.floats(c.bias.shape, c.bias.data)});
    const Graph& graph = net.finish(y);
    const std::vector<double> error = FloatErrorBounds(graph).evaluate({c.x}, {}, {}).at(y).error;
    ASSERT_EQ(error.size(), c.terms.size());
    for (std::size_t i = 0; i < error.size(); ++i) {
      const bool rounds = may_round(c.terms[i], random);
      exact += error[i] == 0 ? 1 : 0;
      rounded += rounds ? 1 : 0;
      EXPECT_FALSE(rounds && error[i] == 0) << "trial " << trial << ", output " << i;
    }
  }
  EXPECT_GT(exact, 500);
  EXPECT_GT(rounded, 500);
}

}  // namespace
}  // namespace assay
