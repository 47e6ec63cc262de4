// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/trellis_db.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay::ecp5 {
namespace {

using Json = nlohmann::json;
constexpr std::uint64_t kFileLimit = std::uint64_t{64} << 20;

Json read_json(const std::filesystem::path& path) {
  try {
    return Json::parse(read_file(path, kFileLimit));
  } catch (const Json::exception& e) {
    user_error("{}: not JSON: {}", path.string(), e.what());
  }
}

/// Calls `body(json)`; what it looks for has to be there.
template <typename Body>
void read_json(const std::filesystem::path& path, const Body& body) {
  const Json json = read_json(path);
  try {
    body(json);
  } catch (const Json::exception& e) {
    user_error("{}: not as the Trellis database has it: {}", path.string(), e.what());
  }
}

std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "F12B3", "!F12B3"
std::optional<TileBit> parse_bit(std::string_view text) {
  TileBit result;
  result.inverted = text.starts_with('!');
  if (result.inverted) text.remove_prefix(1);
  if (!text.starts_with('F')) return std::nullopt;
  text.remove_prefix(1);
  const std::optional<int> frame = take_number(text);
  if (!frame || !text.starts_with('B')) return std::nullopt;
  text.remove_prefix(1);
  const std::optional<int> bit = take_number(text);
  if (!bit || !text.empty()) return std::nullopt;
  result.frame = *frame, result.bit = *bit;
  return result;
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r"), line.size()));
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

/// "N1E3" in front of a name: rows and columns away; false when it is something else.
bool parse_offset(std::string_view text, TileWire& wire) {
  if (text.empty()) return false;
  wire.rows = wire.columns = 0;
  while (!text.empty()) {
    const char direction = text[0];
    text.remove_prefix(1);
    const std::optional<int> count = take_number(text);
    if (!count) return false;
    if (direction == 'N')
      wire.rows -= *count;
    else if (direction == 'S')
      wire.rows += *count;
    else if (direction == 'E')
      wire.columns += *count;
    else if (direction == 'W')
      wire.columns -= *count;
    else
      return false;
  }
  return true;
}

/// The place in a tile's name: the last "R12C5" before ':'.
bool parse_place(const std::string& name, int& row, int& column) {
  for (std::size_t at = name.rfind('R', name.find(':')); at != std::string::npos && at + 1 > 0;
       at = at == 0 ? std::string::npos : name.rfind('R', at - 1)) {
    std::string_view text = std::string_view(name).substr(at + 1);
    const std::optional<int> r = take_number(text);
    if (!r || !text.starts_with('C')) continue;
    text.remove_prefix(1);
    const std::optional<int> c = take_number(text);
    if (!c || !text.starts_with(':')) continue;
    row = *r, column = *c;
    return true;
  }
  return false;
}

}  // namespace

/// Reads a `bits.db`.
class KindReader {
 public:
  KindReader(Database& database, std::string file, TileKind& kind)
      : database_(database), file_(std::move(file)), kind_(kind) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++line_;
      const auto words = split_words(text.substr(0, end));
      if (words.empty() || words[0].starts_with('#'))
        section_ = words.empty() ? Section::kNone : section_;
      else if (words[0].starts_with('.'))
        start(words);
      else
        entry(words);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

 private:
  enum class Section : std::uint8_t { kNone, kMux, kOtherMux, kSetting, kWord };

  [[noreturn]] void unknown() const {
    user_error("{}:{}: not as the Trellis database has it", file_, line_);
  }

  void start(const std::vector<std::string_view>& words) {
    const std::string_view what = words[0];
    if (words.size() < 2) unknown();
    if (what == ".mux") {
      TileWire sink;
      section_ = wire(words[1], sink) ? Section::kMux : Section::kOtherMux;
      if (section_ == Section::kMux) kind_.muxes.push_back({sink, {}});
    } else if (what == ".config_enum") {
      section_ = Section::kSetting;
      kind_.settings.push_back({std::string(words[1]), {}});
    } else if (what == ".config") {
      section_ = Section::kWord;
      kind_.words.push_back({std::string(words[1]), {}});
    } else if (what == ".fixed_conn" && words.size() == 3) {
      section_ = Section::kNone;
      TileKind::Wire fixed;
      // What only leads into the test logic drives nothing.
      if (wire(words[1], fixed.sink) && wire(words[2], fixed.source) &&
          !words[2].ends_with("_CIBTEST"))
        kind_.wires.push_back(fixed);
    } else {
      unknown();
    }
  }

  void entry(const std::vector<std::string_view>& words) {
    if (section_ == Section::kMux) {
      TileKind::Arc arc;
      if (!wire(words[0], arc.source)) return;
      arc.bits = bits(words, 1);
      kind_.muxes.back().arcs.push_back(std::move(arc));
    } else if (section_ == Section::kSetting) {
      kind_.settings.back().values.push_back({std::string(words[0]), bits(words, 1)});
    } else if (section_ == Section::kWord) {
      kind_.words.back().bits.push_back(bits(words, 0));
    } else if (section_ != Section::kOtherMux) {
      unknown();
    }
  }

  std::vector<TileBit> bits(const std::vector<std::string_view>& words, std::size_t from) {
    std::vector<TileBit> result;
    if (words.size() == from + 1 && words[from] == "-") return result;
    for (std::size_t i = from; i < words.size(); ++i) {
      const std::optional<TileBit> bit = parse_bit(words[i]);
      if (!bit) unknown();
      result.push_back(*bit);
      kind_.frames = std::max(kind_.frames, bit->frame + 1);
      kind_.bits = std::max(kind_.bits, bit->bit + 1);
    }
    return result;
  }

  /// False for a wire of a device of another size.
  bool wire(std::string_view text, TileWire& result) {
    if (text.size() > 4 && text.substr(2, 2) == "K_") {
      if (text.substr(0, 4) != database_.size_) return false;
      text.remove_prefix(4);
    }
    const std::size_t end = text.find('_');
    if (end != std::string_view::npos && parse_offset(text.substr(0, end), result))
      text.remove_prefix(end + 1);
    else
      result.rows = result.columns = 0;
    result.name = database_.number(text);
    return true;
  }

  Database& database_;
  std::string file_;
  TileKind& kind_;
  Section section_ = Section::kNone;
  int line_ = 0;
};

Database::Database(std::filesystem::path folder, const Device& device)
    : folder_(std::move(folder)), device_(device.name) {
  const std::size_t dash = device_.find('-');
  // The 12F is a 25F.
  size_ = device_.ends_with("12F") ? "25K_" : device_.substr(dash + 1, 2) + "K_";
  check_device(device);
  read_tiles();
  read_globals();
}

void Database::check_device(const Device& device) const {
  const std::filesystem::path path = folder_ / "devices.json";
  read_json(path, [&](const Json& json) {
    const Json& entry = json.at("families").at("ECP5").at("devices").at(device_);
    if (entry.at("frames") != device.frames ||
        entry.at("bits_per_frame") != device.bits_per_frame ||
        entry.at("pad_bits_before_frame") != device.pad_bits ||
        entry.at("idcode") != fmt::format("0x{:08x}", device.idcode))
      user_error("{}: says of {} what is not so", path.string(), device_);
  });
}

void Database::read_tiles() {
  const std::filesystem::path path = folder_ / "ECP5" / device_ / "tilegrid.json";
  read_json(path, [&](const Json& json) {
    for (const auto& [name, entry] : json.items()) {
      Tile tile;
      tile.name = name;
      tile.kind = entry.at("type").get<std::string>();
      if (!parse_place(name, tile.row, tile.column))
        user_error("{}: tile '{}' says not where it is", path.string(), printable(name));
      tile.first_frame = entry.at("start_frame").get<int>();
      tile.first_bit = entry.at("start_bit").get<int>();
      tile.frames = entry.at("cols").get<int>();
      tile.bits = entry.at("rows").get<int>();
      tiles_.push_back(std::move(tile));
    }
  });
}

void Database::read_globals() {
  const auto column = [](const std::string& text, std::size_t from) {
    std::string_view rest = std::string_view(text).substr(from);
    return take_number(rest).value_or(0);
  };
  read_json(folder_ / "ECP5" / device_ / "globals.json", [&](const Json& json) {
    for (const auto& [name, q] : json.at("quadrants").items())
      quadrants_.push_back({name, q.at("x0").get<int>(), q.at("x1").get<int>(),
                            q.at("y0").get<int>(), q.at("y1").get<int>()});
    for (const auto& [name, t] : json.at("taps").items())
      taps_.push_back({column(name, 1), t.at("lx0").get<int>(), t.at("lx1").get<int>(),
                       t.at("rx0").get<int>(), t.at("rx1").get<int>()});
    for (const auto& [name, s] : json.at("spines").items())
      spines_[name] = {s.at("y").get<int>(), s.at("x").get<int>()};
  });
}

std::uint32_t Database::number(std::string_view name) {
  const auto [at, added] =
      numbers_.emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (added) names_.emplace_back(name);
  return at->second;
}

const TileKind& Database::kind(const std::string& name) {
  auto at = kinds_.find(name);
  if (at == kinds_.end()) at = kinds_.emplace(name, read_kind(name)).first;
  return at->second;
}

TileKind Database::read_kind(const std::string& name) {
  const std::filesystem::path path = folder_ / "ECP5" / "tiledata" / name / "bits.db";
  TileKind kind;
  KindReader(*this, path.string(), kind).read(read_file(path, kFileLimit));
  return kind;
}

std::string_view Database::quadrant(int row, int column) const {
  for (const Quadrant& q : quadrants_)
    if (column >= q.x0 && column <= q.x1 && row >= q.y0 && row <= q.y1) return q.name;
  user_error("the Trellis database of {} has no quadrant at R{}C{}", device_, row, column);
}

Database::Tap Database::tap(int column) const {
  for (const TapColumn& tap : taps_) {
    if (column >= tap.left0 && column <= tap.left1) return {tap.column, false};
    if (column >= tap.right0 && column <= tap.right1) return {tap.column, true};
  }
  user_error("the Trellis database of {} has no clock tap for column {}", device_, column);
}

Database::Spine Database::spine(int row, int tap_column) const {
  const auto at = spines_.find(std::string(quadrant(row, tap_column)) + std::to_string(tap_column));
  if (at == spines_.end())
    user_error("the Trellis database of {} has no spine for the taps of column {}", device_,
               tap_column);
  return at->second;
}

std::map<std::string, Pad> Database::pads(std::string_view package) const {
  std::map<std::string, Pad> result;
  const std::filesystem::path path = folder_ / "ECP5" / device_ / "iodb.json";
  read_json(path, [&](const Json& json) {
    const Json& packages = json.at("packages");
    if (!packages.contains(std::string(package)))
      user_error("{}: {} has no package '{}'", path.string(), device_, printable(package));
    for (const auto& [name, pad] : packages.at(std::string(package)).items()) {
      const auto letter = pad.at("pio").get<std::string>();
      result[name] = {pad.at("row").get<int>(), pad.at("col").get<int>(),
                      letter.empty() ? '?' : letter[0]};
    }
  });
  return result;
}

}  // namespace assay::ecp5
