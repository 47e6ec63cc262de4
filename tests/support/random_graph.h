// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"

/// Small random networks for property tests: residual sums with free scales, concatenations along
/// every axis and with constants, depthwise and grouped convolutions, pools, batch normalisations with negative and zero gammas,
/// functions of one variable, products of two activations, moves along every axis, resizes,
/// quantisers of every kind.
namespace assay::testing {

/// splitmix64: the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  /// Uniform in [lo, hi].
  std::int64_t range(std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(hi - lo + 1));
  }
  bool chance(int percent) { return range(1, 100) <= percent; }
  /// A float32 in [lo, hi) with a full mantissa.
  float real(double lo, double hi) {
    return static_cast<float>(lo + (hi - lo) * static_cast<double>(next() >> 11) * 0x1p-53);
  }

 private:
  std::uint64_t state_;
};

class RandomGraph {
 public:
  /// `functions`: also those that only a quantiser behind them makes exact.
  RandomGraph(std::uint64_t seed, bool functions) : random_(seed), functions_(functions) {}

  /// A graph with one input of shape [1, C, H, W] holding integers 0..255; shapes inferred,
  /// checkpoints marked, verified.
  Graph make() {
    graph_.name = "random";
    Tensor* x = graph_.add_input(
        "image", {1, random_.range(1, 3), random_.range(3, 6), random_.range(3, 6)});
    if (random_.chance(60)) x = scaled_input(x);
    if (random_.chance(80)) x = quantised(x);
    const std::int64_t blocks = random_.range(1, 4);
    for (std::int64_t i = 0; i < blocks; ++i) x = block(x);
    if (random_.chance(10)) x = add(ops::Relu{}, {x});
    if (random_.chance(10)) x = pool(x);
    if (random_.chance(50)) x = head(x);
    if (random_.chance(10)) x = add(ops::Relu{}, {x});
    if (random_.chance(10)) x = turned(x);
    graph_.add_output(x);
    finish();
    return std::move(graph_);
  }

  Random& random() { return random_; }

 private:
  void finish() {
    graph_.remove_dead();
    infer_shapes(graph_);
    mark_checkpoints(graph_);
    verify(graph_);
  }

  const Shape& shape(Tensor* x) {
    infer_shapes(graph_);
    return *x->shape;
  }

  Tensor* constant(float value) {
    return graph_.add_constant("c", Constant(Shape{}, std::vector<float>{value}));
  }
  Tensor* constant(const Shape& s, double lo, double hi) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < element_count(s); ++i) values.push_back(random_.real(lo, hi));
    return graph_.add_constant("c", Constant(s, values));
  }

  template <typename Op>
  Tensor* add(Op op, std::vector<Tensor*> inputs) {
    return graph_.add(std::make_unique<Op>(std::move(op)), std::move(inputs));
  }

  /// Per-channel or scalar factors and offsets, as Normalize does.
  Tensor* scaled_input(Tensor* x) {
    x = add(ops::Div{}, {x, constant(255.0F)});
    if (!random_.chance(50)) return x;
    const Shape per_channel{1, shape(x)[1], 1, 1};
    x = add(ops::Sub{}, {x, constant(per_channel, 0.2, 0.6)});
    return add(ops::Div{}, {x, constant(per_channel, 0.1, 0.5)});
  }

  float scale() {
    return random_.chance(40) ? std::ldexp(1.0F, static_cast<int>(random_.range(-5, 1)))
                              : random_.real(0.02, 0.7);
  }

  RoundingMode mode() {
    constexpr std::array<RoundingMode, 7> kModes = {RoundingMode::kHalfEven, RoundingMode::kHalfUp,
                                                    RoundingMode::kHalfDown, RoundingMode::kCeil,
                                                    RoundingMode::kFloor,    RoundingMode::kUp,
                                                    RoundingMode::kDown};
    return random_.chance(60) ? RoundingMode::kHalfEven
                              : kModes[static_cast<std::size_t>(random_.range(0, 6))];
  }

  Tensor* quantised(Tensor* x) {
    switch (random_.range(0, 11)) {
      case 0:
        return add(ops::BipolarQuant{}, {x, constant(scale())});
      case 1:
        return thresholds(x);
      case 2:
        return quantise_linear(x);
      default:
        return by_quant(x);
    }
  }

  Tensor* by_quant(Tensor* x) {
    ops::Quant quant;
    quant.is_signed = random_.chance(50);
    quant.narrow = random_.chance(30);
    quant.rounding_mode = mode();
    const std::int64_t bits = random_.range(quant.narrow ? 2 : 1, 8);
    const float zero = random_.chance(25) ? static_cast<float>(random_.range(-2, 3)) : 0.0F;
    return add(quant, {x, constant(scale()), constant(zero), constant(static_cast<float>(bits))});
  }

  Tensor* thresholds(Tensor* x) {
    ops::MultiThreshold op;
    op.out_dtype = DataType::uint(3);
    op.out_scale = random_.chance(50) ? 1.0F : scale();
    op.out_bias = random_.chance(50) ? 0.0F : random_.real(-1, 1);
    const std::int64_t rows = random_.chance(50) ? 1 : shape(x)[1];
    return add(op, {x, constant({rows, random_.range(1, 7)}, -3, 6)});
  }

  Tensor* quantise_linear(Tensor* x) {
    const bool is_signed = random_.chance(50);
    Tensor* step = constant(scale());
    Tensor* zero = graph_.add_constant(
        "zp", Constant(Shape{}, std::vector<std::int64_t>{random_.range(0, 9)}));
    zero->container = is_signed ? Container::kInt8 : Container::kUInt8;
    zero->dtype = container_type(zero->container);
    x = add(ops::QuantizeLinear{}, {x, step, zero});
    if (random_.chance(60)) {
      const auto bound = [&](std::int64_t value) {
        Tensor* t =
            graph_.add_constant("bound", Constant(Shape{}, std::vector<std::int64_t>{value}));
        t->container = zero->container;
        t->dtype = zero->dtype;
        return t;
      };
      x = add(ops::Clip{}, {x, bound(random_.range(0, 2)), bound(random_.range(5, 15))});
    }
    return add(ops::DequantizeLinear{}, {x, step, zero});
  }

  Tensor* weights(const Shape& s) {
    if (random_.chance(10)) return constant(s, -1, 1);
    ops::Quant quant;
    quant.narrow = random_.chance(50);
    const bool per_channel = random_.chance(40);
    const std::int64_t bits = random_.range(quant.narrow ? 2 : 1, 6);
    Shape scale_shape(s.size(), 1);
    scale_shape[0] = s[0];
    Tensor* step = per_channel ? constant(scale_shape, 0.05, 0.4) : constant(scale());
    const float zero = random_.chance(10) ? 1.0F : 0.0F;
    return add(quant,
               {constant(s, -1, 1), step, constant(zero), constant(static_cast<float>(bits))});
  }

  static ops::Window window(std::int64_t kh, std::int64_t kw, std::int64_t stride,
                            std::vector<std::int64_t> pads, std::int64_t dilation) {
    return {{kh, kw}, {stride, stride}, std::move(pads), {dilation, dilation}};
  }

  Tensor* conv(Tensor* x) {
    const Shape s = shape(x);
    const bool depthwise = random_.chance(25);
    const std::int64_t groups = depthwise ? s[1] : s[1] % 2 == 0 && random_.chance(20) ? 2 : 1;
    const std::int64_t out = groups * random_.range(1, depthwise ? 1 : 3);
    const std::int64_t k = random_.range(1, 3), dilation = random_.chance(15) ? 2 : 1,
                       reach = dilation * (k - 1);
    std::vector<std::int64_t> pads(4);
    for (auto& pad : pads) pad = random_.chance(60) ? random_.range(0, reach) : reach / 2;
    if (s[2] + pads[0] + pads[2] <= reach || s[3] + pads[1] + pads[3] <= reach)
      pads = {reach, reach, reach, reach};
    ops::Conv op;
    op.window = window(k, k, random_.range(1, 2), pads, dilation);
    op.group = groups;
    std::vector<Tensor*> inputs{x, weights({out, s[1] / groups, k, k})};
    if (random_.chance(30)) inputs.push_back(constant({out}, -1, 1));
    return add(op, inputs);
  }

  Tensor* transposed(Tensor* x) {
    const Shape s = shape(x);
    if (s[2] * s[3] > 16) return x;
    ops::ConvTranspose op;
    op.window = window(2, 2, 2, {0, 0, random_.range(0, 1), 0}, 1);
    op.output_padding = {0, random_.range(0, 1)};
    return add(op, {x, weights({s[1], random_.range(1, 2), 2, 2})});
  }

  Tensor* norm(Tensor* x) {
    const std::int64_t c = shape(x)[1];
    std::vector<float> gamma;
    for (std::int64_t i = 0; i < c; ++i)
      gamma.push_back(random_.chance(8)    ? 0.0F
                      : random_.chance(25) ? random_.real(-2, -0.1)
                                           : random_.real(0.1, 2));
    Tensor* g = graph_.add_constant("gamma", Constant({c}, gamma));
    return add(ops::BatchNormalization{},
               {x, g, constant({c}, -1, 1), constant({c}, -2, 2), constant({c}, 0.1, 3)});
  }

  Tensor* pool(Tensor* x) {
    const Shape s = shape(x);
    if (s[2] < 2 || s[3] < 2) return x;
    const std::int64_t pad = random_.chance(30) ? 1 : 0;
    if (random_.chance(50)) {
      ops::MaxPool op;
      op.window = window(2, 2, random_.range(1, 2), {pad, pad, 0, 0}, 1);
      op.ceil_mode = random_.chance(30);
      return add(op, {x});
    }
    ops::AveragePool op;
    op.window = window(2, 2, random_.range(1, 2), {pad, 0, 0, pad}, 1);
    op.count_include_pad = random_.chance(40);
    op.ceil_mode = random_.chance(30);
    x = add(op, {x});
    if (!random_.chance(40)) return x;
    ops::Trunc trunc;
    trunc.rounding_mode = random_.chance(50) ? RoundingMode::kFloor : RoundingMode::kHalfEven;
    return add(trunc, {x, constant(scale()), constant(0),
                       constant(static_cast<float>(random_.range(4, 6))), constant(4)});
  }

  Tensor* activation(Tensor* x) {
    if (random_.chance(60)) x = add(ops::Relu{}, {x});
    return random_.chance(80) ? quantised(x) : x;
  }

  Tensor* branch(Tensor* x) {
    x = conv(x);
    if (random_.chance(60)) x = norm(x);
    return x;
  }

  Tensor* block(Tensor* x) {
    switch (random_.range(0, 12)) {
      case 12:
        return activation(compared(x));
      case 8:
        return activation(moved(x));
      case 9:
        return functions_ ? by_quant(curved(x)) : activation(branch(x));
      case 10:
        return activation(gated(x));
      case 11:
        return activation(resized(x));
      case 0:
        return activation(pool(x));
      case 1:
        return activation(transposed(x));
      case 2: {  // a residual sum with free scales
        const Shape s = shape(x);
        Tensor* y = x;
        if (random_.chance(50)) y = quantised(y);
        y = same_size_branch(y, s[1]);
        Tensor* z = random_.chance(50) ? x : same_size_branch(x, s[1]);
        if (random_.chance(20)) z = shrunk(z);
        if (random_.chance(30)) z = quantised(z);
        return activation(random_.chance(50) ? add(ops::Add{}, {y, z}) : add(ops::Sub{}, {z, y}));
      }
      case 3:
        return activation(joined(x));
      default:
        return activation(branch(x));
    }
  }

  Tensor* places(const std::vector<std::int64_t>& values) {
    return graph_.add_constant("places", Constant({std::ssize(values)}, values));
  }

  /// Entries of an axis in any order, some twice, as Slice, Split and Pad's modes have them, or axes
  /// that change places.
  Tensor* moved(Tensor* x) {
    const Shape s = shape(x);
    if (random_.chance(20)) {
      ops::Transpose op;
      op.perm = {0, 1, 3, 2};
      return add(op, {x});
    }
    ops::Gather op;
    op.axis = random_.range(1, 3);
    const std::int64_t size = s[static_cast<std::size_t>(op.axis)];
    std::vector<std::int64_t> taken(static_cast<std::size_t>(random_.range(1, size + 2)));
    for (std::int64_t& place : taken) place = random_.range(-size, size - 1);
    return add(op, {x, places(taken)});
  }

  /// An output in any order of axes.
  Tensor* turned(Tensor* x) {
    if (shape(x).size() != 4) return x;
    constexpr std::array<std::array<std::int64_t, 4>, 5> kOrders = {
        {{0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}}};
    const auto& order = kOrders[static_cast<std::size_t>(random_.range(0, 4))];
    ops::Transpose op;
    op.perm.assign(order.begin(), order.end());
    return add(op, {x});
  }

  Tensor* resized(Tensor* x) {
    const Shape s = shape(x);
    ops::Resize op;
    constexpr std::array kCoordinates = {"asymmetric", "half_pixel", "align_corners",
                                         "half_pixel_symmetric", "tf_half_pixel_for_nn"};
    constexpr std::array kModes = {"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"};
    op.coordinate_transformation_mode = kCoordinates[static_cast<std::size_t>(random_.range(0, 4))];
    op.nearest_mode = kModes[static_cast<std::size_t>(random_.range(0, 3))];
    if (op.coordinate_transformation_mode == "tf_half_pixel_for_nn") op.nearest_mode = "floor";
    return add(op, {x, nullptr, nullptr,
                    places({1, s[1], random_.range(1, s[2] + 3), random_.range(1, s[3] + 3)})});
  }

  /// A function that only a quantiser behind it makes exact.
  Tensor* curved(Tensor* x) {
    x = norm(conv(x));
    switch (random_.range(0, 4)) {
      case 0:
        return add(ops::Sigmoid{}, {x});
      case 1:
        return add(ops::Tanh{}, {x});
      case 2:
        return add(ops::Softplus{}, {x});
      case 3:
        return add(ops::Erf{}, {x});
      default:
        return add(ops::Mul{}, {x, add(ops::Sigmoid{}, {x})});
    }
  }

  /// Streams with scales of their own along any axis, or a stream and a constant.
  Tensor* joined(Tensor* x) {
    Shape s = shape(x);
    ops::Concat op;
    op.axis = random_.chance(60) ? 1 : random_.range(2, 3);
    if (random_.chance(30)) {
      s[static_cast<std::size_t>(op.axis)] = random_.range(1, 2);
      Tensor* c = random_.chance(50) ? constant(s, 0, 0) : constant(s, -1, 1);
      return random_.chance(50) ? add(op, {x, c}) : add(op, {c, x});
    }
    Tensor* y = same_size_branch(x, op.axis == 1 ? random_.range(1, 2) : s[1]);
    if (op.axis > 1 || random_.chance(50)) y = quantised(y);
    return add(op, {x, y});
  }

  /// What broadcasts to `x`: its mean along an axis or both, or one channel of its size.
  Tensor* shrunk(Tensor* x) {
    const Shape s = shape(x);
    ops::AveragePool op;
    switch (random_.range(0, 3)) {
      case 0:
        return add(ops::GlobalAveragePool{}, {x});
      case 1:
        return same_size_branch(x, 1);
      case 2:
        op.window = window(s[2], 1, 1, {0, 0, 0, 0}, 1);
        return add(op, {x});
      default:
        op.window = window(1, s[3], 1, {0, 0, 0, 0}, 1);
        return add(op, {x});
    }
  }

  /// Products of two activations: by factors that broadcast, or element by element.
  Tensor* gated(Tensor* x) {
    Tensor* y = quantised(x);
    if (random_.chance(50)) x = shrunk(x);
    return add(ops::Mul{}, {y, quantised(same_size_branch(x, shape(x)[1]))});
  }

  /// The larger or the smaller of two activations, as Max and Min are imported.
  Tensor* compared(Tensor* x) {
    Tensor* y = quantised(same_size_branch(x, shape(x)[1]));
    Tensor* z = random_.chance(30) ? shrunk(x) : x;
    if (random_.chance(70)) z = quantised(z);
    const bool larger = random_.chance(50);
    Tensor* excess = add(ops::Relu{}, {add(ops::Sub{}, {y, z})});
    return larger ? add(ops::Add{}, {z, excess}) : add(ops::Sub{}, {y, excess});
  }

  Tensor* same_size_branch(Tensor* x, std::int64_t channels) {
    const Shape s = shape(x);
    const std::int64_t k = random_.chance(50) ? 1 : 3;
    ops::Conv op;
    op.window = window(k, k, 1, {k / 2, k / 2, k / 2, k / 2}, 1);
    x = add(op, {x, weights({channels, s[1], k, k})});
    return random_.chance(60) ? norm(x) : x;
  }

  Tensor* head(Tensor* x) {
    if (random_.chance(50)) x = add(ops::GlobalAveragePool{}, {x});
    x = add(ops::Flatten{}, {x});
    const std::int64_t k = shape(x)[1], n = random_.range(2, 4);
    ops::Gemm gemm;
    gemm.trans_b = random_.chance(50);
    std::vector<Tensor*> inputs{x, weights(gemm.trans_b ? Shape{n, k} : Shape{k, n})};
    if (random_.chance(50)) inputs.push_back(constant({n}, -1, 1));
    return add(gemm, inputs);
  }

  Random random_;
  bool functions_;
  Graph graph_;
};

}  // namespace assay::testing
