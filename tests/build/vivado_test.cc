// SPDX-License-Identifier: Apache-2.0
// `assay build` for boards whose bitstreams Vivado makes.
#include "harness/build/vivado_build.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "build/environment.h"
#include "build/results.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"
#include "support/kept_folder.h"

namespace assay {
namespace vivado_build_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// A finished run of a small network, simulated once; tests work on copies, without a Vivado.
class VivadoCommand : public ::testing::Test {
 protected:
  static void make(const fs::path& folder) {
    const fs::path model = save_tiny(folder / "tiny.onnx"), done = folder / "out";
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"run", model.string(), "--images", "3", "--device", "pynq_z1",
                                   "--out", done.string()},
          {"verify", done.string(), "--level", "rtl-top", "--profiles", "always"}}) {
      const CommandResult result = run_assay(command);
      if (result.code != 0) throw std::runtime_error(command[0] + ": " + result.err + result.out);
    }
  }
  void SetUp() override {
    if (!fs::exists("/usr/bin/tclsh")) GTEST_SKIP() << "needs tclsh; install tcl";
    if (!fs::exists("/usr/bin/yosys")) GTEST_SKIP() << "needs yosys; install yosys";
    testing::fill_from_kept(dir.path(), "tiny_for_vivado", make);
  }
  CommandResult build(std::vector<std::string> more = {}, const char* target = "Pynq-Z1") const {
    std::vector<std::string> arguments = {"build", out.string(), "--target", target};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  std::string text(const std::string& file) const { return read_file(out / file); }

  TempDir dir;
  fs::path out = dir.path() / "out", project = out / "build/Pynq-Z1";
  Environment path{"PATH", "/usr/bin:/bin"};
};

TEST_F(VivadoCommand, LeavesACheckedProjectAndSaysWhatIsMissing) {
  const CommandResult result = build();
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.out, HasSubstr("INCONCLUSIVE: vivado: there is no vivado in PATH"));
  EXPECT_THAT(result.out, HasSubstr("sh '" + (project / "build.sh").string() + "'"));
  EXPECT_THAT(result.out, HasSubstr("idma0 at 0x40000000"));
  const Json report = Json::parse(text("reports/vivado-Pynq-Z1.json"));
  ASSERT_EQ(report["checks"].size(), 5U);
  EXPECT_THAT(text("build/Pynq-Z1/driver/accelerator.json"), HasSubstr("\"address\": 1073741824"));
  EXPECT_THAT(text("build/Pynq-Z1/host/accelerator.h"), HasSubstr("\"idma0\", 0x40000000u, 64,"));
  EXPECT_TRUE(fs::exists(project / "host/Makefile"));
  for (const auto& check : report["checks"])
    EXPECT_EQ(check["verdict"], check["check"] == "vivado" ? "INCONCLUSIVE" : "EQUIVALENT")
        << check;
  for (const auto& file : report["files"])
    EXPECT_EQ(sha256(text(file["file"].get<std::string>())), file["sha256"]) << file;
  EXPECT_FALSE(fs::exists(project / "work"));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
  const std::string before =
      text("build/Pynq-Z1/ip/idma0/component.xml") + text("build/Pynq-Z1/bd.tcl");
  EXPECT_EQ(build({"--json"}, "PYNQ_z1").json()["board"], "Pynq-Z1");
  EXPECT_EQ(text("build/Pynq-Z1/ip/idma0/component.xml") + text("build/Pynq-Z1/bd.tcl"), before);
}

/// What is around the accelerator and its layers, and where all is that was made of them.
TEST_F(VivadoCommand, LeavesAParentAndItsPartitionWithMetadata) {
  EXPECT_EQ(build().code, 3);
  const std::string parent = text("build/Pynq-Z1/post_synthesis.onnx"),
                    child = text("build/Pynq-Z1/dataflow_partition.onnx");
  const auto metadata = nlohmann::ordered_json::parse(text("build/Pynq-Z1/metadata.json"));
  ForeignMetadata entries;
  for (const char* key :
       {"platform", "board", "clk_ns", "floorplan_json", "vivado_stitch_proj", "wrapper_filename",
        "vivado_stitch_vlnv", "vivado_stitch_ifnames", "bitfile", "vivado_pynq_proj", "hw_handoff",
        "vivado_synth_rpt", "pynq_driver_dir"})
    entries.emplace_back(
        key, metadata[key].is_string() ? metadata[key].get<std::string>() : metadata[key].dump());
  EXPECT_EQ(entries.size(), metadata.size());
  // The layers of the last stage, by their names.
  std::string last;
  for (const auto& entry : fs::directory_iterator(out / "stages"))
    last = std::max(last, entry.path().string());
  const Graph whole = import_bytes(read_file(last), "", last),
              layers = import_bytes(child, "", "child");
  EXPECT_EQ(export_bytes(layers, entries), child);
  const DataflowPartition partition = dataflow_partitions(whole).at(0);
  EXPECT_EQ(layers.inputs().at(0)->name, partition.inputs.at(0)->name);
  EXPECT_EQ(layers.outputs().at(0)->name, partition.outputs.at(0)->name);
  EXPECT_EQ(dataflow_partitions(layers).at(0).nodes.size(), partition.nodes.size());
  for (const auto& [key, value] : entries) EXPECT_THAT(parent, HasSubstr(value)) << key;
  EXPECT_THAT(parent, HasSubstr("StreamingDataflowPartition"));
  EXPECT_THAT(parent, HasSubstr("dataflow_partition.onnx"));
  for (const Node* node : partition.nodes) EXPECT_THAT(parent, Not(HasSubstr(node->name)));
  // No import takes half a network for a whole one.
  EXPECT_THROW(import_bytes(parent, "", "parent"), UserError);
  EXPECT_EQ(entries[2].second, "10.0");
  for (const auto& [key, file] : entries)
    if (key == "floorplan_json" || key == "wrapper_filename" || key == "pynq_driver_dir") {
      EXPECT_TRUE(fs::exists(project / file)) << key;
    }
  EXPECT_EQ(build().code, 3);
  EXPECT_EQ(text("build/Pynq-Z1/post_synthesis.onnx"), parent);
}

TEST_F(VivadoCommand, TakesTheClockThatIsAskedFor) {
  EXPECT_EQ(build({"--clock", "142.5"}).code, 3);
  EXPECT_THAT(text("build/Pynq-Z1/bd.tcl"), HasSubstr("PCW_FPGA0_PERIPHERAL_FREQMHZ {142.5}"));
  const CommandResult result = build({"--clock", "300"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("at most 250 MHz"));
}

/// What Vivado would leave, and say: files of `folder`, its netlist not among them.
std::string fake_vivado(const fs::path& folder) {
  return fmt::format(R"(
case "$*" in
  *report.tcl)
    mkdir -p reports
    cp '{0}'/*.rpt reports
    cp '{0}'/assay.* .
    echo 'assay: slack 0.25 ns at 100 MHz asked for' ;;
esac
)",
                     folder.string());
}

TEST_F(VivadoCommand, RunsTheVivadoInPath) {
  TempDir tools;
  EXPECT_EQ(build().code, 3);
  vivado_results::leave(project, dir.path() / "left", "u_x");
  fake_program(tools, "vivado", fake_vivado(dir.path() / "left"));
  const Environment with("PATH", tools.path().string() + ":/usr/bin:/bin");
  const CommandResult result = build();
  EXPECT_EQ(result.code, 3) << result.err << result.out;  // all but a netlist
  EXPECT_THAT(result.out, HasSubstr("it made the bitstream; slack 0.25 ns at 100 MHz asked for"));
  EXPECT_THAT(result.out, HasSubstr("INCONCLUSIVE: netlist: the results have no netlist.v"));
  EXPECT_THAT(result.out, HasSubstr("Slice LUTs: 1339 of 53200"));
  const Json report = Json::parse(text("reports/vivado-Pynq-Z1.json"));
  EXPECT_EQ(report["bitfile"]["sha256"], sha256(vivado_results::bitfile()));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
  write_file(project / "assay.bit", "others");
  EXPECT_THAT(run_assay({"show", out.string(), "--check"}).out,
              HasSubstr("build/Pynq-Z1/assay.bit"));
  // Without Vivado, an earlier bitstream is not this project's.
  const Environment without("PATH", "/usr/bin:/bin");
  EXPECT_EQ(build().code, 3);
  EXPECT_FALSE(fs::exists(project / "assay.bit"));
}

TEST_F(VivadoCommand, LeavesKernelsForAPlatform) {
  const CommandResult result = build({}, "u50");
  EXPECT_EQ(result.code, 3) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("link        EQUIVALENT"));
  EXPECT_TRUE(fs::exists(out / "build/U50/kernels/idma0.xml"));
  EXPECT_EQ(text("build/U50/host/usual.mk"), "BOARD ?= board_xrt.cpp\n");
  EXPECT_TRUE(fs::exists(out / "build/U50/driver/golden_0.npy"));
  EXPECT_FALSE(fs::exists(out / "build/U50/driver/driver.py"));
  TempDir tools;
  fake_program(tools, "vivado", "");
  const Environment half("PATH", tools.path().string() + ":/usr/bin:/bin");
  EXPECT_THAT(build({}, "U50").out, HasSubstr("there is no v++ in PATH"));
  write_file(dir.path() / "assay.xclbin", vivado_results::xclbin());
  write_file(dir.path() / "use.rpt", vivado_results::utilisation("xcu50-fsvh2104-2L-e"));
  fake_program(tools, "v++",
               fmt::format("cp '{0}/assay.xclbin' .\nmkdir -p link/imp\n"
                           "cp '{0}/use.rpt' link/imp/impl_1_full_util_routed.rpt\n",
                           dir.path().string()));
  const CommandResult made = build({}, "U50");
  EXPECT_EQ(made.code, 3) << made.err;
  EXPECT_THAT(made.out, HasSubstr("INCONCLUSIVE: timing: the results have no timing.rpt"));
  EXPECT_THAT(made.out, HasSubstr("assay.xclbin is whole"));
  EXPECT_THAT(made.out, HasSubstr("Slice LUTs: 1339 of 53200"));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
}

TEST_F(VivadoCommand, TellsWhatVivadoSaidWhereItFails) {
  TempDir tools;
  fake_program(tools, "vivado", "echo 'ERROR: no licence'; exit 1\n");
  const Environment with("PATH", tools.path().string() + ":/usr/bin:/bin");
  const CommandResult result = build();
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("ERROR: no licence"));
  EXPECT_FALSE(fs::exists(out / "reports/vivado-Pynq-Z1.json"));
}

TEST_F(VivadoCommand, WithoutAToolItsCheckIsInconclusive) {
  TempDir tools;
  fake_program(tools, "sh", "exec /bin/sh \"$@\"\n");
  const Environment bare("PATH", tools.path().string()), elsewhere("ASSAY_FPGA_TOOLS", "/nowhere"),
      home("XDG_DATA_HOME", "/nowhere");
  const Json report = build({"--json"}).json();
  EXPECT_EQ(report["checks"][1]["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(report["checks"][1]["reason"].get<std::string>(), HasSubstr("apt-get install yosys"));
  EXPECT_EQ(report["checks"][2]["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(report["checks"][2]["reason"].get<std::string>(), HasSubstr("apt-get install tcl"));
}

TEST_F(VivadoCommand, RefusesOptionsOfOtherTools) {
  for (const auto& [option, value, says] :
       {std::tuple{"--seeds", "2", "placed by Vivado"}, {"--baud", "115200", "serial line"}}) {
    const CommandResult result = build({option, value});
    EXPECT_EQ(result.code, 2) << option;
    EXPECT_THAT(result.err, HasSubstr(says));
  }
  EXPECT_THAT(build({"--dsp"}).err, HasSubstr("Vivado decides itself"));
  EXPECT_THAT(build({}, "Pynq-Z9").err, HasSubstr("the nearest are 'Pynq-Z1'"));
  const CommandResult run = run_assay_as_is({"run", (dir.path() / "tiny.onnx").string(), "--target",
                                             "zcu104", "--out", (dir.path() / "new").string()});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("'assay build DIR --target ZCU104'"));
}

}  // namespace vivado_build_test
}  // namespace assay
