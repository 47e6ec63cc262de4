// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compile/graph/hw_ops.h"
#include "graph/infer_case.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(InferHw, PoolsKeepPixelsAndShiftWithinWords) {
  hw::Pool pool;
  pool.taps = 4;
  EXPECT_EQ(shape_of(pool, {Shape{1, 3, 2, 8}}), (Shape{1, 3, 2, 2}));
  EXPECT_THAT(refusal(pool, {Shape{1, 3, 2, 6}}), HasSubstr("4 taps do not divide 6 elements"));
  EXPECT_THAT(refusal(pool, {Shape{1, 8}}), HasSubstr("takes [N,H,W,C]"));
  hw::GlobalAccPool global;
  EXPECT_EQ(shape_of(global, {Shape{1, 3, 2, 8}}), (Shape{1, 1, 1, 8}));
  for (const std::int64_t shift : {-1, 0, 62, 63}) {
    pool.shift = global.shift = shift;
    const char* says = shift < 0 || shift > 62 ? "shift must be between 0 and 62" : "";
    EXPECT_THAT(refusal(pool, {Shape{1, 3, 2, 8}}), HasSubstr(says)) << shift;
    EXPECT_EQ(refusal(global, {Shape{1, 3, 2, 8}}).empty(), says[0] == '\0') << shift;
    EXPECT_EQ(refusal(pool, {Shape{1, 3, 2, 8}}).empty(), says[0] == '\0') << shift;
  }
  pool.shift = 0;
  pool.function = "mean";
  EXPECT_THAT(refusal(pool, {Shape{1, 3, 2, 8}}), HasSubstr("max or sum"));
}

TEST(InferHw, ProductsTakeOneShapeOrOneVector) {
  const hw::EltwiseMul op;
  const Shape map{1, 3, 2, 8};
  EXPECT_EQ(shape_of(op, {map, map}), map);
  EXPECT_EQ(shape_of(op, {map, Shape{1, 1, 1, 8}}), map);
  EXPECT_EQ(shape_of(op, {Shape{1, 8}, Shape{1, 8}}), (Shape{1, 8}));
  for (const Shape& b : {Shape{1, 1, 1, 1}, Shape{1, 3, 2, 1}, Shape{1, 3, 1, 8}, Shape{8}})
    EXPECT_THAT(refusal(op, {map, b}), HasSubstr("of the same shape or of [1,1,1,8]"));
  EXPECT_THAT(refusal(op, {Shape{1, 1, 1, 8}, map}), HasSubstr("of the same shape or of"));
}

}  // namespace
}  // namespace assay
