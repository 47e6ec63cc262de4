// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/host/stream_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/views.h"

namespace assay::host {
namespace {

/// Whether `tensor` holds the elements of `source` in their order.
bool same_order(const Tensor* tensor, const Tensor* source) {
  while (tensor != source) {
    if (!tensor->producer || !is_view(*tensor->producer)) return false;
    tensor = tensor->producer->inputs.at(0);
  }
  return true;
}

const Checkpoint* checkpoint_of(const Graph& graph, const Tensor* tensor, const Tensor* stream,
                                bool input) {
  const auto& all = graph.checkpoints();
  const auto it = std::ranges::find_if(all, [&](const Checkpoint& c) {
    return (c.kind == Checkpoint::Kind::kInput) == input &&
           (c.tensor == tensor ||
            (input ? same_order(stream, c.tensor)
                   : same_order(tensor, c.tensor) && same_order(c.tensor, stream)));
  });
  return it == all.end() ? nullptr : &*it;
}

StreamLayout layout_of(const Graph& graph, const StitchedRtl& rtl, const StitchedPort& port,
                       const Tensor* edge, bool input) {
  const hw::Stream& stream = rtl.streams.at(port.stream).stream;
  const Checkpoint* checkpoint = checkpoint_of(graph, edge, stream.tensor, input);
  if (!checkpoint)
    user_error("'{}' of the network has no checkpoint that is what the accelerator's {} carries",
               printable(edge->name), port.prefix);
  StreamLayout layout{
      checkpoint->name, edge->name,   port.prefix,  *checkpoint->tensor->shape, {},
      stream.dtype,     stream.lanes, stream.beats, port.tdata_bits() / 8,      checkpoint->unit,
      checkpoint->shift};
  layout.perm.assign(checkpoint->perm.begin(), checkpoint->perm.end());
  if (checkpoint->kind == Checkpoint::Kind::kLabel) layout.unit.reset(), layout.shift.reset();
  return layout;
}

StreamLayout weight_layout(const StitchedRtl& rtl, const StitchedPort& port) {
  const hw::Stream& stream = rtl.streams.at(port.stream).stream;
  StreamLayout layout;
  layout.name = layout.tensor = stream.tensor->name;
  layout.prefix = port.prefix;
  layout.beats = stream.beats;
  layout.lanes = layout.beat_bytes = port.tdata_bits() / 8;
  layout.shape = {1, layout.beats, layout.lanes};
  layout.dtype = DataType::uint(8);
  layout.constant = true;
  return layout;
}

}  // namespace

std::vector<StreamLayout> input_layouts(const Graph& graph, const StitchedRtl& rtl) {
  std::vector<StreamLayout> layouts;
  for (const StitchedPort& port : rtl.slaves) {
    const Tensor* tensor = rtl.streams.at(port.stream).stream.tensor;
    if (tensor->constant) {
      layouts.push_back(weight_layout(rtl, port));
      continue;
    }
    const auto edge = std::ranges::find_if(
        graph.inputs(), [&](const Tensor* input) { return same_order(tensor, input); });
    if (edge == graph.inputs().end())
      user_error("the accelerator's {} carries '{}', which is no input of the network in its order",
                 port.prefix, printable(tensor->name));
    layouts.push_back(layout_of(graph, rtl, port, *edge, true));
  }
  return layouts;
}

std::vector<StreamLayout> output_layouts(const Graph& graph, const StitchedRtl& rtl) {
  std::vector<StreamLayout> layouts;
  for (const Tensor* output : graph.outputs()) {
    const auto port = std::ranges::find_if(rtl.masters, [&](const StitchedPort& p) {
      return same_order(output, rtl.streams.at(p.stream).stream.tensor);
    });
    if (port == rtl.masters.end())
      user_error("output '{}' of the network is no stream of the accelerator in its order",
                 printable(output->name));
    layouts.push_back(layout_of(graph, rtl, *port, output, false));
  }
  return layouts;
}

}  // namespace assay::host
