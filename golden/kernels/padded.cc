// SPDX-License-Identifier: Apache-2.0
#include "golden/kernels/padded.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "compile/base/error.h"

namespace assay {
namespace {

// Compilers do not vectorise these loops at -O2, hence the vector types.
constexpr std::int64_t kLanes = 16;
template <typename T>
struct Vector {
  typedef T Type __attribute__((vector_size(kLanes * sizeof(T))));
};

template <typename In>
struct Extremes {
  using Vec = typename Vector<In>::Type;
  Vec low = Vec{}, high = Vec{};

  void see(const Vec& x) {
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  bool within(IntRange range) const {
    bool ok = true;
    for (std::int64_t i = 0; i < kLanes; ++i)
      ok &= std::int64_t{low[i]} >= range.min && std::int64_t{high[i]} <= range.max;
    return ok;
  }
};

template <typename In, typename T>
void convert(const In* in, T* out, std::int64_t count, std::int64_t offset, Extremes<In>& seen) {
  using Unsigned = std::make_unsigned_t<T>;
  using To = typename Vector<Unsigned>::Type;
  const auto step = [&](const In* from, T* to, std::int64_t lanes) {
    typename Vector<In>::Type x{};
    std::memcpy(&x, from, lanes * sizeof(In));
    seen.see(x);
    const To y = __builtin_convertvector(x, To) - static_cast<Unsigned>(offset);
    std::memcpy(to, &y, lanes * sizeof(T));
  };
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) step(in + i, out + i, kLanes);
  if (i < count) step(in + i, out + i, count - i);
}

template <typename T>
void repeat_backwards(T* row, std::int64_t count, std::int64_t repeat) {
  for (std::int64_t i = count - 1; i >= 0; --i) std::fill_n(row + i * repeat, repeat, T{row[i]});
}

template <typename In, typename T>
void fill_image(const ConvShape& s, const In* in, const Padding& padding, T* out) {
  const T zero = static_cast<T>(0 - padding.offset);
  const std::int64_t channels = s.in_channels * padding.repeat;
  const std::int64_t row = padded_width(s) * channels, taken = s.in_width * s.in_channels;
  Extremes<In> seen;
  out = std::fill_n(out, s.pad_top * row, zero);
  for (std::int64_t h = 0; h < s.in_height; ++h, in += taken) {
    out = std::fill_n(out, s.pad_left * channels, zero);
    convert(in, out, taken, padding.offset, seen);
    if (padding.repeat > 1) repeat_backwards(out, taken, padding.repeat);
    out = std::fill_n(out + taken * padding.repeat, s.pad_right * channels, zero);
  }
  std::fill_n(out, s.pad_bottom * row, zero);
  ASSAY_INVARIANT(seen.within(padding.allowed), "convolution input outside of its declared range");
}

template <typename T>
T* thread_buffer(std::int64_t elements) {
  thread_local std::vector<T> buffer;
  if (buffer.size() < static_cast<std::size_t>(elements)) buffer.resize(elements);
  return buffer.data();
}

}  // namespace

template <typename T>
const T* padded_image(const ConvShape& s, const void* in, Storage storage, const Padding& padding) {
  const std::int64_t height = s.pad_top + s.in_height + s.pad_bottom;
  T* out = thread_buffer<T>(height * padded_width(s) * s.in_channels * padding.repeat + kReadAhead);
  switch (storage) {
    case Storage::kU8:
      fill_image(s, static_cast<const std::uint8_t*>(in), padding, out);
      break;
    case Storage::kI8:
      fill_image(s, static_cast<const std::int8_t*>(in), padding, out);
      break;
    case Storage::kI16:
      fill_image(s, static_cast<const std::int16_t*>(in), padding, out);
      break;
    case Storage::kI32:
      fill_image(s, static_cast<const std::int32_t*>(in), padding, out);
      break;
    case Storage::kI64:
      fill_image(s, static_cast<const std::int64_t*>(in), padding, out);
      break;
  }
  return out;
}

template const std::uint8_t* padded_image(const ConvShape&, const void*, Storage, const Padding&);
template const std::int16_t* padded_image(const ConvShape&, const void*, Storage, const Padding&);
template const std::int32_t* padded_image(const ConvShape&, const void*, Storage, const Padding&);
template const std::int64_t* padded_image(const ConvShape&, const void*, Storage, const Padding&);

}  // namespace assay
