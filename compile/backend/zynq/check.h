// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/zynq/project.h"

/// What can be known of a project without Vivado. Each returns what is wrong, for people; nothing is good.
namespace assay::zynq {

/// A port as Yosys reads the RTL.
struct RtlPort {
  std::string name;
  bool output = false;
  int bits = 1;
  friend bool operator==(const RtlPort&, const RtlPort&) = default;
};

/// The ports of a module in what Yosys' write_json wrote. UserError where it has none of that name.
std::vector<RtlPort> yosys_ports(std::string_view json, const std::string& module);
/// A script with which Yosys reads the files of an IP, whose folder it runs in, and writes `json`.
std::string ports_script(const Ip& ip, std::string_view json);

/// An IP's component.xml against the ports of its RTL, the files of its folder and the bytes that its registers
/// and memories take of addresses (Ip::used).
std::vector<std::string> component_faults(std::string_view xml, const std::vector<RtlPort>& ports,
                                          const std::vector<std::string>& files,
                                          std::int64_t used = 0);

/// Files that scripts name and that are not in the project.
std::vector<std::string> missing_files(const Project& project);

/// Runs the project's scripts in `folder`, which has its files and which they write into, with `tclsh` on a
/// model of Vivado (mock_vivado.tcl).
std::vector<std::string> script_faults(const Project& project, const std::filesystem::path& folder,
                                       const std::filesystem::path& tclsh);

/// Of a platform: its kernels and what Vitis is told to link, against the IPs and the board. Of a board with
/// a processing system there is none.
std::vector<std::string> link_faults(const Project& project, const hw::Board& board);

/// The model.
struct TclFile {
  std::string_view name, text;
};
std::span<const TclFile> tcl_files();

}  // namespace assay::zynq
