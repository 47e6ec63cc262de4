// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "golden/kernels/padded.h"
#include "golden/kernels/split.h"
#include "golden/kernels/tile.h"

namespace assay {
namespace {

#define ASSAY_AVX2 __attribute__((target("avx2")))

constexpr int kChannels = 16;
constexpr int kPixels = 4;

/// Two taps, as element offsets from a pixel's window.
struct TapPair {
  std::int64_t first = 0, second = 0;
};

// _mm256_unpack{lo,hi}_epi16 work within 128 bits, so the low half of a pair holds these channels.
constexpr int kLowChannels[8] = {0, 1, 2, 3, 8, 9, 10, 11};

ASSAY_AVX2 inline __m256i load(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

/// out[pixel][16] from 16-channel windows; weights: [pair][low half, high half][8 channels][tap of
/// pair].
template <int kCount>
ASSAY_AVX2 void pixels_tile(std::span<const TapPair> pairs, const std::int16_t* const* windows,
                            const std::int16_t* weights, const std::int32_t* bias,
                            std::int32_t* const* out) {
  __m256i low[kCount] = {}, high[kCount] = {};
  for (const TapPair& pair : pairs) {
    const __m256i w_low = load(weights), w_high = load(weights + kChannels);
    weights += 2 * kChannels;
    ASSAY_UNROLL
    for (int p = 0; p < kCount; ++p) {
      const __m256i a = load(windows[p] + pair.first), b = load(windows[p] + pair.second);
      const __m256i x = _mm256_unpacklo_epi16(a, b), y = _mm256_unpackhi_epi16(a, b);
      low[p] = _mm256_add_epi32(low[p], _mm256_madd_epi16(x, w_low));
      high[p] = _mm256_add_epi32(high[p], _mm256_madd_epi16(y, w_high));
    }
  }
  ASSAY_UNROLL
  for (int p = 0; p < kCount; ++p) {
    const auto* add = reinterpret_cast<const __m256i*>(bias);
    auto* to = reinterpret_cast<__m256i*>(out[p]);
    const __m256i front = _mm256_permute2x128_si256(low[p], high[p], 0x20);
    const __m256i back = _mm256_permute2x128_si256(low[p], high[p], 0x31);
    _mm256_storeu_si256(to, _mm256_add_epi32(front, _mm256_loadu_si256(add)));
    _mm256_storeu_si256(to + 1, _mm256_add_epi32(back, _mm256_loadu_si256(add + 1)));
  }
}

using ChannelsFunction = void (*)(std::span<const TapPair>, const std::int16_t* const*,
                                  const std::int16_t*, const std::int32_t*, std::int32_t* const*);
constexpr ChannelsFunction kTiles[kPixels] = {pixels_tile<1>, pixels_tile<2>, pixels_tile<3>,
                                              pixels_tile<4>};

class DepthwiseConv final : public ConvImpl {
 public:
  DepthwiseConv(const ConvProblem& problem, std::int64_t offset)
      : shape_(problem.shape), input_(problem.input), offset_(offset) {
    plan_pairs();
    pack(problem.weights);
    bias_ = offset_bias(problem, offset);
    bias_.resize(blocks() * kChannels);
  }

  void run(const void* in, Storage storage, void* out, bool parallel) const override {
    const std::int16_t* image = padded_image<std::int16_t>(
        shape_, in, storage,
        {.allowed = input_, .offset = offset_, .repeat = shape_.out_channels / shape_.groups});
    const std::int64_t pixels = shape_.out_height() * shape_.out_width();
    const std::int64_t tiles = (pixels + kPixels - 1) / kPixels;
    split_work(tiles, 1, 1, parallel && shape_.macs() >= kMacsWorthSplitting,
               [&](std::int64_t begin, std::int64_t end, std::int64_t, std::int64_t) {
                 for (std::int64_t tile = begin; tile < end; ++tile)
                   run_tile(image, tile * kPixels, std::min(pixels, (tile + 1) * kPixels),
                            static_cast<std::int32_t*>(out));
               });
  }

  std::string_view name() const override { return "AVX2 depthwise i16"; }

 private:
  std::int64_t blocks() const { return (shape_.out_channels + kChannels - 1) / kChannels; }
  std::int64_t taps() const { return shape_.kernel_height * shape_.kernel_width; }
  std::int64_t element_offset(std::int64_t h, std::int64_t w) const {
    return (h * padded_width(shape_) + w) * shape_.out_channels;
  }

  void plan_pairs() {
    const auto tap_offset = [&](std::int64_t tap) {
      return element_offset(tap / shape_.kernel_width * shape_.dilation_h,
                            tap % shape_.kernel_width * shape_.dilation_w);
    };
    for (std::int64_t tap = 0; tap < taps(); tap += 2)
      pairs_.push_back({tap_offset(tap), tap_offset(std::min(tap + 1, taps() - 1))});
  }

  void pack(std::span<const std::int64_t> weights) {
    for (std::int64_t block = 0; block < blocks(); ++block)
      for (std::int64_t tap = 0; tap < taps(); tap += 2)
        for (const int half : {0, 4})
          for (const int channel : kLowChannels)
            for (std::int64_t t = tap; t < tap + 2; ++t) {
              const std::int64_t o = block * kChannels + half + channel;
              const bool used = o < shape_.out_channels && t < taps();
              weights_.push_back(used ? static_cast<std::int16_t>(weights[o * taps() + t])
                                      : std::int16_t{0});
            }
  }

  void run_tile(const std::int16_t* image, std::int64_t pixel, std::int64_t end,
                std::int32_t* out) const {
    const std::int16_t* windows[kPixels];
    std::int32_t* to[kPixels];
    std::int32_t scratch[kPixels][kChannels];
    const int count = static_cast<int>(end - pixel);
    for (int p = 0; p < count; ++p) {
      const std::int64_t oh = (pixel + p) / shape_.out_width(),
                         ow = (pixel + p) % shape_.out_width();
      windows[p] = image + element_offset(oh * shape_.stride_h, ow * shape_.stride_w);
      to[p] = out + (pixel + p) * shape_.out_channels;
    }
    const std::int16_t* weights = weights_.data();
    for (std::int64_t first = 0; first < shape_.out_channels; first += kChannels) {
      const std::int64_t outputs = std::min<std::int64_t>(kChannels, shape_.out_channels - first);
      std::int32_t* direct[kPixels];
      for (int p = 0; p < count; ++p) direct[p] = outputs == kChannels ? to[p] : scratch[p];
      kTiles[count - 1](pairs_, windows, weights, bias_.data() + first, direct);
      for (int p = 0; p < count; ++p) {
        if (outputs < kChannels) std::copy_n(scratch[p], outputs, to[p]);
        windows[p] += kChannels;
        to[p] += kChannels;
      }
      weights += std::ssize(pairs_) * 2 * kChannels;
    }
  }

  ConvShape shape_;
  IntRange input_;
  std::int64_t offset_;
  std::vector<TapPair> pairs_;
  std::vector<std::int16_t> weights_;
  std::vector<std::int32_t> bias_;
};

}  // namespace

std::unique_ptr<const ConvImpl> make_depthwise_avx2(const ConvProblem& problem) {
  const auto offset = offset_into<std::int16_t>(problem.input);
  if (problem.shape.groups != problem.shape.in_channels || problem.shape.groups == 1 || !offset ||
      !fits<std::int16_t>(problem.weight) || !fits<std::int32_t>(problem.output))
    return nullptr;
  return std::make_unique<DepthwiseConv>(problem, *offset);
}

}  // namespace assay
#else
namespace assay {
std::unique_ptr<const ConvImpl> make_depthwise_avx2(const ConvProblem&) { return nullptr; }
}  // namespace assay
#endif
