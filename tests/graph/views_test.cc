// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/views.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

/// Where the elements of a Transpose come from, row-major.
std::vector<std::int64_t> moved(const Shape& shape, const std::vector<std::int64_t>& perm) {
  Shape steps(shape.size(), 1), out;
  for (std::size_t i = shape.size() - 1; i-- > 0;) steps[i] = steps[i + 1] * shape[i + 1];
  for (const std::int64_t axis : perm) out.push_back(shape[static_cast<std::size_t>(axis)]);
  std::vector<std::int64_t> source;
  for (std::int64_t e = 0; e < element_count(shape); ++e) {
    std::int64_t rest = e, at = 0;
    for (std::size_t i = out.size(); i-- > 0; rest /= out[i])
      at += rest % out[i] * steps[static_cast<std::size_t>(perm[i])];
    source.push_back(at);
  }
  return source;
}

TEST(Views, ATransposeIsOneWhereNoElementMoves) {
  int views = 0;
  for (int sizes = 0; sizes < 81; ++sizes) {
    const Shape shape = {1 + sizes % 3, 1 + sizes / 3 % 3, 1 + sizes / 9 % 3, 1 + sizes / 27};
    std::vector<std::int64_t> perm = {0, 1, 2, 3};
    do {
      Graph graph;
      Tensor* x = graph.add_input("x", shape);
      ops::Transpose op;
      op.perm = perm;
      const Node* node = graph.add(op.clone(), {x}, "y")->producer;
      const std::vector<std::int64_t> source = moved(shape, perm);
      EXPECT_EQ(is_view(*node), std::ranges::is_sorted(source))
          << shape_text(shape) << " by " << shape_text(perm);
      views += is_view(*node) ? 1 : 0;
    } while (std::ranges::next_permutation(perm).found);
  }
  EXPECT_GT(views, 81);
}

TEST(Views, ReshapesAreOnesAndOtherOperatorsAreNot) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 2, 2});
  EXPECT_TRUE(is_view(*graph.add(std::make_unique<ops::Flatten>(), {x}, "flat")->producer));
  EXPECT_FALSE(is_view(*graph.add(std::make_unique<ops::Relu>(), {x}, "relu")->producer));
}

}  // namespace
}  // namespace assay
