// SPDX-License-Identifier: Apache-2.0
#include "harness/build/vivado_collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/build/build_source.h"
#include "harness/build/vivado_report.h"
#include "harness/run/ledger.h"

namespace assay {
namespace {

void require_no_choices(const BuildOptions& options) {
  const BuildOptions usual;
  if (options.clock_mhz || options.baud || options.dsp || options.seed != usual.seed ||
      options.seeds != usual.seeds)
    user_error(
        "--collect takes back what a project's build left; --clock and others are chosen when it "
        "is "
        "generated");
}

/// Results are of what was checked: every file of the project is what was generated.
void require_project(const RunDir& dir, const report::Vivado& report) {
  for (const report::File& file : report.files) {
    const auto path = dir.file(file.file);
    const bool there = std::filesystem::is_regular_file(std::filesystem::symlink_status(path));
    if (there && sha256(read_file(path)) == file.sha256) continue;
    user_error("'{}' {}; generate the project anew: assay build {} --target {}",
               printable(file.file, 4096), there ? "was edited" : "is not there any more",
               printable(dir.path().string(), 4096), report.board);
  }
}

zynq::ProjectIdentity identity_in(const RunDir& dir, const report::Vivado& report) {
  const std::string name = fmt::format("build/{}/{}", report.board, zynq::kIdentityFile);
  const auto file = std::ranges::find(report.files, name, &report::File::file);
  const std::string remedy = fmt::format("generate the project anew: assay build {} --target {}",
                                         printable(dir.path().string(), 4096), report.board);
  if (file == report.files.end())
    user_error("the project for {} has no {}; {}", report.board, zynq::kIdentityFile, remedy);
  const std::string text = read_file(dir.file(name));
  if (sha256(text) != file->sha256) user_error("'{}' was edited; {}", name, remedy);
  return zynq::read_identity(text, name);
}

}  // namespace

VivadoResult collect_vivado(const BuildOptions& options, const Console& console) {
  require_no_choices(options);
  const hw::Board* board = vivado_board(options.target);
  if (!board)
    user_error("--collect is for boards whose bitstreams Vivado makes; '{}' is none",
               printable(options.target));
  report::Vivado report = read_vivado_report(existing_run(options.dir), *board);
  const BuildSource source(options.dir, {std::string(board->name), nullptr, nullptr},
                           report.clock_mhz, 0);
  if (report.stage_sha256 != source.run.stages.back().sha256)
    user_error("the project for {} was made of another stage; generate it anew", board->name);
  const RunDir dir(options.dir);
  require_project(dir, report);
  const VivadoResults results =
      read_vivado_results(options.collect, identity_in(dir, report), *board, source.rtl);
  forget_report(dir, fmt::format("reports/netlist-{}.json", board->name));
  keep_results(dir, report, results);
  std::erase_if(report.checks, [](const auto& check) { return check.check == "vivado"; });
  if (report.bitfile)
    report.checks.push_back({"vivado", Verdict::kEquivalent, "its results were taken back"});
  else
    report.checks.push_back(
        {"vivado", Verdict::kInconclusive, "there is no bitstream among its results"});
  save_vivado_report(dir, report, Saved::kResults);
  console.remark(fmt::format("collected: {} files", report.results->size()));
  dir.log("build", {{"target", report.board}, {"collected", report.results->size()}});
  if (options.finished) options.finished(dir);
  return {report, vivado_table(report)};
}

}  // namespace assay
