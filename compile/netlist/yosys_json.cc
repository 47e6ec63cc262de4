// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/yosys_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/netlist/cells.h"
#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostCells = 50'000'000;
constexpr Net kMostNets = 1'000'000'000;
constexpr int kMostLevels = 200;

struct ReadyModel {
  const CellModel* model = nullptr;
  PinModels pins;
  ParameterModels parameters;
};
using ReadyModels = std::map<std::string, ReadyModel, std::less<>>;

ReadyModels models_of(Family family) {
  const std::span<const CellModel> own = family == Family::kIce40  ? ice40_cells()
                                         : family == Family::kEcp5 ? ecp5_cells()
                                                                   : xilinx_cells();
  ReadyModels models;
  for (const std::span<const CellModel>& table : {own, yosys_cells()})
    for (const CellModel& model : table)
      models[std::string(model.type)] = {&model, pins_of(model), parameters_of(model)};
  return models;
}

/// The nets of an instance of a module by the numbers that they have in the file.
struct Scope {
  std::string prefix;  ///< of names, "" or "u_x."
  std::unordered_map<std::uint64_t, Net> nets;
  std::unordered_map<std::uint64_t, int> ends;  ///< of wires, at pins and ports of the module
};

class Reader {
 public:
  Reader(const Json& file, Family family, std::string_view file_name)
      : models_(models_of(family)), family_(family), file_(file_name) {
    const Json* modules = file.is_object() ? member(file, "modules") : nullptr;
    if (modules == nullptr || !modules->is_object())
      user_error("{}: no netlist as Yosys' write_json has it: 'modules' is missing", file_);
    modules_ = modules;
  }

  Netlist read(std::string_view top) {
    const Json* module = module_called(std::string(top));
    if (module == nullptr)
      user_error("{}: there is no module '{}'; name the one that is the design", file_, top);
    for (const auto& [name, other] : modules_->items())
      if (name != top && other.is_object() && is_set(other, "top"))
        user_error("{}: the design is '{}', but '{}' is at the top", file_, top, name);
    netlist_.name = top;
    Scope scope;
    for (const auto& [name, port] : object_in(*module, "ports", top).items())
      add_port(scope, name, port);
    fill(scope, *module, std::string(top), 0);
    drive_outputs(scope, *module);
    for (FlipFlop& cell : netlist_.flip_flops) start(cell);
    return std::move(netlist_);
  }

 private:
  static const Json* member(const Json& object, const std::string& key) {
    const auto at = object.find(key);
    return at == object.end() ? nullptr : &*at;
  }

  const Json& in(const Json& object, const std::string& key, std::string_view where) const {
    const Json* value = object.is_object() ? member(object, key) : nullptr;
    if (value == nullptr) user_error("{}: '{}' has no '{}'", file_, where, key);
    return *value;
  }
  const Json& object_in(const Json& object, const std::string& key, std::string_view where) const {
    const Json& value = in(object, key, where);
    if (!value.is_object()) user_error("{}: '{}' of '{}' is no object", file_, key, where);
    return value;
  }
  const Json& array_in(const Json& object, const std::string& key, std::string_view where) const {
    const Json& value = in(object, key, where);
    if (!value.is_array()) user_error("{}: '{}' of '{}' is no list", file_, key, where);
    return value;
  }
  std::string text_in(const Json& object, const std::string& key, std::string_view where) const {
    const Json& value = in(object, key, where);
    if (!value.is_string()) user_error("{}: '{}' of '{}' is no text", file_, key, where);
    return value.get<std::string>();
  }

  /// A number in binary digits, a word as it is. Yosys ends words that look like numbers with a space.
  std::string value_of(const Json& value, std::string_view where) const {
    if (value.is_string()) {
      std::string text = value.get<std::string>();
      if (text.ends_with(' ')) text.pop_back();
      return text;
    }
    if (!value.is_number_integer() || value.get<std::int64_t>() < 0)
      user_error("{}: '{}' is neither a text nor a number", file_, where);
    std::string digits;
    for (auto rest = value.get<std::uint64_t>(); rest != 0; rest >>= 1)
      digits.insert(digits.begin(), (rest & 1U) != 0 ? '1' : '0');
    return digits.empty() ? "0" : digits;
  }

  bool is_set(const Json& module, const std::string& attribute) const {
    const Json* attributes = member(module, "attributes");
    const Json* value =
        attributes != nullptr && attributes->is_object() ? member(*attributes, attribute) : nullptr;
    return value != nullptr && value_of(*value, attribute).find('1') != std::string::npos;
  }

  /// Null for cells: what has no module, or one of a library.
  const Json* module_called(const std::string& name) const {
    const Json* module = member(*modules_, name);
    if (module == nullptr) return nullptr;
    if (!module->is_object()) user_error("{}: module '{}' is no object", file_, name);
    return is_set(*module, "blackbox") || is_set(*module, "whitebox") ? nullptr : module;
  }

  Net new_net() {
    if (netlist_.nets >= kMostNets)
      user_error("{}: more than {} wires", file_, static_cast<std::uint64_t>(kMostNets));
    return netlist_.new_net();
  }

  /// Nothing for a constant, which `constant` says.
  std::optional<std::uint64_t> bit_number(const Json& bit, std::string_view where,
                                          char& constant) const {
    if (bit.is_number_unsigned()) return bit.get<std::uint64_t>();
    if (!bit.is_string() || bit.get_ref<const std::string&>().size() != 1 ||
        std::string_view("01xz").find(bit.get_ref<const std::string&>()[0]) ==
            std::string_view::npos)
      user_error("{}: a bit of '{}' is neither a number nor 0, 1, x or z", file_, where);
    constant = bit.get_ref<const std::string&>()[0];
    return std::nullopt;
  }

  Net net_of(Scope& scope, const Json& bit, std::string_view where) {
    char constant = '0';
    const std::optional<std::uint64_t> number = bit_number(bit, where, constant);
    if (!number) return constant == '1' ? kOne : kZero;
    const auto [at, fresh] = scope.nets.try_emplace(*number, kZero);
    if (fresh) at->second = new_net();
    return at->second;
  }

  std::vector<Net> nets_of(Scope& scope, const Json& bits, std::string_view where) {
    if (!bits.is_array()) user_error("{}: the bits of '{}' are no list", file_, where);
    std::vector<Net> nets;
    for (const Json& bit : bits) nets.push_back(net_of(scope, bit, where));
    return nets;
  }

  void add_port(Scope& scope, const std::string& name, const Json& port) {
    const std::string direction = text_in(port, "direction", name);
    if (direction != "input" && direction != "output")
      user_error("{}: port '{}' goes both ways, which has no model", file_, name);
    // Tools name the pins of such a port in another order.
    for (const char* numbering : {"upto", "offset"})
      if (const Json* value = member(port, numbering); value != nullptr && *value != 0)
        user_error("{}: the bits of port '{}' are not numbered from 0 upwards: its '{}' is {}",
                   file_, name, numbering, value->dump());
    Port made{name, direction == "input", {}};
    for (const Json& bit : array_in(port, "bits", name)) {
      char constant = '0';
      if (made.input && !bit_number(bit, name, constant))
        user_error("{}: a bit of input '{}' is a constant", file_, name);
      made.bits.push_back(made.input ? net_of(scope, bit, name) : kZero);
    }
    netlist_.ports.push_back(std::move(made));
  }

  /// Outputs are looked up when everything that drives them is there.
  void drive_outputs(Scope& scope, const Json& module) {
    for (Port& port : netlist_.ports)
      if (!port.input) {
        const Json& bits = module["ports"][port.name]["bits"];
        for (const Json& bit : bits)
          if (bit == "x" || bit == "z")
            user_error("{}: a bit of output '{}' is {}", file_, port.name, bit.get<std::string>());
        port.bits = nets_of(scope, bits, port.name);
      }
  }

  void fill(Scope& scope, const Json& module, const std::string& name, int level) {
    if (level > kMostLevels || !open_.insert(name).second)
      user_error("{}: module '{}' holds itself, or more than {} modules lie in each other", file_,
                 name, kMostLevels);
    count_ends(scope, module, name);
    for (const auto& [cell, value] : object_in(module, "cells", name).items()) {
      if (++cells_ > kMostCells) user_error("{}: more than {} cells", file_, kMostCells);
      const std::string type = text_in(value, "type", cell);
      if (const Json* inner = module_called(type))
        instantiate(scope, cell, value, type, *inner, level);
      else
        build(scope, cell, value, type);
    }
    add_names(scope, module, name);
    open_.erase(name);
  }

  /// What is no pin or port is refused where it is read.
  void count_ends(Scope& scope, const Json& module, const std::string& name) const {
    const auto count = [&](const Json* bits) {
      if (bits == nullptr || !bits->is_array()) return;
      for (const Json& bit : *bits)
        if (bit.is_number_unsigned()) ++scope.ends[bit.get<std::uint64_t>()];
    };
    for (const auto& [port, value] : object_in(module, "ports", name).items())
      if (value.is_object()) count(member(value, "bits"));
    for (const auto& [cell, value] : object_in(module, "cells", name).items()) {
      const Json* pins = value.is_object() ? member(value, "connections") : nullptr;
      if (pins == nullptr || !pins->is_object()) continue;
      for (const auto& [pin, bits] : pins->items()) count(&bits);
    }
  }

  /// Tools connect wires that lead nowhere to outputs that nobody reads.
  static bool leads_nowhere(const Scope& scope, const PinModel& form, const Json& bits) {
    return form.output && !form.input && bits.is_array() &&
           std::all_of(bits.begin(), bits.end(), [&](const Json& bit) {
             return !bit.is_number_unsigned() || scope.ends.at(bit.get<std::uint64_t>()) == 1;
           });
  }

  void instantiate(Scope& scope, const std::string& cell, const Json& value,
                   const std::string& type, const Json& module, int level) {
    Scope inner;
    inner.prefix = scope.prefix + cell + ".";
    const Json& ports = object_in(module, "ports", type);
    const Json& connections = object_in(value, "connections", cell);
    for (const auto& [pin, bits] : connections.items())
      if (!ports.contains(pin))
        user_error("{}: module '{}' of '{}{}' has no port '{}'", file_, type, scope.prefix, cell,
                   pin);
    // Inputs first: an output that is one of them is a wire through the module.
    for (const bool inputs : {true, false})
      for (const auto& [name, port] : ports.items()) {
        if ((text_in(port, "direction", name) == "output") == inputs) continue;
        const Json* outside = member(connections, name);
        if (outside != nullptr && !outside->empty())
          connect(scope, inner, array_in(port, "bits", name), *outside, inputs,
                  inner.prefix + name);
      }
    fill(inner, module, type, level + 1);
  }

  void connect(Scope& scope, Scope& inner, const Json& inside, const Json& outside, bool input,
               const std::string& where) {
    if (!outside.is_array() || outside.size() != inside.size())
      user_error("{}: port '{}' and what it is connected to differ in their widths", file_, where);
    for (std::size_t i = 0; i < inside.size(); ++i) {
      char constant = '0';
      const std::optional<std::uint64_t> number = bit_number(inside[i], where, constant);
      if (input || !bit_number(outside[i], where, constant)) {
        if (input && number) inner.nets.try_emplace(*number, net_of(scope, outside[i], where));
        continue;
      }
      const Net net = net_of(scope, outside[i], where);
      if (number && inner.nets.try_emplace(*number, net).second) continue;
      const Net from = net_of(inner, inside[i], where);
      netlist_.lut(kBuffer, {from});
      netlist_.luts.back().out = net;
    }
  }

  const ReadyModel& model_of(const Scope& scope, const std::string& cell,
                             const std::string& type) const {
    const auto at = models_.find(type);
    if (at == models_.end())
      user_error("{}: cell '{}{}' is a {}, which has no model among those of {}", file_,
                 scope.prefix, cell, type, family_name(family_));
    return at->second;
  }

  void build(Scope& scope, const std::string& name, const Json& value, const std::string& type) {
    const ReadyModel& model = model_of(scope, name, type);
    if (model.model->build == nullptr) return;
    Cell cell{scope.prefix + name, type, file_, netlist_, {}, {}, {}};
    const Json& connections = object_in(value, "connections", cell.name);
    for (const auto& [pin, bits] : connections.items())
      if (!model.pins.contains(pin))
        cell.refuse("the model has no pin {}; is it a cell of {}?", pin, family_name(family_));
    check_directions(cell, value, model);
    for (const auto& [pin, form] : model.pins) {
      const Json* bits = member(connections, pin);
      const bool absent = bits == nullptr || (bits->is_array() && bits->empty());
      if (absent || leads_nowhere(scope, form, *bits)) cell.absent.insert(pin);
      cell.pins[pin] =
          absent ? absent_pin(cell, pin, form) : pin_nets(scope, cell, pin, form, *bits);
    }
    take_parameters(cell, value, model);
    take_attributes(cell, value);
    const Built before{netlist_.luts.size(), netlist_.flip_flops.size(), netlist_.memories.size()};
    model.model->build(cell);
    settle_unknown(cell, before);
    for (const auto& [parameter, digits] : cell.parameters)
      if (before.memories == netlist_.memories.size() &&
          before.flip_flops == netlist_.flip_flops.size() &&
          digits.find_first_not_of("01xz") == std::string::npos &&
          digits.find_first_of("xz") != std::string::npos)
        cell.refuse("its parameter {} is {}", parameter, digits);
  }

  struct Built {
    std::size_t luts = 0, flip_flops = 0, memories = 0;
  };

  /// Yosys leaves x at pins that nothing depends on, and at those of memories that never write. Elsewhere
  /// what hardware makes of it is nobody's to say; its own gates ($_MUX_) are no hardware, and take 0.
  void settle_unknown(const Cell& cell, const Built& before) {
    if (unknown_.empty()) return;
    const auto refuse = [&] {
      if (!cell.type.starts_with('$')) cell.refuse("what it does depends on a pin that is x or z");
    };
    for (std::size_t i = before.luts; i < netlist_.luts.size(); ++i) {
      Lut& lut = netlist_.luts[i];
      for (int k = 0; k < lut.size; ++k) {
        Net& net = lut.inputs[static_cast<std::size_t>(k)];
        if (!unknown_.contains(net)) continue;
        if (depends_on(lut, k)) refuse();
        net = kZero;
      }
    }
    for (std::size_t i = before.flip_flops; i < netlist_.flip_flops.size(); ++i) {
      FlipFlop& f = netlist_.flip_flops[i];
      for (Net* net : {&f.d, &f.clock, &f.enable, &f.reset})
        if (unknown_.contains(*net)) {
          refuse();
          *net = kZero;
        }
    }
    const auto to_zero = [&](std::vector<Net>& nets) {
      for (Net& net : nets)
        if (unknown_.contains(net)) net = kZero;
    };
    for (std::size_t i = before.memories; i < netlist_.memories.size(); ++i) {
      for (Memory::ReadPort& read : netlist_.memories[i].reads) {
        to_zero(read.address);
        if (unknown_.contains(read.enable) || unknown_.contains(read.clock)) refuse();
      }
      for (Memory::WritePort& write : netlist_.memories[i].writes) {
        to_zero(write.address);
        to_zero(write.data);
        to_zero(write.enables);
        if (unknown_.contains(write.clock)) refuse();
      }
    }
    unknown_.clear();
  }

  static bool depends_on(const Lut& lut, int input) {
    for (unsigned row = 0; row < 1U << lut.size; ++row)
      if ((lut.table >> row & 1U) != (lut.table >> (row ^ 1U << input) & 1U)) return true;
    return false;
  }

  void check_directions(const Cell& cell, const Json& value, const ReadyModel& model) const {
    const Json* directions = member(value, "port_directions");
    if (directions == nullptr || !directions->is_object()) return;
    for (const auto& [pin, direction] : directions->items()) {
      const auto form = model.pins.find(pin);
      if (form == model.pins.end()) cell.refuse("the model has no pin {}", pin);
      const bool holds = (direction == "input" && form->second.input) ||
                         (direction == "output" && form->second.output) ||
                         (direction == "inout" && form->second.input && form->second.output);
      if (!holds) cell.refuse("its pin {} is not an {} in the model", pin, direction.dump());
    }
  }

  std::vector<Net> absent_pin(const Cell& cell, const std::string& pin, const PinModel& form) {
    if (!form.output && form.absent == '!') cell.refuse("its pin {} is not connected", pin);
    std::vector<Net> nets(static_cast<std::size_t>(form.width), form.absent == '1' ? kOne : kZero);
    if (form.output) std::generate(nets.begin(), nets.end(), [&] { return new_net(); });
    return nets;
  }

  std::vector<Net> pin_nets(Scope& scope, const Cell& cell, const std::string& pin,
                            const PinModel& form, const Json& bits) {
    const std::size_t width = form.width == 0 ? bits.size() : static_cast<std::size_t>(form.width);
    if (!bits.is_array() || bits.size() < width || (bits.size() > width && !form.wider))
      cell.refuse("its pin {} has not {} bits as in the model", pin, form.width);
    std::vector<Net> nets;
    for (std::size_t i = 0; i < width; ++i) {
      const Json& bit = bits[i];
      char constant = '0';
      const bool wire = bit_number(bit, cell.name, constant).has_value();
      if (form.output && !form.input && !wire && (constant == '0' || constant == '1'))
        cell.refuse("its output {} drives a constant", pin);
      const bool unknown = !form.output && (constant == 'x' || constant == 'z');
      nets.push_back(unknown || (form.output && !wire) ? new_net() : net_of(scope, bit, cell.name));
      if (unknown) unknown_.insert(nets.back());
    }
    return nets;
  }

  void take_parameters(Cell& cell, const Json& value, const ReadyModel& model) const {
    for (const auto& [name, absent] : model.parameters) cell.parameters[name] = absent;
    const Json* parameters = member(value, "parameters");
    if (parameters == nullptr) return;
    if (!parameters->is_object()) cell.refuse("its parameters are no object");
    for (const auto& [name, setting] : parameters->items()) {
      if (!model.parameters.contains(name) || name.starts_with('@'))
        cell.refuse("the model has no parameter {}", name);
      cell.parameters[name] = value_of(setting, cell.name);
    }
  }

  /// "@NAME" of the model is an attribute of the cell.
  void take_attributes(Cell& cell, const Json& value) const {
    const Json* attributes = member(value, "attributes");
    if (attributes == nullptr || !attributes->is_object()) return;
    for (const auto& [name, setting] : attributes->items())
      if (const auto at = cell.parameters.find("@" + name); at != cell.parameters.end())
        at->second = value_of(setting, cell.name);
  }

  void add_names(Scope& scope, const Json& module, const std::string& module_name) {
    const Json* names = member(module, "netnames");
    if (names == nullptr) return;
    if (!names->is_object()) user_error("{}: 'netnames' of '{}' is no object", file_, module_name);
    for (const auto& [name, value] : names->items()) {
      const std::vector<Net> nets = nets_of(scope, array_in(value, "bits", name), name);
      take_start(value, name, nets);
      const Json* hidden = member(value, "hide_name");
      const bool hide = hidden != nullptr && *hidden != 0;
      if (!hide && !nets.empty()) netlist_.names[scope.prefix + name] = nets;
    }
  }

  /// What attribute `init` says of the wires of a name.
  void take_start(const Json& value, const std::string& name, const std::vector<Net>& nets) {
    const Json* attributes = member(value, "attributes");
    const Json* init =
        attributes != nullptr && attributes->is_object() ? member(*attributes, "init") : nullptr;
    if (init == nullptr) return;
    const std::string digits = value_of(*init, name);
    for (std::size_t i = 0; i < std::min(digits.size(), nets.size()); ++i) {
      const char digit = digits[digits.size() - 1 - i];
      if (nets[i] <= kOne || (digit != '0' && digit != '1')) continue;
      const Initial start = digit == '1' ? Initial::kOne : Initial::kZero;
      const auto [at, fresh] = starts_.try_emplace(nets[i], start);
      if (!fresh && at->second != start)
        user_error("{}: '{}' and another name of its wires differ in 'init'", file_, name);
    }
  }

  /// Of a cell that wakes up as its wire says, and of one that its family wakes up otherwise.
  void start(FlipFlop& cell) const {
    const auto at = starts_.find(cell.q);
    if (at == starts_.end()) return;
    if (cell.initial == Initial::kUnknown) cell.initial = at->second;
    if (cell.initial != at->second)
      user_error("{}: flip-flop '{}' and 'init' of its wire differ", file_, cell.name);
  }

  ReadyModels models_;
  Family family_;
  std::string file_;
  const Json* modules_ = nullptr;
  Netlist netlist_;
  std::set<std::string> open_;
  std::set<Net> unknown_;  ///< pins of the present cell that are x or z
  std::unordered_map<Net, Initial> starts_;
  std::size_t cells_ = 0;
};

}  // namespace

std::string_view family_name(Family family) {
  return family == Family::kIce40 ? "ice40" : family == Family::kEcp5 ? "ecp5" : "xilinx";
}

Netlist read_yosys_json(const std::string& text, std::string_view top, Family family,
                        std::string_view file) {
  // No callback: with one the parser looks through all cells at the end of each.
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) user_error("{}: it is no JSON", file);
  Netlist netlist = Reader(json, family, file).read(top);
  verify(netlist);
  require_driven(netlist);
  require_made_clock(netlist);
  return netlist;
}

}  // namespace assay::netlist
