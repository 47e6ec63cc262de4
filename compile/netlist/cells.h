// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/netlist/netlist.h"

/// Cells of the families, made of tables, flip-flops and memories. What a model relies on is said
/// where it stands; what it does not cover is refused by name.
namespace assay::netlist {

/// A cell as a file has it, with all pins and parameters of its model.
class Cell {
 public:
  std::string name, type, file;
  Netlist& netlist;
  std::map<std::string, std::vector<Net>, std::less<>> pins;
  std::map<std::string, std::string, std::less<>>
      parameters;  ///< "0101", most significant first, or words

  std::set<std::string, std::less<>> absent;  ///< pins that are connected to nothing

  bool connected(std::string_view pin) const { return !absent.contains(pin); }
  const std::vector<Net>& nets(std::string_view pin) const;
  Net net(std::string_view pin) const { return nets(pin).at(0); }
  /// The pins PREFIX0, PREFIX1, ... of one bit each.
  std::vector<Net> numbered(std::string_view prefix, int count) const;

  /// The lowest `width` bits, least significant first; undefined ones are 0. UserError when it is no
  /// number or larger.
  std::vector<bool> bits(std::string_view parameter, int width) const;
  std::uint64_t number(std::string_view parameter, int width) const;
  bool flag(std::string_view parameter) const { return number(parameter, 1) != 0; }
  /// Which of the words it is.
  int choice(std::string_view parameter, std::initializer_list<std::string_view> words) const;
  /// The bits of PREFIX0, PREFIX1, ... in hexadecimal with `digits` digits, one behind the other.
  std::vector<bool> contents(std::string_view prefix, int digits, int count, int width) const;

  /// Drives `out` with a function of the inputs.
  void drive(Net out, std::uint64_t table, std::initializer_list<Net> inputs) const;

  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    user_error("{}: cell '{}' ({}): {}", file, name, type,
               fmt::format(format, std::forward<Args>(args)...));
  }
};

/// What a cell's file may say, and what becomes of it.
struct CellModel {
  std::string_view type;
  /// Words such as "A", "A=1", "A:16", "A:16=0", "Q>", "Q:4>" and "B<>": an input, one that may be absent
  /// and is 1 then, of 16 bits; an output, which may be absent; one that is either. "A:*": of any width. "A#4": A0 to A3.
  /// "A:16+": what is connected may be wider, and is cut to its lowest 16 bits, as Verilog does.
  std::string_view pins;
  /// Words such as "MODE=0" and "REGMODE=NOREG": its value where it is absent. "@CURRENT=0": an attribute. "INIT_#16=0": INIT_0 to
  /// INIT_F; "INIT_##64=0": INIT_00 to INIT_3F.
  std::string_view parameters;
  void (*build)(const Cell& cell);
};

/// Tables of the families, and of what Yosys calls its internal cells, which every family may have.
std::span<const CellModel> ice40_cells();
std::span<const CellModel> ecp5_cells();
std::span<const CellModel> xilinx_cells();
std::span<const CellModel> yosys_cells();

/// A pin of a model.
struct PinModel {
  int width = 1;       ///< 0: any
  bool wider = false;  ///< what is connected is cut
  bool input = true, output = false;
  char absent = '!';  ///< '0' or '1'; '!': it may not be
};
using PinModels = std::map<std::string, PinModel, std::less<>>;
using ParameterModels = std::map<std::string, std::string, std::less<>>;  ///< what absent ones are

PinModels pins_of(const CellModel& model);
ParameterModels parameters_of(const CellModel& model);

}  // namespace assay::netlist
