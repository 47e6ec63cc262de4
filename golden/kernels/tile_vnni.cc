// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/tile.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

namespace assay {
namespace {

template <int kPixels, int kVectors>
__attribute__((target("avx512f,avx512vnni"))) void tile(const Tile& t) {
  __m512i sum[kPixels][kVectors];
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v) sum[p][v] = _mm512_loadu_si512(t.bias + 16 * v);
  }
  const std::byte* weights = t.weights;
  for (const Segment& segment : t.segments) {
    const std::byte* x[kPixels];
    for (int p = 0; p < kPixels; ++p) x[p] = t.windows[p] + segment.offset;
    for (std::int64_t i = 0; i < 4 * segment.steps; i += 4, weights += 64 * kVectors) {
      __m512i w[kVectors];
      ASSAY_UNROLL
      for (int v = 0; v < kVectors; ++v) w[v] = _mm512_loadu_si512(weights + 64 * v);
      ASSAY_UNROLL
      for (int p = 0; p < kPixels; ++p) {
        int four_bytes;
        std::memcpy(&four_bytes, x[p] + i, sizeof(four_bytes));
        const __m512i a = _mm512_set1_epi32(four_bytes);
        ASSAY_UNROLL
        for (int v = 0; v < kVectors; ++v) sum[p][v] = _mm512_dpbusd_epi32(sum[p][v], a, w[v]);
      }
    }
  }
  ASSAY_UNROLL
  for (int p = 0; p < kPixels; ++p) {
    ASSAY_UNROLL
    for (int v = 0; v < kVectors; ++v)
      _mm512_storeu_si512(t.out + p * t.out_stride + 16 * v, sum[p][v]);
  }
}

constexpr TileFunctions kFunctions = {16,
                                      false,
                                      {{tile<1, 1>, tile<1, 2>},
                                       {tile<2, 1>, tile<2, 2>},
                                       {tile<3, 1>, tile<3, 2>},
                                       {tile<4, 1>, tile<4, 2>},
                                       {tile<5, 1>, tile<5, 2>},
                                       {tile<6, 1>, tile<6, 2>}}};

}  // namespace

const TileFunctions& bytes_vnni() { return kFunctions; }

}  // namespace assay
#endif
