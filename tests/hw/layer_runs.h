// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "compile/backend/verilog/node_rtl.h"
#include "hw/layer_test.h"
#include "sim/model/model.h"

/// What expect_equal_to_golden is made of, for tests that simulate something else in the RTL's place.
namespace assay::hw::test {

/// Simulation programs stay between test runs, beside the test program.
sim::ModelCache& model_cache();

/// A folder that is removed in the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A case ready for simulation: its RTL and the files with what its streams carry.
struct Prepared {
  NodeRtl rtl;
  std::vector<sim::StreamFile> inputs, outputs;  ///< outputs: golden's
  std::filesystem::path data;                    ///< the folder with the memory files
};

/// The RTL of a case as `module`, random frames for it, the `number`-th of the seed, and what golden
/// makes of them; files go to `folder`.
Prepared prepare_random(const Graph& graph, const std::string& module, const CheckOptions& options,
                        std::uint64_t number, const std::filesystem::path& folder);

/// One of sim::kProfiles runs; all but the first have two resets.
sim::JobFile profile_job(const Prepared& p, int dut, int profile, const CheckOptions& options);

/// What is wrong in a run, in words; empty: nothing. With `cycles` also a wrong number of cycles per
/// frame is.
std::string run_fault(const sim::Model& model, const sim::JobFile& job, const Prepared& p,
                      bool cycles);

/// Fails the test when one of the runs has a fault.
void expect_no_fault(const sim::Model& model, int dut, const Prepared& p,
                     const CheckOptions& options);

}  // namespace assay::hw::test
