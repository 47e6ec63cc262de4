// SPDX-License-Identifier: Apache-2.0
// Every hardware node of every network, at two foldings, on real images.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <set>

#include "base/temp_dir.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct ZooRun {
  std::string network, data;
  std::int64_t target_cycles;
};

std::string run_name(const ::testing::TestParamInfo<ZooRun>& info) {
  return fmt::format("{}_{}", info.param.network, info.param.target_cycles);
}

class VerifyZooNightly : public ::testing::TestWithParam<ZooRun> {};

TEST_P(VerifyZooNightly, EveryNodeEqualsGolden) {
  const ZooRun& p = GetParam();
  const fs::path shared = ASSAY_SHARED_DIR, model = shared / "zoo" / p.network / "model.qonnx.onnx",
                 data = shared / "data" / p.data;
  if (!fs::exists(model) || !fs::exists(data)) GTEST_SKIP() << "needs " << model << " and " << data;
  const TempDir dir;
  const std::string out = (dir.path() / "out").string();
  const CommandResult run =
      run_assay({"run", model.string(), "--data", data.string(), "--images", "8", "--target-cycles",
                 std::to_string(p.target_cycles), "--best-effort", "--out", out});
  ASSERT_EQ(run.code, 0) << run.err << run.out;
  const CommandResult verified =
      run_assay({"verify", out, "--json", "--cache",
                 (fs::read_symlink("/proc/self/exe").parent_path() / "models").string()});
  ASSERT_EQ(verified.code, 0) << verified.err << verified.out;
  const Json json = verified.json();
  EXPECT_EQ(json.at("images"), 8);
  EXPECT_EQ(json.at("differing"), 0);
  std::set<std::string> kinds;
  for (const Json& node : json.at("nodes")) {
    EXPECT_EQ(node.at("cycles").at("formula"), node.at("cycles").at("measured")) << node.at("node");
    kinds.insert(node.at("operator"));
  }
  fmt::print("{}: {} nodes of {} kinds, {} beats\n", p.network, json.at("nodes").size(),
             kinds.size(), json.at("compared").get<std::int64_t>());
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, VerifyZooNightly,
    ::testing::Values(ZooRun{"resnet8_w4a4", "cifar10", 16384},
                      ZooRun{"resnet8_w4a4", "cifar10", 4096}, ZooRun{"cnv_w1a1", "cifar10", 16384},
                      ZooRun{"cnv_w1a1", "cifar10", 65536},
                      ZooRun{"mobilenet_w4a4", "cifar10", 16384},
                      ZooRun{"mobilenet_w4a4", "cifar10", 4096}, ZooRun{"tfc_w1a1", "mnist", 64},
                      ZooRun{"tfc_w1a1", "mnist", 1024}, ZooRun{"tfc_w2a2", "mnist", 64},
                      ZooRun{"tfc_w2a2", "mnist", 1024},
                      ZooRun{"resnet18norm_w2a2", "cifar10", 65536}),
    run_name);

}  // namespace
}  // namespace assay
