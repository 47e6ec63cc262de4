// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/backend/ecp5/bitfile.h"

namespace assay::ecp5 {

/// A bit of a tile; where it is inverted it has to be 0.
struct TileBit {
  int frame = 0, bit = 0;
  bool inverted = false;
};

/// A wire as a tile names it: so many rows and columns away. `name` is a number of Database::name.
struct TileWire {
  int rows = 0, columns = 0;
  std::uint32_t name = 0;
};

/// What a kind of tile can be told, from the database's `bits.db`.
struct TileKind {
  struct Arc {
    TileWire source;
    std::vector<TileBit> bits;
  };
  struct Mux {
    TileWire sink;
    std::vector<Arc> arcs;
  };
  struct Value {
    std::string text;
    std::vector<TileBit> bits;
  };
  struct Setting {
    std::string name;
    std::vector<Value> values;
  };
  struct Word {
    std::string name;
    std::vector<std::vector<TileBit>> bits;  ///< [0] is bit 0; empty: another tile has it
  };
  struct Wire {
    TileWire sink, source;
  };
  std::vector<Mux> muxes;
  std::vector<Setting> settings;
  std::vector<Word> words;
  std::vector<Wire> wires;   ///< that nothing switches
  int frames = 0, bits = 0;  ///< how large a tile has to be for all bits
};

/// A tile of a device: where it is, and where its bits are.
struct Tile {
  std::string name;  ///< "R12C5:PLC2"
  std::string kind;
  int row = 0, column = 0;
  int first_frame = 0, frames = 0, first_bit = 0, bits = 0;
};

/// Where a pad is.
struct Pad {
  int row = 0, column = 0;
  char letter = 'A';
};

/// The part of the database of Project Trellis that a device needs. Tile kinds are read when they are
/// asked for.
class Database {
 public:
  /// `folder` has `devices.json` and `ECP5`. UserError where it is not the database, or says
  /// something else of the device than we know.
  Database(std::filesystem::path folder, const Device& device);

  const std::vector<Tile>& tiles() const { return tiles_; }
  const TileKind& kind(const std::string& name);
  const std::string& name(std::uint32_t number) const { return names_[number]; }
  std::uint32_t number(std::string_view name);

  /// "UL", "UR", "LL" or "LR": whose clock lines reach a place.
  std::string_view quadrant(int row, int column) const;
  /// The column that brings clocks to a column, and from which of its sides.
  struct Tap {
    int column = 0;
    bool right = false;
  };
  Tap tap(int column) const;
  /// The tile that drives a column of taps in a quadrant.
  struct Spine {
    int row = 0, column = 0;
  };
  Spine spine(int row, int tap_column) const;

  /// The pads of a package by their names ("A4"). UserError when there is no such package.
  std::map<std::string, Pad> pads(std::string_view package) const;

 private:
  struct Quadrant {
    std::string name;
    int x0 = 0, x1 = 0, y0 = 0, y1 = 0;
  };
  struct TapColumn {
    int column = 0, left0 = 0, left1 = 0, right0 = 0, right1 = 0;
  };

  void read_tiles();
  void read_globals();
  void check_device(const Device& device) const;
  TileKind read_kind(const std::string& name);
  friend class KindReader;

  std::filesystem::path folder_;
  std::string device_;
  std::string size_;  ///< "25K_": in front of names that only devices of this size have
  std::vector<Tile> tiles_;
  std::map<std::string, TileKind> kinds_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<Quadrant> quadrants_;
  std::vector<TapColumn> taps_;
  std::map<std::string, Spine> spines_;
};

}  // namespace assay::ecp5
