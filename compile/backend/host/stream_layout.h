// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compile/backend/verilog/stitch.h"
#include "compile/graph/graph.h"

namespace assay::host {

/// A stream at the edge of an accelerator as a host has it: a frame's values as the network means them,
/// and as they lie in memory. A beat takes a slot; beats and frames follow each other without gaps. In a
/// slot lane 0 has the least significant bits, byte 0 comes first, and what is left is zero.
struct StreamLayout {
  std::string name;        ///< of the checkpoint, as the model calls it
  std::string tensor;      ///< of the graph's input or output
  std::string prefix;      ///< the accelerator's port: "s_axis"
  Shape shape;             ///< of the stream's elements in their order, with the batch of 1
  std::vector<int> perm;   ///< axis i of the network's is axis perm[i] here; empty: the same
  DataType dtype;          ///< of an element; BIPOLAR: its bit is 0 for -1
  std::int64_t lanes = 1;  ///< elements of a beat
  std::int64_t beats = 1;  ///< of a frame
  std::int64_t beat_bytes = 1;
  /// real = unit * value + shift, over the network's axes; nothing where the values are labels.
  std::optional<RealArray> unit, shift;
  bool constant =
      false;  ///< weights of a layer, every frame the same: a beat's bytes are its elements
};

/// The accelerator's streams from and to its memory: inputs as its slaves, outputs as its masters.
/// UserError where an edge is not what the network has there.
std::vector<StreamLayout> input_layouts(const Graph& graph, const StitchedRtl& rtl);
std::vector<StreamLayout> output_layouts(const Graph& graph, const StitchedRtl& rtl);

}  // namespace assay::host
