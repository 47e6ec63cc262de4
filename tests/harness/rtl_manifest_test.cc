// SPDX-License-Identifier: Apache-2.0
// The RTL of a run: what was generated, what was edited since, and the verdict that it carries.
#include "harness/run/rtl_manifest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/graph/hw_ops.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "golden/data/npy.h"
#include "harness/edited_network.h"
#include "harness/integer_network.h"
#include "harness/rtl/rtl_folder.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

constexpr const char* kAccelerator = "rtl/top/accelerator.sv";

/// A folder with a finished run of a small network.
class Rtl : public ::testing::Test {
 protected:
  Rtl() { EXPECT_EQ(run().code, 0); }
  CommandResult run(const std::string& cycles = "512") const {
    return run_assay(
        {"run", model.string(), "--images", "4", "--target-cycles", cycles, "--out", out.string()});
  }
  CommandResult verify(const std::string& level, const Arguments& more = {}) const {
    Arguments arguments = {"verify",   out.string(), "--level",    level,
                           "--images", "2",          "--profiles", "always"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult bench() const { return run_assay({"bench", out.string()}); }
  void refuses(const CommandResult& result, const std::string& message) const {
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err,
                AllOf(HasSubstr(message), HasSubstr("--as-is"), HasSubstr("--regenerate")));
  }
  std::string text(const std::string& file) const { return read_file(out / file); }
  void write(const std::string& file, const std::string& bytes) const {
    write_file(out / file, bytes);
  }
  void replace(const std::string& file, const std::string& from, const std::string& to) const {
    std::string bytes = text(file);
    ASSERT_NE(bytes.find(from), std::string::npos) << from;
    write(file, bytes.replace(bytes.find(from), from.size(), to));
  }
  report::RtlManifest manifest() const { return read_rtl_manifest(out); }
  /// The weights of a layer, in a folder below rtl/.
  std::string weights(const std::string& folder) const {
    for (const auto& entry : fs::directory_iterator(out / folder))
      if (entry.path().string().ends_with("weights.hex"))
        return folder + "/" + entry.path().filename().string();
    ADD_FAILURE() << "no weights in " << folder;
    return {};
  }

  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(Rtl, ManifestSaysWhatWasGeneratedFromWhatAndHowItStands) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  ASSERT_EQ(verify("rtl-node").code, 0);
  const Json run = Json::parse(text("reports/run.json"));
  report::RtlManifest manifest = this->manifest();
  ASSERT_EQ(manifest.levels.size(), 2U);
  std::size_t files = 0;
  for (const report::RtlManifest::Level& level : manifest.levels) {
    SCOPED_TRACE(level.level);
    EXPECT_EQ(level.stage_sha256, run.at("stages").back().at("sha256"));
    EXPECT_FALSE(level.before);
    for (const report::File& file : level.files)
      EXPECT_EQ(file.sha256, sha256(text(file.file))) << file.file;
    files += level.files.size();
    ASSERT_TRUE(level.carried);
    EXPECT_EQ(level.carried->verdict, Verdict::kEquivalent);
    EXPECT_EQ(level.carried->images, 2);
    EXPECT_THAT(level.carried->profiles, ElementsAre("always"));
    EXPECT_FALSE(level.carried->rtl.as_is);
    EXPECT_EQ(level.carried->rtl.sha256, rtl_sha256(rtl_files(out, level.level)));
    const Json report = Json::parse(text("reports/" + level.level + ".json"));
    EXPECT_EQ(report.at("rtl").at("sha256"), level.carried->rtl.sha256);
  }
  EXPECT_EQ(files, rtl_files(out, "rtl-top").size() + rtl_files(out, "rtl-node").size());
  EXPECT_GT(files, 40U);
  const std::string before = text(kRtlManifest);
  ASSERT_EQ(verify("rtl-top").code, 0);
  EXPECT_EQ(text(kRtlManifest), before);
}

TEST_F(Rtl, EditsAreKeptAndSaid) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string edited = text(kAccelerator) + "// by hand\n";
  write(kAccelerator, edited);
  const std::string message = std::string("edited: ") + kAccelerator;
  refuses(verify("rtl-top"), message);
  refuses(verify("rtl-node"), message);
  refuses(bench(), message);
  EXPECT_EQ(text(kAccelerator), edited);
  write("rtl/top/more.sv", "");
  fs::remove(out / weights("rtl/top"));
  refuses(verify("rtl-top"), "added: rtl/top/more.sv; missing: rtl/top/");
  EXPECT_EQ(verify("rtl-top", {"--as-is", "--regenerate"}).code, 2);

  ASSERT_EQ(verify("rtl-top", {"--regenerate"}).code, 0);
  EXPECT_FALSE(fs::exists(out / "rtl/top/more.sv"));
  EXPECT_EQ(text(kAccelerator) + "// by hand\n", edited);
  EXPECT_EQ(verify("rtl-top").code, 0);
  EXPECT_EQ(bench().code, 0);
}

TEST_F(Rtl, AManifestThatWasEditedAlongHidesNothing) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string hash = sha256(text(kAccelerator));
  write(kAccelerator, text(kAccelerator) + "// by hand\n");
  replace(kRtlManifest, hash, sha256(text(kAccelerator)));
  refuses(verify("rtl-top"), std::string("edited: ") + kAccelerator);
  const CommandResult as_is = verify("rtl-top", {"--as-is", "--json"});
  EXPECT_EQ(as_is.json().at("rtl").at("edited"), Json::array({kAccelerator}));
  fs::remove(out / kRtlManifest);
  refuses(verify("rtl-top"), "added: rtl/top/");
  write(kRtlManifest, "{");
  EXPECT_EQ(verify("rtl-top").code, 2);
  EXPECT_THAT(bench().err, HasSubstr("nobody can say which RTL was generated"));
  EXPECT_EQ(verify("rtl-top", {"--regenerate"}).code, 0);
  EXPECT_EQ(bench().code, 0);
}

TEST_F(Rtl, AHarmlessEditIsEquivalentAsItIs) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  // With what lint would complain of.
  replace(kAccelerator, ");\n", ");\n  logic [7:0] unused_by_hand;\n");
  const std::string edited = text(kAccelerator);
  const CommandResult result = verify("rtl-top", {"--as-is", "--json"});
  ASSERT_EQ(result.code, 0) << result.err << result.out;
  const Json rtl = result.json().at("rtl");
  EXPECT_EQ(rtl.at("as_is"), true);
  EXPECT_EQ(rtl.at("edited"), Json::array({kAccelerator}));
  EXPECT_EQ(rtl.at("sha256"), rtl_sha256(rtl_files(out, "rtl-top")));
  EXPECT_GT(result.json().at("compared"), 0);
  EXPECT_EQ(text(kAccelerator), edited);
  report::RtlManifest manifest = this->manifest();
  EXPECT_EQ(to_json(find_level(manifest, "rtl-top")->carried->rtl), rtl);

  // What it is proved of may be built on, and is never replaced unasked.
  EXPECT_EQ(verify("rtl-node").code, 0);
  const CommandResult table = bench();
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("measured on RTL that was edited"));
  refuses(verify("rtl-top"), std::string("edited: ") + kAccelerator);
  // One byte more is another matter.
  write(kAccelerator, edited + "\n");
  refuses(bench(), std::string("edited: ") + kAccelerator);
}

TEST_F(Rtl, APlantedBugIsDifferentAsItIs) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  replace("rtl/top/assay_label_select.sv", "^ Turn) >", "^ Turn) <");
  const CommandResult bug = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(bug.code, 1) << bug.err << bug.out;
  EXPECT_THAT(bug.out, AllOf(HasSubstr("DIFFERENT"), HasSubstr("beat "), HasSubstr("expected"),
                             HasSubstr("not as generated: rtl/top/assay_label_select.sv"),
                             HasSubstr("--as-is")));
  report::RtlManifest manifest = this->manifest();
  EXPECT_EQ(find_level(manifest, "rtl-top")->carried->verdict, Verdict::kDifferent);
  refuses(bench(), "edited: rtl/top/assay_label_select.sv");
  replace(kRtlManifest, "\"DIFFERENT\"", "\"EQUIVALENT\"");  // the report knows better
  refuses(bench(), "edited: rtl/top/assay_label_select.sv");
  ASSERT_EQ(verify("rtl-top", {"--regenerate"}).code, 0);

  // A bit of a weight.
  const std::string file = weights("rtl/top");
  std::string hex = text(file);
  hex[0] = hex[0] == '0' ? '1' : '0';
  write(file, hex);
  const CommandResult weight = verify("rtl-top", {"--as-is", "--json"});
  EXPECT_EQ(weight.code, 1) << weight.err;
  const Json partition = weight.json().at("partitions").at(0);
  std::int64_t wrong = 0;
  for (const Json& node : partition.at("nodes"))
    wrong += node.at("memories").at("differing").get<std::int64_t>();
  EXPECT_EQ(wrong, 1);
  // What is not there cannot be compared.
  fs::remove(out / file);
  EXPECT_NE(verify("rtl-top", {"--as-is"}).code, 0);
}

TEST_F(Rtl, WhatDoesNotBuildAsItIsIsBadInput) {
  EXPECT_THAT(verify("rtl-top", {"--as-is"}).err, HasSubstr("there is no RTL in"));
  ASSERT_EQ(verify("rtl-top").code, 0);
  write(kAccelerator, text(kAccelerator) + "module\n");
  const CommandResult result = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("does not build as it is"), HasSubstr("accelerator.sv:")));
  fs::remove(out / kAccelerator);
  fs::create_symlink(model, out / kAccelerator);
  EXPECT_THAT(verify("rtl-top", {"--as-is"}).err, HasSubstr("is no plain file"));
}

TEST_F(Rtl, ChosenNodesLeaveTheReportOnAll) {
  const CommandResult all = verify("rtl-node", {"--json"});
  ASSERT_EQ(all.code, 0) << all.err;
  const std::string report = text("reports/rtl-node.json"), before = text(kRtlManifest);
  const std::string node = all.json().at("nodes").at(0).at("node");
  const std::string folder = all.json().at("nodes").at(0).at("folder");
  const CommandResult one = verify("rtl-node", {"--nodes", node, "--json"});
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.json().at("nodes").size(), 1U);
  EXPECT_NE(one.json().at("rtl").at("sha256"), all.json().at("rtl").at("sha256"));
  EXPECT_EQ(text("reports/rtl-node.json"), report);
  EXPECT_EQ(text(kRtlManifest), before);

  EXPECT_EQ(verify("rtl-node", {"--nodes", node, "--regenerate"}).code, 2);

  // As it is, one node alone.
  const std::string file = folder + "/assay_node.sv";
  write(file, text(file) + "// by hand\n");
  refuses(verify("rtl-node", {"--nodes", node}), "edited: " + file);
  const CommandResult as_is = verify("rtl-node", {"--nodes", node, "--as-is", "--json"});
  EXPECT_EQ(as_is.code, 0) << as_is.err;
  EXPECT_EQ(as_is.json().at("rtl").at("edited"), Json::array({file}));
  refuses(bench(), "edited: " + file);  // nothing is carried for one node
  EXPECT_EQ(verify("rtl-node", {"--as-is"}).code, 0);
  EXPECT_EQ(bench().code, 0);
}

TEST_F(Rtl, GoesWithItsStageUnlessItWasEdited) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  ASSERT_EQ(verify("rtl-node").code, 0);
  write(kAccelerator, text(kAccelerator) + "// by hand\n");
  ASSERT_EQ(run("4096").code, 0);
  EXPECT_TRUE(rtl_files(out, "rtl-node").empty());
  EXPECT_FALSE(fs::exists(out / "reports/rtl-node.json"));
  EXPECT_TRUE(fs::exists(out / kAccelerator));
  refuses(verify("rtl-node"), std::string("edited: ") + kAccelerator);
  EXPECT_THAT(verify("rtl-top", {"--as-is"}).err, HasSubstr("of another run"));
  EXPECT_EQ(verify("rtl-top", {"--regenerate"}).code, 0);
  EXPECT_EQ(bench().code, 0);
  ASSERT_EQ(run("512").code, 0);
  EXPECT_FALSE(fs::exists(out / "rtl/top"));
}

TEST_F(Rtl, SaysThatTheModelIsGone) {
  fs::remove(model);
  for (const CommandResult& result : {verify("rtl-top"), verify("rtl-node")}) {
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("net.onnx' is no longer there"));
  }
}

TEST_F(Rtl, NothingIsBuiltOnARunThatIsNotEquivalent) {
  const std::string report = text(kRunReport);
  const auto refuses_to_build = [&](const std::string& message) {
    for (const CommandResult& result : {verify("rtl-top"), verify("rtl-node"), bench()}) {
      EXPECT_EQ(result.code, 3);
      EXPECT_THAT(result.err, HasSubstr(message));
    }
    EXPECT_FALSE(fs::exists(out / "rtl"));
  };
  forge_report(out / kRunReport, [](Json& run) { run["blind"] = "all images are the same"; });
  refuses_to_build("the run is INCONCLUSIVE (all images are the same");
  write(kRunReport, report);
  forge_report(out / kRunReport, [](Json& run) { run["stages"][2]["verdict"] = "DIFFERENT"; });
  refuses_to_build("the run is DIFFERENT (stage 03_");
}

TEST_F(Rtl, NothingIsBuiltOnAStageThatIsNotTheModelsWhateverReportsSay) {
  const report::Run run = read_sealed_run(out);
  const report::StageSummary last = run.stages.back();
  // Somebody who fixes every hash and checksum that speaks of the stage.
  const auto forge = [&](const std::function<void(Graph&)>& edit) {
    Graph graph = import_bytes(text(last.file), {}, "stage");
    edit(graph);
    write(last.file, export_bytes(graph));
    const std::string hash = sha256(text(last.file)), report = "reports/" + last.stage + ".json";
    forge_report(out / report, [&](Json& json) { json["sha256"] = hash; });
    forge_report(out / kRunReport, [&](Json& json) {
      json["stages"].back()["sha256"] = hash;
      json["files"][last.file] = hash;
      json["files"][report] = sha256(text(report));
    });
  };
  const std::string stage = text(last.file), report = text("reports/" + last.stage + ".json"),
                    whole = text(kRunReport);
  const std::vector<std::pair<std::function<void(Graph&)>, std::string>> edits = {
      {[](Graph& graph) { drop_checkpoint(graph, "label"); }, "INCONCLUSIVE"},
      {[](Graph& graph) {
         for (const auto& node : graph.nodes())
           if (node->as<hw::MVAU>() && node->inputs.size() == 3 && node->inputs[2]) {
             std::optional<Constant>& thresholds = node->inputs[2]->constant;
             const auto ints = thresholds->ints();
             const std::vector<std::int64_t> least(ints.size(), *std::ranges::min_element(ints));
             thresholds = Constant(thresholds->shape(), least);
             return;
           }
         ADD_FAILURE() << "no thresholds";
       },
       ""}};
  for (const auto& [edit, verdict] : edits) {
    forge(edit);
    // A checkpoint is none of what is computed.
    const std::string says = verdict.empty() ? "computes something else than"
                                             : "is " + verdict + " to what it was made from";
    for (const CommandResult& result : {verify("rtl-top"), verify("rtl-node")}) {
      EXPECT_EQ(result.code, 3) << result.out;
      EXPECT_THAT(result.err, HasSubstr(says));
    }
    if (!verdict.empty()) continue;
    // Nor does it help to say that it was compared with itself.
    forge_report(out / kRunReport,
                 [&](Json& json) { json["stages"].back()["reference"] = last.stage; });
    EXPECT_THAT(verify("rtl-top").err, HasSubstr(says));
    EXPECT_EQ(bench().code, 3);
    EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
    write(last.file, stage);
    write("reports/" + last.stage + ".json", report);
    write(kRunReport, whole);
  }
  EXPECT_EQ(verify("rtl-top").code, 0);
  write(run.stages[4].file, text(run.stages[4].file) + " ");
  for (const CommandResult& result : {verify("rtl-top"), bench()}) {
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err, HasSubstr(run.stages[4].file + "' was changed since the run"));
  }
}

TEST_F(Rtl, NothingIsBuiltOnStagesThatAreAnothersWhateverReportsSay) {
  const fs::path other = dir.path() / "other";
  const fs::path model_of_other = save_integer_network(dir.path() / "other.onnx", 2);
  ASSERT_EQ(run_assay({"run", model_of_other.string(), "--images", "4", "--target-cycles", "512",
                       "--until", "fifos", "--out", other.string()})
                .code,
            0);
  const report::Run mine = read_sealed_run(out);
  // Every stage behind the first, then that one too: each of them follows from the one before it.
  for (const std::size_t first : {1, 0}) {
    for (std::size_t i = first; i < mine.stages.size(); ++i) {
      const report::StageSummary& stage = mine.stages[i];
      write(stage.file, read_file(other / stage.file));
      const std::string hash = sha256(text(stage.file)),
                        report = "reports/" + stage.stage + ".json";
      forge_report(out / report, [&](Json& json) { json["sha256"] = hash; });
      forge_report(out / kRunReport, [&](Json& json) {
        json["stages"][i]["sha256"] = hash;
        json["files"][stage.file] = hash;
        json["files"][report] = sha256(text(report));
      });
    }
    const std::string says =
        fmt::format("{}' is not what its passes make of {}", mine.stages[first].file,
                    first == 0 ? "the model" : "the stage before it");
    for (const CommandResult& result : {verify("rtl-top"), verify("rtl-node"), bench()}) {
      EXPECT_EQ(result.code, 3) << result.out;
      EXPECT_THAT(result.err, HasSubstr(says));
    }
    EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
  }
}

TEST_F(Rtl, WhatReadsOtherFilesIsNotVerified) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string text_before = text(kAccelerator);
  for (const std::string line :
       {"`include \"/tmp/evil.svh\"\n", "initial $readmemh(\"../evil.hex\", x);\n",
        "initial f = $fopen(\"a\");\n", "import \"DPI-C\" function int f();\n",
        "`ifdef VERILATOR\n`endif\n", "// synthesis translate_off\n"}) {
    write(kAccelerator, line + text_before);
    const CommandResult result = verify("rtl-top", {"--as-is"});
    EXPECT_EQ(result.code, 2) << line;
    EXPECT_THAT(result.err, HasSubstr("no verdict could say what it holds for")) << line;
  }
  // A memory of no layer would be compared with nothing, whatever else the sources name.
  const std::string file = weights("rtl/top"), name = file.substr(file.rfind('/') + 1);
  write("rtl/top/evil.hex", text(file));
  write(kAccelerator, text_before);
  replace(kAccelerator, "\"" + name + "\"", "\"evil.hex\"");
  replace(kAccelerator, "endmodule", "  localparam Unused = \"" + name + "\";\nendmodule");
  const CommandResult evil = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(evil.code, 2) << evil.out;
  EXPECT_THAT(evil.err, HasSubstr("evil.hex' is none of the layers' memories"));
  fs::remove(out / "rtl/top/evil.hex");
  // Nor is one that no source names by its name.
  write(kAccelerator, text_before);
  replace(kAccelerator, "\"" + name + "\"",
          "{\"" + name.substr(0, 3) + "\", \"" + name.substr(3) + "\"}");
  const CommandResult computed = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(computed.code, 3) << computed.out;
}

/// Verilator would take the first, and whoever synthesises perhaps the other.
TEST_F(Rtl, AModuleThatIsThereTwiceIsNotVerified) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string right = text(kAccelerator);
  write("rtl/top/aaa.sv", right);
  replace(kAccelerator, "assign m_axis_tdata = {", "assign m_axis_tdata = ~{");
  const CommandResult twice = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(twice.code, 2) << twice.out;
  EXPECT_THAT(twice.err, HasSubstr("MODDUP"));
  // Nor one that the simulation puts around the accelerator.
  write("rtl/top/aaa.sv", "module accelerator_monitored; endmodule\n");
  const CommandResult around = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(around.code, 2) << around.out;
  EXPECT_THAT(around.err, HasSubstr("a module of the simulation around the RTL"));
}

TEST_F(Rtl, WhatVerilatorWarnsOfIsNotVerified) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string right = text(kAccelerator);
  const auto refused = [&](const std::string& old, const std::string& by, const char* why) {
    write(kAccelerator, right);
    replace(kAccelerator, old, by);
    const CommandResult result = verify("rtl-top", {"--as-is"});
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refused("module accelerator (\n", "module accelerator (\n  input logic [15:0] mode_i,\n",
          "PINMISSING");
  refused("  assign m_axis_tdata = {",
          "  always_comb m_axis_tdata = {8{rst_ni}};\n  assign m_axis_tdata = {", "MULTIDRIVEN");
  refused("  assign m_axis_tdata = {", "  assign m_axis_tdata = '0;\n  assign m_axis_tdata = {",
          "two assignments to m_axis_tdata");
  refused("endmodule", "  logic a;\n  always_comb if (rst_ni) a = 1;\nendmodule", "LATCH");
}

/// A name that is put together from numbers is seen by nobody who reads the sources.
TEST_F(Rtl, AFileOfAnotherFolderIsNotReadUnderAComputedName) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  const std::string file = weights("rtl/top"), name = file.substr(file.rfind('/') + 1);
  const std::string outside = (dir.path() / name).string();
  write_file(outside, text(file));
  std::string computed;
  for (const char c : outside)
    computed += fmt::format("{}8'd{}", computed.empty() ? "" : ", ", static_cast<int>(c));
  replace(kAccelerator, "\"" + name + "\"", "{" + computed + "}");
  replace(kAccelerator, "endmodule", "  localparam Unused = \"" + name + "\";\nendmodule");
  const CommandResult result = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(result.code, 4) << result.out;
  EXPECT_THAT(result.err, HasSubstr("which is not one of its files"));
}

TEST_F(Rtl, ASlavesTlastIsNotWaitedFor) {
  ASSERT_EQ(verify("rtl-top").code, 0);
  replace(kAccelerator, ".out_valid_o(m_axis_tvalid)", ".out_valid_o(made)");
  replace(kAccelerator, ".out_ready_i(m_axis_tready)", ".out_ready_i(m_axis_tready & seen)");
  replace(kAccelerator, ");\n",
          ");\n  logic seen, made;\n  assign m_axis_tvalid = made & seen;\n"
          "  always_ff @(posedge clk_i)\n    if (!rst_ni) seen <= 1'b0;\n"
          "    else if (s_axis_tvalid && s_axis_tready && s_axis_tlast) seen <= 1'b1;\n");
  const CommandResult result = verify("rtl-top", {"--as-is"});
  EXPECT_EQ(result.code, 1) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("stuck"));
}

TEST_F(Rtl, ImagesThatAreAllTheSameSettleNothing) {
  const Graph network = import_bytes(read_file(model), {}, "model");
  Shape shape = *network.inputs()[0]->shape;
  shape[0] = 3;
  const std::string black = (dir.path() / "black.npy").string();
  write_npy(black,
            make_npy<std::uint8_t>(
                shape, std::vector<std::uint8_t>(static_cast<std::size_t>(element_count(shape)))));
  for (const char* level : {"rtl-top", "rtl-node"}) {
    const CommandResult result =
        run_assay({"verify", out.string(), "--level", level, "--data", black});
    EXPECT_EQ(result.code, 3) << result.out;
    EXPECT_THAT(result.err, HasSubstr("3 images, 1 distinct"));
  }
}

// ---- Units ----------------------------------------------------------------------------------

TEST(RtlManifest, TellsLevelsApart) {
  for (const char* path : {"rtl/top/a.sv", "rtl/top_0/a.sv", "rtl/top_12/a/b.hex"})
    EXPECT_EQ(rtl_level_of(path), "rtl-top") << path;
  for (const char* path :
       {"rtl/topping/a.sv", "rtl/top_/a.sv", "rtl/top_1x/a", "rtl/a.sv", "rtl/top"})
    EXPECT_EQ(rtl_level_of(path), "rtl-node") << path;
  EXPECT_EQ(node_folder("conv"), "rtl/conv");
  for (const char* node : {"top", "top_1", "manifest.json"}) {
    const std::string folder = node_folder(node);
    EXPECT_NE(folder, std::string("rtl/") + node);
    EXPECT_EQ(rtl_level_of(folder + "/a.sv"), "rtl-node") << folder;
  }
}

TEST(RtlManifest, WhatWasBeingWrittenIsNoEdit) {
  report::RtlManifest::Level level;
  level.files = {{"rtl/top/kept", "1"}, {"rtl/top/new", "2"}, {"rtl/top/changed", "4"}};
  level.before = {{"rtl/top/kept", "1"}, {"rtl/top/changed", "3"}, {"rtl/top/old", "5"}};
  for (const RtlHashes& files :
       {RtlHashes{{"rtl/top/kept", "1"}, {"rtl/top/changed", "3"}, {"rtl/top/old", "5"}},
        RtlHashes{{"rtl/top/kept", "1"}, {"rtl/top/changed", "4"}},
        RtlHashes{{"rtl/top/kept", "1"}, {"rtl/top/changed", "4"}, {"rtl/top/new", "2"}}})
    EXPECT_TRUE(rtl_edits(&level, files).none()) << rtl_edits(&level, files).text();
  EXPECT_EQ(rtl_edits(&level, {{"rtl/top/kept", "9"}, {"rtl/top/other", "1"}}).text(),
            "edited: rtl/top/kept; added: rtl/top/other; missing: rtl/top/changed");
  level.before.reset();
  EXPECT_EQ(rtl_edits(&level, {{"rtl/top/kept", "1"}, {"rtl/top/changed", "3"}}).text(),
            "edited: rtl/top/changed; missing: rtl/top/new");
  EXPECT_EQ(rtl_edits(nullptr, {{"rtl/top/kept", "1"}}).text(), "added: rtl/top/kept");
}

}  // namespace
}  // namespace assay
