// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/exact/executor.h"
#include "harness/report/console.h"
#include "harness/report/rtl.h"
#include "harness/rtl/sim_run.h"
#include "harness/run/images.h"
#include "harness/run/preprocess.h"
#include "harness/run/run_dir.h"
#include "harness/run/saved_run.h"
#include "sim/model/model.h"

namespace assay {

/// How many images hardware is simulated on unless the user says.
inline constexpr std::int64_t kVerifiedImages = 10;
/// All of them.
inline constexpr std::int64_t kAllImages = std::numeric_limits<std::int64_t>::max();
/// Steady-state cycles are the distance of the second and the third frame at least.
inline constexpr std::int64_t kLeastFrames = 3;

/// A finished run, opened to simulate the hardware of its last stage.
class RtlSession {
 public:
  /// `cache`: folder of built models; empty: the user's own. `unasked`: images at most where `images`
  /// does not say how many. UserError when the run or its images are
  /// not there or were changed, NotEquivalentError when it is not EQUIVALENT.
  RtlSession(const std::filesystem::path& dir, const ImageChoice& images,
             const std::filesystem::path& cache, std::int64_t unasked = kVerifiedImages);

  /// NotEquivalentError for several images that are all the same, for stages that are not made of the
  /// run's model (remade_fault()), and where the stage and what it has to agree with, executed on the
  /// images to simulate, differ at a checkpoint.
  void prove_stage(const Console& console) const;
  /// Golden's value of every tensor, image after image.
  void for_each_image(const Console& console,
                      const std::function<void(const ExactRun&)>& body) const;
  /// What every report on a simulation begins with; verdict and counts are left to the caller.
  report::RtlHead report_head(std::uint64_t seed) const;
  /// The one that is simulated.
  const SavedRun::Stage& stage() const { return run_.stages.back(); }

 public:
  const RunDir dir;

 private:
  SavedRun run_;
  std::string stage_bytes_;
  Preprocess preprocess_;

 public:
  const Graph graph;
  const ChosenImages images;
  const std::int64_t image_count;
  mutable sim::ModelCache cache;
  const SimRunner runner;
};

/// The integers that a hardware tensor carries.
std::vector<std::int64_t> integers(const ExactValue& value);

}  // namespace assay
