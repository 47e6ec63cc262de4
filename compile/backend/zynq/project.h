// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/verilog/stitch.h"
#include "compile/backend/zynq/mover.h"
#include "compile/hw/boards.h"

/// An accelerator on a board with a processing system as a project of Vivado, packaged IPs, the block
/// design, scripts; or on an accelerator card as kernels that Vitis links to its platform. Nothing here needs Vivado; nothing here was ever run by it.
namespace assay::zynq {

struct ProjectSpec {
  const hw::Board* board = nullptr;
  double clock_mhz = 100;
  const StitchedRtl* rtl = nullptr;
  std::string content_hash;  ///< of the RTL, 64 hexadecimal digits
};

/// What results are known by that come back from another machine: identity.json, which build.sh copies beside them.
struct ProjectIdentity {
  std::string board, part;
  double clock_mhz = 0;
  std::string content_hash;  ///< of the RTL
  std::string project_hash;  ///< SHA-256 of the names and hashes of all other files
};
inline constexpr std::string_view kIdentityFile = "identity.json", kSumsFile = "SHA256SUMS";
std::string identity_text(const ProjectIdentity& identity);
/// UserError naming `file` where it is none.
ProjectIdentity read_identity(std::string_view text, std::string_view file);

/// Where the processing system sees the run-time weights' registers and memories (weight_map.h). On a card XRT knows the
/// base, and the range may be less than all: a host turns pages.
struct ControlPlace {
  std::int64_t base = 0, range = 0;  ///< a power of two, and a multiple of it
};

struct Project {
  std::vector<Mover> movers;  ///< inputs, then outputs, in the order of the accelerator's ports
  std::vector<Ip> ips;        ///< of the accelerator and of each mover
  std::optional<ControlPlace> weights;  ///< where the accelerator has run-time weights
  std::vector<NodeRtl::File> files;     ///< below the project's folder, in the order of their names
  std::vector<std::string> scripts;     ///< that Vivado runs, in their order
  std::vector<std::string> tools;       ///< programs that build.sh needs
  std::vector<std::string> products;    ///< that it leaves, the bitstream first
  ProjectIdentity identity;
  int region = -1;  ///< of the accelerator, of those that a card's part has; -1: none alone
};

/// Instances in the block design.
inline constexpr std::string_view kSystemCell = "ps", kAcceleratorCell = "accelerator0";
/// The accelerator's bus to run-time weights.
inline constexpr std::string_view kWeightPort = "s_axi_weights";
/// Equal specifications give equal bytes. UserError for a clock that the board cannot make, more streams
/// than its processing system has interrupts, run-time weights that its processing system does not reach, and a
/// hash that is none.
Project vivado_project(const ProjectSpec& spec);

/// The accelerator alone, packaged: the RTL that was verified, to the byte, its memories, and a top, whose bus to run-time
/// weights has addresses for at most so many bytes.
Ip accelerator_ip(const StitchedRtl& rtl, std::int64_t most_weight_bytes = kWeightBytes);

}  // namespace assay::zynq
