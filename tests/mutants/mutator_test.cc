// SPDX-License-Identifier: Apache-2.0
#include "mutants/mutator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts(std::string_view source) {
  std::vector<std::string> result;
  for (const Mutation& mutation : mutations(source)) result.push_back(mutation.text("f", source));
  return result;
}

TEST(Mutator, ChangesOperatorsBetweenBlanks) {
  EXPECT_THAT(texts("a && b\n"), ElementsAre("f:1: && to ||"));
  EXPECT_THAT(texts("\nif (!a == b) x += y;\n"),
              ElementsAre("f:2: ! to nothing", "f:2: == to !=", "f:2: += to -="));
  EXPECT_THAT(texts("std::vector<int> a = f(*b);\n"), IsEmpty());
}

TEST(Mutator, ChangesWordsAndWholeNumbers) {
  EXPECT_THAT(texts("std::min(a, 9)"), ElementsAre("f:1: min to max", "f:1: 9 to 10"));
  EXPECT_THAT(texts("minimum a1 1.5 0x10 2'000 3.0F"), IsEmpty());
  EXPECT_THAT(texts("return true;"), ElementsAre("f:1: true to false"));
}

TEST(Mutator, LeavesWhatIsNoCodeAlone) {
  EXPECT_THAT(texts("// a && b\n/* 1 < 2 */\n#if 1 == 2\n"), IsEmpty());
  EXPECT_THAT(texts(R"(x("a && \" 1", ' ', '\'');)"), IsEmpty());
  EXPECT_THAT(texts("R\"-(a && \" b)-\" && c"), ElementsAre("f:1: && to ||"));
}

TEST(Mutator, ChangesOnePlaceOnly) {
  const std::string source = "a < b && c < 7";
  const std::vector<Mutation> all = mutations(source);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(mutated(source, all[0]), "a <= b && c < 7");
  EXPECT_EQ(mutated(source, all[1]), "a < b || c < 7");
  EXPECT_EQ(mutated(source, all[2]), "a < b && c <= 7");
  EXPECT_EQ(mutated(source, all[3]), "a < b && c < 8");
}

TEST(Mutator, DrawsTheSameFromTheSameSeed) {
  EXPECT_EQ(drawn(100, 5, 1), drawn(100, 5, 1));
  EXPECT_NE(drawn(100, 5, 1), drawn(100, 5, 2));
  EXPECT_EQ(drawn(3, 5, 1).size(), 3U);
  std::vector<std::size_t> all = drawn(50, 50, 7);
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], i);
}

}  // namespace
}  // namespace assay
