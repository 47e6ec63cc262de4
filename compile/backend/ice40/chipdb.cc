// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/chipdb.h"

#include <algorithm>
#include <charconv>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::ice40 {
namespace {

constexpr std::string_view kTileNames[] = {"none", "io",   "logic", "ramb", "ramt",
                                           "dsp0", "dsp1", "dsp2",  "dsp3", "ipcon"};
constexpr Wire kMostWires = 4 << 20;

/// The kind that `text` ("io_tile", "io_tile_bits") begins with, when `rest` is all that follows.
TileKind kind_of(std::string_view text, std::string_view rest) {
  for (std::size_t i = 1; i < std::size(kTileNames); ++i)
    if (text.starts_with(kTileNames[i]) && text.substr(kTileNames[i].size()) == rest)
      return static_cast<TileKind>(i);
  return TileKind::kNone;
}

std::string_view next_word(std::string_view& line) {
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(first);
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

/// Of names of wires those of pins of cells; the rest is what lies between them.
bool is_pin(std::string_view name) {
  if (name.starts_with("lutff_") || name.starts_with("ram/") || name.starts_with("io_"))
    return true;
  return name.starts_with("glb_netwk_") || name.starts_with("carry_in") || name == "fabout" ||
         name.starts_with("slf_op_") || name.starts_with("mult/") ||
         name.starts_with("neigh_op_tnl") || name.starts_with("neigh_op_bnl");
}

std::uint64_t key_of(int x, int y, std::uint32_t name) {
  return static_cast<std::uint64_t>(y) << 48 | static_cast<std::uint64_t>(x) << 32 | name;
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view file, std::string_view package,
         const Bitfile& bits, std::vector<std::uint8_t>& explained)
      : text_(text), file_(file), package_(package), bits_(bits), explained_(explained) {}

  ChipDb run() {
    std::size_t at = text_.starts_with('.') ? 0 : next_section(0);
    while (at < text_.size()) {
      const std::size_t end = next_section(at);
      section_ = text_.substr(at, end - at);
      std::string_view body = section_;
      std::string_view head = next_line(body);
      read(next_word(head), head, body);
      at = end;
    }
    if (db_.wires == 0) refuse("there is no .device");
    if (db_.pins.empty())
      user_error("chip database '{}': there is no package '{}'", printable(file_),
                 printable(package_));
    return std::move(db_);
  }

 private:
  template <typename... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    const std::size_t end = std::min(section_.find('\n'), section_.size());
    user_error("chip database '{}', section '{}': {}", printable(file_),
               printable(section_.substr(0, end), 60),
               fmt::format(format, std::forward<Args>(args)...));
  }

  /// Where the section behind `at` begins.
  std::size_t next_section(std::size_t at) const {
    const std::size_t found = text_.find("\n.", at);
    return found == std::string_view::npos ? text_.size() : found + 1;
  }

  /// The next line that is not empty and no comment; empty at the end.
  static std::string_view next_line(std::string_view& body) {
    std::string_view line;
    while (!body.empty() && (line.empty() || line[0] == '#')) {
      const std::size_t end = std::min(body.find('\n'), body.size());
      line = body.substr(0, end);
      body.remove_prefix(std::min(end + 1, body.size()));
    }
    return line.empty() || line[0] == '#' ? std::string_view() : line;
  }

  int number(std::string_view word, int limit) const {
    int value = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || value < 0 || value >= limit)
      refuse("'{}' is no number below {}", printable(word, 40), limit);
    return value;
  }

  int column(std::string_view& line) const { return number(next_word(line), db_.columns); }
  int row(std::string_view& line) const { return number(next_word(line), db_.rows); }
  Wire wire(std::string_view word) const {
    return static_cast<Wire>(number(word, static_cast<int>(db_.wires)));
  }

  PinPlace place(std::string_view& line) const {
    const int x = column(line), y = row(line);
    return {x, y, number(next_word(line), 2)};
  }

  /// "B3[14]": row 3, column 14.
  ChipDb::BitPlace bit_place(std::string_view word) const {
    const std::size_t open = word.find('[');
    if (!word.starts_with('B') || open == std::string_view::npos || !word.ends_with(']'))
      refuse("'{}' names no bit", printable(word, 40));
    return {number(word.substr(1, open - 1), kTileRows),
            number(word.substr(open + 1, word.size() - open - 2), kTileColumns)};
  }

  void read(std::string_view what, std::string_view head, std::string_view body) {
    if (what == ".device") return read_device(head);
    if (db_.wires == 0) refuse("it comes before .device");
    if (what == ".buffer" || what == ".routing") return read_switch(head, body);
    if (what == ".net") return read_wire(head, body);
    if (what == ".pins") return read_pins(head, body);
    if (what == ".extra_cell") return read_cell(head, body);
    if (const TileKind kind = kind_of(what.substr(1), "_tile"); kind != TileKind::kNone)
      return read_tile(kind, head);
    if (const TileKind kind = kind_of(what.substr(1), "_tile_bits"); kind != TileKind::kNone)
      return read_functions(kind, body);
    if (!read_table(what, body)) refuse("it is not known");
  }

  void read_device(std::string_view head) {
    const std::string_view name = next_word(head);
    const Geometry& layout = bits_.layout();
    if (name != layout.name)
      refuse("the database is for '{}', the bitstream for '{}'", printable(name, 20), layout.name);
    if (number(next_word(head), 256) != layout.columns ||
        number(next_word(head), 256) != layout.rows)
      refuse("a '{}' has {} columns and {} rows", layout.name, layout.columns, layout.rows);
    db_.columns = layout.columns, db_.rows = layout.rows;
    db_.wires = static_cast<Wire>(number(next_word(head), kMostWires));
    db_.tiles.resize(static_cast<std::size_t>(db_.columns * db_.rows));
  }

  void read_tile(TileKind kind, std::string_view head) {
    const int x = column(head), y = row(head);
    db_.tiles[static_cast<std::size_t>(y * db_.columns + x)] = kind;
  }

  void read_functions(TileKind kind, std::string_view body) {
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      auto& places = db_.functions[{kind, std::string(next_word(line))}];
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line))
        places.push_back(bit_place(word));
    }
  }

  void read_pins(std::string_view head, std::string_view body) {
    if (next_word(head) != package_) return;
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      const std::string_view name = next_word(line);
      db_.pins.emplace(name, place(line));
    }
  }

  void read_cell(std::string_view head, std::string_view body) {
    std::string_view kind;
    for (std::string_view word = next_word(head); !word.empty(); word = next_word(head))
      kind = word;
    if (kind != "PLL" && kind != "MAC16") return;
    auto& fields = (kind == "PLL" ? db_.plls : db_.macs).emplace_back();
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      auto& values = fields[std::string(next_word(line))];
      for (std::string_view word = next_word(line); !word.empty(); word = next_word(line))
        values.emplace_back(word);
    }
  }

  /// Sections that are tables of numbers.
  bool read_table(std::string_view what, std::string_view body) {
    if (what != ".gbufin" && what != ".gbufpin" && what != ".ieren" && what != ".colbuf" &&
        what != ".extra_bits" && what != ".iolatch")
      return false;
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      if (what == ".gbufin") {
        const int x = column(line), y = row(line);
        db_.fabric_globals.push_back({x, y, number(next_word(line), 8)});
      } else if (what == ".gbufpin") {
        const PinPlace pad = place(line);
        db_.pad_globals[number(next_word(line), 8)] = pad;
      } else if (what == ".ieren") {
        const PinPlace block = place(line);
        db_.input_enables[block] = place(line);
      } else if (what == ".colbuf") {
        const int x = column(line), y = row(line);
        const int to_x = column(line);
        db_.column_buffers[{to_x, row(line)}] = {x, y};
      } else if (what == ".extra_bits") {
        read_extra_bit(line);
      }
    }
    return true;
  }

  void read_extra_bit(std::string_view line) {
    constexpr std::string_view kPad = "padin_glb_netwk.";
    const std::string_view name = next_word(line);
    if (!name.starts_with(kPad)) return;
    const int bank = number(next_word(line), 4);
    const int x = number(next_word(line), 1 << 16), y = number(next_word(line), 1 << 16);
    db_.pad_global_bits[{bank, x, y}] = number(name.substr(kPad.size()), 8);
  }

  void read_wire(std::string_view head, std::string_view body) {
    const Wire wire = this->wire(next_word(head));
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      const std::string_view name = line.substr(line.rfind(' ') + 1);
      if (!is_pin(name)) continue;
      const int x = column(line), y = row(line);
      const auto next = static_cast<std::uint32_t>(db_.name_numbers.size());
      name_ = name;
      const auto [at, fresh] = db_.name_numbers.try_emplace(name_, next);
      db_.pin_wires[key_of(x, y, at->second)] = wire;
    }
  }

  void read_switch(std::string_view head, std::string_view body) {
    const int x = column(head), y = row(head);
    const std::string_view target = next_word(head);
    value_.clear();
    places_.clear();
    for (std::string_view word = next_word(head); !word.empty(); word = next_word(head)) {
      const ChipDb::BitPlace place = bit_place(word);
      places_.push_back(bits_.at(x, y, place.row, place.column));
      value_ += bits_.bit(x, y, place.row, place.column) ? '1' : '0';
    }
    if (value_.find('1') == std::string::npos) return;
    for (std::string_view line = next_line(body); !line.empty(); line = next_line(body)) {
      if (next_word(line) != value_) continue;
      for (const std::size_t place : places_) explained_[place] = 1;
      db_.switches.push_back({wire(target), wire(next_word(line)), x, y});
      return;
    }
    user_error("chip database '{}': in the tile at column {}, row {}, bits {} are {}: no switch",
               printable(file_), x, y, printable(section_.substr(0, section_.find('\n')), 80),
               value_);
  }

  std::string_view text_, file_, package_, section_;
  const Bitfile& bits_;
  std::vector<std::uint8_t>& explained_;
  std::string value_, name_;
  std::vector<std::size_t> places_;
  ChipDb db_;
};

}  // namespace

std::string_view tile_name(TileKind kind) { return kTileNames[static_cast<std::size_t>(kind)]; }

TileKind ChipDb::tile(int x, int y) const {
  if (x < 0 || x >= columns || y < 0 || y >= rows) return TileKind::kNone;
  return tiles[static_cast<std::size_t>(y * columns + x)];
}

std::optional<Wire> ChipDb::wire(int x, int y, std::string_view name) const {
  const auto number = name_numbers.find(std::string(name));
  if (number == name_numbers.end()) return std::nullopt;
  const auto at = pin_wires.find(key_of(x, y, number->second));
  if (at == pin_wires.end()) return std::nullopt;
  return at->second;
}

std::string chipdb_file_name(Device device) {
  return fmt::format("chipdb-{}.txt", geometry(device).name);
}

ChipDb read_chipdb(std::string_view text, std::string_view file, std::string_view package,
                   const Bitfile& bits, std::vector<std::uint8_t>& explained) {
  explained.assign(bits.size(), 0);
  return Reader(text, file, package, bits, explained).run();
}

}  // namespace assay::ice40
