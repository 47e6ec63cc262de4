// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/flow.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/passes/layers/folding_config.h"
#include "harness/check/check.h"
#include "harness/check/float_report.h"
#include "harness/check/recorded_report.h"
#include "harness/check/run_table.h"
#include "harness/check/stimuli.h"
#include "harness/flow/fifos.h"
#include "harness/flow/folding_check.h"
#include "harness/flow/folding_config.h"
#include "harness/flow/folding_report.h"
#include "harness/flow/scale_notes.h"
#include "harness/flow/stage_files.h"
#include "harness/flow/streamline_report.h"
#include "harness/report/schema.h"
#include "harness/run/identity.h"
#include "harness/run/network.h"
#include "harness/run/rtl_manifest.h"
#include "harness/run/run_dir.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Everything that is read and checked before a byte is written.
struct Inputs {
  Inputs(const FlowOptions& options, const Console& console)
      : preprocess(options.preprocess),
        bytes(read_file(options.model)),
        model(complete_network(bytes, options.model, console)),
        pixels(pixel_graph(model, preprocess)),
        images(choose_images(options.images, pixels)),
        stages(stages_until(flow_stages(preprocess, options.topk, options.passes), options.until)),
        reference(std::make_unique<Reference>(pixels, images)) {
    check_topk(options.topk);
    identity.assay = assay_identity();
    identity.model = model_identity(bytes, model);
    identity.data = data_identity(images);
    identity.preprocess = preprocess.identity();
    identity.topk = options.topk;
    if (!options.against.empty()) recording.emplace(options.against, pixels, images);
    check_folding(model, stages, preprocess, options.passes.folding);
  }

  void check_topk(std::int64_t topk) const {
    const std::optional<AnswerSource> source = answer_source(pixels);
    const std::int64_t limit = source ? source->ranks : 1;
    if (topk < 1 || topk > limit)
      user_error("--topk must be from 1 to {}, the number of labels that the network ranks, not {}",
                 limit, topk);
  }

  Preprocess preprocess;
  std::string bytes;
  Graph model, pixels;
  ChosenImages images;
  std::vector<StageSpec> stages;
  std::unique_ptr<Reference> reference;
  std::optional<Recording> recording;
  report::Inputs identity;
};

class Flow {
 public:
  Flow(const FlowOptions& options, const Console& console)
      : options_(options),
        console_(console),
        inputs_(options, console),
        dir_(options.out),
        reference_sha256_(inputs_.identity.model.graph_sha256) {}

  FlowResult run() {
    dir_.remove("reports/run.json");  // until the end there is no verdict
    dir_.remove("reports/rtl-top.json");
    dir_.remove(kStreamlineReport);
    dir_.remove(kPageFile);
    dir_.log("start", {{"model", options_.model.string()}, {"inputs", to_json(inputs_.identity)}});
    FlowResult result;
    result.verdict = Verdict::kEquivalent;
    for (StageSpec& stage : inputs_.stages) {
      if (!needed(stage)) continue;
      stage.id = stage_id(reports_.size() + 1, stage.name);
      reports_.push_back(run_stage(stage));
      const Verdict verdict = reports_.back().check.verdict;
      result.verdict = worse(result.verdict, verdict);
      if (result.verdict != Verdict::kEquivalent) break;
      integer_ = stage.integer;
      if (verdict == Verdict::kApproximate) refer_to(stage);
    }
    if (result.verdict == Verdict::kEquivalent && is_approximate())
      result.verdict = Verdict::kApproximate;
    if (all_hold() && judge_images(stimuli())) result.verdict = Verdict::kInconclusive;
    remove_other_stages();
    remove_stale_rtl(dir_, previous_sha256_);
    for (const char* file : {kFoldingFile, kFoldingReport, kFifoReport}) dir_.remove(file);
    if (integer_) write_hardware();
    result.report = summary(result.verdict);
    if (const auto streamline = streamline_summary(reports_, integer_))
      dir_.write_report(kStreamlineReport, *streamline);
    dir_.write_report("reports/timing.json", timing_);
    dir_.write_report("reports/run.json", result.report);
    if (options_.finished) options_.finished(dir_);
    dir_.log("end", {{"verdict", verdict_name(result.verdict)}});
    result.table = run_table(result.report, timing_);
    return result;
  }

 private:
  static constexpr const char* kStreamlineReport = "reports/streamline.json";
  static constexpr const char* kFifoReport = "reports/fifos.json";
  static constexpr const char* kFoldingReport = "reports/folding.json";
  static constexpr const char* kFoldingFile = "folding.json";

  /// From the fold stage on: how layers are folded, also as a file that says so to the next run.
  /// Behind the fifos stage nothing is missing between the layers.
  void write_hardware() {
    const std::string& id = reports_.back().stage;
    const auto name = stage_name(id);
    if (name != "fold" && name != "converters" && name != "fifos") return;
    dir_.write(kFoldingFile, folding_config_text(folding_config(previous())));
    folding_ = folding_report(previous(), id, previous_sha256_, options_.passes);
    dir_.write_report(kFoldingReport, *folding_);
    if (name == "fifos") dir_.write_report(kFifoReport, fifo_report(previous()));
  }

  /// Whether a step that depends on the network is to be taken.
  bool needed(const StageSpec& stage) {
    if (!stage.applies || stage.applies(pixel_graph(previous(), inputs_.preprocess))) return true;
    console_.remark(fmt::format("{}: not needed", stage.name));
    return false;
  }

  /// The graph of the last stage.
  const Graph& previous() {
    if (!previous_)
      previous_ = previous_file_.empty() ? inputs_.model : read_stage(dir_, previous_file_);
    return *previous_;
  }

  /// From here on stages are compared with this one, not with the model.
  void refer_to(const StageSpec& stage) {
    inputs_.reference.reset();
    reference_stage_ = stage.id;
    reference_file_ = stage.file();
    reference_sha256_ = previous_sha256_;
    console_.remark(fmt::format("{} is APPROXIMATE: {}. The stages behind it are compared with it.",
                                stage.id, effect_text(stage.id, reports_.back().effect.value())));
  }

  Reference& reference() {
    if (!inputs_.reference) {
      inputs_.pixels = pixel_graph(read_stage(dir_, reference_file_), inputs_.preprocess);
      inputs_.reference = std::make_unique<Reference>(inputs_.pixels, inputs_.images);
    }
    return *inputs_.reference;
  }

  report::Stage run_stage(const StageSpec& stage) {
    const auto start = Clock::now();
    std::optional<report::Stage> kept = completed(stage);
    const bool resumed = kept.has_value();
    if (resumed) {
      previous_.reset();
      console_.remark(fmt::format("{}: complete, kept", stage.id));
    } else {
      dir_.remove(stage.report());
      kept = execute(stage);
      dir_.write_report(stage.report(), *kept);
    }
    previous_file_ = stage.file();
    previous_sha256_ = kept->sha256;
    timing_.stages.push_back({stage.id, resumed, seconds_since(start)});
    dir_.log("stage", {{"stage", stage.id},
                       {"verdict", verdict_name(kept->check.verdict)},
                       {"resumed", resumed},
                       {"seconds", seconds_since(start)}});
    return std::move(*kept);
  }

  report::Inputs stage_inputs(const StageSpec& stage) const {
    report::Inputs inputs = inputs_.identity;
    if (is_import() && inputs_.recording) inputs.recorded = inputs_.recording->identity();
    inputs.options.emplace(stage.options.begin(), stage.options.end());
    inputs.previous_sha256 = previous_sha256_;
    inputs.reference_sha256 = reference_sha256_;
    return inputs;
  }

  /// The report of an equal or approximate stage that was completed earlier.
  std::optional<report::Stage> completed(const StageSpec& stage) const {
    try {
      report::Stage report =
          read_report<report::Stage>(read_file(dir_.file(stage.report())), stage.report());
      if (report.stage == stage.id && report.inputs == stage_inputs(stage) &&
          report.check.verdict == expected_of(stage) && report.stimuli.has_value() == is_import() &&
          report.sha256 == sha256(read_file(dir_.file(stage.file()))))
        return report;
    } catch (const UserError&) {  // absent or damaged: do it again
    }
    return {};
  }

  static Verdict expected_of(const StageSpec& stage) {
    return stage.contract == Contract::kExact ? Verdict::kEquivalent : Verdict::kApproximate;
  }

  report::Stage execute(const StageSpec& stage) {
    BuiltStage built = build_stage(dir_, stage, previous());
    const Graph saved = pixel_graph(built.graph, inputs_.preprocess);
    previous_ = std::move(built.graph);
    const StageCheck check =
        check_stage(reference(), saved, options_.topk, console_, stage.id, stage.contract,
                    ends_in_labels(stage.id, reference().graph()));
    report::Stage report;
    report.stage = stage.id;
    report.file = stage.file();
    report.sha256 = built.sha256;
    report.contract = contract_name(stage.contract);
    report.passes = stage.passes;
    report.inputs = stage_inputs(stage);
    report.reference = reference_stage_;
    report.check = comparison_report(check);
    report.effect = effect_report(check);
    if (stage.streamlines) report.streamline = streamline_report(built.report);
    report.accuracy.exact = accuracy_summary(check.accuracy);
    if (is_import()) {
      add_float_reference(report);
      report.stimuli = look_at_images(reference());
      if (inputs_.recording) add_recorded(report);
    }
    return report;
  }

  /// Whether no stage is there yet, so that the one at hand is the network as it was read.
  bool is_import() const { return previous_file_.empty(); }

  void add_float_reference(report::Stage& report) {
    FloatReport floats = compare_float(reference(), options_.topk, console_);
    report.accuracy.floating = accuracy_summary(floats.accuracy);
    report.float_reference = std::move(floats.report);
    note(report, floats.judgement);
  }

  void add_recorded(report::Stage& report) {
    RecordedReport recorded = compare_recorded(reference(), *inputs_.recording, console_);
    report.recorded = std::move(recorded.report);
    note(report, recorded.judgement);
  }

  /// What a further check says about a stage: its verdict counts where it is worse.
  static void note(report::Stage& report, const Judgement& judgement) {
    const Verdict verdict = worse(report.check.verdict, judgement.verdict);
    if (verdict != report.check.verdict) report.check.reason = judgement.reason;
    report.check.verdict = verdict;
  }

  /// Stages of an earlier run that this one did not reach, or numbers differently, say nothing
  /// about it.
  void remove_other_stages() const {
    std::set<std::string> kept, names;
    for (const report::Stage& report : reports_) kept.insert(report.stage);
    for (const StageSpec& stage : flow_stages(inputs_.preprocess, options_.topk, options_.passes))
      names.insert(stage.name);
    for (const auto& [folder, extension] :
         {std::pair{"stages", ".onnx"}, std::pair{"reports", ".json"}})
      for (const std::filesystem::path& file : dir_.files(folder)) {
        const std::string id = file.stem().string();
        const std::optional<std::string_view> name = stage_name(id);
        if (file.extension() == extension && name && names.contains(std::string(*name)) &&
            !kept.contains(id))
          dir_.remove((folder / file.filename()).string());
      }
  }

  report::Run summary(Verdict verdict) const {
    report::Run run;
    run.verdict = verdict;
    run.reason = run_reason();
    run.model = options_.model.string();
    if (!options_.images.data.empty()) run.data = options_.images.data;
    if (!options_.images.images.empty()) run.images = options_.images.images;
    run.preprocess = options_.preprocess.kind;
    if (!options_.until.empty()) run.until = options_.until;
    run.inputs = run_inputs();
    run.accuracy_means_nothing = inputs_.images.set.synthetic;
    run.notes = scale_notes(reports_, folding_);
    if (folding_) run.warnings = folding_->warnings;
    if (std::string note = class_note(inputs_.images, inputs_.model); !note.empty())
      run.warnings.push_back(std::move(note));
    run.unseen = unseen(stimuli());
    run.recorded = reports_.front().recorded;
    for (const report::Stage& report : reports_) {
      run.stages.push_back(stage_summary(report));
      if (report.contract == contract_name(Contract::kApproximate))
        run.approximate.push_back(report.stage);
    }
    return run;
  }

  /// What the images can show, as the first stage saw them.
  const report::Stimuli& stimuli() const { return reports_.front().stimuli.value(); }

  bool all_hold() const {
    return std::ranges::all_of(
        reports_, [](const report::Stage& stage) { return exit_code(stage.check.verdict) == 0; });
  }

  bool is_approximate() const {
    return std::ranges::any_of(reports_,
                               [](const report::Stage& stage) { return stage.effect.has_value(); });
  }

  /// The last stage's, and what approximate stages did: a run with one is no plain pass.
  std::string run_reason() const {
    std::string reason = reports_.back().check.reason;
    if (const auto images = judge_images(stimuli()); images && all_hold()) reason = images->reason;
    for (const report::Stage& report : reports_)
      if (report.effect) reason += "; approximate: " + effect_text(report.stage, *report.effect);
    return reason;
  }

  report::Inputs run_inputs() const {
    report::Inputs inputs = inputs_.identity;
    if (inputs_.recording) inputs.recorded = inputs_.recording->identity();
    inputs.options = recorded_options(options_);
    return inputs;
  }

  static report::StageSummary stage_summary(const report::Stage& stage) {
    const report::Comparison& check = stage.check;
    return {.stage = stage.stage,
            .file = stage.file,
            .sha256 = stage.sha256,
            .contract = stage.contract,
            .verdict = check.verdict,
            .reason = check.reason,
            .images = check.images,
            .predicted = check.predicted,
            .compared = check.compared,
            .differing = check.differing,
            .canaries = check.canaries,
            .first_difference = check.first_difference,
            .accuracy = stage.accuracy,
            .reference = stage.reference,
            .effect = stage.effect,
            .checkpoints = std::ssize(check.checkpoints)};
  }

  const FlowOptions& options_;
  const Console& console_;
  Inputs inputs_;
  RunDir dir_;
  std::vector<report::Stage> reports_;
  report::Timing timing_;
  std::optional<Graph> previous_;  ///< the last stage's, once it was needed
  std::string previous_file_, previous_sha256_;
  std::string reference_stage_ = "model", reference_file_, reference_sha256_;
  std::optional<report::Folding> folding_;  ///< reports/folding.json, where there are layers
  bool integer_ = false;
};

}  // namespace

FlowResult run_flow(const FlowOptions& options, const Console& console) {
  return Flow(options, console).run();
}

}  // namespace assay
