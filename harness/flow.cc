// SPDX-License-Identifier: Apache-2.0
#include "harness/flow.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "harness/check.h"
#include "harness/float_report.h"
#include "harness/identity.h"
#include "harness/run_dir.h"
#include "harness/run_table.h"
#include "harness/schema.h"
#include "harness/stages.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Everything that is read and checked before a byte is written.
struct Inputs {
  explicit Inputs(const FlowOptions& options)
      : preprocess(options.preprocess),
        bytes(read_file(options.model)),
        model(import_bytes(bytes, options.model.parent_path(), options.model.string())),
        pixels(pixel_graph(model, preprocess)),
        images(choose_images(options.images, pixels)),
        stages(stages_until(flow_stages(preprocess, options.topk), options.until)),
        reference(pixels, images) {
    check_topk(options.topk);
    identity = {{"assay", assay_identity()},
                {"model", model_identity(bytes, model)},
                {"data", data_identity(images)},
                {"preprocess", preprocess.identity()},
                {"topk", options.topk}};
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
  Reference reference;
  Json identity;
};

class Flow {
 public:
  Flow(const FlowOptions& options, const Console& console)
      : options_(options), console_(console), inputs_(options), dir_(options.out) {}

  FlowResult run() {
    dir_.remove("reports/run.json");  // until the end there is no verdict
    dir_.log("start", {{"model", options_.model.string()}, {"inputs", inputs_.identity}});
    FlowResult result;
    result.verdict = Verdict::kEquivalent;
    for (const StageSpec& stage : inputs_.stages) {
      reports_.push_back(run_stage(stage));
      result.verdict = worse(result.verdict, verdict_of(reports_.back()));
      if (result.verdict != Verdict::kEquivalent) break;
    }
    remove_later_stages();
    result.report = summary(result.verdict);
    dir_.write_report("reports/timing.json", timing());
    dir_.write_report("reports/run.json", result.report);
    dir_.log("end", {{"verdict", verdict_name(result.verdict)}});
    result.table = run_table(result.report, timing());
    return result;
  }

 private:
  static Verdict verdict_of(const Json& report) {
    const auto name = report.at("verdict").get<std::string>();
    for (const Verdict verdict : {Verdict::kEquivalent, Verdict::kDifferent})
      if (name == verdict_name(verdict)) return verdict;
    return Verdict::kInconclusive;
  }

  Json run_stage(const StageSpec& stage) {
    const auto start = Clock::now();
    Json report = completed(stage);
    const bool resumed = !report.is_null();
    if (resumed) {
      console_.remark(fmt::format("{}: complete, kept", stage.id));
    } else {
      dir_.remove(stage.report());
      report = execute(stage);
      dir_.write_report(stage.report(), report);
    }
    previous_file_ = stage.file();
    previous_sha256_ = report.at("sha256").get<std::string>();
    record_time(stage, resumed, seconds_since(start));
    dir_.log("stage", {{"stage", stage.id},
                       {"verdict", report.at("verdict")},
                       {"resumed", resumed},
                       {"seconds", seconds_since(start)}});
    return report;
  }

  Json stage_inputs() const {
    Json inputs = inputs_.identity;
    inputs["previous_sha256"] = previous_sha256_;
    return inputs;
  }

  /// The report of an equal stage that was completed earlier, or null.
  Json completed(const StageSpec& stage) const {
    try {
      const Json report = parse_json(read_file(dir_.file(stage.report())), stage.report());
      if (schema_violations(report).empty() && report.at("schema") == kStageSchema &&
          report.at("stage") == stage.id && report.at("inputs") == stage_inputs() &&
          verdict_of(report) == Verdict::kEquivalent &&
          report.at("sha256") == sha256(read_file(dir_.file(stage.file()))))
        return report;
    } catch (const UserError&) {  // absent or damaged: do it again
    }
    return {};
  }

  Json execute(const StageSpec& stage) {
    Graph graph = previous_file_.empty() ? inputs_.model : read_stage(previous_file_);
    stage.build(graph);
    const std::string bytes = export_bytes(graph);
    dir_.write(stage.file(), bytes);
    // What is on disk is what is checked.
    const Graph saved = pixel_graph(read_stage(stage.file()), inputs_.preprocess);
    StageCheck check = check_stage(inputs_.reference, saved, options_.topk, console_, stage.id);
    Json report = {{"schema", kStageSchema},     {"stage", stage.id},
                   {"file", stage.file()},       {"sha256", sha256(bytes)},
                   {"contract", stage.contract}, {"passes", stage.passes},
                   {"inputs", stage_inputs()}};
    report.update(check_json(check));
    report["accuracy"] = {{"exact", accuracy_summary(check.accuracy)}, {"float", Json()}};
    report["float_reference"] = Json();
    if (previous_file_.empty()) add_float_reference(report);
    return report;
  }

  void add_float_reference(Json& report) {
    FloatReport floats = compare_float(inputs_.reference, options_.topk, console_);
    report["accuracy"]["float"] = accuracy_summary(floats.accuracy);
    report["float_reference"] = std::move(floats.json);
    const Verdict verdict = worse(verdict_of(report), floats.judgement.verdict);
    if (verdict != verdict_of(report)) report["reason"] = floats.judgement.reason;
    report["verdict"] = verdict_name(verdict);
  }

  Graph read_stage(const std::string& file) const {
    return import_bytes(read_file(dir_.file(file)), {}, dir_.file(file).string());
  }

  /// Stages of an earlier run that this one did not reach say nothing about it.
  void remove_later_stages() const {
    const auto all = flow_stages(inputs_.preprocess, options_.topk);
    for (std::size_t i = reports_.size(); i < all.size(); ++i) {
      dir_.remove(all[i].report());
      dir_.remove(all[i].file());
    }
  }

  Json summary(Verdict verdict) const {
    Json stages = Json::array();
    for (const Json& report : reports_) stages.push_back(stage_summary(report));
    return {{"schema", kRunSchema},
            {"verdict", verdict_name(verdict)},
            {"reason", reports_.back().at("reason")},
            {"model", options_.model.string()},
            {"data", options_.images.data.empty() ? Json() : Json(options_.images.data)},
            {"images", options_.images.images.empty() ? Json() : Json(options_.images.images)},
            {"preprocess", options_.preprocess.kind},
            {"until", options_.until.empty() ? Json() : Json(options_.until)},
            {"inputs", inputs_.identity},
            {"accuracy_means_nothing", inputs_.images.set.synthetic},
            {"stages", std::move(stages)}};
  }

  static Json stage_summary(const Json& report) {
    Json stage;
    for (const char* key :
         {"stage", "file", "sha256", "contract", "verdict", "reason", "images", "predicted",
          "compared", "differing", "canaries", "first_difference", "accuracy"})
      stage[key] = report.at(key);
    stage["checkpoints"] = report.at("checkpoints").size();
    return stage;
  }

  void record_time(const StageSpec& stage, bool resumed, double seconds) {
    times_.push_back({{"stage", stage.id}, {"resumed", resumed}, {"seconds", seconds}});
  }

  Json timing() const { return {{"schema", kTimingSchema}, {"stages", times_}}; }

  const FlowOptions& options_;
  const Console& console_;
  Inputs inputs_;
  RunDir dir_;
  std::vector<Json> reports_;
  Json times_ = Json::array();
  std::string previous_file_, previous_sha256_;
};

}  // namespace

FlowResult run_flow(const FlowOptions& options, const Console& console) {
  return Flow(options, console).run();
}

}  // namespace assay
