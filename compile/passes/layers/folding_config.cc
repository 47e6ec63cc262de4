// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/folding_config.h"

#include <algorithm>
#include <optional>
#include <set>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/hw/layer.h"
#include "compile/passes/layers/specialize_layers.h"

namespace assay {
namespace {

using Depths = std::vector<std::int64_t>;

constexpr std::string_view kDefaults = "Defaults";
constexpr std::string_view kParallelWindow = "parallel_window", kLeastRing = "least_ring";
constexpr std::string_view kRuntimeWeights = "runtime_writeable_weights";
constexpr std::string_view kRamStyle = "ram_style", kMemMode = "mem_mode";
constexpr std::string_view kImplStyle = "preferred_impl_style";
constexpr std::string_view kInDepths = "inFIFODepths", kOutDepths = "outFIFODepths";

/// A field that a node has: numbers that divide `divides`, 0 or 1, one of some words, or depths.
struct Field {
  std::string name;
  std::int64_t divides = 0;
  std::vector<std::string> words;

  bool is_flag() const {
    return name == kParallelWindow || name == kLeastRing || name == kRuntimeWeights;
  }
  bool is_depths() const { return name == kInDepths || name == kOutDepths; }
};

const std::vector<std::string> kRamStyles = {"auto", "distributed", "block"};
const std::vector<std::string> kProductStyles = {"auto", "popcount", "lut",
                                                 "dsp",  "packed",   "adder_graph"};
const std::vector<std::string> kMemModes = {"embedded", "decoupled", "external"};

std::vector<Field> fields_of(const Node& node) {
  const hw::LayerKind* kind = hw::find_layer(node);
  if (!kind) return {};
  std::vector<Field> fields;
  for (const hw::FoldingRule& rule : kind->rules(node))
    fields.push_back({rule.field, rule.divides, {}});
  fields.push_back({std::string(kRamStyle), 0, kRamStyles});
  if (node.as<hw::MultiplyOp>()) {
    fields.push_back({std::string(kMemMode), 0, kMemModes});
    fields.push_back({std::string(kImplStyle), 0, kProductStyles});
  }
  if (node.as<hw::Thresholding>())
    fields.push_back({std::string(kImplStyle), 0, {"auto", "comparators", "search"}});
  if (node.as<hw::MultiplyOp>() || node.as<hw::Thresholding>() || node.as<hw::JoinThreshold>())
    fields.push_back({std::string(kRuntimeWeights), 0, {}});
  if (node.as<hw::ConvolutionInputGenerator>())
    for (const std::string_view flag : {kParallelWindow, kLeastRing})
      fields.push_back({std::string(flag), 0, {}});
  fields.push_back({std::string(kInDepths), 0, {}});
  fields.push_back({std::string(kOutDepths), 0, {}});
  return fields;
}

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& item : list) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string value_text(const FoldingValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* list = std::get_if<Depths>(&value)) return shape_text(*list);
  return fmt::format("'{}'", printable(std::get<std::string>(value)));
}

std::string allowed_text(const Field& field) {
  if (!field.words.empty()) return joined(field.words);
  if (field.is_flag()) return "0, 1";
  if (field.is_depths())
    return fmt::format("lists of one depth per stream, each from 0 to {}", hw::kMaxFifoDepth);
  std::vector<std::string> divisors;
  for (std::int64_t d = 1; d <= field.divides; ++d)
    if (field.divides % d == 0) divisors.push_back(std::to_string(d));
  return joined(divisors);
}

bool allows(const Field& field, const FoldingValue& value) {
  if (const auto* word = std::get_if<std::string>(&value))
    return std::ranges::find(field.words, *word) != field.words.end();
  const auto is_depth = [](std::int64_t d) { return d >= 0 && d <= hw::kMaxFifoDepth; };
  if (const auto* depths = std::get_if<Depths>(&value))
    return field.is_depths() && std::ranges::all_of(*depths, is_depth);
  const std::int64_t number = std::get<std::int64_t>(value);
  if (field.is_flag()) return number == 0 || number == 1;
  return field.divides > 0 && number >= 1 && field.divides % number == 0;
}

/// Writes one field, by its name, and tells whether it had another value.
class Writer final : public FieldVisitor {
 public:
  Writer(const std::string& name, const FoldingValue& value) : name_(name), value_(value) {}
  bool changed = false;
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& field, bool) override { write(name, field); }
  void visit(std::string_view, float&, bool) override {}
  void visit(std::string_view name, std::string& field, bool) override { write(name, field); }
  void visit(std::string_view name, Depths& field, bool) override { write(name, field); }

 private:
  template <typename T>
  void write(std::string_view name, T& field) {
    if (name != name_ || !std::holds_alternative<T>(value_)) return;
    changed |= field != std::get<T>(value_);
    field = std::get<T>(value_);
  }
  const std::string& name_;
  const FoldingValue& value_;
};

/// Reads one field, by its name.
class Reader final : public FieldVisitor {
 public:
  explicit Reader(const std::string& name) : name_(name) {}
  std::optional<FoldingValue> value;
  using FieldVisitor::visit;
  void visit(std::string_view name, std::int64_t& field, bool) override { read(name, field); }
  void visit(std::string_view, float&, bool) override {}
  void visit(std::string_view name, std::string& field, bool) override { read(name, field); }
  void visit(std::string_view name, Depths& field, bool) override {
    if (!field.empty()) read(name, field);
  }

 private:
  template <typename T>
  void read(std::string_view name, const T& field) {
    if (name == name_) value = field;
  }
  const std::string& name_;
};

/// Throws for a field that the node does not have, and for a value that does not fit.
void check_field(const Node& node, const std::string& name, const FoldingValue& value) {
  const std::vector<Field> fields = fields_of(node);
  const auto field = std::ranges::find(fields, name, &Field::name);
  if (field == fields.end()) {
    std::vector<std::string> known;
    for (const Field& f : fields) known.push_back(f.name);
    hw::layer_error(node, fmt::format("it has no field '{}' to configure; choose one of {}",
                                      printable(name), joined(known)));
  }
  if (!allows(*field, value))
    hw::layer_error(node, fmt::format("{} cannot be {}; choose one of {}", name, value_text(value),
                                      allowed_text(*field)));
}

bool set_field(Node& node, const std::string& name, const FoldingValue& value) {
  check_field(node, name, value);
  Writer writer(name, value);
  node.op->fields(writer);
  return writer.changed;
}

/// The fields that the defaults give to the node.
std::map<std::string, FoldingValue> defaults_of(const Node& node, const FoldingConfig& config) {
  std::map<std::string, FoldingValue> wishes;
  const auto defaults = config.find(std::string(kDefaults));
  if (defaults == config.end()) return wishes;
  for (const Field& field : fields_of(node))
    if (const auto it = defaults->second.find(field.name); it != defaults->second.end())
      wishes.insert(*it);
  return wishes;
}

void check_names(const Graph& graph, const FoldingConfig& config) {
  std::vector<std::string> layers;
  std::set<std::string> fields;
  for (const auto& node : graph.nodes()) {
    if (hw::find_layer(*node)) layers.push_back(node->name);
    for (const Field& field : fields_of(*node)) fields.insert(field.name);
  }
  for (const auto& [name, wishes] : config)
    if (name != kDefaults && std::ranges::find(layers, name) == layers.end())
      user_error("the folding configuration names no layer: '{}'; the layers are {}",
                 printable(name), printable(joined(layers)));
  const auto defaults = config.find(std::string(kDefaults));
  if (defaults == config.end()) return;
  for (const auto& [name, value] : defaults->second)
    if (!fields.contains(name))
      user_error(
          "the defaults of the folding configuration name no field of a layer: '{}'; the "
          "fields are {}",
          printable(name), joined({fields.begin(), fields.end()}));
}

/// What the user wishes for a node: its own entry before the defaults.
std::map<std::string, FoldingValue> wishes_of(const Node& node, const FoldingConfig& config) {
  std::map<std::string, FoldingValue> wishes = defaults_of(node, config);
  if (const auto own = config.find(node.name); own != config.end())
    for (const auto& [name, value] : own->second) wishes[name] = value;
  return wishes;
}

bool is_wish(const std::map<std::string, FoldingValue>& wishes, std::string_view field,
             const FoldingValue& value) {
  const auto wish = wishes.find(std::string(field));
  return wish != wishes.end() && wish->second == value;
}

/// Weights in block RAM, or that a host writes, need a memory of their own: embedded ones are constants in
/// logic.
void add_memory_mode(const Node& node, std::map<std::string, FoldingValue>& wishes) {
  const auto* product = node.as<hw::MultiplyOp>();
  if (product && (is_wish(wishes, kRamStyle, "block") || is_wish(wishes, kRuntimeWeights, 1)) &&
      !wishes.contains(std::string(kMemMode)) && product->mem_mode == "embedded")
    wishes[std::string(kMemMode)] = std::string("decoupled");
}

bool lies_in_block_ram(const Node& node) {
  const std::vector<hw::MemoryNeed> memories = hw::build_layer(node, false).memories;
  return std::ranges::find(memories, "block", &hw::MemoryNeed::style) != memories.end();
}

std::string memory_remedy(const Node& node) {
  const auto* product = node.as<hw::MultiplyOp>();
  if (!product) return "no memory of this layer can lie there; leave ram_style out";
  return fmt::format(
      "its weights are {}; set mem_mode to decoupled, or leave ram_style out",
      product->mem_mode == "embedded" ? "embedded, that is constants in logic" : product->mem_mode);
}

/// A generator of grouped windows has no choice of its SIMD.
bool is_followed(const Node& node, std::string_view field) {
  return field == "SIMD" && grouped_reader(node);
}

void check_follower(const Node& node, const std::map<std::string, FoldingValue>& wishes) {
  const auto wish = wishes.find("SIMD");
  if (wish == wishes.end() || !is_followed(node, "SIMD")) return;
  const std::int64_t simd = node.as<hw::ConvolutionInputGenerator>()->simd;
  if (wish->second != FoldingValue(simd))
    hw::layer_error(node,
                    fmt::format("SIMD cannot be {}: it is the PE of {}, which is {}; set "
                                "that instead",
                                value_text(wish->second), grouped_reader(node)->label(), simd));
}

}  // namespace

bool apply_folding_config(Graph& graph, const FoldingConfig& config, PassReport& report) {
  check_names(graph, config);
  bool changed = false;
  for (const auto& node : graph.nodes()) {
    std::map<std::string, FoldingValue> wishes = wishes_of(*node, config);
    add_memory_mode(*node, wishes);
    bool set = false;
    for (const auto& [name, value] : wishes)
      if (!is_followed(*node, name)) set |= set_field(*node, name, value);
    changed |= set;
    if (set) report.remarks.push_back({node->name, "configured by the user"});
  }
  changed |= follow_readers(graph);
  for (const auto& node : graph.nodes()) {
    const auto own = config.find(node->name);
    if (own == config.end()) continue;
    check_follower(*node, own->second);
    hw::build_layer(*node, false);  // says what does not fit together
  }
  return changed;
}

void check_folding_config(const Graph& graph, const FoldingConfig& config) {
  check_names(graph, config);
  for (const auto& node : graph.nodes())
    for (const auto& [name, value] : wishes_of(*node, config))
      if (!is_followed(*node, name)) check_field(*node, name, value);
}

void check_memory_wishes(const Graph& graph, const FoldingConfig& config) {
  for (const auto& node : graph.nodes()) {
    if (!hw::find_layer(*node)) continue;
    const bool own =
        config.contains(node->name) && config.at(node->name).contains(std::string(kRamStyle));
    if (!own && !node->as<hw::MultiplyOp>()) continue;  // defaults are for those that can
    if (is_wish(wishes_of(*node, config), kRamStyle, "block") && !lies_in_block_ram(*node))
      hw::layer_error(*node, "ram_style block has no effect: " + memory_remedy(*node));
  }
}

std::optional<std::string> folding_value_fault(const std::string& field,
                                               const FoldingValue& value) {
  static const std::vector<Field> all = {
      {"PE", 0, {}},
      {"SIMD", 0, {}},
      {std::string(kRamStyle), 0, kRamStyles},
      {std::string(kMemMode), 0, kMemModes},
      {std::string(kImplStyle),
       0,
       {"auto", "popcount", "lut", "dsp", "packed", "adder_graph", "comparators", "search"}},
      {std::string(kParallelWindow), 0, {}},
      {std::string(kLeastRing), 0, {}},
      {std::string(kRuntimeWeights), 0, {}},
      {std::string(kInDepths), 0, {}},
      {std::string(kOutDepths), 0, {}}};
  const auto known = std::ranges::find(all, field, &Field::name);
  if (known == all.end()) {
    std::vector<std::string> names(all.size());
    std::ranges::transform(all, names.begin(), &Field::name);
    user_error("no layer has a field '{}'; the fields are {}", printable(field), joined(names));
  }
  if (known->words.empty() && !known->is_flag() && !known->is_depths()) {
    const auto* number = std::get_if<std::int64_t>(&value);
    return number && *number >= 1 ? std::nullopt : std::optional<std::string>("divisors, from 1");
  }
  return allows(*known, value) ? std::nullopt : std::optional(allowed_text(*known));
}

FoldingConfig folding_wishes(const FoldingConfig& config, WishKind kind) {
  static const std::set<std::string_view> folds = {"PE",       "SIMD",    kParallelWindow,
                                                   kLeastRing, kInDepths, kOutDepths};
  FoldingConfig result = config;
  for (auto& [node, fields] : result)
    std::erase_if(fields, [&](const auto& field) {
      return folds.contains(field.first) != (kind == WishKind::kFolding);
    });
  return result;
}

FoldingConfig folding_config(const Graph& graph) {
  FoldingConfig config;
  for (const auto& node : graph.nodes()) {
    if (node->as<hw::StreamingFIFO>() || node->as<hw::StreamingDataWidthConverter>()) continue;
    if (node->name == kDefaults) continue;  // would speak for all others
    for (const Field& field : fields_of(*node)) {
      Reader reader(field.name);
      node->op->fields(reader);
      if (reader.value) config[node->name][field.name] = *reader.value;
    }
  }
  return config;
}

}  // namespace assay
