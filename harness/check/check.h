// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/passes/pipeline/pass.h"
#include "harness/check/answer.h"
#include "harness/check/comparison.h"
#include "harness/check/execute.h"
#include "harness/report/console.h"
#include "harness/report/stage.h"
#include "harness/run/images.h"

namespace assay {

/// The network that every stage is compared with, and its results on the chosen images. Both
/// arguments must outlive it.
class Reference {
 public:
  /// `graph` takes raw pixels.
  Reference(const Graph& graph, const ChosenImages& images);
  const Graph& graph() const { return graph_; }
  const ChosenImages& images() const { return images_; }
  const ExactExecutor& executor() const { return executor_.executor(); }
  const ImageResult& result(std::int64_t image, ImageResult& scratch) {
    return results_.get(image, scratch);
  }
  /// What it answers to every image; empty where it gives no answers.
  const std::vector<Answer>& answers();

 private:
  const Graph& graph_;
  const ChosenImages& images_;
  ExactPixels executor_;
  ReferenceResults results_;
  std::optional<std::vector<Answer>> answers_;
};

/// What an approximate stage did to the results.
struct Effect {
  std::int64_t activations = 0, changed = 0;    ///< over all activation checkpoints
  std::int64_t labels = 0, labels_changed = 0;  ///< best labels; none without answers
  std::optional<Accuracy> before;               ///< the reference's accuracy
};

/// What came of comparing one graph with the reference.
struct StageCheck {
  ComparisonPlan plan;
  ComparisonTally tally;
  Judgement judgement;
  std::optional<Accuracy> accuracy;  ///< of the exact results; absent without labels or answers
  std::optional<Effect> effect;      ///< under an approximate contract
};

/// Executes `candidate` (from raw pixels) exactly on every image, compares every checkpoint with
/// the reference's, and plants the canaries into the first image's results. Under an approximate
/// contract differences are the measured effect, and the canaries are planted into a comparison of
/// the first image's results with themselves. With `needs_label` the candidate has to put out a
/// label.
StageCheck check_stage(Reference& reference, const Graph& candidate, std::int64_t topk,
                       const Console& console, const std::string& label,
                       Contract contract = Contract::kExact, bool needs_label = false);

/// What check_stage() under an exact contract finds if all images are like those that are executed
/// here, `images` by their places with the first one among them: counts are over all images, and the
/// accuracy is the reference's, where these agree. Otherwise only what they leave.
StageCheck sample_stage(Reference& reference, const Graph& candidate, std::int64_t topk,
                        const std::vector<std::int64_t>& images, bool needs_label);

/// What a comparison of the first `count` images alone amounts to.
Judgement compare_images(Reference& reference, const Graph& candidate, std::int64_t count,
                         bool needs_label);

/// The images to look at again of `count`: all of few; else the first, the last and some in between
/// that `seed`, a SHA-256, decides.
std::vector<std::int64_t> sampled_images(std::int64_t count, const std::string& seed);

report::Comparison comparison_report(const StageCheck& check);
std::optional<report::Effect> effect_report(
    const StageCheck& check);  ///< none under an exact contract
/// "image 3, channel 2, row 0, column 5"
std::string place_text(const Difference& difference);
/// The same with checkpoint and node, printable, and ": expected 7, got 8".
std::string difference_text(const Difference& difference);

}  // namespace assay
