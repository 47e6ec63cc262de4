// SPDX-License-Identifier: Apache-2.0
// Products in ECP5's DSP blocks, read back from the bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "backend/ecp5_flow.h"
#include "compile/backend/ecp5/fabric.h"
#include "compile/base/error.h"
#include "sim/proof/proof.h"

namespace assay::ecp5::test {
namespace ecp5_multiplier_test {

using ::testing::HasSubstr;

constexpr std::uint32_t k25 = 0x41111043, k85 = 0x41113043;

/// Products of all senses and widths, of registers with enables, of inputs and of products: more than the two
/// pairs of one block.
constexpr const char* kProducts = R"(
module top(input clk, input en, input [17:0] a, input [11:0] b, output reg [35:0] u, output reg [31:0] w);
  reg [17:0] ra; reg signed [17:0] sa; reg [9:0] rb; reg signed [11:0] sb;
  wire [27:0] p = ra * rb;
  wire signed [29:0] s = sa * sb;
  wire signed [24:0] m = sa * $signed({1'b0, rb[5:0]});
  always @(posedge clk) begin
    if (en) begin ra <= a; sb <= b; end
    sa <= a ^ 18'h15555; rb <= b[9:0];
    u <= {p[17:0], 18'd0} + (s[17:0] * s[29:18]);
    w <= m ^ (a[11:0] * b) ^ {p, s[3:0]};
  end
endmodule)";

const Built& built() {
  static const Built built = build(kProducts, k25, 1, "", "");
  return built;
}

/// The bits of the design, and where in them its multipliers are.
class DspBits {
 public:
  DspBits(const DspBits&) = delete;
  static DspBits& all() {
    static DspBits bits;
    return bits;
  }
  /// With one of them turned.
  Bitfile turned(std::size_t place) const {
    Bitfile other = bits_;
    other.bits[place] = !other.bits[place];
    return other;
  }
  /// Bits of tiles of which one is set: of settings, and of wires between blocks.
  const std::set<std::size_t>& places() const { return places_; }
  const std::set<std::size_t>& cascades() const { return cascades_; }
  /// With one wire less that comes in where an enable or a reset does: a sign, a source.
  std::vector<Bitfile> without_signs() const {
    std::vector<Bitfile> result;
    for (const std::vector<std::size_t>& arc : signs_) {
      result.push_back(bits_);
      for (const std::size_t place : arc) result.back().bits[place] = false;
    }
    return result;
  }

 private:
  DspBits() {
    Database database(fpga::trellis_database(), *bits_.device);
    Fabric fabric(bits_, database, "design.bit");
    for (const Tile& tile : fabric.tiles()) {
      if (tile.kind == "CIB_DSP") find_signs(fabric, tile);
      if (!tile.kind.starts_with("MIB_DSP") && !tile.kind.starts_with("MIB2_DSP")) continue;
      std::set<std::size_t> here;
      bool used = false;
      for (const TileKind::Setting& setting : database.kind(tile.kind).settings)
        for (const TileKind::Value& value : setting.values)
          for (const TileBit& bit : value.bits) {
            here.insert(place(tile, bit));
            used = used || fabric.holds(tile, TileBit{bit.frame, bit.bit, false});
          }
      for (const TileKind::Word& word : database.kind(tile.kind).words)
        for (const auto& bits : word.bits)
          for (const TileBit& bit : bits) here.insert(place(tile, bit));
      if (!used) continue;
      places_.merge(here);
      for (const TileKind::Mux& mux : database.kind(tile.kind).muxes)
        for (const TileKind::Arc& arc : mux.arcs)
          for (const TileBit& bit : arc.bits) cascades_.insert(place(tile, bit));
    }
  }
  void find_signs(Fabric& fabric, const Tile& tile) {
    for (const TileKind::Mux& mux : fabric.database().kind(tile.kind).muxes) {
      const std::string& wire = fabric.database().name(mux.sink.name);
      if (!wire.starts_with("JLSR") && !wire.starts_with("JCE")) continue;
      for (const TileKind::Arc& arc : mux.arcs) {
        if (arc.bits.empty() || !fabric.holds(tile, arc.bits)) continue;
        signs_.emplace_back();
        for (const TileBit& bit : arc.bits)
          if (!bit.inverted) signs_.back().push_back(place(tile, bit));
      }
    }
  }
  std::size_t place(const Tile& tile, const TileBit& bit) const {
    return static_cast<std::size_t>(tile.first_frame + bit.frame) *
               static_cast<std::size_t>(bits_.device->bits_per_frame) +
           static_cast<std::size_t>(tile.first_bit + bit.bit);
  }

  Bitfile bits_ = built().bits();
  std::set<std::size_t> places_, cascades_;
  std::vector<std::vector<std::size_t>> signs_;
};

/// Every bit that says what a block does is to be refused: there is one way to multiply.
void expect_each_refused(const std::set<std::size_t>& places, std::size_t step) {
  std::size_t number = 0;
  for (const std::size_t place : places)
    if (number++ % step == 0) {
      EXPECT_NE(refusal(built(), DspBits::all().turned(place)), "taken") << "bit " << place;
    }
}

void expect_proved(const Built& built) {
  const netlist::Netlist bits = extract(built.bits(), built.extraction());
  expect_equal(built.synthesised, bits, 2000);
  const TempDir folder;
  const sim::ProofResult proof = sim::prove_equal(bits, built.synthesised, {}, folder.path());
  EXPECT_EQ(proof.verdict, sim::ProofVerdict::kProved) << proof.reason;
}

/// Where nothing is on it a pin reads 1: a factor of the block beside, or one with a sign.
void expect_signs_followed(std::size_t step) {
  std::size_t number = 0, sources = 0, products = 0;
  for (const Bitfile& bits : DspBits::all().without_signs()) {
    if (number++ % step != 0) continue;
    const std::string why = refusal(built(), bits);
    if (why == "taken")
      products += differences(built().synthesised, extract(bits, built().extraction()), 200) != 0;
    else
      sources += ::testing::Matches(::testing::ContainsRegex("its SOURCE[AB] is not 0"))(why);
  }
  EXPECT_GE(sources, number / step / 4);
  // Signs of factors whose highest bit is 0 do not show.
  if (step == 1) {
    EXPECT_GE(products, 2U);
  }
}

/// One test, as place and route takes longest.
TEST(Ecp5Multipliers, AreReadAndNoticed) {
  NEEDS_ECP5_TOOLS();
  const auto& used = built().routed.utilisation;
  const auto multipliers =
      std::find_if(used.begin(), used.end(), [](const auto& u) { return u.name == "MULT18X18D"; });
  ASSERT_NE(multipliers, used.end());
  EXPECT_GE(multipliers->used, 5);
  expect_proved(built());
  EXPECT_GT(DspBits::all().places().size(), 300U);
  expect_each_refused(DspBits::all().places(), 199);
  EXPECT_GT(DspBits::all().cascades().size(), 3U);
  expect_each_refused(DspBits::all().cascades(), 7);
  expect_signs_followed(4);
}

TEST(Ecp5MultipliersNightly, EachOfTheirBitsIsNoticed) {
  NEEDS_ECP5_TOOLS();
  expect_each_refused(DspBits::all().places(), 1);
  expect_each_refused(DspBits::all().cascades(), 1);
  expect_signs_followed(1);
}

/// A filter of full width, whose products are summed up in one cycle: nothing cuts between them.
constexpr const char* kFilter = R"(
module top(input clk, input we, input [2:0] at, input signed [17:0] x, output reg signed [39:0] y);
  reg signed [17:0] c [0:7], d [0:7];
  reg signed [39:0] sum;
  integer i;
  always @* begin
    sum = 0;
    for (i = 0; i < 8; i = i + 1) sum = sum + c[i] * d[i];
  end
  always @(posedge clk) begin
    if (we) c[at] <= x;
    d[0] <= x;
    for (i = 1; i < 8; i = i + 1) d[i] <= d[i-1];
    y <= sum;
  end
endmodule)";

TEST(Ecp5MultipliersNightly, ManyAreProved) {
  NEEDS_ECP5_TOOLS();
  expect_proved(build(kFilter, k25, 1, "", ""));
}

TEST(Ecp5MultipliersNightly, LargerDevices) {
  NEEDS_ECP5_TOOLS();
  const Built other = build(kProducts, k85, 2, "", "");
  expect_equal(other.synthesised, extract(other.bits(), other.extraction()), 2000);
}

}  // namespace ecp5_multiplier_test
}  // namespace assay::ecp5::test
