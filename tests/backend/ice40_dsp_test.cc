// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "backend/ice40_bits.h"
#include "backend/ice40_flow.h"
#include "compile/netlist/ice40_mac.h"
#include "sim/proof/proof.h"

namespace assay::ice40::test {
namespace ice40_dsp_test {

using ::testing::HasSubstr;

/// Without the pass that makes DSPs of products, which changes those that are there, too.
Built placed(const std::string& verilog, std::uint64_t seed = 1) {
  return route(synthesise(verilog, TempDir()), Device::k5k, seed);
}

sim::ProofResult prove(const netlist::Netlist& bits, const netlist::Netlist& synthesised) {
  const TempDir folder;
  return sim::prove_equal(bits, synthesised, {}, folder.path());
}

void expect_proved(const Built& built, const netlist::Netlist& bits) {
  const sim::ProofResult result = prove(bits, built.synthesised);
  EXPECT_EQ(result.verdict, sim::ProofVerdict::kProved) << result.reason;
  EXPECT_THAT(result.canary, HasSubstr("row "));
}

/// A product with a register behind it, an accumulated one, and one of what is no register.
constexpr const char* kProducts = R"(
  module top(input clk, input reset, input enable, input [7:0] x, output reg [7:0] y);
    reg signed [15:0] a, b; reg signed [31:0] sum; reg signed [25:0] q;
    reg [8:0] c;
    wire [17:0] small = (c ^ {x, enable}) * a[8:0];
    always @(posedge clk) begin
      a <= {a[7:0], x};
      if (enable) b <= {b[7:0], a[15:8]};
      c <= c ^ {x, 1'b1};
      q <= $signed({1'b0, c}) * b;
      sum <= reset ? 32'h0 : sum + a * b;
      y <= q[25:18] ^ q[17:10] ^ q[9:2] ^ q[1:0] ^ sum[7:0] ^ sum[15:8] ^ sum[23:16] ^
           sum[31:24] ^ small[17:10] ^ small[9:2] ^ small[1:0];
    end
  endmodule)";

TEST(Ice40Dsp, ProductsAreAsSynthesisedAndProved) {
  NEEDS_ICE40_TOOLS();
  const Built built = route(synthesise(kProducts, TempDir(), "-dsp"), Device::k5k, 1);
  EXPECT_THAT(built.json, HasSubstr("SB_MAC16"));
  const netlist::Netlist bits = built.extract().netlist;
  expect_equal(built.synthesised, bits, 1000);
  expect_proved(built, bits);
}

// Both sides have the same gates behind the same pins, which ABC finds equal without search.
TEST(Ice40Dsp, ProductsWithoutRegistersInAllSitesAreProved) {
  NEEDS_ICE40_TOOLS();
  std::string products, sum;
  for (int i = 0; i < 8; ++i) {
    products += fmt::format("  wire [31:0] p{0} = $signed(s[{1}:{2}]) * $signed(s[{3}:{4}]);\n", i,
                            32 * i + 15, 32 * i, 32 * i + 31, 32 * i + 16);
    sum += fmt::format("{}p{}", i == 0 ? "" : " ^ ", i);
  }
  const std::string verilog =
      "module top(input clk, input [7:0] x, output reg [7:0] y);\n  reg [255:0] s; reg [31:0] "
      "f;\n" +
      products + "  always @(posedge clk) begin s <= {s[247:0], s[255:248] ^ x}; f <= " + sum +
      "; y <= f[7:0] ^ f[15:8] ^ f[23:16] ^ f[31:24]; end\nendmodule\n";
  const Built built = route(synthesise(verilog, TempDir(), "-dsp"), Device::k5k, 1);
  const netlist::Netlist bits = built.extract().netlist;
  EXPECT_GT(bits.luts.size(), 8U * 16U * 16U);
  expect_equal(built.synthesised, bits, 100);
  expect_proved(built, bits);
}

/// Settings of a DSP, and pins that all change.
std::string mac(int number, const std::string& settings) {
  return fmt::format(
      "  wire [31:0] o{0}; wire c{0};\n"
      "  SB_MAC16 #({1}) m{0}(.CLK(clk), .CE(s[0] | s[1]), .A(s[24:9] ^ {0}), .B(s[40:25]), "
      ".C(s[56:41]), .D(s[72:57]), .AHOLD(s[2] & s[9]), .BHOLD(s[3] & s[8]), .CHOLD(s[4]), "
      ".DHOLD(s[5]), .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0), "
      ".OLOADTOP(s[6] & s[7]), .OLOADBOT(s[7] & s[8]), .ADDSUBTOP(s[73]), .ADDSUBBOT(s[74]), "
      ".OHOLDTOP(s[75] & s[1]), .OHOLDBOT(s[76] & s[2]), .CI(s[77]), .ACCUMCI(1'b0), "
      ".SIGNEXTIN(1'b0), .O(o{0}), .CO(c{0}));\n",
      number, settings);
}

std::string macs(const std::vector<std::string>& settings) {
  std::string body, sum;
  for (int i = 0; i < static_cast<int>(settings.size()); ++i) {
    body += mac(i, settings[static_cast<std::size_t>(i)]);
    sum += fmt::format(
        " ^ {{7'h0, c{0}}} ^ o{0}[31:24] ^ o{0}[23:16] ^ {{o{0}[14:8], o{0}[15]}} ^ "
        "{{o{0}[4:0], o{0}[7:5]}}",
        i);
  }
  return "module top(input clk, input [7:0] x, output reg [7:0] y);\n"
         "  reg [79:0] s;\n" +
         body + "  always @(posedge clk) begin s <= {s[71:0], s[79:72] ^ x}; y <= x" + sum +
         "; end\nendmodule\n";
}

std::string random_settings(std::mt19937_64& random) {
  std::string text;
  for (const netlist::Ice40MacField& field : netlist::kIce40MacSettings) {
    std::uint64_t value = random() % (1U << field.bits);
    // What the DSP beside it gives has no model.
    if (field.name == "BOTADDSUB_CARRYSELECT" && value == netlist::kIce40MacCarryBeside) value = 3;
    if (field.name == "BOTADDSUB_LOWERINPUT" && value == netlist::kIce40MacSignBeside) value = 2;
    text += fmt::format("{}.{}({})", text.empty() ? "" : ", ", field.name, value);
  }
  return text;
}

class Ice40DspRandom : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Ice40DspRandom, SettingsAreAsSynthesisedAndProved) {
  NEEDS_ICE40_TOOLS();
  std::mt19937_64 random(GetParam());
  const std::string verilog = macs({random_settings(random), random_settings(random)});
  SCOPED_TRACE(verilog);
  const Built built = placed(verilog, GetParam());
  const netlist::Netlist bits = built.extract().netlist;
  expect_equal(built.synthesised, bits, 1000);
  expect_proved(built, bits);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ice40DspRandom, ::testing::Values(1U, 2U));

using Ice40DspRandomNightly = Ice40DspRandom;
TEST_P(Ice40DspRandomNightly, SettingsAreAsSynthesisedAndProved) {
  NEEDS_ICE40_TOOLS();
  std::mt19937_64 random(GetParam());
  const Built built =
      placed(macs({random_settings(random), random_settings(random), random_settings(random)}),
             GetParam());
  const netlist::Netlist bits = built.extract().netlist;
  expect_equal(built.synthesised, bits, 1000);
  expect_proved(built, bits);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Ice40DspRandomNightly, ::testing::Range<std::uint64_t>(3, 20));

/// Every register and every pin counts.
const Built& accumulator() {
  static const Built built = placed(macs(
      {".A_REG(1), .B_REG(1), .C_REG(1), .D_REG(1), .TOP_8x8_MULT_REG(1), .BOT_8x8_MULT_REG(1), "
       ".PIPELINE_16x16_MULT_REG1(1), .PIPELINE_16x16_MULT_REG2(1), .TOPOUTPUT_SELECT(1), "
       ".TOPADDSUB_LOWERINPUT(2), .TOPADDSUB_UPPERINPUT(0), .TOPADDSUB_CARRYSELECT(2), "
       ".BOTOUTPUT_SELECT(1), .BOTADDSUB_LOWERINPUT(2), .BOTADDSUB_UPPERINPUT(0), "
       ".BOTADDSUB_CARRYSELECT(0), .MODE_8x8(0), .A_SIGNED(1), .B_SIGNED(1)"}));
  return built;
}

ChipDb database(const Bitfile& bits) {
  std::vector<std::uint8_t> explained;
  return read_chipdb(chipdb_of(Device::k5k), "db", part_of(Device::k5k).package, bits, explained);
}

struct SettingBit {
  std::string key;
  int x = 0, y = 0, row = 0, column = 0;
  bool set = false;
};

/// The bits of the settings of a site.
std::vector<SettingBit> setting_bits(
    const ChipDb& db, const Bitfile& bits,
    const std::map<std::string, std::vector<std::string>, std::less<>>& fields) {
  std::vector<SettingBit> all;
  for (const auto& [key, values] : fields) {
    if (!values.at(2).starts_with("CBIT_")) continue;
    SettingBit bit{key, std::stoi(values[0]), std::stoi(values[1]), 0, 0, false};
    const auto place = db.functions.at({db.tile(bit.x, bit.y), "IpConfig." + values[2]}).at(0);
    bit.row = place.row, bit.column = place.column;
    bit.set = bits.bit(bit.x, bit.y, bit.row, bit.column);
    all.push_back(bit);
  }
  return all;
}

std::vector<SettingBit> bits_of_the_used_site() {
  const Bitfile bits = read_bitfile(accumulator().routed.bitstream, "design.bin");
  const ChipDb db = database(bits);
  for (const auto& fields : db.macs) {
    std::vector<SettingBit> all = setting_bits(db, bits, fields);
    if (std::any_of(all.begin(), all.end(), [](const SettingBit& bit) { return bit.set; }))
      return all;
  }
  return {};
}

TEST(Ice40Dsp, EveryBitOfItsSettingsIsSeen) {
  NEEDS_ICE40_TOOLS();
  const netlist::Netlist good = accumulator().extract().netlist;
  expect_equal(accumulator().synthesised, good, 600);
  const BitFlipper flipper(Device::k5k);
  const std::vector<SettingBit> all = bits_of_the_used_site();
  EXPECT_EQ(all.size(), 25U);
  for (const SettingBit& bit : all) {
    const std::string bad =
        flipper.flipped(accumulator().routed.bitstream, bit.x, bit.y, bit.row, bit.column);
    try {
      EXPECT_GT(differences(good, accumulator().extract(bad).netlist, 600), 0) << bit.key;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), HasSubstr("from the one beside it has no model")) << bit.key;
    }
  }
}

TEST(Ice40Dsp, FlippedSettingsAndSwappedPinsAreNotProved) {
  NEEDS_ICE40_TOOLS();
  const BitFlipper flipper(Device::k5k);
  for (const SettingBit& bit : bits_of_the_used_site()) {
    if (bit.key != "A_SIGNED" && bit.key != "PIPELINE_16x16_MULT_REG2") continue;
    const netlist::Netlist bad = accumulator()
                                     .extract(flipper.flipped(accumulator().routed.bitstream, bit.x,
                                                              bit.y, bit.row, bit.column))
                                     .netlist;
    EXPECT_EQ(prove(bad, accumulator().synthesised).verdict, sim::ProofVerdict::kRefuted)
        << bit.key;
  }
  netlist::Netlist swapped = accumulator().extract().netlist;
  for (netlist::Port& port : swapped.ports)
    if (port.name == "x") std::swap(port.bits[0], port.bits[1]);
  EXPECT_EQ(prove(swapped, accumulator().synthesised).verdict, sim::ProofVerdict::kRefuted);
}

// nextpnr-ice40 never sets it, whatever NEG_TRIGGER is.
TEST(Ice40Dsp, AFallingClockIsReadFromItsBit) {
  NEEDS_ICE40_TOOLS();
  const Bitfile bits = read_bitfile(accumulator().routed.bitstream, "design.bin");
  const std::vector<SettingBit> all = bits_of_the_used_site();
  const ChipDb db = database(bits);
  const int x = all.front().x;
  int y = all.front().y;  // of the lowest of its four tiles
  while (db.tile(x, y) != TileKind::kDsp2) ++y;
  const auto place = db.functions.at({TileKind::kDsp2, "NegClk"}).at(0);
  const std::string falling =
      BitFlipper(Device::k5k)
          .flipped(accumulator().routed.bitstream, x, y, place.row, place.column);
  EXPECT_THAT(message_of<UserError>([&] { accumulator().extract(falling); }),
              HasSubstr("clock of its own"));
}

TEST(Ice40Dsp, ResetsAreRefused) {
  NEEDS_ICE40_TOOLS();
  std::string verilog = macs({".A_REG(1), .TOPOUTPUT_SELECT(3), .BOTOUTPUT_SELECT(3)"});
  const std::string reset = ".IRSTTOP(1'b0)";
  verilog.replace(verilog.find(reset), reset.size(), ".IRSTTOP(x[0])");
  const std::string json = synthesise(verilog, TempDir());
  const Built built = route(json, Device::k5k, 1,
                            "set_io clk 35\nset_io x[0] 2\nset_io x[1] 3\nset_io x[2] 4\n"
                            "set_io x[3] 6\nset_io x[4] 9\nset_io x[5] 10\nset_io x[6] 11\n"
                            "set_io x[7] 12\nset_io y[0] 13\nset_io y[1] 18\nset_io y[2] 19\n"
                            "set_io y[3] 20\nset_io y[4] 21\nset_io y[5] 23\nset_io y[6] 25\n"
                            "set_io y[7] 26\n");
  EXPECT_THAT(message_of<UserError>([&] { built.extract(); }),
              HasSubstr("of a DSP, an asynchronous reset has no model: its pin IRSTTOP"));
}

}  // namespace ice40_dsp_test
}  // namespace assay::ice40::test
