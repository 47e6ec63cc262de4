// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/conv.h"

#include <algorithm>
#include <initializer_list>

#include "compile/base/error.h"
#include "golden/kernels/impl.h"

namespace assay {
namespace {

using Wide = __int128;

// Keeps every product of sizes below 2^63; no network comes near.
constexpr std::int64_t kLargestSize = std::int64_t{1} << 22;
constexpr std::int64_t kLargestTensor = std::int64_t{1} << 40;

std::int64_t out_size(std::int64_t in, std::int64_t pads, std::int64_t kernel,
                      std::int64_t dilation, std::int64_t stride) {
  const std::int64_t room = in + pads - (dilation * (kernel - 1) + 1);
  return room < 0 ? 0 : room / stride + 1;
}

void check_product(const char* what, std::initializer_list<std::int64_t> sizes) {
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    product *= size;
    if (product > kLargestTensor)
      user_error("convolution: the {} would have more than {} elements", what, kLargestTensor);
  }
}

void check_shape(const ConvShape& s) {
  for (const std::int64_t size :
       {s.in_channels, s.in_height, s.in_width, s.out_channels, s.kernel_height, s.kernel_width,
        s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.groups})
    if (size < 1 || size > kLargestSize)
      user_error("convolution: sizes, strides, dilations and groups must be in [1, {}], got {}",
                 kLargestSize, size);
  for (const std::int64_t pad : {s.pad_top, s.pad_left, s.pad_bottom, s.pad_right})
    if (pad < 0 || pad > kLargestSize)
      user_error("convolution: padding must be in [0, {}], got {}", kLargestSize, pad);
  if (s.in_channels % s.groups != 0 || s.out_channels % s.groups != 0)
    user_error("convolution: {} groups must divide {} input and {} output channels", s.groups,
               s.in_channels, s.out_channels);
  if (s.out_height() < 1 || s.out_width() < 1)
    user_error("convolution: a {}x{} kernel does not fit the padded {}x{} image", s.kernel_height,
               s.kernel_width, s.in_height, s.in_width);
  check_product("padded input",
                {s.pad_top + s.in_height + s.pad_bottom, s.pad_left + s.in_width + s.pad_right,
                 s.in_channels, s.out_channels / s.groups});
  check_product("output", {s.out_height(), s.out_width(), s.out_channels});
  check_product("weight tensor",
                {s.out_channels, s.in_channels / s.groups, s.kernel_height, s.kernel_width});
}

/// Because the input range holds 0, the sums of the smallest and of the largest products also bound
/// every partial sum, in any order.
IntRange output_bounds(const ConvShape& s, std::span<const std::int64_t> weights, IntRange input) {
  const std::size_t fan_in = weights.size() / s.out_channels;
  constexpr Wide kLowest = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kHighest = std::numeric_limits<std::int64_t>::max();
  Wide low = 0, high = 0;
  for (std::int64_t o = 0; o < s.out_channels; ++o) {
    Wide channel_low = 0, channel_high = 0;
    for (const std::int64_t w : weights.subspan(o * fan_in, fan_in)) {
      const Wide a = Wide{w} * input.min, b = Wide{w} * input.max;
      channel_low += std::min(a, b);
      channel_high += std::max(a, b);
      if (channel_low < kLowest || channel_high > kHighest)
        user_error(
            "convolution: a sum of products could need more than 64 bits; use narrower "
            "inputs or weights");
    }
    low = std::min(low, channel_low);
    high = std::max(high, channel_high);
  }
  return {static_cast<std::int64_t>(low), static_cast<std::int64_t>(high)};
}

IntRange with_zero(IntRange range) {
  return {std::min<std::int64_t>(range.min, 0), std::max<std::int64_t>(range.max, 0)};
}

IntRange weight_bounds(std::span<const std::int64_t> weights) {
  const auto [low, high] = std::minmax_element(weights.begin(), weights.end());
  return with_zero({*low, *high});
}

std::unique_ptr<const ConvImpl> choose(const ConvProblem& problem, Isa isa) {
  using Factory = std::unique_ptr<const ConvImpl> (*)(const ConvProblem&);
  struct Choice {
    Isa needs;
    Factory make;
  };
  // Fastest first.
  for (const Choice choice :
       {Choice{Isa::kAvx2, make_depthwise_avx2}, Choice{Isa::kAvx512Vnni, make_bytes_vnni},
        Choice{Isa::kAvx2, make_lookup_avx2}, Choice{Isa::kAvx2, make_bytes_avx2},
        Choice{Isa::kAvx2, make_words_avx2}}) {
    if (choice.needs > isa) continue;
    if (auto impl = choice.make(problem)) return impl;
  }
  return make_portable(problem);
}

}  // namespace

std::size_t storage_bytes(Storage storage) {
  switch (storage) {
    case Storage::kU8:
    case Storage::kI8:
      return 1;
    case Storage::kI16:
      return 2;
    case Storage::kI32:
      return 4;
    case Storage::kI64:
      return 8;
  }
  ASSAY_INVARIANT(false, "unknown storage");
  return 0;
}

Isa best_isa() {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2")) return Isa::kPortable;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")
             ? Isa::kAvx512Vnni
             : Isa::kAvx2;
#else
  return Isa::kPortable;
#endif
}

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kPortable:
      return "portable";
    case Isa::kAvx2:
      return "AVX2";
    case Isa::kAvx512Vnni:
      return "AVX-512 VNNI";
  }
  ASSAY_INVARIANT(false, "unknown instruction set");
  return {};
}

std::int64_t ConvShape::out_height() const {
  return out_size(in_height, pad_top + pad_bottom, kernel_height, dilation_h, stride_h);
}

std::int64_t ConvShape::out_width() const {
  return out_size(in_width, pad_left + pad_right, kernel_width, dilation_w, stride_w);
}

ConvShape matmul_shape(std::int64_t m, std::int64_t k, std::int64_t n) {
  return {.in_channels = k, .in_width = m, .out_channels = n};
}

ConvKernel::ConvKernel(const ConvShape& shape, std::span<const std::int64_t> weights,
                       IntRange input_range, Isa isa)
    : shape_(shape) {
  ASSAY_INVARIANT(isa <= best_isa(), "this CPU lacks the instruction set asked for");
  ASSAY_INVARIANT(input_range.min <= input_range.max, "empty input range");
  check_shape(shape);
  if (weights.size() != static_cast<std::size_t>(shape.weight_elements()))
    user_error("convolution: {} weights given, the shape has {}", weights.size(),
               shape.weight_elements());
  const IntRange input = with_zero(input_range);
  output_range_ = output_bounds(shape, weights, input);
  impl_ = choose({shape, weights, input, weight_bounds(weights), output_range_}, isa);
}

ConvKernel::~ConvKernel() = default;
ConvKernel::ConvKernel(ConvKernel&&) noexcept = default;
ConvKernel& ConvKernel::operator=(ConvKernel&&) noexcept = default;

Storage ConvKernel::output_storage() const {
  return fits<std::int32_t>(output_range_) ? Storage::kI32 : Storage::kI64;
}

void ConvKernel::run(const void* in, Storage in_storage, void* out, bool parallel) const {
  impl_->run(in, in_storage, out, parallel);
}

std::string_view ConvKernel::name() const { return impl_->name(); }

}  // namespace assay
