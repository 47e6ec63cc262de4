// SPDX-License-Identifier: Apache-2.0
#include "hw/library_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "compile/backend/verilog/node_rtl.h"
#include "compile/backend/verilog/rtl_library.h"

namespace assay::hw::test {
namespace library_cases_test {

TEST(LibraryCases, ReachEveryModuleOfTheLibrary) {
  std::set<std::string> reached, library;
  for (const LayerCase& c : library_cases())
    for (const NodeRtl::File& file : node_rtl(node_of(c.graph), "layer").files)
      reached.insert(file.name);
  for (const RtlFile& file : rtl_library()) library.insert(std::string(file.name));
  reached.erase("layer.sv");
  std::erase_if(reached, [](const std::string& n) { return n.starts_with("assay_adder_graph_"); });
  // What surrounds an accelerator on a board has tests of its own, in tests/board.
  // Data movers have theirs in tests/movers, run-time weights in tests/top.
  for (const char* module :
       {"assay_shell", "assay_iodma_in", "assay_iodma_out", "assay_store_control"})
    for (const RtlFile& file : rtl_sources(module)) reached.insert(std::string(file.name));
  EXPECT_EQ(reached, library);
}

TEST(LibraryCases, MemoriesOfAHostEqualGoldenWhileNobodyDrivesTheirRing) {
  std::vector<LayerCase> writable = library_cases();
  std::erase_if(writable,
                [](const LayerCase& c) { return c.name.find("Writable") == std::string::npos; });
  EXPECT_EQ(writable.size(), 6U);
  for (const LayerCase& c : writable)
    EXPECT_FALSE(build_layer(node_of(c.graph)).stores.empty()) << c.name;
  expect_equal_to_golden(std::move(writable));
}

TEST(LibraryCases, ReachEveryKindOfLayer) {
  std::set<std::string_view> reached, kinds;
  for (const LayerCase& c : library_cases()) reached.insert(node_of(c.graph).op->type());
  for (const LayerKind& kind : layer_kinds()) kinds.insert(kind.type);
  EXPECT_EQ(reached, kinds);
}

}  // namespace library_cases_test
}  // namespace assay::hw::test
