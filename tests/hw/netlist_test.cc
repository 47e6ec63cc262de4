// SPDX-License-Identifier: Apache-2.0
#include "hw/netlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "compile/base/error.h"
#include "hw/library_cases.h"

namespace assay::hw::test {
namespace netlist_test {

using Names = std::vector<std::string>;

std::vector<LayerCase> cases_called(const Names& names) {
  std::vector<LayerCase> cases = library_cases();
  std::erase_if(cases, [&](const LayerCase& c) { return std::ranges::count(names, c.name) == 0; });
  return cases;
}

/// Layers that together reach every module of the library.
std::vector<LayerCase> covering_cases() {
  std::set<std::string> reached;
  std::vector<LayerCase> cases = library_cases(), chosen;
  for (LayerCase& c : cases) {
    bool more = false;
    for (const NodeRtl::File& file : node_rtl(node_of(c.graph), "layer").files)
      more |= reached.insert(file.name).second;
    if (more) chosen.push_back(std::move(c));
  }
  return chosen;
}

/// Builds the netlists of layers as one model.
void expect_netlists_equal(const std::vector<LayerCase>& cases, Target target) {
  const Scratch scratch;
  const CheckOptions options;
  sim::ModelSpec spec;
  std::vector<Prepared> prepared;
  for (const LayerCase& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string module = fmt::format("netlist{}", prepared.size());
    prepared.push_back(prepare_random(c.graph, module, options, 0, scratch.path() / module));
    add_netlist(spec, prepared.back(), target);
  }
  const sim::Model model = model_cache().get(spec);
  for (std::size_t c = 0; c < cases.size(); ++c) {
    SCOPED_TRACE(cases[c].name);
    expect_no_fault(model, static_cast<int>(c), prepared[c], options);
  }
}

Names all_names() {
  Names names;
  for (const LayerCase& c : library_cases()) names.push_back(c.name);
  return names;
}

/// Without those in block RAM, which has no simulation model in Yosys' library for Xilinx.
Names names_for_xilinx() {
  Names names = all_names();
  std::erase_if(names, [](const std::string& name) { return name.ends_with("Block"); });
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

class Ice40NetlistNightly : public ::testing::TestWithParam<std::string> {};
class XilinxNetlistNightly : public ::testing::TestWithParam<std::string> {};

TEST(Ice40Netlist, OfEveryModuleEqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlists_equal(covering_cases(), Target::kIce40);
}

// A few with carry chains, LUT RAM and wide multiplexers; synthesis for Xilinx takes long.
TEST(XilinxNetlist, OfSomeModulesEqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlists_equal(cases_called({"JoinLine", "ConverterShift", "Fifo"}), Target::kXilinx);
}

// The same with chains of eight places.
TEST(UltraScaleNetlist, OfSomeModulesEqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlists_equal(cases_called({"JoinLine", "ConverterShift", "Fifo"}), Target::kUltraScale);
}

TEST_P(Ice40NetlistNightly, EqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlists_equal(cases_called({GetParam()}), Target::kIce40);
}

TEST_P(XilinxNetlistNightly, EqualsGolden) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  expect_netlists_equal(cases_called({GetParam()}), Target::kXilinx);
}

INSTANTIATE_TEST_SUITE_P(Library, Ice40NetlistNightly, ::testing::ValuesIn(all_names()), test_name);
INSTANTIATE_TEST_SUITE_P(Library, XilinxNetlistNightly, ::testing::ValuesIn(names_for_xilinx()),
                         test_name);

TEST(NetlistCheck, RefusesCellsWithoutASimulationModel) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const Scratch scratch;
  const std::vector<LayerCase> cases = cases_called({"FifoBlock"});
  const Prepared p = prepare_random(cases.at(0).graph, "netlist", {}, 0, scratch.path());
  sim::ModelSpec spec;
  try {
    add_netlist(spec, p, Target::kXilinx);
    FAIL();
  } catch (const ToolError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("RAMB18E1 has no simulation model"));
  }
}

}  // namespace netlist_test
}  // namespace assay::hw::test
