// SPDX-License-Identifier: Apache-2.0
// A run's accelerator in a board's shell: built, read back from its bits, spoken to over its line.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <regex>
#include <sstream>
#include <utility>

#include "base/temp_dir.h"
#include "bits/small_run.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/bits/serial_netlist.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A board's netlist with cells between what it says and its line.
class Tampered {
 public:
  explicit Tampered(const std::string& netlist)
      : file_(Json::parse(netlist)), module_(file_["modules"]["assay_board"]) {
    for (const auto& [name, net] : module_["netnames"].items())
      for (const Json& bit : net["bits"])
        if (bit.is_number()) next_ = std::max(next_, bit.get<int>() + 1);
  }
  std::string text() const { return file_.dump(); }

  /// Bytes f0 for ever, at four cycles a bit.
  void babble() {
    const int back = next_++;
    tx() = delayed(back, 20);
    add("SB_LUT4", {{"I0", tx()}, {"I1", "0"}, {"I2", "0"}, {"I3", "0"}, {"O", back}},
        {{"LUT_INIT", "0000000000000001"}});
  }
  /// Turns one bit of the first packet.
  void garble() {
    const Json begins = delayed("1", 160), ends = delayed(begins, 4), said = tx();
    tx() = next_++;
    add("SB_LUT4", {{"I0", said}, {"I1", begins}, {"I2", ends}, {"I3", "0"}, {"O", tx()}},
        {{"LUT_INIT", "0000000010100110"}});
  }

 private:
  Json& tx() { return module_["ports"]["tx_o"]["bits"][0]; }
  /// `pins` with one net each.
  void add(const char* type, const Json& pins, const Json& parameters) {
    Json connections;
    for (const auto& [pin, net] : pins.items()) connections[pin] = Json::array({net});
    module_["cells"][fmt::format("tampered{}", next_++)] = {
        {"type", type}, {"parameters", parameters}, {"connections", connections}};
  }
  /// What is there so many cycles later, and zero until then.
  Json delayed(Json net, int cycles) {
    const Json clock = module_["ports"]["clk_i"]["bits"][0];
    for (; cycles > 0; --cycles) {
      const int q = next_++;
      add("SB_DFF", {{"C", clock}, {"D", net}, {"Q", q}}, Json::object());
      net = q;
    }
    return net;
  }

  Json file_;
  Json& module_;
  int next_ = 0;
};

/// Text for people, in which the images are once said to be simulated: then something happens.
class WhenSimulated : public std::stringbuf {
 public:
  explicit WhenSimulated(std::function<void()> happens) : happens_(std::move(happens)) {}

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    if (std::string_view(text, static_cast<std::size_t>(size)).starts_with("board: ") && happens_)
      std::exchange(happens_, {})();
    return std::stringbuf::xsputn(text, size);
  }

 private:
  std::function<void()> happens_;
};

/// A small residual network on a board.
class OnBoard : public ::testing::Test {
 protected:
  OnBoard(std::string board, std::vector<std::string> tools)
      : board_(std::move(board)), tools_(std::move(tools)) {}
  void SetUp() override {
    for (const std::string& tool : tools_)
      if (!fpga::has_tool(tool)) GTEST_SKIP() << "needs " << tool;
    fill_with_small_run(dir_.path());
  }
  /// Four cycles a bit.
  void build(int clock_mhz) const {
    const CommandResult built =
        run_assay_as_is({"build", out_.string(), "--target", board_, "--clock",
                         std::to_string(clock_mhz), "--baud", std::to_string(clock_mhz * 250000)});
    ASSERT_EQ(built.code, 0) << built.err << built.out;
  }
  CommandResult verify(const std::string& level) const {
    return run_assay_as_is(
        {"verify", out_.string(), "--level", level, "--target", board_, "--images", "2", "--json"});
  }
  fs::path built_file(const std::string& name) const { return out_ / "build" / board_ / name; }
  /// Puts other bytes in the place of a file, and makes the report say so.
  void replace(const std::string& name, const std::string& bytes) const {
    write_file(built_file(name), bytes);
    forge_report(report(), [&](Json& build) {
      for (Json& step : build["steps"])
        for (Json& file : step["files"])
          if (file["file"].get<std::string>().ends_with("/" + name)) file["sha256"] = sha256(bytes);
    });
  }
  /// Of a few tables of the accelerator that are turned over, one is seen in what boards answer.
  void expect_wrong_tables_are_seen() const {
    const std::string right = read_file(built_file("netlist.json"));
    const Json netlist = Json::parse(right);
    int seen = 0, tried = 0;
    for (const auto& [name, cell] : netlist["modules"]["assay_board"]["cells"].items()) {
      if (cell["type"] != "SB_LUT4" || ++tried % 97 != 0) continue;
      Json wrong = netlist;
      Json& table = wrong["modules"]["assay_board"]["cells"][name]["parameters"]["LUT_INIT"];
      std::string rows = table.get<std::string>();
      for (char& row : rows) row = row == '0' ? '1' : '0';
      table = rows;
      replace("netlist.json", wrong.dump());
      const Json report = verify("netlist").json();
      EXPECT_NE(report.at("verdict"), "EQUIVALENT") << name;
      if (report.at("differing") > 0) {
        EXPECT_THAT(report.at("first_mismatch").get<std::string>(), HasSubstr("image "));
        ++seen;
      }
      if (seen > 0 || tried > 600) break;
    }
    EXPECT_GT(seen, 0);
    replace("netlist.json", right);
  }
  /// What becomes of a board whose line is tampered with, simulated.
  Json verify_tampered(void (Tampered::*how)()) const {
    const std::string right = read_file(built_file("netlist.json"));
    Tampered netlist(right);
    (netlist.*how)();
    replace("netlist.json", netlist.text());
    const Json report = verify("netlist").json();
    replace("netlist.json", right);
    EXPECT_EQ(report.at("verdict"), "DIFFERENT");
    return report;
  }
  void expect_endless_talk_is_seen() const {
    const Json report = verify_tampered(&Tampered::babble);
    EXPECT_EQ(report.at("compared"), 0);
    EXPECT_THAT(report.at("reason").get<std::string>(), HasSubstr("the board talks without end"));
  }
  /// The results are right all the same.
  void expect_garbled_line_is_seen() const {
    const Json report = verify_tampered(&Tampered::garble);
    EXPECT_EQ(report.at("compared"), report.at("predicted"));
    EXPECT_EQ(report.at("differing"), 0);
    EXPECT_THAT(report.at("reason").get<std::string>(),
                HasSubstr("the board garbles its own line: 64 damaged packets, 0 repeats"));
  }
  CommandResult verify_and_when_simulated(std::function<void()> happens) const {
    WhenSimulated err(std::move(happens));
    std::ostringstream out;
    std::ostream errors(&err);
    CommandResult result;
    result.code = run_command_line(
        {"verify", out_.string(), "--level", "netlist", "--target", board_, "--images", "2"}, out,
        errors, false);
    result.out = out.str();
    result.err = err.str();
    return result;
  }
  /// Its bytes alone, and then with the report that speaks of them.
  void expect_exchanged_file_is_seen() const {
    const std::string right = read_file(built_file("netlist.json"));
    const std::string same = Json::parse(right).dump();
    ASSERT_NE(right, same);
    const CommandResult refused =
        verify_and_when_simulated([&] { write_file(built_file("netlist.json"), same); });
    EXPECT_EQ(refused.code, 2) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("is not what the build left there"));
    replace("netlist.json", right);
    const CommandResult forged = verify_and_when_simulated([&] { replace("netlist.json", same); });
    EXPECT_EQ(forged.code, 3) << forged.err;
    EXPECT_THAT(forged.out, HasSubstr("the run was changed while its images were simulated"));
    replace("netlist.json", right);
  }
  fs::path report() const { return out_ / "reports" / fmt::format("build-{}.json", board_); }

  const std::string board_;
  const std::vector<std::string> tools_;
  TempDir dir_;
  fs::path out_ = dir_.path() / "out";
};

/// An iCEBreaker, whose oscillator has 12 MHz.
class VerifyBoard : public OnBoard {
 protected:
  VerifyBoard() : OnBoard("icebreaker", {"yosys", "yosys-abc", "nextpnr-ice40", "icepack"}) {}
};

/// One test, as the build takes longest.
TEST_F(VerifyBoard, ItsBitsAnswerAsGoldenDoesAndAreProved) {
  build(12);
  const Json build = Json::parse(read_file(report()));
  EXPECT_EQ(build.at("design"), "assay_board");
  EXPECT_EQ(build.at("baud"), 3000000);
  EXPECT_EQ(build.at("clock_mhz"), 12);
  for (const Json& layer : build.at("layers"))  // by name, though they lie two modules deeper
    if (layer.at("operator") == "MVAU") {
      EXPECT_GT(layer.at("cells").at("lut"), 0) << layer.at("node");
    }

  const Json netlist = verify("netlist").json();
  EXPECT_EQ(netlist.at("verdict"), "EQUIVALENT") << netlist.at("reason");
  const CommandResult result = verify("bitstream");
  EXPECT_EQ(result.code, 0) << result.err;
  const Json bits = result.json();
  EXPECT_EQ(bits.at("verdict"), "EQUIVALENT") << bits.at("reason");
  // Each of 64 boards gets three, one behind the other.
  EXPECT_EQ(bits.at("predicted"), 192);
  EXPECT_EQ(bits.at("compared"), 192);
  EXPECT_EQ(bits.at("canaries").at("caught"), 192);
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
  EXPECT_GT(bits.at("proof").at("functions"), 100);

  const CommandResult host = run_assay_as_is({"host", out_.string(), "--simulate", "bitstream",
                                              "--target", board_, "--images", "1", "--json"});
  EXPECT_EQ(host.code, 0) << host.err;
  EXPECT_EQ(host.json().at("simulated"), "bitstream");
  EXPECT_EQ(host.json().at("compared"), 1);
  EXPECT_EQ(run_assay_as_is({"show", out_.string(), "--check"}).code, 0);

  expect_wrong_tables_are_seen();
  expect_endless_talk_is_seen();
  expect_garbled_line_is_seen();
  expect_exchanged_file_is_seen();

  const auto refuses = [](const std::vector<std::string>& arguments, const std::string& message) {
    const CommandResult result = run_assay_as_is(arguments);
    EXPECT_EQ(result.code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  const std::string out = out_.string();
  refuses({"build", out, "--target", "ice40-hx8k", "--baud", "9600"}, "is a part");
  refuses({"build", out, "--target", board_, "--baud", "7000000"}, "cannot make 7000000 baud");
  refuses({"host", out, "--simulate", "bitstream"}, "needs --target");
  refuses({"host", out, "--simulate", "rtl", "--target", board_}, "--target belongs to");
  refuses({"host", out, "--simulate", "netlist", "--target", "ulx3s-25"}, "nothing was built for");
}

using VerifyBoardNightly = VerifyBoard;

// Settings that are not what they have to be are refused in tests/backend/ice40_pll_test.cc.
TEST_F(VerifyBoardNightly, ItsPllIsHeldAgainstTheClockThatWasAskedFor) {
  const auto bitstream = [&] { return built_file("bitstream.bin"); };
  build(18);
  const std::string slower = read_file(bitstream());
  build(24);
  const CommandResult result = verify("bitstream");
  EXPECT_EQ(result.code, 0) << result.err;
  const Json bits = result.json();
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
  // 12 MHz * 64 / 2^5
  const std::string clock = "SB_PLL40_PAD with DIVF 63, DIVQ 5, DIVR 0, FILTER_RANGE 1";
  EXPECT_EQ(bits.at("clock"), clock);
  EXPECT_THAT(run_assay_as_is({"verify", out_.string(), "--level", "netlist", "--target", board_,
                               "--images", "1"})
                  .out,
              HasSubstr("NOT SIMULATED: what makes the clock, " + clock));

  // The same accelerator at another speed: nothing but the proof sees it.
  const std::string faster = read_file(bitstream());
  replace("bitstream.bin", slower);
  const CommandResult swapped = verify("bitstream");
  EXPECT_EQ(swapped.code, 1) << swapped.err;
  EXPECT_THAT(swapped.json().at("proof").at("reason").get<std::string>(),
              AllOf(HasSubstr("the clock: "), HasSubstr(clock)));
  replace("bitstream.bin", faster);

  std::string netlist = read_file(built_file("netlist.json"));
  const std::regex divider(R"(("DIVF": "0*11111)1")");  // the library has it, too, as 0
  ASSERT_TRUE(std::regex_search(netlist, divider));
  netlist = std::regex_replace(netlist, divider, "$010\"");
  replace("netlist.json", netlist);
  const CommandResult edited = verify("netlist");
  EXPECT_EQ(edited.code, 2) << edited.out;
  EXPECT_THAT(edited.err, HasSubstr("is not made as 'icebreaker' is built"));
}

/// A ULX3S, whose oscillator has 25 MHz.
class VerifyEcp5BoardNightly : public OnBoard {
 protected:
  VerifyEcp5BoardNightly()
      : OnBoard("ulx3s-25", {"yosys", "yosys-abc", "nextpnr-ecp5", "ecppack"}) {}
};

TEST_F(VerifyEcp5BoardNightly, ItsPllIsHeldAgainstTheClockThatWasAskedFor) {
  build(30);
  const std::string slower = read_file(built_file("bitstream.bit"));
  build(40);
  const CommandResult result = verify("bitstream");
  EXPECT_EQ(result.code, 0) << result.err;
  const Json bits = result.json();
  EXPECT_EQ(bits.at("verdict"), "EQUIVALENT") << bits.at("reason");
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
  // 25 MHz / 5 * 8, of an oscillator at 400 MHz.
  EXPECT_EQ(bits.at("clock"),
            "EHXPLLL with CLKFB_DIV 8, CLKI_DIV 5, CLKOP_CPHASE 5, CLKOP_DIV 10, CLKOP_FPHASE 0, "
            "ICP_CURRENT 12, LPF_RESISTOR 8");
  replace("bitstream.bit", slower);
  const CommandResult swapped = verify("bitstream");
  EXPECT_EQ(swapped.code, 1) << swapped.err;
  EXPECT_THAT(swapped.json().at("proof").at("reason").get<std::string>(),
              AllOf(HasSubstr("the clock: "), HasSubstr("CLKFB_DIV 6")));

  std::string netlist = read_file(built_file("netlist.json"));
  const std::regex divider(R"(("CLKFB_DIV": "0*1000)\")");
  ASSERT_TRUE(std::regex_search(netlist, divider));
  netlist = std::regex_replace(netlist, divider, "$010\"");
  replace("netlist.json", netlist);
  const CommandResult edited = verify("netlist");
  EXPECT_EQ(edited.code, 2) << edited.out;
  EXPECT_THAT(edited.err, HasSubstr("is not made as 'ulx3s-25' is built"));
}

/// q follows rx a cycle later; with `open` it wakes up as anything.
netlist::Netlist follower(bool open) {
  netlist::Netlist n;
  const netlist::Net clock = n.new_net(), rx = n.new_net(), q = n.new_net();
  n.ports = {{"clk_i", true, {clock}}, {"rx_i", true, {rx}}, {"tx_o", false, {q}}};
  n.flip_flops.push_back({.name = "q",
                          .q = q,
                          .d = rx,
                          .clock = clock,
                          .initial = open ? netlist::Initial::kUnknown : netlist::Initial::kOne});
  return n;
}

TEST(SerialNetlist, StepsAClockAtATime) {
  const auto device = serial_netlist(follower(false), 1);
  EXPECT_TRUE(device->step(false));
  EXPECT_FALSE(device->step(true));
  EXPECT_TRUE(device->step(true));
}

TEST(SerialNetlist, WhatDependsOnHowItWokeUpIsNoAnswer) {
  const auto device = serial_netlist(follower(true), 1);
  EXPECT_THROW(device->step(true), std::runtime_error);
}

TEST(SerialNetlist, RefusesADesignWithoutItsPads) {
  netlist::Netlist n = follower(false);
  n.ports[1].name = "other";
  EXPECT_THROW(serial_netlist(n, 1), UserError);
}

}  // namespace
}  // namespace assay
