// SPDX-License-Identifier: Apache-2.0
#include "harness/check/coverage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/temp_dir.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "golden/data/npy.h"
#include "harness/check/check.h"
#include "harness/edited_network.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using GraphEdit = std::function<void(Graph&)>;

ImageResult result_on(const Graph& graph) {
  std::vector<std::int32_t> image;
  for (int i = 0; i < 48; ++i) image.push_back(static_cast<std::int32_t>(i * 37 % 4));
  return ExactPixels(graph, false).run(image);
}

Judgement judged(const Graph& a, const Graph& b, bool needs_label = false) {
  const ComparisonPlan plan = plan_comparison(a, b, needs_label);
  const ImageResult expected = result_on(a), got = result_on(b);
  ComparisonTally tally = sum_tallies(plan, {compare_image(plan, 0, expected, got)});
  tally.canaries = plant_faults(plan, expected, got, compare_image);
  return judge(plan, tally);
}

struct Case {
  GraphEdit edit;
  std::string reason;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {rewire_output, "output 'wrong' carries no checkpoint"},
      {[](Graph& g) { add_wrong_output(g, "logits"); }, "output 'wrong' carries no checkpoint"},
      {[](Graph& g) { drop_checkpoint(g, "act2"); }, "required checkpoint 'act2' is missing"},
      {[](Graph& g) { drop_checkpoint(g, "logits"); }, "required checkpoint 'logits' is missing"},
      {keep_input_alone, "required checkpoint 'act1' is missing"},
      {[](Graph& g) { move_aside(g, "act1"); }, "checkpoint 'act1' is not on the way to an output"},
      {[](Graph& g) { g.add_output(checkpoint_of(g, "act1").tensor); },
       "checkpoint 'act1' is an output, which it is not in the reference"},
      {[](Graph& g) { g.mutable_outputs()[0] = checkpoint_of(g, "act2").tensor; },
       "an output carries checkpoint 'act2' where the reference's carries 'logits'"},
      {[](Graph& g) { checkpoint_of(g, "logits").kind = Checkpoint::Kind::kInput; },
       "checkpoint 'logits' is of kind input, in the reference of kind logits"},
      {[](Graph& g) {
         rewire_output(g);
         checkpoint_of(g, "logits").tensor = g.outputs()[0];
         checkpoint_of(g, "logits").unit = RealArray(Real(-1));
       },
       "output 'wrong' carries checkpoint 'logits' in another order of values"}};
  return all;
}

TEST(Coverage, NamesWhatIsWrongWithAnEditedNetwork) {
  for (const Case& c : cases()) {
    Graph edited = tiny_network();
    c.edit(edited);
    const Judgement judgement = judged(tiny_network(), edited);
    EXPECT_EQ(judgement.verdict, Verdict::kInconclusive) << c.reason;
    EXPECT_THAT(judgement.reason, HasSubstr(c.reason));
  }
}

TEST(Coverage, ALabelOfAnotherNameIsNotTheOneThatIsRequired) {
  Graph labelled = tiny_network();
  insert_topk(labelled, 1);
  EXPECT_EQ(judged(tiny_network(), labelled, true).verdict, Verdict::kEquivalent);
  checkpoint_of(labelled, "label").name = "labels";
  const Judgement judgement = judged(tiny_network(), labelled, true);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_THAT(judgement.reason, HasSubstr("required checkpoint 'label' is missing"));
}

TEST(Coverage, ASecondLabelIsNotInTheReference) {
  Graph labelled = tiny_network();
  insert_topk(labelled, 1);
  Checkpoint again = checkpoint_of(labelled, "label");
  again.name = "label_again";
  labelled.checkpoints().push_back(again);
  const Judgement judgement = judged(tiny_network(), labelled, true);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_THAT(judgement.reason, HasSubstr("is not in the reference"));
}

/// Rows and columns of an output do not change places, whatever the file says; channels do.
TEST(Coverage, AnOutputsRowsAreNoColumns) {
  const auto output = [](const std::vector<std::int64_t>& perm) {
    Graph graph;
    Tensor* x = graph.add_input("x", Shape{1, 2, 3, 3});
    graph.add_output(x);
    Checkpoint checkpoint;
    checkpoint.name = "y";
    checkpoint.kind = Checkpoint::Kind::kLogits;
    checkpoint.tensor = x;
    checkpoint.perm = perm;
    graph.checkpoints().push_back(checkpoint);
    return plan_comparison(graph, graph, false).faults;
  };
  const auto fault = ::testing::Contains(HasSubstr("'x' carries checkpoint 'y' in another order"));
  EXPECT_THAT(output({0, 1, 3, 2}), fault);
  EXPECT_THAT(output({0, 2, 1, 3}), fault);
  for (const std::vector<std::int64_t>& perm :
       {std::vector<std::int64_t>{}, {0, 1, 2, 3}, {1, 0, 2, 3}, {0, 3, 1, 2}, {0, 2, 3, 1}})
    EXPECT_THAT(output(perm), ::testing::Not(fault));
}

TEST(Coverage, NamesWhatIsWrongWithBothNetworks) {
  const std::vector<Case> both = {
      {rewire_output, "output 'wrong' carries no checkpoint"},
      {[](Graph& g) { add_wrong_output(g, "logits"); }, "output 'wrong' carries no checkpoint"},
      {[](Graph& g) { move_aside(g, "act2"); }, "the reference's checkpoint 'act2' is not on"},
      {[](Graph& g) { drop_checkpoint(g, "logits"); }, "output 'logits' carries no checkpoint"}};
  for (const Case& c : both) {
    Graph edited = tiny_network();
    c.edit(edited);
    const Judgement judgement = judged(edited, edited);
    EXPECT_EQ(judgement.verdict, Verdict::kInconclusive) << c.reason;
    EXPECT_THAT(judgement.reason, HasSubstr(c.reason));
  }
}

TEST(Coverage, NeverTakesInputsForACheck) {
  Graph graph;
  graph.add_output(graph.add_input("image", {1, 3, 4, 4}));
  mark_checkpoints(graph);
  ComparisonPlan plan = plan_comparison(graph, graph);
  EXPECT_THAT(plan.faults, ::testing::Contains("output 'image' carries no checkpoint"));
  plan.faults.clear();
  ComparisonTally tally = sum_tallies(plan, {{{.predicted = 48, .compared = 48, .first = {}}}});
  tally.canaries = {1, 1};
  EXPECT_EQ(tally.predicted(), 0);
  EXPECT_EQ(tally.compared(), 0);
  const Judgement judgement = judge(plan, tally);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason, "no checkpoint but the input was compared");
  EXPECT_EQ(judge_approximate(plan, tally).verdict, Verdict::kInconclusive);
}

TEST(Coverage, StillSeesADifferentInput) {
  const Graph graph = tiny_network();
  const ComparisonPlan plan = plan_comparison(graph, graph);
  const ImageResult expected = result_on(graph);
  ImageResult got = expected;
  got[0]->value->offset = RealArray(Real(1));
  const ComparisonTally tally = sum_tallies(plan, {compare_image(plan, 0, expected, got)});
  EXPECT_EQ(tally.differing(), 0);
  EXPECT_EQ(judge(plan, tally).verdict, Verdict::kDifferent);
  EXPECT_THAT(judge(plan, tally).reason, HasSubstr("the input 'image' differs"));
}

TEST(Coverage, ExposesACheckThatLooksAtInputsAlone) {
  const Graph graph = tiny_network();
  const ComparisonPlan plan = plan_comparison(graph, graph);
  const ImageResult result = result_on(graph);
  const CompareImage inputs_alone = [](const ComparisonPlan& p, std::int64_t image,
                                       const ImageResult& a, const ImageResult& b) {
    ImageTally tally = compare_image(p, image, a, a);
    const ImageTally honest = compare_image(p, image, a, b);
    for (std::size_t i = 0; i < tally.size(); ++i)
      if (p.checkpoints[i].kind == Checkpoint::Kind::kInput) tally[i] = honest[i];
    return tally;
  };
  const Canaries canaries = plant_faults(plan, result, result, inputs_alone);
  EXPECT_LT(canaries.caught, canaries.planted);
}

TEST(Coverage, AsksForTheLabelWhereThereHasToBeOne) {
  const Judgement judgement = judged(tiny_network(), tiny_network(), true);
  EXPECT_EQ(judgement.verdict, Verdict::kInconclusive);
  EXPECT_EQ(judgement.reason, "required checkpoint 'label' is missing");
}

/// `assay compare` and `assay run` on files whose metadata was edited.
class EditedFiles : public ::testing::Test {
 protected:
  std::string saved(const std::string& name, Graph graph, const GraphEdit& edit) const {
    edit(graph);
    const std::filesystem::path path = dir.path() / name;
    export_model(graph, path);
    return path.string();
  }
  Json compare(const std::string& a, const std::string& b) const {
    return run_assay({"compare", a, b, "--images", "5", "--json"}).json();
  }

  TempDir dir;
};

TEST_F(EditedFiles, AreComparedAtWhatTheirGraphsCallFor) {
  const std::string a = saved("a.onnx", tiny_network(), keep_input_alone);
  const std::string same = saved("same.onnx", tiny_network(), keep_input_alone);
  const std::string b = saved("b.onnx", tiny_network({.first_weight = -0.5F}), keep_input_alone);
  const Json equal = compare(a, same), different = compare(a, b);
  EXPECT_EQ(equal["verdict"], "EQUIVALENT") << equal["reason"];
  EXPECT_EQ(equal["compared"], 5 * (32 + 3 + 3));
  EXPECT_EQ(different["verdict"], "DIFFERENT");
  EXPECT_EQ(different["first_difference"]["checkpoint"], "act1");
}

TEST_F(EditedFiles, CannotPassOffValuesAsInputs) {
  const GraphEdit all_inputs = [](Graph& graph) {
    for (Checkpoint& checkpoint : graph.checkpoints()) checkpoint.kind = Checkpoint::Kind::kInput;
  };
  const std::string a = saved("a.onnx", tiny_network(), all_inputs);
  const std::string b = saved("b.onnx", tiny_network({.first_weight = -0.5F}), all_inputs);
  EXPECT_EQ(compare(a, a)["compared"], 5 * (32 + 3 + 3));
  EXPECT_EQ(compare(a, b)["verdict"], "DIFFERENT");
}

TEST_F(EditedFiles, AreNamedWhereOneOfThemIsRewired) {
  const std::string a = save_tiny(dir.path() / "a.onnx").string();
  const Json rewired = compare(a, saved("b.onnx", tiny_network(), rewire_output));
  EXPECT_EQ(rewired["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(rewired["reason"].get<std::string>(), HasSubstr("output 'wrong' carries no"));
  const Json aside =
      compare(a, saved("b.onnx", tiny_network(), [](Graph& g) { move_aside(g, "act2"); }));
  EXPECT_EQ(aside["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(aside["reason"].get<std::string>(), HasSubstr("'act2' is not on the way"));
}

TEST_F(EditedFiles, RunWithTheCheckpointsOfTheirGraphs) {
  const std::string model = saved("model.onnx", tiny_network(), keep_input_alone);
  const CommandResult result =
      run_assay({"run", model, "--images", "3", "--out", (dir.path() / "out").string(), "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const Json& stage : result.json()["stages"])
    EXPECT_GE(stage["predicted"].get<int>(), 3 * (32 + 3 + 3));
}

}  // namespace
}  // namespace assay
