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
  EXPECT_EQ(outside_read("`define J(a) $``a(\"f\")\n"), "``");
  EXPECT_EQ(outside_read("`define S(a) `\"a`\"\n"), "`\"");
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
                         "`define WIDTH 3\nlogic [`WIDTH:0] q$x, r[$];\n"),
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
