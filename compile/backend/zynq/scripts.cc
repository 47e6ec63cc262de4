// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/scripts.h"

#include <fmt/format.h>

#include "compile/backend/zynq/block_design.h"
#include "compile/backend/zynq/quote.h"

namespace assay::zynq {
namespace {

constexpr std::string_view kHead =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "set here [file dirname [file normalize [info script]]]\n";

std::string board_text(const hw::Board& board) {
  if (board.board_part.empty())
    return fmt::format(
        "# No board files of {} are known: its processing system keeps its defaults.\n",
        board.name);
  return fmt::format(R"(set boards [lsort -dictionary [get_board_parts -quiet {0}:*]]
if {{[llength $boards] == 0}} {{
  error "Vivado has no board files {0} ({1}); install them with 'xhub::refresh_catalog' and 'xhub::install', or put the maker's into a folder that board.repoPaths names"
}}
set_property board_part [lindex $boards end] [current_project]
)",
                     board.board_part, board.name);
}

/// $readmemh names files without a folder, and Vivado finds those of the project that it knows as memories.
std::string memory_text(const Project& project) {
  std::string text;
  for (const Ip& ip : project.ips)
    for (const IpFile& file : ip.files)
      if (!file.name.ends_with(".sv"))
        text += fmt::format(
            "set_property file_type {{Memory Initialization Files}} [add_files -norecurse [file "
            "join "
            "$here ip {} {}]]\n",
            ip.name, file.name);
  return text;
}

std::string project_tcl(const ProjectSpec& spec, const Project& project) {
  return fmt::format(
      R"({0}create_project -force assay [file join $here vivado] -part {1}
{2}set_property ip_repo_paths [list [file join $here ip]] [current_project]
update_ip_catalog
add_files -fileset constrs_1 -norecurse [file join $here constraints.xdc]
source [file join $here bd.tcl]
set design [get_files {3}.bd]
# All in one synthesis, in which $readmemh finds the project's files.
set_property synth_checkpoint_mode None $design
{4}generate_target all $design
add_files -norecurse [make_wrapper -files $design -top]
set_property top {3}_wrapper [current_fileset]
update_compile_order -fileset sources_1
puts "assay: project done"
)",
      kHead, spec.board->part, board_text(*spec.board), kDesign, memory_text(project));
}

std::string run_tcl(std::string_view run, std::string_view arguments, std::string_view what) {
  return fmt::format(R"({0}open_project [file join $here vivado assay.xpr]
reset_run {1}
launch_runs {1}{2}
wait_on_run {1}
if {{[get_property PROGRESS [get_runs {1}]] ne "100%"}} {{
  error "{1} failed: [get_property STATUS [get_runs {1}]]"
}}
puts "assay: {3} done"
)",
                     kHead, run, arguments, what);
}

/// Instances and the nodes that they are of.
std::string layers_text(const StitchedRtl& rtl) {
  std::string text = "set layers [list";
  for (const StitchedNode& node : rtl.nodes)
    text += fmt::format(" \\\n  u_{} {}", node.name, tcl_word(node.node->name));
  return text + "]\n";
}

std::string report_tcl(const ProjectSpec& spec) {
  return fmt::format(R"({0}open_project [file join $here vivado assay.xpr]
open_run impl_1
set reports [file join $here reports]
file mkdir $reports
report_utilization -file [file join $reports utilization.rpt]
report_utilization -hierarchical -file [file join $reports hierarchy.rpt]
report_timing_summary -file [file join $reports timing.rpt]
report_power -file [file join $reports power.rpt]
report_drc -file [file join $reports drc.rpt]
# A report per layer, and which node each is of.
{1}set index [open [file join $reports layers.tsv] w]
foreach {{instance node}} $layers {{
  set cells [get_cells -quiet -hierarchical -filter "NAME =~ */$instance"]
  if {{[llength $cells] == 0}} continue
  report_utilization -cells $cells -file [file join $reports $instance.rpt]
  puts $index "$instance\t$node"
}}
close $index
# The accelerator alone, as it was placed and routed.
set cells [get_cells -quiet -hierarchical -filter "NAME =~ */{4}/inst"]
if {{[llength $cells] == 1}} {{
  write_verilog -force -mode funcsim -cell $cells -rename_top {5} [file join $reports netlist.v]
}}
set slack [get_property SLACK [lindex [get_timing_paths -max_paths 1 -setup] 0]]
puts "assay: slack $slack ns at {2} MHz asked for"
if {{$slack < 0}} {{
  puts "assay: the clock is too fast for this design by [expr {{-$slack}}] ns a cycle"
}}
# Under one name, by which a board's Python finds the one beside the other.
set bits [file join $here vivado assay.runs impl_1 {3}_wrapper.bit]
file copy -force $bits [file join $here assay.bit]
set handoffs [concat \
  [glob -nocomplain [file join $here vivado assay.gen sources_1 bd {3} hw_handoff {3}.hwh]] \
  [glob -nocomplain [file join $here vivado assay.srcs sources_1 bd {3} hw_handoff {3}.hwh]]]
if {{[llength $handoffs] == 0}} {{ error "the block design left no hardware handoff" }}
file copy -force [lindex $handoffs 0] [file join $here assay.hwh]
puts "assay: report done"
)",
                     kHead, layers_text(*spec.rtl), spec.clock_mhz, kDesign, kAcceleratorCell,
                     accelerator_ip(*spec.rtl).module);
}

std::string build_sh(const ProjectSpec& spec, const Project& project) {
  std::string scripts;
  for (const std::string& script : project.scripts) scripts += fmt::format(" {}", script);
  return fmt::format(R"sh(#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes assay.bit and assay.hwh for {} with Vivado, and its reports.
set -eu
cd "$(dirname "$0")"
if ! command -v vivado >/dev/null; then
  echo "There is no vivado in PATH: source settings64.sh of its folder first." >&2
  exit 4
fi
rm -rf reports results  # of an earlier build
for script in{}; do
  echo "assay: $script"
  vivado -mode batch -nojournal -log "${{script%.tcl}}.log" -source "$script"
done
[ -s assay.bit ] && [ -s assay.hwh ]
{}echo "assay: assay.bit and assay.hwh are there, and in results all that 'assay build --collect' takes back"
)sh",
                     spec.board->name, scripts,
                     results_text("assay.bit assay.hwh reports/utilization.rpt "
                                  "reports/hierarchy.rpt reports/timing.rpt reports/power.rpt "
                                  "reports/drc.rpt reports/netlist.v"));
}

}  // namespace

std::string results_text(std::string_view files) {
  return fmt::format(R"sh(rm -rf results
mkdir results
for file in {} {}; do
  if [ -f "$file" ]; then cp "$file" results/; fi
done
(cd results && sha256sum -- *) > {}
mv {} results/
)sh",
                     kIdentityFile, files, kSumsFile, kSumsFile);
}

std::vector<NodeRtl::File> project_scripts(const ProjectSpec& spec, const Project& project) {
  return {{"bd.tcl", block_design_tcl(spec, project)},
          {"build.sh", build_sh(spec, project)},
          {"constraints.xdc",
           "# The clock is the processing system's, whose IP constrains it, and no port leads to a "
           "pad of "
           "the logic.\n"},
          {"impl.tcl", run_tcl("impl_1", " -to_step write_bitstream", "implementation")},
          {"project.tcl", project_tcl(spec, project)},
          {"report.tcl", report_tcl(spec)},
          {"synth.tcl", run_tcl("synth_1", "", "synthesis")}};
}

}  // namespace assay::zynq
