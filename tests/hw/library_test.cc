// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/rtl_library.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "compile/base/file.h"
#include "compile/base/process.h"
#include "hw/layer_runs.h"
#include "hw/netlist.h"

/// What holds for all of rtl/, at least as the modules are by themselves.
namespace assay::hw::test {
namespace library_test {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLimit{300};

/// The library in a folder, with empty files in the place of memories.
void write_library(const fs::path& folder) {
  static const std::regex memory("= \"(\\w+\\.hex)\"");
  for (const RtlFile& file : rtl_library()) {
    const std::string text(file.text);
    write_file(folder / file.name, text);
    std::smatch match;
    if (std::regex_search(text, match, memory)) write_file(folder / match.str(1), "");
  }
}

std::string module_of(const RtlFile& file) { return fs::path(file.name).stem().string(); }

/// Lines of code, without comments, in which the pattern is.
std::vector<std::string> lines_with(std::string_view text, const std::string& pattern) {
  static const std::regex comment("//[^\n]*");
  const std::string code = std::regex_replace(std::string(text), comment, "");
  const std::regex regex(pattern);
  std::vector<std::string> lines;
  for (auto at = std::sregex_iterator(code.begin(), code.end(), regex);
       at != std::sregex_iterator(); ++at)
    lines.push_back(at->str());
  return lines;
}

constexpr const char* kShiftInPort = R"(\.\w+\s*\([^;]*>>>[^;]*\))";
constexpr const char* kRefused = R"(\b(import|return|break|struct|inside|string|type)\b)";

TEST(RtlLibrary, ShiftsNoSignedValuesInPorts) {
  // Verilator 5.006 shifts zeros in there, without a warning.
  EXPECT_THAT(lines_with("x u (\n.a_i(y >>> 2), .b_i(z)\n);", kShiftInPort), ::testing::SizeIs(1));
  for (const RtlFile& file : rtl_library())
    EXPECT_THAT(lines_with(file.text, kShiftInPort), ::testing::IsEmpty()) << file.name;
}

TEST(RtlLibrary, KeepsToWhatAllToolsTakeAlike) {
  // Yosys 0.23 refuses most of these, and takes arrays of structs for something else silently.
  EXPECT_THAT(lines_with("typedef struct packed {} s_t;\nreturn x;", kRefused),
              ::testing::SizeIs(2));
  for (const RtlFile& file : rtl_library())
    EXPECT_THAT(lines_with(file.text, kRefused), ::testing::IsEmpty()) << file.name;
}

TEST(RtlLibrary, LintsClean) {
  const Scratch scratch;
  write_library(scratch.path());
  const fs::path verilator = model_cache().tools().verilator;
  for (const RtlFile& file : rtl_library()) {
    const ProcessResult result =
        run_process({verilator.string(), "--lint-only", "-Wall", "-fno-const-bit-op-tree", "-y",
                     ".", "--top-module", module_of(file), std::string(file.name)},
                    scratch.path(), kLimit);
    EXPECT_TRUE(result.ok()) << result.output;
  }
}

TEST(RtlLibrary, ElaboratesInYosys) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const Scratch scratch;
  write_library(scratch.path());
  std::string commands = "read_verilog -sv -defer *.sv\ndesign -save library\n";
  for (const RtlFile& file : rtl_library())
    commands += fmt::format("design -load library\nhierarchy -check -top {}\nproc\ncheck -assert\n",
                            module_of(file));
  write_file(scratch.path() / "commands.ys", commands);
  const ProcessResult result = run_process(
      {find_program("yosys", "yosys").string(), "-q", "-e", "implicitly declared", "commands.ys"},
      scratch.path(), kLimit);
  EXPECT_TRUE(result.ok()) << result.output;
}

}  // namespace library_test
}  // namespace assay::hw::test
