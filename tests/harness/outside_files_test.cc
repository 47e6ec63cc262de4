// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(OutsideFiles, WhatReadsOrRunsAnythingElseIsNamed) {
  EXPECT_EQ(outside_read("`include \"a.svh\"\n"), "`include");
  EXPECT_EQ(outside_read("x = $c(\"getenv()\");"), "$c");
  EXPECT_EQ(outside_read("f = $fopen(\"a\");"), "$fopen");
  EXPECT_EQ(outside_read("`systemc_header\n#include <x>\n"), "`systemc_header");
  EXPECT_EQ(outside_read("import  \"DPI-C\" function int f();"), "import of another language");
  EXPECT_EQ(outside_read("export\n\"DPI-C\" function f;"), "export of another language");
  EXPECT_EQ(outside_read("`define J(a) $``a(\"f\")\n"), "`define");
  EXPECT_EQ(outside_read("initial `M($)system(0);\n"), "`M");
  EXPECT_EQ(outside_read("import `L function int f();\n"), "`L");
}

TEST(OutsideFiles, WhatIsSomethingElseForAnotherToolIsNamed) {
  EXPECT_EQ(outside_read("`ifdef VERILATOR\nx\n`else\ny\n`endif\n"), "`ifdef");
  EXPECT_EQ(outside_read("`ifndef SYNTHESIS\nx\n`endif\n"), "`ifndef");
  EXPECT_EQ(outside_read("// synthesis translate_off\nx\n"), "translate_off");
  EXPECT_EQ(outside_read("/* pragma translate_on */"), "translate_on");
  EXPECT_EQ(outside_read("case (x) // synopsys full_case\n"), "full_case");
  EXPECT_EQ(outside_read("(* parallel_case *) case (x)"), "parallel_case");
  // A choice between attributes is none of logic.
  EXPECT_EQ(
      outside_read("`ifdef YOSYS\n  (* lut_rom *)\n`else\n (* ram_style = \"block\" *)\n`endif\n"
                   "logic x;\n`timescale 1ns/1ps\n"),
      "");
  EXPECT_EQ(outside_read("`ifdef YOSYS\n (* a *) logic x;\n`else\n (* b *)\n`endif\n"), "`ifdef");
  EXPECT_EQ(outside_read("`ifdef YOSYS\n (* a *)\n`else\n (* b *) logic x;\n`endif\n"), "`ifdef");
}

TEST(OutsideFiles, PathsAreNamedHoweverTheyAreWritten) {
  EXPECT_EQ(outside_read("p = \"../a.hex\";"), "\"../a.hex\"");
  EXPECT_EQ(outside_read("p = \"\\057tmp\\057a.hex\";"), "\"\\057tmp\\057a.hex\"");
  EXPECT_EQ(outside_read("p = \"\\x2ftmp\";"), "\"\\x2ftmp\"");
}

TEST(OutsideFiles, AQuoteInAnEscapedNameOpensNoText) {
  EXPECT_EQ(outside_read("wire \\a\" ;\n`include \"/tmp/x.svh\"\n// \"\n"), "`include");
  EXPECT_EQ(outside_read("wire \\`include ;\n"), "");
}

TEST(OutsideFiles, WhatStaysWithinIsFine) {
  EXPECT_EQ(outside_read("// `include \"a\"\n/* $fopen */ initial $readmemh(\"a.hex\", mem);\n"
                         "import pkg::*;\n$error(\"a or b: %0d /cycle\\n\", $clog2(3));\n"
                         "logic [3:0] q$x, r[$];\n"),
            "");
}

TEST(OutsideFiles, MemoriesAreNamedWholeOrByTheirBeginning) {
  const std::vector<std::string> literals =
      string_literals({{"a.sv", "\"a_weights.hex\" // \"c\"\n\"b_thresholds\" \"\""}});
  EXPECT_THAT(literals, ElementsAre("a_weights.hex", "b_thresholds", ""));
  EXPECT_TRUE(names_memory(literals, "a_weights.hex"));
  EXPECT_TRUE(names_memory(literals, "b_thresholds.hex"));
  EXPECT_TRUE(names_memory(literals, "b_thresholds_0.hex"));
  EXPECT_FALSE(names_memory(literals, "c"));
  EXPECT_FALSE(names_memory(literals, "b_thresholdsx.hex"));
}

}  // namespace
}  // namespace assay
