// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/conv.h"

#include <gtest/gtest.h>
#include <tbb/parallel_for.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "compile/base/error.h"
#include "golden/kernels/naive.h"

namespace assay {
namespace {

using Integers = std::vector<std::int64_t>;

TEST(Storage, TakesTheBytesOfItsBits) {
  EXPECT_EQ(storage_bytes(Storage::kU8), 1U);
  EXPECT_EQ(storage_bytes(Storage::kI8), 1U);
  EXPECT_EQ(storage_bytes(Storage::kI16), 2U);
  EXPECT_EQ(storage_bytes(Storage::kI32), 4U);
  EXPECT_EQ(storage_bytes(Storage::kI64), 8U);
}

constexpr Storage kStorages[] = {Storage::kU8, Storage::kI8, Storage::kI16, Storage::kI32,
                                 Storage::kI64};

template <typename T>
std::vector<std::byte> bytes_of(const Integers& values) {
  const std::vector<T> typed(values.begin(), values.end());
  const auto* data = reinterpret_cast<const std::byte*>(typed.data());
  return {data, data + typed.size() * sizeof(T)};
}

std::vector<std::byte> stored(const Integers& values, Storage storage) {
  switch (storage) {
    case Storage::kU8:
      return bytes_of<std::uint8_t>(values);
    case Storage::kI8:
      return bytes_of<std::int8_t>(values);
    case Storage::kI16:
      return bytes_of<std::int16_t>(values);
    case Storage::kI32:
      return bytes_of<std::int32_t>(values);
    case Storage::kI64:
      break;
  }
  return bytes_of<std::int64_t>(values);
}

bool holds(Storage storage, IntRange range) {
  switch (storage) {
    case Storage::kU8:
      return range.min >= 0 && range.max <= 255;
    case Storage::kI8:
      return range.min >= -128 && range.max <= 127;
    case Storage::kI16:
      return range.min >= -32768 && range.max <= 32767;
    case Storage::kI32:
      return range.min >= -(1LL << 31) && range.max < (1LL << 31);
    case Storage::kI64:
      break;
  }
  return true;
}

Integers run(const ConvKernel& kernel, const Integers& in, Storage storage, bool parallel = false) {
  // Exactly as long as the tensors, so that ASan sees every access outside of them.
  const std::vector<std::byte> input = stored(in, storage);
  const std::size_t count = kernel.shape().out_elements();
  if (kernel.output_storage() == Storage::kI32) {
    std::vector<std::int32_t> out(count, 0x5a5a5a5a);
    kernel.run(input.data(), storage, out.data(), parallel);
    return {out.begin(), out.end()};
  }
  Integers out(count, 0x5a5a5a5a5a5a5a5a);
  kernel.run(input.data(), storage, out.data(), parallel);
  return out;
}

std::vector<Isa> isas() {
  std::vector<Isa> result;
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512Vnni})
    if (isa <= best_isa()) result.push_back(isa);
  return result;
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::int64_t in(std::int64_t min, std::int64_t max) {
    return std::uniform_int_distribution<std::int64_t>(min, max)(engine_);
  }
  Integers integers(std::int64_t count, IntRange range) {
    Integers result(count);
    for (std::int64_t& x : result) x = in(range.min, range.max);
    return result;
  }
  /// Mostly the two ends of the range: what overflows a sum that is too narrow.
  Integers extremes(std::int64_t count, IntRange range) {
    Integers result(count, in(0, 1) ? range.min : range.max);
    if (in(0, 1))
      for (std::int64_t& x : result) x = in(0, 1) ? range.min : range.max;
    return result;
  }

 private:
  std::mt19937_64 engine_;
};

/// All instruction sets, all storages that hold the input, one and many threads.
void expect_exact(const ConvShape& shape, const Integers& weights, IntRange range,
                  const Integers& in) {
  const Integers expected = naive_conv(shape, weights, in);
  for (const Isa isa : isas()) {
    const ConvKernel kernel(shape, weights, range, isa);
    SCOPED_TRACE(std::string(kernel.name()));
    for (const std::int64_t y : expected) {
      ASSERT_GE(y, kernel.output_range().min);
      ASSERT_LE(y, kernel.output_range().max);
    }
    for (const Storage storage : kStorages)
      if (holds(storage, range)) {
        ASSERT_EQ(run(kernel, in, storage), expected);
        ASSERT_EQ(run(kernel, in, storage, true), expected);
      }
  }
}

ConvShape random_shape(Random& random) {
  ConvShape s;
  s.kernel_height = random.in(1, 4), s.kernel_width = random.in(1, 4);
  s.stride_h = random.in(1, 3), s.stride_w = random.in(1, 3);
  s.dilation_h = random.in(1, 2), s.dilation_w = random.in(1, 2);
  s.pad_top = random.in(0, 2), s.pad_left = random.in(0, 2);
  s.pad_bottom = random.in(0, 2), s.pad_right = random.in(0, 2);
  s.in_height = s.dilation_h * (s.kernel_height - 1) + random.in(1, 6);
  s.in_width = s.dilation_w * (s.kernel_width - 1) + random.in(1, 6);
  const std::int64_t kind = random.in(0, 3);
  if (kind == 0) {  // depthwise, also with a channel multiplier
    s.groups = s.in_channels = random.in(2, 40);
    s.out_channels = s.groups * random.in(1, 3);
  } else {
    s.groups = kind == 1 ? random.in(2, 4) : 1;
    s.in_channels = s.groups * random.in(1, 20);
    s.out_channels = s.groups * random.in(1, 40);
  }
  return s;
}

std::string describe(const ConvShape& s, IntRange input, IntRange weight) {
  std::string text = "shape";
  for (const std::int64_t x :
       {s.in_channels, s.in_height, s.in_width, s.out_channels, s.kernel_height, s.kernel_width,
        s.stride_h, s.stride_w, s.pad_top, s.pad_left, s.pad_bottom, s.pad_right, s.dilation_h,
        s.dilation_w, s.groups, input.min, input.max, weight.min, weight.max})
    text += " " + std::to_string(x);
  return text;
}

IntRange random_range(Random& random, std::int64_t bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  switch (random.in(0, 3)) {
    case 0:
      return {0, 2 * half - 1};
    case 1:
      return {-half, half - 1};
    case 2:
      return {-half, half};
    default:
      return {random.in(-half, half - 1), half};
  }
}

void sweep(std::uint64_t first_seed, int count) {
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    Random random(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const ConvShape shape = random_shape(random);
    const IntRange input = random_range(random, random.in(1, 18));
    const IntRange weight = random_range(random, random.in(1, random.in(0, 1) ? 3 : 18));
    SCOPED_TRACE(describe(shape, input, weight));
    const bool extreme = random.in(0, 2) == 0;
    const auto draw = [&](std::int64_t n, IntRange range) {
      return extreme ? random.extremes(n, range) : random.integers(n, range);
    };
    const Integers weights = draw(shape.weight_elements(), weight);
    expect_exact(shape, weights, input, draw(shape.in_elements(), input));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(NaiveConv, MultipliesAMatrixByHand) {
  // [1 2; 3 4] x [5 6; 7 8] with the second factor given transposed.
  const Integers weights = {5, 7, 6, 8}, in = {1, 2, 3, 4};
  EXPECT_EQ(naive_conv(matmul_shape(2, 2, 2), weights, in), (Integers{19, 22, 43, 50}));
}

TEST(NaiveConv, PadsStridesAndDilatesByHand) {
  const ConvShape shape{.in_channels = 1,
                        .in_height = 3,
                        .in_width = 3,
                        .out_channels = 1,
                        .kernel_height = 2,
                        .kernel_width = 2,
                        .stride_h = 2,
                        .stride_w = 1,
                        .pad_top = 1,
                        .pad_left = 0,
                        .pad_bottom = 0,
                        .pad_right = 1,
                        .dilation_h = 1,
                        .dilation_w = 2};
  const Integers weights = {1, 10, 100, 1000};
  const Integers in = {1, 2, 3,  //
                       4, 5, 6,  //
                       7, 8, 9};
  ASSERT_EQ(shape.out_height(), 2);
  ASSERT_EQ(shape.out_width(), 2);
  EXPECT_EQ(naive_conv(shape, weights, in), (Integers{3100, 200, 9764, 805}));
}

TEST(NaiveConv, KeepsGroupsApart) {
  const ConvShape shape{.in_channels = 4, .out_channels = 2, .groups = 2};
  EXPECT_EQ(naive_conv(shape, Integers{1, 10, 100, 1000}, Integers{1, 2, 3, 4}),
            (Integers{21, 4300}));
}

TEST(ConvKernel, EqualsHandWorkedVectors) {
  const ConvShape shape{.in_channels = 2,
                        .in_height = 2,
                        .in_width = 2,
                        .out_channels = 1,
                        .kernel_height = 2,
                        .kernel_width = 2,
                        .pad_top = 1,
                        .pad_left = 1};
  // Channel 0 of the image is 1 2 / 3 0, channel 1 is -1 0 / 2 -2.
  const Integers weights = {1, -1, 2, 0, 0, 1, -1, 1}, in = {1, -1, 2, 0, 3, 2, 0, -2};
  for (const Isa isa : isas()) {
    const ConvKernel kernel(shape, weights, {-2, 3}, isa);
    SCOPED_TRACE(std::string(kernel.name()));
    EXPECT_EQ(run(kernel, in, Storage::kI8), (Integers{-1, 3, 0, 1}));
  }
}

TEST(ConvKernel, BoundsItsOutputsFromTheWeightsThemselves) {
  const ConvShape shape = matmul_shape(1, 3, 2);
  // Channel 0: 2a - 3b + c in [-9, 9]; channel 1: -4a in [-12, 0]; a, b, c in [0, 3].
  const ConvKernel kernel(shape, Integers{2, -3, 1, -4, 0, 0}, {0, 3});
  EXPECT_EQ(kernel.output_range(), (IntRange{-12, 9}));
  // Padding makes 0 possible even where the inputs are positive.
  EXPECT_EQ(ConvKernel(matmul_shape(1, 1, 1), Integers{5}, {2, 3}).output_range(),
            (IntRange{0, 15}));
}

TEST(ConvKernel, WidensItsOutputOnlyWhenItMust) {
  const ConvShape shape = matmul_shape(1, 2, 1);
  const std::int64_t top = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(ConvKernel(shape, Integers{1, 0}, {0, top}).output_storage(), Storage::kI32);
  EXPECT_EQ(ConvKernel(shape, Integers{1, 1}, {0, top}).output_storage(), Storage::kI64);
  EXPECT_EQ(ConvKernel(shape, Integers{1, 0}, {-top - 1, 0}).output_storage(), Storage::kI32);
}

TEST(ConvKernel, IsExactUpToTheLastOfSixtyFourBits) {
  const std::int64_t top = std::numeric_limits<std::int64_t>::max();
  expect_exact(matmul_shape(1, 1, 1), {1}, {0, top}, {top});
  expect_exact(matmul_shape(1, 2, 1), {1, -1}, {0, top}, {0, top});
  expect_exact(matmul_shape(1, 1, 1), {std::int64_t{1} << 31}, {-1, 0}, {-1});
  EXPECT_THROW(ConvKernel(matmul_shape(1, 2, 1), Integers{1, 1}, {0, top}), UserError);
  EXPECT_THROW(ConvKernel(matmul_shape(1, 1, 1), Integers{-1}, {-top - 1, 0}), UserError);
}

TEST(ConvKernel, RefusesImpossibleShapes) {
  const auto build = [](ConvShape shape, std::size_t weights) {
    ConvKernel(shape, Integers(weights, 1), {0, 1});
  };
  EXPECT_THROW(build({.kernel_height = 2}, 2), UserError);
  EXPECT_THROW(build({.in_channels = 3, .out_channels = 2, .groups = 2}, 2), UserError);
  EXPECT_THROW(build({.stride_h = 0}, 1), UserError);
  EXPECT_THROW(build({.pad_left = -1}, 1), UserError);
  EXPECT_THROW(build({.in_channels = std::int64_t{1} << 62}, 1), UserError);
  EXPECT_THROW(build({.in_height = 1 << 22, .in_width = 1 << 22}, 1), UserError);
  EXPECT_THROW(build({.in_channels = 2}, 1), UserError);
}

TEST(ConvKernel, EqualsTheNaiveLoopOnRandomShapes) { sweep(1000, 250); }

TEST(ConvKernelNightly, EqualsTheNaiveLoopOnManyRandomShapes) { sweep(100000, 20000); }

TEST(ConvKernel, SurvivesOperandsThatOverflowNarrowSumsUnlessWidenedInTime) {
  const ConvShape shape{.in_channels = 300,
                        .in_height = 4,
                        .in_width = 5,
                        .out_channels = 19,
                        .kernel_height = 3,
                        .kernel_width = 3,
                        .pad_top = 1,
                        .pad_left = 1};
  struct Case {
    IntRange input, weight;
  };
  for (const Case& c :
       {Case{{0, 255}, {-128, 127}}, Case{{0, 255}, {-64, 63}}, Case{{-128, 127}, {-8, 8}},
        Case{{0, 3}, {-2, 1}}, Case{{0, 3}, {-1, 1}}, Case{{0, 1}, {-1, 1}}, Case{{-1, 1}, {-1, 1}},
        Case{{-2, 1}, {-2, 2}}, Case{{0, 15}, {-8, 7}}, Case{{-200, 55}, {-3, 3}},
        Case{{0, 65535}, {-12, 12}}, Case{{-32768, 32767}, {-24, 24}},
        Case{{0, 1 << 20}, {-(1 << 20), 1 << 20}}})
    for (const std::int64_t w : {c.weight.min, c.weight.max})
      for (const std::int64_t x : {c.input.min, c.input.max}) {
        SCOPED_TRACE(describe(shape, c.input, c.weight));
        expect_exact(shape, Integers(shape.weight_elements(), w), c.input,
                     Integers(shape.in_elements(), x));
        if (HasFatalFailure()) return;
      }
}

TEST(ConvKernel, ChoosesTheNarrowestKernelThatIsProved) {
  if (best_isa() < Isa::kAvx2) GTEST_SKIP() << "this CPU has no AVX2";
  const auto chosen = [](const ConvShape& shape, std::int64_t w, IntRange input) {
    return std::string(
        ConvKernel(shape, Integers(shape.weight_elements(), w), input, Isa::kAvx2).name());
  };
  const ConvShape dense = matmul_shape(4, 64, 16);
  EXPECT_EQ(chosen(matmul_shape(4, 64, 32), 1, {0, 3}), "AVX2 lookup of 4");
  EXPECT_EQ(chosen(matmul_shape(4, 66, 32), 1, {-2, 1}), "AVX2 lookup of 2");
  EXPECT_EQ(chosen(matmul_shape(4, 64, 32), 1, {0, 4}), "AVX2 u8 x i8");
  EXPECT_EQ(chosen(matmul_shape(4, 65, 32), 1, {0, 3}), "AVX2 u8 x i8");
  EXPECT_EQ(chosen(dense, 7, {0, 15}), "AVX2 u8 x i8");
  EXPECT_EQ(chosen(dense, 7, {-128, 127}), "AVX2 u8 x i8");
  EXPECT_EQ(chosen(dense, 127, {0, 255}), "AVX2 i16 x i16");
  EXPECT_EQ(chosen(dense, 128, {0, 15}), "AVX2 i16 x i16");
  EXPECT_EQ(chosen(dense, 1, {0, 65536}), "portable, 32-bit");
  EXPECT_EQ(chosen(dense, 32767, {0, 65535}), "portable, 64-bit");
  EXPECT_EQ(chosen({.in_channels = 8, .out_channels = 8, .groups = 8}, 127, {0, 255}),
            "AVX2 depthwise i16");
}

TEST(ConvKernel, LooksUpEverySetOfFewWeights) {
  if (best_isa() < Isa::kAvx2) GTEST_SKIP() << "this CPU has no AVX2";
  const std::vector<Integers> sets = {{-1, 1},    {0, 1},          {5},         {0},
                                      {-1, 0, 1}, {-2, -1, 0, 1},  {-3, 0, 2},  {-3, -1, 1, 3},
                                      {-8, 7},    {-64, 0, 0, -1}, {64, 63, -1}};
  const ConvShape base{.in_channels = 24,
                       .in_height = 5,
                       .in_width = 4,
                       .out_channels = 70,
                       .kernel_height = 3,
                       .kernel_width = 2,
                       .stride_w = 2,
                       .pad_top = 1,
                       .pad_left = 2,
                       .pad_bottom = 2,
                       .dilation_h = 2};
  ConvShape grouped = base;
  grouped.out_channels = 64, grouped.groups = 2, grouped.dilation_w = 2;
  Random random(17);
  int lookups = 0;
  for (const ConvShape& shape : {base, grouped})
    for (const Integers& set : sets)
      for (const IntRange range : {IntRange{0, 1}, {-1, 1}, {0, 2}, {0, 3}, {-2, 1}, {-3, 0}}) {
        Integers weights;
        for (const std::int64_t i :
             random.integers(shape.weight_elements(), {0, std::ssize(set) - 1}))
          weights.push_back(set[i]);
        SCOPED_TRACE(describe(shape, range, {set.front(), set.back()}));
        lookups += ConvKernel(shape, weights, range, Isa::kAvx2).name().find("lookup") !=
                   std::string_view::npos;
        expect_exact(shape, weights, range, random.integers(shape.in_elements(), range));
        if (HasFatalFailure()) return;
      }
  EXPECT_GT(lookups, 80);
}

TEST(ConvKernel, LooksUpOnlyWhileTheSumsFitSixteenBits) {
  if (best_isa() < Isa::kAvx2) GTEST_SKIP() << "this CPU has no AVX2";
  // 2-bit weights, inputs 0..3: a lookup of 2 spans 18, and 3640 of them reach 65520.
  for (const std::int64_t lookups : {3640, 3642}) {
    const ConvShape shape = matmul_shape(3, 2 * lookups, 32);
    for (const std::int64_t w : {-2, 1}) {
      Integers weights(shape.weight_elements(), w);
      weights[0] = -2, weights[1] = -1, weights[2] = 0, weights[3] = 1;
      const ConvKernel kernel(shape, weights, {0, 3}, Isa::kAvx2);
      EXPECT_EQ(kernel.name(), lookups == 3640 ? "AVX2 lookup of 2" : "AVX2 u8 x i8");
      expect_exact(shape, weights, {0, 3}, Integers(shape.in_elements(), 3));
    }
  }
}

TEST(ConvKernel, RunsTheVnniKernelWhereTheCpuHasIt) {
  if (best_isa() < Isa::kAvx512Vnni) GTEST_SKIP() << "this CPU has no AVX-512 VNNI";
  const ConvShape shape = matmul_shape(7, 66, 50);
  Random random(7);
  const Integers weights = random.integers(shape.weight_elements(), {-128, 127});
  EXPECT_EQ(ConvKernel(shape, weights, {0, 255}).name(), "AVX-512 VNNI u8 x i8");
  expect_exact(shape, weights, {0, 255}, random.integers(shape.in_elements(), {0, 255}));
}

TEST(ConvKernel, ShowsEveryFlippedWeight) {
  const ConvShape shape{.in_channels = 5,
                        .in_height = 6,
                        .in_width = 6,
                        .out_channels = 9,
                        .kernel_height = 3,
                        .kernel_width = 3,
                        .pad_top = 1,
                        .pad_left = 1};
  Random random(11);
  const Integers weights = random.integers(shape.weight_elements(), {-2, 1});
  const Integers in = random.integers(shape.in_elements(), {1, 3});
  const Integers expected = naive_conv(shape, weights, in);
  for (const Isa isa : isas())
    for (std::size_t i = 0; i < weights.size(); ++i) {
      Integers faulty = weights;
      faulty[i] ^= 1;
      ASSERT_NE(run(ConvKernel(shape, faulty, {0, 3}, isa), in, Storage::kU8), expected)
          << "weight " << i << " on " << isa_name(isa);
    }
}

TEST(ConvKernel, GivesTheSameFromManyThreadsAtOnce) {
  const ConvShape shape{.in_channels = 64,
                        .in_height = 24,
                        .in_width = 24,
                        .out_channels = 64,
                        .kernel_height = 3,
                        .kernel_width = 3,
                        .pad_top = 1,
                        .pad_left = 1,
                        .pad_bottom = 1,
                        .pad_right = 1};
  Random random(13);
  const Integers weights = random.integers(shape.weight_elements(), {-1, 1});
  std::vector<Integers> images, expected;
  for (int i = 0; i < 4; ++i) {
    images.push_back(random.integers(shape.in_elements(), {0, 3}));
    expected.push_back(naive_conv(shape, weights, images.back()));
  }
  for (const Isa isa : isas()) {
    const ConvKernel kernel(shape, weights, {0, 3}, isa);
    std::vector<Integers> results(32);
    tbb::parallel_for(std::size_t{0}, results.size(), [&](std::size_t i) {
      results[i] = run(kernel, images[i % images.size()], Storage::kU8, true);
    });
    for (std::size_t i = 0; i < results.size(); ++i)
      ASSERT_EQ(results[i], expected[i % images.size()]) << kernel.name();
  }
}

TEST(ConvKernelDeathTest, AbortsOnAnInputOutsideOfItsRange) {
  const ConvShape shape = matmul_shape(3, 20, 2);
  const ConvKernel kernel(shape, Integers(40, 1), {0, 3});
  for (const std::size_t at : {0, 31, 59}) {
    Integers in(60, 3);
    in[at] = 4;
    EXPECT_DEATH(run(kernel, in, Storage::kU8), "outside of its declared range");
    in[at] = 256;
    EXPECT_DEATH(run(kernel, in, Storage::kI16), "outside of its declared range");
  }
}

}  // namespace
}  // namespace assay
