// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compile/backend/ecp5/bitfile.h"
#include "compile/backend/ecp5/trellis_db.h"

namespace assay::ecp5 {

/// A wire of the device. Clock lines are separate wires in every region that they can be driven in.
struct Wire {
  int row = 0, column = 0;
  std::uint32_t name = 0;

  bool operator==(const Wire&) const = default;
  std::uint64_t key() const {
    return static_cast<std::uint64_t>(row + 512) << 48U |
           static_cast<std::uint64_t>(column + 512) << 32U | name;
  }
};

/// Whether a setting is of a DSP block.
bool is_of_dsp(std::string_view setting);

/// A device with its configuration: what every tile is told, and which wire drives which.
class Fabric {
 public:
  /// UserError naming tile and bit where a bit is set that the database does not know or that tells the
  /// device something we have no rule for, and where a wire has two drivers.
  Fabric(const Bitfile& bits, Database& database, std::string_view file);

  std::string_view file() const { return file_; }
  Database& database() { return database_; }
  const std::vector<Tile>& tiles() const { return database_.tiles(); }
  /// The tile at a place whose kind has a setting or word that starts with `prefix`; null if none.
  const Tile* tile(int row, int column, std::string_view prefix);

  /// What a tile is told; "" where its bits say nothing of it.
  std::string_view setting(const Tile& tile, std::string_view name);
  std::uint64_t word(const Tile& tile, std::string_view name);
  bool holds(const Tile& tile, const TileBit& bit) const;
  bool holds(const Tile& tile, const std::vector<TileBit>& bits) const;

  Wire wire(int row, int column, std::string_view name);
  std::string text(const Wire& wire) const;  ///< "R12C5_F0_SLICE"
  /// What drives a wire; nothing where that is the pin of a cell, or none.
  std::optional<Wire> driver(const Wire& wire) const;
  /// The value that a wire is tied to.
  std::optional<bool> tie(const Wire& wire) const;
  /// Back to what drives it in the end: the pin of a cell, a tie, or a wire that nothing drives.
  Wire root(Wire wire) const;

 private:
  friend class TileReader;
  struct Driver {
    Wire source;
    int rank = 0;  ///< 0: always there; 1: where no bit is set; 2: switched on by bits
    bool doubtful = false;
  };

  void read(const Tile& tile, const TileKind& kind);
  void add_fixed(const Tile& tile, const TileKind& kind);
  void add_driver(const Tile& tile, const Wire& sink, const Driver& driver);
  bool is_product(const Driver& driver) const;
  void add_tie(const Tile& tile, std::string_view pin, bool value);
  void add_clock_buffers();
  Wire place(const Tile& tile, const TileWire& wire);
  Wire place_global(const Tile& tile, const TileWire& wire, const std::string& name);

  const Bitfile& bits_;
  Database& database_;
  std::string file_;
  std::unordered_map<std::uint64_t, Driver> drivers_;
  std::unordered_map<std::uint64_t, bool> ties_;
  std::multimap<std::pair<int, int>, const Tile*> places_;
};

}  // namespace assay::ecp5
