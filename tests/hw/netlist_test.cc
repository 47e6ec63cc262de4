// SPDX-License-Identifier: Apache-2.0
#include "hw/netlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "compile/base/error.h"
#include "hw/library_cases.h"

namespace assay::hw::test {
namespace {

LayerCase library_case(const std::string& name) {
  std::vector<LayerCase> cases = library_cases();
  return std::move(*std::ranges::find(cases, name, &LayerCase::name));
}

void expect_netlist_equal(const std::string& name, Target target) {
  const Scratch scratch;
  const LayerCase layer = library_case(name);
  const CheckOptions options;
  const Prepared p = prepare_random(layer.graph, "netlist", options, 0, scratch.path());
  const sim::Model model = model_cache().get(synthesise(p, target));
  expect_no_fault(model, 0, p, options);
}

using Names = std::vector<std::string>;

Names all_names() {
  Names names;
  for (const LayerCase& c : library_cases()) names.push_back(c.name);
  return names;
}

/// A few with carry chains, LUT RAM and wide multiplexers; synthesis for Xilinx takes long.
Names some_names() {
  return {"MvauLut", "Vvau", "JoinLine", "LabelSelect", "ConverterShift", "Fifo"};
}

/// Without those in block RAM, which has no simulation model in Yosys' library for Xilinx.
Names other_names() {
  Names names = all_names();
  std::erase_if(names, [](const std::string& name) {
    return name.ends_with("Block") || std::ranges::count(some_names(), name) > 0;
  });
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

class Ice40Netlist : public testing::TestWithParam<std::string> {};
class XilinxNetlist : public testing::TestWithParam<std::string> {};
class XilinxNetlistNightly : public testing::TestWithParam<std::string> {};

TEST_P(Ice40Netlist, EqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlist_equal(GetParam(), Target::kIce40);
}

TEST_P(XilinxNetlist, EqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlist_equal(GetParam(), Target::kXilinx);
}

TEST_P(XilinxNetlistNightly, EqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlist_equal(GetParam(), Target::kXilinx);
}

INSTANTIATE_TEST_SUITE_P(Library, Ice40Netlist, testing::ValuesIn(all_names()), test_name);
INSTANTIATE_TEST_SUITE_P(Library, XilinxNetlist, testing::ValuesIn(some_names()), test_name);
INSTANTIATE_TEST_SUITE_P(Library, XilinxNetlistNightly, testing::ValuesIn(other_names()),
                         test_name);

TEST(NetlistCheck, RefusesCellsWithoutASimulationModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const Scratch scratch;
  const LayerCase layer = library_case("FifoBlock");
  const Prepared p = prepare_random(layer.graph, "netlist", {}, 0, scratch.path());
  try {
    synthesise(p, Target::kXilinx);
    FAIL();
  } catch (const ToolError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("RAMB18E1 has no simulation model"));
  }
}

}  // namespace
}  // namespace assay::hw::test
