// SPDX-License-Identifier: Apache-2.0
// Hardware layers on small vectors whose results are worked out by hand, and their fast forms
// against plain loops.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "compile/base/error.h"
#include "compile/graph/hw_ops.h"
#include "golden/exact/executor.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<std::int64_t>;

const DataType kInt8 = DataType::sint(8), kInt4 = DataType::sint(4), kUInt8 = DataType::uint(8),
               kBit = DataType::uint(1), kBipolar = DataType::bipolar(), kFloat;

struct Operand {
  Shape shape;
  Ints values;
  DataType dtype = kInt8;
  bool constant = false;
};

Operand fixed(Shape shape, Ints values) {
  return {std::move(shape), std::move(values), DataType::sint(32), true};
}

Ints integers(const ExactValue& value) {
  Ints out;
  for (std::int64_t i = 0; i < value.size(); ++i) {
    const Real real = value.real(i);
    EXPECT_TRUE(real.is_rational() && real.rational().get_den() == 1);
    out.push_back(real.rational().get_num().get_si());
  }
  return out;
}

/// Runs one layer; `outs` are the data types of its outputs, FLOAT32 for one that is left out.
template <typename T>
std::vector<Ints> outputs_of(T op, const std::vector<Operand>& operands,
                             const std::vector<DataType>& outs) {
  Graph graph;
  std::vector<Tensor*> in, out;
  std::vector<ExactInput> described;
  ExactRequest request;
  for (const Operand& operand : operands) {
    if (operand.shape.empty()) {
      in.push_back(nullptr);
    } else if (operand.constant) {
      in.push_back(graph.add_constant("c", Constant(operand.shape, operand.values)));
    } else {
      in.push_back(graph.add_input("x", operand.shape));
      in.back()->dtype = operand.dtype;
      described.push_back(ExactInput::integers(operand.dtype.min(), operand.dtype.max()));
      request.inputs.push_back({operand.values});
    }
  }
  for (const DataType dtype : outs) {
    out.push_back(dtype == kFloat ? nullptr : graph.add_tensor("y"));
    if (out.back()) out.back()->dtype = dtype;
  }
  graph.add_node(std::make_unique<T>(std::move(op)), in, out, "layer");
  for (Tensor* tensor : out)
    if (tensor) graph.add_output(tensor);
  infer_shapes(graph);
  std::vector<Ints> values;
  for (const ExactValue& value : ExactExecutor(graph, described).run(request).outputs)
    values.push_back(integers(value));
  return values;
}

template <typename T>
Ints output_of(T op, const std::vector<Operand>& operands, DataType out = DataType::sint(16)) {
  return outputs_of(std::move(op), operands, {out}).at(0);
}

template <typename F>
std::string refusal_text(F&& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

Ints counted_up(std::int64_t count) {
  Ints out;
  for (std::int64_t i = 1; i <= count; ++i) out.push_back(i);
  return out;
}

hw::Levels levels(DataType dtype, std::int64_t scale = 1, std::int64_t bias = 0) {
  return {dtype, scale, bias};
}

// ---- Layers that only move elements

TEST(HardwareLayers, PaddingSurroundsAndInserts) {
  hw::FMPadding op;
  op.pads = {1, 0, 0, 1};
  op.insert = {1, 2};
  op.pad_value = -1;
  // Rows 1 2 / 3 4 become 1 . 2 / 3 . 4, then one row above and one column to the right.
  EXPECT_THAT(output_of(op, {{{1, 2, 2, 1}, {1, 2, 3, 4}}}, kInt8),
              ElementsAre(-1, -1, -1, -1, 1, -1, 2, -1, 3, -1, 4, -1));
}

TEST(HardwareLayers, PaddingTakesWholePixels) {
  hw::FMPadding op;
  op.pads = {0, 1, 0, 0};
  EXPECT_THAT(output_of(op, {{{1, 1, 2, 2}, {1, 2, 3, 4}}}, kInt8), ElementsAre(0, 0, 1, 2, 3, 4));
}

TEST(HardwareLayers, PaddingMustBelongToTheDataType) {
  hw::FMPadding op;
  op.pads = {0, 1, 0, 0};
  const auto run = [&] { output_of(op, {{{1, 1, 1, 1}, {1}, kBipolar}}, kBipolar); };
  EXPECT_THAT(refusal_text(run), AllOf(HasSubstr("layer"), HasSubstr("is 0 at element 0")));
}

TEST(HardwareLayers, WindowsHoldTheirTapsInOrder) {
  hw::ConvolutionInputGenerator op;
  op.kernel = {2, 2};
  op.dilation = {1, 2};
  // One row of windows over columns 0, 2 and 1, 3; two channels.
  EXPECT_THAT(output_of(op, {{{1, 2, 4, 2}, counted_up(16)}}, kInt8),
              ElementsAre(1, 2, 5, 6, 9, 10, 13, 14, 3, 4, 7, 8, 11, 12, 15, 16));
}

TEST(HardwareLayers, DepthwiseWindowsAreGrouped) {
  hw::ConvolutionInputGenerator op;
  op.kernel = {1, 2};
  op.stride = {1, 2};
  op.depthwise = true;
  op.simd = 2;
  // Pixels 1..4 and 5..8: channels 0, 1 of both taps, then channels 2, 3.
  EXPECT_THAT(output_of(op, {{{1, 1, 2, 4}, counted_up(8)}}, kInt8),
              ElementsAre(1, 2, 5, 6, 3, 4, 7, 8));
}

TEST(HardwareLayers, ConcatAndSplitAreInverse) {
  const Operand a{{1, 2, 2}, {1, 2, 6, 7}}, b{{1, 2, 3}, {3, 4, 5, 8, 9, 10}};
  EXPECT_EQ(output_of(hw::StreamingConcat(), {a, b}, kInt8), counted_up(10));
  hw::StreamingSplit split;
  split.channels = {2, 3};
  EXPECT_THAT(outputs_of(split, {{{1, 2, 5}, counted_up(10)}}, {kInt8, kInt8}),
              ElementsAre(a.values, b.values));
}

TEST(HardwareLayers, UpsamplingRepeatsPixels) {
  hw::UpsampleNearestNeighbour op;
  op.scale = {2, 3};
  EXPECT_THAT(output_of(op, {{{1, 1, 2, 1}, {7, 8}}}, kInt8),
              ElementsAre(7, 7, 7, 8, 8, 8, 7, 7, 7, 8, 8, 8));
}

TEST(HardwareLayers, PicksRowsAndColumns) {
  hw::Pick op;
  op.rows = {1, 1};
  op.columns = {2, 0};
  EXPECT_THAT(output_of(op, {{{1, 2, 3, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}}, kInt8),
              ElementsAre(10, 11, 6, 7, 10, 11, 6, 7));
}

TEST(HardwareLayers, SomeLayersKeepTheTensor) {
  const Operand x{{1, 2, 3}, {5, -1, 0, 3, 2, -8}};
  EXPECT_EQ(output_of(hw::StreamingFIFO(), {x}, kInt8), x.values);
  EXPECT_EQ(output_of(hw::StreamingDataWidthConverter(), {x}, kInt8), x.values);
  EXPECT_EQ(output_of(hw::TLastMarker(), {x}, kInt8), x.values);
  EXPECT_THAT(outputs_of(hw::DuplicateStreams(), {x}, {kInt8, kFloat, kInt8}),
              ElementsAre(x.values, x.values));
}

// ---- Products

TEST(HardwareLayers, AProductIsARowTimesEachColumn) {
  // (1, -2) * (3 5 0 / 1 -1 4) = (1, 7, -8).
  hw::MVAU op;
  op.acc_dtype = DataType::sint(16);
  EXPECT_THAT(output_of(op, {{{1, 2}, {1, -2}}, fixed({2, 3}, {3, 5, 0, 1, -1, 4})}),
              ElementsAre(1, 7, -8));
}

TEST(HardwareLayers, AnXnorProductCountsEqualBits) {
  // 1 0 1 against 1 0 0 and 0 1 0: two equal bits, none.
  hw::MVAU op;
  op.xnor = true;
  op.acc_dtype = DataType::uint(2);
  EXPECT_THAT(output_of(op, {{{1, 3}, {1, 0, 1}, kBit}, fixed({3, 2}, {1, 0, 0, 1, 0, 0})},
                        DataType::uint(2)),
              ElementsAre(2, 0));
}

TEST(HardwareLayers, SumsBecomeLevelsRowByRow) {
  // The sums are 1, 7, -8; rows of thresholds {1, 8}, {1, 7}, {-7, 0}.
  hw::MVAU op;
  op.acc_dtype = DataType::sint(16);
  op.levels = levels(kInt4, 1, -1);
  const Operand x{{1, 2}, {1, -2}}, w = fixed({2, 3}, {3, 5, 0, 1, -1, 4});
  EXPECT_THAT(output_of(op, {x, w, fixed({3, 2}, {1, 8, 1, 7, -7, 0})}, kInt4),
              ElementsAre(0, 1, -1));
  op.levels = levels(kBipolar, 2, -1);
  EXPECT_THAT(output_of(op, {x, w, fixed({1, 1}, {1})}, kBipolar), ElementsAre(1, 1, -1));
}

TEST(HardwareLayers, SumsMustFitTheAccumulator) {
  hw::MVAU op;
  op.acc_dtype = kInt4;
  const auto run = [&](std::int64_t x) {
    return output_of(op, {{{1, 1}, {x}}, fixed({1, 1}, {1})}, kInt8);
  };
  EXPECT_THAT(run(7), ElementsAre(7));
  EXPECT_THAT(refusal_text([&] { run(8); }),
              AllOf(HasSubstr("layer"), HasSubstr("its sum of type INT4 is 8 at element 0")));
}

TEST(HardwareLayers, ADepthwiseProductTakesGroupedWindows) {
  // Channels 0..3 at PE = 2, two taps: (0,1 of tap 0), (0,1 of tap 1), (2,3 of tap 0), (2,3 of 1).
  hw::VVAU op;
  op.pe = 2;
  op.acc_dtype = DataType::sint(16);
  EXPECT_THAT(output_of(op, {{{1, 1, 1, 8}, {1, 2, 3, 4, 5, 6, 7, 8}},
                             fixed({2, 4}, {1, 10, 1, 0, 1, 1, -1, 2})}),
              ElementsAre(1 + 3, 20 + 4, 5 - 7, 0 + 16));
}

TEST(HardwareLayers, ADepthwiseProductMayHaveThresholds) {
  hw::VVAU op;
  op.acc_dtype = kInt8;
  op.levels = levels(kBit);
  EXPECT_THAT(
      output_of(op, {{{1, 1, 1, 2}, {3, -4}}, fixed({1, 2}, {2, 2}), fixed({2, 1}, {7, -8})}, kBit),
      ElementsAre(0, 1));
}

// ---- Elementwise

TEST(HardwareLayers, ThresholdsAreCounted) {
  hw::Thresholding op;
  op.levels = levels(kInt4, 1, -2);
  // Channel 0: {-1, 0, 5}; channel 1: {2, 2, 9}.
  EXPECT_THAT(
      output_of(op, {{{1, 3, 2}, {-2, 1, 0, 2, 5, 9}}, fixed({2, 3}, {-1, 0, 5, 2, 2, 9})}, kInt4),
      ElementsAre(-2, -2, 0, 0, 1, 1));
}

TEST(HardwareLayers, ThresholdsMayDependOnThePosition) {
  hw::Thresholding op;
  op.levels = levels(kBit);
  // Row 0 compares with 1 and 2, row 1 with 3 and 4, all columns alike.
  EXPECT_THAT(
      output_of(op,
                {{{1, 2, 2, 2}, {1, 1, 0, 2, 3, 3, 2, 4}}, fixed({1, 2, 1, 2, 1}, {1, 2, 3, 4})},
                kBit),
      ElementsAre(1, 0, 0, 1, 1, 0, 0, 1));
}

TEST(HardwareLayers, AJoinReadsItsTable) {
  hw::JoinThreshold op;
  op.levels = levels(kInt4, 1, 3);
  op.table_min = -1;
  // z = -1: {0}; z = 0: {3}.
  EXPECT_THAT(
      output_of(
          op, {fixed({1, 1, 2, 1}, {0, 3}), {}, {{1, 4}, {-1, 0, 2, 3}}, {{1, 4}, {-1, -1, 0, 0}}},
          kInt4),
      ElementsAre(3, 4, 3, 4));
}

TEST(HardwareLayers, AJoinMayBeALine) {
  hw::JoinThreshold op;
  op.levels = levels(kInt4);
  // Channel 0: 2x - 3z against {0, 10}; channel 1: -x + z against {-1, 1}.
  EXPECT_THAT(output_of(op,
                        {fixed({1, 2, 2}, {0, 10, -1, 1}),
                         fixed({1, 2, 2}, {2, -3, -1, 1}),
                         {{1, 2}, {3, 3}},
                         {{1, 2}, {2, 2}}},
                        kInt4),
              ElementsAre(1, 1));
}

TEST(HardwareLayers, StreamsAddUp) {
  EXPECT_THAT(output_of(hw::AddStreams(), {{{1, 3}, {1, -2, 100}}, {{1, 3}, {10, -20, 100}}}),
              ElementsAre(11, -22, 200));
  const auto run = [] { output_of(hw::AddStreams(), {{{1, 1}, {100}}, {{1, 1}, {28}}}, kInt8); };
  EXPECT_THAT(refusal_text(run), HasSubstr("its output of type INT8 is 128 at element 0"));
}

TEST(HardwareLayers, StreamsAreMultiplied) {
  const auto products = [](Operand a, Operand b) {
    return output_of(hw::EltwiseMul(), {std::move(a), std::move(b)});
  };
  EXPECT_THAT(products({{1, 3}, {1, -2, 100}}, {{1, 3}, {10, -20, -100}}),
              ElementsAre(10, 40, -10000));
  EXPECT_THAT(products({{1, 2, 1, 2}, {1, -2, 3, 4}}, {{1, 1, 1, 2}, {5, -6}}),
              ElementsAre(5, 12, 15, -24));
  const auto run = [] { output_of(hw::EltwiseMul(), {{{1, 1}, {16}}, {{1, 1}, {8}}}, kInt8); };
  EXPECT_THAT(refusal_text(run), HasSubstr("its output of type INT8 is 128 at element 0"));
}

TEST(HardwareLayers, ChannelsHaveTheirOwnParameters) {
  const auto run = [](const char* function, Operand p) {
    hw::ChannelwiseOp op;
    op.function = function;
    return output_of(op, {{{1, 2, 2}, {1, -2, 3, 4}}, std::move(p)});
  };
  EXPECT_THAT(run("add", fixed({2}, {10, -10})), ElementsAre(11, -12, 13, -6));
  EXPECT_THAT(run("mul", fixed({2}, {2, -3})), ElementsAre(2, 6, 6, -12));
  EXPECT_THAT(run("max", fixed({1}, {2})), ElementsAre(2, 2, 3, 4));
  EXPECT_THAT(run("min", fixed({1}, {2})), ElementsAre(1, -2, 2, 2));
}

// ---- Pools and heads

TEST(HardwareLayers, PoolsTakeGroupedWindows) {
  // Two channels at PE = 1, three taps: -5 -1 -3 and 7 2 0.
  const Operand x{{1, 1, 1, 6}, {-5, -1, -3, 7, 2, 0}};
  hw::Pool op;
  op.taps = 3;
  op.function = "max";
  EXPECT_THAT(output_of(op, {x}), ElementsAre(-1, 7));
  op.function = "sum";
  op.shift = 1;
  EXPECT_THAT(output_of(op, {x}), ElementsAre(-5, 4));  // -9 >> 1 = -5
  // At PE = 2 a tap is a pair: (-5, -1), (-3, 7), (2, 0).
  op.pe = 2;
  op.shift = 0;
  EXPECT_THAT(output_of(op, {x}), ElementsAre(-6, 6));
}

TEST(HardwareLayers, AGlobalPoolSumsEveryPixel) {
  hw::GlobalAccPool op;
  op.shift = 2;
  EXPECT_THAT(output_of(op, {{{1, 2, 2, 2}, {1, -1, 2, -1, 3, -1, 4, -2}}}), ElementsAre(2, -2));
}

TEST(HardwareLayers, TheBestLabelsComeFirst) {
  hw::LabelSelect op;
  op.k = 3;
  const Operand x{{1, 5}, {4, 9, -1, 9, 4}};
  const DataType index = DataType::uint(3);
  EXPECT_THAT(outputs_of(op, {x}, {kInt8, index}), ElementsAre(Ints{9, 9, 4}, Ints{1, 3, 0}));
  op.largest = false;
  EXPECT_THAT(outputs_of(op, {x}, {kFloat, index}), ElementsAre(Ints{2, 0, 4}));
}

// ---- Refusals

TEST(HardwareLayers, OutputsNeedAnIntegerDataType) {
  Graph graph;
  Tensor* x = graph.add_input("x", {1, 1});
  graph.add_output(graph.add(std::make_unique<hw::AddStreams>(), {x, x}, "y"));
  infer_shapes(graph);
  EXPECT_THAT(refusal_text([&] { ExactExecutor(graph, {ExactInput::integers(0, 1)}); }),
              HasSubstr("its output has the data type FLOAT32"));
}

TEST(HardwareLayers, InputsMustBeIntegers) {
  Graph graph;
  Tensor* y = graph.add(std::make_unique<hw::AddStreams>(),
                        {graph.add_input("x", {1, 1}), graph.add_input("z", {1, 1})}, "y");
  y->dtype = kInt8;
  graph.add_output(y);
  infer_shapes(graph);
  ExactInput half = ExactInput::integers(0, 1);
  half.terms[0].scale = RealArray(Real(mpq_class(1, 2)));
  EXPECT_THAT(refusal_text([&] {
                ExactExecutor(graph, {half, ExactInput::integers(0, 1)});
              }),
              HasSubstr("input 0 does not hold integers"));
}

// ---- Against plain loops

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  Ints values(std::int64_t count, std::int64_t low, std::int64_t high) {
    Ints out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(between(low, high));
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

TEST(HardwareLayers, ProductsEqualPlainLoops) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Random random(seed);
    const bool xnor = seed % 3 == 0;
    const std::int64_t m = random.between(1, 9), k = random.between(1, 70),
                       n = random.between(1, 40), steps = random.between(1, 7), low = xnor ? 0 : -8,
                       high = xnor ? 1 : 7;
    const Ints x = random.values(m * k, low, high), w = random.values(k * n, low, high);
    Ints t = random.values(n * steps, -60, 60);
    for (std::int64_t row = 0; row < n; ++row)
      std::sort(t.begin() + row * steps, t.begin() + (row + 1) * steps);
    Ints sums, counts;
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        std::int64_t sum = 0, count = 0;
        for (std::int64_t l = 0; l < k; ++l) {
          const std::int64_t a = x[at(i * k + l)], b = w[at(l * n + j)];
          sum += xnor ? static_cast<std::int64_t>(a == b) : a * b;
        }
        for (std::int64_t s = 0; s < steps; ++s) count += sum >= t[at(j * steps + s)] ? 1 : 0;
        sums.push_back(sum);
        counts.push_back(2 * count - 1);
      }
    hw::MVAU op;
    op.xnor = xnor;
    op.acc_dtype = DataType::sint(16);
    op.levels = levels(DataType::sint(5), 2, -1);
    const Operand a{{1, m, k}, x, xnor ? kBit : kInt4}, b = fixed({k, n}, w);
    EXPECT_EQ(output_of(op, {a, b}), sums) << "seed " << seed;
    EXPECT_EQ(output_of(op, {a, b, fixed({n, steps}, t)}), counts) << "seed " << seed;
  }
}

TEST(HardwareLayers, DepthwiseConvolutionsDoNotDependOnTheirFolding) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Random random(seed);
    const std::int64_t c = 12, pe = Ints{1, 2, 3, 4, 6, 12}[at(random.between(0, 5))],
                       side = random.between(3, 6);
    const Operand x{{1, side, side, c}, random.values(side * side * c, -8, 7), kInt4};
    hw::ConvolutionInputGenerator window;
    window.kernel = {3, 2};
    window.depthwise = true;
    window.simd = pe;
    hw::VVAU op;
    op.pe = pe;
    op.acc_dtype = DataType::sint(16);
    const Ints w = random.values(6 * c, -8, 7);
    const std::int64_t rows = side - 2, columns = side - 1;
    Ints expected;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        for (std::int64_t k = 0; k < c; ++k) {
          std::int64_t sum = 0;
          for (std::int64_t tap = 0; tap < 6; ++tap)
            sum += x.values[at(((i + tap / 2) * side + j + tap % 2) * c + k)] * w[at(tap * c + k)];
          expected.push_back(sum);
        }
    const Ints windows = output_of(window, {x}, kInt4);
    EXPECT_EQ(output_of(op, {{{1, rows, columns, 6 * c}, windows, kInt4}, fixed({6, c}, w)}),
              expected)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace assay
