// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/verilog/stitch.h"
#include "compile/backend/zynq/mover.h"
#include "compile/hw/boards.h"

/// An accelerator on a board with a processing system, as a project of Vivado: packaged IPs, the block
/// design, scripts. Nothing here needs Vivado; nothing here was ever run by it.
namespace assay::zynq {

struct ProjectSpec {
  const hw::Board* board = nullptr;
  double clock_mhz = 100;
  const StitchedRtl* rtl = nullptr;
  std::string content_hash;  ///< of the RTL, 64 hexadecimal digits
};

struct Project {
  std::vector<Mover> movers;  ///< inputs, then outputs, in the order of the accelerator's ports
  std::vector<Ip> ips;        ///< of the accelerator and of each mover
  std::vector<NodeRtl::File> files;  ///< below the project's folder, in the order of their names
};

/// Instances in the block design.
inline constexpr std::string_view kSystemCell = "ps", kAcceleratorCell = "accelerator0";
/// Scripts that Vivado runs, in their order.
inline constexpr std::string_view kScripts[] = {"project.tcl", "synth.tcl", "impl.tcl",
                                                "report.tcl"};

/// Equal specifications give equal bytes. UserError for a board without a processing system, a clock that
/// it cannot make and more streams than it has interrupts, and for a hash that is none.
Project vivado_project(const ProjectSpec& spec);

/// The accelerator alone, packaged: the RTL that was verified, to the byte, its memories, and a top.
Ip accelerator_ip(const StitchedRtl& rtl);

}  // namespace assay::zynq
