// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/backend/fpga/synthesis.h"

namespace assay::fpga {

/// Cells, in the family's units.
struct Usage {
  std::int64_t lut = 0;  ///< look-up tables, those inside of carries and LUT memories too
  std::int64_t ff = 0, carry = 0, bram = 0, dsp = 0;

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;
};

/// Which layer cells belong to: the one that the cell is named after, else the one that what it drives
/// is named after, else the one that reads it, each time of several the one with most such wires. A
/// shell around the design counts as one more, so that what is its own is no layer's.
class CellOwners {
 public:
  CellOwners() = default;
  /// `path`: of the design in the top, as in SynthesisJob.
  explicit CellOwners(std::vector<std::string> layers, std::string path = "")
      : layers_(std::move(layers)), path_(std::move(path)) {}

  /// By a cell's name in the netlist or behind place and route; the number of layers: none.
  std::size_t of(std::string_view cell) const;
  std::size_t none() const { return layers_.size(); }
  /// By the name alone; shell() for what lies beside the design.
  std::size_t named(std::string_view cell) const;
  std::size_t shell() const { return layers_.size() + 1; }
  void add(const std::string& cell, std::size_t layer) { others_[cell] = layer; }

 private:
  bool is_beside(std::string_view plain) const;

  std::vector<std::string> layers_;
  std::string path_;
  std::unordered_map<std::string, std::size_t> others_;
};

struct CellCounts {
  std::map<std::string, std::int64_t> types;  ///< of the whole design
  Usage total;
  std::vector<Usage> layers;  ///< in the order of the job
  Usage between;              ///< what belongs to no layer, such as a shell
  CellOwners owners;
  /// A cell that this Yosys is known to make wrong, and how; empty: none was found.
  std::string fault;
};

/// Counts the cells of a flat netlist. UserError naming the file when it is no such netlist.
CellCounts count_cells(std::string_view json, const SynthesisJob& job, std::string_view file);

}  // namespace assay::fpga
