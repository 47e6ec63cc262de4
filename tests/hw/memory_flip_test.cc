// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hw/layer_test.h"

/// Every bit of a layer's memory files matters: the vectors below are solved so that one of them
/// sees it change. A simulation that cannot fail on a wrong weight would be worth nothing.
namespace assay::hw::test {
namespace memory_flip_test {

constexpr std::int64_t kInputs = 6, kRows = 4, kValues = 4;  // UINT2 activations

// Row r of the weights as they stand in W is column r here; every row reaches far to both sides.
const Ints kWeights = {1,  -2, 1,  -1,  //
                       -2, 1,  1,  1,   //
                       1,  1,  -2, -2,  //
                       -1, -1, 1,  1,   //
                       1,  1,  -1, 1,   //
                       -1, 1,  -1, -2};

struct Problem {
  Graph graph;
  Ints thresholds;  ///< [kRows][steps], all different in a row and within its sums
  std::int64_t steps;
};

Problem problem(std::int64_t steps) {
  Problem p{{}, {}, steps};
  for (std::int64_t row = 0; row < kRows; ++row)
    for (std::int64_t k = 0; k < steps; ++k) p.thresholds.push_back(k - steps / 2 + row % 2);
  NodeGraph g;
  MVAU op;
  op.levels = {DataType::smallest_for(0, steps), 1, 0};
  op.acc_dtype = DataType::sint(7);
  op.pe = 2;
  op.simd = 3;
  Tensor* x = g.input({1, 1, kInputs}, DataType::uint(2));
  Tensor* w = g.constant({kInputs, kRows}, kWeights, DataType::sint(2));
  Tensor* t = g.constant({kRows, steps}, p.thresholds);
  p.graph = g.node(op, {x, w, t}, {op.levels.out_dtype});
  return p;
}

std::int64_t sum(const Ints& x, std::int64_t row, const Ints& weights) {
  std::int64_t acc = 0;
  for (std::int64_t i = 0; i < kInputs; ++i)
    acc += x[static_cast<std::size_t>(i)] * weights[static_cast<std::size_t>(i * kRows + row)];
  return acc;
}

std::int64_t count(const Problem& p, std::int64_t row, std::int64_t acc) {
  const auto first = p.thresholds.begin() + row * p.steps;
  return std::count_if(first, first + p.steps, [&](std::int64_t t) { return acc >= t; });
}

/// The first of all possible vectors that fulfils a condition.
template <typename Condition>
Ints solve(const Condition& condition) {
  for (std::int64_t code = 0; code < 1 << (2 * kInputs); ++code) {
    Ints x;
    for (std::int64_t i = 0; i < kInputs; ++i) x.push_back(code >> (2 * i) & (kValues - 1));
    if (condition(x)) return x;
  }
  ADD_FAILURE() << "no vector sees the change";
  return Ints(kInputs, 0);
}

/// INT2 with a bit inverted.
std::int64_t flipped(std::int64_t weight, int bit) {
  const std::int64_t pattern = (weight & 3) ^ (1 << bit);
  return pattern >= 2 ? pattern - 4 : pattern;
}

/// Both sides of every threshold, and for every bit of a weight a sum that it moves across one.
Ints solved_vectors(const Problem& p) {
  Ints all;
  const auto add = [&](const Ints& x) { all.insert(all.end(), x.begin(), x.end()); };
  for (std::int64_t row = 0; row < kRows; ++row)
    for (std::int64_t k = 0; k < p.steps; ++k)
      for (const std::int64_t below : {1, 0})
        add(solve([&](const Ints& x) {
          return sum(x, row, kWeights) ==
                 p.thresholds[static_cast<std::size_t>(row * p.steps + k)] - below;
        }));
  for (std::size_t i = 0; i < kWeights.size(); ++i)
    for (const int bit : {0, 1}) {
      Ints other = kWeights;
      other[i] = flipped(other[i], bit);
      const std::int64_t row = static_cast<std::int64_t>(i) % kRows;
      add(solve([&](const Ints& x) {
        return count(p, row, sum(x, row, kWeights)) != count(p, row, sum(x, row, other));
      }));
    }
  return all;
}

MemoryImage with_flip(const MemoryImage& image, std::int64_t word, int bit) {
  MemoryImage result(image.name(), image.word_bits());
  for (std::int64_t w = 0; w < image.words(); ++w)
    for (int b = 0; b < image.word_bits(); ++b)
      result.append(image.bit(w, b) != (w == word && b == bit), 1);
  return result;
}

/// All contents that differ from the layer's in one bit, and their names.
std::vector<std::vector<MemoryImage>> all_flips(const Layer& layer,
                                                std::vector<std::string>& names) {
  std::vector<std::vector<MemoryImage>> contents;
  for (std::size_t i = 0; i < layer.images.size(); ++i)
    for (std::int64_t word = 0; word < layer.images[i].words(); ++word)
      for (int bit = 0; bit < layer.images[i].word_bits(); ++bit) {
        contents.push_back(layer.images);
        contents.back()[i] = with_flip(layer.images[i], word, bit);
        names.push_back(fmt::format("{}, word {}, bit {}", layer.images[i].name(), word, bit));
      }
  return contents;
}

void expect_every_flip_is_seen(std::int64_t steps, std::size_t files) {
  Problem p = problem(steps);
  const Ints x = solved_vectors(p);
  Tensor* input = p.graph.inputs()[0];
  input->shape = Shape{1, std::ssize(x) / kInputs, kInputs};
  infer_shapes(p.graph, true);
  const std::vector<Ints> expected = golden_outputs(p.graph, {x});
  const Layer layer = build_layer(node_of(p.graph));
  ASSERT_EQ(layer.images.size(), files);
  std::vector<std::string> names;
  std::vector<std::vector<MemoryImage>> contents = all_flips(layer, names);
  contents.push_back(layer.images);
  const auto results = rtl_outputs(p.graph, {x}, contents);
  EXPECT_EQ(results.back(), expected);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_NE(results[i], expected) << names[i];
  // 24 weights of 2 bits, and thresholds of 7 + 1 bits.
  EXPECT_EQ(names.size(), static_cast<std::size_t>(48 + kRows * steps * 8));
}

TEST(MemoryFlip, EveryBitIsSeenByTheComparators) { expect_every_flip_is_seen(3, 2); }

TEST(MemoryFlip, EveryBitIsSeenByTheSearch) { expect_every_flip_is_seen(7, 4); }

}  // namespace memory_flip_test
}  // namespace assay::hw::test
