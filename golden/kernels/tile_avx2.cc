// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define ASSAY_AVX2 __attribute__((target("avx2")))

namespace assay {
namespace {

ASSAY_AVX2 inline __m256i four_bytes(const std::byte* from) {
  int value;
  std::memcpy(&value, from, sizeof(value));
  return _mm256_set1_epi32(value);
}

ASSAY_AVX2 inline __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

template <int kPixels, int kVectors>
using Sums = __m256i[kPixels][kVectors];

/// The products of four bytes of each pixel.
template <bool kBytes, int kPixels, int kVectors>
ASSAY_AVX2 inline __attribute__((always_inline)) void add_step(Sums<kPixels, kVectors>& sum,
                                                               const std::byte* const (&x)[kPixels],
                                                               std::int64_t at,
                                                               const std::byte* weights) {
  __m256i w[kVectors];
  ASSAY_UNROLL
  for (int v = 0; v < kVectors; ++v) w[v] = load(weights + 32 * v);
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    const __m256i a = four_bytes(x[p] + at);
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v)
      sum[p][v] = kBytes ? _mm256_add_epi16(sum[p][v], _mm256_maddubs_epi16(a, w[v]))
                         : _mm256_add_epi32(sum[p][v], _mm256_madd_epi16(a, w[v]));
  }
}

/// 16-bit sums of bytes are widened into memory at each flush; 32-bit sums of words start at the
/// bias and stay in their registers.
template <bool kBytes, int kPixels, int kVectors>
ASSAY_AVX2 void tile(const Tile& t) {
  Sums<kPixels, kVectors> wide, sum;
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      wide[p][v] = load(t.bias + 8 * v);
      sum[p][v] = kBytes ? _mm256_setzero_si256() : wide[p][v];
    }
  }
  const std::byte* weights = t.weights;
  for (const Segment& segment : t.segments) {
    const std::byte* x[kPixels];
    for (int p = 0; p < kPixels; ++p) x[p] = t.windows[p] + segment.offset;
    for (std::int64_t i = 0; i < 4 * segment.steps; i += 4, weights += 32 * kVectors)
      add_step<kBytes>(sum, x, i, weights);
    if (!kBytes || !segment.flush) continue;
    ASSAY_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      ASSAY_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const __m256i pairs = _mm256_madd_epi16(sum[p][v], _mm256_set1_epi16(1));
        wide[p][v] = _mm256_add_epi32(wide[p][v], pairs);
        sum[p][v] = _mm256_setzero_si256();
      }
    }
  }
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v)
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(t.out + p * t.out_stride + 8 * v),
                          kBytes ? wide[p][v] : sum[p][v]);
  }
}

template <bool kBytes>
constexpr TileFunctions kFunctions = {8,
                                      false,
                                      {{tile<kBytes, 1, 1>, tile<kBytes, 1, 2>},
                                       {tile<kBytes, 2, 1>, tile<kBytes, 2, 2>},
                                       {tile<kBytes, 3, 1>, tile<kBytes, 3, 2>},
                                       {tile<kBytes, 4, 1>, tile<kBytes, 4, 2>},
                                       {tile<kBytes, 5, 1>, tile<kBytes, 5, 2>},
                                       {tile<kBytes, 6, 1>, tile<kBytes, 6, 2>}}};

}  // namespace

const TileFunctions& bytes_avx2() { return kFunctions<true>; }
const TileFunctions& words_avx2() { return kFunctions<false>; }

}  // namespace assay
#endif
