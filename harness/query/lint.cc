// SPDX-License-Identifier: Apache-2.0
#include "harness/query/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/layers/infer_hw_layers.h"
#include "compile/passes/pipeline/pipeline.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/flow/stages.h"
#include "harness/run/network.h"
#include "harness/run/origins.h"

namespace assay {
namespace {

constexpr const char* kLastStep = "hw_layers";
constexpr const char* kImportRemedy = "mend the file or export it anew (docs/import.md)";
constexpr const char* kDefaultRemedy =
    "replace it in the model (docs/import.md, docs/streamlining.md)";

/// The steps of a run up to the hardware layers, over one graph.
class Linter {
 public:
  Linter(const LintOptions& options, const Console& console)
      : options_(options), console_(console), bytes_(read_file(options.model)) {
    report_.sha256 = sha256(bytes_);
    report_.looked_at = "import";
    const std::filesystem::path folder = model_folder(options.model);
    Progress progress(console, "import", 1);
    for (const Refusal& refusal : import_refusals(bytes_, folder)) add("import", refusal);
    progress.tick();
    if (!report_.refusals.empty()) return;
    HostTail tail;
    Graph graph = complete_network(bytes_, options.model, console, &tail);
    look_at_steps(std::move(graph), labels_in_front_of(tail, options.topk));
  }

  report::Lint take() { return std::move(report_); }

 private:
  void look_at_steps(Graph graph, std::int64_t topk) {
    const Preprocess preprocess(resolved_for(options_.model, options_.preprocess, ImageChoice{}));
    for (const StageSpec& stage : flow_stages(preprocess, topk, options_.passes)) {
      if (stage.applies && !stage.applies(graph)) continue;
      report_.looked_at = stage.name;
      if (!look_at(stage, graph, preprocess) || stage.name == kLastStep) return;
    }
  }

  /// Whether what is behind the step can be looked at.
  bool look_at(const StageSpec& stage, Graph& graph, const Preprocess& preprocess) {
    const bool refused = !report_.refusals.empty();
    try {
      if (stage.name == "absorb_scales") return look_at_scales(graph, preprocess);
      if (stage.name == "residual_sums" || stage.name == "tail") return true;  // seen with it
      if (stage.name == kLastStep && !options_.passes.allow_software)
        for (const Refusal& refusal : hw_layer_refusals(graph, options_.passes))
          add(stage.name, refusal);
      else if (streamlined_)
        run_alone(stage.name, graph);
      else
        stage.build(graph);
      return true;
    } catch (const UserError& error) {
      add(stage.name, split(error.what()));
    } catch (const ToolError&) {
      // A graph that ends in what was refused need not hold what a pass takes for granted.
      if (!refused) throw;
    }
    return false;
  }

  /// The step's passes alone: behind refused nodes the graph has inputs that no image feeds.
  void run_alone(const std::string& name, Graph& graph) const {
    const auto step = std::ranges::find(pipeline_steps(), name, &PipelineStep::name);
    PassContext context{.options = options_.passes};
    run_step(graph, *step, context);
  }

  bool look_at_scales(Graph& graph, const Preprocess& preprocess) {
    std::vector<Refusal> found;
    graph = pixel_graph(graph, preprocess);
    Progress progress(console_, "integer forms", 1);
    const bool whole = streamline_refusals(
        graph, options_.passes, found, [&](std::size_t done, std::size_t total) {
          progress.set(static_cast<std::int64_t>(done), static_cast<std::int64_t>(total));
        });
    for (const Refusal& refusal : found) add("absorb_scales", refusal);
    streamlined_ = true;
    return whole;
  }

  /// "pass 'lower': node 'a' (Conv): problem; remedy"
  static Refusal split(std::string_view message) {
    if (message.starts_with("pass '")) message.remove_prefix(message.find("': ") + 3);
    const std::size_t end = message.find("): ");
    const bool named = message.starts_with("node '") && end != message.npos;
    return Refusal::of(std::string(named ? message.substr(0, end + 1) : ""), message);
  }

  void add(const std::string& step, const Refusal& refusal) {
    if (step != "import" && !origins_) origins_.emplace(bytes_, options_.model);
    const bool cleaned = step != "cleanup";
    const auto told = [&](const std::string& text) {
      return origins_ ? origins_->told(text, cleaned) : text;
    };
    const std::size_t end = refusal.why.rfind("; ");
    report::Lint::Refusal entry{step, told(refusal.where), told(refusal.why.substr(0, end)),
                                step == "import" ? kImportRemedy : kDefaultRemedy};
    if (end != std::string::npos) entry.remedy = told(refusal.why.substr(end + 2));
    report_.refusals.push_back(std::move(entry));
  }

  const LintOptions& options_;
  const Console& console_;
  std::string bytes_;
  std::optional<Origins> origins_;
  bool streamlined_ = false;
  report::Lint report_;
};

}  // namespace

report::Lint lint(const LintOptions& options, const Console& console) {
  return Linter(options, console).take();
}

std::string lint_text(const report::Lint& lint) {
  if (lint.refusals.empty())
    return fmt::format("nothing stops this network, from import to {}\n", lint.looked_at);
  std::string text;
  for (const report::Lint::Refusal& refusal : lint.refusals)
    text += fmt::format("{}: {}\n    {}\n    {}\n", refusal.step,
                        refusal.where.empty() ? "the network" : refusal.where, refusal.reason,
                        refusal.remedy);
  text += fmt::format("{} would stop a run", lint.refusals.size());
  if (lint.looked_at != kLastStep)
    text += fmt::format("; what is behind {} was not looked at", lint.looked_at);
  return text + "\n";
}

}  // namespace assay
