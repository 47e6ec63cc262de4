// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "compile/hw/devices.h"
#include "zynq/designs.h"

namespace assay::zynq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ZynqRegion, IsTheFirstWhileItHoldsTheAccelerator) {
  const hw::Board& card = *hw::find_board("U250");  // four regions
  const hw::Resources has = hw::find_device("U250").has;
  for (std::int64_t hw::Resources::*kind :
       {&hw::Resources::lut, &hw::Resources::ff, &hw::Resources::bram, &hw::Resources::dsp}) {
    hw::Resources needs;
    needs.*kind = has.*kind * 3 / 16;
    EXPECT_EQ(accelerator_region(card, needs), 0);
    needs.*kind += 1;
    EXPECT_EQ(accelerator_region(card, needs), kNoRegion);
  }
  EXPECT_EQ(accelerator_region(*hw::find_board("ZCU104"), {}), kNoRegion);
}

TEST(ZynqRegion, IsWhatVitisIsTold) {
  const Design small(top::dense_graph(), "U250");
  EXPECT_THAT(small.text("link.cfg"), HasSubstr("slr=accelerator0:SLR0\n"));
  EXPECT_EQ(nlohmann::json::parse(small.text("floorplan.json"))["first"]["slr"], 0);
  const Design on_one(top::dense_graph(), "Pynq-Z1");
  EXPECT_EQ(nlohmann::json::parse(on_one.text("floorplan.json"))["first"]["slr"], -1);
}

}  // namespace
}  // namespace assay::zynq::test
