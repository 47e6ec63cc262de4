// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/model/model.h"

/// What edited Verilog reads besides itself.
namespace assay {

/// The string literals of all sources, comments aside, without their quotes.
std::vector<std::string> string_literals(const std::vector<sim::SourceFile>& sources);

/// What a source says that would read files which no verdict names, run other programs, or be something
/// else for another tool: `include, `define, `ifdef and what else is not known to be harmless, comments
/// and attributes that synthesis reads (translate_off, full_case), paths with folders, characters by number,
/// tasks that are not known to stay within the sources, attributes that are not this library's, lists of
/// what an always waits for, divisions by what may be 0, DPI. Empty where there is nothing. A choice
/// between two attributes (`ifdef YOSYS, as in this library) and names of files in the folder itself are
/// none; names that are computed are left to the simulation, which opens no others (sim/bench/own_files.cc).
std::string outside_read(std::string_view source);

/// Whether one of the literals names a memory file, whole ("a_weights.hex") or by what it begins
/// with ("a_thresholds" of "a_thresholds_0.hex" and "a_thresholds.hex").
bool names_memory(const std::vector<std::string>& literals, std::string_view file);

}  // namespace assay
