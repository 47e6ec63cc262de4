// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay {

/// A stretch of steps over contiguous bytes of every pixel's window; narrow sums are widened after
/// the last step if `flush`.
struct Segment {
  std::int64_t offset = 0;  // bytes from the window's first element
  std::int64_t steps = 0;
  bool flush = false;
};

inline constexpr int kTilePixels = 6;
inline constexpr int kTileVectors = 2;
inline constexpr int kMaxOutputs = 64;  // of a tile

/// One tile: up to kTilePixels output pixels x up to kTileVectors vectors of output channels.
/// weights: [step][vector][lane]. Sums start at `bias`.
struct Tile {
  std::span<const Segment> segments;
  const std::byte* weights = nullptr;
  const std::byte* table = nullptr;
  const std::int32_t* bias = nullptr;
  const std::byte* windows[kTilePixels] = {};
  std::int32_t* out = nullptr;  // of the first pixel
  std::int64_t out_stride = 0;  // between pixels, in elements
};

using TileFunction = void (*)(const Tile&);

/// Kernels by [pixels - 1][vectors - 1]. All 32-bit sums are modulo 2^32.
struct TileFunctions {
  int outputs_per_vector;
  /// Bytes of sums next to each other are widened apart: even lanes hold the first half of the
  /// outputs.
  bool interleaved;
  TileFunction table[kTilePixels][kTileVectors];

  std::int64_t output_of_lane(std::int64_t lane) const {
    return interleaved ? lane / 2 + lane % 2 * (outputs_per_vector / 2) : lane;
  }
};

/// A step is four u8 of the image and four i8 of each output. Each 16-bit sum of pairs must stay
/// within its 16 bits from flush to flush.
const TileFunctions& bytes_avx2();
/// A step is two i16 of the image and of each output. Flushes only at the end.
const TileFunctions& words_avx2();
/// A step is four u8 of the image and four i8 of each output. Flushes mean nothing.
const TileFunctions& bytes_vnni();
/// A step is a u16, the byte offset of a row of 16 bytes in the table, and an index into that row
/// for each output. The looked-up bytes must sum to at most 255 from flush to flush, and to 65535
/// in all.
const TileFunctions& lookup_avx2();

}  // namespace assay

// Register blocking needs these loops gone, which -O2 does not promise.
#if defined(__clang__)
#define ASSAY_UNROLL _Pragma("unroll")
#else
#define ASSAY_UNROLL _Pragma("GCC unroll 8")
#endif
