// SPDX-License-Identifier: Apache-2.0
#include "compile/graph/constant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;
using Reals = std::vector<Real>;

TEST(Shape, CountsElements) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3, 4}), 24);
  EXPECT_EQ(element_count({5, 0}), 0);
  EXPECT_EQ(element_count({std::int64_t{1} << 27}), std::int64_t{1} << 27);
  EXPECT_EQ(shape_text({1, 3, 32, 32}), "[1,3,32,32]");
  EXPECT_EQ(shape_text({}), "[]");
}

TEST(Shape, RefusesNegativeAndEnormousSizes) {
  EXPECT_THAT(
      [] {
        element_count({2, -1});
      },
      ThrowsMessage<UserError>(HasSubstr("[2,-1] has a negative size")));
  EXPECT_THROW(element_count({(std::int64_t{1} << 27) + 1}), UserError);
  EXPECT_THROW(element_count({(std::int64_t{1} << 40) + 1}), UserError);
  EXPECT_THROW(element_count({std::int64_t{1} << 32, std::int64_t{1} << 32}), UserError);
  EXPECT_THROW(element_count({std::numeric_limits<std::int64_t>::max(), 3}), UserError);
  EXPECT_THROW(element_count({std::numeric_limits<std::int64_t>::min()}), UserError);
}

TEST(Shape, BroadcastsLikeNumpy) {
  EXPECT_EQ(broadcast_shape({2, 3}, {3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shape({4, 1, 5}, {3, 1}), (Shape{4, 3, 5}));
  EXPECT_EQ(broadcast_shape({}, {2, 2}), (Shape{2, 2}));
  EXPECT_EQ(broadcast_shape({1}, {0}), (Shape{0}));
  EXPECT_EQ(broadcast_shape({0}, {1}), (Shape{0}));
  EXPECT_THAT(
      [] {
        broadcast_shape({2, 3}, {2});
      },
      ThrowsMessage<UserError>(HasSubstr("[2,3] and [2] do not broadcast")));
  EXPECT_THROW(broadcast_shape({2}, {0}), UserError);
}

TEST(Shape, StepsOverStretchedAxes) {
  EXPECT_THAT(broadcast_strides({2, 3}, {2, 3}), ElementsAre(3, 1));
  EXPECT_THAT(broadcast_strides({3}, {2, 3}), ElementsAre(0, 1));
  EXPECT_THAT(broadcast_strides({4, 1, 5}, {4, 3, 5}), ElementsAre(5, 0, 1));
  EXPECT_THAT(broadcast_strides({}, {2, 2}), ElementsAre(0, 0));
}

TEST(Constant, KeepsWhatItIsGiven) {
  const Constant floats({2}, Floats{1.5F, -2});
  EXPECT_TRUE(floats.is_float());
  EXPECT_EQ(floats.real(0), Real(mpq_class(3, 2)));
  EXPECT_EQ(floats.to_float(1), -2.0F);
  const Constant ints({1, 2}, Ints{3, -4});
  EXPECT_TRUE(ints.is_int());
  EXPECT_EQ(ints.real(1), Real(-4));
  EXPECT_EQ(Constant({1}, Ints{(1 << 24) + 1}).to_float(0), 0x1p24F);  // rounded once, to even
  const Constant empty;
  EXPECT_EQ(empty.size(), 0);
  EXPECT_EQ(empty.shape(), Shape{0});
}

TEST(Constant, StoresRealsAsFloatsWhenAllAre) {
  EXPECT_TRUE(Constant({2}, Reals{Real(1), Real::of(0.1F)}).is_float());
  EXPECT_EQ(Constant({2}, Reals{Real(1), Real(2)}), Constant({2}, Floats{1, 2}));
  EXPECT_TRUE(Constant({2}, Reals{Real(1), Real::of(0.1)}).is_real());
  EXPECT_TRUE(Constant({1}, Reals{Real::sqrt(2)}).is_real());
  // Beyond float32's range, and below its smallest subnormal.
  EXPECT_TRUE(Constant({1}, Reals{Real::of(0x1p128)}).is_real());
  EXPECT_TRUE(Constant({1}, Reals{Real::of(0x1p-150)}).is_real());
  EXPECT_EQ(Constant({1}, Reals{Real::of(0x1p-150)}).to_float(0), 0.0F);
}

TEST(Constant, ComparesFloatsBitwise) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(Constant({1}, Floats{0.0F}) == Constant({1}, Floats{-0.0F}));
  EXPECT_TRUE(Constant({1}, Floats{nan}) == Constant({1}, Floats{nan}));
  EXPECT_FALSE(Constant({1}, Floats{1}) == Constant({1}, Ints{1}));
  EXPECT_FALSE(Constant({2, 1}, Floats{1, 2}) == Constant({1, 2}, Floats{1, 2}));
  EXPECT_TRUE(Constant({2}, Ints{1, 2}) == Constant({2}, Ints{1, 2}));
  EXPECT_FALSE(Constant({2}, Ints{1, 2}) == Constant({2}, Ints{1, 3}));
  EXPECT_TRUE(Constant({1}, Reals{Real::sqrt(8)}) == Constant({1}, Reals{Real(2) * Real::sqrt(2)}));
}

TEST(Constant, DigestsDifferWheneverConstantsDo) {
  const std::vector<Constant> constants = {Constant({1}, Floats{0.0F}),
                                           Constant({1}, Floats{-0.0F}),
                                           Constant({1}, Floats{1}),
                                           Constant({1}, Ints{1}),
                                           Constant({}, Ints{1}),
                                           Constant({2}, Ints{1, 2}),
                                           Constant({2}, Ints{2, 1}),
                                           Constant({2, 1}, Ints{1, 2}),
                                           Constant({1}, Reals{Real::sqrt(2)}),
                                           Constant({1}, Reals{Real::sqrt(3)}),
                                           Constant({1}, Reals{Real::of(0.1)}),
                                           Constant()};
  for (std::size_t i = 0; i < constants.size(); ++i)
    for (std::size_t j = 0; j < constants.size(); ++j)
      EXPECT_EQ(constants[i].digest() == constants[j].digest(), i == j) << i << " " << j;
  EXPECT_EQ(Constant({1}, Floats{1}).digest().size(), 64U);
}

TEST(Constant, SharesItsDataWithCopiesAndReshapes) {
  const Constant original({2, 3}, Floats{1, 2, 3, 4, 5, 6});
  const Constant reshaped = original.reshaped({3, 2});
  EXPECT_EQ(reshaped.shape(), (Shape{3, 2}));
  EXPECT_EQ(reshaped.floats().data(), original.floats().data());
}

TEST(Constant, KnowsWhetherItIsFinite) {
  EXPECT_TRUE(Constant({2}, Floats{1, -0.0F}).all_finite());
  EXPECT_FALSE(Constant({2}, Floats{1, std::numeric_limits<float>::infinity()}).all_finite());
  EXPECT_FALSE(Constant({1}, Floats{std::numeric_limits<float>::quiet_NaN()}).all_finite());
  EXPECT_TRUE(Constant({1}, Ints{std::numeric_limits<std::int64_t>::min()}).all_finite());
}

TEST(ConstantDeathTest, RefusesASizeThatIsNotItsShape) {
  EXPECT_DEATH(Constant({3}, Floats{1, 2}), "constant size and shape disagree");
  EXPECT_DEATH(Constant({2}, Ints{1, 2}).reshaped({3}), "keeps the number of elements");
}

}  // namespace
}  // namespace assay
