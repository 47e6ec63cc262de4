// SPDX-License-Identifier: Apache-2.0
#include "harness/check/float_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/temp_dir.h"
#include "golden/data/npy.h"
#include "harness/run/preprocess.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

constexpr std::int64_t kPictures = 4;

/// What an evaluation without any rounding observes, for tests to change.
class FloatComparerTest : public ::testing::Test {
 protected:
  FloatComparerTest() {
    for (std::int64_t i = 0; i < kPictures; ++i) {
      ImageResult scratch;
      const ImageResult& exact = reference_.result(i, scratch);
      FloatObservation& seen = seen_.emplace_back();
      for (std::size_t place = 0; place < graph_.checkpoints().size(); ++place)
        seen.integers.emplace_back(exact.at(place).value().q);
      seen.answer = exact_answer(answer_source(graph_).value(), exact);
    }
  }

  FloatComparison compared() {
    std::ostringstream out, err;
    return FloatComparer(reference_)
        .compare({"float", kPictures,
                  [&](std::int64_t image) { return seen_[static_cast<std::size_t>(image)]; }},
                 Console{out, err});
  }

  std::string saved() const {
    std::vector<std::uint8_t> pixels;
    for (std::int64_t i = 0; i < kPictures * 48; ++i)
      pixels.push_back(static_cast<std::uint8_t>(i * 89 % 251));
    write_npy(dir_.path() / "set.npy", make_npy<std::uint8_t>({kPictures, 3, 4, 4}, pixels));
    return (dir_.path() / "set.npy").string();
  }

  TempDir dir_;
  Graph graph_ = pixel_graph(tiny_network(), Preprocess({}));
  ChosenImages images_ = choose_images({saved(), ""}, graph_);
  Reference reference_{graph_, images_};
  std::vector<FloatObservation> seen_;
};

TEST_F(FloatComparerTest, FindsNothingWhereNothingIs) {
  const FloatComparison result = compared();
  EXPECT_TRUE(result.explained());
  EXPECT_EQ(result.labels_compared, kPictures);
  EXPECT_GT(result.total().compared, 0);
  EXPECT_EQ(result.total().differing, 0);
}

TEST_F(FloatComparerTest, ALabelThatItsOwnActivationsDoNotGiveIsUnexplained) {
  std::vector<std::int64_t>& ranked = seen_[2].answer->ranked;
  std::rotate(ranked.begin(), ranked.begin() + 1, ranked.end());
  const FloatComparison result = compared();
  EXPECT_EQ(result.total().differing, 0) << "every activation is right";
  EXPECT_EQ(result.labels_unexplained, 1);
  ASSERT_EQ(result.changed_labels.size(), 1U);
  EXPECT_EQ(result.changed_labels[0].image, 2);
  EXPECT_FALSE(result.explained());
}

}  // namespace
}  // namespace assay
