// SPDX-License-Identifier: Apache-2.0
#include "harness/build/driver_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "compile/backend/host/c_host.h"
#include "compile/backend/host/driver.h"
#include "compile/backend/verilog/stitch.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/rtl/node_model.h"
#include "harness/rtl/top_run.h"
#include "harness/run/network.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

template <typename T>
std::string npy_as(const Shape& shape, const std::vector<std::int64_t>& values) {
  const std::vector<T> narrow(values.begin(), values.end());
  return encode_npy(make_npy<T>(shape, std::span<const T>(narrow)));
}

StitchedRtl stitched(const Graph& graph) {
  const DataflowPartition p = only_accelerator(graph, "a driver");
  return stitch({"accelerator", p.nodes, p.inputs, p.outputs});
}

std::vector<host::DriverStream> streams_of(const std::vector<host::StreamLayout>& layouts,
                                           const DriverPlace& place) {
  std::vector<host::DriverStream> streams;
  for (const host::StreamLayout& layout : layouts) {
    const auto mover = std::ranges::find(place.movers, layout.prefix, &DataMover::stream);
    const auto index = static_cast<std::size_t>(mover - place.movers.begin());
    streams.push_back({layout, *mover, place.addresses.at(index)});
  }
  return streams;
}

const Tensor* tensor_of(const StitchedRtl& rtl, const std::string& prefix) {
  for (const auto* ports : {&rtl.slaves, &rtl.masters})
    for (const StitchedPort& port : *ports)
      if (port.prefix == prefix) return rtl.streams.at(port.stream).stream.tensor;
  return nullptr;
}

/// The beats of a frame of weights that come as a stream, byte by byte.
std::vector<std::int64_t> weight_bytes_of(const StitchedRtl& rtl,
                                          const host::StreamLayout& layout) {
  const auto port = std::ranges::find(rtl.slaves, layout.prefix, &StitchedPort::prefix);
  const StitchedStream& s = rtl.streams.at(port->stream);
  hw::Stream words = s.stream;
  words.last = false;
  const sim::Tokens tokens = stream_tokens(rtl.nodes[s.reader.value()].layer, words, {});
  std::vector<std::int64_t> bytes;
  for (std::int64_t beat = 0; beat < layout.beats; ++beat)
    for (std::int64_t byte = 0; byte < layout.beat_bytes; ++byte)
      bytes.push_back(tokens.beat(beat)[byte]);
  return bytes;
}

}  // namespace

void join_tail(const Graph& left, HostTail& tail, std::vector<host::StreamLayout>& outputs) {
  if (tail.empty()) return;
  if (outputs.size() != left.outputs().size())
    user_error("the accelerator puts out {} streams, and the network in front of the host has {}",
               outputs.size(), left.outputs().size());
  const bool labels = outputs.size() == 1 && !outputs[0].unit,
             own = std::ranges::any_of(left.checkpoints(), [&](const Checkpoint&c) {
               return c.kind == Checkpoint::Kind::kLabel && c.tensor == left.outputs()[0];
             });
  if (labels && !own) {
    tail = {};
    return;
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i].tensor = left.outputs()[i]->name;
}

HostArrays::HostArrays(const StitchedRtl& rtl, std::vector<host::StreamLayout> inputs,
                       std::vector<host::StreamLayout> outputs) {
  for (host::StreamLayout& layout : inputs) {
    const Tensor* tensor = tensor_of(rtl, layout.prefix);
    Array& array = inputs_.emplace_back(Array{std::move(layout), tensor, {}, {}});
    if (array.layout.constant) array.add(weight_bytes_of(rtl, array.layout));
  }
  for (host::StreamLayout& layout : outputs) {
    const Tensor* tensor = tensor_of(rtl, layout.prefix);
    outputs_.push_back({std::move(layout), tensor, {}, {}});
  }
}

void HostArrays::add(const ExactRun& run) {
  for (auto* arrays : {&inputs_, &outputs_})
    for (Array& array : *arrays)
      if (!array.layout.constant) array.add(integers(run.values.at(array.tensor)));
  ++images_;
}

std::vector<NodeRtl::File> HostArrays::files() const {
  std::vector<NodeRtl::File> files;
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    files.push_back(
        {fmt::format("input_{}.npy", i), inputs_[i].npy(inputs_[i].layout.constant ? 1 : images_)});
  for (std::size_t i = 0; i < outputs_.size(); ++i)
    files.push_back({fmt::format("golden_{}.npy", i), outputs_[i].npy(images_)});
  return files;
}

/// A frame's values, which are in the stream's order.
void HostArrays::Array::add(const std::vector<std::int64_t>& frame) {
  std::vector<int> perm = layout.perm;
  if (perm.empty()) {
    perm.resize(layout.shape.size());
    std::iota(perm.begin(), perm.end(), 0);
  }
  Shape strides(layout.shape.size(), 1), whole;
  for (std::size_t axis = strides.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * layout.shape[axis];
  for (const int axis : perm) whole.push_back(layout.shape[static_cast<std::size_t>(axis)]);
  for (std::int64_t i = 0; i < std::ssize(frame); ++i) {
    std::int64_t rest = i, at = 0;
    for (std::size_t axis = whole.size(); axis-- > 0; rest /= whole[axis])
      at += rest % whole[axis] * strides[static_cast<std::size_t>(perm[axis])];
    values.push_back(frame[static_cast<std::size_t>(at)]);
  }
  shape.assign(whole.begin() + 1, whole.end());
}

/// In the narrowest of three types that holds all.
std::string HostArrays::Array::npy(std::int64_t images) const {
  Shape all = shape;
  all.insert(all.begin(), images);
  const auto [low, high] = std::ranges::minmax(values);
  if (low >= 0 && high <= 255) return npy_as<std::uint8_t>(all, values);
  if (low >= -128 && high <= 127) return npy_as<std::int8_t>(all, values);
  return npy_as<std::int64_t>(all, values);
}

DriverPackages driver_packages(const RtlSession& session, const DriverPlace& place,
                               const Console& console) {
  const StitchedRtl rtl = stitched(session.graph);
  host::DriverSpec spec;
  spec.network = session.graph.name;
  spec.content_hash = place.movers.at(0).choice.content_hash;
  spec.bitfile = place.bitfile;
  spec.clock_mhz = place.clock_mhz;
  spec.sets_clock = place.sets_clock;
  spec.by_xrt = place.by_xrt;
  if (place.weights)
    spec.weights = {place.weights->cell, place.weights->address, place.weights->range, rtl.stores};
  const std::vector<host::StreamLayout> inputs = host::input_layouts(session.graph, rtl);
  std::vector<host::StreamLayout> outputs = host::output_layouts(session.graph, rtl);
  const std::filesystem::path model = read_run_alone(session.dir.path()).report.model;
  const Graph left = complete_network(read_file(model), model, console, &spec.tail);
  join_tail(left, spec.tail, outputs);
  spec.inputs = streams_of(inputs, place);
  spec.outputs = streams_of(outputs, place);
  std::vector<NodeRtl::File> files;
  if (!place.by_xrt) files = host::pynq_driver(spec);
  HostArrays arrays(rtl, inputs, outputs);
  session.for_each_image(console, [&](const ExactRun& run) { arrays.add(run); });
  for (NodeRtl::File& file : arrays.files()) files.push_back(std::move(file));
  std::ranges::sort(files, {}, &NodeRtl::File::name);
  return {std::move(files), host::c_host(spec)};
}

}  // namespace assay
