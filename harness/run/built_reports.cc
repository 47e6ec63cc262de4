// SPDX-License-Identifier: Apache-2.0
#include "harness/run/built_reports.h"

#include <algorithm>
#include <filesystem>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/optional_report.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".json") names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

bool is_there(const fs::path& dir, const report::File& file) {
  try {
    return sha256(read_file(dir / file.file)) == file.sha256;
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

BuiltReports built_reports(const SavedRun& run) {
  BuiltReports found;
  const auto of_run = [&](const std::string& name, const std::string& stage_sha256) {
    const bool same = !run.stages.empty() && run.stages.back().sha256 == stage_sha256;
    if (!same) found.faults.push_back(printable(name) + ": is about another stage");
    return same;
  };
  for (const std::string& file : names_in(run.dir / "reports")) {
    const std::string name = "reports/" + file;
    if (file.starts_with("build-")) {
      const auto build = optional_report<report::Build>(run.dir / name);
      if (build && of_run(name, build->stage_sha256)) found.builds.push_back(*build);
    } else if (file.starts_with("netlist-") || file.starts_with("bitstream-")) {
      const auto bits = optional_report<report::Bits>(run.dir / name);
      if (!bits || !of_run(name, bits->stage_sha256)) continue;
      if (is_there(run.dir, bits->file))
        found.bits.push_back(*bits);
      else
        found.faults.push_back(
            printable(name + ": is about another file than '" + bits->file.file + "'"));
    }
  }
  return found;
}

std::string level_of(const report::Bits& bits) { return bits.level + " of " + bits.target; }

}  // namespace assay
