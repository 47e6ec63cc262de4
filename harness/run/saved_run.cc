// SPDX-License-Identifier: Apache-2.0
#include "harness/run/saved_run.h"

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

[[noreturn]] void refuse_unfinished(const std::filesystem::path& dir) {
  user_error(
      "'{}' holds no finished run (there is no reports/run.json); start or finish it with 'assay "
      "run'",
      printable(dir.string(), 4096));
}

PreprocessChoice preprocess_of(const report::Run& run) {
  const report::Preprocess& identity = run.inputs.preprocess;
  return {run.preprocess, identity.mean.value_or(std::vector<std::string>{}),
          identity.std.value_or(std::vector<std::string>{})};
}

}  // namespace

bool is_run_folder(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

const std::filesystem::path& existing_run(const std::filesystem::path& dir) {
  if (!std::filesystem::exists(dir / ".assay-lock")) refuse_unfinished(dir);
  return dir;
}

SavedRun read_run(const std::filesystem::path& dir) {
  const std::filesystem::path file = dir / "reports" / "run.json";
  const std::string shown = printable(file.string(), 4096);
  if (!std::filesystem::exists(file)) refuse_unfinished(dir);
  SavedRun run;
  try {
    run.report = read_report<report::Run>(read_file(file), shown);
  } catch (const UserError& error) {
    user_error("{}; do the run again", error.what());
  }
  for (const report::StageSummary& stage : run.report.stages)
    run.stages.push_back({stage.stage, dir / stage.file, stage.sha256,
                          stage.contract == contract_name(Contract::kApproximate)
                              ? Contract::kApproximate
                              : Contract::kExact});
  if (run.stages.empty()) user_error("'{}' lists no stage; do the run again", shown);
  run.images = {run.report.data.value_or(""), run.report.images.value_or("")};
  run.preprocess = preprocess_of(run.report);
  return run;
}

void require_equivalent(const report::Run& run) {
  Verdict verdict = run.verdict;
  std::string what = run.reason;
  for (const report::StageSummary& stage : run.stages) {
    if (exit_code(stage.verdict) == 0) continue;
    verdict = worse(verdict, stage.verdict);
    what = fmt::format("stage {}: {}", stage.stage, stage.reason);
    break;
  }
  if (verdict == Verdict::kEquivalent) return;
  throw NotEquivalentError(fmt::format(
      "the run is {} ({}), and nothing is built on it; 'assay bisect' shows where, then do "
      "the run again",
      verdict_name(verdict), what));
}

ImageChoice images_of_run(const SavedRun& run, const ImageChoice& given) {
  ImageChoice choice = given;
  if (choice.data.empty()) choice.data = run.images.data;
  if (choice.images.empty() && given.data.empty()) choice.images = run.images.images;
  return choice;
}

}  // namespace assay
