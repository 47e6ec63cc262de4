// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "compile/hw/resource_model.h"

/// What MVAU and VVAU share as hardware: rtl/assay_mvu_layer.sv.
namespace assay::hw {

/// How the products of an MVAU or VVAU are made: its preferred_impl_style, "auto" decided. Bit
/// planes
/// ("popcount") up to four pairs of planes and for xnor, multipliers in DSP blocks ("dsp") from
/// 4 x 4 bits on, in LUTs ("lut") between. Several products to a DSP block ("packed") only where that
/// is asked for, or chosen by cost; so "adder_graph" (compile/hw/adder_graph.h), of whole constant
/// matrices.
std::string product_style(const Node& node);

/// A matrix of products: R rows of weights W [S, R], PE rows and SIMD columns a beat. `layer` gets
/// its module, parameters, output, cycles, memories, images and, for external weights, the second
/// input.
///
/// Of an adder graph there is no memory: its module is made of its weights. Else "weights.hex" has one
/// word per (row / PE, column / SIMD), in the order of time. A word is, for every lane of PE, for
/// "popcount" [plane][column % SIMD] of single bits, else the SIMD elements.
/// A beat of an external weight stream is such a word; the words repeat for every vector.
void add_products(Layer& layer, const Node& node, bool with_images);

FoldingRule pe_rule(const Node& node);
FoldingRule simd_rule(const Node& node);
void set_product_folding(Node& node, std::string_view field, std::int64_t value);
Ports product_ports(const Node& node);
void estimate_products(ResourceModel& m, const ModuleParameters& p);

}  // namespace assay::hw
