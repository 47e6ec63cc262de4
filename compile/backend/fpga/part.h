// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/yosys_json.h"

namespace assay::fpga {

/// A device in a package.
struct Part {
  std::string name;  ///< "ice40-hx8k", "ecp5-25"
  netlist::Family family = netlist::Family::kIce40;
  /// nextpnr's option without dashes: "hx8k", "up5k", "25k", "85k". Empty: the open tools synthesise for
  /// it, but make no bitstreams.
  std::string device;
  std::string package;  ///< nextpnr's name: "ct256", "CABGA381"
  /// What there is of it.
  std::int64_t luts = 0, flip_flops = 0, block_rams = 0, dsps = 0;

  bool has_bitstreams() const { return !device.empty(); }
};

/// What place and route is given. All files lie in `folder`, with the names of this header.
struct PlaceRouteJob {
  const Part* part = nullptr;
  std::string top;          ///< the module
  std::string json;         ///< Yosys' netlist
  std::string constraints;  ///< text: .pcf or .lpf, every port of the top pinned
  double clock_mhz = 50;
  std::uint64_t seed = 1;
};

struct Utilisation {
  std::string name;  ///< the tool's: "ICESTORM_LC", "TRELLIS_COMB"
  std::int64_t used = 0, available = 0;
};

struct PathStep {
  std::string kind;      ///< "logic", "routing", "clk-to-q", "setup"
  std::string from, to;  ///< cells
  std::string net;       ///< of routing
  double ns = 0;
};

struct PlaceRouteResult {
  double fmax_mhz = 0;
  std::vector<Utilisation> utilisation;
  std::vector<PathStep> critical_path;
  std::string routed;     ///< the placed and routed design, as text (.asc, .config)
  std::string bitstream;  ///< what goes into the flash
  /// Where the placer put cells: name, column, row.
  struct Place {
    std::string cell;
    int x = 0, y = 0;
  };
  std::vector<Place> places;
};

}  // namespace assay::fpga
