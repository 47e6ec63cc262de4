// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compile/hw/layer.h"
#include "compile/hw/resources.h"

/// What modules are made of, for the estimates of layers.
namespace assay::hw {

/// Bits of a number below n: $clog2(n), at least 1.
std::int64_t bits_for(std::int64_t n);

/// The parameters of a layer's module by name.
class ModuleParameters {
 public:
  explicit ModuleParameters(const Layer& layer) : layer_(layer) {}
  /// An integer; 0 when the module has no such parameter.
  std::int64_t operator()(std::string_view name) const;
  std::string text(std::string_view name) const;
  std::string_view module() const { return layer_.module; }
  std::int64_t largest_beats() const;  ///< of a stream of the layer
  const AdderGraph* adders() const { return layer_.adders.get(); }

 private:
  const Layer& layer_;
};

/// Adds up structures. The factors are those that Yosys 0.23 shows, in hundredths of a LUT.
class ResourceModel {
 public:
  ResourceModel(Family family, bool has_dsp) : family_(family), has_dsp_(has_dsp) {}
  /// Rounded to whole LUTs.
  Resources total() const;

  void luts(std::int64_t n) { hundredths_ += 100 * n; }
  void registers(std::int64_t n) { sum_.ff += n; }
  void counter(std::int64_t n);        ///< counts to n and begins again
  void skid(std::int64_t bits);        ///< assay_skid
  void arithmetic(std::int64_t bits);  ///< one adder or subtractor
  void shifter(std::int64_t bits);     ///< moves what it holds, and what is put on top
  void comparators(std::int64_t count, std::int64_t bits);
  /// A sum of `terms` numbers, not registered.
  void adders(std::int64_t terms, std::int64_t bits);
  /// assay_adder_tree of as many numbers.
  void tree(std::int64_t terms, std::int64_t bits);
  /// assay_shift_adder, `count` of them, of `bits` full adders in all.
  void graph_adders(std::int64_t bits, std::int64_t count);
  /// Adders behind multipliers of DSP blocks, which have them where a family's blocks do.
  void dsp_adders(std::int64_t count, std::int64_t bits);
  void accumulator(std::int64_t bits);
  /// `count` population counts (rtl/assay_popcount.sv) of `bits` products of single bits each. With
  /// constants about half of the products are none, and a LUT counts six of the others.
  void popcount(std::int64_t bits, std::int64_t count, bool constant = false);
  /// Products a x b; `wants_dsp`: in DSP blocks where there are any.
  void multipliers(std::int64_t count, std::int64_t a, std::int64_t b, bool wants_dsp,
                   bool registered = true);
  /// A constant memory that `ports` lanes read, each with an address of its own.
  void rom(std::int64_t words, std::int64_t bits, std::int64_t ports, bool block, bool registered);
  /// The same of LUTs, its register in front of them where the words are few (assay_lane_rom's Late).
  void late_rom(std::int64_t words, std::int64_t bits, std::int64_t ports);
  /// A memory of assay_store.sv that `ports` lanes of `bits` read, each with an address of its own.
  void store(std::int64_t words, std::int64_t bits, std::int64_t ports, bool block);
  void ram(std::int64_t words, std::int64_t bits, bool block);  ///< assay_ram
  void async_ram(std::int64_t words, std::int64_t bits);        ///< read without a register
  /// assay_ram whose style is left to the tool.
  void buffer(std::int64_t words, std::int64_t bits);
  void delay(std::int64_t words, std::int64_t bits, bool block);  ///< assay_delay
  void turns(std::int64_t streams, std::int64_t beats);           ///< assay_turns

 private:
  bool six() const { return family_ == Family::kXilinx; }
  /// One factor per family: Xilinx, iCE40, ECP5.
  void weighted(std::int64_t n, std::int64_t xilinx, std::int64_t ice40, std::int64_t ecp5);
  void block_ram(std::int64_t words, std::int64_t bits);
  Family family_;
  bool has_dsp_;
  Resources sum_;
  std::int64_t hundredths_ = 0;  ///< of LUTs
};

}  // namespace assay::hw
