// SPDX-License-Identifier: Apache-2.0
// Recordings of other runtimes: what is met, what is found, what is refused.
#include "harness/check/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kImages = 6;

TEST(ModulePath, IsTheOneOfPyTorch) {
  EXPECT_EQ(module_path("/act1/act_quant/export_handler/Quant_output_0"), "act1.act_quant");
  EXPECT_EQ(module_path("/blocks/blocks.0/act1/act_quant/x"), "blocks.0.act1.act_quant");
  EXPECT_EQ(module_path("/features/features.12/act_quant/x"), "features.12.act_quant");
  EXPECT_EQ(module_path("/pool/trunc_quant/export_handler/Trunc_output_0"), "pool.trunc_quant");
  EXPECT_EQ(module_path("/conv/input_quant/x"), "conv.input_quant");
  EXPECT_EQ(module_path("/fc/Gemm_output_0"), "");
  EXPECT_EQ(module_path("/act_quant/x"), "");
  EXPECT_EQ(module_path("37"), "");
}

/// x / 3 * 7.5 -> Quant a (12 bits) -> Quant b at scale 4 -> logits b. Exactly x / 3 * 7.5 = 2.5 x:
/// a tie for odd x, which float32 decides otherwise at 49 and 203.
Graph rounding_network() {
  Graph graph;
  graph.name = "rounding";
  const auto scalar = [&](float value) {
    return graph.add_constant("c", Constant(Shape{}, std::vector<float>{value}));
  };
  const auto quantised = [&](Tensor* x, const char* name, float scale) {
    return graph.add(std::make_unique<ops::Quant>(), {x, scalar(scale), scalar(0), scalar(12)},
                     name);
  };
  Tensor* x = graph.add_input("image", {1, 2});
  Tensor* third = graph.add(std::make_unique<ops::Div>(), {x, scalar(3)}, "third");
  Tensor* a =
      quantised(graph.add(std::make_unique<ops::Mul>(), {third, scalar(7.5F)}, "y"), "a", 1);
  Tensor* b = quantised(a, "b", 4);
  graph.add_output(
      graph.add(std::make_unique<ops::MatMul>(),
                {b, graph.add_constant("w", Constant(Shape{2, 2}, std::vector<float>{1, 0, 0, 1}))},
                "logits"));
  infer_shapes(graph);
  mark_checkpoints(graph);
  graph.sort();
  verify(graph);
  return graph;
}

class Recorded : public ::testing::Test {
 protected:
  Recorded() {
    // Small pixels, so that the tiny network's quantisers do not saturate.
    std::vector<std::uint8_t> pixels, labels;
    for (std::int64_t i = 0; i < kImages * 48; ++i)
      pixels.push_back(static_cast<std::uint8_t>(i * 7 % 5 % 2));
    for (int i = 0; i < kImages; ++i) labels.push_back(static_cast<std::uint8_t>(i % 3));
    save_set(pixels, labels, {kImages, 3, 4, 4}, {kImages, 3, 4, 4});
    record();
  }

  std::string path(const std::string& name) const { return (dir.path() / name).string(); }

  void save_set(const std::vector<std::uint8_t>& pixels, const std::vector<std::uint8_t>& labels,
                const Shape& images, const Shape& input) const {
    write_npy(path("set.npy"), make_npy<std::uint8_t>(images, pixels));
    write_npy(path("set.labels.npy"),
              make_npy<std::uint8_t>({static_cast<std::int64_t>(labels.size())}, labels));
    write_npy(path("input.npy"), make_npy<std::uint8_t>(input, pixels));
  }

  /// The float reference's integers and logits, in the place of another runtime's.
  void record() const {
    fs::remove_all(path("rec"));
    fs::create_directory(path("rec"));
    const CommandResult result =
        run_assay({"exec", model, "--input", path("input.npy"), "--output", path("rec/logits.npy"),
                   "--mode", "float", "--dump", path("rec")});
    ASSERT_EQ(result.code, 0) << result.err;
  }

  /// Two images of the rounding network, of two pixels each.
  void use_rounding_network(const std::vector<std::uint8_t>& pixels) {
    export_model(rounding_network(), path("rounding.onnx"));
    model = path("rounding.onnx");
    const auto images = static_cast<std::int64_t>(pixels.size() / 2);
    save_set(pixels, std::vector<std::uint8_t>(static_cast<std::size_t>(images)), {images, 1, 1, 2},
             {images, 2});
    record();
  }

  CommandResult compare(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"compare", model,           "--against",    path("rec"),
                                          "--data",  path("set.npy"), "--preprocess", "none"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  Json recorded(int code, std::vector<std::string> more = {}) const {
    more.emplace_back("--json");
    const CommandResult result = compare(more);
    EXPECT_EQ(result.code, code) << result.err << result.out;
    const Json report = result.json();
    EXPECT_EQ(report["verdict"], report["recorded"]["verdict"]);
    return report["recorded"];
  }

  std::vector<std::int64_t> integers(const std::string& file) const {
    return as_int64(read_npy(path("rec/" + file)), file);
  }
  Shape shape(const std::string& file) const { return read_npy(path("rec/" + file)).shape; }
  void write_integers(const std::string& file, const Shape& shape,
                      const std::vector<std::int64_t>& values) const {
    write_npy(path("rec/" + file), make_npy<std::int64_t>(shape, values));
  }
  void edit(const std::string& file,
            const std::function<void(std::vector<std::int64_t>&)>& change) const {
    std::vector<std::int64_t> values = integers(file);
    const Shape before = shape(file);
    change(values);
    write_integers(file, before, values);
  }
  template <typename T>
  void write_reals(const std::string& file, T scale) const {
    std::vector<T> reals;
    for (const std::int64_t q : integers(file)) reals.push_back(static_cast<T>(q) * scale);
    write_npy(path("rec/" + file), make_npy<T>(shape(file), reals));
  }
  /// The first `rows` images of a file.
  void cut(const std::string& file, std::int64_t rows) const {
    NpyArray array = read_npy(path("rec/" + file));
    array.bytes.resize(array.bytes.size() / static_cast<std::size_t>(array.shape[0]) *
                       static_cast<std::size_t>(rows));
    array.shape[0] = rows;
    write_npy(path("rec/" + file), array);
  }
  void expect_refusal(const std::vector<std::string>& parts,
                      std::vector<std::string> more = {}) const {
    const CommandResult result = compare(std::move(more));
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_EQ(result.out, "");
    for (const std::string& part : parts) EXPECT_THAT(result.err, HasSubstr(part));
  }

  TempDir dir;
  std::string model = save_tiny(dir.path() / "tiny.onnx").string();
};

TEST_F(Recorded, IntegersAreMet) {
  const Json json = recorded(0);
  EXPECT_EQ(json["verdict"], "EQUIVALENT");
  EXPECT_EQ(json["images"], kImages);
  EXPECT_EQ(json["predicted"], kImages * (32 + 3));
  EXPECT_EQ(json["compared"], json["predicted"]);
  EXPECT_EQ(json["differing"], 0);
  EXPECT_EQ(json["logits"]["compared"], kImages * 3);
  EXPECT_EQ(json["labels_compared"], kImages);
  EXPECT_EQ(json["accuracy"]["compared"], kImages);
  EXPECT_EQ(json["not_recorded"].size(), 0U);
  EXPECT_EQ(json["canaries"]["planted"], 5);  // two checkpoints, two logits, nothing at all
  EXPECT_EQ(json["canaries"]["caught"], 5);
  EXPECT_EQ(json["checkpoints"][0]["recorded_as"], "integers");
  EXPECT_THAT(compare().out, AllOf(HasSubstr("EQUIVALENT: 0 of 210 recorded activations differ"),
                                   HasSubstr("5 of 5 planted faults caught")));
}

TEST_F(Recorded, RealsAreMet) {
  write_reals<float>("act1.npy", 0.125F);
  write_reals<double>("act2.npy", 0.25);
  const Json json = recorded(0);
  EXPECT_EQ(json["compared"], kImages * (32 + 3));
  EXPECT_EQ(json["checkpoints"][0]["recorded_as"], "reals");
}

TEST_F(Recorded, FilesMayBeNamedAfterPyTorchModulesInAFolderOfTheirOwn) {
  Graph graph = tiny_network();
  graph.rename(graph.checkpoints()[1].tensor,
               "/blocks/blocks.0/act1/act_quant/export_handler/Quant_output_0");
  mark_checkpoints(graph);
  export_model(graph, model);
  fs::create_directory(path("rec/activations"));
  fs::rename(path("rec/act2.npy"), path("rec/activations/act2.npy"));
  for (const char* name : {"blocks.0.act1.npy", "blocks.0.act1.act_quant.npy"}) {
    fs::rename(path("rec/act1.npy"), path("rec/activations") + "/" + name);
    EXPECT_EQ(recorded(0)["checkpoints"][0]["file"], std::string("activations/") + name);
    fs::rename(path("rec/activations") + "/" + name, path("rec/act1.npy"));
  }
}

TEST_F(Recorded, RoundingsAreProved) {
  use_rounding_network({49, 203, 50, 100});
  const Json json = recorded(0);
  EXPECT_EQ(json["decisions_differing"], 2);
  EXPECT_EQ(json["decisions_explained"], 2);
  EXPECT_EQ(json["checkpoints"][0]["decisions_differing"], 2);
  // b too: 123 / 4 rounds to 31 where 122 / 4 rounds to 30, on the inputs that it was given.
  EXPECT_EQ(json["checkpoints"][1]["differing"], 1);
  EXPECT_EQ(json["checkpoints"][1]["decisions_differing"], 0);
  EXPECT_THAT(compare().out, HasSubstr("the 2 that were decided otherwise are all proved float32 "
                                       "roundings"));
}

TEST_F(Recorded, AnOffByOneAtEitherEndIsLocated) {
  const std::vector<std::int64_t> clean = integers("act1.npy");
  const Shape before = shape("act1.npy");
  const std::size_t last = clean.size() - 1;
  for (const std::size_t at : {std::size_t{0}, last}) {
    std::vector<std::int64_t> faulty = clean;
    faulty[at] += 1;
    write_integers("act1.npy", before, faulty);
    const Json json = recorded(1);
    EXPECT_EQ(json["differing"], 1);
    ASSERT_GE(json["unexplained"].size(), 1U);
    const Json first = json["unexplained"][0];
    EXPECT_EQ(first["checkpoint"], "act1");
    EXPECT_EQ(first["image"], at == 0 ? 0 : kImages - 1);
    EXPECT_EQ(first["element"], at == 0 ? 0 : 31);
    EXPECT_EQ(first["channel"], at == 0 ? 0 : 1);
    EXPECT_EQ(first["row"], at == 0 ? 0 : 3);
    EXPECT_EQ(first["column"], at == 0 ? 0 : 3);
    EXPECT_EQ(first["expected"], std::to_string(clean[at]));
    EXPECT_EQ(first["got"], std::to_string(faulty[at]));
    EXPECT_THAT(compare().out,
                HasSubstr(fmt::format("expected {}, recorded {}", clean[at], faulty[at])));
  }
}

TEST_F(Recorded, SwappedFilesAreFound) {
  use_rounding_network({49, 203, 50, 100});
  fs::rename(path("rec/a.npy"), path("rec/c.npy"));
  fs::rename(path("rec/b.npy"), path("rec/a.npy"));
  fs::rename(path("rec/c.npy"), path("rec/b.npy"));
  const Json json = recorded(1);
  EXPECT_EQ(json["unexplained"][0]["checkpoint"], "a");
  EXPECT_EQ(json["canaries"]["caught"], json["canaries"]["planted"]);
}

TEST_F(Recorded, AWrongLogitIsFound) {
  NpyArray logits = read_npy(path("rec/logits.npy"));
  std::vector<float> values = npy_values<float>(logits);
  values[4] += 0.5F;
  write_npy(path("rec/logits.npy"), make_npy<float>(logits.shape, values));
  const Json json = recorded(1);
  EXPECT_EQ(json["differing"], 0);
  EXPECT_EQ(json["logits"]["unexplained"], 1);
  EXPECT_EQ(json["logits"]["first_unexplained"]["image"], 1);
  EXPECT_EQ(json["logits"]["first_unexplained"]["element"], 1);
}

TEST_F(Recorded, WhatIsMissingIsNamedAndInconclusive) {
  for (const char* name : {"act2", "logits"}) {
    record();
    fs::remove(path("rec/" + std::string(name) + ".npy"));
    const Json json = recorded(3);
    EXPECT_EQ(json["not_recorded"], Json::array({name}));
    EXPECT_THAT(compare().out, HasSubstr(fmt::format("not recorded: checkpoint '{}'", name)));
  }
}

TEST_F(Recorded, ImagesAreThoseOfTheDataSet) {
  EXPECT_EQ(recorded(0, {"--images", "2:5"})["compared"], 3 * (32 + 3));
  edit("act2.npy", [](auto& q) { q[3 * 3] += 1; });
  const Json json = recorded(1, {"--images", "2:5"});
  EXPECT_EQ(json["unexplained"][0]["image"], 3);
  EXPECT_EQ(recorded(0, {"--images", "3"})["images"], 3);
}

TEST_F(Recorded, FewerImagesThanChosenAreComparedAndCounted) {
  for (const char* file : {"act1.npy", "act2.npy"}) cut(file, 2);
  const Json json = recorded(0);
  EXPECT_EQ(json["compared"], 2 * (32 + 3));
  EXPECT_EQ(json["checkpoints"][0]["images"], 2);
  EXPECT_EQ(json["logits"]["images"], kImages);
  EXPECT_EQ(json["logits"]["undecided"].size(), 0U);
}

TEST_F(Recorded, LogitsAloneAreExplainedByWhatFloat32DoesOrNotAtAll) {
  // 49 and 203 are ties that float32 decides otherwise: 123, 507 in place of 122, 508.
  use_rounding_network({50, 100, 49, 203});
  const std::vector<float> clean = npy_values<float>(read_npy(path("rec/logits.npy")));
  for (const char* file : {"a.npy", "b.npy"}) cut(file, 1);
  EXPECT_EQ(recorded(0)["logits"]["undecided"].size(), 0U);  // the float reference's decisions
  const auto with_last = [&](float logit, float last) {
    std::vector<float> values = clean;
    values[2] = logit;
    values[3] = last;
    write_npy(path("rec/logits.npy"), make_npy<float>({2, 2}, values));
  };
  ASSERT_EQ(clean[2], 124);
  with_last(120, 508);  // the exact ones
  EXPECT_EQ(recorded(0)["logits"]["undecided"].size(), 0U);
  with_last(122, 508);  // within what the doubt of both could do, but no level gives it
  EXPECT_EQ(recorded(3)["logits"]["undecided"], Json::array({1}));
  EXPECT_THAT(compare().out, HasSubstr("the activations of image 1, whose logits differ"));
  with_last(150, 508);
  EXPECT_EQ(recorded(1)["logits"]["first_unexplained"]["image"], 1);
}

TEST_F(Recorded, FilesThatDoNotFitAreRefused) {
  write_integers("act3.npy", {kImages, 3}, std::vector<std::int64_t>(kImages * 3));
  expect_refusal({"'act3.npy' matches no activation checkpoint", "'act1', 'act2'"});
  fs::remove(path("rec/act3.npy"));

  fs::create_directory(path("rec/activations"));
  fs::copy(path("rec/act1.npy"), path("rec/activations/act1.npy"));
  expect_refusal({"'act1.npy' and 'activations/act1.npy' both hold checkpoint 'act1'"});
  fs::remove_all(path("rec/activations"));

  write_integers("act1.npy", {kImages, 2, 16}, integers("act1.npy"));
  expect_refusal({"'act1.npy' has shape [6,2,16]", "checkpoint 'act1'", "[N,2,4,4]"});
  record();
  cut("act2.npy", 5);
  expect_refusal({"'act1.npy' holds 6 images and 'act2.npy' holds 5"});
  record();
  cut("logits.npy", 5);
  expect_refusal({"'logits.npy' holds 5 images and 'act1.npy' holds 6"});
  for (const char* file : {"act1.npy", "act2.npy", "logits.npy"}) cut(file, 2);
  expect_refusal({"'act1.npy' holds 2 images", "start at image 3"}, {"--images", "3:5"});
}

TEST_F(Recorded, AFileForTwoCheckpointsIsRefused) {
  Graph graph = tiny_network();
  graph.rename(graph.checkpoints()[1].tensor, "/conv/input_quant/x");
  graph.rename(graph.checkpoints()[2].tensor, "/conv/output_quant/x");
  mark_checkpoints(graph);
  export_model(graph, model);
  fs::rename(path("rec/act1.npy"), path("rec/conv.npy"));
  fs::remove(path("rec/act2.npy"));
  expect_refusal(
      {"'conv.npy' matches checkpoints '/conv/input_quant/x' and '/conv/output_quant/x'"});
}

TEST_F(Recorded, ValuesThatAreNoLevelsAreRefused) {
  edit("act1.npy", [](auto& q) { q[32 + 17] = 16; });
  expect_refusal({"'act1.npy': image 1, channel 1, row 0, column 1 holds 16", "'act1' (UINT4"});
  record();
  write_reals<float>("act1.npy", 0.125F);
  std::vector<float> reals = npy_values<float>(read_npy(path("rec/act1.npy")));
  for (const float wrong : {0.3F, NAN, INFINITY, -0.125F}) {
    std::vector<float> faulty = reals;
    faulty.back() = wrong;
    write_npy(path("rec/act1.npy"), make_npy<float>(shape("act1.npy"), faulty));
    expect_refusal({"'act1.npy': image 5, channel 1, row 3, column 3 holds", "cannot put out"});
  }
  record();
  write_npy(path("rec/logits.npy"),
            make_npy<float>({kImages, 3}, std::vector<float>(kImages * 3, NAN)));
  expect_refusal({"'logits.npy': image 0, element 0 is nan"});
  write_integers("logits.npy", {kImages, 3}, std::vector<std::int64_t>(kImages * 3));
  expect_refusal({"'logits.npy' holds int64"});
}

TEST_F(Recorded, FilesAndFoldersThatAreDamagedAreRefused) {
  const std::string bytes = read_file(path("rec/act2.npy"));
  write_file(path("rec/act2.npy"), bytes.substr(0, bytes.size() - 1));
  expect_refusal({"act2.npy"});
  fs::remove_all(path("rec"));
  expect_refusal({"cannot read the folder"});
  fs::create_directory(path("rec"));
  expect_refusal({"there is no .npy file"});
  record();
  const CommandResult nowhere = run_assay({"compare", model, "--against", ""});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("'' is no value"));
  const CommandResult made_up = run_assay({"compare", model, "--against", path("rec")});
  EXPECT_EQ(made_up.code, 2);
  EXPECT_THAT(made_up.err, HasSubstr("--against needs --data"));
}

TEST_F(Recorded, StandsBesideASecondNetwork) {
  const Json report = compare({model, "--json"}).json();
  EXPECT_EQ(report["verdict"], "EQUIVALENT");
  EXPECT_EQ(report["compared"], kImages * (32 + 3 + 3));
  EXPECT_EQ(report["recorded"]["compared"], kImages * (32 + 3));
  edit("act1.npy", [](auto& q) { q[0] += 1; });
  const CommandResult faulty = compare({model, "--json"});
  EXPECT_EQ(faulty.code, 1);
  EXPECT_EQ(faulty.json()["differing"], 0);
  EXPECT_THAT(faulty.json()["reason"].get<std::string>(), HasSubstr("float32 rounding"));
}

TEST_F(Recorded, AccuracyChecksItToo) {
  const std::vector<std::string> arguments = {"accuracy",      model,          "--data",
                                              path("set.npy"), "--preprocess", "none",
                                              "--against",     path("rec"),    "--json"};
  const CommandResult result = run_assay(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  const Json report = result.json();
  EXPECT_EQ(report["recorded"]["accuracy"]["top1_correct"],
            report["networks"][0]["exact"]["top1_correct"]);
  edit("act1.npy", [](auto& q) { q[0] += 1; });
  EXPECT_EQ(run_assay(arguments).code, 1);
}

class RecordedRun : public Recorded {
 protected:
  CommandResult run(const std::string& until, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"run",          model,      "--data",  path("set.npy"),
                                          "--preprocess", "none",     "--until", until,
                                          "--out",        path("out")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult run_against() const { return run("cleanup", {"--against", path("rec")}); }
  Json report(const std::string& name) const {
    return Json::parse(read_file(path("out/reports/" + name)));
  }
  bool kept(std::size_t stage) const { return report("timing.json")["stages"][stage]["resumed"]; }
};

TEST_F(RecordedRun, IsCheckedAtTheImport) {
  const CommandResult result = run_against();
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("recorded: EQUIVALENT: 0 of 210"));
  EXPECT_EQ(report("run.json")["recorded"]["compared"], kImages * (32 + 3));
  EXPECT_EQ(report("run.json")["inputs"]["recorded"].size(), 3U);
  EXPECT_EQ(report("01_import.json")["recorded"]["verdict"], "EQUIVALENT");
  EXPECT_TRUE(report("02_cleanup.json")["recorded"].is_null());
}

TEST_F(RecordedRun, AnUnexplainedDifferenceStopsIt) {
  edit("act1.npy", [](auto& q) { q[0] += 1; });
  const CommandResult result = run_against();
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("recorded: DIFFERENT"));
  EXPECT_EQ(report("run.json")["verdict"], "DIFFERENT");
  EXPECT_EQ(report("run.json")["stages"].size(), 1U);
  fs::remove(path("rec/act2.npy"));
  fs::remove(path("rec/act1.npy"));
  EXPECT_EQ(run_against().code, 3);
}

TEST_F(RecordedRun, KeepsAStageOnlyForTheSameRecording) {
  ASSERT_EQ(run_against().code, 0);
  ASSERT_EQ(run_against().code, 0);
  EXPECT_TRUE(kept(0));
  write_reals<float>("act1.npy", 0.125F);
  ASSERT_EQ(run_against().code, 0);
  EXPECT_FALSE(kept(0));
  EXPECT_TRUE(kept(1));
  ASSERT_EQ(run("cleanup").code, 0);
  EXPECT_FALSE(kept(0));
  EXPECT_TRUE(report("run.json")["recorded"].is_null());
}

TEST_F(RecordedRun, BadRecordingsAreRefusedBeforeAnythingIsWritten) {
  cut("act1.npy", 2);
  EXPECT_EQ(run_against().code, 2);
  EXPECT_FALSE(fs::exists(path("out")));
}

TEST_F(RecordedRun, SavedStagesAreComparedWhileTheyCarryReals) {
  ASSERT_EQ(run("absorb_scales").code, 0);
  const auto compare_stage = [&](const std::string& stage) {
    return run_assay({"compare", path("out/stages/" + stage + ".onnx"), "--against", path("rec"),
                      "--data", path("set.npy"), "--preprocess", "none"});
  };
  for (const char* stage : {"01_import", "02_cleanup", "03_preprocess", "04_postprocess"})
    EXPECT_EQ(compare_stage(stage).code, 0) << stage << compare_stage(stage).err;
  const CommandResult refused = compare_stage("05_absorb_scales");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("is carried as integers"));
}

}  // namespace
}  // namespace assay
