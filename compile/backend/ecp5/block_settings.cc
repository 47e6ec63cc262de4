// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/block_settings.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compile/base/error.h"

namespace assay::ecp5 {

BlockSettings::BlockSettings(Fabric& fabric, std::string name, std::string prefix,
                             std::vector<const Tile*> tiles)
    : fabric_(fabric),
      name_(std::move(name)),
      prefix_(std::move(prefix)),
      tiles_(std::move(tiles)) {}

template <typename Body>
void BlockSettings::for_each_setting(const std::string& name, const Body& body) const {
  for (const Tile* tile : tiles_)
    for (const TileKind::Setting& entry : fabric_.database().kind(tile->kind).settings)
      if (entry.name == prefix_ + name) body(*tile, entry);
}

bool BlockSettings::has(const std::string& setting) const {
  bool any = false;
  for_each_setting(setting, [&](const Tile&, const TileKind::Setting&) { any = true; });
  return any;
}

std::set<std::string> BlockSettings::values_here(const Tile& tile,
                                                 const TileKind::Setting& setting) const {
  std::set<std::string> result;
  for (const TileKind::Value& value : setting.values)
    if (fabric_.holds(tile, value.bits)) result.insert(value.text);
  return result;
}

/// Bits that have to be set for a value.
std::set<BlockSettings::Place> BlockSettings::set_bits(const std::string& setting,
                                                       const std::string& value) const {
  std::set<Place> result;
  for_each_setting(setting, [&](const Tile& tile, const TileKind::Setting& entry) {
    for (const TileKind::Value& other : entry.values)
      for (const TileBit& bit : other.bits)
        if (other.text == value && !bit.inverted) result.emplace(&tile, bit.frame, bit.bit);
  });
  return result;
}

/// Those that all tiles may mean, in the database's order.
std::vector<std::string> BlockSettings::agreed(const std::string& setting) const {
  std::optional<std::vector<std::string>> values;
  for_each_setting(setting, [&](const Tile& tile, const TileKind::Setting& entry) {
    if (!values) {
      values.emplace();
      for (const TileKind::Value& value : entry.values) values->push_back(value.text);
    }
    const std::set<std::string> here = values_here(tile, entry);
    std::erase_if(*values, [&](const std::string& text) { return !here.contains(text); });
  });
  return values.value_or(std::vector<std::string>{});
}

/// Of those, the ones with most bits.
std::vector<std::string> BlockSettings::told(const std::string& setting) const {
  std::vector<std::string> best;
  std::size_t most = 0;
  for (const std::string& text : agreed(setting)) {
    const std::size_t bits = set_bits(setting, text).size();
    if (bits > most) best.clear();
    if (bits >= most) best.push_back(text);
    most = std::max(most, bits);
  }
  return best;
}

std::string BlockSettings::value(const std::string& setting) {
  const std::vector<std::string> values = told(setting);
  if (values.size() != 1)
    user_error("{}: {}: its bits say nothing of {} that all of its tiles agree on", fabric_.file(),
               name_, setting);
  used_.merge(set_bits(setting, values[0]));
  return values[0];
}

bool BlockSettings::says(const std::string& setting, const std::string& value) {
  const std::vector<std::string> values = told(setting);
  const bool does = std::find(values.begin(), values.end(), value) != values.end();
  if (does) used_.merge(set_bits(setting, value));
  return does;
}

bool BlockSettings::shows(const std::string& setting, const std::string& value) {
  const std::set<Place> bits = set_bits(setting, value);
  const bool all = !bits.empty() && std::all_of(bits.begin(), bits.end(), [&](const Place& place) {
    const auto& [tile, frame, bit] = place;
    return fabric_.holds(*tile, {frame, bit, false});
  });
  if (all) used_.insert(bits.begin(), bits.end());
  return all;
}

std::uint64_t BlockSettings::word(const std::string& word) {
  std::uint64_t value = 0;
  for (const Tile* tile : tiles_)
    for (const TileKind::Word& entry : fabric_.database().kind(tile->kind).words)
      if (entry.name == prefix_ + word) {
        value |= fabric_.word(*tile, entry.name);
        for (const auto& bits : entry.bits)
          for (const TileBit& bit : bits) used_.emplace(tile, bit.frame, bit.bit);
      }
  return value;
}

void BlockSettings::use_routing() {
  for (const Tile* tile : tiles_)
    for (const TileKind::Mux& mux : fabric_.database().kind(tile->kind).muxes)
      for (const TileKind::Arc& arc : mux.arcs)
        for (const TileBit& bit : arc.bits) used_.emplace(tile, bit.frame, bit.bit);
}

void BlockSettings::use_all(std::string_view prefix) {
  for (const Tile* tile : tiles_)
    for (const TileKind::Setting& setting : fabric_.database().kind(tile->kind).settings)
      if (setting.name.starts_with(prefix))
        for (const TileKind::Value& value : setting.values)
          for (const TileBit& bit : value.bits) used_.emplace(tile, bit.frame, bit.bit);
}

void BlockSettings::check_used(const Tile& tile, const std::vector<TileBit>& bits) const {
  for (const TileBit& bit : bits)
    if (fabric_.holds(tile, {bit.frame, bit.bit, false}) &&
        !used_.contains({&tile, bit.frame, bit.bit}))
      user_error("{}: tile {}: bit F{}B{} is set, which does not go with the others of {}",
                 fabric_.file(), tile.name, bit.frame, bit.bit, name_);
}

void BlockSettings::check_all_used() const {
  for (const Tile* tile : tiles_) {
    const TileKind& kind = fabric_.database().kind(tile->kind);
    for (const TileKind::Setting& setting : kind.settings)
      if (setting.name.starts_with(prefix_))
        for (const TileKind::Value& value : setting.values) check_used(*tile, value.bits);
    for (const TileKind::Word& word : kind.words)
      if (word.name.starts_with(prefix_))
        for (const std::vector<TileBit>& bits : word.bits) check_used(*tile, bits);
  }
}

}  // namespace assay::ecp5
