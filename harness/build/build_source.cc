// SPDX-License-Identifier: Apache-2.0
#include "harness/build/build_source.h"

#include <algorithm>

#include "compile/backend/verilog/adder_text.h"
#include "compile/backend/verilog/wrapper.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/check/saved_stage.h"
#include "harness/report/rtl.h"
#include "harness/report/schema.h"
#include "harness/run/ledger.h"
#include "harness/run/preprocess.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

constexpr const char* kTopFolder = "rtl/top/";
constexpr const char* kClock = "clk_i";

SavedRun equivalent_saved(const std::filesystem::path& dir) {
  SavedRun run = read_run(existing_run(dir));
  require_equivalent(run.report);
  require_unchanged_stages(run);
  return run;
}

Graph last_graph(const SavedRun& run) {
  const SavedRun::Stage& last = run.stages.back();
  return pixel_graph(
      import_bytes(read_file(last.file), last.file.parent_path(), last.file.string()),
      Preprocess(run.preprocess));
}

[[noreturn]] void not_verified(const SavedRun& run, std::string_view why) {
  throw NotEquivalentError(
      fmt::format("{}, and no bitstream is made of RTL that is not EQUIVALENT; do 'assay verify {} "
                  "--level rtl-top' first",
                  why, printable(run.dir.string(), 4096)));
}

std::string registered_hash(const SavedRun& run, std::string_view name) {
  for (const auto& [file, hash] : *run.report.files)
    if (file == name) return hash;
  return "";
}

}  // namespace

hw::Family estimated_as(netlist::Family family) {
  switch (family) {
    case netlist::Family::kIce40:
      return hw::Family::kIce40;
    case netlist::Family::kEcp5:
      return hw::Family::kEcp5;
    case netlist::Family::kXilinx:
      return hw::Family::kXilinx;
  }
  ASSAY_INVARIANT(false, "a family has no estimates");
}

std::vector<bool> layers_in_dsp(const std::vector<StitchedNode>& nodes, const fpga::Part& part) {
  std::vector<bool> layers;
  std::int64_t blocks = 0;
  for (const StitchedNode& node : nodes) {
    const std::int64_t taken =
        hw::estimate_resources(node.layer, estimated_as(part.family), true).dsp;
    layers.push_back(taken > 0);
    blocks += taken;
  }
  if (part.family == netlist::Family::kIce40 || blocks > part.dsps)
    layers.assign(layers.size(), false);
  return layers;
}

BuildSource::BuildSource(const std::filesystem::path& dir, const fpga::Target& target,
                         double clock_mhz, std::int64_t baud)
    : run(equivalent_saved(dir)), graph(last_graph(run)), target_(target), clock_mhz_(clock_mhz) {
  stitch_design();
  require_same_rtl();
  read_top_report();
  if (target_.board) put_into_shell(static_cast<int>(baud));
}

void BuildSource::stitch_design() {
  const std::vector<DataflowPartition> partitions = dataflow_partitions(graph);
  if (partitions.empty())
    user_error("the run's last stage has no hardware layers; do the run again without --until");
  if (partitions.size() > 1)
    user_error("the run has {} accelerators with software between them; a bitstream is made of one",
               partitions.size());
  const DataflowPartition& design = partitions.front();
  rtl = stitch({kAccelerator, design.nodes, design.inputs, design.outputs});
  for (const NodeRtl::File& file : rtl.files) files_.push_back({file.name, file.text});
  for (const StitchedNode& node : rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images)
      files_.push_back({node.file(image), image.hex()});
}

/// What lies in rtl/top is what was verified; what is built is what this program generates.
void BuildSource::require_same_rtl() {
  report::RtlManifest manifest = read_rtl_manifest(run.dir);
  const report::RtlManifest::Level* level = find_level(manifest, "rtl-top");
  if (!level || level->stage_sha256 != run.stages.back().sha256)
    not_verified(run, "the stitched RTL of this run was not simulated");
  const RtlHashes there = rtl_files(run.dir, "rtl-top");
  if (const RtlEdits edits = rtl_edits(level, there); !edits.none())
    refuse_edits(run.dir, "rtl-top", edits);
  RtlHashes generated;
  for (const File& file : files_) generated[kTopFolder + file.name] = sha256(file.text);
  if (there != generated)
    user_error(
        "the RTL in '{}' is not what this program generates from the run; put generated RTL in its "
        "place with 'assay verify --level rtl-top --regenerate'",
        printable((run.dir / kTopFolder).string(), 4096));
  rtl_sha256 = assay::rtl_sha256(there);
}

void BuildSource::read_top_report() {
  const std::filesystem::path file = run.dir / kTopReport;
  if (!std::filesystem::exists(file)) not_verified(run, "the stitched RTL was not simulated");
  const std::string text = read_file(file);
  if (sha256(text) != registered_hash(run, kTopReport))
    user_error("'{}' was edited; simulate again with 'assay verify --level rtl-top'",
               printable(file.string(), 4096));
  const auto top = read_report<report::RtlTop>(text, kTopReport);
  const report::RtlHead& head = top.head;
  if (head.stage_sha256 != run.stages.back().sha256 || head.rtl.sha256 != rtl_sha256)
    not_verified(run, "the simulation of the stitched RTL was of another stage or other RTL");
  if (head.verdict != Verdict::kEquivalent || head.predicted == 0 ||
      head.compared != head.predicted || head.differing != 0)
    not_verified(run, fmt::format("the stitched RTL is {}", verdict_name(head.verdict)));
  if (top.partitions.size() == 1) interval = top.partitions.front().interval;
}

void BuildSource::put_into_shell(int baud) {
  const fpga::Board& board = *target_.board;
  const bool ice40 = target_.part->family == netlist::Family::kIce40;
  ShellSpec spec;
  spec.board = {target_.name, board.clock_mhz, clock_mhz_,   ShellBoard::Pll::kNone,
                board.clock,  board.uart_rx,   board.uart_tx};
  if (clock_mhz_ != board.clock_mhz)
    spec.board.pll = !ice40               ? ShellBoard::Pll::kEcp5
                     : board.clock_on_pll ? ShellBoard::Pll::kIce40Pad
                                          : ShellBoard::Pll::kIce40;
  spec.accelerator = shell_accelerator(rtl);
  spec.content_hash = rtl_sha256;
  spec.clocks_per_bit = clocks_per_bit(clock_mhz_, baud);
  for (const NodeRtl::File& file : shell_rtl(spec))
    if (std::ranges::find(files_, file.name, &File::name) == files_.end()) {
      files_.push_back({file.name, file.text});
      shell_sources_.push_back(file.name);
    }
  shell = spec.board;
}

fpga::SynthesisJob BuildSource::synthesis_job(bool dsp) const {
  return {top(),      sources(),
          rtl.module, shell ? std::string(kShellPath) : "",
          layers(),   layer_jobs(),
          wires(),    target_.part->family,
          dsp,        fpga::xilinx_generation(*target_.part)};
}

std::vector<std::string> BuildSource::sources() const {
  std::vector<std::string> names;
  for (const NodeRtl::File& file : rtl.files) names.push_back(file.name);
  names.insert(names.end(), shell_sources_.begin(), shell_sources_.end());
  return names;
}

std::string BuildSource::constraints() const {
  if (!shell) return fpga::constraints_text(*target_.part, kClock, ports(), clock_mhz_);
  const bool ice40 = target_.part->family == netlist::Family::kIce40;
  return ice40 ? shell_pcf(*shell) : shell_lpf(*shell);
}

std::vector<std::string> BuildSource::layers() const {
  std::vector<std::string> names;
  for (const StitchedNode& node : rtl.nodes) names.push_back("u_" + node.name);
  return names;
}

std::vector<fpga::LayerJob> BuildSource::layer_jobs() const {
  const std::vector<bool> dsp = layers_in_dsp(rtl.nodes, *target_.part);
  std::vector<fpga::LayerJob> jobs;
  for (std::size_t i = 0; i < rtl.nodes.size(); ++i) {
    const StitchedNode& node = rtl.nodes[i];
    fpga::LayerJob job;
    job.dsp = dsp[i];
    job.name = "u_" + node.name;
    job.module = node.layer.module;
    job.instance = lone_instance_text("u_layer", node.with_files());
    if (std::ranges::find(jobs, job.instance, &fpga::LayerJob::instance) != jobs.end()) continue;
    for (LayerSource& source : layer_sources(node.layer))
      job.sources.push_back(std::move(source.name));
    for (const hw::MemoryImage& image : node.layer.images) job.memories.push_back(node.file(image));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<std::string> BuildSource::wires() const {
  std::vector<std::string> names;
  for (const StitchedStream& stream : rtl.streams)
    for (const char* wire : {"_valid", "_ready", "_data"}) names.push_back(stream.name + wire);
  return names;
}

/// All but the clock.
std::vector<fpga::TopPort> BuildSource::ports() const {
  std::vector<fpga::TopPort> ports = {{"rst_ni"}};
  const auto add = [&](const StitchedPort& port) {
    for (const char* name : {"_tvalid", "_tready", "_tlast"}) ports.push_back({port.prefix + name});
    ports.push_back({port.prefix + "_tdata", port.tdata_bits(), true});
  };
  for (const StitchedPort& port : rtl.slaves) add(port);
  for (const StitchedPort& port : rtl.masters) add(port);
  if (!rtl.stores.empty())
    for (const WeightSignal& s : weight_signals()) ports.push_back({s.name, s.bits, !s.scalar});
  return ports;
}

}  // namespace assay
