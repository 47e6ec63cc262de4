// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/resource_model.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay::hw {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Words of a memory whose address and one more bit go into a LUT; rtl/assay_threshold_stage.sv.
constexpr std::int64_t kLateWords = 32;

/// The shapes that a block RAM can take, as words of at most `bits`.
struct BlockShape {
  std::int64_t words, bits;
};

}  // namespace

std::string_view family_name(Family family) {
  return family == Family::kXilinx ? "xilinx" : family == Family::kIce40 ? "ice40" : "ecp5";
}

std::int64_t bits_for(std::int64_t n) {
  std::int64_t bits = 1;
  while ((std::int64_t{1} << bits) < n) ++bits;
  return bits;
}

std::int64_t ModuleParameters::operator()(std::string_view name) const {
  const auto it = std::ranges::find(layer_.parameters, name, &Parameter::name);
  return it == layer_.parameters.end() ? 0 : std::get<std::int64_t>(it->value);
}

std::string ModuleParameters::text(std::string_view name) const {
  const auto it = std::ranges::find(layer_.parameters, name, &Parameter::name);
  return it == layer_.parameters.end() ? "" : std::get<std::string>(it->value);
}

std::int64_t ModuleParameters::largest_beats() const {
  std::int64_t most = 1;
  for (const auto* streams : {&layer_.inputs, &layer_.outputs})
    for (const Stream& s : *streams) most = std::max(most, s.beats);
  return most;
}

Resources ResourceModel::total() const {
  Resources sum = sum_;
  sum.lut += ceil_div(hundredths_, 100);
  return sum;
}

void ResourceModel::weighted(std::int64_t n, std::int64_t xilinx, std::int64_t ice40,
                             std::int64_t ecp5) {
  hundredths_ += n * (family_ == Family::kXilinx  ? xilinx
                      : family_ == Family::kIce40 ? ice40
                                                  : ecp5);
}

void ResourceModel::counter(std::int64_t n) {
  if (n <= 1) return;
  const std::int64_t bits = bits_for(n);
  registers(bits);
  weighted(bits, 150, 160, 280);
}

void ResourceModel::skid(std::int64_t bits) {
  registers(2 * bits + 2);
  luts(bits + 4);
}

void ResourceModel::arithmetic(std::int64_t bits) { weighted(bits, 110, 110, 300); }

void ResourceModel::shifter(std::int64_t bits) { weighted(bits, 200, 230, 450); }

void ResourceModel::comparators(std::int64_t count, std::int64_t bits) {
  weighted(count * bits, 100, 110, 180);
}

void ResourceModel::adders(std::int64_t terms, std::int64_t bits) {
  // All but the last two terms go through carry-save adders, a full adder per bit.
  if (terms < 2) return;
  weighted((terms - 2) * bits, 170, 200, 200);
  weighted(bits, 100, 110, 200);
}

void ResourceModel::tree(std::int64_t terms, std::int64_t bits) {
  for (; terms > 1; terms = (terms + 1) / 2) weighted(terms / 2 * ++bits, 100, 110, 200);
}

void ResourceModel::graph_adders(std::int64_t bits, std::int64_t count) {
  weighted(bits - count, 100, 110, 200);  // without the last bit of each, which is its carry
}

void ResourceModel::dsp_adders(std::int64_t count, std::int64_t bits) {
  if (!six() || !has_dsp_) weighted(count * bits, 100, 110, 200);
}

void ResourceModel::accumulator(std::int64_t bits) {
  registers(bits);
  weighted(bits, 100, 110, 200);
}

void ResourceModel::popcount(std::int64_t bits, std::int64_t count, bool constant) {
  if (constant) bits = ceil_div(bits, 3);
  const std::int64_t threes = ceil_div(bits, 3), nines = ceil_div(threes, 3);
  weighted((2 * threes + 4 * nines) * count, 100, 180, 180);
  for (std::int64_t i = 0; i < count; ++i) tree(nines, 3);
}

void ResourceModel::multipliers(std::int64_t count, std::int64_t a, std::int64_t b, bool wants_dsp,
                                bool registered) {
  if (wants_dsp && has_dsp_) {
    // 25 x 18 (DSP48), 16 x 16 (SB_MAC16), 18 x 18 (ECP5), signed.
    const std::int64_t wide = six()                       ? 25
                              : family_ == Family::kIce40 ? 16
                                                          : 18,
                       narrow = six() ? 18 : wide;
    sum_.dsp += count * ceil_div(std::max(a, b), wide) * ceil_div(std::min(a, b), narrow);
    return;
  }
  if (registered) registers(count * (a + b));
  weighted(count * a * b, 150, 200, 220);
}

void ResourceModel::block_ram(std::int64_t words, std::int64_t bits) {
  static constexpr BlockShape kXilinx[] = {{512, 36}, {1024, 18}, {2048, 9},
                                           {4096, 4}, {8192, 2},  {16384, 1}},
                              kIce40[] = {{256, 16}, {512, 8}, {1024, 4}, {2048, 2}},
                              kEcp5[] = {{512, 36}, {1024, 18}, {2048, 9},
                                         {4096, 4}, {8192, 2},  {16384, 1}};
  std::int64_t best = -1;
  const auto consider = [&](const BlockShape& shape) {
    const std::int64_t blocks = ceil_div(words, shape.words) * ceil_div(bits, shape.bits);
    if (best < 0 || blocks < best) best = blocks;
  };
  if (family_ == Family::kXilinx) std::ranges::for_each(kXilinx, consider);
  if (family_ == Family::kIce40) std::ranges::for_each(kIce40, consider);
  if (family_ == Family::kEcp5) std::ranges::for_each(kEcp5, consider);
  sum_.bram += best;
}

void ResourceModel::rom(std::int64_t words, std::int64_t bits, std::int64_t ports, bool block,
                        bool registered) {
  if (block) {
    for (std::int64_t port = 0; port < ports; ++port) block_ram(words, bits);
    return;
  }
  if (words <= 1) return;
  // Few words give few different functions of the address.
  const std::int64_t different = words < 16 ? std::min(bits, std::int64_t{1} << words) : bits;
  if (registered) registers(different * ports);
  const std::int64_t leaves = ceil_div(words, six() ? 64 : 16);
  weighted(different * ports * leaves, leaves > 1 ? 130 : 90, leaves > 1 ? 125 : 75,
           leaves > 1 ? 100 : 75);
}

void ResourceModel::late_rom(std::int64_t words, std::int64_t bits, std::int64_t ports) {
  if (words > kLateWords) return rom(words, bits, ports, false, true);
  if (words > 1) registers(bits_for(words) * ports);
  if (!six()) rom(words, bits, ports, false, false);  // else in the LUTs that read it
}

void ResourceModel::store(std::int64_t words, std::int64_t bits, std::int64_t ports, bool block) {
  constexpr std::int64_t kRing = 66, kAddress = 30, kColumn = 32;
  for (std::int64_t port = 0; port < ports; ++port) {
    ram(words, bits, block);
    luts(bits_for(words));  // whose address it is
  }
  registers(kRing);
  arithmetic(2 * kAddress);      // the next memory's address, and whether it is this one's
  luts(kColumn + ports * bits);  // what is read back
}

void ResourceModel::ram(std::int64_t words, std::int64_t bits, bool block) {
  if (block) {
    // Yosys keeps a read of the word being written apart where the block cannot.
    registers(six() ? 0 : 2 * bits + 4);
    luts(six() ? 0 : bits);
    return block_ram(words, bits);
  }
  registers(bits);
  async_ram(words, bits);
}

void ResourceModel::async_ram(std::int64_t words, std::int64_t bits) {
  switch (family_) {
    case Family::kXilinx:  // RAM32M: six bits of 32 words in four LUTs; RAM64M: three of 64
      if (words <= 32) return luts(4 * ceil_div(bits, 6));
      luts(4 * ceil_div(bits, 3) * ceil_div(words, 64));
      return luts(words > 64 ? bits * ceil_div(words, 256) : 0);
    case Family::kIce40:
      registers(words * bits);
      return weighted(words * bits, 0, 90, 0);
    case Family::kEcp5:  // TRELLIS_DPR16X4
      luts((words > 16 ? 8 : 6) * ceil_div(bits, 4) * ceil_div(words, 16));
      return luts(words > 16 ? bits * ceil_div(words, 16) : 0);
  }
}

void ResourceModel::buffer(std::int64_t words, std::int64_t bits) {
  ram(words, bits,
      six() ? words * bits >= 4096 && words > 128
            : words * bits >= (family_ == Family::kIce40 ? 512 : 513));
}

void ResourceModel::delay(std::int64_t words, std::int64_t bits, bool block) {
  if (words == 1) return registers(bits);
  counter(words);
  ram(words, bits, block);
}

void ResourceModel::turns(std::int64_t streams, std::int64_t beats) {
  counter(beats);
  registers(streams);
  luts(3 * streams);
}

}  // namespace assay::hw
