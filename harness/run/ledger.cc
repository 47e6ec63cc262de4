// SPDX-License-Identifier: Apache-2.0
#include "harness/run/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/bits.h"
#include "harness/report/build.h"
#include "harness/report/checksum.h"
#include "harness/report/schema.h"
#include "harness/run/built_reports.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string report_of(const std::string& stage) { return "reports/" + stage + ".json"; }

void write_sealed(const RunDir& dir, report::Run& run) {
  std::ranges::sort(*run.files);
  run.conclude();
  seal(run);
  dir.write_report(kRunReport, run);
}

void set_hash(Named<std::string>& files, const std::string& name, std::string hash) {
  const auto entry = std::ranges::find(files, name, &std::pair<std::string, std::string>::first);
  if (entry == files.end())
    files.emplace_back(name, std::move(hash));
  else
    entry->second = std::move(hash);
}

void leave_open(report::RunLevel& level, std::string why) {
  level.verdict = Verdict::kInconclusive;
  level.reason = std::move(why);
}

/// What the report on the stitched accelerator says.
void settle_top(report::RunLevel& level, const report::Run& run, const std::string& text) {
  const auto top = read_report<report::RtlTop>(text, level.report_file());
  if (top.head.stage_sha256 != run.stages.back().sha256)
    return leave_open(level, "its report is about another stage");
  level.verdict = top.head.verdict;
  level.reason.clear();
  for (const report::RtlTop::Partition& partition : top.partitions)
    if (partition.verdict != Verdict::kEquivalent && level.reason.empty())
      level.reason = fmt::format("partition {}: {}", partition.partition, partition.reason);
}

/// What the report on a netlist or a bitstream says.
void settle_bits(report::RunLevel& level, const report::Run& run, const std::string& text) {
  const auto bits = read_report<report::Bits>(text, level.report_file());
  if (bits.stage_sha256 != run.stages.back().sha256)
    return leave_open(level, "its report is about another stage");
  if (bits.level != level.level || bits.target != *level.target)
    return leave_open(level, "its report is about another level");
  level.verdict = bits.verdict;
  level.reason = bits.reason;
  if (bits.proof && exit_code(bits.verdict) == 0)
    level.reason +=
        fmt::format("; {} equal to {}", bits.proof->verdict == "PROVED" ? "PROVED" : "NOT PROVED",
                    bits.proof->origin.file);
}

/// `text`: of the level's report.
void settle(report::RunLevel& level, const report::Run& run, const std::string& text) {
  if (level.target)
    settle_bits(level, run, text);
  else
    settle_top(level, run, text);
}

/// Whether a path of run.json stays in its folder.
bool is_inside(const std::string& name) {
  const fs::path path(name);
  return path.is_relative() &&
         std::ranges::none_of(path, [](const fs::path& part) { return part == ".."; });
}

class Ledger {
 public:
  explicit Ledger(const fs::path& dir) : dir_(dir) {}

  LedgerCheck check() {
    try {
      run_ = read_sealed_run(dir_);
    } catch (const UserError& error) {
      check_.faults.emplace_back(error.what());
      return std::move(check_);
    }
    for (const auto& [name, hash] : *run_.files) look_at(name, hash);
    for (const report::StageSummary& stage : run_.stages) look_at(stage);
    for (const char* folder : {"stages", "reports"}) look_for_strangers(folder);
    look_at_rtl();
    look_at_level_list();
    for (const report::RunLevel& level : run_.levels) look_at(level);
    for (const std::string& name : std::set<std::string>(names_)) look_at_build(name);
    report::Run again = run_;
    again.conclude();
    if (again.verdict != run_.verdict || again.reason != run_.reason)
      fault(kRunReport, "its verdict does not follow from its stages");
    return std::move(check_);
  }

 private:
  void fault(const std::string& name, std::string_view what) {
    check_.faults.push_back(fmt::format("{}: {}", printable(name, 4096), what));
  }

  void look_at(const std::string& name, const std::string& hash) {
    names_.insert(name);
    ++check_.checked;
    std::error_code error;
    if (!is_inside(name))
      fault(name, "lies outside of the run's folder");
    else if (!fs::exists(fs::symlink_status(dir_ / name, error)))
      fault(name, "missing");
    else if (const auto bytes = read(name); !bytes || sha256(*bytes) != hash)
      fault(name, "edited");
  }

  std::optional<std::string> read(const std::string& name) const {
    try {
      return read_file(dir_ / name);
    } catch (const UserError&) {  // a folder, or not to be read
      return {};
    }
  }

  void look_at(const report::StageSummary& stage) {
    const std::string name = report_of(stage.stage);
    for (const std::string& needed : {stage.file, name})
      if (!names_.contains(needed)) fault(needed, "belongs to the run, which has no hash of it");
    if (!names_.contains(name) || !is_inside(name)) return;
    const auto text = read(name);
    if (!text) return;  // said already
    try {
      const auto report = read_report<report::Stage>(*text, name);
      if (!is_sealed(report)) fault(name, "its checksum is wrong");
      if (to_json(summary_of(report)) != to_json(stage))
        fault(name, "does not say what the run's summary of it says");
    } catch (const UserError&) {
      fault(name, "damaged, or of another version");
    }
  }

  /// What lies beside the run's own files and looks like one of them.
  void look_for_strangers(const std::string& folder) {
    std::error_code error;
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir_ / folder, error))
      found.insert(folder + "/" + entry.path().filename().string());
    for (const std::string& name : found) {
      const fs::path extension = fs::path(name).extension();
      if ((extension == ".onnx" || extension == ".json") && !names_.contains(name) &&
          name != kRunReport && name != "reports/timing.json")
        fault(name, "is not of this run");
    }
  }

  /// Below rtl/ the manifest has the hashes.
  void look_at_rtl() {
    if (!names_.contains(kRtlManifest)) {
      if (fs::exists(dir_ / kRtlManifest)) fault(kRtlManifest, "is not of this run");
      return;
    }
    try {
      for (const auto& level : read_rtl_manifest(dir_).levels)
        check_.checked += std::ssize(rtl_files(dir_, level.level));
      require_unedited_rtl(dir_);
    } catch (const UserError& error) {
      check_.faults.emplace_back(error.what());
    }
  }

  /// rtl-top, and of one target the netlist and then the bitstream; with --until none.
  void look_at_level_list() {
    const std::vector<report::RunLevel>& levels = run_.levels;
    const char* const names[] = {"rtl-top", "netlist", "bitstream"};
    bool right = run_.until ? levels.empty() : !levels.empty() && levels.size() <= std::size(names);
    for (std::size_t i = 0; right && i < levels.size(); ++i)
      right = levels[i].level == names[i] && levels[i].target.has_value() == (i > 0) &&
              (i < 2 || levels[i].target == levels[1].target);
    if (!right) fault(kRunReport, "its levels are not those of a run");
  }

  /// Files of a build that the run knows are the run's.
  void look_at_build(const std::string& name) {
    if (built_kind(name) != "build" || !is_inside(name)) return;
    const auto text = read(name);
    if (!text) return;  // said already
    try {
      const auto build = read_report<report::Build>(*text, name);
      for (const report::Build::Step& step : build.steps)
        for (const report::File& file : step.files)
          if (!names_.contains(file.file))
            fault(file.file, "belongs to the run, which has no hash of it");
      const bool only_netlist = run_.levels.size() == 2 && build.steps.size() > 1 &&
                                run_.levels[1].target == build.target.name;
      if (only_netlist) fault(kRunReport, "it lists no level for the bitstream that was made");
    } catch (const UserError&) {
      fault(name, "damaged, or of another version");
    }
  }

  void look_at(const report::RunLevel& level) {
    const std::string name = level.report_file();
    if (!names_.contains(name)) {
      if (exit_code(level.verdict) == 0) fault(name, "belongs to the run, which has no hash of it");
      return;
    }
    const auto text = is_inside(name) ? read(name) : std::nullopt;
    if (!text) return;  // said already
    report::RunLevel again = level;
    try {
      settle(again, run_, *text);
    } catch (const UserError&) {
      fault(name, "damaged, or of another version");
      return;
    }
    if (again.verdict != level.verdict || again.reason != level.reason)
      fault(name, "does not say what the run says of it");
  }

  const fs::path& dir_;
  report::Run run_;
  std::set<std::string> names_;
  LedgerCheck check_;
};

}  // namespace

void write_run(const RunDir& dir, report::Run run, const std::vector<std::string>& more) {
  Named<std::string>& files = run.files.emplace();
  for (const report::StageSummary& stage : run.stages) {
    files.emplace_back(stage.file, stage.sha256);
    const std::string report = report_of(stage.stage);
    files.emplace_back(report, sha256(read_file(dir.file(report))));
  }
  for (const std::string& name : more) files.emplace_back(name, sha256(read_file(dir.file(name))));
  write_sealed(dir, run);
}

void register_files(const RunDir& dir, const std::vector<std::string>& relative) {
  report::Run run = read_sealed_run(dir.path());
  for (const std::string& name : relative) {
    const bool there = std::filesystem::exists(dir.file(name));
    const std::string bytes = there ? read_file(dir.file(name)) : "";
    if (there)
      set_hash(*run.files, name, sha256(bytes));
    else
      std::erase_if(*run.files, [&](const auto& file) { return file.first == name; });
    for (report::RunLevel& level : run.levels) {
      if (level.report_file() != name) continue;
      if (there)
        settle(level, run, bytes);
      else
        leave_open(level, "it has no report");
    }
  }
  write_sealed(dir, run);
}

void forget_report(const RunDir& dir, const std::string& relative) {
  if (!std::filesystem::exists(dir.file(relative))) return;
  dir.remove(relative);
  register_files(dir, {relative});
}

void note_unreached_levels(const RunDir& dir, const std::string& why) {
  report::Run run = read_sealed_run(dir.path());
  for (report::RunLevel& level : run.levels) {
    const std::string name = level.report_file();
    if (std::ranges::none_of(*run.files, [&](const auto& file) { return file.first == name; }))
      leave_open(level, why);
  }
  write_sealed(dir, run);
}

report::Run read_sealed_run(const std::filesystem::path& dir) {
  const fs::path file = dir / kRunReport;
  const std::string shown = printable(file.string(), 4096);
  if (!fs::exists(file))
    user_error(
        "'{}' holds no finished run (there is no reports/run.json); start or finish it with 'assay "
        "run'",
        printable(dir.string(), 4096));
  report::Run run;
  try {
    run = read_report<report::Run>(read_file(file), shown);
  } catch (const UserError& error) {
    user_error("{}; do the run again", error.what());
  }
  if (run.stages.empty()) user_error("'{}' lists no stage; do the run again", shown);
  if (!run.files || !is_sealed(run))
    user_error("'{}' was edited: its checksum is wrong; do the run again", shown);
  return run;
}

LedgerCheck check_ledger(const std::filesystem::path& dir) { return Ledger(dir).check(); }

std::vector<std::string> ledger_faults(const std::filesystem::path& dir) {
  return check_ledger(dir).faults;
}

}  // namespace assay
