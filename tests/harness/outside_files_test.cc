// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/outside_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(OutsideFiles, WhatReadsOrRunsAnythingElseIsNamed) {
  EXPECT_EQ(outside_read("`include \"a.svh\"\n"), "`include");
  EXPECT_EQ(outside_read("x = $c(\"getenv()\");"), "$c");
  EXPECT_EQ(outside_read("f = $fopen(\"a\");"), "$fopen");
  // A number ends where a task begins.
  EXPECT_EQ(outside_read("initial #0$system(\"ls\");"), "$system");
  EXPECT_EQ(outside_read("x = 1'b0$display;"), "$display");
  EXPECT_EQ(outside_read("late <= $time != 0;"), "$time") << "time stands still";
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
  EXPECT_THAT(outside_read("(* parallel_case *) case (x)"), HasSubstr("attribute"));
  EXPECT_THAT(outside_read("(* via_celltype = \"$not\" *) function f;"), HasSubstr("attribute"));
  EXPECT_THAT(outside_read("(* lut_rom, keep *) logic x;"), HasSubstr("attribute"));
  EXPECT_EQ(outside_read("(* rom_style = \"block\", ram_style = \"block\" *) logic x;"), "");
  // A choice between attributes is none of logic.
  EXPECT_EQ(
      outside_read("`ifdef YOSYS\n  (* lut_rom *)\n`else\n (* ram_style = \"block\" *)\n`endif\n"
                   "logic x;\n`timescale 1ns/1ps\n"),
      "");
  // What lies between the halves of two choices is no attribute.
  EXPECT_EQ(
      outside_read("`ifdef YOSYS (* lut_rom\n`else\n defparam a.B = 0;\n`endif\n`ifdef YOSYS\n*) "
                   "`else (* lut_ram *) `endif\n"),
      "`ifdef");
  EXPECT_EQ(outside_read("`ifdef YOSYS\n (* a *) logic x;\n`else\n (* b *)\n`endif\n"), "`ifdef");
  EXPECT_EQ(outside_read("`ifdef YOSYS\n (* a *)\n`else\n (* b *) logic x;\n`endif\n"), "`ifdef");
}

TEST(OutsideFiles, WhatSimulationAndSynthesisReadDifferentlyIsNamed) {
  for (const char* fine :
       {"always @(posedge clk_i) x <= y;", "always_ff @(posedge clk_i or negedge rst_ni) x <= y;",
        "always @(posedge a, negedge b) x <= y;", "always @* x = y;", "always @ ( * ) x = y;",
        "always @(*) x = y;", "always_comb x = y;", "x = Width / Pe % 4;", "x = (a / Lanes);",
        "assign y = x >>> 2; sub u (.a(y));", "wire a = 1, b = c == d;",
        "wire [A-1:0] m; assign m = x;", "assign x = 1; if (A) assign y = 1; else assign y = 2;",
        "if (A) begin assign y = 1; end else begin assign y = 2; end assign z = 1;",
        "module a; assign y = 1; endmodule module b; assign y = 2; endmodule",
        "assign x[0] = a; assign x[1] = b;", "inout_x wait_for;"})
    EXPECT_EQ(outside_read(fine), "") << fine;
  for (const char* list :
       {"always @(never) x = 1;", "always @(a or b) x = a & b;", "always #5 x = y;",
        "always_ff @(posedge clk_i or level) x <= y;", "always @x y = x;"})
    EXPECT_THAT(outside_read(list), HasSubstr("waits")) << list;
  for (const char* by : {"x = a / b;", "x = a % {b};", "x = a / 0;", "x = 4 / (A);", "x = a /'0;"})
    EXPECT_THAT(outside_read(by), HasSubstr("division")) << by;
  EXPECT_THAT(outside_read("sub u (\n.a(y >>> 2), .b(z));"), HasSubstr(">>>"));
  for (const char* word : {"tri x;", "inout x;", "force x = 1;", "defparam a.B = 1;", "casex (x)"})
    EXPECT_THAT(outside_read(word), HasSubstr("the word ")) << word;
  for (const char* net :
       {"wire m; assign m = a; assign m = b;", "wire [1:0] m = a; assign m[0] = b;",
        "wire k, m; assign {k, m} = a, m = b;", "output wire [1:0] m); assign m = a; assign m = b;",
        "assign m = a; assign m = b; wire m;", "logic m; assign m = 0; assign m = b;",
        "if (A) begin assign m = 0; end assign m = b;", "assign m = b; if (A) assign m = 0;",
        "assign k = a, m = b; begin begin assign {m, l} = c; end end"})
    EXPECT_THAT(outside_read(net), EndsWith(" m")) << net;
  EXPECT_THAT(outside_read("/* verilator lint_off MULTIDRIVEN */"),
              HasSubstr("lint_off of MULTIDRIVEN"));
  EXPECT_EQ(outside_read("// verilator lint_off UNUSEDSIGNAL\n"), "");
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
                         "logic [3:0] r[$];\n"),
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
