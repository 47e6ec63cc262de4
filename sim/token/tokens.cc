// SPDX-License-Identifier: Apache-2.0
#include "sim/token/tokens.h"

#include "compile/base/error.h"

namespace assay::sim {
namespace {

bool is_bipolar(const DataType& dtype) { return dtype.kind == DataType::Kind::kBipolar; }

void put_bits(std::uint8_t* beat, std::int64_t at, std::uint64_t value, int bits) {
  while (bits > 0) {
    const int shift = static_cast<int>(at % 8), count = std::min(bits, 8 - shift);
    beat[at / 8] |= static_cast<std::uint8_t>((value & ((1U << count) - 1U)) << shift);
    value >>= count;
    at += count;
    bits -= count;
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
  Tokens tokens{packing.bits(), packing.beats, {}, packing.last};
  const std::int64_t lanes = packing.lanes, beats = std::ssize(values) / lanes;
  tokens.bytes.assign(static_cast<std::size_t>(beats) * tokens.stride(), 0);
  const int bits = packing.dtype.bits;
  for (std::int64_t b = 0; b < beats; ++b) {
    std::uint8_t* beat = tokens.bytes.data() + static_cast<std::size_t>(b) * tokens.stride();
    for (std::int64_t l = 0; l < lanes; ++l) {
      const std::int64_t value = values[static_cast<std::size_t>(b * lanes + l)];
      if (!packing.dtype.allows(value))
        user_error("the value {} is no {}", value, packing.dtype.name());
      const std::int64_t code = is_bipolar(packing.dtype) ? (value > 0 ? 1 : 0) : value;
      put_bits(beat, l * bits, static_cast<std::uint64_t>(code), bits);
    }
    if (packing.last && (b + 1) % packing.beats == 0) put_bits(beat, packing.bits() - 1, 1, 1);
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
