// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <type_traits>
#include <vector>

#include "golden/kernels/impl.h"
#include "golden/kernels/padded.h"
#include "golden/kernels/split.h"

namespace assay {
namespace {

/// Adds `x * row of weights` to a row of sums, one tap after the other, modulo 2^bits of T, which
/// is exact because the sums are proved to fit T.
template <typename T>
class PortableConv final : public ConvImpl {
  using U = std::make_unsigned_t<T>;

 public:
  explicit PortableConv(const ConvProblem& problem)
      : shape_(problem.shape), input_(problem.input), weights_(problem.weights.size()) {
    const std::int64_t fan_in = shape_.in_channels / shape_.groups;
    const std::int64_t taps = shape_.kernel_height * shape_.kernel_width;
    for (std::int64_t o = 0; o < shape_.out_channels; ++o)
      for (std::int64_t i = 0; i < fan_in; ++i)
        for (std::int64_t tap = 0; tap < taps; ++tap)
          weights_[(tap * fan_in + i) * shape_.out_channels + o] =
              static_cast<U>(problem.weights[(o * fan_in + i) * taps + tap]);
  }

  void run(const void* in, Storage storage, void* out, bool parallel) const override {
    const T* image = padded_image<T>(shape_, in, storage, {.allowed = input_});
    split_work(shape_.out_height(), 1, 1, parallel && shape_.macs() >= kMacsWorthSplitting,
               [&](std::int64_t begin, std::int64_t end, std::int64_t, std::int64_t) {
                 for (std::int64_t oh = begin; oh < end; ++oh)
                   for (std::int64_t ow = 0; ow < shape_.out_width(); ++ow)
                     pixel(image, oh, ow, static_cast<U*>(out));
               });
  }

  std::string_view name() const override {
    return sizeof(T) == 4 ? "portable, 32-bit" : "portable, 64-bit";
  }

 private:
  void pixel(const T* image, std::int64_t oh, std::int64_t ow, U* out) const {
    const ConvShape& s = shape_;
    U* sums = out + (oh * s.out_width() + ow) * s.out_channels;
    std::fill_n(sums, s.out_channels, U{0});
    const U* row = weights_.data();
    for (std::int64_t kh = 0; kh < s.kernel_height; ++kh)
      for (std::int64_t kw = 0; kw < s.kernel_width; ++kw) {
        const std::int64_t h = oh * s.stride_h + kh * s.dilation_h;
        const std::int64_t w = ow * s.stride_w + kw * s.dilation_w;
        row = tap(image + (h * padded_width(s) + w) * s.in_channels, row, sums);
      }
  }

  /// Returns the weights of the next tap.
  const U* tap(const T* x, const U* row, U* sums) const {
    const std::int64_t fan_in = shape_.in_channels / shape_.groups;
    const std::int64_t fan_out = shape_.out_channels / shape_.groups;
    for (std::int64_t i = 0; i < fan_in; ++i, row += shape_.out_channels)
      for (std::int64_t g = 0; g < shape_.groups; ++g) {
        const U value = static_cast<U>(x[g * fan_in + i]);
        for (std::int64_t o = g * fan_out; o < (g + 1) * fan_out; ++o) sums[o] += value * row[o];
      }
    return row;
  }

  ConvShape shape_;
  IntRange input_;
  std::vector<U> weights_;  // [kh][kw][i][o]
};

}  // namespace

std::unique_ptr<const ConvImpl> make_portable(const ConvProblem& problem) {
  if (fits<std::int32_t>(problem.output))
    return std::make_unique<PortableConv<std::int32_t>>(problem);
  return std::make_unique<PortableConv<std::int64_t>>(problem);
}

}  // namespace assay
