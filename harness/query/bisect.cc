// SPDX-License-Identifier: Apache-2.0
#include "harness/query/bisect.h"

#include <memory>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"
#include "compile/onnx/import.h"
#include "harness/check/check.h"
#include "harness/check/saved_stage.h"
#include "harness/flow/stages.h"
#include "harness/run/identity.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

class Bisection {
 public:
  Bisection(const BisectOptions& options, const Console& console)
      : options_(options),
        console_(console),
        run_(read_run(options.dir)),
        preprocess_(run_.preprocess),
        reference_file_(load_reference(run_)),
        pixels_(pixel_graph(reference_file_.graph, preprocess_)),
        images_(choose_images(images_of_run(run_, options.images), pixels_)),
        reference_(std::make_unique<Reference>(pixels_, images_)) {
    remark_on(run_, console);
    if (data_identity(images_).sha256 != run_.report.inputs.data.sha256)
      console_.remark("These are not the images of the run.");
    if (options_.drop) base_ = model_accuracy();
  }

  BisectResult run() {
    BisectResult result;
    result.verdict = Verdict::kEquivalent;
    for (const SavedRun::Stage& stage : run_.stages) {
      const Judgement judgement = look_at(stage);
      result.verdict = worse(result.verdict, judgement.verdict);
      reason_ = judgement.reason;
      if (result.verdict == Verdict::kEquivalent) continue;
      first_stage_ = stage.id;
      break;
    }
    if (result.verdict == Verdict::kEquivalent && !options_.drop && has_approximate())
      result.verdict = Verdict::kApproximate;
    note_run(result.verdict);
    result.report = report(result.verdict);
    result.text = text(result.verdict);
    return result;
  }

 private:
  bool has_approximate() const {
    return std::ranges::any_of(run_.stages, [](const SavedRun::Stage& stage) {
      return stage.contract == Contract::kApproximate;
    });
  }

  /// A run that went wrong in another way than exact arithmetic shows is not called sound.
  void note_run(Verdict& verdict) {
    if (options_.drop || exit_code(verdict) != 0 || exit_code(run_.report.stages_verdict()) == 0)
      return;
    verdict = Verdict::kInconclusive;
    reason_ = fmt::format("no stage differs now, but the run was {}: {}",
                          verdict_name(run_.report.verdict), run_.report.reason);
  }

  Judgement look_at(const SavedRun::Stage& stage) {
    const LoadedFile file = load_file(stage.file);
    const bool edited = sha256(file.bytes) != stage.sha256;
    if (edited) console_.remark(fmt::format("{} was changed after the run.", stage.id));
    Graph pixels = pixel_graph(file.graph, preprocess_);
    StageCheck check = check_stage(*reference_, pixels, 1, console_, stage.id, stage.contract,
                                   ends_in_labels(stage.id, pixels_, run_.report.inputs.topk));
    if (edited && stage.contract == Contract::kApproximate)
      check.judgement = {Verdict::kInconclusive,
                         "the file of this approximate stage was changed after the run, so its "
                         "effect is not the one that was measured"};
    stages_.push_back({stage.id, reference_stage_, check.judgement.verdict, check.judgement.reason,
                       edited, check.tally.predicted(), check.tally.compared(),
                       check.tally.differing(), check.tally.canaries,
                       accuracy_summary(check.accuracy)});
    const Judgement judgement = options_.drop ? judge_drop(check) : check.judgement;
    if (judgement.verdict != Verdict::kEquivalent && check.tally.first())
      first_ = *check.tally.first();
    if (stage.contract == Contract::kApproximate) refer_to(stage.id, std::move(pixels));
    return judgement;
  }

  void refer_to(const std::string& stage, Graph pixels) {
    reference_.reset();
    pixels_ = std::move(pixels);
    reference_ = std::make_unique<Reference>(pixels_, images_);
    reference_stage_ = stage;
  }

  Accuracy model_accuracy() {
    const std::optional<AnswerSource> source = answer_source(pixels_);
    std::vector<Answer> answers(source ? static_cast<std::size_t>(images_.size()) : 0);
    if (source)
      for_each_image(images_.size(), [&](std::int64_t image) {
        ImageResult scratch;
        answers[static_cast<std::size_t>(image)] =
            exact_answer(*source, reference_->result(image, scratch));
      });
    const std::optional<Accuracy> accuracy =
        source ? count_accuracy(*source, images_.set, images_.first, answers, 1) : std::nullopt;
    if (!accuracy)
      user_error("--drop needs images with labels and a network that gives labels or logits");
    return *accuracy;
  }

  Judgement judge_drop(const StageCheck& check) const {
    constexpr double kPoints = 100;
    if (auto gap = plan_gap(check.plan)) return {Verdict::kInconclusive, std::move(*gap)};
    if (!check.accuracy || !check.accuracy->complete())
      return {Verdict::kInconclusive, "the stage's accuracy is not known"};
    // Counts, not quotients: a fall of exactly the limit is not more than it.
    const double fall = kPoints *
                        static_cast<double>(base_->top1_correct - check.accuracy->top1_correct) /
                        static_cast<double>(base_->compared);
    const std::string numbers = fmt::format(
        "top-1 {} against the model's {}", percent(check.accuracy->top1()), percent(base_->top1()));
    if (fall > *options_.drop)
      return {Verdict::kDifferent,
              fmt::format("accuracy falls by {:.2f} points: {}", fall, numbers)};
    return {Verdict::kEquivalent,
            fmt::format("no stage's accuracy falls by more than {} points: {}", *options_.drop,
                        numbers)};
  }

  report::Bisect report(Verdict verdict) const {
    report::Bisect report;
    report.run_verdict = run_.report.verdict;
    report.run_reason = run_.report.reason;
    report.verdict = verdict;
    report.reason = reason_;
    report.reference = reference_file_.name;
    report.data = data_identity(images_);
    if (!first_stage_.empty()) report.first_stage = first_stage_;
    report.first_difference = first_;
    report.drop = options_.drop;
    report.stages = stages_;
    return report;
  }

  std::string text(Verdict verdict) const {
    std::vector<std::vector<std::string>> rows = {
        {"stage", "verdict", "compared", "differing", "top-1"}};
    for (const report::Bisect::Stage& stage : stages_)
      rows.push_back({stage.stage, std::string(verdict_name(stage.verdict)),
                      grouped(stage.compared), grouped(stage.differing),
                      stage.accuracy ? percent(stage.accuracy->top1) : "-"});
    std::string text =
        fmt::format("the run was {}: {}\n\n{}\n{}: {}\n", verdict_name(run_.report.verdict),
                    run_.report.reason, table_text(rows), verdict_name(verdict), reason_);
    if (!first_stage_.empty()) text += "first stage: " + first_stage_ + "\n";
    for (const SavedRun::Stage& stage : run_.stages)
      if (stage.contract == Contract::kApproximate)
        text +=
            fmt::format("approximate: {}; the stages behind it are compared with it\n", stage.id);
    if (first_) text += "first difference: " + difference_text(*first_) + "\n";
    return text;
  }

  const BisectOptions& options_;
  const Console& console_;
  SavedRun run_;
  Preprocess preprocess_;
  LoadedFile reference_file_;
  Graph pixels_;
  ChosenImages images_;
  std::unique_ptr<Reference> reference_;
  std::string reference_stage_ = "model";
  std::optional<Accuracy> base_;
  std::vector<report::Bisect::Stage> stages_;
  std::string first_stage_, reason_;
  std::optional<Difference> first_;
};

}  // namespace

BisectResult bisect(const BisectOptions& options, const Console& console) {
  return Bisection(options, console).run();
}

}  // namespace assay
