// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/block_ram.h"

#include "compile/backend/ecp5/block_settings.h"
#include "compile/base/error.h"
#include "compile/netlist/ecp5_ram.h"

namespace assay::ecp5 {
namespace {

using netlist::Ecp5Ram;
using netlist::kOne;
using netlist::kZero;
using netlist::Memory;
using netlist::Net;

/// The settings of the block RAM at a place, which lie in two or three tiles side by side.
BlockSettings settings_at(Fabric& fabric, const Wire& at) {
  int number = -1;
  // A tile that two share is the last of the lower and the first of the higher.
  for (int i = 0; i < 4; ++i)
    if (fabric.tile(at.row, at.column, fmt::format("EBR{}.", i))) number = i;
  if (number < 0)
    user_error("{}: wire {} is of a block RAM, but none is there", fabric.file(), fabric.text(at));
  const std::string prefix = fmt::format("EBR{}.", number);
  std::vector<const Tile*> tiles;
  for (int i = 0; i < 3; ++i)
    if (const Tile* tile = fabric.tile(at.row, at.column + i, prefix)) tiles.push_back(tile);
  return {fabric, fmt::format("R{}C{}/EBR{}", at.row, at.column, number), prefix, tiles};
}

/// The number of a RAM's contents has its lowest bit last.
int contents_number(unsigned word) {
  int number = 0;
  for (int i = 0; i < 9; ++i)
    if ((word >> i & 1U) != 0) number |= 1 << (8 - i);
  return number;
}

int number_in(const std::string& text) {
  int width = 0;
  for (const char c : text) width = width * 10 + (c - '0');
  return width;
}

std::array<std::uint32_t, 1024> contents_of(const Bitfile& bits, int number) {
  std::array<std::uint32_t, 1024> words{};
  const auto at = bits.block_rams.find(number);
  if (at == bits.block_rams.end()) return words;  // nothing was written: zeros
  for (std::size_t i = 0; i < words.size(); ++i)
    words[i] = at->second[2 * i] | static_cast<std::uint32_t>(at->second[2 * i + 1]) << 9U;
  return words;
}

class BlockRam {
 public:
  BlockRam(Extractor& extractor, Fabric& fabric, const Wire& at)
      : extractor_(extractor), fabric_(fabric), at_(at), settings_(settings_at(fabric, at)) {}

  void make(netlist::Netlist& netlist, const Bitfile& bits) {
    wide_ = is_wide();
    Ecp5Ram ram;
    ram.name = settings_.name();
    ram.words = contents_of(bits, contents_number(static_cast<unsigned>(settings_.word("WID"))));
    ram.a = port('A'), ram.b = port('B');
    settle_unclocked(ram);
    settings_.check_all_used();
    const std::string trouble = netlist::add_ecp5_ram(netlist, ram);
    if (!trouble.empty()) refuse(trouble);
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    user_error("{}: {}: {}", fabric_.file(), settings_.name(), why);
  }

  /// Bits of other settings are among those of the modes: what has to be set counts, and more is more.
  bool is_wide() {
    const bool wide = settings_.shows("MODE", "PDPW16KD");
    if (!wide && !settings_.shows("MODE", "DP16KD")) refuse("it is read, but it is switched off");
    return wide;
  }

  Net pin(const std::string& name) {
    const Net net = extractor_.net(at_.row, at_.column, fmt::format("J{}_EBR", name));
    const bool inverts = settings_.has(name + "MUX") && settings_.value(name + "MUX") == "INV";
    return inverts ? extractor_.inverted(net) : net;
  }

  /// PDPW16KD: 36 bits go in at A and out at B, whose pins then are A's and B's.
  Ecp5Ram::Port port(char letter) {
    Ecp5Ram::Port port;
    const auto named = [&](std::string_view name) { return fmt::format("{}{}", name, letter); };
    if (wide_) {
      port.width = letter == 'A' ? 36 : number_in(settings_.value("PDPW16KD.DATA_WIDTH_R"));
      port.write = letter == 'A' ? kOne : kZero;
    } else {
      port.width = number_in(settings_.value(named("DP16KD.DATA_WIDTH_")));
      port.write = pin(named("WE"));
      port.mode = mode_of(settings_.value(named("DP16KD.WRITEMODE_")));
    }
    if (settings_.value(named("REGMODE_")) != "NOREG")
      refuse("it has an output register, for which there is no rule");
    // What they say matters to resets in use, which are refused.
    for (const char* name : {"RESETMODE", "ASYNC_RESET_RELEASE", "GSR"}) settings_.value(name);
    pin(named("OCE"));
    if (pin(named("RST")) != kZero) refuse("its reset is used, for which there is no rule");
    port.falling = settings_.value(named("CLK") + "MUX") == "INV";
    port.clock = extractor_.net(at_.row, at_.column, fmt::format("JCLK{}_EBR", letter));
    port.enable = selected(letter, pin(named("CE")));
    for (int i = 0; i < 14; ++i) port.address.push_back(pin(fmt::format("AD{}{}", letter, i)));
    for (int i = 0; i < 18; ++i) {
      port.in.push_back(pin(fmt::format("DI{}{}", letter, i)));
      port.out.push_back(
          extractor_.output(at_.row, at_.column, fmt::format("JDO{}{}_EBR", letter, i)));
    }
    return port;
  }

  /// A port listens while its three select pins are what it was told.
  Net selected(char letter, Net enable) {
    const std::uint64_t decode = settings_.word(fmt::format("CSDECODE_{}", letter));
    for (int i = 0; i < 3; ++i) {
      const Net select = pin(fmt::format("CS{}{}", letter, i));
      enable =
          extractor_.both(enable, (decode >> i & 1U) != 0 ? select : extractor_.inverted(select));
    }
    return enable;
  }

  /// A port without a clock does nothing; it counts as one that is never enabled.
  void settle_unclocked(Ecp5Ram& ram) const {
    for (const auto& [port, other] : {std::pair{&ram.a, &ram.b}, std::pair{&ram.b, &ram.a}})
      if (port->clock <= kOne) {
        port->clock = other->clock, port->falling = other->falling;
        port->enable = kZero;
        if (!wide_) port->width = other->width, port->write = kZero;
      }
    if (ram.a.clock <= kOne) refuse("it is read, but has no clock");
  }

  static Ecp5Ram::WriteMode mode_of(const std::string& text) {
    if (text == "NORMAL") return Ecp5Ram::WriteMode::kNormal;
    return text == "WRITETHROUGH" ? Ecp5Ram::WriteMode::kWriteThrough
                                  : Ecp5Ram::WriteMode::kReadBeforeWrite;
  }

  Extractor& extractor_;
  Fabric& fabric_;
  Wire at_;
  BlockSettings settings_;
  bool wide_ = false;
};

}  // namespace

void make_block_ram(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist,
                    const Bitfile& bits, const Wire& output) {
  BlockRam(extractor, fabric, output).make(netlist, bits);
}

}  // namespace assay::ecp5
