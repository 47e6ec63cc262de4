// SPDX-License-Identifier: Apache-2.0
#include "harness/check/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/check/execute.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

std::vector<std::int32_t> pixels(int seed) {
  std::vector<std::int32_t> image;
  for (int i = 0; i < 48; ++i) image.push_back(static_cast<std::int32_t>((i * 37 + seed * 11) % 4));
  return image;
}

ImageResult result_of(const Graph& graph, int seed = 1) {
  return ExactPixels(graph, false).run(pixels(seed));
}

/// Both graphs on one image, with the canaries.
struct Compared {
  ComparisonPlan plan;
  ComparisonTally tally;
  Judgement judgement;
};

Compared compare(const Graph& a, const Graph& b) {
  Compared c;
  c.plan = plan_comparison(a, b);
  const ImageResult expected = result_of(a), got = result_of(b);
  c.tally = sum_tallies(c.plan, {compare_image(c.plan, 0, expected, got)});
  c.tally.canaries = plant_faults(c.plan, expected, got, compare_image);
  c.judgement = judge(c.plan, c.tally);
  return c;
}

TEST(Comparison, FindsEqualNetworksEquivalentWithEveryCount) {
  const Graph graph = tiny_network();
  const Compared c = compare(graph, graph);
  EXPECT_EQ(c.judgement.verdict, Verdict::kEquivalent) << c.judgement.reason;
  EXPECT_EQ(c.tally.predicted(), 32 + 3 + 3);  // act1, act2, logits; not the image
  EXPECT_EQ(c.tally.compared(), c.tally.predicted());
  EXPECT_EQ(c.tally.differing(), 0);
  EXPECT_EQ(c.tally.canaries.planted, 4 * 4 + 2);
  EXPECT_EQ(c.tally.canaries.caught, c.tally.canaries.planted);
}

TEST(Comparison, NamesTheFirstNodeAndElementOfAChangedWeight) {
  const Compared c = compare(tiny_network(), tiny_network({.first_weight = -0.5F}));
  EXPECT_EQ(c.judgement.verdict, Verdict::kDifferent);
  const Difference* first = c.tally.first();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->checkpoint, "act1");
  EXPECT_EQ(first->node, "Quant");
  EXPECT_EQ(first->channel, 0);  // the weight belongs to filter 0
  EXPECT_EQ(first->element, *first->row * 4 + *first->column);
  EXPECT_NE(first->expected, first->got);
}

TEST(Comparison, SeesAScaleChangedByOneUnitInTheLastPlace) {
  const float next = std::nextafterf(0.125F, 1.0F);
  const Compared c = compare(tiny_network(), tiny_network({.first_scale = next}));
  EXPECT_EQ(c.judgement.verdict, Verdict::kDifferent);
  ASSERT_NE(c.tally.first(), nullptr);
  EXPECT_EQ(c.tally.first()->checkpoint, "act1");
}

TEST(Comparison, SeesSwappedChannels) {
  const Compared c = compare(tiny_network(), tiny_network({.swap_channels = true}));
  EXPECT_EQ(c.judgement.verdict, Verdict::kDifferent);
  EXPECT_EQ(c.tally.first()->checkpoint, "act1");
}

TEST(Comparison, IsInconclusiveWhenACheckpointIsMissing) {
  Graph graph = tiny_network(), without = tiny_network();
  std::erase_if(without.checkpoints(), [](const Checkpoint& c) { return c.name == "act2"; });
  const Compared c = compare(graph, without);
  EXPECT_EQ(c.judgement.verdict, Verdict::kInconclusive);
  EXPECT_THAT(c.judgement.reason, ::testing::HasSubstr("'act2' is missing"));
  EXPECT_EQ(c.tally.predicted() - c.tally.compared(), 3);
}

TEST(Comparison, IsInconclusiveWhenACheckpointIsUnexpected) {
  Graph graph = tiny_network(), without = tiny_network();
  std::erase_if(without.checkpoints(), [](const Checkpoint& c) { return c.name == "act2"; });
  const Compared c = compare(without, graph);
  EXPECT_EQ(c.judgement.verdict, Verdict::kInconclusive);
  EXPECT_THAT(c.judgement.reason, ::testing::HasSubstr("'act2' is not in the reference"));
}

TEST(Comparison, MeasuresAnApproximateStageOnlyWhenItComparedEverything) {
  const Compared c = compare(tiny_network(), tiny_network({.first_weight = -0.5F}));
  ComparisonTally tally = c.tally;
  tally.canaries = {10, 10};
  const Judgement measured = judge_approximate(c.plan, tally);
  EXPECT_EQ(measured.verdict, Verdict::kApproximate);
  EXPECT_THAT(measured.reason, ::testing::HasSubstr("elements changed"));
  tally.checkpoints[1].compared -= 1;
  EXPECT_EQ(judge_approximate(c.plan, tally).verdict, Verdict::kInconclusive);
  tally = c.tally;
  tally.canaries = {10, 9};
  EXPECT_EQ(judge_approximate(c.plan, tally).verdict, Verdict::kInconclusive);
  Graph without = tiny_network();
  std::erase_if(without.checkpoints(), [](const Checkpoint& k) { return k.name == "act2"; });
  const Compared missing = compare(tiny_network(), without);
  EXPECT_EQ(judge_approximate(missing.plan, missing.tally).verdict, Verdict::kInconclusive);
}

TEST(Comparison, LocatesElementsInTheCheckpointsOwnOrder) {
  Graph reference = tiny_network(), faulty = tiny_network({.first_weight = -0.5F});
  const ImageResult expected = result_of(reference), got = result_of(faulty);
  // The same results, carried by a tensor whose axes are rows, columns, channels.
  for (Graph* graph : {&reference, &faulty}) {
    Checkpoint& act1 = graph->checkpoints()[1];
    act1.tensor->shape = Shape{1, 4, 4, 2};
    act1.tensor->layout = Layout::kNHWC;
    act1.perm = {0, 3, 1, 2};
  }
  const ComparisonPlan plan = plan_comparison(reference, faulty);
  const std::optional<Difference> first = compare_image(plan, 0, expected, got)[1].first;
  ASSERT_TRUE(first);
  EXPECT_EQ(first->channel, 0);
  EXPECT_EQ(first->element, *first->row * 4 + *first->column);
}

TEST(PixelOrder, MovesPlanesToTheInnermostAxis) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 2, 3, 2});
  EXPECT_TRUE(pixel_order(*x).empty());
  x->layout = Layout::kNHWC;  // 2 rows, 3 columns, 2 channels: planes of 6
  EXPECT_EQ(pixel_order(*x), (std::vector<std::size_t>{0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11}));
}

TEST(CarriedReals, AppliesUnitShiftAndOrder) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 1, 3, 2});  // 1 row, 3 columns, 2 channels
  Checkpoint checkpoint;
  checkpoint.tensor = x;
  checkpoint.perm = {0, 3, 1, 2};
  checkpoint.unit = RealArray(Shape{1, 2, 1, 1}, {Real(2), Real(10)});
  checkpoint.shift = RealArray(Real(1));
  const FloatTensor reals = carried_reals(checkpoint, {{1, 1, 3, 2}, {1, 2, 3, 4, 5, 6}});
  EXPECT_EQ(reals.shape, (Shape{1, 2, 1, 3}));
  EXPECT_EQ(reals.data, (std::vector<float>{3, 7, 11, 21, 41, 61}));
}

TEST(Comparison, NeverAcceptsADroppedQuantiser) {
  const Compared c = compare(tiny_network(), tiny_network({.second_quantiser = false}));
  EXPECT_NE(c.judgement.verdict, Verdict::kEquivalent);
}

TEST(Comparison, IsInconclusiveWithoutImagesOrCheckpoints) {
  const Graph graph = tiny_network();
  const ComparisonPlan plan = plan_comparison(graph, graph);
  ComparisonTally none = sum_tallies(plan, {});
  none.canaries = {1, 1};
  EXPECT_EQ(judge(plan, none).verdict, Verdict::kInconclusive);
  ComparisonTally empty = sum_tallies(ComparisonPlan{}, {ImageTally{}});
  empty.canaries = {1, 1};
  EXPECT_EQ(judge(ComparisonPlan{}, empty).verdict, Verdict::kInconclusive);
}

TEST(Comparison, IsInconclusiveWithoutCanaries) {
  const Graph graph = tiny_network();
  Compared c = compare(graph, graph);
  c.tally.canaries = {};
  EXPECT_EQ(judge(c.plan, c.tally).verdict, Verdict::kInconclusive);
  c.tally.canaries = {10, 9};
  EXPECT_EQ(judge(c.plan, c.tally).verdict, Verdict::kInconclusive);
}

TEST(Comparison, CountsTheElementsThatOneSideLacks) {
  const Graph graph = tiny_network();
  const ComparisonPlan plan = plan_comparison(graph, graph);
  const ImageResult whole = result_of(graph);
  ImageResult cut = whole;
  const std::vector<std::int64_t> q = cut[1]->q.unpacked();
  cut[1]->q = PackedInts(std::span(q).first(30));
  const ImageTally tally = compare_image(plan, 0, whole, cut);
  EXPECT_EQ(tally[1].predicted, 32);
  EXPECT_EQ(tally[1].compared, 30);
  EXPECT_EQ(tally[1].differing, 0);
}

TEST(Comparison, ComparesRealsWhereTheMapsDiffer) {
  const Graph graph = tiny_network();
  Graph doubled = graph;  // half the integers at twice the scale mean the same
  ImageResult expected = result_of(graph), got = expected;
  std::vector<std::int64_t> q = expected[1]->q.unpacked();
  for (std::int64_t& v : q) v *= 2;
  expected[1]->q = PackedInts(q);
  doubled.checkpoints()[1].scale = RealArray(doubled.checkpoints()[1].scale.values[0] * Real(2));
  const ComparisonPlan plan = plan_comparison(graph, doubled);
  EXPECT_FALSE(plan.checkpoints[1].same_map);
  EXPECT_EQ(compare_image(plan, 0, expected, got)[1].differing, 0);
  ++q[5];
  expected[1]->q = PackedInts(q);
  const CheckpointTally tally = compare_image(plan, 0, expected, got)[1];
  EXPECT_EQ(tally.differing, 1);
  ASSERT_TRUE(tally.first);
  EXPECT_EQ(tally.first->element, 5);
}

/// Comparisons that a canary must expose: each lets through what its name says.
ImageTally blind(const ComparisonPlan& plan, std::int64_t image, const ImageResult& a,
                 const ImageResult&) {
  return compare_image(plan, image, a, a);
}
ImageTally first_element_only(const ComparisonPlan& plan, std::int64_t image, const ImageResult& a,
                              const ImageResult& b) {
  ImageTally tally = compare_image(plan, image, a, b);
  for (CheckpointTally& t : tally)
    if (t.first && t.first->element > 0) t.first.reset(), t.differing = 0;
  return tally;
}
ImageTally trusts_the_count(const ComparisonPlan& plan, std::int64_t image, const ImageResult& a,
                            const ImageResult& b) {
  ImageTally tally = compare_image(plan, image, a, b);
  for (CheckpointTally& t : tally) t.compared = t.predicted;
  return tally;
}

TEST(Canary, ExposesComparisonsThatOverlookFaults) {
  const Graph graph = tiny_network();
  const ComparisonPlan plan = plan_comparison(graph, graph);
  const ImageResult result = result_of(graph);
  for (const CompareImage& broken :
       {CompareImage(blind), CompareImage(first_element_only), CompareImage(trusts_the_count)}) {
    ComparisonTally tally = sum_tallies(plan, {broken(plan, 0, result, result)});
    tally.canaries = plant_faults(plan, result, result, broken);
    EXPECT_LT(tally.canaries.caught, tally.canaries.planted);
    EXPECT_EQ(judge(plan, tally).verdict, Verdict::kInconclusive);
  }
}

TEST(PackedInts, KeepsEveryValueInTheNarrowestType) {
  for (const std::int64_t edge :
       {std::int64_t{127}, std::int64_t{128}, std::int64_t{-128}, std::int64_t{-129},
        std::int64_t{32767}, std::int64_t{32768}, std::int64_t{1} << 31, -(std::int64_t{1} << 31),
        INT64_MAX, INT64_MIN}) {
    const std::vector<std::int64_t> values = {0, edge, 1};
    EXPECT_EQ(PackedInts(values).unpacked(), values);
  }
  EXPECT_EQ(PackedInts(std::vector<std::int64_t>{-128, 127}).bytes(), 2U);
  EXPECT_EQ(PackedInts(std::vector<std::int64_t>{-128, 128}).bytes(), 4U);
  EXPECT_EQ(PackedInts(std::vector<std::int64_t>{}).size(), 0U);
}

TEST(Verdict, IsTheWorstOfItsParts) {
  using enum Verdict;
  EXPECT_EQ(worse(kEquivalent, kApproximate), kEquivalent);
  EXPECT_EQ(worse(kApproximate, kDifferent), kDifferent);
  EXPECT_EQ(worse(kApproximate, kInconclusive), kInconclusive);
  EXPECT_EQ(worse(kEquivalent, kEquivalent), kEquivalent);
  EXPECT_EQ(worse(kEquivalent, kInconclusive), kInconclusive);
  EXPECT_EQ(worse(kInconclusive, kDifferent), kDifferent);
  EXPECT_EQ(exit_code(kEquivalent), 0);
  EXPECT_EQ(exit_code(kDifferent), 1);
  EXPECT_EQ(exit_code(kInconclusive), 3);
}

}  // namespace
}  // namespace assay
