// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/multipliers.h"

#include <algorithm>
#include <array>
#include <deque>

#include "compile/backend/ecp5/block_settings.h"
#include "compile/base/error.h"
#include "compile/netlist/product.h"

namespace assay::ecp5 {
namespace {

using netlist::Net;

/// What a multiplier without registers is told; which clock, enable and reset its registers would have does not
/// matter then, and is what nextpnr writes.
struct Told {
  const char *setting, *value;
};
constexpr Told kTold[] = {
    {"REG_INPUTA_CLK", "NONE"},
    {"REG_INPUTB_CLK", "NONE"},
    {"REG_INPUTC_CLK", "NONE"},
    {"REG_PIPELINE_CLK", "NONE"},
    {"REG_OUTPUT_CLK", "NONE"},
    {"REG_INPUTA_CE", "CE0"},
    {"REG_INPUTB_CE", "CE0"},
    {"REG_PIPELINE_CE", "CE0"},
    {"REG_INPUTA_RST", "RST0"},
    {"REG_INPUTB_RST", "RST0"},
    {"REG_PIPELINE_RST", "RST0"},
    {"REG_OUTPUT_RST", "RST0"},
    {"CLK0_DIV", "ENABLED"},
    {"CLK1_DIV", "ENABLED"},
    {"CLK2_DIV", "ENABLED"},
    {"CLK3_DIV", "ENABLED"},
    {"CLK0MUX", "CLK0"},
    {"CLK1MUX", "CLK1"},
    {"CLK2MUX", "CLK2"},
    {"CLK3MUX", "CLK3"},
    {"CE0MUX", "CE0"},
    {"CE1MUX", "CE1"},
    {"CE2MUX", "CE2"},
    {"CE3MUX", "CE3"},
    {"RST0MUX", "RST0"},
    {"RST1MUX", "RST1"},
    {"RST2MUX", "RST2"},
    {"RST3MUX", "RST3"},
    {"GSR", "ENABLED"},
    {"RESETMODE", "SYNC"},
    {"SOURCEB_MODE", "B_SHIFT"},
    {"CIBOUT_BYP", "ON"},
};

/// Nine columns, with two pairs of multipliers that share tiles.
class DspBlock {
 public:
  static constexpr int kColumns = 9;
  static constexpr std::array<int, 4> kColumnsOfMultipliers{0, 1, 4, 5};

  DspBlock(Extractor& extractor, Fabric& fabric, const Tile& first)
      : extractor_(extractor),
        fabric_(fabric),
        row_(first.row),
        column_(first.column),
        name_(fmt::format("R{}C{}/DSP", row_, column_)),
        tiles_(tiles_of(fabric, first)),
        settings_(fabric, name_, "", tiles_) {}

  /// Reads what it is told. All blocks do before a factor is followed, which may come from another's product.
  void read() {
    for (const int column : kColumnsOfMultipliers)
      if (settings_.shows(setting(column, "MODE"), "MULT18X18D")) multipliers_.push_back(column);
    for (const int column : multipliers_) read(column);
    settings_.check_all_used();
    refuse_cascades();
  }

  void make(netlist::Netlist& netlist) {
    for (const int column : multipliers_) {
      const std::vector<Net> product =
          product_of(netlist, factor(column, 'A'), factor(column, 'B'), kProduct);
      for (int i = 0; i < kProduct; ++i)
        extractor_.drive(output(column, i), 0x2, {product[static_cast<std::size_t>(i)]});
    }
  }

 private:
  static constexpr int kFactor = 18, kProduct = 36;

  static std::vector<const Tile*> tiles_of(Fabric& fabric, const Tile& first) {
    std::vector<const Tile*> result;
    for (const Tile& tile : fabric.tiles()) {
      if (tile.row != first.row || tile.column < first.column ||
          tile.column >= first.column + kColumns)
        continue;
      const TileKind& kind = fabric.database().kind(tile.kind);
      if (std::any_of(kind.settings.begin(), kind.settings.end(),
                      [](const TileKind::Setting& setting) { return is_of_dsp(setting.name); }))
        result.push_back(&tile);
    }
    return result;
  }

  static std::string setting(int column, std::string_view name) {
    return fmt::format("MULT18_{}.{}", column, name);
  }
  std::string name_of(int column) const {
    return fmt::format("R{}C{}/MULT18_{}", row_, column_, column);
  }

  void read(int column) {
    for (const auto& [name, value] : kTold)
      if (settings_.has(setting(column, name))) expect(column, setting(column, name), value);
    expect(column, column < 4 ? "DSP_LEFT.CIBOUT" : "DSP_RIGHT.CIBOUT", "ON");
    for (int i = 0; i < kProduct; ++i) output(column, i);
  }

  void expect(int column, const std::string& setting, std::string_view value) {
    if (const std::string told = settings_.value(setting); told != value)
      user_error("{}: {}: a multiplier whose {} is {} has no model", fabric_.file(),
                 name_of(column), setting, told);
  }

  /// Its own wires lead from block to block, of which there is no rule; clocks' pass through.
  void refuse_cascades() const {
    for (const Tile* tile : tiles_)
      for (const TileKind::Mux& mux : fabric_.database().kind(tile->kind).muxes) {
        if (fabric_.database().name(mux.sink.name).starts_with("G_")) continue;
        for (const TileKind::Arc& arc : mux.arcs)
          if (!arc.bits.empty() && fabric_.holds(*tile, arc.bits))
            user_error(
                "{}: tile {}: {} is led to {}, between DSP blocks, for which there is no rule",
                fabric_.file(), tile->name, fabric_.database().name(arc.source.name),
                fabric_.database().name(mux.sink.name));
      }
  }

  /// A factor with its sign behind it.
  std::vector<Net> factor(int column, char letter) {
    std::vector<Net> nets;
    for (int i = 0; i < kFactor; ++i)
      nets.push_back(
          extractor_.net(row_, column_ + column, fmt::format("J{}{}_MULT18", letter, i)));
    const std::string is_signed = fmt::format("SIGNED{}", letter);
    const std::string source = fmt::format("SOURCE{}", letter);
    require_constant(column, is_signed, false);
    require_constant(column, source, true);
    nets.push_back(extractor_.both(
        nets.back(), extractor_.net(row_, column_ + column, fmt::format("J{}_MULT18", is_signed))));
    return nets;
  }

  void require_constant(int column, const std::string& pin, bool zero) {
    extractor_.require_constant(row_, column_ + column, fmt::format("J{}_MULT18", pin), zero,
                                fmt::format("{}: its {}", name_of(column), pin));
  }

  Net output(int column, int bit) {
    return extractor_.output(row_, column_ + column, fmt::format("JP{}_MULT18", bit));
  }

  Extractor& extractor_;
  Fabric& fabric_;
  int row_, column_;
  std::string name_;
  std::vector<const Tile*> tiles_;
  BlockSettings settings_;
  std::vector<int> multipliers_;  ///< that are on: in which of its columns
};

}  // namespace

void make_multipliers(Extractor& extractor, Fabric& fabric, netlist::Netlist& netlist) {
  std::deque<DspBlock> blocks;
  for (const Tile& tile : fabric.tiles())
    if (tile.kind == "MIB_DSP0") blocks.emplace_back(extractor, fabric, tile).read();
  for (DspBlock& block : blocks) block.make(netlist);
}

}  // namespace assay::ecp5
