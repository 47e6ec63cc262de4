// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "build/results.h"
#include "compile/base/error.h"

namespace assay::zynq {
namespace {

using ::testing::HasSubstr;
namespace left = vivado_results;

std::string refusal(const std::function<void()>& body) {
  try {
    body();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(VivadoReports, UtilisationIsRead) {
  const UtilisationReport report = read_utilisation(left::utilisation(), "u.rpt");
  EXPECT_EQ(report.device, "xc7z020clg400-1");
  ASSERT_EQ(report.sites.size(), 5U);  // what has no number of what there is, is part of another
  EXPECT_EQ(report.sites[0].name, "Slice LUTs");
  EXPECT_EQ(report.sites[0].used, 1339);
  EXPECT_EQ(report.sites[0].available, 53200);
  EXPECT_EQ(report.sites[4].name, "Block RAM Tile");
  EXPECT_EQ(report.sites[4].used, 2.5);
  EXPECT_THAT(refusal([] { read_utilisation("nothing", "u.rpt"); }),
              HasSubstr("'u.rpt' is no report of Vivado's"));
  std::string odd = left::utilisation();
  odd.replace(odd.find("| 1339 |"), 8, "| 13x9 |");
  EXPECT_THAT(refusal([&] { read_utilisation(odd, "u.rpt"); }), HasSubstr("'13x9' is no number"));
}

TEST(VivadoReports, HierarchyIsRead) {
  const std::vector<InstanceUse> rows = read_hierarchy(left::hierarchy("u_Conv_0"), "h.rpt");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].instance, "accelerator0");
  EXPECT_EQ(rows[2].instance, "u_Conv_0");
  EXPECT_EQ(rows[2].lut, 111);
  EXPECT_EQ(rows[2].ff, 90);
  EXPECT_EQ(rows[2].ramb36, 1);
  EXPECT_EQ(rows[2].ramb18, 1);
  EXPECT_EQ(rows[2].dsp, 2);
  EXPECT_THAT(refusal([] { read_hierarchy(left::utilisation(), "h.rpt"); }),
              HasSubstr("has no instances"));
  std::string other = left::hierarchy("u_Conv_0");
  other.replace(other.find("RAMB36"), 6, "RAMB99");
  EXPECT_THAT(refusal([&] { read_hierarchy(other, "h.rpt"); }), HasSubstr("no column 'RAMB36'"));
}

TEST(VivadoReports, TimingIsRead) {
  const TimingSummary met = read_timing(left::timing(), "t.rpt");
  EXPECT_EQ(met.device, "7z020-clg400");
  EXPECT_EQ(met.setup_ns, 0.417);
  EXPECT_EQ(met.hold_ns, 0.018);
  const TimingSummary late = read_timing(left::timing("-1.5", "NA"), "t.rpt");
  EXPECT_EQ(late.setup_ns, -1.5);
  EXPECT_FALSE(late.hold_ns.has_value());
  EXPECT_THAT(refusal([] { read_timing(left::timing("NA", "NA"), "t.rpt"); }),
              HasSubstr("'NA' is no number"));
  EXPECT_THAT(refusal([] { read_timing(left::utilisation(), "t.rpt"); }),
              HasSubstr("no whole report_timing_summary"));
  EXPECT_EQ(met.pulse_ns, 3.75);
  EXPECT_EQ(met.failing, 0);
  // Endpoints fail: 55 of setup, 7 of pulse width.
  EXPECT_EQ(read_timing(left::timing("0.417", "0.018", 55, "-1.000", 7), "t.rpt").failing, 62);
  EXPECT_EQ(read_timing(left::timing("0.417", "0.018", 0, "-1.000"), "t.rpt").pulse_ns, -1.0);
  EXPECT_THAT(refusal([] { read_timing(left::timing("inf", "inf"), "t.rpt"); }),
              HasSubstr("'inf' is no number"));
  EXPECT_THAT(refusal([] { read_timing(left::timing() + left::timing("-3.0"), "t.rpt"); }),
              HasSubstr("several design timing summaries"));
}

TEST(VivadoReports, BitsSayWhatTheyAreFor) {
  EXPECT_EQ(bitfile_part(left::bitfile(), "b.bit"), "7z020clg400");
  EXPECT_THAT(refusal([] { bitfile_part(left::bitfile() + "x", "b.bit"); }),
              HasSubstr("speaks of 200 bytes of bits, 201 are there"));
  EXPECT_THAT(refusal([] { bitfile_part(std::string("\0\2ab\0\1cccccc", 12), "b.bit"); }),
              HasSubstr("no .bit"));
  EXPECT_THAT(refusal([] { bitfile_part("", "b.bit"); }), HasSubstr("cut off in its head"));
  require_xclbin(left::xclbin(), "x");
  EXPECT_THAT(refusal([] { require_xclbin(left::xclbin().substr(0, 400), "x"); }),
              HasSubstr("speaks of 412 bytes, 400 are there"));
  EXPECT_THAT(refusal([] { require_xclbin("xclbin3", "x"); }), HasSubstr("is no .xclbin"));
}

TEST(VivadoReports, PartsHaveSeveralNames) {
  for (const char* name : {"xc7z020clg400-1", "7z020clg400", "7z020-clg400", "XC7Z020CLG400-1"})
    EXPECT_TRUE(is_part(name, "xc7z020clg400-1")) << name;
  for (const char* name : {"", "xc7z010clg400-1", "7z020clg484", "xc7z020clg400-2"})
    EXPECT_FALSE(is_part(name, "xc7z020clg400-1")) << name;
}

}  // namespace
}  // namespace assay::zynq
