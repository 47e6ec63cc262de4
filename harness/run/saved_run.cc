// SPDX-License-Identifier: Apache-2.0
#include "harness/run/saved_run.h"

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

std::string text_or_empty(const Json& value) {
  return value.is_null() ? std::string() : value.get<std::string>();
}

[[noreturn]] void refuse_unfinished(const std::filesystem::path& dir) {
  user_error(
      "'{}' holds no finished run (there is no reports/run.json); start or finish it with 'assay "
      "run'",
      printable(dir.string(), 4096));
}

PreprocessChoice preprocess_of(const Json& report) {
  PreprocessChoice choice;
  choice.kind = report.at("preprocess").get<std::string>();
  const Json& identity = report.at("inputs").at("preprocess");
  if (identity.contains("mean")) choice.mean = identity["mean"].get<std::vector<std::string>>();
  if (identity.contains("std")) choice.std = identity["std"].get<std::vector<std::string>>();
  return choice;
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
  run.report = parse_json(read_file(file), shown);
  const std::vector<std::string> violations = schema_violations(run.report);
  if (!violations.empty() || run.report.at("schema") != kRunSchema)
    user_error("'{}' is damaged or of another version ({}); do the run again", shown,
               violations.empty() ? "it is no run's report" : violations.front());
  for (const Json& stage : run.report.at("stages"))
    run.stages.push_back(
        {stage.at("stage").get<std::string>(), dir / stage.at("file").get<std::string>(),
         stage.at("sha256").get<std::string>(),
         stage.at("contract") == contract_name(Contract::kApproximate) ? Contract::kApproximate
                                                                       : Contract::kExact});
  if (run.stages.empty()) user_error("'{}' lists no stage; do the run again", shown);
  run.images = {text_or_empty(run.report.at("data")), text_or_empty(run.report.at("images"))};
  run.preprocess = preprocess_of(run.report);
  return run;
}

ImageChoice images_of_run(const SavedRun& run, const ImageChoice& given) {
  ImageChoice choice = given;
  if (choice.data.empty()) choice.data = run.images.data;
  if (choice.images.empty() && given.data.empty()) choice.images = run.images.images;
  return choice;
}

}  // namespace assay
