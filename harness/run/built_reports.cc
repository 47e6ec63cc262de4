// SPDX-License-Identifier: Apache-2.0
#include "harness/run/built_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/optional_report.h"
#include "harness/report/system.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kReports = "reports/", kBuild = "build", kNetlist = "netlist",
                           kBitstream = "bitstream", kVivado = "vivado", kSystem = "system";
constexpr std::array<std::string_view, 5> kKinds = {kBuild, kNetlist, kBitstream, kVivado, kSystem};

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

std::string_view built_kind(std::string_view path) {
  for (const std::string_view kind : kKinds)
    if (path.starts_with(fmt::format("{}{}-", kReports, kind)) ||
        path == fmt::format("{}{}.json", kReports, kind))
      return kind;
  return {};
}

std::string build_report_file(std::string_view target) {
  return fmt::format("{}{}-{}.json", kReports, kBuild, target);
}

std::string vivado_report_file(std::string_view board) {
  return fmt::format("{}{}-{}.json", kReports, kVivado, board);
}

BuiltReports built_reports(const SavedRun& run) {
  BuiltReports found;
  const auto of_run = [&](const std::string& name, const std::string& stage_sha256) {
    const bool same = !run.stages.empty() && run.stages.back().sha256 == stage_sha256;
    if (!same) found.faults.push_back(printable(name) + ": is about another stage");
    return same;
  };
  for (const std::string& file : names_in(run.dir / "reports")) {
    const std::string name = std::string(kReports) + file;
    const std::string_view kind = built_kind(name);
    if (kind == kBuild) {
      const auto build = optional_report<report::Build>(run.dir / name);
      if (build && of_run(name, build->stage_sha256)) found.builds.push_back(*build);
    } else if (kind == kSystem) {
      auto system = optional_report<report::System>(run.dir / name);
      if (system && of_run(name, system->head.stage_sha256))
        found.systems.push_back(
            {fs::path(name).stem().string(), std::move(system->head), std::move(system->reason)});
    } else if (kind == kNetlist || kind == kBitstream) {
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
