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
#include "compile/base/file.h"
#include "golden/data/npy.h"
#include "harness/rtl/top_run.h"
#include "harness/run/network.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

/// Of many images; axes in the network's order.
struct Array {
  Shape shape;  ///< of one, without the batch
  std::vector<std::int64_t> values;
};

/// Adds a frame's values, which are in the stream's order.
void add(Array& array, const host::StreamLayout& layout, const std::vector<std::int64_t>& values) {
  std::vector<int> perm = layout.perm;
  if (perm.empty()) {
    perm.resize(layout.shape.size());
    std::iota(perm.begin(), perm.end(), 0);
  }
  Shape strides(layout.shape.size(), 1), shape;
  for (std::size_t axis = strides.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * layout.shape[axis];
  for (const int axis : perm) shape.push_back(layout.shape[static_cast<std::size_t>(axis)]);
  for (std::int64_t i = 0; i < std::ssize(values); ++i) {
    std::int64_t rest = i, at = 0;
    for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis])
      at += rest % shape[axis] * strides[static_cast<std::size_t>(perm[axis])];
    array.values.push_back(values[static_cast<std::size_t>(at)]);
  }
  array.shape.assign(shape.begin() + 1, shape.end());
}

template <typename T>
std::string npy_as(const Shape& shape, const std::vector<std::int64_t>& values) {
  const std::vector<T> narrow(values.begin(), values.end());
  return encode_npy(make_npy<T>(shape, std::span<const T>(narrow)));
}

/// In the narrowest of three types that holds all.
std::string npy_text(const Array& array, std::int64_t images) {
  Shape shape = array.shape;
  shape.insert(shape.begin(), images);
  const auto [low, high] = std::ranges::minmax(array.values);
  if (low >= 0 && high <= 255) return npy_as<std::uint8_t>(shape, array.values);
  if (low >= -128 && high <= 127) return npy_as<std::int8_t>(shape, array.values);
  return npy_as<std::int64_t>(shape, array.values);
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

void add_arrays(std::vector<NodeRtl::File>& files, const RtlSession& session,
                const StitchedRtl& rtl, const host::DriverSpec& spec, const Console& console) {
  std::vector<Array> inputs(spec.inputs.size()), outputs(spec.outputs.size());
  session.for_each_image(console, [&](const ExactRun& run) {
    const auto take = [&](std::vector<Array>& arrays,
                          const std::vector<host::DriverStream>& streams) {
      for (std::size_t i = 0; i < streams.size(); ++i)
        add(arrays[i], streams[i].layout,
            integers(run.values.at(tensor_of(rtl, streams[i].layout.prefix))));
    };
    take(inputs, spec.inputs);
    take(outputs, spec.outputs);
  });
  for (std::size_t i = 0; i < inputs.size(); ++i)
    files.push_back({fmt::format("input_{}.npy", i), npy_text(inputs[i], session.image_count)});
  for (std::size_t i = 0; i < outputs.size(); ++i)
    files.push_back({fmt::format("golden_{}.npy", i), npy_text(outputs[i], session.image_count)});
}

}  // namespace

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
  spec.inputs = streams_of(host::input_layouts(session.graph, rtl), place);
  spec.outputs = streams_of(host::output_layouts(session.graph, rtl), place);
  const std::filesystem::path model = read_run_alone(session.dir.path()).report.model;
  complete_network(read_file(model), model, console, &spec.tail);
  std::vector<NodeRtl::File> files;
  if (!place.by_xrt) files = host::pynq_driver(spec);
  add_arrays(files, session, rtl, spec, console);
  std::ranges::sort(files, {}, &NodeRtl::File::name);
  return {std::move(files), host::c_host(spec)};
}

}  // namespace assay
