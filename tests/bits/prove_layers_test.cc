// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/prove_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/temp_dir.h"
#include "build/environment.h"
#include "harness/bits/prove_bits.h"
#include "harness/build/layer_gates.h"

namespace assay {
namespace {

using netlist::Family;
using ::testing::HasSubstr;

/// A layer by itself, its gates made of one source and its RTL perhaps another.
class ProveLayer : public ::testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    if (!fpga::has_tool("yosys")) GTEST_SKIP() << "needs yosys";
    job_.family = GetParam();
    job_.layer_jobs = {{"u_a", "sums", "  sums #(.Step(3)) u_layer ();\n", {"sums.sv"}, {}}};
  }

  void source(const std::string& sum) {
    dir_.write("sums.sv",
               "module sums #(parameter int Step = 1) (input logic clk_i, input logic rst_ni,\n"
               "  input logic [5:0] d, output logic [5:0] q);\n"
               "  always_ff @(posedge clk_i) if (!rst_ni) q <= 0; else q <= " +
                   sum + ";\nendmodule\n");
  }
  void make_gates() {
    const Console console{text_, text_, false, true};
    make_layer_gates(yosys(), {"yosys", "any", "any"}, job_, dir_.path(), console);
  }
  report::LayerProof prove() const {
    return prove_layer(yosys(), job_, job_.layer_jobs[0], 1, dir_.path());
  }
  static fpga::Tool yosys() { return fpga::find_tool("yosys"); }

  TempDir dir_, cache_;
  const Environment environment_{"XDG_CACHE_HOME", cache_.path().string()};
  fpga::SynthesisJob job_;
  std::ostringstream text_;
};

TEST_P(ProveLayer, GatesAreTheRtlOfALayer) {
  source("q + d * Step");
  make_gates();
  const report::LayerProof proof = prove();
  EXPECT_EQ(proof.verdict, kProved) << proof.reason;
  EXPECT_EQ(proof.layer, "u_a");
  EXPECT_FALSE(proof.optimised);
  EXPECT_GT(proof.functions, 0);
  EXPECT_NE(proof.canary, "");
}

TEST_P(ProveLayer, OtherGatesAreNot) {
  source("q + d * Step");
  make_gates();
  for (const char* other : {"q + d * (Step + 1)", "q - d * Step", "{q[0], q[5:1]} + d * Step"}) {
    source(other);
    EXPECT_NE(prove().verdict, kProved) << other;
  }
  job_.layer_jobs[0].instance = "  sums #(.Step(2)) u_layer ();\n";
  source("q + d * Step");
  EXPECT_NE(prove().verdict, kProved);
}

TEST_P(ProveLayer, WhatYosysCannotReadIsNotProved) {
  source("q + d * Step");
  make_gates();
  source("q + nothing_of_this_name");
  const report::LayerProof proof = prove();
  EXPECT_NE(proof.verdict, kProved);
  EXPECT_THAT(proof.reason,
              HasSubstr("Yosys fails (exit code 1) when it is to read the layer's RTL"));
}

std::string family(const ::testing::TestParamInfo<Family>& info) {
  return std::string(netlist::family_name(info.param));
}

INSTANTIATE_TEST_SUITE_P(Families, ProveLayer, ::testing::Values(Family::kIce40, Family::kEcp5),
                         family);
// Yosys reads its cells for a second.
INSTANTIATE_TEST_SUITE_P(FamiliesNightly, ProveLayer, ::testing::Values(Family::kXilinx), family);

}  // namespace
}  // namespace assay
