// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "compile/netlist/netlist.h"
#include "harness/build/build_source.h"
#include "harness/report/build.h"
#include "harness/rtl/rtl_session.h"

namespace assay {

/// Which form of a built design is looked at.
enum class BitsLevel { kNetlist, kBitstream };
std::string_view bits_level_name(BitsLevel level);                ///< "netlist", "bitstream"
std::optional<BitsLevel> find_bits_level(std::string_view name);  ///< nothing for other names

/// What `assay build` left in a run's folder.
struct BuiltDesign {
  report::Build build;
  report::File file;        ///< what `design` is read from
  netlist::Netlist design;  ///< simplified
  /// What that was made from: of a bitstream the netlist, of a netlist the gates that ABC made tables
  /// of. Simplified. No name: what another tool made has no origin here.
  report::File origin_file;
  netlist::Netlist origin;
};

/// What a target's build was made of. Errors as of BuildSource.
BuildSource built_source(const std::filesystem::path& dir, const std::string& target,
                         const report::Build& build);

/// Reads a target's netlist, or what its bitstream does. UserError when it was not built, or from
/// another stage or other RTL than lies in the folder now, or its files were changed since.
BuiltDesign read_built(const RtlSession& session, const std::string& target, BitsLevel level);

}  // namespace assay
