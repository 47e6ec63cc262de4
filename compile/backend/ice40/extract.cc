// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/extract.h"

#include "compile/backend/ice40/tiles.h"

namespace assay::ice40 {

Extraction extract_ice40(const ExtractJob& job) {
  const Bitfile bits = read_bitfile(job.bitstream, job.bitstream_file);
  std::vector<std::uint8_t> explained;
  const ChipDb db = read_chipdb(job.chipdb, job.chipdb_file, job.package, bits, explained);
  const std::vector<PinConstraint> constraints =
      read_constraints(job.constraints, job.constraints_file);
  Extraction result;
  result.netlist.name = job.bitstream_file;
  result.switches = static_cast<std::int64_t>(db.switches.size());

  Fabric fabric(bits, db, explained);
  LogicTiles logic(fabric, result.netlist);
  RamTiles rams(fabric, result.netlist);
  HardTiles hard(fabric, result.netlist);
  Pins pins(fabric, result.netlist, constraints, job.constraints_file);
  logic.drive();
  rams.drive();
  hard.drive();
  pins.drive();
  pins.drive_clocks();
  logic.read();
  rams.read();
  hard.read();
  pins.read();
  pins.read_plls();
  fabric.check_explained();

  netlist::require_made_clock(result.netlist);
  netlist::simplify(result.netlist);
  pins.check_plls();
  netlist::verify(result.netlist);
  return result;
}

}  // namespace assay::ice40
