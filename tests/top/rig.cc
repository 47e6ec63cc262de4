// SPDX-License-Identifier: Apache-2.0
#include "top/rig.h"

#include <fmt/format.h>

#include <random>

#include "compile/base/file.h"
#include "golden/exact/executor.h"

namespace assay::top {
namespace {

namespace fs = std::filesystem;

Ints scattered(std::int64_t count, int seed) {
  Ints values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back((i * 5 + seed + i / 7) % 7 - 3);
  return values;
}

ExactRun golden_run(const Graph& graph, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<ExactInput> ranges;
  ExactRequest request;
  request.checkpoints = false;
  request.keep_all = true;
  for (const Tensor* input : graph.inputs()) {
    const DataType& dtype = input->dtype;
    ranges.push_back(ExactInput::integers(dtype.min(), dtype.max()));
    Ints values;
    for (std::int64_t i = 0; i < hw::elements(input); ++i)
      values.push_back(dtype.min() +
                       static_cast<std::int64_t>(
                           random() % static_cast<std::uint64_t>(dtype.max() - dtype.min() + 1)));
    request.inputs.push_back({values});
  }
  return ExactExecutor(graph, ranges).run(request);
}

}  // namespace

sim::ModelCache& model_cache() {
  static sim::ModelCache instance(fs::read_symlink("/proc/self/exe").parent_path() / "models");
  return instance;
}

Tensor* Builder::input(std::string_view name, Shape shape, DataType dtype) {
  Tensor* tensor = graph_.add_input(name, std::move(shape));
  tensor->dtype = dtype;
  return tensor;
}

Tensor* Builder::constant(Shape shape, Ints values, DataType dtype) {
  Tensor* tensor = graph_.add_constant("c", Constant(std::move(shape), std::move(values)));
  tensor->dtype = dtype;
  return tensor;
}

std::vector<Tensor*> Builder::layer(std::string_view name, std::unique_ptr<hw::HwOp> op,
                                    std::vector<Tensor*> inputs,
                                    const std::vector<DataType>& dtypes) {
  op->partition = 0;
  std::vector<Tensor*> outputs;
  for (const DataType& dtype : dtypes) {
    outputs.push_back(graph_.add_tensor(name));
    outputs.back()->dtype = dtype;
  }
  graph_.add_node(std::move(op), std::move(inputs), outputs, name);
  infer_shapes(graph_);
  return outputs;
}

std::vector<Tensor*> Builder::copies(Tensor* x, std::size_t count, std::int64_t lanes) {
  auto op = std::make_unique<hw::DuplicateStreams>();
  op->pe = lanes;
  return layer("copies", std::move(op), {x}, std::vector<DataType>(count, x->dtype));
}

Tensor* Builder::fifo(std::string_view name, Tensor* x, std::int64_t depth, std::int64_t lanes) {
  hw::StreamingFIFO op;
  op.lanes = lanes;
  op.depth = depth;
  return add(name, op, {x}, x->dtype);
}

Tensor* Builder::product(std::string_view name, Tensor* x, std::int64_t rows, int seed) {
  hw::MVAU op;
  op.acc_dtype = DataType::sint(12);
  const std::int64_t columns = x->shape.value().back();
  return add(name, op,
             {x, constant({columns, rows}, scattered(columns * rows, seed), DataType::sint(3))},
             op.acc_dtype);
}

Graph Builder::finish(std::vector<Tensor*> outputs) {
  for (Tensor* output : outputs) graph_.add_output(output);
  verify(graph_);
  return std::move(graph_);
}

Graph residual_graph(std::int64_t depth) {
  Builder b;
  const std::vector<Tensor*> x = b.copies(b.input("image", {1, 4, 4, 2}, DataType::uint(3)), 2);
  hw::FMPadding padding;
  padding.pads = {1, 1, 1, 1};
  hw::ConvolutionInputGenerator windows;
  windows.kernel = {3, 3};
  Tensor* conv = b.add("padding", padding, {x[0]}, DataType::uint(3));
  conv = b.add("windows", windows, {conv}, DataType::uint(3));
  conv = b.product("conv", conv, 2, 1);
  return b.finish(
      {b.add("join", hw::AddStreams{}, {conv, b.fifo("bypass", x[1], depth)}, DataType::sint(13))});
}

Graph gate_graph(std::int64_t depth) {
  Builder b;
  const std::vector<Tensor*> x = b.copies(b.input("image", {1, 4, 4, 2}, DataType::uint(3)), 2);
  Tensor* squeezed = b.add("squeeze", hw::GlobalAccPool{}, {x[0]}, DataType::uint(7));
  squeezed = b.product("excite", squeezed, 2, 1);
  return b.finish({b.add("gate", hw::EltwiseMul{}, {b.fifo("bypass", x[1], depth), squeezed},
                         DataType::sint(15))});
}

Graph dense_graph() {
  Builder b;
  Tensor* x = b.input("image", {1, 8}, DataType::uint(3));
  const auto steps = [&](const char* name, Tensor* value) {
    hw::Thresholding op;
    op.levels.out_dtype = DataType::uint(2);
    return b.add(name, op, {value, b.constant({1, 3}, {-6, 1, 9}, DataType::sint(12))},
                 DataType::uint(2));
  };
  x = steps("steps1", b.product("first", x, 8, 1));
  x = steps("steps2", b.product("second", x, 8, 3));
  return b.finish({b.product("third", x, 3, 2)});
}

Rig::Rig(Graph built, std::int64_t frames, std::size_t partition)
    : graph(std::move(built)), frames_(frames), dir_(folder_.path() / "run") {
  top = prepare_top(dataflow_partitions(graph).at(partition), "accelerator");
  top.folder = "rtl/top";
  dir_.make_folder(top.folder);
  for (const StitchedNode& node : top.rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images)
      dir_.write("rtl/top/" + node.file(image), image.hex());
  for (std::int64_t f = 0; f < frames; ++f) {
    const ExactRun run = golden_run(graph, static_cast<std::uint64_t>(f) + 1);
    add_frame(
        top, top_frame(top, [&](const Tensor* tensor) { return integers(run.values.at(tensor)); }));
  }
  hash_content(top);
}

void Rig::patch(const std::string& file, const std::string& from, const std::string& to) {
  for (sim::SourceFile& source : top.spec.sources) {
    if (source.name != file) continue;
    const std::size_t at = source.text.find(from);
    ASSERT_NE(at, std::string::npos) << source.text;
    source.text.replace(at, from.size(), to);
    return;
  }
  FAIL() << "no source is called " << file;
}

void Rig::swap_files(const std::string& a, const std::string& b) {
  const std::string first = read_file(dir_.file("rtl/top/" + a)),
                    second = read_file(dir_.file("rtl/top/" + b));
  EXPECT_NE(first, second);
  dir_.write("rtl/top/" + a, second);
  dir_.write("rtl/top/" + b, first);
}

SimRun Rig::run(sim::Profile profile, std::vector<PlantedFault> planted) {
  SimRun run;
  run.profile = profile;
  run.seed = 7;
  run.frames = frames_;
  for (const StitchedPort& p : top.rtl.masters)
    run.predicted += top.rtl.streams[p.stream].stream.beats * frames_;
  run.planted = std::move(planted);
  const SimRunner runner(dir_, model_cache());
  runner.run(top, model_cache().get(top.spec), run);
  return run;
}

sim::Result Rig::stamped(const SimRun& run) {
  return SimRunner(dir_, model_cache()).stamped(top, model_cache().get(top.spec), run);
}

std::size_t Rig::written_by(const std::string& node) const {
  for (std::size_t s = 0; s < top.rtl.streams.size(); ++s) {
    const auto& writer = top.rtl.streams[s].writer;
    if (writer && top.rtl.nodes[*writer].node->name == node) return s;
  }
  ADD_FAILURE() << "no node is called " << node;
  return 0;
}

}  // namespace assay::top
