// SPDX-License-Identifier: Apache-2.0
#include "harness/build/vivado_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/backend/zynq/system.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/build/build_source.h"
#include "harness/report/checksum.h"
#include "harness/report/console.h"
#include "harness/report/schema.h"
#include "harness/run/built_reports.h"
#include "harness/run/ledger.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOfResults[] = {"bitstream", "netlist", "timing", "utilization"};

bool is_of_results(const report::Vivado::Check& check) {
  return std::ranges::find(kOfResults, check.check) != std::end(kOfResults);
}

/// Where a file of results is kept below the run's folder; nothing: nowhere.
std::string kept_name(const report::Vivado& report, const std::string& name) {
  if (name == zynq::kIdentityFile || name == zynq::kSumsFile) return "";
  return fmt::format("build/{}/{}{}", report.board, name.ends_with(".rpt") ? "reports/" : "", name);
}

void judge_vivado(report::Vivado& report) {
  Judgement judgement{Verdict::kEquivalent, "every check agrees, and Vivado made the bitstream"};
  for (const report::Vivado::Check& check : report.checks)
    judgement.note(check.verdict, check.check + ": " + check.reason);
  report.verdict = judgement.verdict;
  report.reason = judgement.reason;
}

/// "1,204 (estimated 1,180)"
std::string beside(const std::optional<report::Resources>& cells,
                   const report::Resources& estimates, std::int64_t report::Resources::*kind) {
  return fmt::format("{} ({})", cells ? grouped((*cells).*kind) : "?", grouped(estimates.*kind));
}

std::vector<std::string> use_row(const std::string& name,
                                 const std::optional<report::Resources>& cells,
                                 const report::Resources& estimates) {
  return {name, beside(cells, estimates, &report::Resources::lut),
          beside(cells, estimates, &report::Resources::ff),
          beside(cells, estimates, &report::Resources::bram),
          beside(cells, estimates, &report::Resources::dsp)};
}

std::string synthesis_text(const report::Vivado::Synthesis& s) {
  std::string text = "\n";
  if (s.accelerator) {
    std::vector<std::vector<std::string>> rows = {
        {"layer", "LUTs (estimated)", "flip-flops", "block RAMs", "DSPs"}};
    for (const report::Vivado::Layer& layer : s.layers)
      rows.push_back(use_row(printable(layer.node, 40), layer.cells, layer.estimates));
    rows.push_back(use_row("accelerator", s.accelerator, s.estimates));
    text += table_text(rows);
  }
  for (const report::Vivado::Used& used : s.used)
    if (used.used > 0) text += fmt::format("{}: {} of {}\n", used.name, used.used, used.available);
  if (s.setup_ns) text += fmt::format("worst slack {} ns", *s.setup_ns);
  if (s.fmax_mhz) text += fmt::format(", which is {:.1f} MHz", *s.fmax_mhz);
  return s.setup_ns ? text + "\n" : text;
}

bool is_of_platform(const report::Vivado& report) {
  const hw::Board* board = hw::find_board(report.board);
  return board && zynq::is_platform(*board);
}

/// Each level that there is beyond the project, and what is known of it.
std::string levels_text(const report::Vivado& report) {
  const auto netlist = std::ranges::find(report.checks, "netlist", &report::Vivado::Check::check);
  if (netlist == report.checks.end()) return "";
  return fmt::format(
      "netlist after implementation: {}: {}\n"
      "bitstream: NOT VERIFIED: {}\n"
      "board: NOT VERIFIED: {} there compares with golden\n",
      verdict_name(netlist->verdict), netlist->reason,
      report.bitfile ? "nothing here reads its bits back; that they are this project's is "
                       "build.sh's word"
                     : "there is none",
      is_of_platform(report) ? "host/validate" : "driver/validate.py");
}

}  // namespace

report::Vivado read_vivado_report(const fs::path& dir, const hw::Board& board) {
  const std::string file = vivado_report_file(board.name);
  const std::string remedy = fmt::format("generate the project: assay build {} --target {}",
                                         printable(dir.string(), 4096), board.name);
  if (!fs::exists(dir / file))
    user_error("'{}' has no project for {}; {}", printable(dir.string(), 4096), board.name, remedy);
  auto report = read_report<report::Vivado>(read_file(dir / file), file);
  if (!is_sealed(report) || report.board != board.name)
    user_error("'{}' was edited; {}", file, remedy);
  if (report.rtl_sha256 != rtl_sha256(rtl_files(dir, "rtl-top")))
    user_error("the project for {} is stale: it was made of other RTL than lies in rtl/top now; {}",
               board.name, remedy);
  return report;
}

void keep_results(const RunDir& dir, report::Vivado& report, const VivadoResults& results) {
  std::vector<report::File> kept;
  report.bitfile.reset();
  report.hw_handoff.reset();
  for (const VivadoResults::File& file : results.files) {
    const std::string name = kept_name(report, file.name);
    if (name.empty()) continue;
    dir.make_folder(fs::path(name).parent_path().string());
    dir.write(name, file.bytes);
    kept.push_back({name, sha256(file.bytes)});
    if (file.name == "assay.bit" || file.name == "assay.xclbin") report.bitfile = kept.back();
    if (file.name == "assay.hwh") report.hw_handoff = kept.back();
  }
  std::vector<std::string> gone;
  for (const report::File& old : report.results.value_or(std::vector<report::File>())) {
    if (std::ranges::find(kept, old.file, &report::File::file) != kept.end()) continue;
    if (fs::exists(fs::symlink_status(dir.file(old.file)))) dir.remove(old.file);
    gone.push_back(old.file);
  }
  register_files(dir, gone);
  report.results = std::move(kept);
  report.synthesis = results.synthesis;
  std::erase_if(report.checks, is_of_results);
  report.checks.insert(report.checks.end(), results.checks.begin(), results.checks.end());
}

void save_vivado_report(const RunDir& dir, report::Vivado& report, Saved saved) {
  judge_vivado(report);
  const std::string file = vivado_report_file(report.board);
  seal(report);
  dir.write_report(file, report);
  std::vector<std::string> names = {file};
  if (saved == Saved::kProject)
    for (const report::File& one : report.files) names.push_back(one.file);
  if (saved != Saved::kReport) {
    for (const auto& one : {report.bitfile, report.hw_handoff})
      if (one) names.push_back(one->file);
    for (const report::File& one : report.results.value_or(std::vector<report::File>()))
      names.push_back(one.file);
  }
  register_files(dir, names);
}

void settle_netlist(const RunDir& dir, const hw::Board& board, Verdict verdict,
                    const std::string& reason) {
  report::Vivado report = read_vivado_report(dir.path(), board);
  std::erase_if(report.checks, [](const auto& check) { return check.check == "netlist"; });
  report.checks.push_back({"netlist", verdict, reason});
  save_vivado_report(dir, report, Saved::kReport);
}

std::string vivado_table(const report::Vivado& report) {
  const bool platform = is_of_platform(report);
  std::vector<std::vector<std::string>> rows = {{"check", "verdict", "what"}};
  for (const report::Vivado::Check& check : report.checks)
    rows.push_back({check.check, std::string(verdict_name(check.verdict)), check.reason});
  std::string text = table_text(rows);
  text += fmt::format("\n{} on {} ({}), {} MHz\n", kAccelerator, report.board, report.part,
                      report.clock_mhz);
  for (const report::Vivado::Mover& mover : report.movers)
    text += fmt::format("{}{}: '{}', {} bytes a frame\n", mover.name,
                        platform ? "" : fmt::format(" at 0x{:08x}", mover.base), mover.tensor,
                        grouped(mover.frame_bytes));
  if (report.weights)
    text += fmt::format("run-time weights{}: {} memories, {} words of 32 bits\n",
                        platform ? "" : fmt::format(" at 0x{:08x}", report.weights->base),
                        report.weights->memories, grouped(report.weights->words));
  if (report.synthesis) text += synthesis_text(*report.synthesis);
  text += fmt::format("\n{}: {}\n", verdict_name(report.verdict), report.reason);
  if (report.verdict == Verdict::kInconclusive && !report.bitfile)
    text += fmt::format("with Vivado: {}\n", report.command);
  return text + levels_text(report);
}

}  // namespace assay
