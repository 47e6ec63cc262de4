// SPDX-License-Identifier: Apache-2.0
#include "harness/system/system_netlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "compile/backend/fpga/cell_counts.h"
#include "compile/backend/verilog/rtl_library.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/hw/boards.h"
#include "compile/netlist/yosys_json.h"
#include "harness/build/build.h"
#include "harness/build/synthesise.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr const char *kSystemNetlist = "netlist.json", *kSystemGates = "gates.json";
/// The accelerator in a view (simulated_text(), with_movers()).
constexpr const char* kPathInView = "top.accelerator0.";

/// A folder of a run for tools, which goes with this object.
class ToolFolder {
 public:
  ToolFolder(const RunDir& dir, std::string name) : dir_(dir), name_(std::move(name)) {}
  ~ToolFolder() {
    std::error_code ignored;
    if (!dir_.owns_folder(name_)) return;
    fs::remove_all(dir_.file(name_), ignored);
    fs::remove(dir_.file(name_).parent_path(), ignored);  // where nothing was built for the part
  }
  ToolFolder(const ToolFolder&) = delete;
  ToolFolder& operator=(const ToolFolder&) = delete;
  /// Empty.
  fs::path fresh() const { return dir_.fresh_folder(name_); }

 private:
  const RunDir& dir_;
  const std::string name_;
};

/// The accelerator's job with the movers around it.
class SystemSources {
 public:
  SystemSources(const RtlSession& session, const MoversRtl& rtl, const std::string& view,
                const fpga::Target& target)
      : source_(session.dir.path(), target, kBuildClock, kBuildBaud),
        files(source_.files()),
        job(source_.synthesis_job(false)) {
    for (const NodeRtl::File& file : rtl.files) add(file.name, file.text);
    add(view + ".sv", simulated_text(rtl, view));
    job.top = view;
    job.path = kPathInView;
    for (const DataMover& mover : rtl.movers) job.layer_jobs.push_back(layer_of(mover));
    job.wires.clear();  // only what a host sees is compared
  }

 private:
  /// As a layer: block RAMs are made by who makes them right.
  static fpga::LayerJob layer_of(const DataMover& mover) {
    fpga::LayerJob layer{"u_" + mover.name,
                         std::string(mover.module()),
                         lone_instance_text("u_layer", mover),
                         {},
                         {}};
    for (const RtlFile& file : rtl_sources(mover.module())) layer.sources.emplace_back(file.name);
    return layer;
  }
  void add(const std::string& name, const std::string& text) {
    if (std::ranges::find(files, name, &BuildSource::File::name) != files.end()) return;
    files.push_back({name, text});
    job.sources.push_back(name);
  }
  const BuildSource source_;

 public:
  std::vector<BuildSource::File> files;
  fpga::SynthesisJob job;
};

void note_counts(report::System::Netlist& report, const fpga::Usage& total) {
  report.cells = {total.lut, total.ff, total.carry, total.bram, total.dsp};
}

}  // namespace

fpga::Target system_target(const std::string& name) {
  if (const hw::Board* board = hw::find_board(name)) return fpga::find_target(board->device);
  fpga::Target target = fpga::find_target(name);
  if (target.board)
    user_error(
        "--target {}: a board's design is in a shell and has no memory; a system's netlist is of a "
        "part, such as '{}'",
        name, target.part->name);
  return target;
}

SystemNetlist system_netlist(const RtlSession& session, const MoversRtl& rtl,
                             const std::string& view, const fpga::Target& target,
                             const Console& console) {
  const SystemSources sources(session, rtl, view, target);
  const std::vector<fpga::Tool> tools = synthesisers(target.part->family);
  const ToolFolder folder(session.dir, fmt::format("build/{}/work", target.name));
  SystemNetlist made;
  made.report.target = target.name;
  std::string fault;
  for (const fpga::Tool& yosys : tools) {
    const fs::path work = folder.fresh();
    const Synthesiser by{yosys, tools.front(), tool_identity(yosys)};
    synthesise(sources.job, sources.files, by, {kSystemNetlist, kSystemGates}, work, console);
    const std::string json = read_file(work / kSystemNetlist);
    const fpga::CellCounts counts = fpga::count_cells(json, sources.job, kSystemNetlist);
    fault = counts.fault;
    if (!fault.empty()) {
      console.remark(
          fmt::format("netlist: not taken, as {} is at fault: {}", by.identity.version, fault));
      continue;
    }
    note_counts(made.report, counts.total);
    made.report.sha256 = sha256(json);
    made.report.tools = {by.identity};
    if (const report::Build::Tool linker = tool_identity(by.linker); linker != by.identity)
      made.report.tools.push_back(linker);
    made.design = netlist::read_yosys_json(json, view, target.part->family, kSystemNetlist);
    return made;
  }
  tool_error(
      "every Yosys here makes a wrong netlist of this design ({}); install a newer one with 'sh "
      "cmake/fpga-tools.sh'",
      fault);
}

}  // namespace assay
