// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/dsp_packing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace assay::hw::test {
namespace dsp_packing_test {

using Ints = std::vector<std::int64_t>;
constexpr auto kUInt = &DataType::uint, kInt = &DataType::sint;

std::int64_t power(std::int64_t n) { return std::int64_t{1} << n; }

TEST(DspPacking, HasRoomForAsManyProducts) {
  EXPECT_EQ(dsp_packing(kUInt(4), kInt(4), 8), (DspPacking{4, 7}));
  EXPECT_EQ(dsp_packing(kUInt(8), kInt(8), 4), (DspPacking{2, 16}));
  EXPECT_EQ(dsp_packing(kInt(8), kInt(8), 4), (DspPacking{2, 15}));
  EXPECT_EQ(dsp_packing(kUInt(2), kInt(2), 16), (DspPacking{8, 3}));
  EXPECT_EQ(dsp_packing(kUInt(3), kInt(3), 16), (DspPacking{5, 5}));
  EXPECT_EQ(dsp_packing(kUInt(4), kUInt(4), 16), (DspPacking{3, 8}));
  EXPECT_EQ(dsp_packing(kUInt(4), kInt(4), 3),
            (DspPacking{3, 8}));  // no overlap where rows are few
  EXPECT_EQ(dsp_packing(kUInt(4), kInt(4), 1).lanes, 1);
}

TEST(DspPacking, KeepsToOneProductOfOtherOperands) {
  for (const auto& [x, w] : {std::pair(DataType::bipolar(), kInt(4)),
                             {kUInt(4), DataType::bipolar()},
                             {kUInt(1), kInt(4)},
                             {kUInt(4), kUInt(1)},
                             {kInt(4), kUInt(4)},
                             {kInt(3), kInt(4)},
                             {kUInt(18), kInt(4)},
                             {kUInt(13), kInt(13)},
                             {kUInt(2), kInt(40)}})
    EXPECT_EQ(dsp_packing(x, w, 8).lanes, 1) << x.name() << " by " << w.name();
}

/// The multiplier's operands and what is added behind it, as the header has them.
struct Block {
  DataType x, w;
  DspPacking packing;

  std::int64_t offset() const { return w.is_signed() ? power(w.bits - 1) : 0; }

  std::int64_t wide(const Ints& weights) const {
    std::int64_t a = 0;
    for (std::int64_t i = 0; i < packing.lanes; ++i)
      a += (weights[static_cast<std::size_t>(i)] + (i + 1 < packing.lanes ? offset() : 0)) *
           power(packing.spacing * i);
    return a;
  }

  std::int64_t result(std::int64_t value, const Ints& weights) const {
    std::int64_t p = wide(weights) * value;
    for (std::int64_t i = 0; i + 1 < packing.lanes; ++i)
      p += offset() * (x.max() - value) * power(packing.spacing * i);
    return p;
  }

  /// The products, from the fields and from whether x and the weights are odd.
  Ints products(std::int64_t p, std::int64_t value, const Ints& weights) const {
    const bool overlap = packing.spacing < x.bits + w.bits - (x.is_signed() ? 1 : 0);
    const auto carry = [&](std::int64_t i) -> std::int64_t {
      if (!overlap || i == 0) return 0;
      return ((p >> (packing.spacing * i)) ^ (value & weights[static_cast<std::size_t>(i)])) & 1;
    };
    Ints found;
    for (std::int64_t i = 0; i < packing.lanes; ++i) {
      const std::int64_t above = p >> (packing.spacing * i);
      found.push_back(i + 1 == packing.lanes ? above - carry(i)
                                             : (above & (power(packing.spacing) - 1)) +
                                                   carry(i + 1) * power(packing.spacing) -
                                                   carry(i) - offset() * x.max());
    }
    return found;
  }
};

/// Whether some product comes out wrong, or an operand is too wide, for the value and the weights.
bool is_wrong(const Block& block, std::int64_t value, const Ints& weights) {
  const std::int64_t a = block.wide(weights);
  if (a < -power(kDspWideBits - 1) || a >= power(kDspWideBits - 1)) return true;
  if (value < -power(kDspNarrowBits - 1) || value >= power(kDspNarrowBits - 1)) return true;
  const Ints found = block.products(block.result(value, weights), value, weights);
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (found[i] != weights[i] * value) return true;
  return false;
}

/// All weights of `choice` in all lanes. Returns the number of cases, and fails at the first wrong one.
std::int64_t check(const Block& block, const Ints& values, const Ints& choice) {
  std::int64_t cases = 0;
  std::vector<std::size_t> at(static_cast<std::size_t>(block.packing.lanes), 0);
  for (std::size_t lane = 0; lane < at.size();) {
    Ints weights;
    for (const std::size_t i : at) weights.push_back(choice[i]);
    for (const std::int64_t value : values) {
      ++cases;
      if (!is_wrong(block, value, weights)) continue;
      ADD_FAILURE() << block.x.name() << " by " << block.w.name() << ", x = " << value;
      return cases;
    }
    for (lane = 0; lane < at.size() && ++at[lane] == choice.size(); ++lane) at[lane] = 0;
  }
  return cases;
}

Ints all_of(const DataType& type) {
  Ints values;
  for (std::int64_t v = type.min(); v <= type.max(); ++v) values.push_back(v);
  return values;
}

Ints ends_of(const DataType& type) {
  Ints values = {type.min(), type.min() + 1, 0, 1, type.max() - 1, type.max()};
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Calls `visit` for all types of so many bits that share blocks, with as many lanes as there is room
/// for and with one less.
template <typename Visit>
void for_types(int bits, const Visit& visit) {
  for (const auto x : {kUInt, kInt})
    for (const auto w : {kUInt, kInt})
      for (int n = 2; n <= bits; ++n)
        for (int m = 2; m <= bits; ++m) {
          const std::int64_t most = dsp_packing(x(n), w(m), 64).lanes;
          for (const std::int64_t rows : {most, most - 1})
            if (rows > 1) visit(Block{x(n), w(m), dsp_packing(x(n), w(m), rows)});
        }
}

TEST(DspPacking, IsExactForAllValuesOfFewBits) {
  std::int64_t cases = 0;
  for_types(4, [&](const Block& block) {
    const std::int64_t weights = power(block.w.bits * block.packing.lanes);
    if (weights > power(16)) return;
    cases += check(block, all_of(block.x), all_of(block.w));
  });
  EXPECT_GT(cases, 4'000'000);
}

TEST(DspPacking, IsExactAtTheEndsOfAllTypes) {
  std::int64_t blocks = 0;
  for_types(17, [&](const Block& block) {
    ++blocks;
    Ints weights = ends_of(block.w);
    if (block.packing.lanes > 5) weights = {block.w.min(), 1, block.w.max()};
    check(block, ends_of(block.x), weights);
  });
  EXPECT_GT(blocks, 300);
}

}  // namespace dsp_packing_test
}  // namespace assay::hw::test
