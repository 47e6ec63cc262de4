// SPDX-License-Identifier: Apache-2.0
#include "harness/run/saved_run.h"

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "harness/run/ledger.h"
#include "harness/run/network.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

PreprocessChoice preprocess_of(const report::Run& run) {
  const report::Preprocess& identity = run.inputs.preprocess;
  return {run.preprocess, identity.mean.value_or(std::vector<std::string>{}),
          identity.std.value_or(std::vector<std::string>{})};
}

/// Empty where the pre-processing is none of a file.
std::string preprocess_file(const SavedRun& run) {
  return run.report.inputs.preprocess.kind == "file" ? run.preprocess.kind : "";
}

/// "'/data/model.onnx' is not the file that the run was about"
std::string replaced_text(std::string_view what, const std::filesystem::path& path) {
  return fmt::format("the {} '{}' is not the one of the run any more", what,
                     printable(std::filesystem::absolute(path).string(), 4096));
}

/// Data outside of the model's file is read only where the file names some.
std::string graph_hash(const std::string& bytes, const std::filesystem::path& path) {
  Graph graph = import_bytes(bytes, model_folder(path), path.string());
  complete(graph);
  return sha256(to_text(graph));
}

bool same_model(const SavedRun& run, const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  if (sha256(bytes) != run.report.inputs.model.sha256) return false;
  const bool whole = bytes.find("location") == std::string::npos;
  return whole || graph_hash(bytes, path) == run.report.inputs.model.graph_sha256;
}

bool same_images(const SavedRun& run) {
  const ImageRange range =
      run.images.images.empty() ? ImageRange{} : parse_image_range(run.images.images);
  const report::Data& data = run.report.inputs.data;
  const std::string found = data.inputs
                                ? inputs_sha256(load_inputs(run.images.data, *data.inputs, range))
                                : load_dataset(run.images.data, range).sha256;
  return found == data.sha256;
}

/// `test`, and false where what should be the same cannot be read.
template <typename Test>
bool holds(const Test& test) {
  try {
    return test();
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

bool is_run_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

const std::filesystem::path& existing_run(const std::filesystem::path& dir) {
  if (!std::filesystem::exists(dir / ".assay-lock"))
    user_error(
        "'{}' holds no finished run (no run has worked there); start or finish it with 'assay run'",
        printable(dir.string(), 4096));
  return dir;
}

SavedRun read_run_alone(const std::filesystem::path& dir) {
  SavedRun run;
  run.dir = dir;
  run.report = read_sealed_run(dir);
  for (const report::StageSummary& stage : run.report.stages) {
    if (stage.file != "stages/" + stage.stage + ".onnx" ||
        stage.stage.find('/') != std::string::npos)
      user_error("'{}' has a stage whose file is '{}'; do the run again",
                 printable((dir / kRunReport).string(), 4096), printable(stage.file));
    run.stages.push_back({stage.stage, dir / stage.file, stage.sha256,
                          stage.contract == contract_name(Contract::kApproximate)
                              ? Contract::kApproximate
                              : Contract::kExact});
  }
  run.images = {run.report.data.value_or(""), run.report.images.value_or("")};
  run.preprocess = preprocess_of(run.report);
  return run;
}

void require_equivalent(const report::Run& run) {
  // The simulation behind the stages is what is to be built.
  const Verdict verdict = run.stages_verdict();
  if (exit_code(verdict) == 0) return;
  std::string what = run.stages_reason();
  for (const report::StageSummary& stage : run.stages) {
    if (exit_code(stage.verdict) == 0) continue;
    what = fmt::format("stage {}: {}", stage.stage, stage.reason);
    break;
  }
  throw NotEquivalentError(fmt::format(
      "the run is {} ({}), and nothing is built on it; 'assay bisect' shows where, then do "
      "the run again",
      verdict_name(verdict), what));
}

std::vector<std::string> replaced_sources(const SavedRun& run) {
  std::vector<std::string> replaced;
  std::error_code error;
  const std::string pre = preprocess_file(run);
  if (!pre.empty() && std::filesystem::exists(pre, error) &&
      !holds([&] { return Preprocess(run.preprocess).identity() == run.report.inputs.preprocess; }))
    replaced.push_back(replaced_text("pre-processing", pre));
  const std::filesystem::path model = run.report.model, data = run.images.data;
  if (std::filesystem::exists(model, error) && !holds([&] { return same_model(run, model); }))
    replaced.push_back(replaced_text("model", model));
  if (!data.empty() && std::filesystem::exists(data, error) &&
      !holds([&] { return same_images(run); }))
    replaced.push_back(replaced_text("data set", data));
  return replaced;
}

std::vector<std::string> absent_sources(const SavedRun& run) {
  std::vector<std::string> absent;
  const auto look = [&](const char* what, const std::string& path, const std::string& hash) {
    std::error_code error;
    if (path.empty() || std::filesystem::exists(path, error)) return;
    absent.push_back(
        fmt::format("the {} '{}' is no longer there: the run says that it is about SHA-256 {}, "
                    "which nothing here shows",
                    what, printable(path, 4096), hash));
  };
  look("pre-processing", preprocess_file(run),
       run.report.inputs.preprocess.graph_sha256.value_or(""));
  look("model", run.report.model, run.report.inputs.model.sha256);
  look("data set", run.images.data, run.report.inputs.data.sha256);
  return absent;
}

void remark_absent(const SavedRun& run, const Console& console) {
  for (const std::string& absent : absent_sources(run)) console.remark(absent);
}

void remark_on(const SavedRun& run, const Console& console) {
  remark_absent(run, console);
  try {
    require_unedited_rtl(run.dir);
  } catch (const UserError& error) {
    console.remark(fmt::format("{}; this command looks at stages, not at RTL", error.what()));
  }
}

SavedRun read_run(const std::filesystem::path& dir) {
  SavedRun run = read_run_alone(dir);
  if (const std::vector<std::string> replaced = replaced_sources(run); !replaced.empty())
    user_error("{}; do the run again, or put back what it was about", replaced.front());
  return run;
}

Graph first_pixels(const SavedRun& run) {
  const std::filesystem::path& file = run.stages.at(0).file;
  return pixel_graph(import_bytes(read_file(file), file.parent_path(), file.string()),
                     Preprocess(run.preprocess));
}

ImageChoice images_of_run(const SavedRun& run, const ImageChoice& given) {
  ImageChoice choice = given;
  if (choice.data.empty()) choice.data = run.images.data;
  if (choice.images.empty() && given.data.empty()) choice.images = run.images.images;
  return choice;
}

}  // namespace assay
