// SPDX-License-Identifier: Apache-2.0
// Every network stitched, at two foldings, on real images: each stream, each cycle.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct ZooTop {
  std::string network, data;
  std::int64_t target_cycles, images;
};

std::string top_name(const ::testing::TestParamInfo<ZooTop>& info) {
  return fmt::format("{}_{}", info.param.network, info.param.target_cycles);
}

class VerifyTopZooNightly : public ::testing::TestWithParam<ZooTop> {};

TEST_P(VerifyTopZooNightly, EveryStreamEqualsGolden) {
  const ZooTop& p = GetParam();
  const fs::path shared = ASSAY_SHARED_DIR, model = shared / "zoo" / p.network / "model.qonnx.onnx",
                 data = shared / "data" / p.data;
  if (!fs::exists(model) || !fs::exists(data)) GTEST_SKIP() << "needs " << model << " and " << data;
  const TempDir dir;
  const std::string out = (dir.path() / "out").string(), images = std::to_string(p.images);
  const CommandResult run =
      run_assay({"run", model.string(), "--data", data.string(), "--images", images,
                 "--target-cycles", std::to_string(p.target_cycles), "--out", out});
  ASSERT_EQ(run.code, 0) << run.err << run.out;
  const CommandResult verified =
      run_assay({"verify", out, "--level", "rtl-top", "--images", images, "--json", "--cache",
                 (fs::read_symlink("/proc/self/exe").parent_path() / "models").string()});
  ASSERT_EQ(verified.code, 0) << verified.err << verified.out;
  const Json json = verified.json();
  EXPECT_EQ(json.at("images"), p.images);
  EXPECT_EQ(json.at("differing"), 0);
  for (const Json& top : json.at("partitions")) {
    EXPECT_EQ(top.at("interval"), top.at("bottleneck").at("cycles"));
    EXPECT_EQ(top.at("steady"), true);
    EXPECT_EQ(top.at("token_model").at("differing"), 0);
    EXPECT_EQ(top.at("token_model").at("compared"), top.at("streams").size());
    fmt::print("{}: {} streams, {} beats, first frame {} cycles, then every {}\n", p.network,
               top.at("streams").size(), json.at("compared").get<std::int64_t>(),
               top.at("first_frame_latency").get<std::int64_t>(),
               top.at("interval").get<std::int64_t>());
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, VerifyTopZooNightly,
                         ::testing::Values(ZooTop{"resnet8_w4a4", "cifar10", 16384, 10},
                                           ZooTop{"resnet8_w4a4", "cifar10", 65536, 10},
                                           ZooTop{"cnv_w1a1", "cifar10", 16384, 10},
                                           ZooTop{"cnv_w1a1", "cifar10", 65536, 10},
                                           ZooTop{"mobilenet_w4a4", "cifar10", 16384, 10},
                                           ZooTop{"mobilenet_w4a4", "cifar10", 65536, 10},
                                           ZooTop{"resnet18norm_w2a2", "cifar10", 65536, 10},
                                           ZooTop{"resnet18norm_w2a2", "cifar10", 16384, 10},
                                           ZooTop{"tfc_w1a1", "mnist", 64, 100},
                                           ZooTop{"tfc_w1a1", "mnist", 1024, 100},
                                           ZooTop{"tfc_w2a2", "mnist", 64, 100},
                                           ZooTop{"tfc_w2a2", "mnist", 1024, 100}),
                         top_name);

}  // namespace
}  // namespace assay
