// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "compile/backend/fpga/synthesis.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::fpga {
namespace {

/// What a cell takes; patterns end in '*'.
struct CellUse {
  std::string_view type;
  Usage use;
};

bool matches(std::string_view pattern, std::string_view type) {
  return pattern.ends_with('*') ? type.starts_with(pattern.substr(0, pattern.size() - 1))
                                : type == pattern;
}

/// Of all families: no type is a cell of two with different uses.
Usage use_of(std::string_view type) {
  static constexpr std::array table = {
      // iCE40
      CellUse{"SB_LUT4", {1, 0, 0, 0, 0}}, CellUse{"SB_CARRY", {0, 0, 1, 0, 0}},
      CellUse{"SB_DFF*", {0, 1, 0, 0, 0}}, CellUse{"SB_RAM40_4K*", {0, 0, 0, 1, 0}},
      CellUse{"SB_MAC16", {0, 0, 0, 0, 1}},
      // ECP5
      CellUse{"LUT4", {1, 0, 0, 0, 0}}, CellUse{"CCU2C", {2, 0, 1, 0, 0}},
      CellUse{"TRELLIS_FF", {0, 1, 0, 0, 0}}, CellUse{"TRELLIS_DPR16X4", {4, 0, 0, 0, 0}},
      CellUse{"DP16KD", {0, 0, 0, 1, 0}}, CellUse{"PDPW16KD", {0, 0, 0, 1, 0}},
      CellUse{"MULT18X18D", {0, 0, 0, 0, 1}},
      // Xilinx: block RAMs of 18 Kbit
      CellUse{"LUT1", {1, 0, 0, 0, 0}}, CellUse{"LUT2", {1, 0, 0, 0, 0}},
      CellUse{"LUT3", {1, 0, 0, 0, 0}}, CellUse{"LUT5", {1, 0, 0, 0, 0}},
      CellUse{"LUT6", {1, 0, 0, 0, 0}}, CellUse{"CARRY4", {0, 0, 1, 0, 0}},
      CellUse{"FD*", {0, 1, 0, 0, 0}}, CellUse{"SRL*", {1, 0, 0, 0, 0}},
      CellUse{"RAM32M", {4, 0, 0, 0, 0}}, CellUse{"RAM64M", {4, 0, 0, 0, 0}},
      CellUse{"RAMB18E1", {0, 0, 0, 1, 0}}, CellUse{"RAMB36E1", {0, 0, 0, 2, 0}},
      CellUse{"DSP48E1", {0, 0, 0, 0, 1}}};
  for (const CellUse& cell : table)
    if (matches(cell.type, type)) return cell.use;
  return {};
}

using Json = nlohmann::json;

/// Reads modules/TOP/cells/NAME/type as they come: netlists are hundreds of megabytes.
class CellReader : public nlohmann::json_sax<Json> {
 public:
  CellReader(std::string_view top, std::function<void(const std::string&, const std::string&)> cell)
      : top_(top), cell_(std::move(cell)) {}

  bool in_top = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (in_cell() && path_[4] == "type") cell_(path_[3], value);
    return true;
  }
  bool start_object(std::size_t) override { return deeper(); }
  bool end_object() override { return back(); }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return back(); }
  bool key(string_t& value) override {
    path_.back() = value;
    in_top = in_top || (path_.size() == 2 && path_[0] == "modules" && value == top_);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool in_cell() const {
    return path_.size() == 5 && path_[0] == "modules" && path_[1] == top_ && path_[2] == "cells";
  }
  bool deeper() {
    path_.emplace_back();
    return true;
  }
  bool back() {
    path_.pop_back();
    return true;
  }

  std::string_view top_;
  std::function<void(const std::string&, const std::string&)> cell_;
  std::vector<std::string> path_;
};

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  lut += other.lut;
  ff += other.ff;
  carry += other.carry;
  bram += other.bram;
  dsp += other.dsp;
  return *this;
}

CellCounts count_cells(std::string_view json, const SynthesisJob& job, std::string_view file) {
  CellCounts counts;
  counts.layers.resize(job.layers.size());
  CellReader reader(job.top, [&](const std::string& name, const std::string& type) {
    ++counts.types[type];
    const Usage use = use_of(type);
    const std::size_t layer = layer_of(name, job.layers);
    counts.total += use;
    (layer < job.layers.size() ? counts.layers[layer] : counts.between) += use;
  });
  if (!Json::sax_parse(json, &reader) || !reader.in_top)
    user_error("'{}' is no netlist of '{}' as Yosys writes it; build it again",
               printable(file, 4096), printable(job.top));
  return counts;
}

}  // namespace assay::fpga
