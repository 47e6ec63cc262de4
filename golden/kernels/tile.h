// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay {

/// A stretch of steps over contiguous bytes of every pixel's window. A step is four bytes of the
/// padded image (four u8 or two i16 elements); its 16-bit sums are widened after the last step if
/// `flush`.
struct Segment {
  std::int64_t offset = 0;  // bytes from the window's first element
  std::int64_t steps = 0;
  bool flush = false;
};

inline constexpr int kTilePixels = 6;
inline constexpr int kTileVectors = 2;

/// One tile: up to kTilePixels output pixels x up to kTileVectors vectors of output channels.
/// weights: [step][vector][output of the vector][four bytes]. Sums start at `bias`.
struct Tile {
  std::span<const Segment> segments;
  const std::byte* weights = nullptr;
  const std::int32_t* bias = nullptr;
  const std::byte* windows[kTilePixels] = {};
  std::int32_t* out = nullptr;  // of the first pixel
  std::int64_t out_stride = 0;  // between pixels, in elements
};

using TileFunction = void (*)(const Tile&);

/// Kernels by [pixels - 1][vectors - 1]. All sums are modulo 2^32; the bytes kernels of AVX2 rely
/// on the segments' flushes for their 16-bit sums.
struct TileFunctions {
  int outputs_per_vector;
  TileFunction table[kTilePixels][kTileVectors];
};

const TileFunctions& bytes_avx2();
const TileFunctions& words_avx2();
const TileFunctions& bytes_vnni();

}  // namespace assay

// Register blocking needs these loops gone, which -O2 does not promise.
#if defined(__clang__)
#define ASSAY_UNROLL _Pragma("unroll")
#else
#define ASSAY_UNROLL _Pragma("GCC unroll 8")
#endif
