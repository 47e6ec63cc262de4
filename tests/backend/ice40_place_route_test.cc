// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/place_route.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/ice40_flow.h"

namespace assay::ice40::test {
namespace ice40_place_route_test {

using ::testing::HasSubstr;

constexpr const char* kRegisters = R"(
  module top(input clk, input [3:0] a, output reg [3:0] q);
  reg [3:0] n;
  always @(posedge clk) begin n <= n + a; q <= n ^ q; end
endmodule)";

TEST(Ice40PlaceRoute, SaysHowFastHowMuchAndWhere) {
  NEEDS_ICE40_TOOLS();
  const Built built = build(kRegisters, Device::k1k);
  const fpga::PlaceRouteResult& result = built.routed;
  EXPECT_GT(result.fmax_mhz, 20);
  EXPECT_LT(result.fmax_mhz, 1000);
  double longest = 0;
  for (const fpga::PathStep& step : result.critical_path) longest += step.ns;
  EXPECT_NEAR(1000 / result.fmax_mhz, longest, 0.1);
  EXPECT_EQ(result.critical_path.front().kind, "clk-to-q");
  std::int64_t cells = 0, pins = 0;
  for (const fpga::Utilisation& count : result.utilisation) {
    if (count.name == "ICESTORM_LC") cells = count.used;
    if (count.name == "SB_IO") pins = count.used;
  }
  EXPECT_GE(cells, 8);
  EXPECT_EQ(pins, 9);
  EXPECT_GE(static_cast<std::int64_t>(result.places.size()), pins + 8);
  for (const auto& place : result.places) EXPECT_TRUE(place.x < 14 && place.y < 18) << place.cell;
  EXPECT_THAT(result.routed, HasSubstr(".device 1k"));
}

TEST(Ice40PlaceRoute, SameSeedSameBytes) {
  NEEDS_ICE40_TOOLS();
  const Built once = build(kRegisters, Device::k1k, 5);
  const Built again = route(once.json, Device::k1k, 5), other = route(once.json, Device::k1k, 6);
  EXPECT_EQ(once.routed.bitstream, again.routed.bitstream);
  EXPECT_NE(once.routed.bitstream, other.routed.bitstream);
}

TEST(Ice40PlaceRoute, SaysByHowMuchADesignIsTooLarge) {
  NEEDS_ICE40_TOOLS();
  std::string body;
  for (int i = 0; i < 17; ++i)
    body += fmt::format(
        "  wire [15:0] q{0}; SB_RAM40_4K m{0}(.RDATA(q{0}), .RADDR(a), .RCLK(clk), .RCLKE(1'b1), "
        ".RE(1'b1), .WADDR(a), .WCLK(clk), .WCLKE(1'b1), .WE(a[0]), .MASK(16'h0), "
        ".WDATA({{16{{a[{1}]}}}}));\n",
        i, i % 11);
  std::string sum = "q0[0]";
  for (int i = 1; i < 17; ++i) sum += fmt::format(" ^ q{}[{}]", i, i % 16);
  try {
    build("module top(input clk, input [10:0] a, output y);\n" + body + "assign y = " + sum +
              "; endmodule",
          Device::k1k);
    ADD_FAILURE() << "17 block RAMs in 16";
  } catch (const fpga::DoesNotFit& error) {
    EXPECT_THAT(error.what(), HasSubstr("17 of 16 ICESTORM_RAM"));
    bool counted = false;
    for (const fpga::Utilisation& count : error.utilisation)
      counted |= count.name == "ICESTORM_RAM" && count.used == 17 && count.available == 16;
    EXPECT_TRUE(counted);
  }
}

TEST(Ice40PlaceRoute, SaysWhatTheToolSays) {
  NEEDS_ICE40_TOOLS();
  EXPECT_THAT(message_of<ToolError>(
                  [&] { build(kRegisters, Device::k1k, 1, "set_io clk 21\nset_io a[0] 1\n"); }),
              HasSubstr("unconstrained"));
}

TEST(Ice40PlaceRoute, RefusesReportsThatAreNone) {
  fpga::PlaceRouteResult result;
  for (const char* text :
       {"", "{", "[]", "{}", R"({"fmax":{"c":{}},"utilization":{},"critical_paths":[]})",
        R"({"fmax":{},"utilization":{"a":{"used":"x","available":1}},"critical_paths":[]})"})
    EXPECT_THROW(fpga::read_report(text, result), ToolError) << text;
  EXPECT_THROW(fpga::read_places("{\"modules\":{\"top\":{}}}"), ToolError);
  EXPECT_TRUE(fpga::read_utilisation("Info: nothing").empty());
}

}  // namespace ice40_place_route_test
}  // namespace assay::ice40::test
