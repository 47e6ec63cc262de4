// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace assay {

/// How the integers of a tensor lie in memory.
enum class Storage { kU8, kI8, kI16, kI32, kI64 };

std::size_t storage_bytes(Storage storage);

/// Inclusive bounds of integers.
struct IntRange {
  std::int64_t min = 0, max = 0;
  bool operator==(const IntRange&) const = default;
};
/// The smallest range that holds both.
inline IntRange hull(IntRange a, IntRange b) {
  return {std::min(a.min, b.min), std::max(a.max, b.max)};
}

/// Instruction sets in rising order; a kernel may use its own and every lower one.
enum class Isa { kPortable, kAvx2, kAvx512Vnni };

/// The highest instruction set of this CPU.
Isa best_isa();
inline bool has_avx2() {
  static const bool yes = best_isa() >= Isa::kAvx2;
  return yes;
}
std::string_view isa_name(Isa isa);

/// One image's convolution, sizes in elements. `groups` divides both channel counts.
struct ConvShape {
  std::int64_t in_channels = 1, in_height = 1, in_width = 1;
  std::int64_t out_channels = 1, kernel_height = 1, kernel_width = 1;
  std::int64_t stride_h = 1, stride_w = 1;
  std::int64_t pad_top = 0, pad_left = 0, pad_bottom = 0, pad_right = 0;
  std::int64_t dilation_h = 1, dilation_w = 1, groups = 1;

  std::int64_t out_height() const;
  std::int64_t out_width() const;
  std::int64_t in_elements() const { return in_height * in_width * in_channels; }
  std::int64_t out_elements() const { return out_height() * out_width() * out_channels; }
  std::int64_t weight_elements() const {
    return out_channels * (in_channels / groups) * kernel_height * kernel_width;
  }
  std::int64_t macs() const { return out_height() * out_width() * weight_elements(); }
};

/// The shape whose input is a row-major m x k matrix, whose weights are n x k and whose output is
/// the row-major m x n product of the matrix with the transposed weights.
ConvShape matmul_shape(std::int64_t m, std::int64_t k, std::int64_t n);

class ConvImpl;

/// A convolution with its weights packed once for the fastest exact kernel that the instruction set
/// and the proved bounds admit:
///
///     out[oh][ow][o] = sum over i, kh, kw of w[o][i][kh][kw] * in[oh*sh + kh*dh - pt][ow*sw +
///     kw*dw - pl][i]
///
/// with in = 0 outside of the image. The result is exact for every input within `input_range`: the
/// constructor proves it from the weights themselves. Immutable; run() may be called from many
/// threads.
class ConvKernel {
 public:
  /// weights: [out_channels][in_channels / groups][kernel_height][kernel_width]; copied. `isa` is
  /// at most best_isa(). Throws UserError on an impossible shape, on a weight count that differs
  /// from the shape's, and when a sum could leave 64 bits.
  ConvKernel(const ConvShape& shape, std::span<const std::int64_t> weights, IntRange input_range,
             Isa isa = best_isa());
  ~ConvKernel();
  ConvKernel(ConvKernel&&) noexcept;
  ConvKernel& operator=(ConvKernel&&) noexcept;

  const ConvShape& shape() const { return shape_; }
  /// Bounds of every output and of every partial sum, over all output channels, for inputs within
  /// `input_range` or 0.
  IntRange output_range() const { return output_range_; }
  /// kI32 when output_range() fits into it, else kI64.
  Storage output_storage() const;
  /// in: [in_height][in_width][in_channels]; out: [out_height][out_width][out_channels] of
  /// output_storage(). Every input must be 0 or within `input_range` (checked; a breach aborts).
  /// `parallel`: may split a large image over the threads of the caller's oneTBB arena.
  void run(const void* in, Storage in_storage, void* out, bool parallel = true) const;
  /// Which kernel was chosen, for reports.
  std::string_view name() const;

 private:
  ConvShape shape_;
  IntRange output_range_;
  std::unique_ptr<const ConvImpl> impl_;
};

}  // namespace assay
