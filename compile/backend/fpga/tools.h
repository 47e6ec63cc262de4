// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "compile/base/process.h"

namespace assay::fpga {

/// A program of the open FPGA tools.
struct Tool {
  std::string name;               ///< "nextpnr-ice40"
  std::filesystem::path program;  ///< as found
  /// Compiled to WebAssembly (a `yowasp-` wheel): it sees no file outside of the folder that it runs
  /// in, so every path that it is given has to be relative.
  bool wasm = false;
};

/// Looks for `name` and then `yowasp-name`: in PATH, in $ASSAY_FPGA_TOOLS/bin, and where
/// cmake/fpga-tools.sh installs them, $XDG_DATA_HOME/assay/fpga-tools/bin (XDG_DATA_HOME:
/// ~/.local/share without it). ToolError that names the command which installs it.
Tool find_tool(std::string_view name);

/// All that there are of a name, in the order in which they are looked for. ToolError as find_tool().
std::vector<Tool> find_tools(std::string_view name);

/// Whether find_tool() finds it.
bool has_tool(std::string_view name);

/// What a report says of a tool.
struct ToolIdentity {
  std::string name, version;  ///< version: as it says itself; empty where it has no way to say it
  std::string sha256;         ///< of the program: of the WebAssembly module where it is one
};
ToolIdentity identify(const Tool& tool);

/// SHA-256 of the technology files of a Yosys: what it maps to cells with.
std::string technology_sha256(const Tool& yosys);

/// Runs it in folder `dir`. ToolError with its last words when it fails or takes longer.
std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments,
                     const std::filesystem::path& dir, std::chrono::seconds limit);
/// The same, whatever becomes of it.
ProcessResult try_tool(const Tool& tool, const std::vector<std::string>& arguments,
                       const std::filesystem::path& dir, std::chrono::seconds limit);

/// The folder of the iCE40 databases as text, chipdb-8k.txt: ToolError that says which Debian package
/// has it.
std::filesystem::path icestorm_chipdb();
/// The folder of the Trellis database, with ECP5/LFE5U-25F below: beside nextpnr-ecp5. ToolError as
/// find_tool().
std::filesystem::path trellis_database();

}  // namespace assay::fpga
