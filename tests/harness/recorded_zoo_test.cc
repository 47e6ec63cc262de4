// SPDX-License-Identifier: Apache-2.0
// What PyTorch recorded for real networks on real images.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

struct ZooRecording {
  std::string network, form;
  bool normalised = false;
  int images = 8;
};

void PrintTo(const ZooRecording& recording, std::ostream* out) {
  *out << recording.network << " " << recording.form;
}

class RecordedZoo : public ::testing::TestWithParam<ZooRecording> {};

TEST_P(RecordedZoo, IsMetButForProvedRoundings) {
  const ZooRecording& p = GetParam();
  const fs::path shared = ASSAY_SHARED_DIR, folder = shared / "zoo" / p.network,
                 data = shared / "data/cifar10";
  if (!fs::exists(folder) || !fs::exists(data))
    GTEST_SKIP() << "needs " << folder << " and " << data;
  std::vector<std::string> arguments = {
      "compare",   (folder / ("model." + p.form + ".onnx")).string(),
      "--against", folder.string(),
      "--data",    data.string(),
      "--images",  std::to_string(p.images),
      "--json"};
  if (p.normalised)
    for (const char* word : {"--preprocess", "normalize", "--mean", "0.491", "0.482", "0.446",
                             "--std", "0.247", "0.243", "0.261"})
      arguments.emplace_back(word);
  const CommandResult result = run_assay(arguments);
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  const Json recorded = result.json()["recorded"];
  EXPECT_GT(recorded["compared"], 0);
  EXPECT_EQ(recorded["compared"], recorded["predicted"]);
  EXPECT_EQ(recorded["decisions_explained"], recorded["decisions_differing"]);
  EXPECT_EQ(recorded["logits"]["compared"], 10 * p.images);
  fmt::print("{} {}: {}\n", p.network, p.form, recorded["reason"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, RecordedZoo,
    ::testing::Values(ZooRecording{"resnet8_w4a4", "qonnx"}, ZooRecording{"resnet8_w4a4", "qcdq"},
                      ZooRecording{"mobilenet_w4a4", "qonnx"},
                      ZooRecording{"mobilenet_w4a4", "qcdq"}, ZooRecording{"cnv_w1a1", "qonnx"},
                      ZooRecording{"resnet18norm_w2a2", "qonnx", true, 2},
                      ZooRecording{"resnet18norm_w2a2", "qcdq", true, 2}),
    [](const auto& info) { return info.param.network + "_" + info.param.form; });

}  // namespace
}  // namespace assay
