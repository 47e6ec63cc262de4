// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/backend/verilog/rtl_library.h"
#include "compile/hw/layer.h"

namespace assay {

/// The module of an adder graph, with the parameters and the ports that a layer of it has: one
/// assay_shift_adder per adder, its registers, and assay_adder_layer around them.
std::string adder_text(const hw::AdderGraph& graph);

/// A file that a layer's module is made of.
struct LayerSource {
  std::string name, text;
};

/// Those of rtl/ and, where the module is generated, its own, "assay_adder_graph_DIGEST.sv".
std::vector<LayerSource> layer_sources(const hw::Layer& layer);

}  // namespace assay
