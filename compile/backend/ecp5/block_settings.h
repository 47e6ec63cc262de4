// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compile/backend/ecp5/fabric.h"

namespace assay::ecp5 {

/// What a hard block is told, whose settings lie in several tiles. What was asked for counts as
/// understood.
class BlockSettings {
 public:
  /// Of the settings in `tiles` whose names start with `prefix`. `name` is the block's, for messages.
  BlockSettings(Fabric& fabric, std::string name, std::string prefix,
                std::vector<const Tile*> tiles);

  const std::string& name() const { return name_; }
  bool has(const std::string& setting) const;
  /// What all tiles say at once; of several values the one with most bits. UserError where that is not one.
  std::string value(const std::string& setting);
  /// Whether they may mean this one by it, as other values with the same bits.
  bool says(const std::string& setting, const std::string& value);
  /// Whether all bits are set that have to be for a value, whatever else is.
  bool shows(const std::string& setting, const std::string& value);
  /// Bit i of a word, by whichever tile has it.
  std::uint64_t word(const std::string& word);
  /// Bits that also switch wires count as understood: the fabric has looked at them.
  void use_routing();
  /// So do all bits of settings that start so, whatever they say.
  void use_all(std::string_view prefix);
  /// UserError where a bit is set that what was asked for does not need.
  void check_all_used() const;

 private:
  using Place = std::tuple<const Tile*, int, int>;
  std::set<std::string> values_here(const Tile& tile, const TileKind::Setting& setting) const;
  std::vector<std::string> agreed(const std::string& setting) const;
  std::vector<std::string> told(const std::string& setting) const;
  std::set<Place> set_bits(const std::string& setting, const std::string& value) const;
  template <typename Body>
  void for_each_setting(const std::string& name, const Body& body) const;
  void check_used(const Tile& tile, const std::vector<TileBit>& bits) const;

  Fabric& fabric_;
  std::string name_, prefix_;
  std::vector<const Tile*> tiles_;
  std::set<Place> used_;
};

}  // namespace assay::ecp5
