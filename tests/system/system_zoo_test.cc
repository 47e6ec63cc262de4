// SPDX-License-Identifier: Apache-2.0
// Networks of the zoo behind their data movers: simulated, generated for a board, driven by the driver that goes with
// it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/run_command.h"
#include "system/driver_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

struct ZooSystem {
  std::string network, data, board;
  std::int64_t images;
  std::string folding;  ///< a file's text; empty: folded for the board
};

/// (PE, SIMD) of the four products, FIFOs and the first thresholds as the reference's notebook has them.
constexpr const char* kNotebook = R"({
  "BipolarQuant_0": {"PE": 16},
  "MatMul_0": {"PE": 16, "SIMD": 49, "inFIFODepths": [16], "outFIFODepths": [64], "ram_style": "block"},
  "MatMul_1": {"PE": 8, "SIMD": 8, "inFIFODepths": [64], "outFIFODepths": [64], "ram_style": "auto"},
  "MatMul_2": {"PE": 8, "SIMD": 8, "inFIFODepths": [64], "outFIFODepths": [64], "ram_style": "auto"},
  "MatMul_3": {"PE": 10, "SIMD": 8, "inFIFODepths": [64], "outFIFODepths": [10], "ram_style": "distributed"}})";

class SystemZooNightly : public ::testing::TestWithParam<ZooSystem> {};

TEST_P(SystemZooNightly, GoesFromMemoryToMemoryAsItsDriverSays) {
  const ZooSystem& p = GetParam();
  const fs::path shared = ASSAY_SHARED_DIR, model = shared / "zoo" / p.network / "model.qonnx.onnx",
                 data = shared / "data" / p.data;
  if (!fs::exists(model) || !fs::exists(data)) GTEST_SKIP() << "needs " << model << " and " << data;
  const TempDir dir;
  const fs::path out = dir.path() / "out";
  const std::string images = std::to_string(p.images);
  std::vector<std::string> command = {"run",      model.string(), "--data", data.string(),
                                      "--images", images,         "--out",  out.string()};
  if (p.folding.empty())
    command.insert(command.end(), {"--device", p.board});
  else
    command.insert(command.end(), {"--folding", dir.write("folding.json", p.folding).string()});
  const CommandResult run = run_assay_as_is(command);
  ASSERT_EQ(run.code, 0) << run.err << run.out;
  EXPECT_THAT(run.err, Not(HasSubstr("does not fit")));
  // Depths are the smallest, where none are given, also where FIFOs fill over many frames.
  const Json fifos = Json::parse(read_file(out / "reports/fifos.json"));
  for (const Json& partition : fifos["partitions"])
    for (const Json& fifo : partition["fifos"]) {
      const Json& smaller = fifo["smaller"];
      EXPECT_TRUE(!p.folding.empty() || smaller["stalls_stop"] == true ||
                  smaller["interval"] > partition["interval"])
          << fifo;
    }

  const CommandResult verified =
      run_assay({"verify", out.string(), "--level", "system", "--images", images, "--json"});
  ASSERT_EQ(verified.code, 0) << verified.err;
  const Json system = verified.json();
  EXPECT_EQ(system["images"], p.images);
  EXPECT_EQ(system["compared"], system["predicted"]);
  // The memory port may be what is slowest.
  double cycles = system["interval"];
  for (const Json& mover : system["movers"])
    cycles =
        std::max(cycles, mover["frame_beats"].get<double>() * mover["slot_bytes"].get<double>() *
                             8 / system["memory_bits"].get<double>());
  EXPECT_LE(system["measured"].get<double>(), cycles * 1.01);

  const CommandResult built = run_assay({"build", out.string(), "--target", p.board, "--json"});
  EXPECT_EQ(built.code, 3) << built.err;
  for (const Json& check : built.json()["checks"])
    EXPECT_EQ(check["verdict"], check["check"] == "vivado" ? "INCONCLUSIVE" : "EQUIVALENT")
        << check;

  if (python().empty()) GTEST_SKIP() << "the driver needs NumPy: apt-get install python3-numpy";
  const RtlSession session(out, {}, {});
  SimulatedSystem simulated(session,
                            {.memory_bits = p.board == "ZCU102" ? 128 : 64, .content_hash = ""}, 1);
  const fs::path driver = out / "build" / p.board / "driver";
  EXPECT_THAT(DriverRun(simulated, driver, pynq_command(driver, "validate.py", {})).output(),
              HasSubstr("EQUIVALENT: 10 images compared, 0 differ"));
}

std::string system_name(const ::testing::TestParamInfo<ZooSystem>& info) {
  return info.param.network + (info.param.folding.empty() ? "" : "_notebook");
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, SystemZooNightly,
    ::testing::Values(ZooSystem{"resnet8_w4a4", "cifar10", "Pynq-Z1", 10, ""},
                      ZooSystem{"tfc_w1a1", "mnist", "Pynq-Z1", 100, kNotebook},
                      ZooSystem{"cnv_w1a1", "cifar10", "Pynq-Z1", 10, ""},
                      ZooSystem{"resnet18norm_w2a2", "cifar10", "ZCU102", 10, ""}),
    system_name);

}  // namespace
}  // namespace assay
