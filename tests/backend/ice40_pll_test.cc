// SPDX-License-Identifier: Apache-2.0
// iCE40's PLLs, read back from the bits: what goes past them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "backend/ice40_bits.h"
#include "backend/ice40_flow.h"
#include "compile/backend/ice40/tiles.h"
#include "sim/proof/proof.h"

namespace assay::ice40::test {
namespace ice40_pll_test {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kCore = "SB_PLL40_CORE";
constexpr const char* kPad = "SB_PLL40_PAD";

/// A counter and a register behind it, with clocks by name: c is the PLL's, clk its reference. Pin 49 is the
/// pad at the PLL.
Built counter(const std::string& pll, const std::string& clock, const std::string& last) {
  const bool pad = pll == kPad;
  const std::string verilog = fmt::format(
      R"(module top(input clk, input other, input up, output reg [3:0] y, output lock);
  wire c;
  {} #(.FEEDBACK_PATH("SIMPLE"), .DIVR(0), .DIVF(7'd65), .DIVQ(3'd4), .FILTER_RANGE(3'd1))
    pll(.{}(clk), .PLLOUTGLOBAL(c), .LOCK(lock), .RESETB(1'b1), .BYPASS(1'b0));
  reg [3:0] n = 0;
  always @(posedge {}) n <= n + {{3'b0, up}};
  always @(posedge {}) y <= n ^ {{4{{up}}}};
endmodule)",
      pll, pad ? "PACKAGEPIN" : "REFERENCECLK", clock, last);
  return build(verilog, Device::k1k, 1,
               fmt::format("set_io clk {}\nset_io other 129\nset_io up 2\nset_io lock 3\n"
                           "set_io y[0] 4\nset_io y[1] 7\nset_io y[2] 8\nset_io y[3] 9\n",
                           pad ? 49 : 21));
}

/// As it is meant: the PLL clocks both.
const Built& right(const std::string& pll) {
  static std::map<std::string, Built> built;
  const auto [at, fresh] = built.try_emplace(pll);
  if (fresh) {
    at->second = counter(pll, "c", "c");
    at->second.synthesised =
        netlist::read_yosys_json(at->second.json, "top", netlist::Family::kIce40, "top.json");
  }
  return at->second;
}

sim::ProofResult prove(const netlist::Netlist& bits, const std::string& pll) {
  const TempDir folder;
  return sim::prove_equal(bits, right(pll).synthesised, {}, folder.path());
}

/// Where the netlist has the PLL as the clock of all, no bits that have another one get as far as a proof:
/// behind simplify() the reference and what is made of it are one net.
void expect_refused(const std::string& pll, const std::string& clock, const std::string& last) {
  const Built built = counter(pll, clock, last);
  try {
    const netlist::Netlist bits = built.extract().netlist;
    ADD_FAILURE() << pll << ": " << clock << " and " << last << " are taken, and proved equal: "
                  << (prove(bits, pll).verdict == sim::ProofVerdict::kProved);
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("netlist 'design.bin': the clock of 'x"),
                                    HasSubstr("is not the one that " + pll + " makes")));
  }
}

TEST(Ice40ExtractPll, ARegisterByTheReferenceIsRefused) {
  NEEDS_ICE40_TOOLS();
  EXPECT_EQ(prove(right(kCore).extract().netlist, kCore).verdict, sim::ProofVerdict::kProved);
  expect_refused(kCore, "c", "clk");
}

/// The PLL runs, and nothing is clocked by it.
TEST(Ice40ExtractPll, AllRegistersByTheReferenceAreRefused) {
  NEEDS_ICE40_TOOLS();
  expect_refused(kCore, "clk", "clk");
}

/// A pad that is the PLL's reference reaches nothing else: another one does.
TEST(Ice40ExtractPll, AllRegistersByAnotherPadAreRefused) {
  NEEDS_ICE40_TOOLS();
  EXPECT_EQ(prove(right(kPad).extract().netlist, kPad).verdict, sim::ProofVerdict::kProved);
  expect_refused(kPad, "other", "other");
}

/// The bits with this bit of a setting of the PLL turned over.
std::string turned(const Built& built, const char* key) {
  static const BitFlipper flipper(Device::k1k);
  std::vector<std::uint8_t> explained;
  const Bitfile bits = read_bitfile(built.routed.bitstream, "design.bin");
  const ChipDb db = read_chipdb(chipdb_of(Device::k1k), "db", "tq144", bits, explained);
  const BlockField at = block_field(db.plls.at(0), key);
  const auto place = db.functions.at({db.tile(at.x, at.y), "PLL." + at.what}).at(0);
  return flipper.flipped(built.routed.bitstream, at.x, at.y, place.row, place.column);
}

/// The pad itself would be the clock, or what comes from the fabric.
TEST(Ice40ExtractPll, OneAtAPadWithAnotherTypeIsRefused) {
  NEEDS_ICE40_TOOLS();
  const auto refusal = [](const char* key) {
    return message_of<UserError>([&] { right(kPad).extract(turned(right(kPad), key)); });
  };
  EXPECT_THAT(refusal("PLLTYPE_1"), HasSubstr("that nothing drives"));
  EXPECT_THAT(refusal("PLLTYPE_0"), HasSubstr("the pad of a PLL's output is its reference"));
}

}  // namespace ice40_pll_test
}  // namespace assay::ice40::test
