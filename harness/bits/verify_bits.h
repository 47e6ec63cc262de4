// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/bits/built_design.h"
#include "harness/report/bits.h"
#include "harness/report/console.h"
#include "harness/rtl/simulation_options.h"

namespace assay {

struct VerifyBitsOptions : SimulationOptions {
  BitsLevel level = BitsLevel::kNetlist;
  std::string target;  ///< of `assay build`
  /// So many images are simulated in Verilator, too: see second_opinion.h.
  std::optional<std::int64_t> second_opinion;
  bool prove_layers = false;  ///< of a netlist: see prove_layers.h
};

struct VerifyBitsResult {
  report::Bits report;  ///< reports/LEVEL-TARGET.json
  std::string table;    ///< for people
};

/// Levels netlist and bitstream: simulates what was built of a run's design, many images at a time,
/// on all chosen images and on made-up ones, each lane under one of the profiles and some reset in the
/// middle of a frame. A lane gets several frames: few images are streamed again and again. Every beat
/// of every output and of every stream inside whose wires kept their names is compared with golden's. A
/// run with faults in what every stream should carry has to be noticed. A bitstream is also proved
/// equal to the netlist it was made from, and that to the gates it was made of, for all inputs and
/// states. A board's build is simulated as hosts hear it over serial lines, by default on kVerifiedImages.
/// Of a board whose bitstreams Vivado makes it is the netlist that was collected, for which nothing is proved; one
/// that has no models is INCONCLUSIVE, and reports/vivado-BOARD.json is told.
/// UserError for several partitions, and as read_built().
VerifyBitsResult verify_bits(const VerifyBitsOptions& options, const Console& console);

}  // namespace assay
