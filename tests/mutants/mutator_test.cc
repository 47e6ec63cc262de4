// SPDX-License-Identifier: Apache-2.0
#include "mutants/mutator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

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

std::vector<Place> places_of(std::initializer_list<const char*> files, std::size_t each) {
  std::vector<Place> places;
  for (const char* file : files)
    for (std::size_t i = 0; i < each; ++i) places.push_back({file, i});
  return places;
}

TEST(Mutator, DrawsTheSameFromTheSameSeed) {
  const std::vector<Place> places = places_of({"a.cc", "b.cc"}, 20);
  EXPECT_EQ(drawn(places, 1), drawn(places, 1));
  EXPECT_NE(drawn(places, 1), drawn(places, 2));
  EXPECT_THAT(drawn(places, 7), UnorderedElementsAreArray(places));
  EXPECT_THAT(drawn({}, 7), IsEmpty());
}

TEST(Mutator, DrawsInTheSameOrderWhateverOtherFilesHave) {
  std::vector<Place> more = drawn(places_of({"a.cc", "b.cc", "c.cc"}, 20), 1);
  std::erase_if(more, [](const Place& place) { return place.file == "c.cc"; });
  EXPECT_EQ(more, drawn(places_of({"a.cc", "b.cc"}, 20), 1));
}

}  // namespace
}  // namespace assay
