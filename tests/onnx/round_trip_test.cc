// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "compile/graph/hw_ops.h"
#include "compile/graph/ops.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"
#include "compile/onnx/proto.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Writes a graph of one operator in few words.
class Sketch {
 public:
  Graph graph;

  Tensor* input(Shape shape, Container container = Container::kFloat32) {
    Tensor* tensor = graph.add_input("x", std::move(shape));
    tensor->container = container;
    if (container != Container::kFloat32) tensor->dtype = container_type(container);
    return tensor;
  }
  Tensor* scalar(float value) {
    return graph.add_constant("p", Constant(Shape{}, std::vector<float>{value}));
  }
  Tensor* floats(Shape shape, float first = 0.5F, float step = 0.25F) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < element_count(shape); ++i)
      values.push_back(first + step * static_cast<float>(i));
    return graph.add_constant("w", Constant(std::move(shape), std::move(values)));
  }
  Tensor* ints(Ints values, Container container = Container::kInt64) {
    const auto size = static_cast<std::int64_t>(values.size());
    return shaped_ints({size}, std::move(values), container);
  }
  Tensor* shaped_ints(Shape shape, Ints values, Container container) {
    Tensor* tensor = graph.add_constant("i", Constant(std::move(shape), std::move(values)));
    tensor->container = container;
    tensor->dtype = container_type(container);
    return tensor;
  }
  template <typename T>
  void finish(T op, std::vector<Tensor*> inputs) {
    std::vector<Tensor*> outputs;
    for (int i = 0; i < find_op(op.domain(), op.type())->outputs; ++i)
      outputs.push_back(graph.add_tensor("y" + std::to_string(i)));
    graph.add_node(std::make_unique<T>(op), std::move(inputs), outputs, "the/node 'n'");
    for (Tensor* output : outputs) graph.add_output(output);
  }
};

template <typename T>
T with_window(T op, Ints kernel, Ints strides, Ints pads, Ints dilations) {
  op.window = {std::move(kernel), std::move(strides), std::move(pads), std::move(dilations)};
  return op;
}

using Build = std::function<void(Sketch&)>;
using Cases = std::multimap<std::pair<std::string, std::string>, Build>;

template <typename T>
void add(Cases& cases, Build build) {
  const T op;
  cases.emplace(std::pair(std::string(op.domain()), std::string(op.type())), std::move(build));
}

template <typename T>
void add_binary(Cases& cases) {
  add<T>(cases, [](Sketch& s) { s.finish(T(), {s.input({1, 2, 3}), s.floats({3})}); });
}
template <typename T>
void add_unary(Cases& cases) {
  add<T>(cases, [](Sketch& s) { s.finish(T(), {s.input({1, 2, 3, 4})}); });
}

void add_quantisers(Cases& cases) {
  add<ops::Quant>(cases, [](Sketch& s) {
    ops::Quant op;
    op.is_signed = false;
    op.narrow = true;
    op.rounding_mode = RoundingMode::kHalfDown;
    s.finish(op, {s.input({1, 3, 2, 2}), s.floats({1, 3, 1, 1}), s.scalar(1), s.scalar(5)});
  });
  add<ops::BipolarQuant>(cases, [](Sketch& s) {
    s.finish(ops::BipolarQuant(), {s.input({1, 4}), s.scalar(0.125F)});
  });
  add<ops::Trunc>(cases, [](Sketch& s) {
    s.finish(ops::Trunc(),
             {s.input({1, 4}), s.scalar(0.5F), s.scalar(0), s.scalar(8), s.scalar(4)});
  });
  add<ops::Trunc>(cases, [](Sketch& s) {
    ops::Trunc op;
    op.version = 2;
    op.is_signed = false;
    op.rounding_mode = RoundingMode::kCeil;
    s.finish(op,
             {s.input({1, 4}), s.scalar(0.5F), s.scalar(0), s.scalar(8), s.scalar(2), s.scalar(4)});
  });
  add<ops::FloatQuant>(cases, [](Sketch& s) {
    ops::FloatQuant op;
    op.has_nan = true;
    op.saturation = false;
    s.finish(op, {s.input({1, 4}), s.scalar(0.5F), s.scalar(4), s.scalar(3), s.scalar(7),
                  s.scalar(480)});
  });
  add<ops::MultiThreshold>(cases, [](Sketch& s) {
    ops::MultiThreshold op;
    op.out_dtype = DataType::sint(4);
    op.out_scale = 2;
    op.out_bias = -1;
    op.data_layout = Layout::kNHWC;
    s.finish(op, {s.input({1, 2, 2, 3}), s.floats({3, 7})});
  });
  add<ops::QuantizeLinear>(cases, [](Sketch& s) {
    ops::QuantizeLinear op;
    op.axis = -2;
    s.finish(op, {s.input({1, 3, 2}), s.floats({3}), s.ints({1, 2, 3}, Container::kInt8)});
  });
  add<ops::DequantizeLinear>(cases, [](Sketch& s) {
    ops::DequantizeLinear op;
    op.axis = 0;
    s.finish(op, {s.input({3, 2}, Container::kInt8), s.floats({3}),
                  s.ints({1, 2, 3}, Container::kInt8)});
  });
}

void add_products(Cases& cases) {
  add<ops::Conv>(cases, [](Sketch& s) {
    auto op = with_window(ops::Conv(), {3, 2}, {2, 1}, {1, 0, 2, 1}, {1, 2});
    op.group = 2;
    s.finish(op, {s.input({1, 4, 8, 8}), s.floats({6, 2, 3, 2}), s.floats({6})});
  });
  add<ops::ConvTranspose>(cases, [](Sketch& s) {
    auto op = with_window(ops::ConvTranspose(), {3}, {2}, {1, 0}, {1});
    op.output_padding = {1};
    s.finish(op, {s.input({1, 4, 8}), s.floats({4, 2, 3})});
  });
  add<ops::MatMul>(cases, [](Sketch& s) {
    s.finish(ops::MatMul(), {s.input({2, 4}), s.floats({4, 3})});
  });
  add<ops::XnorPopcountMatMul>(cases, [](Sketch& s) {
    s.finish(ops::XnorPopcountMatMul(), {s.input({2, 4}), s.floats({4, 3}, 0, 0)});
  });
  add<ops::DepthwiseMatMul>(cases, [](Sketch& s) {
    s.finish(ops::DepthwiseMatMul(), {s.input({1, 2, 2, 6}), s.floats({3, 2})});
  });
  add<ops::Gemm>(cases, [](Sketch& s) {
    ops::Gemm op;
    op.alpha = 0.1F;
    op.trans_b = true;
    s.finish(op, {s.input({2, 4}), s.floats({3, 4}), s.floats({3})});
  });
}

void add_elementwise(Cases& cases) {
  add_binary<ops::Add>(cases);
  add_binary<ops::Sub>(cases);
  add_binary<ops::Mul>(cases);
  add_binary<ops::Div>(cases);
  add_binary<ops::Pow>(cases);
  add_unary<ops::Relu>(cases);
  add_unary<ops::Sign>(cases);
  add_unary<ops::Erf>(cases);
  add_unary<ops::Exp>(cases);
  add_unary<ops::Log>(cases);
  add_unary<ops::Sigmoid>(cases);
  add_unary<ops::Softplus>(cases);
  add_unary<ops::Softsign>(cases);
  add_unary<ops::Sqrt>(cases);
  add_unary<ops::Tanh>(cases);
  add_unary<ops::Identity>(cases);
  add_unary<ops::GlobalAveragePool>(cases);
  add<ops::DebugMarker>(cases, [](Sketch& s) {
    ops::DebugMarker op;
    op.export_debug_name = "a \"quoted\"\nname";
    s.finish(op, {s.input({1, 2})});
  });
  add<ops::LogSoftmax>(cases, [](Sketch& s) {
    ops::LogSoftmax op;
    op.axis = 1;
    s.finish(op, {s.input({1, 3, 2})});
  });
  add<ops::Softmax>(cases, [](Sketch& s) {
    ops::Softmax op;
    op.axis = 1;
    s.finish(op, {s.input({1, 4, 2})});
  });
  add<ops::Clip>(cases, [](Sketch& s) {
    s.finish(ops::Clip(), {s.input({1, 2}), nullptr, s.scalar(6)});
  });
  add<ops::Clip>(cases, [](Sketch& s) {
    s.finish(ops::Clip(), {s.input({1, 2}), s.scalar(-1), nullptr});
  });
  add<ops::Cast>(cases, [](Sketch& s) {
    ops::Cast op;
    op.to = 6;
    s.finish(op, {s.input({1, 2})});
  });
  add<ops::BatchNormalization>(cases, [](Sketch& s) {
    ops::BatchNormalization op;
    op.epsilon = 1e-3F;
    s.finish(op,
             {s.input({1, 3, 2, 2}), s.floats({3}), s.floats({3}), s.floats({3}), s.floats({3})});
  });
}

void add_pools(Cases& cases) {
  add<ops::MaxPool>(cases, [](Sketch& s) {
    auto op = with_window(ops::MaxPool(), {2, 2}, {2, 2}, {0, 1, 1, 0}, {1, 2});
    op.ceil_mode = true;
    s.finish(op, {s.input({1, 2, 7, 7})});
  });
  add<ops::AveragePool>(cases, [](Sketch& s) {
    auto op = with_window(ops::AveragePool(), {3, 3}, {1, 2}, {1, 1, 1, 1}, {1, 1});
    op.count_include_pad = true;
    s.finish(op, {s.input({1, 2, 7, 7})});
  });
  add<ops::QuantAvgPool2d>(cases, [](Sketch& s) {
    ops::QuantAvgPool2d op;
    op.stride = op.kernel = 2;
    op.ibits = op.obits = 4;
    op.is_signed = true;
    op.data_layout = Layout::kNHWC;
    s.finish(op, {s.input({1, 4, 4, 2})});
  });
  add<ops::MaxPoolNHWC>(cases, [](Sketch& s) {
    s.finish(with_window(ops::MaxPoolNHWC(), {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}),
             {s.input({1, 4, 4, 2})});
  });
}

/// Integers in a float container, as integer graphs hold them.
Tensor* carried_ints(Sketch& s, Shape shape, Ints values) {
  Tensor* tensor = s.shaped_ints(std::move(shape), std::move(values), Container::kInt64);
  tensor->container = Container::kFloat32;
  tensor->dtype = DataType::sint(40);
  return tensor;
}

void add_joins(Cases& cases) {
  add<ops::JoinThreshold>(cases, [](Sketch& s) {
    ops::JoinThreshold op;
    op.out_dtype = DataType::sint(2);
    op.out_bias = -2;
    s.finish(op, {carried_ints(s, {1, 2, 1}, {3, (std::int64_t{1} << 30) + 1}), nullptr,
                  s.input({1, 2})});
  });
  add<ops::JoinThreshold>(cases, [](Sketch& s) {
    ops::JoinThreshold op;
    op.out_dtype = DataType::uint(2);
    op.table_min = -1;
    Tensor* x = s.input({1, 2});
    s.finish(op, {carried_ints(s, {1, 1, 3, 2}, {0, 1, 2, 3, 4, 5}), nullptr, x, x});
  });
  add<ops::JoinThreshold>(cases, [](Sketch& s) {
    ops::JoinThreshold op;
    op.out_dtype = DataType::bipolar();
    op.out_scale = 2;
    op.out_bias = -1;
    Tensor* x = s.input({1, 2});
    s.finish(op, {carried_ints(s, {1, 1, 1}, {0}), carried_ints(s, {1, 2, 3}, {1, 2, 3, 4, 5, 6}),
                  x, x, x});
  });
  for (const Layout layout : {Layout::kNHWC, Layout::kNCHW})
    add<ops::SumPool>(cases, [layout](Sketch& s) {
      auto op = with_window(ops::SumPool(), {3, 2}, {1, 2}, {1, 0, 2, 1}, {1, 1});
      op.data_layout = layout;
      s.finish(op, {s.input({1, 5, 6, 7})});
    });
}

void add_moves(Cases& cases) {
  add<ops::Flatten>(cases, [](Sketch& s) {
    ops::Flatten op;
    op.axis = 2;
    s.finish(op, {s.input({1, 2, 3})});
  });
  add<ops::Reshape>(cases, [](Sketch& s) {
    s.finish(ops::Reshape(), {s.input({1, 2, 3}), s.ints({0, -1})});
  });
  add<ops::Transpose>(cases, [](Sketch& s) {
    ops::Transpose op;
    op.perm = {0, 2, 1};
    s.finish(op, {s.input({1, 2, 3})});
  });
  add<ops::Concat>(cases, [](Sketch& s) {
    ops::Concat op;
    op.axis = -1;
    Tensor* x = s.input({1, 2});
    s.finish(op, {x, s.floats({1, 3}), x});
  });
  add<ops::Pad>(cases, [](Sketch& s) {
    s.finish(ops::Pad(), {s.input({1, 2, 3}), s.ints({0, 0, 1, 0, 0, 2}), s.scalar(-1)});
  });
  add<ops::Resize>(cases, [](Sketch& s) {
    ops::Resize op;
    op.coordinate_transformation_mode = "asymmetric";
    op.nearest_mode = "floor";
    s.finish(op, {s.input({1, 2, 3, 3}), nullptr, s.floats({4}, 1, 0)});
  });
  add<ops::Resize>(cases, [](Sketch& s) {
    s.finish(ops::Resize(), {s.input({1, 2, 3, 3}), nullptr, nullptr, s.ints({1, 2, 6, 6})});
  });
  add<ops::DepthToSpace>(cases, [](Sketch& s) {
    ops::DepthToSpace op;
    op.blocksize = 2;
    op.mode = "CRD";
    s.finish(op, {s.input({1, 8, 3, 3})});
  });
  add<ops::Im2Col>(cases, [](Sketch& s) {
    ops::Im2Col op;
    op.stride = {1, 2};
    op.kernel_size = {3, 3};
    op.pad_amount = {1, 0, 1, 2};
    op.pad_value = -1;
    op.depthwise = true;
    op.input_shape = "(1, 6, 6, 2)";
    s.finish(op, {s.input({1, 6, 6, 2})});
  });
  add<ops::Im2Col>(cases, [](Sketch& s) {
    ops::Im2Col op;
    op.stride = op.kernel_size = {2, 2};
    op.pad_value = 0.5F;
    s.finish(op, {s.input({1, 6, 6, 2})});
  });
  add<ops::Squeeze>(cases, [](Sketch& s) {
    s.finish(ops::Squeeze(), {s.input({1, 2, 1}), s.ints({2})});
  });
  add<ops::Unsqueeze>(cases, [](Sketch& s) {
    s.finish(ops::Unsqueeze(), {s.input({1, 2}), s.ints({0, -1})});
  });
  add<ops::Shape>(cases, [](Sketch& s) { s.finish(ops::Shape(), {s.input({1, 2})}); });
  add<ops::Gather>(cases, [](Sketch& s) {
    ops::Gather op;
    op.axis = 1;
    s.finish(op, {s.input({1, 4}), s.ints({3, 0})});
  });
  add<ops::TopK>(cases, [](Sketch& s) {
    ops::TopK op;
    op.largest = false;
    s.finish(op, {s.input({1, 4}), s.ints({2})});
  });
}

void add_hardware(Cases& cases) {
  const auto levels = [] {
    hw::Levels l;
    l.out_dtype = DataType::bipolar();
    l.out_scale = 2;
    l.out_bias = -1;
    return l;
  };
  add<hw::FMPadding>(cases, [](Sketch& s) {
    hw::FMPadding op;
    op.pads = {1, 2, 3, 4};
    op.insert = {2, 3};
    op.pad_value = -5;
    op.simd = 2;
    op.partition = 3;
    op.ram_style = "block";
    op.in_fifo_depths = {0};
    op.out_fifo_depths = {1};
    s.finish(op, {s.input({1, 4, 5, 2})});
  });
  add<hw::ConvolutionInputGenerator>(cases, [](Sketch& s) {
    hw::ConvolutionInputGenerator op;
    op.kernel = {3, 2};
    op.stride = {2, 1};
    op.dilation = {1, 2};
    op.simd = 2;
    op.depthwise = op.parallel_window = op.least_ring = true;
    s.finish(op, {s.input({1, 6, 5, 4})});
  });
  add<hw::MVAU>(cases, [levels](Sketch& s) {
    hw::MVAU op;
    op.levels = levels();
    op.acc_dtype = DataType::sint(9);
    op.pe = op.simd = 2;
    op.mem_mode = "decoupled";
    op.preferred_impl_style = "popcount";
    op.xnor = true;
    s.finish(op, {s.input({1, 4}), s.floats({4, 2}), s.floats({2, 1})});
  });
  add<hw::VVAU>(cases, [](Sketch& s) {
    hw::VVAU op;
    op.acc_dtype = DataType::sint(9);
    s.finish(op, {s.input({1, 2, 2, 8}), s.floats({4, 2})});
  });
  add<hw::Thresholding>(cases, [levels](Sketch& s) {
    hw::Thresholding op;
    op.levels = levels();
    op.preferred_impl_style = "search";
    op.pe = 2;
    s.finish(op, {s.input({1, 2, 4}), s.floats({1, 2, 4, 3})});
  });
  add<hw::JoinThreshold>(cases, [levels](Sketch& s) {
    hw::JoinThreshold op;
    op.levels = levels();
    op.table_min = -4;
    Tensor* x = s.input({1, 4});
    s.finish(op, {s.floats({1, 4, 8, 3}), nullptr, x, x});
  });
  add<hw::JoinThreshold>(cases, [](Sketch& s) {
    Tensor* x = s.input({1, 4});
    s.finish(hw::JoinThreshold(), {s.floats({1, 1, 3}), s.floats({1, 4, 2}), x, x});
  });
  add<hw::AddStreams>(cases, [](Sketch& s) {
    Tensor* x = s.input({1, 4});
    s.finish(hw::AddStreams(), {x, x});
  });
  add<hw::EltwiseMul>(cases, [](Sketch& s) {
    Tensor* x = s.input({1, 4});
    s.finish(hw::EltwiseMul(), {x, x});
  });
  add<hw::ChannelwiseOp>(cases, [](Sketch& s) {
    hw::ChannelwiseOp op;
    op.function = "max";
    s.finish(op, {s.input({1, 2, 4}), s.floats({4})});
  });
}

void add_hardware_pools_and_moves(Cases& cases) {
  add<hw::Pool>(cases, [](Sketch& s) {
    hw::Pool op;
    op.function = "sum";
    op.taps = 4;
    op.shift = 2;
    s.finish(op, {s.input({1, 2, 2, 8})});
  });
  add<hw::GlobalAccPool>(cases, [](Sketch& s) {
    hw::GlobalAccPool op;
    op.shift = 3;
    s.finish(op, {s.input({1, 2, 2, 8})});
  });
  add<hw::LabelSelect>(cases, [](Sketch& s) {
    hw::LabelSelect op;
    op.k = 3;
    op.largest = false;
    s.finish(op, {s.input({1, 10})});
  });
  add<hw::DuplicateStreams>(cases, [](Sketch& s) {
    s.finish(hw::DuplicateStreams(), {s.input({1, 4})});
  });
  add<hw::StreamingConcat>(cases, [](Sketch& s) {
    Tensor* x = s.input({1, 4});
    s.finish(hw::StreamingConcat(), {x, x, x});
  });
  add<hw::StreamingSplit>(cases, [](Sketch& s) {
    hw::StreamingSplit op;
    op.channels.assign(hw::StreamingSplit::kOutputs, 2);
    op.pe = 2;
    s.finish(op, {s.input({1, 2 * hw::StreamingSplit::kOutputs})});
  });
  add<hw::UpsampleNearestNeighbour>(cases, [](Sketch& s) {
    hw::UpsampleNearestNeighbour op;
    op.scale = {2, 3};
    s.finish(op, {s.input({1, 2, 2, 8})});
  });
  add<hw::Pick>(cases, [](Sketch& s) {
    hw::Pick op;
    op.rows = {1, 0, 1};
    op.columns = {0, 1};
    s.finish(op, {s.input({1, 2, 2, 8})});
  });
  add<hw::StreamingDataWidthConverter>(cases, [](Sketch& s) {
    hw::StreamingDataWidthConverter op;
    op.in_lanes = 2;
    op.out_lanes = 8;
    s.finish(op, {s.input({1, 8})});
  });
  add<hw::StreamingFIFO>(cases, [](Sketch& s) {
    hw::StreamingFIFO op;
    op.depth = 33;
    op.lanes = 4;
    s.finish(op, {s.input({1, 8})});
  });
  add<hw::TLastMarker>(cases, [](Sketch& s) {
    hw::TLastMarker op;
    op.lanes = 4;
    s.finish(op, {s.input({1, 8})});
  });
}

const Cases& all_cases() {
  static const Cases cases = [] {
    Cases c;
    add_quantisers(c);
    add_products(c);
    add_elementwise(c);
    add_pools(c);
    add_joins(c);
    add_moves(c);
    add_hardware(c);
    add_hardware_pools_and_moves(c);
    return c;
  }();
  return cases;
}

/// What to_text() leaves out.
void expect_same_details(const Graph& a, const Graph& b) {
  ASSERT_EQ(a.nodes().size(), b.nodes().size());
  for (std::size_t i = 0; i < a.nodes().size(); ++i) {
    const auto* first = a.nodes()[i]->as<ops::Trunc>();
    const auto* second = b.nodes()[i]->as<ops::Trunc>();
    ASSERT_EQ(first == nullptr, second == nullptr);
    if (first) {
      EXPECT_EQ(first->version, second->version);
    }
    const auto* pool = a.nodes()[i]->as<ops::AveragePool>();
    if (pool) {
      EXPECT_EQ(pool->window, b.nodes()[i]->as<ops::AveragePool>()->window);
    }
    if (const auto* sum = a.nodes()[i]->as<ops::SumPool>()) {
      EXPECT_EQ(sum->window, b.nodes()[i]->as<ops::SumPool>()->window);
    }
  }
  for (const auto& tensor : a.tensors()) {
    const Tensor* other = b.find_tensor(tensor->name);
    ASSERT_NE(other, nullptr) << tensor->name;
    EXPECT_EQ(tensor->constant, other->constant) << tensor->name;
    EXPECT_EQ(tensor->shape, other->shape) << tensor->name;
  }
}

/// Exports, imports and compares; returns the graph that came back.
Graph expect_round_trip(const Graph& graph) {
  const std::string bytes = export_bytes(graph);
  Graph again = import_bytes(bytes, {}, "round trip");
  EXPECT_EQ(to_text(again), to_text(graph));
  EXPECT_EQ(export_bytes(again), bytes);
  expect_same_details(graph, again);
  return again;
}

Graph complete(Graph graph) {
  graph.sort();
  infer_shapes(graph);
  mark_checkpoints(graph);
  verify(graph);
  return graph;
}

TEST(RoundTrip, EveryOperatorComesBackTheSame) {
  for (const OpInfo& info : op_registry()) {
    const auto key = std::pair(std::string(info.domain), std::string(info.type));
    SCOPED_TRACE(key.second);
    const auto [begin, end] = all_cases().equal_range(key);
    ASSERT_NE(begin, end) << "no case for this operator";
    for (auto it = begin; it != end; ++it) {
      Sketch sketch;
      it->second(sketch);
      expect_round_trip(complete(std::move(sketch.graph)));
    }
  }
}

TEST(RoundTrip, KeepsConstantsThatFloat32CannotHold) {
  Sketch s;
  const Real third = Real(1) * Real(3).inverse();
  Tensor* reals = s.graph.add_constant(
      "reals", Constant({2}, std::vector<Real>{third, third * Real::sqrt(mpq_class(2))}));
  s.finish(ops::Mul(), {s.input({1, 2}), reals});
  const Graph again = expect_round_trip(complete(std::move(s.graph)));
  EXPECT_EQ(again.find_tensor("reals")->constant->real(0), third);
}

TEST(RoundTrip, KeepsIntegersInFloatContainers) {
  Sketch s;
  const auto integers = [&](const char* name, std::int64_t value) {
    Tensor* tensor = s.graph.add_constant(name, Constant({2}, Ints{value, -1}));
    tensor->container = Container::kFloat32;
    tensor->dtype = DataType::sint(40);
    return tensor;
  };
  Tensor* sum =
      s.graph.add(std::make_unique<ops::Add>(), {s.input({1, 2}), integers("small", 7)}, "sum");
  s.finish(ops::Add(), {sum, integers("big", (std::int64_t{1} << 24) + 1)});
  const Graph again = expect_round_trip(complete(std::move(s.graph)));
  EXPECT_EQ(again.find_tensor("big")->constant->ints()[0], 16777217)
      << "float32 rounds it to 16777216";
}

TEST(RoundTrip, KeepsDataTypesAndLayouts) {
  Sketch s;
  Tensor* x = s.input({1, 3, 2, 2});
  x->dtype = DataType::uint(8);
  x->layout = Layout::kNCHW;
  s.finish(ops::Relu(), {x});
  s.graph.outputs()[0]->dtype = DataType::fixed(8, 3);
  const Graph again = expect_round_trip(complete(std::move(s.graph)));
  EXPECT_EQ(again.inputs()[0]->dtype, DataType::uint(8));
  EXPECT_EQ(again.inputs()[0]->layout, Layout::kNCHW);
}

TEST(RoundTrip, KeepsEveryContainer) {
  for (const Container container : {Container::kInt8, Container::kUInt8, Container::kInt16,
                                    Container::kUInt16, Container::kInt32, Container::kInt64}) {
    SCOPED_TRACE(container_name(container));
    const DataType type = container_type(container);
    Sketch s;
    s.finish(ops::Add(), {s.input({1, 2}, container), s.ints({type.min(), type.max()}, container)});
    expect_round_trip(complete(std::move(s.graph)));
  }
}

TEST(RoundTrip, KeepsSignedZeros) {
  Sketch s;
  s.finish(ops::Add(), {s.input({1, 2}), s.floats({2}, -0.0F, 0)});
  s.graph.find_tensor("w")->constant = Constant({2}, std::vector<float>{-0.0F, 0.0F});
  expect_round_trip(complete(std::move(s.graph)));
}

TEST(RoundTrip, KeepsCheckpointsUnderTheirNames) {
  Sketch s;
  s.finish(ops::Quant(), {s.input({1, 2}), s.scalar(0.5F), s.scalar(0), s.scalar(4)});
  Graph graph = complete(std::move(s.graph));
  for (Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.has_map) {
      checkpoint.name = "layer \"1\"";
      checkpoint.scale = RealArray(Shape{1, 2}, {Real(2).inverse(), Real(3).inverse()});
      checkpoint.dtype = DataType::sint(3);
    }
  expect_round_trip(graph);
  graph.checkpoints().clear();
  EXPECT_TRUE(expect_round_trip(graph).checkpoints().empty());
}

/// A quantised NHWC tensor that carries an NCHW checkpoint as q = 2t - 1.
Graph carried_checkpoint() {
  Sketch s;
  s.finish(ops::Relu(), {s.input({1, 2, 3, 4})});
  Graph graph = complete(std::move(s.graph));
  Checkpoint checkpoint;
  checkpoint.name = "act";
  checkpoint.tensor = graph.outputs()[0];
  checkpoint.has_map = true;
  checkpoint.dtype = DataType::bipolar();
  checkpoint.scale = RealArray(Real(3).inverse());
  checkpoint.unit = RealArray(Shape{1, 4, 1, 1}, std::vector<Real>(4, Real(2) * Real(3).inverse()));
  checkpoint.shift = RealArray(-Real(3).inverse());
  checkpoint.perm = {0, 3, 1, 2};
  graph.checkpoints() = {checkpoint};
  verify(graph);
  return graph;
}

TEST(RoundTrip, KeepsHowACheckpointIsCarried) {
  const Graph again = expect_round_trip(carried_checkpoint());
  ASSERT_EQ(again.checkpoints().size(), 1U);
  const Checkpoint& checkpoint = again.checkpoints()[0];
  EXPECT_EQ(checkpoint.unit.shape, (Shape{1, 4, 1, 1}));
  EXPECT_EQ(checkpoint.unit.values[3], Real(2) * Real(3).inverse());
  EXPECT_EQ(checkpoint.shift, RealArray(-Real(3).inverse()));
  EXPECT_EQ(checkpoint.perm, (Ints{0, 3, 1, 2}));
  EXPECT_EQ(checkpoint.shape(), (Shape{1, 4, 2, 3}));
}

/// The message with which an exported file is refused after `from` in its metadata became `to`.
std::string refusal_after(const std::string& from, const std::string& to) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(export_bytes(carried_checkpoint())));
  bool found = false;
  for (auto& entry : *model.mutable_metadata_props()) {
    const auto at = entry.value().find(from);
    if (at == std::string::npos) continue;
    entry.mutable_value()->replace(at, from.size(), to);
    found = true;
  }
  EXPECT_TRUE(found) << from;
  try {
    import_bytes(model.SerializeAsString(), {}, "damaged");
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(RoundTrip, RefusesADamagedCarrier) {
  EXPECT_EQ(refusal_after("\"perm\":[0,3,1,2]", "\"perm\":[0,3,1,2]"), "") << "nothing changed";
  EXPECT_NE(refusal_after("\"perm\":[0,3,1,2]", "\"perm\":[0,3,1,1]"), "");
  EXPECT_NE(refusal_after("\"perm\":[0,3,1,2]", "\"perm\":[0,3,1]"), "");
  EXPECT_NE(refusal_after("\"perm\":[0,3,1,2]", "\"perm\":[0,9,1,2]"), "");
  EXPECT_NE(refusal_after("\"perm\":[0,3,1,2]", "\"perm\":\"NHWC\""), "");
  EXPECT_NE(refusal_after("\"shape\":[1,4,1,1]", "\"shape\":[1,2,1,2]"), "");
  EXPECT_NE(refusal_after("\"shape\":[1,4,1,1]", "\"shape\":[1,5,1,1]"), "");
  EXPECT_NE(refusal_after("\"shift\"", "\"shaft\""), "");
  EXPECT_NE(refusal_after("\"-1/3\"", "\"-1/0\""), "");
}

TEST(RoundTrip, KeepsNamesThatAreNotIdentifiers) {
  Sketch s;
  Tensor* middle = s.graph.add(std::make_unique<ops::Relu>(), {s.input({1, 2})}, "../a\n'b'\"\\");
  s.finish(ops::Relu(), {middle});
  s.graph.name = "net \t1";
  expect_round_trip(complete(std::move(s.graph)));
}

TEST(Export, WritesEqualBytesForEqualGraphs) {
  Sketch s;
  s.finish(ops::Mul(), {s.input({1, 2}), s.floats({2})});
  const Graph graph = complete(std::move(s.graph));
  const Graph copy = graph;
  EXPECT_EQ(export_bytes(copy), export_bytes(graph));
}

TEST(Export, RefusesBothVersionsOfTruncInOneGraph) {
  Sketch s;
  ops::Trunc second;
  second.version = 2;
  Tensor* y = s.graph.add(std::make_unique<ops::Trunc>(),
                          {s.input({1, 4}), s.scalar(0.5F), s.scalar(0), s.scalar(8), s.scalar(4)});
  s.finish(second, {y, s.scalar(0.5F), s.scalar(0), s.scalar(8), s.scalar(2), s.scalar(4)});
  EXPECT_THROW(export_bytes(complete(std::move(s.graph))), UserError);
}

TEST(Export, WritesShapesForViewers) {
  Sketch s;
  Tensor* middle = s.graph.add(std::make_unique<ops::Relu>(), {s.input({1, 2})}, "middle");
  s.finish(ops::Relu(), {middle});
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(export_bytes(complete(std::move(s.graph)))));
  ASSERT_EQ(model.graph().value_info_size(), 1);
  const auto& info = model.graph().value_info(0);
  EXPECT_EQ(info.name(), "middle");
  EXPECT_EQ(info.type().tensor_type().elem_type(), onnx::TensorProto::FLOAT);
  ASSERT_EQ(info.type().tensor_type().shape().dim_size(), 2);
  EXPECT_EQ(info.type().tensor_type().shape().dim(1).dim_value(), 2);
}

}  // namespace
}  // namespace assay
