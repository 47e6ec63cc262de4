// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/fabric.h"

#include <algorithm>
#include <array>

#include "compile/base/error.h"

namespace assay::ecp5 {
namespace {

using Bits = std::vector<TileBit>;

/// Bits that nextpnr sets in every design and of which nobody knows what they do. None is in a tile
/// that routes or holds logic.
struct Unexplained {
  std::string_view kind;
  std::array<TileBit, 5> bits;
};
constexpr std::array<Unexplained, 5> kUnexplained{{
    {"DSP_SPINE_UL1", {{{2, 0}, {3, 0}, {5, 0}, {11, 0}, {13, 0}}}},
    {"PVT_COUNT2", {{{2, 0}, {3, 0}, {5, 0}, {11, 0}, {13, 0}}}},
    {"EFB0_PICB0", {{{54, 1}, {56, 1}, {82, 1}, {94, 1}, {94, 1}}}},
    {"PICB0", {{{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}}},
    {"PICB1", {{{0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}}},
}};

bool is_unexplained(const std::string& kind, int frame, int bit) {
  return std::any_of(kUnexplained.begin(), kUnexplained.end(), [&](const Unexplained& entry) {
    return entry.kind == kind && std::any_of(entry.bits.begin(), entry.bits.end(), [&](TileBit b) {
             return b.frame == frame && b.bit == bit;
           });
  });
}

/// Settings of pads, which are electrical, and of how configuration is loaded; not what leads a pad's
/// wires through registers.
bool is_electrical(std::string_view setting) {
  if (setting.starts_with("BANK.") || setting.starts_with("SYSCONFIG.")) return true;
  return setting.starts_with("PIO") && setting.find("DATAMUX") == std::string_view::npos &&
         setting.find("TRIMUX") == std::string_view::npos;
}

/// A PLL's, whose names say nothing of it.
bool is_of_pll(std::string_view kind, std::string_view setting) {
  return (kind.starts_with("PLL") || kind.starts_with("BANKREF")) && !is_electrical(setting);
}

/// Of blocks that are looked at as a whole: block RAMs when they are used, PLLs and DSP blocks always.
bool is_of_block(std::string_view kind, std::string_view setting) {
  return setting.starts_with("EBR") || is_of_dsp(setting) || is_of_pll(kind, setting);
}

/// What the extraction has rules for.
bool has_rule(std::string_view setting) {
  constexpr std::array<std::string_view, 6> kKnown{"SLICE", "CLK0.", "CLK1.",
                                                   "LSR0.", "LSR1.", "CIB.J"};
  return std::any_of(kKnown.begin(), kKnown.end(),
                     [&](std::string_view known) { return setting.starts_with(known); });
}

std::size_t count_set(const Bits& bits) {
  return static_cast<std::size_t>(
      std::count_if(bits.begin(), bits.end(), [](const TileBit& b) { return !b.inverted; }));
}

/// Whether each bit that has to be set for `part` has to be for `whole`.
bool within(const Bits& part, const Bits& whole) {
  return std::all_of(part.begin(), part.end(), [&](const TileBit& b) {
    return b.inverted || std::any_of(whole.begin(), whole.end(), [&](const TileBit& w) {
             return !w.inverted && w.frame == b.frame && w.bit == b.bit;
           });
  });
}

}  // namespace

bool is_of_dsp(std::string_view setting) {
  return setting.starts_with("MULT18_") || setting.starts_with("ALU54_") ||
         setting.starts_with("DSP_");
}

/// One tile's bits: which of them are set, and which of those have been understood.
class TileReader {
 public:
  TileReader(const Fabric& fabric, const Tile& tile)
      : fabric_(fabric), tile_(tile), open_(static_cast<std::size_t>(tile.frames * tile.bits)) {
    for (int f = 0; f < tile.frames; ++f)
      for (int b = 0; b < tile.bits; ++b)
        if (fabric.holds(tile, {f, b, false})) open_[index(f, b)] = true, any_ = true;
  }

  bool any() const { return any_; }

  /// The choice whose bits are as it says, most of them set; null if none. UserError where two are that
  /// are not one within the other.
  template <typename Choice>
  const Choice* choose(const std::vector<Choice>& choices, const auto& describe) const {
    const Choice* best = nullptr;
    for (const Choice& choice : choices)
      if (matches(choice.bits) && (!best || count_set(choice.bits) > count_set(best->bits)))
        best = &choice;
    if (!best || count_set(best->bits) == 0) return best;
    for (const Choice& choice : choices)
      if (&choice != best && matches(choice.bits) &&
          (!within(choice.bits, best->bits) || count_set(choice.bits) == count_set(best->bits)))
        user_error("{}: tile {}: {} is told two things at once", fabric_.file(), tile_.name,
                   describe());
    return best;
  }

  bool matches(const Bits& bits) const { return fabric_.holds(tile_, bits); }
  void understand(const Bits& bits) {
    for (const TileBit& bit : bits)
      if (!bit.inverted) open_[index(bit.frame, bit.bit)] = false;
  }
  void understand_word(const Bits& bits) {
    for (const TileBit& bit : bits) open_[index(bit.frame, bit.bit)] = false;
  }
  void refuse_the_rest() const {
    for (int f = 0; f < tile_.frames; ++f)
      for (int b = 0; b < tile_.bits; ++b)
        if (open_[index(f, b)] && !is_unexplained(tile_.kind, f, b))
          user_error(
              "{}: tile {}: bit F{}B{} is set, of which the database says nothing that goes "
              "with the others",
              fabric_.file(), tile_.name, f, b);
  }

 private:
  std::size_t index(int frame, int bit) const {
    return static_cast<std::size_t>(frame * tile_.bits + bit);
  }

  const Fabric& fabric_;
  const Tile& tile_;
  std::vector<bool> open_;
  bool any_ = false;
};

Fabric::Fabric(const Bitfile& bits, Database& database, std::string_view file)
    : bits_(bits), database_(database), file_(file) {
  drivers_.reserve(database.tiles().size() * 128);
  for (const Tile& tile : database.tiles()) {
    if (tile.first_frame < 0 || tile.frames < 0 || tile.first_bit < 0 || tile.bits < 0 ||
        tile.first_frame + tile.frames > bits.device->frames ||
        tile.first_bit + tile.bits > bits.device->bits_per_frame)
      user_error("the Trellis database has tile {} outside of {}", tile.name, bits.device->name);
    const TileKind& kind = database.kind(tile.kind);
    if (kind.frames > tile.frames || kind.bits > tile.bits)
      user_error("the Trellis database has bits in tile {} that is smaller", tile.name);
    places_.emplace(std::pair(tile.row, tile.column), &tile);
  }
  for (const Tile& tile : database.tiles()) read(tile, database.kind(tile.kind));
  for (const Tile& tile : database.tiles()) add_fixed(tile, database.kind(tile.kind));
  add_clock_buffers();
}

bool Fabric::holds(const Tile& tile, const TileBit& bit) const {
  return bits_.bit(tile.first_frame + bit.frame, tile.first_bit + bit.bit) != bit.inverted;
}

bool Fabric::holds(const Tile& tile, const Bits& bits) const {
  return std::all_of(bits.begin(), bits.end(),
                     [&](const TileBit& bit) { return holds(tile, bit); });
}

void Fabric::read(const Tile& tile, const TileKind& kind) {
  TileReader reader(*this, tile);
  for (const TileKind::Mux& mux : kind.muxes) {
    const auto* arc =
        reader.choose(mux.arcs, [&] { return "wire " + text(place(tile, mux.sink)); });
    if (!arc) continue;
    const bool on = count_set(arc->bits) > 0;
    reader.understand(arc->bits);
    add_driver(tile, place(tile, mux.sink), {place(tile, arc->source), on ? 2 : 1, false});
  }
  if (!reader.any()) return;
  for (const TileKind::Setting& setting : kind.settings) {
    if (is_electrical(setting.name) || is_of_block(tile.kind, setting.name)) {
      for (const TileKind::Value& value : setting.values) reader.understand(value.bits);
      continue;
    }
    const auto* value = reader.choose(setting.values, [&] { return setting.name; });
    if (!value || count_set(value->bits) == 0) continue;
    if (!has_rule(setting.name))
      user_error("{}: tile {}: {} is {}, for which there is no rule", file_, tile.name,
                 setting.name, value->text);
    reader.understand(value->bits);
    if (setting.name.starts_with("CIB.J") && setting.name.ends_with("MUX"))
      add_tie(tile, std::string_view(setting.name).substr(4, setting.name.size() - 7),
              value->text == "1");
  }
  for (const TileKind::Word& word : kind.words)
    if (has_rule(word.name) || is_of_block(tile.kind, word.name))
      for (const Bits& bits : word.bits) reader.understand_word(bits);
  reader.refuse_the_rest();
}

void Fabric::add_fixed(const Tile& tile, const TileKind& kind) {
  for (const TileKind::Wire& wire : kind.wires)
    add_driver(tile, place(tile, wire.sink), {place(tile, wire.source), 0, false});
}

void Fabric::add_driver(const Tile& tile, const Wire& sink, const Driver& driver) {
  const auto [at, added] = drivers_.emplace(sink.key(), driver);
  Driver& there = at->second;
  if (added || there.rank > driver.rank || there.source == driver.source) return;
  if (driver.rank == 2 && there.rank == 2)
    user_error("{}: tile {}: wire {} has two drivers, {} and {}", file_, tile.name, text(sink),
               text(there.source), text(driver.source));
  if (driver.rank > there.rank || (is_product(driver) && !is_product(there)))
    there = driver;
  else if (is_product(driver) || !is_product(there))
    there.doubtful = true;
}

/// Wires behind a DSP block are those of its multipliers, its halves and its adder: without bits that say
/// otherwise, of which make_multipliers() refuses all, a multiplier's.
bool Fabric::is_product(const Driver& driver) const {
  return driver.rank == 0 && database_.name(driver.source.name).ends_with("_MULT18");
}

void Fabric::add_tie(const Tile& tile, std::string_view pin, bool value) {
  // A clock's and a reset's ties are inverted on their way.
  if (pin.starts_with("JCLK") || pin.starts_with("JLSR")) value = !value;
  const Wire wire{tile.row, tile.column, database_.number(pin)};
  const auto at = drivers_.find(wire.key());
  if (at != drivers_.end() && at->second.rank == 2)
    user_error("{}: tile {}: wire {} has two drivers, {} and a tie", file_, tile.name, text(wire),
               text(at->second.source));
  ties_[wire.key()] = value;
}

/// A clock buffer that is never switched off is a wire from its input to its output.
void Fabric::add_clock_buffers() {
  for (const char side : {'L', 'R', 'T', 'B'})
    for (int i = 0; i < 16; ++i)
      drivers_[wire(0, 0, fmt::format("G_CLKO_{}DCC{}", side, i)).key()] = {
          wire(0, 0, fmt::format("G_CLKI_{}DCC{}", side, i)), 0, false};
}

Wire Fabric::place(const Tile& tile, const TileWire& wire) {
  const std::string& name = database_.name(wire.name);
  if (name.size() > 2 && name[1] == '_' && (name[0] == 'G' || name[0] == 'L' || name[0] == 'R'))
    return place_global(tile, wire, name);
  return {tile.row + wire.rows, tile.column + wire.columns, wire.name};
}

/// Global wires have a place where there are several of one name: G_HPBX, L_HPBX and R_HPBX are the lines
/// from a tap to either side, one a row; G_VPTX those from a spine to its column of taps; G_HPRX those
/// of a quadrant to its spines, which the quadrant's multiplexers drive.
Wire Fabric::place_global(const Tile& tile, const TileWire& wire, const std::string& name) {
  if (name.starts_with("L_HPBX") || name.starts_with("R_HPBX"))
    return {tile.row, tile.column, wire.name};
  if (name.starts_with("G_HPBX")) {
    const Database::Tap tap = database_.tap(tile.column);
    const std::string side = (tap.right ? "R" : "L") + name.substr(1);
    return this->wire(tile.row, tap.column, side);
  }
  if (name.starts_with("G_VPTX")) {
    if (!tile.kind.starts_with("TAP")) return {tile.row, tile.column, wire.name};
    const Database::Spine spine = database_.spine(tile.row, tile.column);
    return {spine.row, spine.column, wire.name};
  }
  if (name.starts_with("G_HPRX") && name.size() == 10) {
    const int line = (name[6] - '0') * 10 + (name[7] - '0');
    return this->wire(0, 0,
                      fmt::format("G_{}PCLK{}", database_.quadrant(tile.row, tile.column), line));
  }
  return {0, 0, wire.name};
}

Wire Fabric::wire(int row, int column, std::string_view name) {
  return {row, column, database_.number(name)};
}

std::string Fabric::text(const Wire& wire) const {
  return fmt::format("R{}C{}_{}", wire.row, wire.column, database_.name(wire.name));
}

std::optional<Wire> Fabric::driver(const Wire& wire) const {
  const auto at = drivers_.find(wire.key());
  if (at == drivers_.end()) return std::nullopt;
  if (at->second.doubtful)
    user_error("{}: wire {} can come from {} and another, and no bit says from which", file_,
               text(wire), text(at->second.source));
  return at->second.source;
}

std::optional<bool> Fabric::tie(const Wire& wire) const {
  const auto at = ties_.find(wire.key());
  return at == ties_.end() ? std::nullopt : std::optional(at->second);
}

Wire Fabric::root(Wire wire) const {
  const Wire first = wire;
  for (int steps = 0; steps < 10000; ++steps) {
    if (ties_.contains(wire.key())) return wire;
    const std::optional<Wire> source = driver(wire);
    if (!source) return wire;
    wire = *source;
  }
  user_error("{}: wire {} drives itself", file_, text(first));
}

const Tile* Fabric::tile(int row, int column, std::string_view prefix) {
  const auto [from, to] = places_.equal_range({row, column});
  for (auto at = from; at != to; ++at) {
    const TileKind& kind = database_.kind(at->second->kind);
    const auto named = [&](const auto& entry) { return entry.name.starts_with(prefix); };
    if (std::any_of(kind.settings.begin(), kind.settings.end(), named) ||
        std::any_of(kind.words.begin(), kind.words.end(), named))
      return at->second;
  }
  return nullptr;
}

std::string_view Fabric::setting(const Tile& tile, std::string_view name) {
  const TileKind& kind = database_.kind(tile.kind);
  const auto at = std::find_if(kind.settings.begin(), kind.settings.end(),
                               [&](const TileKind::Setting& s) { return s.name == name; });
  if (at == kind.settings.end()) return "";
  const TileKind::Value* best = nullptr;
  for (const TileKind::Value& value : at->values)
    if (holds(tile, value.bits) && (!best || count_set(value.bits) > count_set(best->bits)))
      best = &value;
  return best ? std::string_view(best->text) : "";
}

std::uint64_t Fabric::word(const Tile& tile, std::string_view name) {
  const TileKind& kind = database_.kind(tile.kind);
  const auto at = std::find_if(kind.words.begin(), kind.words.end(),
                               [&](const TileKind::Word& w) { return w.name == name; });
  if (at == kind.words.end())
    user_error("the Trellis database has no {} in tile {}", name, tile.name);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < at->bits.size() && i < 64; ++i)
    if (!at->bits[i].empty() && holds(tile, at->bits[i])) value |= std::uint64_t{1} << i;
  return value;
}

}  // namespace assay::ecp5
