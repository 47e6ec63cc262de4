// SPDX-License-Identifier: Apache-2.0
// A run's accelerator with its products in DSP blocks, down to its bits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"

namespace assay {
namespace {

TEST(VerifyDspsNightly, ProductsInBlocksOfEcp5AreProved) {
  for (const char* tool : {"yosys", "yosys-abc", "nextpnr-ecp5", "ecppack"})
    if (!fpga::has_tool(tool)) GTEST_SKIP() << "needs " << tool;
  const TempDir dir;
  const std::string model = save_integer_network(dir.path() / "net.onnx").string();
  const std::string out = (dir.path() / "out").string();
  const CommandResult run =
      run_assay_as_is({"run", model, "--images", "6", "--target-cycles", "512", "--out", out});
  ASSERT_EQ(run.code, 0) << run.err << run.out;
  const CommandResult built = run_assay_as_is({"build", out, "--target", "ecp5-25", "--dsp"});
  ASSERT_EQ(built.code, 0) << built.err << built.out;
  const Json build = Json::parse(read_file(dir.path() / "out" / "reports" / "build-ecp5-25.json"));
  EXPECT_GT(build.at("total").at("dsp"), 1);

  const CommandResult result =
      run_assay_as_is({"verify", out, "--level", "bitstream", "--target", "ecp5-25", "--json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const Json bits = result.json();
  EXPECT_EQ(bits.at("verdict"), "EQUIVALENT") << bits.at("reason");
  EXPECT_EQ(bits.at("compared"), bits.at("predicted"));
  EXPECT_EQ(bits.at("proof").at("verdict"), "PROVED") << bits.at("proof").at("reason");
}

}  // namespace
}  // namespace assay
