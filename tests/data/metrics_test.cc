// SPDX-License-Identifier: Apache-2.0
#include "golden/data/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/temp_dir.h"
#include "compile/base/error.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Logits = std::vector<double>;
using Labels = std::vector<std::int64_t>;

TEST(RankLogits, PutsTheLargestFirstAndTiesByIndex) {
  EXPECT_THAT(rank_logits(Logits{1, 5, 3}, 3), ElementsAre(1, 2, 0));
  EXPECT_THAT(rank_logits(Logits{2, 7, 7, 2}, 4), ElementsAre(1, 2, 0, 3));
  EXPECT_THAT(rank_logits(Logits{0, 0, 0, 0}, 2), ElementsAre(0, 1));
  EXPECT_THAT(rank_logits(Logits{-0.0, 0.0}, 1), ElementsAre(0)) << "-0 equals 0";
  EXPECT_THAT(rank_logits(Logits{-INFINITY, 1}, 1), ElementsAre(1));
  EXPECT_THROW(rank_logits(Logits{1, NAN}, 1), UserError);
}

TEST(CrossEntropy, MatchesHandWorkedValues) {
  EXPECT_DOUBLE_EQ(cross_entropy(Logits{0, 0}, 0), std::log(2.0));
  EXPECT_DOUBLE_EQ(cross_entropy(Logits{std::log(1.0), std::log(3.0)}, 1), std::log(4.0 / 3.0));
  EXPECT_EQ(cross_entropy(Logits{5}, 0), 0.0);
}

TEST(CrossEntropy, DoesNotOverflow) {
  EXPECT_DOUBLE_EQ(cross_entropy(Logits{1000, 0}, 1), 1000.0);
  EXPECT_EQ(cross_entropy(Logits{1000, 0}, 0), 0.0);
  EXPECT_DOUBLE_EQ(cross_entropy(Logits{-1e6, -1e6, -1e6, -1e6}, 2), std::log(4.0));
}

TEST(Accuracy, CountsAHandWorkedSet) {
  AccuracyCounter counter(3, 2);
  counter.add(10, 0, Logits{3, 2, 1});  // right
  counter.add(11, 1, Logits{3, 2, 1});  // wrong, second best
  counter.add(12, 2, Logits{3, 2, 1});  // wrong, third
  counter.add(13, 0, Logits{1, 1, 1});  // right: ties go to the lower index
  const Accuracy a = counter.finish(4);
  EXPECT_TRUE(a.complete());
  EXPECT_EQ(a.compared, 4);
  EXPECT_EQ(a.top1_correct, 2);
  EXPECT_EQ(a.top_k_correct, 3);
  EXPECT_EQ(a.top1(), 0.5);
  EXPECT_EQ(a.top_k(), 0.75);
  EXPECT_THAT(a.class_images, ElementsAre(2, 1, 1));
  EXPECT_THAT(a.class_correct, ElementsAre(2, 0, 0));
  EXPECT_EQ(a.class_accuracy(0), 1.0);
  EXPECT_THAT(a.confusion, ElementsAre(2, 0, 0, 1, 0, 0, 1, 0, 0));
  EXPECT_THAT(a.misclassified, ElementsAre(Misclassified{11, 1, 0}, Misclassified{12, 2, 0}));
  const double row = std::log(1 + std::exp(-1.0) + std::exp(-2.0));
  ASSERT_TRUE(a.mean_loss.has_value());
  EXPECT_NEAR(*a.mean_loss, (row + (row + 1) + (row + 2) + std::log(3.0)) / 4, 1e-15);
}

TEST(Accuracy, WorksWithoutLogitsAndHasNoLossThen) {
  AccuracyCounter counter(10, 1);
  counter.add(0, 3, Labels{3}, {});
  counter.add(1, 3, Labels{4, 3}, {});
  const Accuracy a = counter.finish(2);
  EXPECT_EQ(a.top1_correct, 1);
  EXPECT_EQ(a.top_k_correct, 1) << "only the first k ranked labels count";
  EXPECT_FALSE(a.mean_loss.has_value());
  EXPECT_FALSE(a.class_accuracy(0).has_value());
}

TEST(Accuracy, TheLossNeedsTheLogitsOfEveryImage) {
  AccuracyCounter counter(2, 1);
  counter.add(0, 0, Logits{1, 0});
  counter.add(1, 0, Labels{0}, {});
  EXPECT_FALSE(counter.finish(2).mean_loss.has_value());
}

TEST(Accuracy, TakesTheCallersRankingOverTheRoundedLogits) {
  AccuracyCounter counter(2, 1);
  counter.add(0, 1, Labels{1}, Logits{1, 1});
  EXPECT_EQ(counter.finish(1).top1_correct, 1);
}

TEST(Accuracy, RefusesAnEmptyComparison) {
  EXPECT_THAT(message_of<UserError>([] { AccuracyCounter(10, 1).finish(0); }),
              HasSubstr("no image was compared"));
}

TEST(Accuracy, IsIncompleteWhenImagesAreMissing) {
  AccuracyCounter counter(2, 1);
  counter.add(0, 0, Labels{0}, {});
  const Accuracy a = counter.finish(2);
  EXPECT_FALSE(a.complete());
  EXPECT_EQ(a.predicted, 2);
  EXPECT_EQ(a.compared, 1);
}

TEST(Accuracy, RefusesLabelsAndLogitsThatMeanNothing) {
  AccuracyCounter counter(3, 2);
  const auto add = [&](std::int64_t label, const Labels& ranked, const Logits& logits) {
    return message_of<UserError>([&] { counter.add(7, label, ranked, logits); });
  };
  EXPECT_THAT(add(3, {0, 1}, {}), HasSubstr("image 7 has label 3"));
  EXPECT_THAT(add(-1, {0, 1}, {}), HasSubstr("label -1"));
  EXPECT_THAT(add(0, {0, 3}, {}), HasSubstr("gives label 3"));
  EXPECT_THAT(add(0, {1, 1}, {}), HasSubstr("label 1 twice"));
  EXPECT_THAT(add(0, {0, 1}, {1, NAN, 0}), HasSubstr("logit 1 is nan"));
  EXPECT_THAT(add(0, {0, 1}, {1, 0, INFINITY}), HasSubstr("logit 2 is inf"));
  EXPECT_THROW(counter.finish(0), UserError) << "nothing refused was counted";
}

TEST(Accuracy, MergesToTheSameBitsHoweverTheImagesAreShared) {
  std::mt19937_64 random(20);
  constexpr std::int64_t kImages = 500;
  std::vector<Logits> logits(kImages, Logits(10));
  for (Logits& row : logits) {
    for (double& v : row) v = static_cast<double>(random() % 4096) / 97.0;
  }
  AccuracyCounter alone(10, 5);
  for (std::int64_t i = 0; i < kImages; ++i)
    alone.add(i, i % 10, logits[static_cast<std::size_t>(i)]);
  const Accuracy expected = alone.finish(kImages);
  for (std::size_t parts = 2; parts < 8; ++parts) {
    SCOPED_TRACE(parts);
    std::vector<AccuracyCounter> counters(parts, AccuracyCounter(10, 5));
    for (std::int64_t i = kImages - 1; i >= 0; --i)
      counters[random() % parts].add(i, i % 10, logits[static_cast<std::size_t>(i)]);
    for (std::size_t p = 1; p < parts; ++p) counters[0].merge(counters[p]);
    const Accuracy merged = counters[0].finish(kImages);
    EXPECT_EQ(merged.mean_loss, expected.mean_loss);
    EXPECT_EQ(merged.confusion, expected.confusion);
    EXPECT_EQ(merged.misclassified, expected.misclassified);
    EXPECT_EQ(merged.top_k_correct, expected.top_k_correct);
  }
}

TEST(AccuracyDeathTest, AnImageCountedTwiceIsOurBug) {
  AccuracyCounter counter(2, 1);
  counter.add(0, 0, Labels{0}, {});
  counter.merge(counter);
  EXPECT_DEATH(counter.finish(2), "counted twice");
  EXPECT_DEATH(counter.merge(AccuracyCounter(3, 1)), "different networks");
}

TEST(Errors, AreCountedElementByElement) {
  ErrorCounter errors;
  errors.add(1, 1);
  errors.add(-2, 1);
  errors.add(0.5, 0);
  EXPECT_EQ(errors.compared(), 3);
  EXPECT_DOUBLE_EQ(errors.mean_absolute(), 3.5 / 3);
  EXPECT_DOUBLE_EQ(errors.mean_square(), 9.25 / 3);
  EXPECT_EQ(errors.largest(), 3);
  EXPECT_DOUBLE_EQ(errors.psnr().value(), 10 * std::log10(3 / 9.25));  // targets from 0 to 1
  EXPECT_THROW(errors.add(NAN, 0), UserError);
  EXPECT_THROW(errors.add(0, INFINITY), UserError);
}

TEST(Errors, HaveNoNoiseWithoutARangeOrADifference) {
  ErrorCounter same;
  same.add(1, 1);
  same.add(2, 2);
  EXPECT_FALSE(same.psnr());
  ErrorCounter flat;
  flat.add(1, 3);
  EXPECT_FALSE(flat.psnr());
}

}  // namespace
}  // namespace assay
