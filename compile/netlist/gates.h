// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/netlist/netlist.h"

/// Small functions as tables; constants are seen through.
namespace assay::netlist {

/// Tables of two and three inputs, the first input the lowest bit of a row's number.
inline constexpr std::uint64_t kAnd = 0x8, kOr = 0xe, kXor = 0x6, kNot = 0x1, kBuffer = 0x2;
inline constexpr std::uint64_t kMux = 0xca;       ///< inputs[2] ? inputs[1] : inputs[0]
inline constexpr std::uint64_t kMajority = 0xe8;  ///< the carry of three bits
inline constexpr std::uint64_t kXor3 = 0x96;      ///< their sum

inline Net not_of(Netlist& netlist, Net a) { return a <= kOne ? kOne - a : netlist.lut(kNot, {a}); }

inline Net and_of(Netlist& netlist, Net a, Net b) {
  if (a == kZero || b == kZero) return kZero;
  if (a == kOne || b == kOne) return a == kOne ? b : a;
  return netlist.lut(kAnd, {a, b});
}

inline Net or_of(Netlist& netlist, Net a, Net b) {
  if (a == kOne || b == kOne) return kOne;
  if (a == kZero || b == kZero) return a == kZero ? b : a;
  return netlist.lut(kOr, {a, b});
}

inline Net xor_of(Netlist& netlist, Net a, Net b) {
  if (a == kZero || b == kZero) return a == kZero ? b : a;
  if (a == kOne || b == kOne) return not_of(netlist, a == kOne ? b : a);
  return netlist.lut(kXor, {a, b});
}

/// select ? one : zero
inline Net mux_of(Netlist& netlist, Net select, Net zero, Net one) {
  if (select <= kOne) return select == kOne ? one : zero;
  return zero == one ? zero : netlist.lut(kMux, {zero, one, select});
}

}  // namespace assay::netlist
