// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/cell_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::fpga {
namespace {

/// What a cell takes; patterns end in '*'.
struct CellUse {
  std::string_view type;
  Usage use;
};

bool matches(std::string_view pattern, std::string_view type) {
  return pattern.ends_with('*') ? type.starts_with(pattern.substr(0, pattern.size() - 1))
                                : type == pattern;
}

/// Of all families: no type is a cell of two with different uses.
Usage use_of(std::string_view type) {
  static constexpr std::array table = {
      // iCE40
      CellUse{"SB_LUT4", {1, 0, 0, 0, 0}}, CellUse{"SB_CARRY", {0, 0, 1, 0, 0}},
      CellUse{"SB_DFF*", {0, 1, 0, 0, 0}}, CellUse{"SB_RAM40_4K*", {0, 0, 0, 1, 0}},
      CellUse{"SB_MAC16", {0, 0, 0, 0, 1}},
      // ECP5
      CellUse{"LUT4", {1, 0, 0, 0, 0}}, CellUse{"CCU2C", {2, 0, 1, 0, 0}},
      CellUse{"TRELLIS_FF", {0, 1, 0, 0, 0}}, CellUse{"TRELLIS_DPR16X4", {4, 0, 0, 0, 0}},
      CellUse{"DP16KD", {0, 0, 0, 1, 0}}, CellUse{"PDPW16KD", {0, 0, 0, 1, 0}},
      CellUse{"MULT18X18D", {0, 0, 0, 0, 1}},
      // Xilinx: block RAMs of 18 Kbit
      CellUse{"LUT1", {1, 0, 0, 0, 0}}, CellUse{"LUT2", {1, 0, 0, 0, 0}},
      CellUse{"LUT3", {1, 0, 0, 0, 0}}, CellUse{"LUT5", {1, 0, 0, 0, 0}},
      CellUse{"LUT6", {1, 0, 0, 0, 0}}, CellUse{"CARRY4", {0, 0, 1, 0, 0}},
      CellUse{"FD*", {0, 1, 0, 0, 0}}, CellUse{"SRL*", {1, 0, 0, 0, 0}},
      CellUse{"RAM32M", {4, 0, 0, 0, 0}}, CellUse{"RAM64M", {4, 0, 0, 0, 0}},
      CellUse{"RAM16X1D", {2, 0, 0, 0, 0}}, CellUse{"RAM32X1D", {2, 0, 0, 0, 0}},
      CellUse{"RAM64X1D", {2, 0, 0, 0, 0}}, CellUse{"RAM128X1D", {4, 0, 0, 0, 0}},
      CellUse{"RAM256X1D", {8, 0, 0, 0, 0}}, CellUse{"RAM32X1S", {1, 0, 0, 0, 0}},
      CellUse{"RAM64X1S", {1, 0, 0, 0, 0}}, CellUse{"RAMB18E1", {0, 0, 0, 1, 0}},
      CellUse{"RAMB36E1", {0, 0, 0, 2, 0}}, CellUse{"DSP48E1", {0, 0, 0, 0, 1}},
      // UltraScale+
      CellUse{"CARRY8", {0, 0, 1, 0, 0}}, CellUse{"RAM32M16", {8, 0, 0, 0, 0}},
      CellUse{"RAM64M8", {8, 0, 0, 0, 0}}, CellUse{"RAMB18E2", {0, 0, 0, 1, 0}},
      CellUse{"RAMB36E2", {0, 0, 0, 2, 0}}, CellUse{"DSP48E2", {0, 0, 0, 0, 1}}};
  for (const CellUse& cell : table)
    if (matches(cell.type, type)) return cell.use;
  return {};
}

using Json = nlohmann::json;
using Bit = std::int64_t;  ///< a net of one bit, as Yosys numbers them

struct RawCell {
  std::string name, type;
  std::map<std::string, std::string, std::less<>> directions;  ///< of the pins
  std::map<std::string, std::vector<Bit>, std::less<>> pins;   ///< without constants
};

/// Reads modules/TOP/cells and /netnames as they come: netlists are hundreds of megabytes.
class CellReader : public nlohmann::json_sax<Json> {
 public:
  using Net = std::function<void(const std::string& name, Bit bit)>;
  CellReader(std::string_view top, std::function<void(const RawCell&)> cell, Net net)
      : top_(top), cell_(std::move(cell)), net_(std::move(net)) {}

  bool in_top = false;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t value) override { return bit(value); }
  bool number_unsigned(number_unsigned_t value) override { return bit(static_cast<Bit>(value)); }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool string(string_t& value) override {
    if (in_cell() && path_.size() == 5 && path_[4] == "type") raw_.type = value;
    if (in_cell() && path_.size() == 6 && path_[4] == "port_directions")
      raw_.directions[path_[5]] = value;
    return true;
  }
  bool start_object(std::size_t) override { return deeper(); }
  bool end_object() override {
    if (in_cell() && path_.size() == 5) {
      raw_.name = path_[3];
      cell_(raw_);
      raw_ = {};
    }
    return back();
  }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return back(); }
  bool key(string_t& value) override {
    path_.back() = value;
    in_top = in_top || (path_.size() == 2 && path_[0] == "modules" && value == top_);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  bool inside(std::string_view part) const {
    return path_.size() >= 5 && path_[0] == "modules" && path_[1] == top_ && path_[2] == part;
  }
  bool in_cell() const { return inside("cells"); }
  bool bit(Bit value) {
    if (in_cell() && path_.size() == 7 && path_[4] == "connections")
      raw_.pins[path_[5]].push_back(value);
    if (inside("netnames") && path_.size() == 6 && path_[4] == "bits") net_(path_[3], value);
    return true;
  }
  bool deeper() {
    path_.emplace_back();
    return true;
  }
  bool back() {
    path_.pop_back();
    return true;
  }

  std::string_view top_;
  std::function<void(const RawCell&)> cell_;
  Net net_;
  RawCell raw_;
  std::vector<std::string> path_;
};

/// A cell whose layer is, or is not yet, known.
struct OwnedCell {
  std::string name;  ///< empty: its layer is in its name
  Usage use;
  std::size_t layer = 0;
  std::vector<Bit> inputs, outputs;
};

OwnedCell owned(const RawCell& raw, const CellOwners& owners) {
  OwnedCell cell{"", use_of(raw.type), owners.named(raw.name), {}, {}};
  if (cell.layer == owners.none()) cell.name = raw.name;
  for (const auto& [pin, bits] : raw.pins) {
    const auto direction = raw.directions.find(pin);
    const bool out = direction != raw.directions.end() && direction->second == "output";
    if (out && cell.name.empty()) continue;
    std::vector<Bit>& to = out ? cell.outputs : cell.inputs;
    to.insert(to.end(), bits.begin(), bits.end());
  }
  return cell;
}

/// The layer that most votes are for, the first of several; `none` without votes.
using Votes = std::map<std::size_t, std::int64_t>;
std::size_t most_voted(const Votes& votes, std::size_t none) {
  if (votes.empty()) return none;
  return std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; })->first;
}

/// What wires are called says whose they are. Inputs (the library's end in _i) are another layer's.
class WireNames {
 public:
  explicit WireNames(const CellOwners& owners) : owners_(owners) {}

  void add(const std::string& name, Bit bit) {
    const std::size_t layer = owners_.named(name);
    if (layer != owners_.none() && !name.ends_with("_i")) ++votes_[bit][layer];
  }
  std::size_t owner(const OwnedCell& cell) const {
    Votes sum;
    for (const Bit bit : cell.outputs)
      if (const auto it = votes_.find(bit); it != votes_.end())
        for (const auto& [layer, count] : it->second) sum[layer] += count;
    return most_voted(sum, owners_.none());
  }

 private:
  const CellOwners& owners_;
  std::unordered_map<Bit, Votes> votes_;
};

/// Gives cells that nothing names to the layers that read them, from registers backwards: a round for
/// every level of tables between.
class Owning {
 public:
  Owning(std::vector<OwnedCell>& cells, std::size_t layers) : cells_(cells), layers_(layers) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      for (const Bit bit : cells[i].inputs) readers_[bit].push_back(i);
  }

  void run() {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < cells_.size(); ++i)
      if (cells_[i].layer == layers_) open.push_back(i);
    for (bool changed = true; changed && !open.empty();) {
      std::vector<std::pair<std::size_t, std::size_t>> found;
      for (const std::size_t i : open)
        if (const std::size_t layer = most_frequent(cells_[i]); layer != layers_)
          found.emplace_back(i, layer);
      for (const auto& [i, layer] : found) cells_[i].layer = layer;
      std::erase_if(open, [&](std::size_t i) { return cells_[i].layer != layers_; });
      changed = !found.empty();
    }
  }

 private:
  std::size_t most_frequent(const OwnedCell& cell) const {
    Votes votes;
    for (const Bit bit : cell.outputs)
      if (const auto it = readers_.find(bit); it != readers_.end())
        for (const std::size_t reader : it->second)
          if (cells_[reader].layer != layers_) ++votes[cells_[reader].layer];
    return most_voted(votes, layers_);
  }

  std::vector<OwnedCell>& cells_;
  const std::size_t layers_;
  std::unordered_map<Bit, std::vector<std::size_t>> readers_;
};

/// Yosys up to 2026 writes bits 8, 17, 26 and 35 of a word of 72 also to 44, 53, 62 and 71 of a
/// RAMB36E1 (brams_xc6v_map.v: `PORT_W_WIDTH == 71`). Such RAMs, and whether anybody reads those bits.
class WrongParities {
 public:
  void add(const RawCell& cell) {
    if (cell.type != "RAMB36E1") return;
    const std::vector<Bit>&low = pin(cell, "DIPADIP"), &high = pin(cell, "DIPBDIP");
    const bool wide = pin(cell, "DIADI") != pin(cell, "DIBDI");
    if (!wide || low.empty() || low != high) return;
    for (const Bit bit : pin(cell, "DOPBDOP")) rams_.emplace(bit, cell.name);
  }

  std::string fault(const std::vector<OwnedCell>& cells) const {
    for (const OwnedCell& cell : cells)
      for (const Bit bit : cell.inputs)
        if (const auto it = rams_.find(bit); it != rams_.end())
          return fmt::format("RAMB36E1 '{}' is written the same bits at DIPADIP and at DIPBDIP",
                             printable(it->second));
    return "";
  }

 private:
  static const std::vector<Bit>& pin(const RawCell& cell, std::string_view name) {
    static const std::vector<Bit> none;
    const auto it = cell.pins.find(name);
    return it == cell.pins.end() ? none : it->second;
  }

  std::unordered_map<Bit, std::string> rams_;  ///< by the bits of DOPBDOP
};

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  lut += other.lut;
  ff += other.ff;
  carry += other.carry;
  bram += other.bram;
  dsp += other.dsp;
  return *this;
}

std::size_t CellOwners::named(std::string_view name) const {
  constexpr std::string_view kFlatten = "$flatten";
  if (name.starts_with(kFlatten)) name.remove_prefix(kFlatten.size());
  std::string plain(name);
  std::erase(plain, '\\');
  if (!plain.starts_with(path_)) return is_beside(plain) ? shell() : none();
  const std::size_t begin = path_.size(), end = plain.find('.', begin);
  if (end == std::string::npos) return none();
  const std::string instance = plain.substr(begin, end - begin);
  return static_cast<std::size_t>(std::ranges::find(layers_, instance) - layers_.begin());
}

/// In another instance of the module that has the design's.
bool CellOwners::is_beside(std::string_view plain) const {
  const std::size_t instance = path_.rfind('.', path_.size() - 2) + 1;
  return plain.starts_with(path_.substr(0, instance)) &&
         plain.find('.', instance) != std::string::npos;
}

std::size_t CellOwners::of(std::string_view cell) const {
  if (const std::size_t layer = named(cell); layer != none()) return std::min(layer, none());
  // What nextpnr-ice40 appends where it packs cells.
  for (const std::string_view packed : {"", "_LC", "_DFFLC"}) {
    if (!cell.ends_with(packed)) continue;
    const auto it = others_.find(std::string(cell.substr(0, cell.size() - packed.size())));
    if (it != others_.end()) return it->second;
  }
  return none();
}

CellCounts count_cells(std::string_view json, const SynthesisJob& job, std::string_view file) {
  CellCounts counts;
  counts.owners = CellOwners(job.layers, job.path);
  std::vector<OwnedCell> cells;
  WrongParities parities;
  WireNames wires(counts.owners);
  CellReader reader(
      job.top,
      [&](const RawCell& raw) {
        ++counts.types[raw.type];
        cells.push_back(owned(raw, counts.owners));
        parities.add(raw);
      },
      [&](const std::string& name, Bit bit) { wires.add(name, bit); });
  if (!Json::sax_parse(json, &reader) || !reader.in_top)
    user_error("'{}' is no netlist of '{}' as Yosys writes it; build it again",
               printable(file, 4096), printable(job.top));
  for (OwnedCell& cell : cells)
    if (!cell.name.empty()) cell.layer = wires.owner(cell);
  counts.fault = parities.fault(cells);
  Owning(cells, job.layers.size()).run();
  counts.layers.resize(job.layers.size());
  for (const OwnedCell& cell : cells) {
    counts.total += cell.use;
    (cell.layer < job.layers.size() ? counts.layers[cell.layer] : counts.between) += cell.use;
    if (!cell.name.empty() && cell.layer < job.layers.size())
      counts.owners.add(cell.name, cell.layer);
  }
  return counts;
}

}  // namespace assay::fpga
