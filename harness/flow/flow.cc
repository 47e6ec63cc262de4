// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/flow.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/function_digest.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/insert_topk.h"
#include "compile/passes/layers/folding_config.h"
#include "compile/passes/streamline/streamline.h"
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
#include "harness/report/checksum.h"
#include "harness/report/optional_report.h"
#include "harness/report/schema.h"
#include "harness/run/built_reports.h"
#include "harness/run/identity.h"
#include "harness/run/ledger.h"
#include "harness/run/network.h"
#include "harness/run/origins.h"
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
        model(complete_network(bytes, options.model, console, &tail)),
        pixels(pixel_graph(model, preprocess)),
        images(choose_images(options.images, pixels)),
        topk(labels_in_front_of(tail, options.topk)),
        stages(stages_until(flow_stages(preprocess, topk, options.passes), options.until)),
        reference(exact_reference(options.model)) {
    check_topk(options.topk);
    identity.assay = assay_identity();
    identity.model = model_identity(bytes, model);
    identity.data = data_identity(images);
    identity.preprocess = preprocess.identity();
    identity.topk = topk;
    if (!options.against.empty()) recording.emplace(options.against, pixels, images);
    check_folding(model, stages, preprocess, options.passes.folding);
  }

  /// What it refuses is about the network as it was read.
  std::unique_ptr<Reference> exact_reference(const std::filesystem::path& path) const {
    try {
      return std::make_unique<Reference>(pixels, images);
    } catch (const UserError& error) {
      user_error("{}", Origins(bytes, path).told(with_cause(pixels, error.what()), false));
    }
  }

  void check_topk(std::int64_t topk) const {
    const std::optional<AnswerSource> source = answer_source(pixels);
    const std::int64_t limit = source ? source->ranks : 1;
    if (topk < 0 || topk > limit)
      user_error("--topk must be from 0 to {}, the number of labels that the network ranks, not {}",
                 limit, topk);
  }

  Preprocess preprocess;
  std::string bytes;
  HostTail tail;  ///< what the host computes behind the network
  Graph model, pixels;
  ChosenImages images;
  std::int64_t topk;  ///< labels that are inserted
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
    if (!options_.replace) refuse_what_was_replaced();
    const Named<std::string> registered = registered_files();
    dir_.remove(kRunReport);  // until the end there is no verdict
    dir_.remove(kTopReport);
    for (const report::RunLevel& level : options_.levels) dir_.remove(level.report_file());
    dir_.remove(kStreamlineReport);
    dir_.remove(kPageFile);
    dir_.log("start", {{"model", options_.model.string()}, {"inputs", to_json(inputs_.identity)}});
    FlowResult result;
    run_stages();
    remove_other_stages();
    remove_stale_rtl(dir_, previous_sha256_);
    remove_other_rtl_reports(registered);
    write_hardware();
    write_tail();
    if (const auto streamline = streamline_summary(reports_, integer_))
      write_beside(kStreamlineReport, *streamline);
    dir_.write_report("reports/timing.json", timing_);
    write_run(dir_, summary(), beside_);
    finish();
    result.report = read_sealed_run(dir_.path());
    result.verdict = result.report.stages_verdict();
    dir_.log("end", {{"verdict", verdict_name(result.verdict)}});
    result.table = run_table(result.report, timing_);
    return result;
  }

 private:
  static constexpr const char* kStreamlineReport = "reports/streamline.json";
  static constexpr const char* kFifoReport = "reports/fifos.json";
  static constexpr const char* kFoldingReport = "reports/folding.json";
  static constexpr const char* kFoldingFile = "folding.json";
  static constexpr const char* kHostFile = "host.onnx";

  /// Up to the last one, or the first one that does not hold.
  void run_stages() {
    for (std::size_t i = 0; i < inputs_.stages.size(); ++i) try {
        if (!take(i)) break;
      } catch (const UserError& error) {
        const std::string& name = inputs_.stages[i].name;
        user_error("{}", Origins(inputs_.bytes, options_.model)
                             .told(error.what(), name != "import" && name != "cleanup"));
      }
  }

  /// Whether the next one may be taken.
  bool take(std::size_t i) {
    StageSpec& stage = inputs_.stages[i];
    if (!needed(stage)) return true;
    stage.id = stage_id(reports_.size() + 1, stage.name);
    reports_.push_back(run_stage(stage, may_be_last(i)));
    const Verdict verdict = reports_.back().check.verdict;
    if (exit_code(verdict) != 0) return false;
    integer_ = stage.integer;
    if (verdict == Verdict::kApproximate) refer_to(stage);
    return true;
  }

  /// Whether no step behind this one is sure to be taken.
  bool may_be_last(std::size_t i) const {
    return std::all_of(inputs_.stages.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                       inputs_.stages.end(),
                       [](const StageSpec& later) { return later.applies != nullptr; });
  }

  /// What the folder's earlier run was about: by its report or, where none was finished, by that of its
  /// first stage.
  struct Earlier {
    std::optional<report::Run> run;
    report::Inputs inputs;
  };
  std::optional<Earlier> earlier_run() const {
    const std::string first = fmt::format("reports/{}.json", stage_id(1, inputs_.stages[0].name));
    if (auto run = optional_report<report::Run>(dir_.file(kRunReport))) {
      const report::Inputs inputs = run->inputs;
      return Earlier{std::move(run), inputs};
    }
    if (const auto stage = optional_report<report::Stage>(dir_.file(first)))
      return Earlier{{}, stage->inputs};
    return {};
  }

  void refuse_what_was_replaced() const {
    const std::optional<Earlier> before = earlier_run();
    if (!before) return;
    const auto& [run, of] = *before;
    if (!is_same_model(of))
      refuse_run_of(fmt::format("another model{} (SHA-256 {})",
                                run ? fmt::format(" '{}'", printable(run->model, 4096)) : "",
                                of.model.sha256));
    const report::Preprocess& now = inputs_.identity.preprocess;
    if (run && run->preprocess == options_.preprocess.kind && now.kind == "file" &&
        of.preprocess.graph_sha256 != now.graph_sha256)
      refuse_run_of(fmt::format("other pre-processing than '{}' is now",
                                printable(options_.preprocess.kind, 4096)));
    if (is_same_choice(run, of.data) && of.data.sha256 != inputs_.identity.data.sha256)
      refuse_run_of(fmt::format("images that lay where '{}' has others now (SHA-256 {})",
                                printable(options_.images.data, 4096), of.data.sha256));
  }

  [[noreturn]] void refuse_run_of(const std::string& what) const {
    user_error(
        "'{}' holds a run of {}; give --replace to put this run in its place, or another folder as "
        "--out",
        printable(dir_.path().string(), 4096), what);
  }

  /// Whether the earlier run was told to take the same images from the same place, as far as is known.
  bool is_same_choice(const std::optional<report::Run>& run, const report::Data& before) const {
    const report::Data& now = inputs_.identity.data;
    if (before.synthetic || now.synthetic) return false;
    if (run)
      return run->data.value_or("") == options_.images.data &&
             run->images.value_or("") == options_.images.images;
    return before.name == now.name && before.first == now.first && before.images == now.images;
  }

  /// Weights may lie in files beside the model's: then its graph alone, which another version may write
  /// otherwise, tells two models apart.
  bool is_same_model(const report::Inputs& earlier) const {
    const report::Model &model = inputs_.identity.model, &before = earlier.model;
    return before.sha256 == model.sha256 && (before.graph_sha256 == model.graph_sha256 ||
                                             earlier.assay.sha256 != inputs_.identity.assay.sha256);
  }

  /// A file of an earlier run; empty where there is none.
  std::string text_of(const std::string& file) const {
    try {
      return read_file(dir_.file(file));
    } catch (const UserError&) {
      return {};
    }
  }

  /// A report that the run speaks of besides those of its stages.
  void write_beside(const std::string& file, const AnyRecord& report) {
    dir_.write_report(file, report);
    beside_.push_back(file);
  }

  /// A run whose page could not be written has failed, and leaves no verdict.
  void finish() const {
    if (!options_.finished) return;
    try {
      options_.finished(dir_);
    } catch (...) {
      dir_.remove(kRunReport);
      throw;
    }
  }

  /// From the fold stage on: how layers are folded, also as a file that says so to the next run.
  /// Behind the fifos stage nothing is missing between the layers.
  void write_hardware() {
    const std::string& id = reports_.back().stage;
    const auto name = integer_ ? stage_name(id) : std::nullopt;
    for (const char* file : {kFoldingFile, kFoldingReport}) dir_.remove(file);
    if (name != "fifos") dir_.remove(kFifoReport);
    if (name != "fold" && name != "converters" && name != "fifos") return;
    dir_.write(kFoldingFile, folding_config_text(folding_config(previous())));
    beside_.emplace_back(kFoldingFile);
    folding_ = folding_report(previous(), id, previous_sha256_, options_.passes);
    write_beside(kFoldingReport, *folding_);
    if (name == "fifos") write_fifos();
  }

  /// Whether labels stand where the host's functions would take logits.
  bool labelled() const { return gets_labels(inputs_.model, inputs_.topk); }

  std::string host_source() const {
    return labelled() ? "the logits, of which it puts out the labels alone (--topk 0 keeps logits)"
                      : fmt::format("what it puts out ({})", kHostFile);
  }

  /// What the host computes of the accelerator's outputs, for whoever runs it there.
  void write_tail() {
    dir_.remove(kHostFile);
    if (inputs_.tail.empty() || labelled()) return;
    dir_.write(kHostFile, export_bytes(inputs_.tail.graph));
    beside_.emplace_back(kHostFile);
  }

  void write_fifos() {
    const auto start = Clock::now();
    report::Fifos head;
    head.assay = inputs_.identity.assay;
    head.stage_sha256 = previous_sha256_;
    const FifoReport fifos =
        fifo_report(previous(), std::move(head),
                    optional_report<report::Fifos>(dir_.file(kFifoReport)), console_);
    write_beside(kFifoReport, fifos.report);
    timing_.steps.emplace().push_back({kWhatIfs, fifos.kept, seconds_since(start)});
  }

  /// What the run that was finished here says of its files.
  Named<std::string> registered_files() const {
    try {
      return *read_sealed_run(dir_.path()).files;
    } catch (const UserError&) {  // there is none
      return {};
    }
  }

  void remove_aloud(const std::string& name) {
    dir_.remove(name);
    console_.remark(
        fmt::format("{}: removed, as it is not known to be about this run", printable(name)));
  }

  /// Whether the earlier run spoke of a file with this text.
  static bool spoke_of(const Named<std::string>& registered, const std::string& name,
                       const std::string& text) {
    return std::ranges::find(registered, std::pair(name, sha256(text))) != registered.end();
  }

  /// Reports on RTL that are of another last stage, or that the earlier run did not have like this.
  /// The RTL itself is looked at by who simulates it.
  void remove_other_rtl_reports(const Named<std::string>& registered) {
    if (spoke_of(registered, kRtlManifest, text_of(kRtlManifest))) beside_.push_back(kRtlManifest);
    for (const std::filesystem::path& file : dir_.files("reports")) {
      const std::string name = "reports/" + file.filename().string();
      const bool of_rtl = name.starts_with("reports/rtl") || !built_kind(name).empty();
      if (!of_rtl || file.extension() != ".json") continue;
      const std::string text = text_of(name);
      if (text.find(previous_sha256_) != std::string::npos && spoke_of(registered, name, text))
        beside_.push_back(name);
      else
        remove_aloud(name);
    }
    for (const auto& [name, hash] : registered)
      if (belongs_to_kept_build(name) && sha256(text_of(name)) == hash) beside_.push_back(name);
  }

  /// "build/TARGET/netlist.json" of a build, or a project, whose report is still this run's.
  bool belongs_to_kept_build(const std::string& name) const {
    const std::filesystem::path path(name);
    auto part = path.begin();
    if (std::distance(part, path.end()) < 3 || *part != "build") return false;
    const std::string target = (++part)->string();
    return std::ranges::any_of(
        std::array{build_report_file(target), vivado_report_file(target)},
        [&](const auto& report) { return std::ranges::find(beside_, report) != beside_.end(); });
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

  report::Stage run_stage(const StageSpec& stage, bool last) {
    const auto start = Clock::now();
    std::optional<report::Stage> kept = completed(stage, last);
    const bool resumed = kept.has_value();
    if (!resumed) {
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

  /// The report of an equal or approximate stage that was completed earlier, where it is what can
  /// be derived again.
  std::optional<report::Stage> completed(const StageSpec& stage, bool last) {
    if (!std::filesystem::exists(dir_.file(stage.report()))) return {};
    try {
      auto report =
          read_report<report::Stage>(read_file(dir_.file(stage.report())), stage.report());
      if (report.stage != stage.id || report.inputs != stage_inputs(stage)) return {};
      prove(stage, last, report);
      return report;
    } catch (const UserError& error) {
      console_.remark(fmt::format("{}: done again, as {}", stage.id, error.what()));
    }
    return {};
  }

  /// UserError where a report does not say what its stage's file shows.
  void prove(const StageSpec& stage, bool last, const report::Stage& kept) {
    if (kept.check.verdict != expected_of(stage))
      user_error("its report says {}", verdict_name(kept.check.verdict));
    if (!is_sealed(kept)) user_error("the checksum of its report is wrong");
    const std::string bytes = read_file(dir_.file(stage.file()));
    if (sha256(bytes) != kept.sha256) user_error("its file is not the one that was checked");
    Graph graph = import_bytes(bytes, {}, dir_.file(stage.file()).string());
    if (stage.integer) verify_integer(graph);
    const bool whole = last || stage.contract == Contract::kApproximate;
    const std::vector<std::int64_t> images =
        whole ? std::vector<std::int64_t>() : sampled_images(inputs_.images.size(), kept.sha256);
    report::Stage derived =
        check(stage, kept.sha256, pixel_graph(graph, inputs_.preprocess), images);
    std::optional<BuiltStage> again;
    // FIFOs take a simulation, and leave all else as it is.
    const bool fifos = stage.name == "fifos";
    if (!fifos) again = build_stage(stage, previous());
    if (stage.streamlines)
      derived.streamline = again ? streamline_report(again->report, graph) : kept.streamline;
    seal(derived);
    refuse_other_claims(to_json(kept), to_json(derived));
    if (again && again->bytes != bytes) user_error("its file is not what its passes make");
    if (fifos && function_digest(graph) != function_digest(previous()))
      user_error("its file computes something else than the stage before it");
    console_.remark(fmt::format("{}: complete, kept; {} of {} images compared again", stage.id,
                                whole ? kept.check.images : std::ssize(images), kept.check.images));
    previous_ = std::move(graph);
  }

  /// Names the first entry of a report that is not what was derived again.
  static void refuse_other_claims(const Json& kept, const Json& derived) {
    if (kept == derived) return;
    const Json difference = Json::diff(derived, kept);
    const Json& first = difference.at(0);
    auto place = Json::json_pointer(first.at("path").get<std::string>());
    if (place.back() == "-") place.pop_back();  // an entry more
    const auto value = [&](const Json& report) {
      return report.contains(place) ? printable(report.at(place).dump(-1, ' ', true)) : "nothing";
    };
    user_error("its report says {} {}, not {}", printable(place.to_string()), value(kept),
               value(derived));
  }

  static Verdict expected_of(const StageSpec& stage) {
    return stage.contract == Contract::kExact ? Verdict::kEquivalent : Verdict::kApproximate;
  }

  report::Stage execute(const StageSpec& stage) {
    BuiltStage built = build_stage(stage, previous());
    dir_.write(stage.file(), built.bytes);
    previous_ = read_stage(dir_, stage.file());  // what everything after it works on
    if (stage.integer) verify_integer(*previous_);
    report::Stage report =
        check(stage, sha256(built.bytes), pixel_graph(*previous_, inputs_.preprocess), {});
    if (stage.streamlines)
      report.streamline = streamline_report(std::move(built.report), *previous_);
    seal(report);
    return report;
  }

  /// Compares a stage as it was saved with the reference: on a sample of the images, by their
  /// places, or where there is none on all of them.
  report::Stage check(const StageSpec& stage, const std::string& file_sha256, const Graph& saved,
                      const std::vector<std::int64_t>& sample) {
    const bool labels = ends_in_labels(stage.id, reference().graph(), inputs_.topk);
    const StageCheck check = sample.empty()
                                 ? check_stage(reference(), saved, inputs_.topk, console_, stage.id,
                                               stage.contract, labels)
                                 : sample_stage(reference(), saved, inputs_.topk, sample, labels);
    report::Stage report;
    report.stage = stage.id;
    report.file = stage.file();
    report.sha256 = file_sha256;
    report.contract = contract_name(stage.contract);
    report.passes = stage.passes;
    report.inputs = stage_inputs(stage);
    report.reference = reference_stage_;
    report.check = comparison_report(check);
    report.effect = effect_report(check);
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
    FloatReport floats = compare_float(reference(), inputs_.topk, console_);
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
    for (const StageSpec& stage : flow_stages(inputs_.preprocess, inputs_.topk, options_.passes))
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

  report::Run summary() const {
    report::Run run;
    run.model = options_.model.string();
    if (!options_.images.data.empty()) run.data = options_.images.data;
    if (!options_.images.images.empty()) run.images = options_.images.images;
    run.preprocess = options_.preprocess.kind;
    if (!options_.until.empty()) run.until = options_.until;
    run.inputs = run_inputs();
    run.accuracy_means_nothing = inputs_.images.set.synthetic;
    run.notes = scale_notes(reports_, folding_);
    for (const HostOutput& output : inputs_.tail.outputs) {
      if (!run.host) run.host.emplace();
      run.host->push_back({output.name, nodes_text(output)});
      run.notes.push_back(fmt::format(
          "software behind the accelerator: {} {} output '{}' of {}", run.host->back().node,
          output.nodes.size() == 1 ? "makes" : "make", printable(output.name), host_source()));
    }
    if (folding_) run.warnings = folding_->warnings;
    if (std::string note = class_note(inputs_.images, inputs_.model); !note.empty())
      run.warnings.push_back(std::move(note));
    run.unseen = unseen(stimuli());
    if (const auto images = judge_images(stimuli())) run.blind = images->reason;
    run.recorded = reports_.front().recorded;
    for (const report::Stage& report : reports_) {
      run.stages.push_back(summary_of(report));
      if (report.contract == contract_name(Contract::kApproximate))
        run.approximate.push_back(report.stage);
    }
    run.levels = options_.levels;
    return run;
  }

  /// What the images can show, as the first stage saw them.
  const report::Stimuli& stimuli() const { return reports_.front().stimuli.value(); }

  report::Inputs run_inputs() const {
    report::Inputs inputs = inputs_.identity;
    if (inputs_.recording) inputs.recorded = inputs_.recording->identity();
    inputs.options = recorded_options(options_);
    return inputs;
  }

  const FlowOptions& options_;
  const Console& console_;
  Inputs inputs_;
  RunDir dir_;
  std::vector<report::Stage> reports_;
  std::vector<std::string> beside_;  ///< files of the run besides stages and their reports
  report::Timing timing_;
  std::optional<Graph> previous_;  ///< the last stage's, once it was needed
  std::string previous_file_, previous_sha256_;
  std::string reference_stage_ = "model", reference_file_, reference_sha256_;
  std::optional<report::Folding> folding_;  ///< reports/folding.json, where there are layers
  bool integer_ = false;
};

}  // namespace

FlowResult run_flow(const FlowOptions& options, const Console& console) {
  FlowOptions chosen = options;
  chosen.preprocess = resolved_for(options.model, options.preprocess, options.images);
  return Flow(chosen, console).run();
}

}  // namespace assay
