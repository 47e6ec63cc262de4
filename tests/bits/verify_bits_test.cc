// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/temp_dir.h"
#include "bits/built_bits.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/process.h"
#include "harness/bits/bits_table.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTarget = "ice40-hx8k";

/// A small residual network.
using VerifyBits = BuiltBits;
using VerifyBitsNightly = VerifyBits;

/// The same on a UP5K, with DSPs.
class VerifyDspBits : public VerifyBits {
 protected:
  VerifyDspBits() { target_ = "ice40-up5k", options_ = {"--dsp"}; }
};

TEST_F(VerifyBits, EveryLevelIsEquivalentAndTheBitsAreProved) {
  const Json netlist = verify("netlist", {"--json", "--profiles", "all"}).json();
  EXPECT_EQ(netlist.at("verdict"), "EQUIVALENT") << netlist.at("reason");
  EXPECT_EQ(netlist.at("images"), 6);
  EXPECT_GT(netlist.at("predicted"), 0);
  EXPECT_EQ(netlist.at("compared"), netlist.at("predicted"));
  EXPECT_GT(netlist.at("canaries").at("planted"), 0);
  EXPECT_EQ(netlist.at("canaries").at("caught"), netlist.at("canaries").at("planted"));
  EXPECT_GT(netlist.at("streams").size(), 3U) << "streams inside keep their names";
  EXPECT_EQ(netlist.at("proof").at("verdict"), "PROVED") << netlist.at("proof").at("reason");
  EXPECT_EQ(netlist.at("proof").at("origin").at("file"), "build/ice40-hx8k/gates.json");

  const CommandResult result = verify("bitstream", {"--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const Json bits = result.json();
  EXPECT_EQ(bits.at("verdict"), "EQUIVALENT") << bits.at("reason");
  EXPECT_EQ(bits.at("compared"), bits.at("predicted"));
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
  EXPECT_EQ(bits.at("proof").at("origin_verdict"), "EQUIVALENT");
  EXPECT_GT(bits.at("proof").at("functions"), 100);
  EXPECT_NE(bits.at("proof").at("canary"), "");
  EXPECT_EQ(bits.at("proof").at("prover").at("sha256").get<std::string>().size(), 64U);
  // The run knows of it, also after it was done again, and so does its page.
  const auto expect_told = [&] {
    const CommandResult shown = run_assay_as_is({"show", out_.string()});
    EXPECT_EQ(shown.code, 0) << shown.out;
    EXPECT_THAT(shown.out, HasSubstr("netlist of ice40-hx8k: EQUIVALENT: "));
    EXPECT_THAT(shown.out, HasSubstr("differing; PROVED"));
    EXPECT_EQ(run_assay_as_is({"show", out_.string(), "--check"}).code, 0);
    EXPECT_THAT(read_file(out_ / "reports/report.html"), HasSubstr("bitstream of ice40-hx8k"));
  };
  expect_told();
  succeed(small_run(model_, out_));
  expect_told();
  // A build of another placement has not been verified yet.
  ASSERT_EQ(run_assay_as_is({"build", out_.string(), "--target", kTarget, "--seed", "2"}).code, 0);
  const CommandResult shown = run_assay_as_is({"show", out_.string()});
  EXPECT_EQ(shown.code, 0) << shown.out;
  EXPECT_THAT(shown.out, HasSubstr("netlist of ice40-hx8k: EQUIVALENT: ")) << "the same as before";
  EXPECT_THAT(shown.out, Not(HasSubstr("bitstream of ice40-hx8k")));
}

/// A table of Yosys' JSON; inputs that are left are 0.
Json lut_cell(const std::string& rows, std::vector<Json> inputs, const Json& out) {
  inputs.resize(4, "0");
  Json cell = {{"type", "SB_LUT4"}, {"parameters", {{"LUT_INIT", rows}}}};
  cell["port_directions"] = {
      {"O", "output"}, {"I0", "input"}, {"I1", "input"}, {"I2", "input"}, {"I3", "input"}};
  cell["connections"]["O"] = {out};
  for (std::size_t i = 0; i < inputs.size(); ++i)
    cell["connections"][fmt::format("I{}", i)] = {inputs[i]};
  return cell;
}

/// Turns a bit of the output over from the second frame behind a reset on.
std::string with_second_frame_wrong(const std::string& text) {
  Json netlist = Json::parse(text);
  Json& module = netlist["modules"]["accelerator"];
  const auto bit = [&](const char* port) { return module["ports"][port]["bits"][0]; };
  constexpr int kNew = 10000000;  // nets that the netlist does not have
  const Json seen = kNew, next = kNew + 1, reset = kNew + 2, moved = kNew + 3, out = kNew + 4;
  Json& cells = module["cells"];
  cells["seen_moved"] = lut_cell(
      "1000000010000000", {bit("m_axis_tvalid"), bit("m_axis_tready"), bit("m_axis_tlast")}, moved);
  cells["seen_next"] = lut_cell("1110111011101110", {seen, moved}, next);
  cells["seen_reset"] = lut_cell("0101010101010101", {bit("rst_ni")}, reset);
  cells["seen_out"] = lut_cell("0110011001100110", {bit("m_axis_tdata"), seen}, out);
  Json& flip_flop = cells["seen"];
  flip_flop = {{"type", "SB_DFFSR"}, {"parameters", Json::object()}};
  flip_flop["port_directions"] = {{"C", "input"}, {"D", "input"}, {"Q", "output"}, {"R", "input"}};
  flip_flop["connections"]["C"] = {bit("clk_i")};
  flip_flop["connections"]["D"] = {next};
  flip_flop["connections"]["Q"] = {seen};
  flip_flop["connections"]["R"] = {reset};
  module["ports"]["m_axis_tdata"]["bits"][0] = out;
  return netlist.dump();
}

/// A fault of synthesis that no first frame shows; the gates have it, too.
TEST_F(VerifyBits, WhatIsLeftOverFromAFrameIsSeen) {
  for (const char* file : {"netlist.json", "gates.json"})
    replace(file, with_second_frame_wrong(read_file(built(file))));
  const CommandResult result = verify("netlist", {"--json", "--images", "2"});
  EXPECT_EQ(result.code, 1) << result.err;
  ASSERT_TRUE(result.json().contains("differing")) << result.err;
  EXPECT_GT(result.json().at("differing"), 0);
  EXPECT_EQ(verdict_of_proof(result), "PROVED");
}

/// The simulation sees nothing of it.
TEST_F(VerifyBits, GatesThatTheNetlistWasNotMadeOfAreNoticed) {
  std::string gates = read_file(built("gates.json"));
  const std::size_t place = gates.find("\"$_AND_\"", gates.size() / 4);
  ASSERT_NE(place, std::string::npos);
  gates.replace(place, 8, "\"$_NOR_\"");
  replace("gates.json", gates);
  const CommandResult result = verify("netlist", {"--json"});
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_EQ(result.json().at("verdict"), "INCONCLUSIVE");
  EXPECT_EQ(result.json().at("differing"), 0);
  EXPECT_EQ(verdict_of_proof(result), "UNPROVED");
  EXPECT_FALSE(result.json().at("proof").at("failures").empty());
}

TEST_F(VerifyBits, FlippedBitsAreCaughtOrProvedHarmless) { flip_bits(8, 4); }
TEST_F(VerifyBitsNightly, FlippedBitsAreCaughtOrProvedHarmless) { flip_bits(500, 4); }

TEST_F(VerifyBits, SwappedPinsAreCaught) {
  const std::string swapped = swap_pins("s_axis_tdata[0]", "s_axis_tdata[1]");
  const CommandResult result = verify("bitstream", {"--json"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.json().at("verdict"), "DIFFERENT");
  EXPECT_NE(verdict_of_proof(result), "PROVED");
  const CommandResult shown = run_assay_as_is({"show", out_.string()});
  EXPECT_NE(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("bitstream of ice40-hx8k: DIFFERENT: "));
  // That the file beside it says so, too, makes nothing right.
  replace("constraints.pcf", swapped);
  const CommandResult both = verify("bitstream");
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("constraints.pcf' is not what 'ice40-hx8k' is built with"));
}

TEST_F(VerifyBits, AWrongWordOfAMemoryIsCaught) {
  flip_word();
  const CommandResult result = verify("netlist", {"--json"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.json().at("verdict"), "DIFFERENT");
  EXPECT_NE(verdict_of_proof(result), "PROVED");
}

TEST_F(VerifyBits, APinThatTheRtlDoesNotHaveIsRefused) {
  for (const char* direction : {"input", "output"}) {
    Json netlist = Json::parse(read_file(built("netlist.json")));
    for (auto& [name, module] : netlist["modules"].items())
      if (module["ports"].contains("s_axis_tdata"))
        module["ports"]["evil"] = {{"direction", direction},
                                   {"bits", {direction[0] == 'i' ? Json(9999999) : Json("0")}}};
    replace("netlist.json", netlist.dump());
    const CommandResult result = verify("netlist");
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.err,
                HasSubstr(direction + std::string(" 'evil' that the run's RTL does not have")));
  }
}

/// Bits that are proved equal to a netlist are as good as that is.
TEST_F(VerifyBits, BitsAreNotBetterThanTheirNetlist) {
  const CommandResult alone = verify("bitstream");
  EXPECT_EQ(alone.code, 0);
  EXPECT_THAT(alone.out, HasSubstr("NOT SEEN: streams inside, as build/ice40-hx8k/netlist.json was "
                                   "not verified: assay verify DIR --level netlist"));
  ASSERT_EQ(verify("netlist").code, 0);
  EXPECT_THAT(verify("bitstream").out, Not(HasSubstr("NOT SEEN")));
  for (const std::string verdict : {"DIFFERENT", "INCONCLUSIVE"}) {
    edit_report(out_ / "reports/netlist-ice40-hx8k.json",
                [&](Json& report) { report["verdict"] = verdict; });
    const CommandResult wrong = verify("bitstream");
    EXPECT_EQ(wrong.code, 3);
    EXPECT_THAT(wrong.out,
                HasSubstr("which it is held against, is " + verdict + " at level netlist"));
  }
}

/// The bits of the same layers with other weights.
TEST_F(VerifyBitsNightly, WeightsOfAnotherNetworkAreCaught) {
  const fs::path other = dir_.path() / "other";
  succeed(small_run(save_integer_network(dir_.path() / "other.onnx", 2), other));
  ASSERT_EQ(run_assay_as_is({"build", other.string(), "--target", kTarget}).code, 0);
  take_from(other);
  const CommandResult result = verify("bitstream", {"--json"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_EQ(result.json().at("verdict"), "DIFFERENT");
}

TEST_F(VerifyBits, AWrongTableOfTheNetlistIsDifferent) {
  const std::string text = read_file(built("netlist.json"));
  std::mt19937 random(3);
  std::vector<std::size_t> tables;
  for (std::size_t at = text.find("\"LUT_INIT\""); at != std::string::npos;
       at = text.find("\"LUT_INIT\"", at + 1))
    tables.push_back(text.find_first_of("01", at));
  ASSERT_GT(tables.size(), 20U);
  int different = 0;
  for (int i = 0; i < 6; ++i) {
    std::string faulty = text;
    char& bit = faulty[tables[random() % tables.size()] + random() % 16];
    bit = bit == '1' ? '0' : '1';
    replace("netlist.json", faulty);
    const int code = verify("netlist").code;
    if (code != 0) ++different;
    // What the bits were made from is another netlist now.
    EXPECT_TRUE(code == 0 || verify("bitstream").code != 0) << "fault " << i;
  }
  EXPECT_GE(different, 2);
}

TEST_F(VerifyBits, LayersAreProvedWhereItCloses) {
  const CommandResult result = verify("netlist", {"--images", "4", "--prove-layers"});
  ASSERT_EQ(result.code, 0) << result.err;
  const Json layers = Json::parse(read_file(out_ / "reports/netlist-ice40-hx8k.json")).at("layers");
  EXPECT_GT(layers.size(), 2U);
  std::size_t proved = 0;
  for (const Json& layer : layers) {
    if (layer.at("verdict") == "PROVED")
      ++proved;
    else
      EXPECT_NE(layer.at("reason"), "") << layer;
  }
  EXPECT_GT(proved, 0U);
  EXPECT_THAT(result.out,
              HasSubstr(fmt::format("{} of {} different layers PROVED", proved, layers.size())));
  for (const char* level : {"bitstream", "rtl-top"})
    EXPECT_EQ(verify(level, {"--prove-layers"}).code, 2) << level;
  forge_report(out_ / "reports/build-ice40-hx8k.json",
               [](Json& report) { report["layer_gates"].begin().value() = std::string(64, '0'); });
  EXPECT_THAT(verify("netlist", {"--images", "4", "--prove-layers"}).err,
              HasSubstr("was not made of these layers' gates"));
}

TEST_F(VerifyBits, VerilatorIsASecondOpinion) {
  const auto asked = [&](const std::string& level) {
    return verify(level, {"--json", "--images", "4", "--second-opinion", "2"}).json();
  };
  const Json opinion = asked("bitstream").at("second_opinion");
  EXPECT_EQ(opinion.at("fault"), "");
  EXPECT_EQ(opinion.at("images").size(), 2U);
  EXPECT_GT(opinion.at("predicted"), 0);
  EXPECT_EQ(opinion.at("compared"), opinion.at("predicted"));
  EXPECT_EQ(opinion.at("canaries").at("caught"), opinion.at("canaries").at("planted"));
  // All tables turned round: neither simulator misses that.
  std::string text = read_file(built("netlist.json"));
  for (std::size_t at = text.find("\"LUT_INIT\""); at != std::string::npos;
       at = text.find("\"LUT_INIT\"", at + 1)) {
    const std::size_t first = text.find_first_of("01", at);
    for (std::size_t i = first; i < first + 16; ++i) text[i] = text[i] == '1' ? '0' : '1';
  }
  replace("netlist.json", text);
  const Json wrong = asked("netlist");
  EXPECT_EQ(wrong.at("verdict"), "DIFFERENT");
  EXPECT_NE(wrong.at("second_opinion").at("fault"), "");
}

TEST_F(VerifyBits, AnUltraScalePartHasItsNetlist) {
  target_ = "xczu3eg";
  const CommandResult built_now = run_assay_as_is({"build", out_.string(), "--target", target_});
  ASSERT_EQ(built_now.code, 0) << built_now.err;
  EXPECT_THAT(read_file(built("netlist.json")), HasSubstr("\"type\": \"RAM64M8\""));
  const Json netlist = verify("netlist", {"--json"}).json();
  EXPECT_EQ(netlist.at("verdict"), "EQUIVALENT") << netlist.at("reason");
  EXPECT_GT(netlist.at("predicted"), 0);
  EXPECT_EQ(netlist.at("compared"), netlist.at("predicted"));
  EXPECT_EQ(netlist.at("proof").at("verdict"), "PROVED");
}

TEST_F(VerifyBits, APartWithoutOpenToolsHasItsNetlist) {
  target_ = "xc7z020";
  const CommandResult built_now = run_assay_as_is({"build", out_.string(), "--target", target_});
  ASSERT_EQ(built_now.code, 0) << built_now.err;
  EXPECT_THAT(built_now.out, HasSubstr("no clock and no bitstream"));
  const Json netlist = verify("netlist", {"--json"}).json();
  EXPECT_EQ(netlist.at("verdict"), "EQUIVALENT") << netlist.at("reason");
  EXPECT_GT(netlist.at("predicted"), 0);
  EXPECT_EQ(netlist.at("compared"), netlist.at("predicted"));
  EXPECT_GT(netlist.at("streams").size(), 3U) << "streams inside keep their names";
  const CommandResult bits = verify("bitstream");
  EXPECT_EQ(bits.code, 2);
  EXPECT_THAT(bits.err, HasSubstr("no open tools make a bitstream of 'xc7z020'"));
  const CommandResult again = run_assay_as_is({"build", out_.string(), "--target", target_});
  EXPECT_THAT(again.out, HasSubstr(" s (kept)\n"));
  // Every table of six inputs inverted.
  std::string faulty = read_file(built("netlist.json"));
  std::int64_t inverted = 0;
  const std::string six = "\"type\": \"LUT6\"", init = "\"INIT\": \"";
  for (std::size_t at = faulty.find(six); at != std::string::npos; at = faulty.find(six, at + 1)) {
    for (std::size_t i = faulty.find(init, at) + init.size(); faulty[i] != '"'; ++i)
      faulty[i] = faulty[i] == '1' ? '0' : '1';
    ++inverted;
  }
  ASSERT_GT(inverted, 10);
  replace("netlist.json", faulty);
  EXPECT_EQ(verify("netlist").code, 1);
}

// The first layer's products, of 8 bits by 3, come into DSPs.
TEST_F(VerifyDspBits, AreReadBackAndProved) {
  const Json build = Json::parse(read_file(out_ / "reports/build-ice40-up5k.json"));
  EXPECT_GT(build.at("total").at("dsp"), 0);
  const Json bits = verify("bitstream", {"--json"}).json();
  EXPECT_EQ(bits.at("verdict"), "EQUIVALENT") << bits.at("reason");
  EXPECT_EQ(bits.at("compared"), bits.at("predicted"));
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
}

TEST_F(VerifyBits, RefusesWhatIsNotWhatWasBuilt) {
  const auto refuses = [&](const std::string& level, const std::string& message) {
    const CommandResult result = verify(level);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  const std::string bin = read_file(built("bitstream.bin"));
  std::string damaged = bin;
  damaged[damaged.size() / 2] ^= 1;
  write_file(built("bitstream.bin"), damaged);
  refuses("bitstream", "is not what the build left there");
  replace("bitstream.bin", damaged);
  refuses("bitstream", "CRC");
  // The report names another file, or another module.
  const fs::path report = out_ / "reports" / fmt::format("build-{}.json", target_);
  const std::string right = read_file(report);
  write_file(built("good.bin"), bin);
  forge_report(report, [&](Json& json) {
    for (Json& step : json["steps"])
      for (Json& file : step["files"])
        if (file["file"].get<std::string>().ends_with("/bitstream.bin"))
          file = {{"file", "build/ice40-hx8k/good.bin"}, {"sha256", sha256(bin)}};
  });
  refuses("bitstream", "has no build/ice40-hx8k/bitstream.bin");
  write_file(report, right);
  forge_report(report, [](Json& json) { json["design"] = "zz"; });
  refuses("netlist", "was edited");
  write_file(report, right);
  replace("bitstream.bin", bin.substr(0, bin.size() / 2));
  refuses("bitstream", "bitstream.bin");
  // The same design for another part.
  ASSERT_EQ(run_assay_as_is({"build", out_.string(), "--target", "ice40-up5k"}).code, 0);
  replace("bitstream.bin", read_file(out_ / "build/ice40-up5k/bitstream.bin"));
  refuses("bitstream", "another part");
  // Newer RTL: another folding.
  ASSERT_EQ(run_assay_as_is({"run", model_.string(), "--images", "6", "--target-cycles", "2048",
                             "--out", out_.string()})
                .code,
            0);
  refuses("netlist", "nothing was built for");
}

/// Names in them were made printable where they were written.
TEST(BitsTable, LeavesQuotesInSentencesAlone) {
  report::Bits report;
  report.verdict = Verdict::kDifferent;
  report.reason = "beats of 'a' differ";
  report.proof.emplace().reason = "memory 'b' holds other bits";
  report.proof->failures.push_back({"output of 'c'", "", {}, false});
  const std::string table = bits_table(report);
  EXPECT_THAT(table, HasSubstr(report.reason));
  EXPECT_THAT(table, HasSubstr(report.proof->reason));
  EXPECT_THAT(table, HasSubstr("output of 'c'"));
}

}  // namespace
}  // namespace assay
