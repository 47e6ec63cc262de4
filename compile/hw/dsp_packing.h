// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "compile/graph/datatype.h"

/// Several products in one multiplier of a DSP block: rtl/assay_packed_lanes.sv.
namespace assay::hw {

/// Operands of a multiplier that DSP48E1, and all newer blocks, have: signed bits.
inline constexpr int kDspWideBits = 25, kDspNarrowBits = 18;

/// Lanes products x w_0, .., x w_(lanes-1) of one activation, in fields of `spacing` bits.
struct DspPacking {
  std::int64_t lanes = 1, spacing = 0;

  friend bool operator==(const DspPacking&, const DspPacking&) = default;
};

/// The most lanes, of `rows` that there are, whose products come out exactly; lanes = 1: none share
/// a block. It depends on the types alone, so that it holds for weights that are written at run time, too.
///
/// Let x have N bits and the largest value m, w have W bits, o = 2^(W-1) (0 for unsigned w), s the
/// spacing, L the lanes, and
///
///   a = sum_{i < L-1} 2^(s i) (w_i + o) + 2^(s (L-1)) w_(L-1)
///   c = sum_{i < L-1} 2^(s i) o (m - x)
///   P = a x + c = sum_{i < L-1} 2^(s i) u_i + 2^(s (L-1)) x w_(L-1),   u_i = x w_i + o m
///
/// w_i + o is w_i with its top bit inverted, from 0 to below 2^W, and m - x is x with all bits but a
/// sign inverted, from 0 to below 2^N. As s is at least W and N, neither a nor c needs an adder, and a
/// has s (L-1) + W signed bits (one more for unsigned w), at most kDspWideBits. Refused are types of
/// a single bit, signed x of fewer bits than w, and signed x with unsigned w.
///
/// u_i lies in [0, 2^F - 2], F = N + W for unsigned x and N + W - 1 for signed x. Unsigned x, both sorts
/// of w: u_i = x (w_i + o) + o (m - x) is from 0 to (2^W - 1) m = 2^F - 2^W - 2^N + 1. Signed x: of the
/// corners, w_i = -o gives o (m - x) >= 0, at most o (2^N - 1) = 2^F - o, and w_i = o - 1 gives
/// (2 o - 1) m < 2^F - 2 and, for the least x = -m - 1, m + 1 - o, which is not negative as W <= N.
///
/// s = F: field i of P is u_i. s = F - 1: let k_0 = 0, k_(i+1) = floor((u_i + k_i) / 2^s), which is 0 or
/// 1 as u_i + k_i < 2^F; field i of P is f_i = u_i + k_i - 2^s k_(i+1), and P on top of all is
/// x w_(L-1) + k_(L-1). o m is even, so u_i is odd where x and w_i are, and k_i is the lowest bit of f_i,
/// or of the top, xor that of x w_i. All products follow.
DspPacking dsp_packing(const DataType& x, const DataType& w, std::int64_t rows);

}  // namespace assay::hw
