// SPDX-License-Identifier: Apache-2.0
// ECP5's PLL, read back from the bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "backend/ecp5_flow.h"
#include "compile/backend/ecp5/fabric.h"
#include "compile/base/error.h"
#include "netlist/ecp5_clock.h"
#include "sim/proof/proof.h"

namespace assay::ecp5::test {
namespace ecp5_pll_test {

using ::testing::HasSubstr;

constexpr std::uint32_t k25 = 0x41111043, k85 = 0x41113043;

/// A counter whose clock c a PLL of these pins makes.
std::string counter(const std::string& pins, const std::string& clock = "c") {
  return R"(module top(input clk, input up, output [5:0] y, output lock); wire c;
  (* ICP_CURRENT = 12, LPF_RESISTOR = 8 *)
  EHXPLLL #(.CLKI_DIV(5), .CLKFB_DIV(12), .CLKOP_DIV(10), .CLKOP_CPHASE(5), .CLKOS_ENABLE("DISABLED"),
            .CLKOS2_ENABLE("DISABLED"), .CLKOS3_ENABLE("DISABLED"))
    pll(.CLKI(clk), .CLKFB(c), .CLKOP(c), .LOCK(lock), )" +
         pins + R"();
  reg [5:0] n = 0;
  always @(posedge )" +
         clock + R"() n <= n + {5'b0, up};
  assign y = n;
endmodule)";
}

constexpr const char* kPins =
    ".RST(1'b0), .STDBY(1'b0), .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b0), "
    ".PHASESTEP(1'b0), .PHASELOADREG(1'b0), .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)";
constexpr const char* kPads =
    "LOCATE COMP \"clk\" SITE \"P3\"; LOCATE COMP \"up\" SITE \"A4\"; LOCATE COMP \"lock\" SITE "
    "\"A5\";\n"
    "LOCATE COMP \"y[0]\" SITE \"A6\"; LOCATE COMP \"y[1]\" SITE \"A7\"; LOCATE COMP \"y[2]\" SITE "
    "\"A8\";\n"
    "LOCATE COMP \"y[3]\" SITE \"B4\"; LOCATE COMP \"y[4]\" SITE \"B5\"; LOCATE COMP \"y[5]\" SITE "
    "\"B6\";\n";

const Built& built() {
  static const Built built = build(counter(kPins), k25);
  return built;
}

/// The bits of the counter, and where in them its PLL is.
class PllBits {
 public:
  const Bitfile& bits() const { return bits_; }
  /// With one of them turned.
  Bitfile turned(std::size_t place) const {
    Bitfile other = bits_;
    other.bits[place] = !other.bits[place];
    return other;
  }
  /// Bit `bit` of a word.
  std::size_t place_of_word(std::string_view name, std::size_t bit) {
    for (const Tile* tile : tiles_)
      for (const TileKind::Word& word : database_.kind(tile->kind).words)
        if (word.name == name) return place(*tile, word.bits[bit][0]);
    ADD_FAILURE() << name;
    return 0;
  }
  /// All bits of its settings.
  std::set<std::size_t> places() {
    std::set<std::size_t> result;
    for (const Tile* tile : tiles_) {
      const TileKind& kind = database_.kind(tile->kind);
      for (const TileKind::Setting& setting : kind.settings)
        for (const TileKind::Value& value : setting.values)
          for (const TileBit& bit : value.bits)
            if (!setting.name.starts_with("BANK.")) result.insert(place(*tile, bit));
      for (const TileKind::Word& word : kind.words)
        for (const auto& bits : word.bits)
          for (const TileBit& bit : bits) result.insert(place(*tile, bit));
    }
    return result;
  }
  /// With one wire switched off, of those in its tiles and those beside them that route to it.
  Bitfile without(const std::string& wire) {
    Bitfile other = bits_;
    int cleared = 0;
    for (const Tile& tile : fabric_.tiles()) {
      if (!near(tile) || tile.kind.find("PLL") == std::string::npos) continue;
      for (const TileKind::Mux& mux : database_.kind(tile.kind).muxes)
        if (database_.name(mux.sink.name) == wire)
          for (const TileKind::Arc& arc : mux.arcs)
            if (holds(tile, arc.bits))
              for (const TileBit& bit : arc.bits)
                if (!bit.inverted) other.bits[place(tile, bit)] = false, ++cleared;
    }
    EXPECT_GT(cleared, 0) << wire;
    return other;
  }

 private:
  PllBits(const PllBits&) = delete;
  friend PllBits& pll_bits();
  PllBits() {
    for (const Tile& tile : fabric_.tiles())
      if (tile.kind.starts_with("PLL0_") && fabric_.setting(tile, "MODE") == "EHXPLLL")
        tiles_.push_back(&tile);
    EXPECT_EQ(tiles_.size(), 1U);
    for (const Tile& tile : fabric_.tiles())
      if (near(tile) && fabric_.tile(tile.row, tile.column, "CLKOP_DIV") == &tile)
        tiles_.push_back(&tile);
    EXPECT_EQ(tiles_.size(), 2U);
  }

  bool near(const Tile& tile) const {
    return std::abs(tile.row - tiles_[0]->row) <= 1 &&
           std::abs(tile.column - tiles_[0]->column) <= 1;
  }
  bool holds(const Tile& tile, const std::vector<TileBit>& bits) const {
    return std::all_of(bits.begin(), bits.end(),
                       [&](const TileBit& bit) { return fabric_.holds(tile, bit); });
  }
  std::size_t place(const Tile& tile, const TileBit& bit) const {
    return static_cast<std::size_t>(tile.first_frame + bit.frame) *
               static_cast<std::size_t>(bits_.device->bits_per_frame) +
           static_cast<std::size_t>(tile.first_bit + bit.bit);
  }

  Bitfile bits_ = built().bits();
  Database database_{fpga::trellis_database(), *bits_.device};
  Fabric fabric_{bits_, database_, "design.bit"};
  std::vector<const Tile*> tiles_;
};

PllBits& pll_bits() {
  static PllBits bits;
  return bits;
}

void expect_proved_and_refuted() {
  const netlist::Netlist bits = extract(built().bits(), built().extraction());
  expect_equal(built().synthesised, bits, 300);
  EXPECT_EQ(bits.clock_makers, std::vector{netlist::test::ecp5_clock()});
  EXPECT_EQ(built().synthesised.clock_makers, std::vector{netlist::test::ecp5_clock()});
  const TempDir folder;
  const sim::ProofResult proof = sim::prove_equal(bits, built().synthesised, {}, folder.path());
  EXPECT_EQ(proof.verdict, sim::ProofVerdict::kProved) << proof.reason;

  // Another speed is another design.
  const netlist::Netlist other =
      extract(pll_bits().turned(pll_bits().place_of_word("CLKFB_DIV", 2)), built().extraction());
  EXPECT_EQ(other.clock_makers.at(0).settings.at("CLKFB_DIV"), 16);
  const sim::ProofResult refuted = sim::prove_equal(other, built().synthesised, {}, folder.path());
  EXPECT_EQ(refuted.verdict, sim::ProofVerdict::kRefuted);
  EXPECT_THAT(refuted.reason, HasSubstr("the clock: the rising edge by EHXPLLL with CLKFB_DIV 16"));
}

/// A pin that nothing is on reads 1.
void expect_pins_followed() {
  for (const auto& [wire, pin] : {std::pair("JB1", "RST"),
                                  {"JLSR0", "STDBY"},
                                  {"JB4", "PHASESEL0"},
                                  {"JA4", "PHASESEL1"},
                                  {"JD4", "PHASEDIR"},
                                  {"JC4", "PHASESTEP"},
                                  {"JD3", "PHASELOADREG"},
                                  {"JC2", "PLLWAKESYNC"},
                                  {"JD2", "ENCLKOP"}})
    EXPECT_THAT(refusal(built(), pll_bits().without(wire)),
                HasSubstr(std::string("/EHXPLLL: its ") + pin + " is not 0, which has no model"));
  EXPECT_THAT(refusal(built(), pll_bits().without("CLKFB")),
              HasSubstr("a PLL with other feedback than its output CLKOP has no model"));
  EXPECT_THAT(refusal(built(), pll_bits().without("PLLCSOUT_PLLREFCS")),
              HasSubstr("PLLCSOUT_PLLREFCS, for which there is no rule"));
}

/// Every bit of the PLL, set where it is clear and cleared where it is set: refused, or another clock.
void expect_bits_seen(std::size_t step) {
  const std::set<std::size_t> places = pll_bits().places();
  EXPECT_GT(places.size(), 140U);
  std::size_t number = 0;
  for (const std::size_t place : places) {
    if (number++ % step != 0) continue;
    try {
      EXPECT_NE(extract(pll_bits().turned(place), built().extraction()).clock_makers,
                std::vector{netlist::test::ecp5_clock()})
          << "bit " << place;
    } catch (const UserError&) {
    }
  }
}

/// One test, as place and route takes longest.
TEST(Ecp5PllBits, AreReadAndNoticed) {
  NEEDS_ECP5_TOOLS();
  expect_proved_and_refuted();
  expect_pins_followed();
  expect_bits_seen(29);
}

TEST(Ecp5PllBitsNightly, AreAllNoticed) {
  NEEDS_ECP5_TOOLS();
  expect_bits_seen(1);
}

TEST(Ecp5PllBitsNightly, RefusesWhatHasNoModel) {
  NEEDS_ECP5_TOOLS();
  const auto refused = [](const std::string& verilog) {
    const Built other = build(verilog, k25, 1, kPads);
    return refusal(other, other.bits());
  };
  const std::string pins = kPins;
  const auto with = [&](const std::string& old, const std::string& by) {
    std::string text = pins;
    return text.replace(text.find(old), old.size(), by);
  };
  EXPECT_THAT(refused(counter(with(".RST(1'b0)", ".RST(up)"))),
              HasSubstr("its RST is not 0, which has no model"));
  EXPECT_THAT(refused(counter(pins + ", .ENCLKOS(up)")),
              HasSubstr("its ENCLKOS changes, which has no model"));
  // Past the PLL, which is on.
  EXPECT_THAT(refused(counter(pins, "clk")), HasSubstr("is not the one that EHXPLLL makes"));
  std::string other = counter(pins);
  other.replace(other.find("CLKOS2_ENABLE(\"DISABLED\")"), 25, "CLKOS2_ENABLE(\"ENABLED\")");
  EXPECT_THAT(refused(other), HasSubstr("a PLL whose CLKOS2_ENABLE is ENABLED"));
  other = counter(pins);
  other.replace(other.find("ICP_CURRENT"), 0, "KVCO = 3, ");
  EXPECT_THAT(refused(other), HasSubstr("a PLL whose KVCO is 3"));
}

TEST(Ecp5PllBitsNightly, LargerDevices) {
  NEEDS_ECP5_TOOLS();
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Built other = build(counter(kPins), k85, seed);
    const netlist::Netlist bits = extract(other.bits(), other.extraction());
    expect_equal(other.synthesised, bits, 300);
    EXPECT_EQ(bits.clock_makers, std::vector{netlist::test::ecp5_clock()});
  }
}

}  // namespace ecp5_pll_test
}  // namespace assay::ecp5::test
