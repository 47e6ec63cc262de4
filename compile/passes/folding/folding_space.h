// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/devices.h"
#include "compile/passes/layers/specialize_layers.h"

namespace assay {

/// One way to fold a layer.
struct FoldingCandidate {
  std::vector<std::int64_t> values;  ///< of the fields, in the order of the layer's rules
  bool decoupled = false;            ///< weights in a memory of their own
  std::string style;   ///< of products: "lut", "dsp", "packed", "adder_graph"; empty: as it is
  std::string memory;  ///< ram_style; empty: as it is
  std::string generator_memory;      ///< of the generator; empty: as it is
  bool parallel_window = false;      ///< of the unit's window generator, where it has one,
  bool least_ring = false;           ///< as is this
  std::int64_t cycles = 0;           ///< per frame
  std::int64_t lanes = 1, simd = 1;  ///< the product of the values; the field SIMD
  hw::Resources resources;
  std::vector<std::int64_t> in_lanes, out_lanes;  ///< per stream
};

/// A layer that is folded by itself: a node and, where it reads grouped windows, their generator,
/// whose SIMD is its PE.
struct FoldingUnit {
  Node* node = nullptr;
  Node* generator = nullptr;
  std::vector<FoldingCandidate> candidates;  ///< at least one

  void apply(const FoldingCandidate& candidate) const;
};

/// A stream between two units.
struct FoldingEdge {
  std::size_t writer = 0, output = 0, reader = 0, input = 0;
  int bits = 0;  ///< of an element
};

/// All foldings of all layers of a graph, and the streams between them.
struct FoldingSpace {
  std::vector<FoldingUnit> units;  ///< in topological order of the nodes
  std::vector<FoldingEdge> edges;
};

/// Enumerates the foldings with their resources on the device. A field that `config` decides keeps
/// its present value; mem_mode is chosen between "embedded" and block RAM unless it is decided or
/// "external". Unless they are decided, windows come tap by tap or whole, the former from a ring in
/// which frames overlap or from the least one with a FIFO in front, multipliers lie in LUTs or DSP
/// blocks and, on a device without memories of LUTs, every memory in registers or block RAM. A small
/// constant matrix at once may be an adder graph, where half its speed would be too slow for the
/// `wanted` cycles per frame.
/// UserError for a layer that cannot be built at all.
FoldingSpace folding_space(Graph& graph, const FoldingConfig& config, const hw::Device& device,
                           std::int64_t wanted);

/// What a converter between streams of such lanes takes; nothing for equal ones.
hw::Resources converter_resources(std::int64_t in_lanes, std::int64_t out_lanes, int bits,
                                  const hw::Device& device);

}  // namespace assay
