// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/pads.h"

#include <algorithm>
#include <set>

#include "compile/base/error.h"

namespace assay::ecp5 {
namespace {

using BitPlace = std::pair<int, int>;

/// A pad's settings lie in up to three tiles: at the sides one below the other, else two side by side,
/// at the top in two rows.
std::vector<const Tile*> tiles_of(Fabric& fabric, const Pad& pad, const std::string& prefix) {
  const bool side = pad.column == 0 || fabric.tile(pad.row, pad.column + 1, "") == nullptr;
  std::vector<const Tile*> result;
  for (int r = 0; r < (side ? 3 : 2); ++r)
    for (int c = 0; c < (side ? 1 : 2); ++c)
      if (const Tile* tile = fabric.tile(pad.row + r, pad.column + c, prefix))
        result.push_back(tile);
  return result;
}

const TileKind::Setting* find_setting(const TileKind& kind, const std::string& name) {
  const auto at = std::find_if(kind.settings.begin(), kind.settings.end(),
                               [&](const TileKind::Setting& s) { return s.name == name; });
  return at == kind.settings.end() ? nullptr : &*at;
}

/// Bits of which the strength, the pull and the like decide, whatever the direction.
std::set<BitPlace> free_bits(const TileKind& kind, const std::string& prefix) {
  std::set<BitPlace> result;
  for (const TileKind::Setting& setting : kind.settings)
    if (setting.name.starts_with(prefix) && setting.name != prefix + "BASE_TYPE")
      for (const TileKind::Value& value : setting.values)
        for (const TileBit& bit : value.bits) result.emplace(bit.frame, bit.bit);
  return result;
}

}  // namespace

Direction direction(Fabric& fabric, const Pad& pad) {
  const std::string prefix = fmt::format("PIO{}.", pad.letter);
  // How many bits say so; less than 0: some say not.
  std::map<std::string, int> types;
  for (const Tile* tile : tiles_of(fabric, pad, prefix)) {
    const TileKind& kind = fabric.database().kind(tile->kind);
    const TileKind::Setting* types_here = find_setting(kind, prefix + "BASE_TYPE");
    if (!types_here) continue;
    const std::set<BitPlace> free = free_bits(kind, prefix);
    for (const TileKind::Value& value : types_here->values) {
      int& score = types.emplace(value.text, 0).first->second;
      for (const TileBit& bit : value.bits)
        if (score >= 0 && !free.contains({bit.frame, bit.bit}))
          score = fabric.holds(*tile, bit) ? score + 1 : -1;
    }
  }
  int best = 0;
  std::set<std::string> names;
  for (const auto& [type, score] : types) {
    if (score > best) names.clear();
    if (score > 0 && score >= best) best = score, names.insert(type.substr(0, type.find('_')));
  }
  if (names == std::set<std::string>{"INPUT"}) return Direction::kInput;
  // Whether it is driven always is for routing to say.
  names.erase("BIDIR");
  if (names == std::set<std::string>{"OUTPUT"}) return Direction::kOutput;
  user_error("{}: pad R{}C{} {} is not plainly an input or an output", fabric.file(), pad.row,
             pad.column, pad.letter);
}

}  // namespace assay::ecp5
