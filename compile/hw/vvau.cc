// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/mvau.h"

namespace assay::hw {
namespace vvau {

std::vector<FoldingRule> rules(const Node& node) { return {pe_rule(node), simd_rule(node)}; }

Layer build(const Node& node, bool with_images) {
  const auto& op = *node.as<VVAU>();
  Layer layer;
  layer.inputs = {stream(node, node.inputs[0], op.simd * op.pe)};
  add_products(layer, node, with_images);
  return layer;
}

}  // namespace vvau

const LayerHardware hardware::vvau = {vvau::rules, set_product_folding, vvau::build, product_ports,
                                      estimate_products};

}  // namespace assay::hw
