// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/yosys_json.h"

namespace assay::fpga {

/// What is synthesised: sources and memory files that lie in one folder.
struct SynthesisJob {
  std::string top;                   ///< the module
  std::vector<std::string> sources;  ///< names of .sv files in the folder
  /// Instances of the top, "u_MatMul_0", that keep their borders until they are mapped, so that what
  /// they take can be counted; it costs a few LUTs (docs/build.md).
  std::vector<std::string> layers;
  netlist::Family family = netlist::Family::kIce40;
  bool dsp = false;  ///< products may go into DSP blocks; else into LUTs, whatever Yosys likes
};

/// The Yosys script that writes `json`, a flat netlist of the family's cells. The same bytes for the
/// same job. Wires of the top, the streams among them, keep their names.
std::string synthesis_script(const SynthesisJob& job, std::string_view json);

/// Cells, in the family's units.
struct Usage {
  std::int64_t lut = 0;  ///< look-up tables, those inside of carries and LUT memories too
  std::int64_t ff = 0, carry = 0, bram = 0, dsp = 0;

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;
};

struct CellCounts {
  std::map<std::string, std::int64_t> types;  ///< of the whole design
  Usage total;
  std::vector<Usage> layers;  ///< in the order of the job
  Usage between;              ///< what belongs to no layer
};

/// Counts the cells of a flat netlist by the layers that their names begin with. UserError naming the
/// file when it is no such netlist.
CellCounts count_cells(std::string_view json, const SynthesisJob& job, std::string_view file);

/// The layer that a cell or net belongs to, by its name in the netlist or behind place and route;
/// layers.size(): none.
std::size_t layer_of(std::string_view name, const std::vector<std::string>& layers);

}  // namespace assay::fpga
