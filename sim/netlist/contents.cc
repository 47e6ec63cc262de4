// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/contents.h"

#include <algorithm>
#include <bit>

namespace assay::sim {
namespace {

constexpr std::size_t kAlignment = 64;

std::size_t rows_of(const MemoryPlan& plan) {
  return plan.small ? plan.units * static_cast<std::size_t>(plan.unit_bits) : 0;
}

}  // namespace

Rows::Rows(std::size_t words) : room_(words + kAlignment / sizeof(Word)), words_(words) {
  const auto address = reinterpret_cast<std::uintptr_t>(room_.data());
  data_ = room_.data() + (kAlignment - address % kAlignment) % kAlignment / sizeof(Word);
}

void Rows::clear() { std::ranges::fill(room_, 0); }

Contents::Contents(const netlist::Memory& memory, const MemoryPlan& plan, int lanes, int words)
    : plan_(plan),
      lanes_(lanes),
      words_(words),
      own_bits_(memory.unit_bits),
      rows_(rows_of(plan) * static_cast<std::size_t>(words)),
      bytes_(static_cast<int>(std::bit_ceil(static_cast<unsigned>(plan.unit_bits + 7) / 8))) {
  wake(memory);
}

/// A number is read by 8 bytes, also the last one.
void Contents::share(bool shared) {
  const std::size_t size = plan_.units * static_cast<std::size_t>(bytes_) + sizeof(Word);
  pitch_ = shared ? 0 : size;
  numbers_.assign(shared ? size : size * static_cast<std::size_t>(lanes_), 0);
}

std::uint64_t Contents::own_mask() const { return ~std::uint64_t{0} >> (64 - own_bits_); }

void Contents::wake(const netlist::Memory& memory) {
  if (plan_.small) {
    for (std::size_t i = 0; i < rows_of(plan_); ++i) {
      const auto bits = static_cast<std::size_t>(own_bits_);
      const bool one = (memory.units[i / bits] >> (i % bits) & 1U) != 0;
      std::fill_n(rows_.data() + i * static_cast<std::size_t>(words_), words_,
                  one ? ~Word{0} : Word{0});
    }
    return;
  }
  share(!plan_.written);
  for (std::uint32_t unit = 0; unit < plan_.units; ++unit) {
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < plan_.joined; ++i)
      value |= (memory.units[unit * plan_.joined + i] & own_mask())
               << (i * static_cast<std::uint32_t>(own_bits_));
    for (int lane = 0; lane < (pitch_ == 0 ? 1 : lanes_); ++lane)
      store(lane, unit, value, ~std::uint64_t{0});
  }
}

std::uint64_t Contents::unit(std::size_t unit, int lane) const {
  if (!plan_.small)
    return load(lane, unit / plan_.joined) >>
               (unit % plan_.joined * static_cast<std::size_t>(own_bits_)) &
           own_mask();
  std::uint64_t value = 0;
  for (int bit = 0; bit < own_bits_; ++bit) {
    const std::size_t row =
        unit * static_cast<std::size_t>(own_bits_) + static_cast<std::size_t>(bit);
    const Word word =
        rows_.data()[row * static_cast<std::size_t>(words_) + static_cast<std::size_t>(lane) / 64];
    value |= (word >> (lane % 64) & 1U) << bit;
  }
  return value;
}

void Contents::set_unit(std::size_t unit, int lane, std::uint64_t value) {
  if (!plan_.small) {
    if (pitch_ == 0) {
      // From now on lanes differ.
      const std::vector<std::uint8_t> one = numbers_;
      share(false);
      for (int l = 0; l < lanes_; ++l)
        std::ranges::copy(one, numbers_.begin() + static_cast<std::ptrdiff_t>(pitch_) * l);
    }
    const auto shift = unit % plan_.joined * static_cast<std::size_t>(own_bits_);
    store(lane, unit / plan_.joined, value << shift, own_mask() << shift);
    return;
  }
  for (int bit = 0; bit < own_bits_; ++bit) {
    const std::size_t row =
        unit * static_cast<std::size_t>(own_bits_) + static_cast<std::size_t>(bit);
    Word& word =
        rows_.data()[row * static_cast<std::size_t>(words_) + static_cast<std::size_t>(lane) / 64];
    word = (word & ~(Word{1} << (lane % 64))) | (value >> bit & 1U) << (lane % 64);
  }
}

}  // namespace assay::sim
