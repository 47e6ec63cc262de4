// SPDX-License-Identifier: Apache-2.0
#include "harness/build/layer_gates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/temp_dir.h"
#include "build/environment.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "sim/model/user_cache.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// Two layers, in a cache of their own.
class LayerGatesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fpga::has_tool("yosys")) GTEST_SKIP() << "needs yosys";
    job_.layer_jobs = {
        {"u_a", "inverter", "  inverter #(.Bits(2)) u_layer ();\n", {"inverter.sv"}, {}},
        {"u_b", "inverter", "  inverter #(.Bits(3)) u_layer ();\n", {"inverter.sv"}, {}}};
    source("assign q = ~d;");
  }

  void source(const std::string& body) {
    dir_.write("inverter.sv",
               "module inverter #(parameter int Bits = 1) (input logic [Bits-1:0] d, output logic "
               "[Bits-1:0] q);\n" +
                   body + "\nendmodule\n");
  }

  /// Makes both, and returns how many were there already.
  std::size_t make(const std::string& version = "any") {
    const Console console{text_, text_, false, true};
    return make_layer_gates(fpga::find_tool("yosys"), {"yosys", version, "any"}, job_, dir_.path(),
                            console)
        .kept;
  }

  std::string gates(const std::string& name) const { return read_file(dir_.path() / name); }

  TempDir dir_, cache_;
  const Environment environment_{"XDG_CACHE_HOME", cache_.path().string()};
  fpga::SynthesisJob job_;
  std::ostringstream text_;
};

TEST_F(LayerGatesTest, AreMadeOnceAndKept) {
  EXPECT_EQ(make(), 0U);
  const std::string first = gates("u_a.il"), box = gates("u_b.box.il");
  EXPECT_NE(first.find("$_NOT_"), std::string::npos);
  EXPECT_EQ(box.find("$_NOT_"), std::string::npos);
  for (const char* name : {"u_a.il", "u_a.box.il", "u_b.il", "u_b.box.il"})
    fs::remove(dir_.path() / name);
  EXPECT_EQ(make(), 2U);
  EXPECT_EQ(gates("u_a.il"), first);
  EXPECT_EQ(gates("u_b.box.il"), box);
}

TEST_F(LayerGatesTest, AreMadeAnewOfAnotherSourceParameterOrTool) {
  make();
  job_.layer_jobs[1].instance = "  inverter #(.Bits(4)) u_layer ();\n";
  EXPECT_EQ(make(), 1U);
  EXPECT_EQ(make("another"), 0U);
  source("assign q = d;");
  EXPECT_EQ(make(), 0U);
  EXPECT_EQ(gates("u_a.il").find("$_NOT_"), std::string::npos);
}

TEST_F(LayerGatesTest, ThatWereChangedAreMadeAnew) {
  make();
  const std::string right = gates("u_a.il");
  std::size_t changed = 0;
  for (const auto& file : fs::recursive_directory_iterator(sim::user_layer_folder()))
    if (file.path().filename() == "u_a.il") {
      std::string text = read_file(file.path());
      text.replace(text.find("$_NOT_"), 6, "$_BUF_");
      write_file(file.path(), text);
      ++changed;
    }
  ASSERT_EQ(changed, 1U);
  EXPECT_EQ(make(), 1U);
  EXPECT_EQ(gates("u_a.il"), right);
}

TEST_F(LayerGatesTest, AreNotKeptWhereYosysLeavesHalfAFile) {
  // As on a full disk, which is no failure to it.
  const fpga::Tool half{"yosys",
                        fake_program(dir_, "half",
                                     "'" + fpga::find_tool("yosys").program.string() +
                                         "' \"$@\"\nfor file in *.il; do\n  head -c 300 $file > "
                                         "half.txt\n  cp half.txt $file\ndone\n")};
  const Console console{text_, text_, false, true};
  const report::Build::Tool identity{"yosys", "any", "any"};
  EXPECT_THROW(make_layer_gates(half, identity, job_, dir_.path(), console), std::exception);
  EXPECT_EQ(make(), 0U);
}

}  // namespace
}  // namespace assay
