// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/plls.h"

#include <utility>

#include "compile/backend/ecp5/block_settings.h"
#include "compile/base/error.h"
#include "compile/netlist/ecp5_pll.h"

namespace assay::ecp5 {
namespace {

/// What nextpnr writes where the cell has no such attribute.
constexpr std::pair<const char*, int> kAnalog[] = {
    {"KVCO", 0},           {"LPF_CAPACITOR", 0},     {"FREQ_LOCK_ACCURACY", 0},
    {"MFG_GMC_GAIN", 0},   {"MFG_GMC_TEST", 14},     {"MFG1_TEST", 0},
    {"MFG2_TEST", 0},      {"MFG_FORCE_VFILTER", 0}, {"MFG_ICP_TEST", 0},
    {"MFG_EN_UP", 0},      {"MFG_FLOAT_ICP", 0},     {"MFG_GMC_PRESET", 0},
    {"MFG_LF_PRESET", 0},  {"MFG_GMC_RESET", 0},     {"MFG_LF_RESET", 0},
    {"MFG_LF_RESGRND", 0}, {"MFG_GMCREF_SEL", 0},    {"MFG_ENABLE_FILTEROPAMP", 0},
};

/// A divider is told one less than it divides by.
int number_of(BlockSettings& settings, std::string_view setting) {
  const std::string name(setting.substr(setting.starts_with('@') ? 1 : 0));
  if (settings.has(name)) return std::stoi(settings.value(name));
  return static_cast<int>(settings.word(name)) + (name.ends_with("_DIV") ? 1 : 0);
}

class Pll {
 public:
  Pll(Extractor& extractor, Fabric& fabric, const Tile& tile)
      : extractor_(extractor),
        fabric_(fabric),
        at_(pins_of(fabric, tile)),
        name_(fmt::format("R{}C{}/EHXPLLL", at_.row, at_.column)),
        settings_(fabric, name_, "", {&tile, second_tile(fabric, tile)}) {}

  void make(netlist::Netlist& netlist) {
    settings_.use_routing();
    settings_.use_all("BANK.");
    if (settings_.value("MODE") == "EHXPLLL") make_running(netlist);
    settings_.check_all_used();
  }

 private:
  /// Where the tile has the wire of its output.
  static Wire pins_of(Fabric& fabric, const Tile& tile) {
    Wire at{0, 0, fabric.database().number("JCLKOP_PLL")};
    for (const TileKind::Wire& wire : fabric.database().kind(tile.kind).wires)
      if (wire.source.name == at.name)
        at.row = tile.row + wire.source.rows, at.column = tile.column + wire.source.columns;
    return at;
  }
  /// It lies beside or below the first.
  static const Tile* second_tile(Fabric& fabric, const Tile& tile) {
    for (const auto& [rows, columns] : {std::pair(1, 0), {0, 1}, {0, -1}})
      if (const Tile* second = fabric.tile(tile.row + rows, tile.column + columns, "CLKOP_DIV"))
        return second;
    user_error("the Trellis database has no second tile for the PLL of {}", tile.name);
  }

  [[noreturn]] void refuse(std::string_view why) const {
    user_error("{}: {}: {}", fabric_.file(), name_, why);
  }
  Wire wire(std::string_view name) { return fabric_.wire(at_.row, at_.column, name); }

  void make_running(netlist::Netlist& netlist) {
    netlist::Ecp5Pll pll = settings();
    if (fabric_.root(wire("CLKFB_PLL")) != at_)
      refuse("a PLL with other feedback than its output CLKOP has no model");
    pll.reference = extractor_.net(wire("CLKI_PLL"));
    if (pll.reference <= netlist::kOne) refuse("a PLL without a reference has no model");
    pll.clock = extractor_.output(at_.row, at_.column, "JCLKOP_PLL");
    pll.lock = extractor_.output(at_.row, at_.column, "JLOCK_PLL");
    const std::string trouble = add_ecp5_pll(netlist, pll);
    if (!trouble.empty()) refuse(trouble);
    for (const std::string_view pin : netlist::ecp5_pll_idle_pins()) require(pin, true);
    for (const char* pin : {"ENCLKOS", "ENCLKOS2", "ENCLKOS3"}) require(pin, false);
  }

  netlist::Ecp5Pll settings() {
    netlist::Ecp5Pll pll;
    // Where feedback comes from is for routing to say: the same bits mean CLKOP, CLKOS, USERCLOCK.
    for (const auto& [name, value] : netlist::ecp5_pll_words())
      pll.words.emplace(name, settings_.says(std::string(name), std::string(value))
                                  ? std::string(value)
                                  : settings_.value(std::string(name)));
    for (const netlist::Ecp5PllNumber& number : netlist::ecp5_pll_numbers())
      pll.numbers.emplace(number.name, number_of(settings_, number.name));
    for (const std::string_view name : netlist::ecp5_pll_choices())
      pll.numbers.emplace(name, number_of(settings_, name));
    for (const auto& [name, value] : kAnalog)
      if (const int told = number_of(settings_, name); told != value)
        refuse(fmt::format("a PLL whose {} is {} has no model", name, told));
    return pll;
  }

  void require(std::string_view pin, bool zero) {
    extractor_.require_constant(at_.row, at_.column, fmt::format("J{}_PLL", pin), zero,
                                fmt::format("{}: its {}", name_, pin));
  }

  Extractor& extractor_;
  Fabric& fabric_;
  Wire at_;
  std::string name_;
  BlockSettings settings_;
};

}  // namespace

void make_plls(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist) {
  for (const Tile& tile : fabric.tiles())
    if (tile.kind.starts_with("PLL0_")) Pll(extractor, fabric, tile).make(netlist);
}

}  // namespace assay::ecp5
