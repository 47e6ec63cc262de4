// SPDX-License-Identifier: Apache-2.0
// What images cannot show, and what is made of it.
#include "harness/check/stimuli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "golden/data/png.h"
#include "harness/page/page_data.h"
#include "harness/run/preprocess.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Pixels = std::vector<std::uint8_t>;

class Images : public ::testing::Test {
 protected:
  std::string save(const Pixels& pixels) const {
    const auto count = static_cast<std::int64_t>(pixels.size() / 48);
    write_npy(dir.path() / "set.npy", make_npy<std::uint8_t>({count, 3, 4, 4}, pixels));
    return (dir.path() / "set.npy").string();
  }
  CommandResult run(const std::string& data, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run",   model.string(), "--data",  data,
                                          "--out", out.string(),   "--until", "tail"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  static Pixels varied(int images) {
    Pixels pixels;
    for (int i = 0; i < images * 48; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 89 % 251));
    return pixels;
  }

  TempDir dir;
  fs::path model = save_tiny(dir.path() / "tiny.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Images, ThatAreAllTheSameSettleNothing) {
  const std::string black = save(Pixels(4 * 48, 0));
  const CommandResult result = run(black, {"--json"});
  EXPECT_EQ(result.code, 3) << result.err;
  const Json json = result.json();
  EXPECT_EQ(json["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(json["reason"].get<std::string>(), HasSubstr("4 images, 1 distinct"));
  EXPECT_THAT(json["unseen"], Contains("4 images, 1 distinct: all are the same"));
  EXPECT_THAT(json["unseen"], Contains("4 of 4 images have one value throughout, such as black"));
  EXPECT_GT(json["stages"].size(), 5U) << "every stage is built all the same";
  const CommandResult table = run(black);
  EXPECT_EQ(table.code, 3);
  EXPECT_THAT(table.out,
              HasSubstr("\nNOT SEEN by these images: 4 images, 1 distinct: all are the same\n"));
  EXPECT_EQ(page_data(out)["unseen"], json["unseen"]);
  // One image was asked for, and one was compared.
  EXPECT_EQ(run(black, {"--images", "1"}).code, 0);

  const fs::path other = save_tiny(dir.path() / "other.onnx", {.first_weight = -0.5F});
  const CommandResult compared =
      run_assay({"compare", model.string(), other.string(), "--data", black});
  EXPECT_EQ(compared.code, 3) << compared.out;
  EXPECT_THAT(compared.out, HasSubstr("INCONCLUSIVE: 4 images, 1 distinct"));
  EXPECT_EQ(run_assay({"compare", model.string(), other.string(), "--data", save(varied(4))}).code,
            1);
}

TEST_F(Images, ThatDifferAreNotQuestioned) {
  const CommandResult result = run(save(varied(30)), {"--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  for (const Json& line : result.json()["unseen"])
    EXPECT_THAT(line.get<std::string>(), Not(HasSubstr("distinct")));
}

TEST_F(Images, ChangeWhatTheyReach) {
  // The second image differs from the first in the first pixel of all planes, the third is a copy.
  Pixels pixels(3 * 48, 10);
  for (const int plane : {0, 16, 32}) pixels[48 + static_cast<std::size_t>(plane)] = 255;
  Graph graph = pixel_graph(tiny_network(), Preprocess({}));
  ChosenImages images = choose_images({save(pixels), ""}, graph);
  Reference reference(graph, images);
  const report::Stimuli stimuli = look_at_images(reference);
  EXPECT_EQ(stimuli.images, 3);
  EXPECT_EQ(stimuli.distinct, 2);
  EXPECT_EQ(stimuli.blank, 2);
  ASSERT_EQ(stimuli.checkpoints.size(), 3U);
  // By hand: 1x1 weights (0.5, 0.25, 0.75) and (1, -0.25, 0.5), so both channels change at their
  // first of 16 elements.
  EXPECT_EQ(stimuli.checkpoints[0].name, "act1");
  EXPECT_EQ(stimuli.checkpoints[0].elements, 32);
  EXPECT_EQ(stimuli.checkpoints[0].constant, 30);
  EXPECT_EQ(stimuli.checkpoints[0].channels, 2);
  EXPECT_EQ(stimuli.checkpoints[0].constant_channels, 0);
  EXPECT_EQ(stimuli.classes, 3);
  EXPECT_FALSE(stimuli.never_labelled) << "there are no labels";
  std::vector<std::int64_t> never = {0, 1, 2};
  for (const Answer& answer : reference.answers()) std::erase(never, answer.ranked.at(0));
  EXPECT_EQ(stimuli.never_predicted, never);
  EXPECT_THAT(unseen(stimuli), Contains("3 images, 2 distinct: the others are copies"));
  EXPECT_FALSE(judge_images(stimuli));
}

TEST_F(Images, ThatChangeNoCheckpointAreOneToTheNetwork) {
  report::Stimuli stimuli;
  stimuli.images = 20;
  stimuli.distinct = 2;
  stimuli.checkpoints = {{"a", 32, 32, 2, 2}, {"b", 16, 15, 2, 1}};
  EXPECT_FALSE(judge_images(stimuli));
  stimuli.checkpoints[1].constant = 16;
  const std::optional<Judgement> judgement = judge_images(stimuli);
  ASSERT_TRUE(judgement);
  EXPECT_EQ(judgement->verdict, Verdict::kInconclusive);
  EXPECT_THAT(judgement->reason, HasSubstr("no checkpoint changes from one of the 20 images"));
  stimuli.images = 1;
  EXPECT_FALSE(judge_images(stimuli));
}

TEST_F(Images, LeaveACheckpointThatTheyDoNotReachConstant) {
  const fs::path dead = save_tiny(dir.path() / "dead.onnx", {.first_scale = 100});
  const CommandResult result = run_assay({"run", dead.string(), "--data", save(varied(5)), "--out",
                                          out.string(), "--until", "cleanup", "--json"});
  ASSERT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.json()["reason"].get<std::string>(), HasSubstr("no checkpoint changes"));
  EXPECT_THAT(result.json()["unseen"],
              Contains("3 of 3 checkpoints are the same on every image: 'act1', 'act2', 'logits'"));
  // A stage that is kept says it again.
  const CommandResult kept = run_assay({"run", dead.string(), "--data", save(varied(5)), "--out",
                                        out.string(), "--until", "cleanup", "--json"});
  EXPECT_EQ(kept.json()["unseen"], result.json()["unseen"]);
}

TEST(Unseen, NamesClassesThatAreNeverAnswered) {
  report::Stimuli stimuli;
  stimuli.images = stimuli.distinct = 7;
  stimuli.classes = 12;
  stimuli.never_predicted = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  stimuli.never_labelled = {11};
  EXPECT_THAT(unseen(stimuli),
              ElementsAre("10 of 12 classes are never predicted: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more",
                          "1 of 12 classes are never a label: 11"));
}

TEST_F(Images, OfOtherClassesThanTheNetworkHasAreQuestioned) {
  for (const char* name : {"cat", "dog"}) {
    fs::create_directories(dir.path() / "set" / name);
    write_png(dir.path() / "set" / name / "1.png", 3, 4, 4, varied(1));
  }
  const CommandResult result = run((dir.path() / "set").string(), {"--images", "1", "--json"});
  ASSERT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(result.json()["warnings"].size(), 1U);
  EXPECT_THAT(result.json()["warnings"][0].get<std::string>(),
              HasSubstr("has 2 classes, the network 3"));
  EXPECT_THAT(run_assay({"accuracy", model.string(), "--data", (dir.path() / "set").string()}).err,
              HasSubstr("has 2 classes, the network 3"));
}

}  // namespace
}  // namespace assay
