// SPDX-License-Identifier: Apache-2.0
// `assay build --collect`: what a machine with Vivado left is taken back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <regex>

#include "base/temp_dir.h"
#include "build/collectable.h"
#include "build/environment.h"
#include "harness/report/schema.h"

namespace assay {
namespace collect_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A run with a project for Pynq-Z1, and what is to be collected.
class Collect : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/bin/tclsh")) GTEST_SKIP() << "needs tclsh; install tcl";
    if (!fs::exists("/usr/bin/yosys")) GTEST_SKIP() << "needs yosys; install yosys";
    fill_with_collectable(dir.path());
  }
  CommandResult collect(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"build",   out.string(), "--target",
                                          "Pynq-Z1", "--collect",  folder.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  /// Puts a file into the results, with its hash, or takes it out.
  void put(const char* name, const std::string& bytes) const {
    write_file(folder / name, bytes);
    vivado_results::sum_up(folder);
  }
  void take_out(const char* name) const {
    fs::remove(folder / name);
    vivado_results::sum_up(folder);
  }
  void replace(const char* name, const std::string& from, const std::string& to) const {
    std::string text = read_file(folder / name);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    put(name, text);
  }
  /// Exit code 2 with these words, and the run is as it was.
  void refused(const std::string& words) const {
    const std::string before = read_file(out / "reports/vivado-Pynq-Z1.json");
    const CommandResult result = collect();
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr(words));
    EXPECT_EQ(read_file(out / "reports/vivado-Pynq-Z1.json"), before);
    EXPECT_FALSE(fs::exists(out / "build/Pynq-Z1/assay.bit"));
  }
  Json check(const Json& report, const std::string& name) const {
    for (const Json& one : report["checks"])
      if (one["check"] == name) return one;
    return {};
  }

  TempDir dir;
  fs::path out = dir.path() / "out", folder = dir.path() / "results";
  Environment path{"PATH", "/usr/bin:/bin"};
};

TEST_F(Collect, TakesResultsBackAndSimulatesTheNetlist) {
  const CommandResult result = collect();
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out,
              HasSubstr("netlist after implementation: EQUIVALENT: the accelerator alone"));
  EXPECT_THAT(result.out, HasSubstr("bitstream: NOT VERIFIED"));
  EXPECT_THAT(result.out, HasSubstr("board: NOT VERIFIED: driver/validate.py"));
  EXPECT_THAT(result.out, HasSubstr("Block RAM Tile: 2.5 of 140"));
  EXPECT_THAT(result.out, HasSubstr("worst slack 0.417 ns, which is 104.4 MHz"));
  const Json report = Json::parse(read_file(out / "reports/vivado-Pynq-Z1.json"));
  EXPECT_THAT(schema_violations(report), IsEmpty());
  EXPECT_EQ(report["synthesis"]["accelerator"]["lut"], 339);
  EXPECT_EQ(report["synthesis"]["accelerator"]["bram"], 3);  // of 18 kbit: 2 * 1 + 1
  EXPECT_EQ(report["synthesis"]["layers"][0]["cells"]["lut"].is_null() ||
                report["synthesis"]["layers"][0]["cells"]["lut"] == 111,
            true);
  EXPECT_EQ(report["bitfile"]["sha256"], sha256(vivado_results::bitfile()));
  EXPECT_EQ(read_file(out / "build/Pynq-Z1/reports/timing.rpt"), vivado_results::timing());
  const Json bits = Json::parse(read_file(out / "reports/netlist-Pynq-Z1.json"));
  EXPECT_EQ(bits["verdict"], "EQUIVALENT");
  EXPECT_GT(bits["compared"], 0);
  EXPECT_TRUE(bits["proof"].is_null());
  const CommandResult shown = run_assay({"show", out.string(), "--check"});
  EXPECT_EQ(shown.code, 0) << shown.out << shown.err;
  // Once more, and with more images, as any netlist.
  EXPECT_EQ(collect().code, 0);
  EXPECT_EQ(run_assay({"verify", out.string(), "--level", "netlist", "--target", "pynq-z1"}).code,
            0);
  // A project that is generated anew has no results.
  EXPECT_EQ(run_assay({"build", out.string(), "--target", "Pynq-Z1"}).code, 3);
  EXPECT_FALSE(fs::exists(out / "reports/netlist-Pynq-Z1.json"));
  EXPECT_FALSE(fs::exists(out / "build/Pynq-Z1/netlist.v"));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
}

/// The same netlist as Vivado writes one: a hierarchy, attributes, constants that are cells with escaped names, and a
/// module of its own simulator behind it, which nobody else can read.
std::string as_vivado_writes(std::string netlist, const std::string& top) {
  const std::size_t body = top.find("\n);\n") + 5;
  const std::string ports = top.substr(0, body);
  const std::string module = "module assay_accelerator";
  netlist.replace(netlist.find(module), module.size(), module + "_inner");
  std::string pins;
  const std::regex port(R"((\w+)\s*(,|\n\);))");
  for (std::sregex_iterator it(ports.begin(), ports.end(), port), end; it != end; ++it) {
    const std::string name = (*it)[1];
    pins += (pins.empty() ? "." : ", .") + name + "(" + (name == "ap_rst_n" ? "reset" : name) + ")";
  }
  return "// Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.\n`timescale 1 ps / 1 ps\n\n" +
         netlist + "(* CHECK_LICENSE_TYPE = \"x,y,{}\" *) (* STRUCTURAL_NETLIST = \"yes\" *)\n" +
         ports +
         "  wire \\<const1> ;\n  (* RTL_KEEP = \"true\" *) wire reset;\n"
         "  VCC VCC (.P(\\<const1> ));\n"
         "  (* SOFT_HLUTNM = \"soft_lutpair0\" *)\n"
         "  LUT2 #(.INIT(4'h8)) \\reset[0]_i_1 (.I0(\\<const1> ), .I1(ap_rst_n), .O(reset));\n"
         "  assay_accelerator_inner inst (" +
         pins +
         ");\nendmodule\n`ifndef GLBL\n`define GLBL\n`timescale  1 ps / 1 ps\nmodule glbl ();\n"
         "  parameter ROC_WIDTH = 100000;\n  tri1 p_up_tmp;\n"
         "  tri (weak1, strong0) PLL_LOCKG = p_up_tmp;\n  reg GSR_int;\n"
         "  assign (strong1, weak0) GSR = GSR_int;\n"
         "  initial begin\n    GSR_int = 1'b1;\n    #(ROC_WIDTH)\n    GSR_int = 1'b0;\n  end\n"
         "endmodule\n`endif\n";
}

TEST_F(Collect, ReadsNetlistsAsVivadoWritesThem) {
  const std::string top = read_file(out / "build/Pynq-Z1/ip/accelerator/hdl/assay_accelerator.v");
  put("netlist.v",
      as_vivado_writes(read_file(folder / "netlist.v"), top.substr(top.find("module"))));
  const CommandResult result = collect();
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("netlist after implementation: EQUIVALENT"));
}

/// Turns a table of six inputs into its opposite, the one behind so many parts in `of` of them.
std::string with_other_table(std::string netlist, std::size_t part, std::size_t of) {
  std::vector<std::size_t> tables;
  for (std::size_t at = netlist.find("LUT6 #("); at != std::string::npos;
       at = netlist.find("LUT6 #(", at + 1))
    tables.push_back(at);
  const std::size_t table = tables.at(tables.size() * part / of);
  for (std::size_t i = netlist.find("'h", table) + 2; netlist[i] != ')'; ++i)
    netlist[i] = "fedcba9876543210"[std::string("0123456789abcdef").find(netlist[i])];
  return netlist;
}

TEST_F(Collect, ATableThatIsNotWhatItWasIsSeen) {
  const std::string netlist = read_file(folder / "netlist.v");
  CommandResult result;
  // One that only decides when a beat goes may not matter; not all three are.
  for (std::size_t part = 1; part <= 3 && result.code != 1; ++part) {
    put("netlist.v", with_other_table(netlist, part, 4));
    result = collect();
  }
  EXPECT_EQ(result.code, 1) << result.out;
  EXPECT_THAT(result.out, HasSubstr("netlist after implementation: DIFFERENT"));
  EXPECT_EQ(Json::parse(read_file(out / "reports/vivado-Pynq-Z1.json"))["verdict"], "DIFFERENT");
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
}

TEST_F(Collect, ACellWithoutAModelIsNamed) {
  replace("netlist.v", "LUT2 #(", "XORCY #(");
  const CommandResult result = collect({"--json"});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_EQ(check(result.json(), "netlist")["verdict"], "INCONCLUSIVE");
  EXPECT_THAT(check(result.json(), "netlist")["reason"].get<std::string>(), HasSubstr("XORCY"));
  EXPECT_EQ(Json::parse(read_file(out / "reports/netlist-Pynq-Z1.json"))["verdict"],
            "INCONCLUSIVE");
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
}

TEST_F(Collect, ANetlistThatIsNoneIsInconclusive) {
  for (const auto& [text, says] :
       {std::pair{"module other(input a); endmodule\n", "assay_accelerator"},
        {"module assay_accelerator(input ap_clk, output x); assign x = ap_clk; endmodule\n",
         "has an output 'x'"},
        {"`include \"/etc/passwd\"\n", "asks for other files"},
        {"module assay_accelerator(", "no netlist that Yosys reads"}}) {
    put("netlist.v", text);
    const CommandResult result = collect({"--json"});
    EXPECT_EQ(result.code, 3) << result.err << result.out;
    EXPECT_THAT(check(result.json(), "netlist")["reason"].get<std::string>(), HasSubstr(says));
  }
}

TEST_F(Collect, WhatIsMissingIsInconclusive) {
  for (const auto& [file, name] : {std::pair{"netlist.v", "netlist"},
                                   {"assay.hwh", "bitstream"},
                                   {"timing.rpt", "timing"},
                                   {"utilization.rpt", "utilization"}}) {
    take_out(file);
    const CommandResult result = collect({"--json"});
    EXPECT_EQ(result.code, 3) << result.err;
    EXPECT_EQ(check(result.json(), name)["verdict"], "INCONCLUSIVE");
    EXPECT_THAT(check(result.json(), name)["reason"].get<std::string>(), HasSubstr(file));
  }
  EXPECT_FALSE(fs::exists(out / "reports/netlist-Pynq-Z1.json"));
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 0);
}

TEST_F(Collect, AClockThatIsNotMetIsSaid) {
  put("timing.rpt", vivado_results::timing("-0.312"));
  const CommandResult result = collect();
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("100 MHz are not met: the worst slack is -0.312 ns"));
  EXPECT_THAT(result.out, HasSubstr("which is 97.0 MHz"));
}

TEST_F(Collect, ASlackThatIsNotKnownOrFailsIsNotMet) {
  put("timing.rpt", vivado_results::timing("inf", "inf"));
  refused("'inf' is no number");
  for (const std::string& timing :
       {vivado_results::timing("0.417", "NA"), vivado_results::timing("0.417", "0.018", 55),
        vivado_results::timing("0.417", "0.018", 0, "-1.000", 77)}) {
    put("timing.rpt", timing);
    const CommandResult result = collect();
    EXPECT_EQ(result.code, 3);
    EXPECT_THAT(result.out, HasSubstr("100 MHz are not met"));
  }
}

/// Nor do they become what was generated by being collected.
TEST_F(Collect, RefusesAProjectThatWasEdited) {
  const fs::path file = out / "build/Pynq-Z1/ip/accelerator/component.xml";
  const std::string generated = read_file(file);
  write_file(file, generated + "<!-- -->");
  refused("ip/accelerator/component.xml' was edited; generate the project anew");
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
  fs::remove(file);
  refused("component.xml' is not there any more");
  write_file(file, generated);
  ASSERT_EQ(collect().code, 0);
  write_file(file, generated + "<!-- -->");
  run_assay({"verify", out.string(), "--level", "netlist", "--target", "Pynq-Z1"});
  EXPECT_EQ(run_assay({"show", out.string(), "--check"}).code, 1);
}

TEST_F(Collect, RefusesResultsOfOthers) {
  replace("identity.json", "\"content_hash\": \"", "\"content_hash\": \"f");
  const std::string mine =
      Json::parse(read_file(out / "build/Pynq-Z1/identity.json"))["content_hash"];
  refused("has results of RTL f" + mine);
  refused("this run's is " + mine);
  replace("identity.json", "\"content_hash\": \"f", "\"content_hash\": \"");
  replace("identity.json", "\"project_hash\": \"", "\"project_hash\": \"e");
  refused("has results of project e");
  replace("identity.json", "Pynq-Z1", "ZCU104");
  refused("has results for ZCU104 (xc7z020clg400-1), not for Pynq-Z1");
}

TEST_F(Collect, RefusesFilesOfAnotherPart) {
  put("utilization.rpt", vivado_results::utilisation("xc7z010clg400-1"));
  refused("utilization.rpt' is of the part 'xc7z010clg400-1', not of xc7z020clg400-1");
  put("utilization.rpt", vivado_results::utilisation());
  put("assay.bit", vivado_results::bitfile("7z045ffg900"));
  refused("assay.bit' is of the part '7z045ffg900'");
}

TEST_F(Collect, RefusesWhatIsCutOffOrEdited) {
  const std::string bits = vivado_results::bitfile();
  put("assay.bit", bits.substr(0, bits.size() - 1));
  refused("its head speaks of 200 bytes of bits, 199 are there");
  put("assay.bit", bits.substr(0, 20));
  refused("assay.bit' is no .bit, or cut off in its head");
  put("assay.bit", bits);
  put("assay.hwh", "<EDKSYSTEM>");
  refused("assay.hwh' is no whole hardware handoff");
  put("assay.hwh", vivado_results::kHandoff);
  const std::string use = vivado_results::utilisation();
  put("utilization.rpt", use.substr(0, use.find("| Slice Registers") + 20));
  refused("utilization.rpt' is cut off in a table");
  put("utilization.rpt", use.substr(0, use.find("| Slice Registers")));
  refused("no whole report_utilization");
  put("utilization.rpt", use);
  const std::string time = vivado_results::timing();
  put("timing.rpt", time.substr(0, time.find("0.018")));
  refused("timing.rpt' is cut off in its design timing summary");
  put("timing.rpt", time);
  write_file(folder / "timing.rpt", vivado_results::timing("0.5"));
  refused("timing.rpt' is not what build.sh left");
  fs::remove(folder / "timing.rpt");
  refused("timing.rpt' is not there, and build.sh left it");
}

TEST_F(Collect, RefusesWhatIsNoResult) {
  fs::remove(folder / "identity.json");
  refused("identity.json' is not there: results are the folder 'results'");
  put("identity.json", "{}");
  refused("it has no 'board'");
  put("identity.json", read_file(out / "build/Pynq-Z1/identity.json"));
  write_file(folder / "SHA256SUMS", "nonsense\n");
  refused("lines that sha256sum does not write");
  vivado_results::sum_up(folder);
  fs::remove(folder / "power.rpt");
  fs::create_symlink("/etc/passwd", folder / "power.rpt");
  refused("power.rpt' is a link or no file");
  fs::remove(folder / "power.rpt");
  fs::create_directory(folder / "drc.rpt");
  refused("drc.rpt' is a link or no file");
  fs::remove(folder / "drc.rpt");
  write_file(folder / "drc.rpt", "");
  fs::resize_file(folder / "drc.rpt", std::uintmax_t{5} << 30);  // a hole
  refused("more than such a file can have");
  folder /= "nowhere";
  refused("there is no folder");
}

TEST_F(Collect, RefusesWhereThereIsNoProject) {
  EXPECT_THAT(collect({"--clock", "50"}).err, HasSubstr("chosen when it is generated"));
  EXPECT_THAT(
      run_assay({"build", out.string(), "--target", "ZCU104", "--collect", folder.string()}).err,
      HasSubstr("has no project for ZCU104"));
  EXPECT_THAT(
      run_assay({"build", out.string(), "--target", "icebreaker", "--collect", folder.string()})
          .err,
      HasSubstr("'icebreaker' is none"));
  EXPECT_THAT(run_assay({"verify", out.string(), "--level", "netlist", "--target", "Pynq-Z1"}).err,
              HasSubstr("no netlist of Pynq-Z1 was collected"));
  EXPECT_THAT(
      run_assay({"verify", out.string(), "--level", "bitstream", "--target", "Pynq-Z1"}).err,
      HasSubstr("no open tools read a bitstream of 'Pynq-Z1' back"));
  write_file(out / "build/Pynq-Z1/identity.json", "{}");
  EXPECT_THAT(collect().err, HasSubstr("identity.json' was edited"));
}

}  // namespace collect_test
}  // namespace assay
