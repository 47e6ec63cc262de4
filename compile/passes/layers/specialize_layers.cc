// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/layers/specialize_layers.h"

#include <algorithm>

#include "compile/hw/layer.h"
#include "compile/hw/mvau.h"
#include "compile/passes/layers/folding_config.h"

namespace assay {
namespace {

constexpr std::int64_t kMostComparators = 3;

bool decide(std::string& field, const std::string& value) {
  if (field != "auto") return false;
  field = value;
  return value != "auto";
}

/// Where the largest memory of a layer lies; small ones follow or have no choice.
std::string largest_style(const hw::Layer& layer) {
  const auto bits = [](const hw::MemoryNeed& need) { return need.words * need.bits; };
  const auto largest = std::ranges::max_element(layer.memories, {}, bits);
  return largest != layer.memories.end() && largest->style == "block" ? "block" : "distributed";
}

}  // namespace

bool specialize_layers(Graph& graph, PassContext& context) {
  bool changed = apply_folding_config(
      graph, folding_wishes(context.options.folding, WishKind::kImplementation), context.report);
  for (const auto& node : graph.nodes()) {
    bool decided = false;
    std::string style;
    if (auto* product = node->as<hw::MultiplyOp>()) {
      decided = decide(product->preferred_impl_style, hw::product_style(*node));
      style = product->preferred_impl_style;
    } else if (auto* thresholding = node->as<hw::Thresholding>()) {
      const bool few = node->inputs[1]->shape.value().back() <= kMostComparators;
      decided = decide(thresholding->preferred_impl_style, few ? "comparators" : "search");
      style = thresholding->preferred_impl_style;
    }
    if (decided) context.report.remarks.push_back({node->name, "implemented as " + style});
    changed |= decided;
  }
  return changed;
}

bool choose_memories(Graph& graph, PassContext& context) {
  bool changed = false;
  for (const auto& node : graph.nodes()) {
    auto* op = node->as<hw::HwOp>();
    if (!op || op->ram_style != "auto") continue;
    op->ram_style = largest_style(hw::build_layer(*node, false));
    if (op->ram_style == "block")
      context.report.remarks.push_back({node->name, "memory in block RAM"});
    changed = true;
  }
  return changed;
}

Node* grouped_reader(const Node& node) {
  const auto* generator = node.as<hw::ConvolutionInputGenerator>();
  if (!generator || !generator->depthwise) return nullptr;
  for (Node* reader : node.outputs[0]->consumers)
    if (reader->as<hw::VVAU>() || reader->as<hw::Pool>()) return reader;
  return nullptr;
}

bool follow_readers(Graph& graph) {
  bool changed = false;
  for (const auto& node : graph.nodes()) {
    const Node* reader = grouped_reader(*node);
    if (!reader) continue;
    const std::int64_t pe =
        reader->as<hw::VVAU>() ? reader->as<hw::VVAU>()->pe : reader->as<hw::Pool>()->pe;
    auto* generator = node->as<hw::ConvolutionInputGenerator>();
    changed |= generator->simd != pe;
    generator->simd = pe;
  }
  return changed;
}

}  // namespace assay
