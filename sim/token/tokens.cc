// SPDX-License-Identifier: Apache-2.0
#include "sim/token/tokens.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay::sim {
namespace {

bool is_bipolar(const DataType& dtype) { return dtype.kind == DataType::Kind::kBipolar; }

/// Writes numbers of up to 64 bits one behind the other, the lowest bits first.
class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* to) : to_(to) {}
  void put(std::uint64_t value, int bits) {
    constexpr int kHalf = 32;  // so much fits behind what is held
    for (; bits > kHalf; bits -= kHalf, value >>= kHalf) put(value, kHalf);
    held_ |= (value & ((std::uint64_t{1} << bits) - 1)) << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, held_ >>= 8)
      *to_++ = static_cast<std::uint8_t>(held_);
  }
  void end() {
    if (count_ > 0) *to_ = static_cast<std::uint8_t>(held_);
  }

 private:
  std::uint8_t* to_;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

/// Types other than BIPOLAR allow all between what they allow.
void check_values(std::span<const std::int64_t> values, const DataType& dtype) {
  const auto check = [&](std::int64_t value) {
    if (!dtype.allows(value)) user_error("the value {} is no {}", value, dtype.name());
  };
  if (is_bipolar(dtype)) {
    std::ranges::for_each(values, check);
  } else if (!values.empty()) {
    const auto [least, most] = std::ranges::minmax(values);
    check(least);
    check(most);
  }
}

std::uint64_t get_bits(const std::uint8_t* beat, std::int64_t at, int bits) {
  std::uint64_t value = 0;
  for (int done = 0; done < bits;) {
    const int shift = static_cast<int>((at + done) % 8), count = std::min(bits - done, 8 - shift);
    const std::uint64_t part = (beat[(at + done) / 8] >> shift) & ((1U << count) - 1U);
    value |= part << done;
    done += count;
  }
  return value;
}

}  // namespace

Tokens pack(std::span<const std::int64_t> values, const Packing& packing) {
  check_values(values, packing.dtype);
  Tokens tokens{packing.bits(), packing.beats, {}, packing.last};
  const std::int64_t lanes = packing.lanes, beats = std::ssize(values) / lanes;
  tokens.bytes.assign(static_cast<std::size_t>(beats) * tokens.stride(), 0);
  const int bits = packing.dtype.bits;
  const bool bipolar = is_bipolar(packing.dtype);
  for (std::int64_t b = 0; b < beats; ++b) {
    BitWriter beat(tokens.bytes.data() + static_cast<std::size_t>(b) * tokens.stride());
    for (const std::int64_t value :
         values.subspan(static_cast<std::size_t>(b * lanes), static_cast<std::size_t>(lanes))) {
      const std::int64_t code = bipolar ? (value > 0 ? 1 : 0) : value;
      beat.put(static_cast<std::uint64_t>(code), bits);
    }
    beat.put(0, packing.padding);
    if (packing.last) beat.put((b + 1) % packing.beats == 0 ? 1 : 0, 1);
    beat.end();
  }
  return tokens;
}

std::vector<std::int64_t> unpack(std::span<const std::uint8_t> beat, const Packing& packing) {
  std::vector<std::int64_t> values;
  const int bits = packing.dtype.bits;
  for (std::int64_t l = 0; l < packing.lanes; ++l) {
    const std::uint64_t code = get_bits(beat.data(), l * bits, bits);
    const bool negative = packing.dtype.is_signed() && bits < 64 && (code >> (bits - 1) & 1U) != 0;
    if (is_bipolar(packing.dtype))
      values.push_back(code != 0 ? 1 : -1);
    else
      values.push_back(
          static_cast<std::int64_t>(negative ? code | (~std::uint64_t{0} << bits) : code));
  }
  return values;
}

}  // namespace assay::sim
