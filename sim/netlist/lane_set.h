// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::sim {

/// Some of the lanes of a simulator, as a net's values are.
class LaneSet {
 public:
  LaneSet() = default;
  explicit LaneSet(std::span<const std::uint64_t> values) {
    for (std::size_t w = 0; w < values.size(); ++w) words_[w] = values[w];
  }
  static LaneSet all(int lanes) {
    LaneSet set;
    for (std::size_t w = 0; w < static_cast<std::size_t>(lanes) / 64; ++w)
      set.words_[w] = ~std::uint64_t{0};
    return set;
  }

  bool has(int lane) const { return (word(lane) >> (lane % 64) & 1U) != 0; }
  void add(int lane) { word(lane) |= std::uint64_t{1} << (lane % 64); }
  void remove(int lane) { word(lane) &= ~(std::uint64_t{1} << (lane % 64)); }
  bool empty() const {
    std::uint64_t any = 0;
    for (const std::uint64_t w : words_) any |= w;
    return any == 0;
  }
  std::uint64_t& at(std::size_t word) { return words_[word]; }
  std::uint64_t at(std::size_t word) const { return words_[word]; }
  void put(std::span<std::uint64_t> values) const {
    for (std::size_t w = 0; w < values.size(); ++w) values[w] = words_[w];
  }

  LaneSet& operator&=(const LaneSet& o) { return *this = *this & o; }
  LaneSet& operator|=(const LaneSet& o) { return *this = *this | o; }
  friend LaneSet operator&(LaneSet a, const LaneSet& b) {
    for (std::size_t w = 0; w < kWords; ++w) a.words_[w] &= b.words_[w];
    return a;
  }
  friend LaneSet operator|(LaneSet a, const LaneSet& b) {
    for (std::size_t w = 0; w < kWords; ++w) a.words_[w] |= b.words_[w];
    return a;
  }
  friend LaneSet operator^(LaneSet a, const LaneSet& b) {
    for (std::size_t w = 0; w < kWords; ++w) a.words_[w] ^= b.words_[w];
    return a;
  }
  /// Those of a that are not in b.
  friend LaneSet operator-(LaneSet a, const LaneSet& b) {
    for (std::size_t w = 0; w < kWords; ++w) a.words_[w] &= ~b.words_[w];
    return a;
  }

  /// In ascending order.
  template <typename Body>
  void for_each(const Body& body) const {
    for (std::size_t w = 0; w < kWords; ++w)
      for (std::uint64_t left = words_[w]; left != 0; left &= left - 1)
        body(static_cast<int>(64 * w) + std::countr_zero(left));
  }

 private:
  static constexpr std::size_t kWords = 8;
  std::uint64_t& word(int lane) { return words_[static_cast<std::size_t>(lane) / 64]; }
  std::uint64_t word(int lane) const { return words_[static_cast<std::size_t>(lane) / 64]; }

  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace assay::sim
