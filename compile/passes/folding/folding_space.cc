// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/folding/folding_space.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "compile/base/error.h"
#include "compile/graph/views.h"
#include "compile/hw/mvau.h"
#include "compile/passes/layers/infer_hw_layers.h"

namespace assay {
namespace {

using Values = std::vector<std::int64_t>;

Values divisors(std::int64_t n) {
  Values low, high;
  for (std::int64_t d = 1; d * d <= n; ++d)
    if (n % d == 0) {
      low.push_back(d);
      if (d * d != n) high.push_back(n / d);
    }
  low.insert(low.end(), high.rbegin(), high.rend());
  return low;
}

void set_field(const FoldingUnit& unit, std::string_view field, std::int64_t value) {
  hw::find_layer(*unit.node)->set_folding(*unit.node, field, value);
  if (unit.generator && field == "PE")
    unit.generator->as<hw::ConvolutionInputGenerator>()->simd = value;
}

std::vector<hw::FoldingRule> rules_of(const FoldingUnit& unit) {
  return hw::find_layer(*unit.node)->rules(*unit.node);
}

std::string& ram_style(Node& node) { return static_cast<hw::HwOp&>(*node.op).ram_style; }

bool decided(const FoldingConfig& config, const Node& node, const std::string& field) {
  for (const std::string& name : {node.name, std::string("Defaults")})
    if (const auto it = config.find(name); it != config.end() && it->second.contains(field))
      return true;
  return false;
}

/// Where the memories of a layer may lie; one empty string: where they do.
std::vector<std::string> memories(const FoldingConfig& config, Node& node, bool free) {
  if (!free || ram_style(node) != "auto" || decided(config, node, "ram_style")) return {""};
  return {"distributed", "block"};
}

/// Whether one of them lies in block RAM.
bool has_block(const hw::Layer& layer) {
  return std::ranges::find(layer.memories, "block", &hw::MemoryNeed::style) != layer.memories.end();
}

/// Whether products share DSP blocks.
bool packs(const hw::Layer& layer) {
  return std::ranges::find(layer.parameters, "DspLanes", &hw::Parameter::name) !=
         layer.parameters.end();
}

/// The window generator of a unit, which may be its node; null: it has none.
hw::ConvolutionInputGenerator* windows_of(const FoldingUnit& unit) {
  return (unit.generator ? unit.generator : unit.node)->as<hw::ConvolutionInputGenerator>();
}

/// The node, with its memories there; an empty `memory`: where they lie. FoldingUnit::apply() has
/// the last word.
hw::Layer build_with(Node& node, const std::string& memory) {
  if (!memory.empty()) ram_style(node) = memory;
  return hw::build_layer(node, false);
}

/// Of a matrix that is tried as an adder graph, which is made in a few seconds.
constexpr std::int64_t kMostWeightBits = 1 << 16;

/// How a window generator gives its windows.
struct WindowForm {
  bool parallel = false, least_ring = false;
  friend bool operator==(const WindowForm&, const WindowForm&) = default;
};

WindowForm form_of(const hw::ConvolutionInputGenerator& op) {
  return {op.parallel_window, op.least_ring};
}

void set_form(const FoldingUnit& unit, const WindowForm& form) {
  auto* windows = windows_of(unit);
  if (!windows) return;
  windows->parallel_window = form.parallel;
  windows->least_ring = form.least_ring;
}

/// The present form first, then, as far as fields are not decided, the others.
std::vector<WindowForm> forms(const FoldingConfig& config, const FoldingUnit& unit) {
  const auto* windows = windows_of(unit);
  if (!windows) return {{}};
  const WindowForm now = form_of(*windows);
  const Node& generator = unit.generator ? *unit.generator : *unit.node;
  const bool parallel = !decided(config, generator, "parallel_window"),
             ring = !decided(config, generator, "least_ring");
  std::vector<WindowForm> forms = {now};
  for (const WindowForm& form :
       {WindowForm{}, WindowForm{.least_ring = true}, WindowForm{.parallel = true}})
    if (form != now && (parallel || form.parallel == now.parallel) &&
        (ring || form.least_ring == now.least_ring))
      forms.push_back(form);
  return forms;
}

/// What is built for one value of PE and SIMD.
class Enumeration {
 public:
  Enumeration(FoldingUnit& unit, const FoldingConfig& config, const hw::Device& device,
              std::int64_t wanted)
      : unit_(unit), device_(device), wanted_(wanted), rules_(rules_of(unit)) {
    for (const hw::FoldingRule& rule : rules_)
      choices_.push_back(decided(config, *unit.node, rule.field) ? Values{rule.value}
                                                                 : divisors(rule.divides));
    const auto* product = unit.node->as<hw::MultiplyOp>();
    free_memory_ = product && product->mem_mode == "embedded" && product->ram_style == "auto" &&
                   !decided(config, *unit.node, "mem_mode");
    if (product && !decided(config, *unit.node, "preferred_impl_style"))
      styles_ = hw::product_style(*unit.node) == "popcount"
                    ? std::vector<std::string>{"", "adder_graph"}
                    : std::vector<std::string>{"lut", "dsp", "packed", "adder_graph"};
    forms_ = forms(config, unit);
    const bool free = !hw::has_lut_memories(device.family);
    memories_ = memories(config, *unit.node, free);
    if (unit.generator) generator_memories_ = memories(config, *unit.generator, free);
  }

  void run() {
    const Values before = present();
    for (const WindowForm& form : forms_) {
      set_form(unit_, form);
      form_ = form;
      walk({});
    }
    for (std::size_t i = 0; i < rules_.size(); ++i) set_field(unit_, rules_[i].field, before[i]);
    set_form(unit_, forms_.front());
    if (unit_.candidates.empty()) say_why();
  }

 private:
  Values present() const {
    Values values;
    for (const hw::FoldingRule& rule : rules_) values.push_back(rule.value);
    return values;
  }

  void walk(Values head) {
    if (head.size() == rules_.size()) return consider(head);
    for (const std::int64_t value : choices_[head.size()]) {
      head.push_back(value);
      walk(head);
      head.pop_back();
    }
  }

  void consider(const Values& values) {
    for (std::size_t i = 0; i < rules_.size(); ++i) set_field(unit_, rules_[i].field, values[i]);
    FoldingCandidate candidate;
    candidate.values = values;
    candidate.parallel_window = form_.parallel;
    candidate.least_ring = form_.least_ring;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      candidate.lanes *= values[i];
      if (rules_[i].field == "SIMD") candidate.simd = values[i];
    }
    if (styles_.empty()) return add_memories(candidate);
    auto& style = unit_.node->as<hw::MultiplyOp>()->preferred_impl_style;
    const std::string before = style;
    for (const std::string& next : styles_) {
      if (next == "adder_graph" && !takes_adders(values)) continue;
      candidate.style = next;
      style = next.empty() ? before : next;
      add_memories(candidate);
    }
    style = before;
  }

  /// Whether the product is tried as an adder graph: one of the whole matrix, of constants, that does
  /// not take long to make and that no slower folding could stand for.
  bool takes_adders(const Values& values) const {
    const auto* product = unit_.node->as<hw::MVAU>();
    if (!product || product->xnor || product->mem_mode != "embedded") return false;
    for (std::size_t i = 0; i < rules_.size(); ++i)
      if (values[i] != rules_[i].divides) return false;
    const Tensor* w = unit_.node->inputs[1];
    const std::int64_t vectors =
        hw::elements(unit_.node->inputs[0]) / hw::channels(unit_.node->inputs[0]);
    return 2 * vectors > wanted_ && hw::elements(w) * w->dtype.bits <= kMostWeightBits;
  }

  void add_memories(FoldingCandidate candidate) {
    add(candidate);
    if (!free_memory_ || candidate.style == "adder_graph") return;
    auto& mode = unit_.node->as<hw::MultiplyOp>()->mem_mode;
    mode = "decoupled";
    candidate.decoupled = true;
    add(candidate);
    mode = "embedded";
  }

  void add(FoldingCandidate candidate) {
    for (const std::string& memory : memories_)
      for (const std::string& generator_memory : generator_memories_) {
        candidate.memory = memory;
        candidate.generator_memory = generator_memory;
        try {
          if (!settle(candidate)) continue;
        } catch (const UserError&) {  // such as one that is too wide
          continue;
        }
        unit_.candidates.push_back(candidate);
      }
  }

  /// What the candidate takes. False where one product alone would be in a DSP block for several, for a memory of weights of its own that is not block RAM, as
  /// constants are cheaper, and where block RAM is asked for and nothing goes there.
  bool settle(FoldingCandidate& candidate) {
    const hw::Layer layer = build_with(*unit_.node, candidate.memory);
    if (candidate.style == "packed" && !packs(layer)) return false;
    if (candidate.decoupled && layer.memories.at(0).style != "block") return false;
    if (candidate.memory == "block" && (!has_block(layer) || is_embedded())) return false;
    candidate.cycles = layer.cycles;
    candidate.resources = resources_of(*unit_.node, layer);
    candidate.in_lanes = lanes_of(layer.inputs);
    candidate.out_lanes = lanes_of(layer.outputs);
    return !unit_.generator || add_generator(candidate, layer);
  }

  /// Of a least ring with the room that it leaves to others: between neighbours that are always busy
  /// the words of the next frame come all the same, and wait in a FIFO in front.
  hw::Resources resources_of(Node& node, const hw::Layer& layer) const {
    hw::Resources resources = hw::estimate_resources(layer, device_);
    auto* windows = node.as<hw::ConvolutionInputGenerator>();
    if (!windows || !windows->least_ring) return resources;
    windows->least_ring = false;
    const hw::MemoryNeed whole = hw::build_layer(node, false).memories.at(0);
    windows->least_ring = true;
    return resources += fifo_resources(whole.words - layer.memories.at(0).words, whole.bits);
  }

  /// Nothing for less than a FIFO holds.
  hw::Resources fifo_resources(std::int64_t words, int bits) const {
    if (words < 2) return {};
    hw::Layer fifo;
    fifo.estimate = hw::hardware::fifo.estimate;
    fifo.parameters = {{"Bits", bits},
                       {"Depth", words},
                       {"Block", hw::memory_style("auto", words, bits) == "block"}};
    return hw::estimate_resources(fifo, device_);
  }

  static Values lanes_of(const std::vector<hw::Stream>& streams) {
    Values lanes;
    for (const hw::Stream& s : streams) lanes.push_back(s.lanes);
    return lanes;
  }

  bool is_embedded() const {
    const auto* product = unit_.node->as<hw::MultiplyOp>();
    return product && product->mem_mode == "embedded";
  }

  bool add_generator(FoldingCandidate& candidate, const hw::Layer& reader) {
    auto& built = generators_[{windows_of(unit_)->simd, form_.parallel, form_.least_ring,
                               candidate.generator_memory}];
    if (!built) built = build_with(*unit_.generator, candidate.generator_memory);
    if (candidate.generator_memory == "block" && !has_block(*built)) return false;
    candidate.cycles = std::max(candidate.cycles, built->cycles);
    candidate.resources += resources_of(*unit_.generator, *built);
    candidate.resources += converter_resources(built->outputs[0].lanes, reader.inputs[0].lanes,
                                               built->outputs[0].dtype.bits, device_);
    candidate.in_lanes[0] = built->inputs[0].lanes;
    return true;
  }

  void say_why() const {
    if (unit_.generator) hw::build_layer(*unit_.generator, false);
    hw::build_layer(*unit_.node, false);
    hw::layer_error(*unit_.node, "no folding of it can be built");
  }

  FoldingUnit& unit_;
  const hw::Device& device_;
  std::int64_t wanted_;
  std::vector<hw::FoldingRule> rules_;
  std::vector<Values> choices_;
  bool free_memory_ = false;
  std::vector<std::string> styles_;  ///< empty: products keep theirs
  std::vector<std::string> memories_, generator_memories_ = {""};
  std::vector<WindowForm> forms_;
  WindowForm form_;  ///< of what is built now
  std::map<std::tuple<std::int64_t, bool, bool, std::string>, std::optional<hw::Layer>> generators_;
};

/// The layer and its output that give a tensor, behind views; a null node: none.
std::pair<const Node*, const Tensor*> source_of(const Tensor* tensor) {
  while (tensor->producer && is_view(*tensor->producer)) tensor = tensor->producer->inputs[0];
  return {tensor->producer, tensor};
}

void add_edges(FoldingSpace& space) {
  std::map<const Node*, std::size_t> by_node;
  for (std::size_t u = 0; u < space.units.size(); ++u) by_node[space.units[u].node] = u;
  for (std::size_t u = 0; u < space.units.size(); ++u) {
    const FoldingUnit& unit = space.units[u];
    const hw::Layer layer = hw::build_layer(unit.generator ? *unit.generator : *unit.node, false);
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const auto [writer, tensor] = source_of(layer.inputs[i].tensor);
      const auto from = by_node.find(writer);
      if (!writer || from == by_node.end()) continue;
      std::size_t output = 0;  // streams are the outputs that are there
      for (const Tensor* t : writer->outputs) {
        if (t == tensor) break;
        output += t ? 1 : 0;
      }
      space.edges.push_back({from->second, output, u, i, layer.inputs[i].dtype.bits});
    }
  }
}

}  // namespace

void FoldingUnit::apply(const FoldingCandidate& candidate) const {
  const auto rules = rules_of(*this);
  for (std::size_t i = 0; i < rules.size(); ++i)
    set_field(*this, rules[i].field, candidate.values[i]);
  if (candidate.decoupled) node->as<hw::MultiplyOp>()->mem_mode = "decoupled";
  if (!candidate.style.empty()) node->as<hw::MultiplyOp>()->preferred_impl_style = candidate.style;
  if (!candidate.memory.empty()) ram_style(*node) = candidate.memory;
  if (!candidate.generator_memory.empty()) ram_style(*generator) = candidate.generator_memory;
  set_form(*this, {candidate.parallel_window, candidate.least_ring});
}

FoldingSpace folding_space(Graph& graph, const FoldingConfig& config, const hw::Device& device,
                           std::int64_t wanted) {
  FoldingSpace space;
  for (Node* node : graph.topological_order()) {
    if (!hw::find_layer(*node) || grouped_reader(*node)) continue;
    const Tensor* x = node->inputs[0];
    const bool grouped = x && x->producer && grouped_reader(*x->producer) == node;
    FoldingUnit unit{node, grouped ? x->producer : nullptr, {}};
    Enumeration(unit, config, device, wanted).run();
    space.units.push_back(std::move(unit));
  }
  for (const FoldingUnit& unit : space.units) unit.apply(unit.candidates.front());
  add_edges(space);
  return space;
}

hw::Resources converter_resources(std::int64_t in_lanes, std::int64_t out_lanes, int bits,
                                  const hw::Device& device) {
  if (in_lanes == out_lanes) return {};
  hw::Layer layer;
  layer.estimate = hw::hardware::data_width_converter.estimate;
  layer.parameters = {{"Bits", bits}, {"InLanes", in_lanes}, {"OutLanes", out_lanes}};
  return hw::estimate_resources(layer, device);
}

}  // namespace assay
