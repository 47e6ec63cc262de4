// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "golden/kernels/conv.h"

namespace assay {

/// Elements that may be read (never used) past the end of a padded image.
inline constexpr std::int64_t kReadAhead = 32;

/// How an input becomes the padded image that the kernels read: each element is `value - offset`,
/// padding is `0 - offset`, both modulo 2^bits of T, and each channel is stored `repeat` times in a
/// row.
struct Padding {
  IntRange allowed;
  std::int64_t offset = 0;
  std::int64_t repeat = 1;
};

inline std::int64_t padded_width(const ConvShape& s) {
  return s.pad_left + s.in_width + s.pad_right;
}

/// [pad_top + in_height + pad_bottom][padded_width][in_channels * repeat] of T (uint8, int16, int32
/// or int64), followed by kReadAhead readable elements. The memory belongs to the calling thread
/// and lasts until its next call. Aborts when an element is outside of `padding.allowed`.
template <typename T>
const T* padded_image(const ConvShape& shape, const void* in, Storage storage,
                      const Padding& padding);

}  // namespace assay
