// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <random>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/rtl/canaries.h"
#include "harness/rtl/node_report.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder with a finished run of a small network.
class Verify : public ::testing::Test {
 protected:
  CommandResult run(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        "run", model.string(), "--images", "6", "--target-cycles", "512", "--out", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult verify(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify", out.string(), "--cache", cache().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// Models stay between test runs, beside the test program.
  static fs::path cache() { return fs::read_symlink("/proc/self/exe").parent_path() / "models"; }
  std::string report() const { return read_file(out / "reports" / "rtl-node.json"); }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Verify, EveryNodeEqualsGoldenInItsCycles) {
  const CommandResult built = run();
  ASSERT_EQ(built.code, 0) << built.err << built.out;
  const CommandResult result = verify({"--json", "--images", "4"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json json = result.json();
  EXPECT_EQ(json.at("verdict"), "EQUIVALENT");
  EXPECT_EQ(json.at("images"), 4);
  EXPECT_GT(json.at("predicted"), 0);
  EXPECT_EQ(json.at("predicted"), json.at("compared"));
  EXPECT_GT(json.at("nodes").size(), 5U);
  std::int64_t memory_values = 0, covered = 0;
  for (const Json& node : json.at("nodes")) {
    SCOPED_TRACE(node.at("node"));
    EXPECT_EQ(node.at("cycles").at("formula"), node.at("cycles").at("measured"));
    EXPECT_GE(node.at("canaries").at("planted"), 3 + 4);  // beats of an output, and rules
    EXPECT_EQ(node.at("canaries").at("caught"), node.at("canaries").at("planted"));
    EXPECT_GT(node.at("directed_frames"), 0);
    EXPECT_EQ(node.at("runs")[0].at("frames"), 4 + node.at("directed_frames").get<int>());
    for (const char* what : {"thresholds", "weight_bits"}) {
      const Json &images = node.at("coverage_of_images").at(what),
                 &all = node.at("coverage").at(what);
      EXPECT_LE(images.at("seen"), all.at("seen"));
      const int reachable = all.at("all").get<int>() - all.at("unreachable").get<int>();
      EXPECT_GE(10 * all.at("seen").get<int>(), 9 * reachable);
      covered += all.at("seen").get<std::int64_t>();
    }
    EXPECT_EQ(node.at("memories").at("compared"), node.at("memories").at("predicted"));
    memory_values += node.at("memories").at("compared").get<std::int64_t>();
    EXPECT_EQ(node.at("runs").size(), 2U);
  }
  EXPECT_GT(memory_values, 100);
  EXPECT_GT(covered, 100);

  // Again: nothing is simulated, and the report is the same to the byte.
  const std::string before = report();
  const CommandResult again = verify({"--images", "4"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out,
              HasSubstr(fmt::format("{0} of {0} runs kept", 2 * json.at("nodes").size())));
  EXPECT_EQ(report(), before);
}

/// More thresholds than directed frames show: [1,3,4,4] -> MatMul to 64 -> Quant (4 bit) -> MatMul to 3.
Graph many_thresholds() {
  QuantisedBuilder b;
  b.graph.name = "wide";
  std::mt19937 random(7);
  std::vector<float> weights(48 * 64);
  for (float& w : weights) w = static_cast<float>(random() % 7) - 3;
  Tensor* x = b.graph.add_input("image", {1, 3, 4, 4});
  x = b.graph.add(std::make_unique<ops::Flatten>(), {x}, "flat");
  Tensor* w = b.quant(b.graph.add_constant("w1", Constant({48, 64}, weights)), "w1", 1, 3, true);
  x = b.graph.add(std::make_unique<ops::MatMul>(), {x, w}, "hidden");
  x = b.quant(x, "act", 0.8F, 4, false);
  b.graph.add_output(
      b.graph.add(std::make_unique<ops::MatMul>(), {x, b.weights("w2", {64, 3}, 2)}, "logits"));
  infer_shapes(b.graph);
  mark_checkpoints(b.graph);
  b.graph.sort();
  return std::move(b.graph);
}

TEST_F(Verify, MinCoverageIsAGate) {
  export_model(many_thresholds(), model);
  ASSERT_EQ(run().code, 0);
  const CommandResult enough = verify({"--json", "--images", "2", "--min-coverage", "5"});
  EXPECT_EQ(enough.code, 0) << enough.err << enough.out;
  EXPECT_EQ(enough.json().at("min_coverage"), 5);
  const CommandResult few = verify({"--json", "--images", "2", "--min-coverage", "100"});
  EXPECT_EQ(few.code, 3) << few.out;
  EXPECT_EQ(few.json().at("verdict"), "INCONCLUSIVE");
  EXPECT_THAT(few.out, HasSubstr("thresholds are covered"));
  EXPECT_EQ(few.json().at("differing"), 0);
}

TEST_F(Verify, RunsChosenNodesUnderChosenProfilesWithAWaveform) {
  ASSERT_EQ(run().code, 0);
  const CommandResult all = verify({"--json", "--images", "2", "--profiles", "always"});
  const auto name = all.json().at("nodes").at(0).at("node").get<std::string>();
  const fs::path wave = dir.path() / "node.vcd";
  const CommandResult one = verify(
      {"--nodes", name, "--profiles", "bernoulli", "--images", "2", "--wave", wave.string()});
  EXPECT_EQ(one.code, 0) << one.err << one.out;
  EXPECT_THAT(read_file(wave), HasSubstr("$enddefinitions"));
}

TEST_F(Verify, RefusesWhatItCannotVerify) {
  const auto refuses = [&](const std::vector<std::string>& more, const std::string& message) {
    const CommandResult result = verify(more);
    EXPECT_EQ(result.code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refuses({}, "holds no finished run");
  ASSERT_EQ(run({"--until", "widths"}).code, 0);
  refuses({}, "has no hardware layers");
  ASSERT_EQ(run().code, 0);
  refuses({"--nodes", "nobody"}, "no hardware node is called 'nobody'");
  refuses({"--profiles", "sometimes"}, "no profile is called 'sometimes'; choose all, always");
  refuses({"--level", "moon"}, "rtl-node");
  refuses({"--wave", "x.vcd"}, "--wave shows one node under one profile");
  refuses({"--min-coverage", "101"}, "--min-coverage: 101 is no percentage");
  refuses({"--level", "rtl-top", "--min-coverage", "5"}, "belongs to --level rtl-node");
  refuses({"--images", "0"}, "the range of images '0' is empty");
  for (const auto& file : fs::directory_iterator(out / "stages"))
    if (file.path().filename().string().find("fifos") != std::string::npos)
      write_file(file.path(), read_file(file.path()) + " ");
  refuses({}, "was changed since the run");
}

TEST_F(Verify, SaysWhatIsMissing) {
  ASSERT_EQ(run().code, 0);
  const std::string path = std::getenv("PATH");
  setenv("PATH", dir.path().c_str(), 1);
  const CommandResult result = verify();
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("apt-get install verilator"));
}

TEST_F(Verify, RefusesFoldingsThatDoNotFit) {
  const fs::path file = dir.path() / "folding.json";
  const auto refuses = [&](const std::string& json, const std::string& message) {
    write_file(file, json);
    const CommandResult result = run({"--folding", file.string()});
    EXPECT_EQ(result.code, 2) << json;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refuses("[]", "it should be an object of nodes");
  refuses("{\"a\": 3}", "should be an object of fields");
  refuses("{\"a\": {\"PE\": [1.5]}}", "neither an integer, nor a string, nor a list of integers");
  refuses("{\"a\": {\"PE\": {}}}", "'PE' of 'a' is neither");
  refuses("{\"nobody\": {\"PE\": 1}}", "nobody");
}

// ---- Units ----------------------------------------------------------------------------------

PreparedNode prepared() {
  PreparedNode node;
  node.rtl.layer.cycles = 10;
  node.rtl.layer.outputs = {{nullptr, DataType::uint(8), 1, 10, false}};
  node.outputs = {{8, 10, std::vector<std::uint8_t>(10, 3), false}};
  return node;
}

SimRun good_run() {
  SimRun run;
  run.frames = 3;
  run.predicted = 30;
  run.result.predicted = run.result.compared = 30;
  run.result.frame_ends = {12, 22, 32};
  run.result.first_beat = 3;
  run.result.cycles = run.result.total_cycles = 33;
  sim::StreamCounts& out = run.result.outputs.emplace_back();
  out.predicted = out.compared = 30;
  out.first = 3;
  out.last = 32;
  out.digest = beat_digest(prepared().outputs[0], 3);
  return run;
}

TEST(JudgeRun, EquivalentOnlyWhenEverythingIs) {
  EXPECT_EQ(judge_run(prepared(), good_run()).verdict, Verdict::kEquivalent);
  SimRun run = good_run();
  run.result.differing = 1;
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kDifferent);
  run = good_run();
  run.result.violations = {{"data-changed", "out0", 3}};
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kDifferent);
  run = good_run();
  run.result.stuck = "waits";
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kDifferent);
  run = good_run();
  run.result.frame_ends.back() = run.result.outputs[0].last = 33;
  run.result.cycles = run.result.total_cycles = 34;
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kDifferent);
  run = good_run();
  run.result.compared = 29;
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kInconclusive);
  run = good_run();
  run.predicted = run.result.predicted = run.result.compared = 0;
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kInconclusive);
  for (const auto& change : std::vector<std::function<void(sim::Result&)>>{
           [](sim::Result& r) { ++r.outputs[0].digest; }, [](sim::Result& r) { r.outputs.clear(); },
           [](sim::Result& r) { --r.outputs[0].compared; },
           [](sim::Result& r) { r.outputs[0].differing = 1; },
           [](sim::Result& r) { ++r.frame_ends[2]; }, [](sim::Result& r) { r.frame_ends[1] = 12; },
           [](sim::Result& r) { ++r.cycles; }, [](sim::Result& r) { --r.first_beat; }}) {
    run = good_run();
    change(run.result);
    EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kInconclusive);
  }
  run = good_run();
  run.result.frame_ends = {12, 22};
  EXPECT_EQ(judge_run(prepared(), run).verdict, Verdict::kInconclusive);
}

TEST(Coverage, BelowWhatWasAskedForIsInconclusive) {
  report::Coverage coverage;
  EXPECT_EQ(coverage_fault(coverage, 100), "");  // nothing to cover
  coverage.thresholds = {200, 100, 99};
  coverage.weight_bits = {50, 0, 40};
  EXPECT_EQ(coverage_fault(coverage, {}), "");
  EXPECT_EQ(coverage_fault(coverage, 80), "");
  EXPECT_THAT(coverage_fault(coverage, 80.5), HasSubstr("40 of 50 weight bits"));
  EXPECT_THAT(coverage_fault(coverage, 99.5), HasSubstr("99 of 100 thresholds"));
  VerifiedNode node;
  node.prepared = prepared();
  node.runs = {good_run()};
  node.canaries = {good_run()};
  node.canaries[0].planted = {{false, 0, 4, 0}};
  sim::Result& r = node.canaries[0].result;
  r.first = sim::Mismatch{.beat = 4, .expected = {2}, .got = {3}};
  r.outputs[0].differing = 1;
  r.outputs[0].differing_digest = place_digest(std::vector<std::int64_t>{4});
  node.coverage = coverage;
  EXPECT_EQ(judge_node(node, 80).verdict, Verdict::kEquivalent) << judge_node(node, 80).reason;
  EXPECT_EQ(judge_node(node, 81).verdict, Verdict::kInconclusive);
  r.outputs[0].differing_digest = place_digest(std::vector<std::int64_t>{5});
  EXPECT_EQ(judge_node(node, {}).verdict, Verdict::kInconclusive);
  EXPECT_THAT(judge_node(node, {}).reason, HasSubstr("0 of 1 planted faults"));
  node.canaries.clear();
  EXPECT_EQ(judge_node(node, {}).verdict, Verdict::kInconclusive);
}

TEST(MemoryCheck, FindsEveryFlippedBit) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 4});
  x->dtype = DataType::uint(2);
  Tensor* w = graph.add_constant(
      "w", Constant(Shape{4, 2}, std::vector<std::int64_t>{1, -2, 0, 1, -1, 0, 1, 1}));
  w->dtype = DataType::sint(2);
  Tensor* t = graph.add_constant(
      "t", Constant(Shape{2, 4}, std::vector<std::int64_t>{-3, 0, 2, 5, -1, 1, 1, 4}));
  t->dtype = DataType::sint(4);
  hw::MVAU op;
  op.acc_dtype = DataType::sint(5);
  op.levels.out_dtype = DataType::uint(3);
  op.simd = 2;
  Tensor* y = graph.add(std::make_unique<hw::MVAU>(op), {x, w, t}, "y");
  y->dtype = DataType::uint(3);
  infer_shapes(graph);
  const Node& node = *graph.nodes().at(0);
  const hw::Layer layer = hw::build_layer(node);
  const MemoryCheck right = check_memories(node, layer.images);
  EXPECT_EQ(right.predicted, 16);
  EXPECT_EQ(right.compared, 16);
  EXPECT_EQ(right.differing, 0) << right.first;
  std::int64_t flips = 0, unread = 0;
  for (std::size_t i = 0; i < layer.images.size(); ++i)
    for (std::int64_t word = 0; word < layer.images[i].words(); ++word)
      for (int bit = 0; bit < layer.images[i].word_bits(); ++bit) {
        std::vector<hw::MemoryImage> images = layer.images;
        hw::MemoryImage flipped(images[i].name(), images[i].word_bits());
        for (std::int64_t k = 0; k < images[i].words(); ++k)
          for (int b = 0; b < images[i].word_bits(); ++b)
            flipped.append(images[i].bit(k, b) != (k == word && b == bit) ? 1 : 0, 1);
        images[i] = flipped;
        ++flips;
        if (check_memories(node, images).differing == 0) ++unread;
      }
  // A search over four thresholds is padded up to seven: those three are no values of the graph.
  EXPECT_GT(flips, 60);
  EXPECT_EQ(unread, 2 * 3 * 6);
  EXPECT_LT(check_memories(node, {}).compared, right.predicted);
}

}  // namespace
}  // namespace assay
