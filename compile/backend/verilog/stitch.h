// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compile/backend/verilog/node_rtl.h"
#include "compile/backend/verilog/weight_map.h"
#include "compile/graph/graph.h"
#include "compile/hw/layer.h"

namespace assay {

/// Hardware layers that become one module. Whatever lies between two of them changes neither the
/// elements nor their order.
struct StitchSpec {
  std::string module;              ///< an identifier
  std::vector<const Node*> nodes;  ///< hardware layers, in topological order
  /// The tensors that the layers read from outside and those that they give to the outside.
  std::vector<const Tensor*> inputs, outputs;
};

struct StitchedNode {
  const Node* node = nullptr;
  std::string name;  ///< of the instance, behind "u_", and in front of its memory files' names
  hw::Layer layer;
  std::vector<std::size_t> inputs, outputs;  ///< of its streams, the places in `streams`
  std::string ring;  ///< the wire behind its memories, where its module has a ring

  std::string file(const hw::MemoryImage& image) const { return name + "_" + image.name(); }
  /// The layer with its memory files' names as they are in the design's folder.
  hw::Layer with_files() const;
};

/// A stream of the design, between two layers or a layer and the edge. Its wires are
/// NAME_valid, NAME_ready and NAME_data.
struct StitchedStream {
  std::string name;
  std::optional<std::size_t> writer, reader;  ///< places in `nodes`; none: the edge
  hw::Stream stream;                          ///< the tensor is the writer's, if there is one
};

/// An AXI4-Stream port: PREFIX_tvalid, _tready, _tdata, _tlast.
struct StitchedPort {
  std::string prefix;      ///< "s_axis", "m_axis_1"
  std::size_t stream = 0;  ///< the place of what flows through it
  int bits = 0;            ///< of the data
  int tdata_bits() const { return (bits + 7) / 8 * 8; }
};

/// A dataflow design as one module.
struct StitchedRtl {
  std::string module;
  std::vector<NodeRtl::File> files;  ///< the library's and, last, the module's own
  std::vector<StitchedNode> nodes;   ///< as in the specification
  /// The slaves' first, then the writers' in the order of the nodes.
  std::vector<StitchedStream> streams;
  std::vector<StitchedPort> slaves, masters;
  /// Run-time weights in the order of their addresses. With any, the module has the port s_axi_weights.
  std::vector<WeightStore> stores;
};

/// The module: clk_i, rst_ni (synchronous, active low); s_axis[_<i>] per input and then per weight
/// stream; m_axis[_<i>] per output. tdata is padded to whole bytes: zeros on masters, ignored on
/// slaves. A master's tlast marks the last beat of every frame. A slave's is ignored: every layer
/// counts the beats of its frames itself, and there is no port to report a wrong one. With run-time
/// weights there is s_axi_weights (weight_map.h) in front of a control (rtl/assay_store_control.sv), which
/// the slaves pass and which resets the layers. Instances are
/// named after nodes, wires after tensors. UserError naming the nodes when the streams of a writer
/// and its reader differ, or when a tensor has no reader or several;
/// where run-time weights exceed the port's addresses.
StitchedRtl stitch(const StitchSpec& spec);

/// A simulation's view of the module, called `MODULE_monitored`: stream ports as sim::Design wants
/// them, per slave in<i> (TLAST above the data), per master out<i> (data with its padding, TLAST on
/// top) and per stream mon<i>, read inside of the unchanged module. `streams`: only these.
std::string monitored_text(const StitchedRtl& rtl);
std::string monitored_text(const StitchedRtl& rtl, std::span<const std::size_t> streams);
inline std::string monitored_module(const StitchedRtl& rtl) { return rtl.module + "_monitored"; }

}  // namespace assay
