// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/repeat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "harness/flow/run_options.h"
#include "harness/report/checksum.h"
#include "harness/report/schema.h"
#include "harness/run/built_reports.h"
#include "harness/selftest/fault_kinds.h"
#include "sim/model/user_cache.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTopReport = "run/reports/rtl-top.json";
constexpr const char* kNodeReport = "run/reports/rtl-node.json";
constexpr const char* kFolding = "folding.json";

std::string shown_text(const fs::path& path) { return printable(path.string(), 4096); }

/// Keys of the models that the reports of the copy name.
std::set<std::string> model_keys(const Sandbox& box) {
  std::set<std::string> keys;
  if (box.has(kTopReport))
    for (const auto& partition :
         read_report<report::RtlTop>(box.read(kTopReport), kTopReport).partitions)
      keys.insert(partition.model);
  if (box.has(kNodeReport))
    for (const auto& node : read_report<report::RtlNode>(box.read(kNodeReport), kNodeReport).nodes)
      keys.insert(node.model);
  return keys;
}

/// Building them anew would take longer than everything else.
void copy_models(const Sandbox& box) {
  const fs::path copy = "cache/assay";
  for (const fs::path& folder : {fs::path("cache"), copy, copy / "models", copy / "built"}) {
    fs::create_directories(box.root() / folder);
    fs::permissions(box.root() / folder, fs::perms::owner_all);
  }
  const fs::path cache = sim::user_model_folder().parent_path();
  if (!fs::is_directory(cache / "models")) return;
  if (fs::is_directory(cache / "built")) box.add(cache / "built", copy / "built");
  const std::set<std::string> keys = model_keys(box);
  for (const fs::directory_entry& entry : fs::directory_iterator(cache / "models")) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && (keys.contains(name) || name.starts_with("runtime-")))
      box.add(entry.path(), copy / "models" / name);
  }
}

void copy_model(const SavedRun& run, const Sandbox& box) {
  const fs::path model = run.report.model;
  if (!fs::is_regular_file(model) || sha256(read_file(model)) != run.report.inputs.model.sha256)
    user_error("'{}', the model of the run, is not there any more as the run had it",
               shown_text(model));
  box.add(model, fs::path("model") / model.filename());
}

void copy_images(const SavedRun& run, const Sandbox& box) {
  const fs::path data = run.images.data;
  if (data.empty()) return;
  if (!fs::exists(data))
    user_error("'{}', the images of the run, are not there any more", shown_text(data));
  box.add(data, fs::path("data") / fs::absolute(data / "").parent_path().filename());
  // Labels of arrays lie beside them.
  const fs::path labels = fs::path(data).replace_extension(".labels.npy");
  if (fs::is_regular_file(data) && fs::is_regular_file(labels))
    box.add(labels, fs::path("data") / labels.filename());
}

/// Of a run that was told how to fold layers, all that came of it.
void copy_folding(const SavedRun& run, const Sandbox& box) {
  const auto& options = run.report.inputs.options;
  if (options && std::ranges::any_of(*options, [](const auto& o) { return o.first == "folding"; }))
    box.add(box.path("run") / kFolding, kFolding);
}

std::string value_text(const OptionValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  return std::get<std::string>(value);
}

void add_options(const SavedRun& run, const Sandbox& box, std::vector<std::string>& arguments) {
  if (!run.report.inputs.options) return;
  for (const auto& [name, value] : *run.report.inputs.options) {
    const auto& table = run_options();
    const auto option = std::ranges::find(table, name, &RunOption::name);
    if (option == table.end())
      user_error("this program has no option '{}', which the run was given; do the run again",
                 printable(name));
    arguments.push_back(option->flag());
    if (name == "folding")
      arguments.push_back(box.path(kFolding).string());
    else if (!option->unit.empty())
      arguments.push_back(value_text(value));
  }
}

void add_preprocess(const SavedRun& run, std::vector<std::string>& arguments) {
  const PreprocessChoice& choice = run.preprocess;
  arguments.insert(arguments.end(), {"--preprocess", choice.kind});
  if (!choice.mean.empty())
    arguments.push_back(fmt::format("--mean={}", fmt::join(choice.mean, ",")));
  if (!choice.std.empty()) arguments.push_back(fmt::format("--std={}", fmt::join(choice.std, ",")));
}

/// The clock that rtl-top's report has, as the run was given it.
std::string clock_text(const Sandbox& box) {
  if (!box.has(kTopReport)) return "100";
  const auto report = read_report<report::RtlTop>(box.read(kTopReport), kTopReport);
  return report.partitions.empty() ? "100" : fmt::format("{}", report.partitions[0].clock_mhz);
}

Repeat run_again(const SavedRun& run, const Sandbox& box) {
  Repeat repeat{kRunCommand, {"run", box.only_entry("model"), "--out", box.path("run").string()}};
  const auto add = [&](const char* name, const std::string& value) {
    repeat.arguments.insert(repeat.arguments.end(), {name, value});
  };
  if (!run.images.data.empty()) add("--data", box.only_entry("data"));
  if (!run.images.images.empty()) add("--images", run.images.images);
  if (run.report.until) add("--until", *run.report.until);
  add("--topk", std::to_string(run.report.inputs.topk));
  add("--clock", clock_text(box));
  add_preprocess(run, repeat.arguments);
  add_options(run, box, repeat.arguments);
  return repeat;
}

/// Whether a path of a run is of what `assay build` made, or about it.
bool is_built(const std::string& name) {
  return name.starts_with("build/") || !built_kind(name).empty();
}

/// The copy becomes a run to which that was never done: it has proofs and faults of its own, and would
/// be made anew with every repetition.
void leave_out_built(const SavedRun& run, const Sandbox& box) {
  for (const std::string& name : box.files("run"))
    if (is_built(name.substr(std::string_view("run/").size()))) box.remove(name);
  report::Run rest = run.report;
  std::erase_if(rest.levels, [](const report::RunLevel& level) { return level.target; });
  std::erase_if(*rest.files, [](const auto& file) { return is_built(file.first); });
  rest.conclude();
  assay::seal(rest);  // not the faults'
  box.write("run/reports/run.json", json_text(to_json(rest)));
}

}  // namespace

CommandRunner command_of(const fs::path& program) {
  return [program = program.string()](const std::vector<std::string>& arguments,
                                      const fs::path& cache, std::chrono::seconds limit) {
    std::vector<std::string> line = {find_program("env", "coreutils").string(),
                                     "XDG_CACHE_HOME=" + cache.string(), program};
    line.insert(line.end(), arguments.begin(), arguments.end());
    const ProcessResult result = run_process(line, fs::current_path(), limit);
    return CommandOutcome{result.exit_code, result.timed_out, result.output};
  };
}

void copy_run(const SavedRun& run, const fs::path& dir, const Sandbox& box) {
  for (const char* part : {".assay-lock", kFolding})
    if (fs::is_regular_file(dir / part)) box.add(dir / part, fs::path("run") / part);
  for (const char* part : {"stages", "reports", "rtl"})
    if (fs::is_directory(dir / part)) box.add(dir / part, fs::path("run") / part);
  leave_out_built(run, box);
  copy_model(run, box);
  copy_images(run, box);
  copy_folding(run, box);
  copy_models(box);
}

std::vector<Repeat> repeats_of(const SavedRun& run, const Sandbox& box) {
  const std::string dir = box.path("run").string();
  const bool nodes = box.has(kNodeReport);
  std::vector<Repeat> repeats = {run_again(run, box)};
  if (nodes) repeats.push_back({kNodeCommand, {"verify", dir, "--level", "rtl-node"}});
  if (!run.report.until)
    repeats.push_back(
        {kTopCommand, {"verify", dir, "--level", "rtl-top", "--clock", clock_text(box)}});
  repeats.push_back({kCheckCommand, {"show", dir, "--check"}});
  return repeats;
}

}  // namespace assay
