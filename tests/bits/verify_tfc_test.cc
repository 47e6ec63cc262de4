// SPDX-License-Identifier: Apache-2.0
// Faults in the bits of a whole network of the zoo.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bits/built_bits.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// tfc_w1a1 on an HX8K, which it fills to two fifths.
class VerifyTfcNightly : public BuiltBits {
 protected:
  VerifyTfcNightly() { model_ = fs::path(ASSAY_SHARED_DIR) / "zoo/tfc_w1a1/model.qonnx.onnx"; }

  void SetUp() override {
    if (!fs::exists(model_) || !fs::exists(data_))
      GTEST_SKIP() << "needs " << model_ << " and " << data_;
    BuiltBits::SetUp();
  }

  void fill() override {
    testing::fill_from_kept(dir_.path(), "tfc",
                            [&](const fs::path& made) { make(model_, made / "out"); });
  }

  void make(const fs::path& model, const fs::path& out) const {
    succeed({"run", model.string(), "--data", data_.string(), "--images", "64", "--device",
             "ice40hx8k", "--target", target_, "--out", out.string()});
  }

  fs::path data_ = fs::path(ASSAY_SHARED_DIR) / "data/mnist";
};

TEST_F(VerifyTfcNightly, AllImagesAreEquivalentAndAllLevelsProved) {
  for (const char* level : {"netlist", "bitstream"}) {
    const CommandResult result = verify(level, {"--json", "--images", "10000"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.json().at("verdict"), "EQUIVALENT") << level;
    EXPECT_EQ(result.json().at("images"), 10000) << level;
    EXPECT_EQ(result.json().at("compared"), result.json().at("predicted")) << level;
    EXPECT_EQ(verdict_of_proof(result), "PROVED") << level;
  }
}

TEST_F(VerifyTfcNightly, FlippedBitsAreCaughtOrProvedHarmless) { flip_bits(24, 3); }

TEST_F(VerifyTfcNightly, SwappedPinsAreCaught) {
  swap_pins("s_axis_tdata[6]",
            "s_axis_tdata[7]");  // the first quantiser is the sign: bit 7 alone matters
  const CommandResult result = verify("bitstream", {"--json", "--images", "20"});
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_NE(verdict_of_proof(result), "PROVED");
}

TEST_F(VerifyTfcNightly, AWrongWordOfAMemoryIsCaught) {
  flip_word();
  const CommandResult result = verify("netlist", {"--json", "--images", "20"});
  EXPECT_NE(result.code, 0) << result.err;
  EXPECT_NE(verdict_of_proof(result), "PROVED");
}

/// One neuron of 64 says the contrary; the proofs hold, as everything built is that network's.
TEST_F(VerifyTfcNightly, WeightsOfAnotherNetworkAreCaught) {
  Graph graph = import_model(model_);
  const auto weights = std::ranges::find_if(graph.tensors(), [](const auto& tensor) {
    return tensor->constant && tensor->constant->shape() == Shape{64, 784};
  });
  ASSERT_NE(weights, graph.tensors().end());
  std::vector<float> values((*weights)->constant->floats().begin(),
                            (*weights)->constant->floats().end());
  for (std::size_t i = 0; i < 784; ++i) values[i] = -values[i];
  (*weights)->constant = Constant(Shape{64, 784}, values);
  export_model(graph, dir_.path() / "other.onnx");
  make(dir_.path() / "other.onnx", dir_.path() / "other");
  take_from(dir_.path() / "other");
  const CommandResult netlist = verify("netlist", {"--json", "--images", "20"});
  EXPECT_EQ(netlist.code, 1) << netlist.err;
  EXPECT_EQ(netlist.json().at("verdict"), "DIFFERENT");
  EXPECT_EQ(verdict_of_proof(netlist), "PROVED");
  // Twenty labels do not tell it, which is all that bits show.
  const CommandResult bits = verify("bitstream", {"--json", "--images", "20"});
  EXPECT_NE(bits.code, 0) << bits.err;
  EXPECT_EQ(verdict_of_proof(bits), "PROVED");
}

}  // namespace
}  // namespace assay
