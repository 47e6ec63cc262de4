// SPDX-License-Identifier: Apache-2.0
#include "golden/data/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "compile/base/error.h"

namespace assay {
namespace {

TEST(Synthetic, HasTheAskedForShapeAndSaysWhatItIs) {
  const Dataset set = synthetic_dataset(3, 32, 24, 25, 1);
  EXPECT_EQ(set.size(), 25);
  EXPECT_EQ(set.channels, 3);
  EXPECT_EQ(set.height, 32);
  EXPECT_EQ(set.width, 24);
  EXPECT_TRUE(set.synthetic);
  EXPECT_EQ(set.labels[13], 3);
  EXPECT_EQ(set.class_names.size(), 10u);
  EXPECT_EQ(set.sha256, dataset_sha256(set));
}

TEST(Synthetic, IsTheSameOnEveryMachine) {
  EXPECT_EQ(synthetic_dataset(3, 32, 32, 20, 1).sha256,
            "42978a2f73e458e301d6966df19a520aa0ee8b7219e67cfe52fd3a068595f91d");
}

TEST(Synthetic, DependsOnTheSeedButNotOnTheCount) {
  const Dataset few = synthetic_dataset(1, 28, 28, 5, 1);
  const Dataset many = synthetic_dataset(1, 28, 28, 50, 1);
  EXPECT_TRUE(std::equal(few.pixels.begin(), few.pixels.end(), many.pixels.begin()));
  EXPECT_NE(few.sha256, synthetic_dataset(1, 28, 28, 5, 2).sha256);
}

TEST(Synthetic, LooksLikeImages) {
  const Dataset set = synthetic_dataset(3, 32, 32, 40, 7);
  // Neighbours differ by little, classes by more than two images of one class do.
  const auto distance = [&](std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < 3072; ++i) sum += std::abs(set.image(a)[i] - set.image(b)[i]);
    return sum / 3072;
  };
  std::int64_t step = 0;
  std::int64_t same = 0;
  std::int64_t other = 0;
  for (std::int64_t i = 0; i < 30; ++i) {
    for (std::size_t x = 1; x < 32; ++x) step += std::abs(set.image(i)[x] - set.image(i)[x - 1]);
    same += distance(i, i + 10);
    other += distance(i, i + 3);
  }
  EXPECT_LT(step / (30 * 31), 16);
  EXPECT_LT(same * 3 / 2, other);
  const auto [low, high] = std::minmax_element(set.pixels.begin(), set.pixels.end());
  EXPECT_LT(*low, 32);
  EXPECT_GT(*high, 224);
}

/// All values of the first `count` images.
std::vector<std::int32_t> values_of(const Dataset& set) {
  std::vector<std::int32_t> all;
  for (std::int64_t i = 0; i < set.size(); ++i)
    for (const std::int32_t value : set.values(i)) all.push_back(value);
  return all;
}

TEST(Synthetic, ReachesAllOfAnyRange) {
  for (const IntegerRange range :
       {IntegerRange{-32768, 32767}, IntegerRange{0, 65535}, IntegerRange{-128, 127},
        IntegerRange{-8, 7}, IntegerRange{0, 1}, IntegerRange{INT32_MIN, INT32_MAX}}) {
    SCOPED_TRACE(range.max);
    const Dataset set = synthetic_dataset(3, 8, 8, 40, 1, range);
    std::array<int, 16> parts{};  // of the range, all alike
    for (std::int64_t i = 0; i < set.size(); ++i) {
      const std::vector<std::int32_t> image = set.values(i);
      EXPECT_EQ(std::ranges::min(image), range.min) << i;
      EXPECT_EQ(std::ranges::max(image), range.max) << i;
      for (const std::int64_t value : image)
        ++parts[static_cast<std::size_t>((value - range.min) * 16 / (range.max - range.min + 1))];
    }
    const auto reached = std::ranges::count_if(parts, [](int count) { return count > 10; });
    EXPECT_EQ(reached, std::min<std::int64_t>(16, range.max - range.min + 1));
  }
}

TEST(Synthetic, OfAnyRangeIsTheSameOnEveryMachineWhateverTheCount) {
  const IntegerRange range{-32768, 32767};
  const std::vector<std::int32_t> few = values_of(synthetic_dataset(1, 5, 7, 5, 1, range)),
                                  many = values_of(synthetic_dataset(1, 5, 7, 50, 1, range));
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_EQ(synthetic_dataset(1, 5, 7, 5, 1, {0, 255}).sha256,
            synthetic_dataset(1, 5, 7, 5, 1).sha256);
  EXPECT_EQ(synthetic_dataset(1, 5, 7, 5, 1, range).sha256,
            "bd0b3f5a81a94492228d35ecadfb6202a2350fbaca8d3f6a8e7499d283715cc1");
  // One value an image: the ends take turns.
  EXPECT_THAT(values_of(synthetic_dataset(1, 1, 1, 4, 1, range)),
              ::testing::ElementsAre(-32768, 32767, -32768, 32767));
}

TEST(Synthetic, RefusesMoreThanFourGigabytes) {
  EXPECT_THROW(synthetic_dataset(3, 32, 32, std::int64_t{1} << 40, 1), UserError);
}

TEST(SyntheticDeathTest, ASizeWithoutPixelsIsOurBug) {
  EXPECT_DEATH(synthetic_dataset(3, 0, 32, 1, 1), "without pixels");
}

TEST(Synthetic, ASizeBeyondAnyImageIsRefused) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;  // as a model may have it
  try {
    synthetic_dataset(1, kHuge, kHuge, 1, 1);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("export the network for smaller images"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace assay
