// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define ASSAY_AVX2 __attribute__((target("avx2")))

namespace assay {
namespace {

ASSAY_AVX2 inline __m256i row_of(const std::byte* table, const std::byte* code) {
  std::uint16_t offset;
  std::memcpy(&offset, code, sizeof(offset));
  return _mm256_broadcastsi128_si256(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(table + offset)));
}

ASSAY_AVX2 inline void add_to(__m256i* sum, __m256i x) {
  _mm256_store_si256(sum, _mm256_add_epi16(_mm256_load_si256(sum), x));
}

ASSAY_AVX2 inline void write_sixteen(const __m256i* sums, const std::int32_t* bias,
                                     std::int32_t* out) {
  const auto* words = reinterpret_cast<const __m128i*>(sums);
  for (int half = 0; half < 2; ++half) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_load_si128(words + half));
    const auto* add = reinterpret_cast<const __m256i*>(bias + 8 * half);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 8 * half),
                        _mm256_add_epi32(wide, _mm256_loadu_si256(add)));
  }
}

/// Adds what each pixel's row of the table holds for the weights.
template <int kPixels, int kVectors>
ASSAY_AVX2 inline __attribute__((always_inline)) void add_step(__m256i (&sum)[kPixels][kVectors],
                                                               const std::byte* const (&x)[kPixels],
                                                               std::int64_t at,
                                                               const std::byte* table,
                                                               const std::byte* weights) {
  __m256i w[kVectors];
  ASSAY_UNROLL
  for (int v = 0; v < kVectors; ++v)
    w[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights + 32 * v));
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    const __m256i row = row_of(table, x[p] + at);
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v)
      sum[p][v] = _mm256_add_epi8(sum[p][v], _mm256_shuffle_epi8(row, w[v]));
  }
}

template <int kPixels, int kVectors>
ASSAY_AVX2 void tile(const Tile& t) {
  __m256i words[kPixels][kVectors][2];  // of the even and of the odd bytes
  __m256i sum[kPixels][kVectors];
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v)
      words[p][v][0] = words[p][v][1] = sum[p][v] = _mm256_setzero_si256();
  }
  const std::byte* weights = t.weights;
  for (const Segment& segment : t.segments) {
    const std::byte* x[kPixels];
    for (int p = 0; p < kPixels; ++p) x[p] = t.windows[p] + segment.offset;
    for (std::int64_t i = 0; i < 2 * segment.steps; i += 2, weights += 32 * kVectors)
      add_step(sum, x, i, t.table, weights);
    if (!segment.flush) continue;
    ASSAY_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      ASSAY_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        add_to(&words[p][v][0], _mm256_and_si256(sum[p][v], _mm256_set1_epi16(0xff)));
        add_to(&words[p][v][1], _mm256_srli_epi16(sum[p][v], 8));
        sum[p][v] = _mm256_setzero_si256();
      }
    }
  }
  for (int p = 0; p < kPixels; ++p)
    for (int v = 0; v < kVectors; ++v)
      for (int half = 0; half < 2; ++half) {
        const int output = 32 * v + 16 * half;
        write_sixteen(&words[p][v][half], t.bias + output, t.out + p * t.out_stride + output);
      }
}

constexpr TileFunctions kFunctions = {32,
                                      true,
                                      {{tile<1, 1>, tile<1, 2>},
                                       {tile<2, 1>, tile<2, 2>},
                                       {tile<3, 1>, tile<3, 2>},
                                       {tile<4, 1>, tile<4, 2>},
                                       {tile<5, 1>, tile<5, 2>},
                                       {tile<6, 1>, tile<6, 2>}}};

}  // namespace

const TileFunctions& lookup_avx2() { return kFunctions; }

}  // namespace assay
#endif
