// SPDX-License-Identifier: Apache-2.0
#include "harness/build/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/verilog/stitch.h"
#include "compile/backend/zynq/project.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/build/build_source.h"
#include "harness/check/saved_stage.h"
#include "harness/report/console.h"
#include "harness/report/hardware.h"
#include "harness/report/optional_report.h"
#include "harness/report/sentence.h"
#include "harness/run/built_reports.h"
#include "harness/run/ledger.h"
#include "harness/run/preprocess.h"
#include "harness/run/rtl_manifest.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string counts_text(std::int64_t compared, std::int64_t predicted, std::int64_t differing) {
  return fmt::format("{} of {} predicted beats compared, {} differ", grouped(compared),
                     grouped(predicted), grouped(differing));
}

std::string_view access_word(MoverRegister::Access access) {
  switch (access) {
    case MoverRegister::Access::kRead:
      return "read";
    case MoverRegister::Access::kReadWrite:
      return "read, write";
    case MoverRegister::Access::kWriteOneToClear:
      return "read, write 1 to clear";
    case MoverRegister::Access::kControl:
      return "control";
  }
  ASSAY_INVARIANT(false, "a register has no access");
}

class Inspection {
 public:
  explicit Inspection(const fs::path& dir) : run_(read_run_alone(existing_run(dir))) {
    require_unchanged_stages(run_);
  }

  report::Inspect look() {
    report_.faults = ledger_faults(run_.dir);
    look_at_files();
    look_at_partitions();
    look_at_targets();
    look_at_hashes();
    look_at_levels();
    return std::move(report_);
  }

 private:
  // ---- Files ----

  /// The folder that a file counts to: two levels below the run's, of a target three.
  static std::string folder_of(const fs::path& relative) {
    fs::path folder;
    std::size_t depth = 0;
    const fs::path parent = relative.parent_path();
    const std::size_t most = parent.begin() != parent.end() && *parent.begin() == "build" ? 3 : 2;
    for (const fs::path& part : parent)
      if (depth++ < most) folder /= part;
    return folder.empty() ? "." : folder.generic_string();
  }

  void look_at_files() {
    std::map<std::string, report::Inspect::Folder> folders;
    for (auto it = fs::recursive_directory_iterator(run_.dir); it != fs::end(it); ++it) {
      if (!it->is_regular_file() || it->is_symlink()) continue;
      const fs::path relative = it->path().lexically_relative(run_.dir);
      if (relative.filename().string().starts_with(".") || relative == "log.jsonl") continue;
      report::Inspect::Folder& folder = folders[folder_of(relative)];
      ++folder.files;
      folder.bytes += static_cast<std::int64_t>(it->file_size());
    }
    for (auto& [name, folder] : folders) {
      folder.folder = printable(name, kLongest);
      report_.folders.push_back(folder);
    }
  }

  // ---- Hardware ----

  Graph graph() const {
    const SavedRun::Stage& last = run_.stages.back();
    return pixel_graph(
        import_bytes(read_file(last.file), last.file.parent_path(), last.file.string()),
        Preprocess(run_.preprocess));
  }

  static report::Inspect::Interface interface_of(const StitchedRtl& rtl, const StitchedPort& port,
                                                 const char* direction) {
    const hw::Stream& stream = rtl.streams.at(port.stream).stream;
    return {port.prefix,
            direction,
            stream.tensor ? printable(stream.tensor->name, kLongest) : "",
            stream.dtype.name(),
            stream.lanes,
            port.bits,
            port.tdata_bits(),
            stream.beats};
  }

  void look_at_partitions() {
    const Graph graph = this->graph();
    const auto folding = optional_report<report::Folding>(run_.dir / "reports/folding.json");
    for (const DataflowPartition& p : dataflow_partitions(graph)) {
      report::Inspect::Partition partition{p.index, std::ssize(p.nodes), {}, "", {}, {}};
      try {
        const StitchedRtl rtl = stitch({kAccelerator, p.nodes, p.inputs, p.outputs});
        for (const StitchedPort& port : rtl.slaves)
          partition.interfaces.push_back(interface_of(rtl, port, "in"));
        for (const StitchedPort& port : rtl.masters)
          partition.interfaces.push_back(interface_of(rtl, port, "out"));
      } catch (const UserError& error) {  // a run that ended before its streams fit together
        partition.unknown = error.what();
      }
      if (folding) partition.estimates = estimates_of(*folding, p);
      report_.partitions.push_back(std::move(partition));
    }
    if (const auto top = of_this_rtl<report::RtlTop>("rtl-top"))
      for (const report::RtlTop::Partition& measured : top->partitions)
        for (report::Inspect::Partition& p : report_.partitions)
          if (p.partition == measured.partition) p.interval = measured.interval;
  }

  static report::Resources estimates_of(const report::Folding& folding,
                                        const DataflowPartition& partition) {
    report::Resources sum;
    for (const report::Folding::Node& node : folding.nodes) {
      if (std::ranges::none_of(partition.nodes,
                               [&](const Node* one) { return one->name == node.node; }))
        continue;
      sum.lut += node.estimates.lut, sum.ff += node.estimates.ff;
      sum.bram += node.estimates.bram, sum.dsp += node.estimates.dsp;
    }
    return sum;
  }

  // ---- What was built ----

  std::vector<report::Vivado> projects() const {
    std::vector<report::Vivado> found;
    for (const hw::Board& board : hw::boards()) {
      auto report = optional_report<report::Vivado>(run_.dir / vivado_report_file(board.name));
      if (report) found.push_back(std::move(*report));
    }
    return found;
  }

  void look_at_targets() {
    for (const report::Build& build : built_.builds) {
      report::Inspect::Target target{
          build.target.name, build.target.part, build.clock_mhz, {}, {}, {}, {}, {}};
      if (build.fmax_mhz > 0) target.fmax_mhz = build.fmax_mhz;
      target.estimates = build.estimates;
      target.synthesised =
          report::Resources{build.total.lut, build.total.ff, build.total.bram, build.total.dsp};
      for (const report::Build::Step& step : build.steps)
        if (step.step == "bitstream" && !step.files.empty()) target.bitstream = step.files.front();
      report_.targets.push_back(std::move(target));
    }
    for (const report::Vivado& project : projects_) {
      report::Inspect::Target target{
          project.board,  project.part, project.clock_mhz, {}, project.movers, {}, {},
          project.bitfile};
      if (report_.partitions.size() == 1) target.estimates = report_.partitions[0].estimates;
      if (project.synthesis) {
        target.fmax_mhz = project.synthesis->fmax_mhz;
        target.estimates = project.synthesis->estimates;
        target.synthesised = project.synthesis->accelerator;
      }
      report_.targets.push_back(std::move(target));
    }
    if (projects_.empty()) return;
    for (const MoverRegister& r : kMoverRegisters)
      report_.registers.push_back({std::string(r.name), r.offset,
                                   std::string(access_word(r.access)), std::string(r.meaning)});
  }

  void look_at_hashes() {
    report_.hashes = {{"model", run_.report.inputs.model.sha256},
                      {"stage " + run_.stages.back().id, run_.stages.back().sha256}};
    if (!rtl_.empty()) report_.hashes.emplace_back("RTL", rtl_sha256_);
    for (const report::Inspect::Target& target : report_.targets)
      if (target.bitstream)
        report_.hashes.emplace_back("bitstream of " + target.name, target.bitstream->sha256);
  }

  // ---- Levels ----

  /// A report of a simulation; nothing where it is about another stage or other RTL.
  template <Record T>
  std::optional<T> of_this_rtl(const std::string& level) const {
    auto report = optional_report<T>(run_.dir / "reports" / (level + ".json"));
    if (!report || report->head.stage_sha256 != run_.stages.back().sha256) return {};
    return report;
  }

  void add_head(const std::string& level, const report::RtlHead& head) {
    verified(level, head.verdict,
             counts_text(head.compared, head.predicted, head.differing) +
                 fmt::format(" on {} images", grouped(head.images)));
  }

  template <Record T>
  void add_simulation(const std::string& level, const std::string& command) {
    if (const auto report = of_this_rtl<T>(level)) return add_head(level, report->head);
    const bool there = fs::exists(run_.dir / "reports" / (level + ".json"));
    not_verified(level, there ? "its report is about another stage" : command);
  }

  void verified(const std::string& level, Verdict verdict, std::string reason) {
    report_.levels.push_back({level, std::string(verdict_name(verdict)), std::move(reason)});
  }
  void not_verified(const std::string& level, const std::string& why) {
    report_.levels.push_back({level, {}, why});
  }

  void add_bits(const std::string& level, const std::string& target, const std::string& otherwise) {
    for (const report::Bits& bits : built_.bits)
      if (bits.level == level && bits.target == target) {
        std::string reason = counts_text(bits.compared, bits.predicted, bits.differing);
        if (bits.verdict != Verdict::kEquivalent) reason = bits.reason;
        if (bits.proof) reason += "; " + bits.proof->verdict;
        verified(level_of(bits), bits.verdict, reason);
        return;
      }
    not_verified(fmt::format("{} of {}", level, target), otherwise);
  }

  void add_project(const report::Vivado& project) {
    const bool stale = project.stage_sha256 != run_.stages.back().sha256 ||
                       (!rtl_.empty() && project.rtl_sha256 != rtl_sha256_);
    if (stale)
      not_verified("project for " + project.board, "it was made of another stage or other RTL");
    else
      verified("project for " + project.board, project.verdict, project.reason);
    add_bits("netlist", project.board,
             "no netlist was collected: assay build DIR --collect FOLDER");
    not_verified("bitstream of " + project.board, "nothing reads its bits back");
    not_verified("board " + project.board,
                 "driver/validate.py or host/validate there compares with golden");
  }

  void look_at_levels() {
    verified("stages", run_.report.stages_verdict(), run_.report.stages_reason());
    const std::string command = "assay verify DIR --level ";
    add_simulation<report::RtlNode>("rtl-node", command + "rtl-node");
    add_simulation<report::RtlTop>("rtl-top", command + "rtl-top");
    if (std::ranges::find(built_.systems, "system", &SystemLevel::level) == built_.systems.end())
      not_verified("system", command + "system");
    for (const auto& [level, head, reason] : built_.systems) add_head(level, head);
    for (const report::Build& build : built_.builds)
      for (const char* level : {"netlist", "bitstream"}) {
        if (std::string_view(level) == "bitstream" && build.target.device.empty()) continue;
        add_bits(level, build.target.name,
                 fmt::format("{}{} --target {}", command, level, build.target.name));
      }
    for (const report::Vivado& project : projects_) add_project(project);
    for (const std::string& fault : built_.faults) report_.faults.push_back(fault);
  }

  static constexpr std::size_t kLongest = 4096;
  const SavedRun run_;
  const BuiltReports built_ = built_reports(run_);
  const std::vector<report::Vivado> projects_ = projects();
  const RtlHashes rtl_ = rtl_files(run_.dir, "rtl-top");
  const std::string rtl_sha256_ = rtl_sha256(rtl_);
  report::Inspect report_;
};

// ---- For people ----

std::string partition_text(const report::Inspect::Partition& p) {
  std::string text = fmt::format("\naccelerator {}: {} layers", p.partition, p.layers);
  if (p.interval) text += fmt::format(", {} cycles a frame", grouped(*p.interval));
  if (p.estimates)
    text += fmt::format("; estimated {} LUTs, {} flip-flops, {} block RAMs, {} DSPs",
                        grouped(p.estimates->lut), grouped(p.estimates->ff),
                        grouped(p.estimates->bram), grouped(p.estimates->dsp));
  text += "\n";
  if (!p.unknown.empty()) return text + "its streams are not known: " + p.unknown + "\n";
  std::vector<std::vector<std::string>> rows = {
      {"port", "way", "tensor", "type", "lanes", "bits", "tdata", "beats"}};
  for (const report::Inspect::Interface& i : p.interfaces)
    rows.push_back({i.port, i.direction, i.tensor, i.dtype, grouped(i.lanes), grouped(i.data_bits),
                    grouped(i.tdata_bits), grouped(i.beats)});
  return text + table_text(rows);
}

std::string resources_text(const std::optional<report::Resources>& r) {
  return r ? fmt::format("{} LUTs, {} flip-flops, {} block RAMs, {} DSPs", grouped(r->lut),
                         grouped(r->ff), grouped(r->bram), grouped(r->dsp))
           : "not known";
}

std::string target_text(const report::Inspect::Target& target) {
  std::string text = fmt::format(
      "\n{} ({}): {} MHz asked for, {}\n", target.name, target.part, target.clock_mhz,
      target.fmax_mhz ? fmt::format("{:.1f} reached", *target.fmax_mhz) : "reached: not known");
  text += "estimated:   " + resources_text(target.estimates) + "\n";
  text += "synthesised: " + resources_text(target.synthesised) + "\n";
  for (const report::Vivado::Mover& mover : target.movers)
    text += fmt::format("{}: 0x{:08x}, {} '{}': {} beats of {} bytes\n", mover.name, mover.base,
                        mover.stream, mover.tensor, grouped(mover.frame_beats), mover.beat_bytes);
  return text;
}

std::string registers_table(const std::vector<report::Inspect::Register>& registers) {
  if (registers.empty()) return "";
  std::vector<std::vector<std::string>> rows = {{"register", "at", "access", "meaning"}};
  for (const report::Inspect::Register& r : registers)
    rows.push_back({r.name, fmt::format("+0x{:02x}", r.offset), r.access, r.meaning});
  return "\n" + table_text(rows);
}

}  // namespace

report::Inspect inspect(const fs::path& dir) { return Inspection(dir).look(); }

std::string inspect_text(const report::Inspect& report) {
  std::vector<std::vector<std::string>> files = {{"folder", "files", "bytes"}},
                                        levels = {{"level", "verdict", ""}};
  for (const report::Inspect::Folder& folder : report.folders)
    files.push_back({folder.folder, grouped(folder.files), grouped(folder.bytes)});
  std::string text = table_text(files);
  if (report.partitions.empty()) text += "\nno hardware: the run ended before it\n";
  for (const report::Inspect::Partition& p : report.partitions) text += partition_text(p);
  for (const report::Inspect::Target& target : report.targets) text += target_text(target);
  text += registers_table(report.registers) + "\n";
  for (const auto& [name, hash] : report.hashes) text += fmt::format("{}  {}\n", hash, name);
  for (const report::Inspect::Level& level : report.levels)
    levels.push_back(
        {printable(level.level), level.verdict.value_or("NOT VERIFIED"), sentence(level.reason)});
  text += "\n" + table_text(levels);
  for (const std::string& fault : report.faults) text += "CHANGED SINCE: " + fault + "\n";
  return text;
}

}  // namespace assay
