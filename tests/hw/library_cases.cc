// SPDX-License-Identifier: Apache-2.0
#include "hw/library_cases.h"

namespace assay::hw::test {
namespace {

constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

/// Values that look random and lie in [low, high].
Ints scattered(std::int64_t count, std::int64_t low, std::int64_t high) {
  Ints values;
  std::int64_t state = 12345;
  for (std::int64_t i = 0; i < count; ++i) {
    state = (state * 1103515245 + 12345) % 2147483648;
    values.push_back(low + state / 65536 % (high - low + 1));
  }
  return values;
}

template <typename T>
LayerCase one(std::string name, T op, Shape shape, DataType in, DataType out) {
  NodeGraph g;
  Tensor* x = g.input(std::move(shape), in);
  return {std::move(name), g.node(std::move(op), {x}, {out})};
}

/// A layer that hands the elements on.
template <typename T>
LayerCase same(std::string name, T op, Shape shape, DataType dtype) {
  return one(std::move(name), std::move(op), std::move(shape), dtype, dtype);
}

LayerCase padding(std::string name, std::vector<std::int64_t> pads,
                  std::vector<std::int64_t> insert) {
  FMPadding op;
  op.pads = std::move(pads);
  op.insert = std::move(insert);
  op.pad_value = 3;
  op.simd = 2;
  return same(std::move(name), op, {1, 3, 3, 4}, kInt(4));
}

/// A row is left over below the last windows.
LayerCase windows(std::string name, bool depthwise, bool parallel, std::string ram_style) {
  ConvolutionInputGenerator op;
  op.kernel = {2, 3};
  op.stride = {2, 1};
  op.simd = parallel && !depthwise ? 4 : 2;
  op.depthwise = depthwise;
  op.parallel_window = parallel;
  op.ram_style = std::move(ram_style);
  return same(std::move(name), op, {1, 5, 5, 4}, kInt(3));
}

struct Product {
  DataType x, w;
  std::string mem_mode = "embedded", style = "auto";
  std::int64_t pe = 2, simd = 3;
  bool xnor = false;
  std::int64_t steps = 3;  ///< 0: no thresholds
  bool writable = false;   ///< at run time; nobody drives the ring of a lone layer
};

/// The weights of a product, as many as `shape` has.
Tensor* weights(NodeGraph& g, const Shape& shape, const DataType& dtype) {
  Ints values = scattered(element_count(shape), dtype.min(), dtype.max());
  for (std::int64_t& v : values)
    if (!dtype.allows(v)) v = 1;  // BIPOLAR has no 0
  return g.constant(shape, std::move(values), dtype);
}

Tensor* thresholds(NodeGraph& g, std::int64_t rows, std::int64_t steps, std::int64_t first,
                   std::int64_t distance) {
  Ints values;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t k = 0; k < steps; ++k) values.push_back(first + row % 3 + k * distance);
  return g.constant({rows, steps}, std::move(values), kInt(16));
}

template <typename T>
LayerCase product(std::string name, T op, const Product& p, Shape x_shape, Shape w_shape) {
  NodeGraph g;
  Tensor* x = g.input(std::move(x_shape), p.x);
  const std::int64_t rows = w_shape[1];
  op.pe = p.pe;
  op.simd = p.simd;
  op.acc_dtype = p.xnor ? kUInt(4) : kInt(12);
  op.mem_mode = p.mem_mode;
  op.preferred_impl_style = p.style;
  op.runtime_writeable_weights = p.writable;
  const DataType out = p.steps > 0 ? kUInt(p.steps > 3 ? 3 : 2) : op.acc_dtype;
  op.levels.out_dtype = out;
  Tensor* w = weights(g, w_shape, p.w);
  Tensor* t = p.steps > 0 ? thresholds(g, rows, p.steps, p.xnor ? 1 : -5, p.xnor ? 1 : 4) : nullptr;
  return {std::move(name), g.node(std::move(op), {x, w, t}, {out})};
}

LayerCase mvau(std::string name, const Product& p) {
  MVAU op;
  op.xnor = p.xnor;
  return product(std::move(name), op, p, {1, 2, 1, 6}, {6, 4});
}

LayerCase vvau(std::string name, const Product& p) {
  return product(std::move(name), VVAU(), p, {1, 2, 1, 24}, {6, 4});
}

LayerCase thresholding(std::string name, std::int64_t steps, std::string style,
                       std::string ram_style, bool writable = false) {
  NodeGraph g;
  Tensor* x = g.input({1, 2, 3, 4}, kInt(5));
  Tensor* t = thresholds(g, 4, steps, -10, 3);
  Thresholding op;
  op.pe = 2;
  op.preferred_impl_style = std::move(style);
  op.ram_style = std::move(ram_style);
  op.runtime_writeable_weights = writable;
  op.levels.out_dtype = kUInt(3);
  return {std::move(name), g.node(op, {x, t}, {op.levels.out_dtype})};
}

/// A border of one pixel with rows of its own.
LayerCase thresholding_by_position(std::string name) {
  NodeGraph g;
  Tensor* x = g.input({1, 3, 4, 4}, kInt(5));
  Ints values;
  for (std::int64_t pixel = 0; pixel < 3 * 4; ++pixel) {
    const bool border = pixel / 4 != 1 || pixel % 4 == 0 || pixel % 4 == 3;
    for (std::int64_t row = 0; row < 4 * 3; ++row)
      values.push_back((border ? row % 5 - 9 : row % 4 - 4) + 5 * (row % 3));
  }
  Tensor* t = g.constant({1, 3, 4, 4, 3}, std::move(values), kInt(8));
  Thresholding op;
  op.pe = 2;
  op.preferred_impl_style = "comparators";
  op.ram_style = "distributed";
  op.levels.out_dtype = kUInt(2);
  return {std::move(name), g.node(op, {x, t}, {op.levels.out_dtype})};
}

LayerCase join_table(std::string name, bool writable = false) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 2, 3, 4}, kInt(5));
  Tensor* x1 = g.input({1, 2, 3, 4}, kUInt(2));
  Ints values;
  for (std::int64_t row = 0; row < 4 * 4; ++row)
    for (std::int64_t k = 0; k < 3; ++k) values.push_back(row % 7 - 8 + 4 * k);
  Tensor* t = g.constant({1, 1, 1, 4, 4, 3}, std::move(values), kInt(8));
  JoinThreshold op;
  op.pe = 2;
  op.runtime_writeable_weights = writable;
  op.levels.out_dtype = kUInt(2);
  return {std::move(name), g.node(op, {t, nullptr, x0, x1}, {op.levels.out_dtype})};
}

LayerCase join_line(std::string name, bool writable = false) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 2, 3, 4}, kInt(4));
  Tensor* x1 = g.input({1, 2, 3, 4}, kUInt(3));
  Tensor* m = g.constant({1, 1, 1, 4, 2}, {3, -2, 5, 1, 4, 4, -3, 2}, kInt(4));
  Ints values;
  for (std::int64_t row = 0; row < 4; ++row)
    for (std::int64_t k = 0; k < 3; ++k) values.push_back(row * 2 - 12 + 11 * k);
  Tensor* t = g.constant({1, 1, 1, 4, 3}, std::move(values), kInt(8));
  JoinThreshold op;
  op.pe = 2;
  op.runtime_writeable_weights = writable;
  op.levels.out_dtype = kUInt(2);
  return {std::move(name), g.node(op, {t, m, x0, x1}, {op.levels.out_dtype})};
}

LayerCase add_streams(std::string name) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 2, 3, 4}, kInt(4));
  Tensor* x1 = g.input({1, 2, 3, 4}, kUInt(3));
  AddStreams op;
  op.pe = 2;
  return {std::move(name), g.node(op, {x0, x1}, {kInt(5)})};
}

/// `b`: the factors of {1, 2, 3, 4}.
LayerCase eltwise_mul(std::string name, Shape b, std::string ram_style) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 2, 3, 4}, kInt(4));
  Tensor* x1 = g.input(std::move(b), kUInt(3));
  EltwiseMul op;
  op.pe = 2;
  op.ram_style = std::move(ram_style);
  return {std::move(name), g.node(op, {x0, x1}, {kInt(7)})};
}

LayerCase channelwise(std::string name, std::string function, DataType out) {
  NodeGraph g;
  Tensor* x = g.input({1, 2, 3, 6}, kInt(4));
  Tensor* p = g.constant({6}, {3, -7, 0, 5, -1, 2});
  ChannelwiseOp op;
  op.pe = 2;
  op.function = std::move(function);
  return {std::move(name), g.node(op, {x, p}, {out})};
}

LayerCase pool(std::string name, std::string function, std::int64_t shift, DataType out) {
  Pool op;
  op.function = std::move(function);
  op.taps = 4;
  op.shift = shift;
  op.pe = 2;
  return one(std::move(name), op, {1, 2, 2, 16}, kInt(4), out);
}

LayerCase global_pool(std::string name, std::string ram_style) {
  GlobalAccPool op;
  op.shift = 2;
  op.pe = 2;
  op.ram_style = std::move(ram_style);
  return one(std::move(name), op, {1, 2, 3, 6}, kInt(4), kInt(5));
}

LayerCase label_select(std::string name) {
  NodeGraph g;
  Tensor* x = g.input({1, 12}, kInt(4));
  LabelSelect op;
  op.k = 3;
  op.pe = 2;
  return {std::move(name), g.node(op, {x}, {kInt(4), kUInt(4)})};
}

LayerCase duplicate(std::string name) {
  NodeGraph g;
  Tensor* x = g.input({1, 2, 3, 4}, kInt(4));
  DuplicateStreams op;
  op.pe = 2;
  return {std::move(name), g.node(op, {x}, {kInt(4), kInt(4), kInt(4)})};
}

LayerCase concat(std::string name) {
  NodeGraph g;
  Tensor* x0 = g.input({1, 3, 2, 4}, kInt(3));
  Tensor* x1 = g.input({1, 3, 2, 2}, DataType::bipolar());
  Tensor* x2 = g.input({1, 3, 2, 6}, kUInt(2));
  StreamingConcat op;
  op.pe = 2;
  return {std::move(name), g.node(op, {x0, x1, x2}, {kInt(4)})};
}

LayerCase split(std::string name) {
  NodeGraph g;
  Tensor* x = g.input({1, 3, 2, 12}, kInt(3));
  StreamingSplit op;
  op.channels = {4, 2, 6};
  op.pe = 2;
  return {std::move(name), g.node(op, {x}, {kInt(3), kInt(3), kInt(3)})};
}

LayerCase upsample(std::string name, std::string ram_style) {
  UpsampleNearestNeighbour op;
  op.scale = {2, 3};
  op.simd = 2;
  op.ram_style = std::move(ram_style);
  return same(std::move(name), op, {1, 2, 3, 4}, kInt(4));
}

LayerCase pick(std::string name, std::string ram_style) {
  Pick op;
  op.rows = {1, 0, 1, 2, 1};
  op.columns = {1, 0, 1, 2, 3, 2};
  op.simd = 2;
  op.ram_style = std::move(ram_style);
  return same(std::move(name), op, {1, 3, 4, 4}, kInt(4));
}

LayerCase converter(std::string name, std::int64_t in_lanes, std::int64_t out_lanes) {
  StreamingDataWidthConverter op;
  op.in_lanes = in_lanes;
  op.out_lanes = out_lanes;
  return same(std::move(name), op, {1, 60}, kInt(3));
}

LayerCase queue(std::string name, std::int64_t depth, std::string ram_style) {
  StreamingFIFO op;
  op.depth = depth;
  op.lanes = 2;
  op.ram_style = std::move(ram_style);
  return same(std::move(name), op, {1, 60}, kInt(3));
}

LayerCase marker(std::string name) {
  TLastMarker op;
  op.lanes = 2;
  return same(std::move(name), op, {1, 22}, kInt(3));
}

}  // namespace

std::vector<LayerCase> library_cases() {
  const DataType bipolar = DataType::bipolar();
  std::vector<LayerCase> cases;
  cases.push_back(padding("FMPadding", {1, 2, 0, 1}, {1, 1}));
  cases.push_back(padding("FMPaddingInsert", {0, 1, 1, 0}, {2, 3}));
  cases.push_back(windows("Windows", false, false, "distributed"));
  cases.push_back(windows("WindowsDepthwise", true, false, "distributed"));
  cases.push_back(windows("WindowsParallel", false, true, "distributed"));
  cases.push_back(windows("WindowsBlock", false, false, "block"));
  cases.push_back(mvau("MvauPopcount", {.x = kUInt(2), .w = kInt(2), .style = "popcount"}));
  cases.push_back(mvau("MvauXnor", {.x = kUInt(1), .w = kUInt(1), .xnor = true}));
  cases.push_back(mvau("MvauBipolar", {.x = bipolar, .w = bipolar, .steps = 0}));
  cases.push_back(
      mvau("MvauLut", {.x = kInt(3), .w = kInt(4), .mem_mode = "decoupled", .style = "lut"}));
  cases.push_back(
      mvau("MvauExternal", {.x = kUInt(3), .w = kInt(3), .mem_mode = "external", .style = "lut"}));
  cases.push_back(mvau("MvauDsp", {.x = kInt(4), .w = kInt(4), .style = "dsp", .steps = 7}));
  cases.push_back(mvau(
      "MvauWritable",
      {.x = kInt(3), .w = kInt(4), .mem_mode = "decoupled", .style = "lut", .writable = true}));
  cases.push_back(
      mvau("MvauPacked", {.x = kUInt(4), .w = kInt(4), .style = "packed", .pe = 4, .steps = 0}));
  cases.push_back(mvau("MvauAdders",
                       {.x = kUInt(2), .w = kInt(7), .style = "adder_graph", .pe = 4, .simd = 6}));
  cases.push_back(
      mvau("MvauAddersSteps",
           {.x = kInt(3), .w = kInt(4), .style = "adder_graph", .pe = 4, .simd = 6, .steps = 5}));
  cases.push_back(
      mvau("MvauAddersBipolar",
           {.x = bipolar, .w = kInt(4), .style = "adder_graph", .pe = 4, .simd = 6, .steps = 0}));
  cases.push_back(vvau("Vvau", {.x = kUInt(2), .w = kInt(3), .style = "lut"}));
  cases.push_back(vvau("VvauWritable", {.x = kUInt(2),
                                        .w = kInt(3),
                                        .mem_mode = "decoupled",
                                        .style = "lut",
                                        .steps = 7,
                                        .writable = true}));
  cases.push_back(thresholding("ThresholdingCompare", 3, "comparators", "distributed"));
  cases.push_back(thresholding("ThresholdingSearch", 7, "search", "distributed"));
  cases.push_back(thresholding("ThresholdingBlock", 7, "search", "block"));
  cases.push_back(thresholding("ThresholdingWritable", 7, "search", "distributed", true));
  cases.push_back(thresholding("ThresholdingWritableBlock", 3, "comparators", "block", true));
  cases.push_back(thresholding_by_position("ThresholdingPosition"));
  cases.push_back(join_table("JoinTable"));
  cases.push_back(join_table("JoinTableWritable", true));
  cases.push_back(join_line("JoinLine"));
  cases.push_back(join_line("JoinLineWritable", true));
  cases.push_back(add_streams("AddStreams"));
  cases.push_back(eltwise_mul("EltwiseMul", {1, 2, 3, 4}, "distributed"));
  cases.push_back(eltwise_mul("EltwiseMulKept", {1, 1, 1, 4}, "distributed"));
  cases.push_back(channelwise("ChannelwiseAdd", "add", kInt(5)));
  cases.push_back(channelwise("ChannelwiseMul", "mul", kInt(8)));
  cases.push_back(channelwise("ChannelwiseMax", "max", kInt(4)));
  cases.push_back(pool("PoolMax", "max", 0, kInt(4)));
  cases.push_back(pool("PoolSum", "sum", 1, kInt(5)));
  cases.push_back(global_pool("GlobalAccPool", "distributed"));
  cases.push_back(label_select("LabelSelect"));
  cases.push_back(duplicate("DuplicateStreams"));
  cases.push_back(concat("StreamingConcat"));
  cases.push_back(split("StreamingSplit"));
  cases.push_back(upsample("Upsample", "distributed"));
  cases.push_back(pick("Pick", "distributed"));
  cases.push_back(pick("PickBlock", "block"));
  cases.push_back(converter("ConverterCollect", 2, 6));
  cases.push_back(converter("ConverterShift", 3, 2));
  cases.push_back(converter("ConverterSame", 2, 2));
  cases.push_back(queue("Fifo", 3, "distributed"));
  cases.push_back(queue("FifoBlock", 5, "block"));
  cases.push_back(marker("TLastMarker"));
  return cases;
}

}  // namespace assay::hw::test
