// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "golden/floating/broadcast.h"
#include "golden/floating/gemm.h"
#include "golden/floating/geometry.h"
#include "golden/floating/kernels.h"

namespace assay {
namespace {

/// Reused by the products of a thread: fresh memory for each would cost more than small products
/// do.
RightOperand& scratch() {
  thread_local RightOperand operand;
  return operand;
}

/// The outputs o for which o * stride + offset lies in [0, in).
struct Span {
  std::int64_t begin, end;
};
Span inside(const WindowAxis& axis, std::int64_t tap) {
  const std::int64_t offset = tap * axis.dilation - axis.pad_begin;
  const std::int64_t first = offset >= 0 ? 0 : (-offset + axis.stride - 1) / axis.stride;
  const std::int64_t last = axis.in - 1 - offset;
  const std::int64_t end = last < 0 ? 0 : std::min(axis.out, last / axis.stride + 1);
  return {first, std::max(first, end)};
}

const float* bias_of(const FloatInputs& in) {
  return in.size() > 2 && in[2] ? in[2]->data.data() : nullptr;
}

void add_bias(const float* bias, std::int64_t channels, std::int64_t pixels, float* out) {
  if (!bias) return;
  for (std::int64_t o = 0; o < channels; ++o)
    for (std::int64_t p = 0; p < pixels; ++p) out[o * pixels + p] += bias[o];
}

// ---- Conv
// -------------------------------------------------------------------------------------------------------------

/// One row of the unfolded image: what tap (i, j) of `plane` meets at each output pixel.
void unfold_tap(const ConvGeometry& g, const float* plane, std::int64_t i, std::int64_t j,
                std::int64_t row, RightOperand& out) {
  constexpr std::int64_t kColumns = RightOperand::kColumns;
  const Span ys = inside(g.h, i), xs = inside(g.w, j);
  for (std::int64_t oh = ys.begin; oh < ys.end; ++oh) {
    const float* x = plane + (oh * g.h.stride + i * g.h.dilation - g.h.pad_begin) * g.w.in +
                     j * g.w.dilation - g.w.pad_begin;
    for (std::int64_t ow = xs.begin; ow < xs.end;) {
      const std::int64_t pixel = oh * g.w.out + ow;
      const std::int64_t length = std::min(kColumns - pixel % kColumns, xs.end - ow);
      float* to = out.at(row, pixel);
      for (std::int64_t k = 0; k < length; ++k, ++ow) to[k] = x[ow * g.w.stride];
    }
  }
}

void unfold(const ConvGeometry& g, const float* image, RightOperand& out) {
  const std::int64_t channels = g.in_channels / g.groups;
  out.reset(channels * g.taps(), g.out_pixels());
  std::int64_t row = 0;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t i = 0; i < g.h.kernel; ++i)
      for (std::int64_t j = 0; j < g.w.kernel; ++j)
        unfold_tap(g, image + c * g.in_pixels(), i, j, row++, out);
}

/// The weights of each group, [out channels][in channels * taps].
std::vector<LeftOperand> pack_groups(const ConvGeometry& g, const std::vector<float>& weights) {
  const std::int64_t rows = g.out_channels / g.groups, depth = g.in_channels / g.groups * g.taps();
  std::vector<LeftOperand> packed;
  for (std::int64_t i = 0; i < g.groups; ++i)
    packed.emplace_back(MatrixView{weights.data() + i * rows * depth, rows, depth, depth, 1});
  return packed;
}

void convolve_plane(const ConvGeometry& g, const float* plane, const float* weights, float* out) {
  for (std::int64_t i = 0; i < g.h.kernel; ++i)
    for (std::int64_t j = 0; j < g.w.kernel; ++j) {
      const float weight = weights[i * g.w.kernel + j];
      const Span ys = inside(g.h, i), xs = inside(g.w, j);
      for (std::int64_t oh = ys.begin; oh < ys.end; ++oh) {
        const float* x = plane + (oh * g.h.stride + i * g.h.dilation - g.h.pad_begin) * g.w.in +
                         j * g.w.dilation - g.w.pad_begin;
        for (std::int64_t ow = xs.begin; ow < xs.end; ++ow)
          out[oh * g.w.out + ow] += weight * x[ow * g.w.stride];
      }
    }
}

FloatKernel depthwise_kernel(const ConvGeometry& g) {
  return [g](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const std::int64_t multiplier = g.out_channels / g.in_channels;
    for (std::int64_t n = 0; n < g.batch; ++n) {
      float* y = out[0].data.data() + n * g.out_channels * g.out_pixels();
      for (std::int64_t o = 0; o < g.out_channels; ++o)
        convolve_plane(g, in[0]->data.data() + (n * g.in_channels + o / multiplier) * g.in_pixels(),
                       in[1]->data.data() + o * g.taps(), y + o * g.out_pixels());
      add_bias(bias_of(in), g.out_channels, g.out_pixels(), y);
    }
  };
}

FloatKernel conv_kernel(const Node& node, const FloatInputs& constants) {
  const ConvGeometry g = conv_geometry(node);
  if (g.groups > 1 && g.groups == g.in_channels) return depthwise_kernel(g);
  std::vector<LeftOperand> known;
  if (constants.at(1)) known = pack_groups(g, constants[1]->data);
  return [g, known = std::move(known)](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const auto fresh = known.empty() ? pack_groups(g, in[1]->data) : std::vector<LeftOperand>();
    const auto& groups = known.empty() ? fresh : known;
    const std::int64_t in_step = g.in_channels / g.groups * g.in_pixels();
    const std::int64_t out_step = g.out_channels / g.groups * g.out_pixels();
    for (std::int64_t n = 0; n < g.batch; ++n) {
      float* y = out[0].data.data() + n * g.groups * out_step;
      for (std::int64_t i = 0; i < g.groups; ++i) {
        unfold(g, in[0]->data.data() + (n * g.groups + i) * in_step, scratch());
        multiply(groups[static_cast<std::size_t>(i)], scratch(), y + i * out_step, g.out_pixels(),
                 1);
      }
      add_bias(bias_of(in), g.out_channels, g.out_pixels(), y);
    }
  };
}

// ---- ConvTranspose
// ----------------------------------------------------------------------------------------------------

/// Adds weight tap by tap what `plane` (the smaller side) contributes to `out` (the larger side).
void spread_plane(const ConvGeometry& g, const float* plane, const float* weights, float* out) {
  for (std::int64_t i = 0; i < g.h.kernel; ++i)
    for (std::int64_t j = 0; j < g.w.kernel; ++j) {
      const float weight = weights[i * g.w.kernel + j];
      const Span ys = inside(g.h, i), xs = inside(g.w, j);
      for (std::int64_t y = ys.begin; y < ys.end; ++y) {
        float* to = out + (y * g.h.stride + i * g.h.dilation - g.h.pad_begin) * g.w.in +
                    j * g.w.dilation - g.w.pad_begin;
        for (std::int64_t x = xs.begin; x < xs.end; ++x)
          to[x * g.w.stride] += weight * plane[y * g.w.out + x];
      }
    }
}

FloatKernel conv_transpose_kernel(const Node& node) {
  return [g = conv_transpose_geometry(node)](const FloatInputs& in, std::vector<FloatTensor>& out) {
    const std::int64_t fan_in = g.in_channels / g.groups, fan_out = g.out_channels / g.groups;
    for (std::int64_t n = 0; n < g.batch; ++n) {
      float* y = out[0].data.data() + n * g.out_channels * g.in_pixels();
      for (std::int64_t c = 0; c < g.in_channels; ++c)
        for (std::int64_t o = 0; o < fan_out; ++o)
          spread_plane(g, in[0]->data.data() + (n * g.in_channels + c) * g.out_pixels(),
                       in[1]->data.data() + (c * fan_out + o) * g.taps(),
                       y + (c / fan_in * fan_out + o) * g.in_pixels());
      add_bias(bias_of(in), g.out_channels, g.in_pixels(), y);
    }
  };
}

// ---- Matrices
// ---------------------------------------------------------------------------------------------------------

/// The second operand is packed as the kernel's left one, so that constant weights are packed once.
LeftOperand pack(const MatmulGeometry& g, const float* b) {
  return LeftOperand({b, g.n, g.k, g.second_column, g.second_row});
}
void run_product(const MatmulGeometry& g, const LeftOperand& weights, const float* a, float* out) {
  scratch().assign({a, g.k, g.m, g.first_column, g.first_row});
  multiply(weights, scratch(), out, 1, g.n);
}

/// Products of a stack; weights known beforehand are packed when the plan is made, if they are one
/// matrix.
FloatKernel stacked_product(MatmulGeometry g, const FloatTensor* known) {
  std::optional<LeftOperand> packed;
  if (known && static_cast<std::int64_t>(known->data.size()) == g.k * g.n)
    packed = pack(g, known->data.data());
  return [g = std::move(g), packed = std::move(packed)](const FloatInputs& in,
                                                        std::vector<FloatTensor>& out) {
    for (std::int64_t i = 0; i < g.count; ++i) {
      const float* a = in[0]->data.data() + g.first(i) * g.m * g.k;
      float* y = out[0].data.data() + i * g.m * g.n;
      run_product(g, packed ? *packed : pack(g, in[1]->data.data() + g.second(i) * g.k * g.n), a,
                  y);
    }
  };
}

FloatKernel xnor_kernel(const Node& node) {
  const auto g = matmul_geometry(node);
  return [depth = static_cast<float>(g.k), product = stacked_product(g, nullptr)](
             const FloatInputs& in, std::vector<FloatTensor>& out) {
    FloatTensor a = *in[0], b = *in[1];
    for (FloatTensor* operand : {&a, &b})
      for (float& x : operand->data) x = 2 * x - 1;
    product({&a, &b}, out);
    for (float& x : out[0].data) x = (x + depth) * 0.5F;
  };
}

FloatKernel gemm_kernel(const Node& node, const ops::Gemm& op, const FloatInputs& constants) {
  MatmulGeometry g = matmul_geometry(node);
  const bool has_c = node.inputs.size() > 2 && node.inputs[2];
  BroadcastIndex c =
      has_c ? BroadcastIndex(float_shape(node, node.inputs[2]), {g.m, g.n}) : BroadcastIndex();
  return [product = stacked_product(std::move(g), constants.at(1)), c = std::move(c), has_c,
          alpha = op.alpha, beta = op.beta](const FloatInputs& in, std::vector<FloatTensor>& out) {
    product(in, out);
    auto& y = out[0].data;
    if (alpha != 1)
      for (float& value : y) value *= alpha;
    if (!has_c) return;
    c.for_each(static_cast<std::int64_t>(y.size()), [&](std::int64_t i, std::int64_t j) {
      y[static_cast<std::size_t>(i)] += beta * in[2]->data[static_cast<std::size_t>(j)];
    });
  };
}

}  // namespace

FloatKernel float_product_kernel(const Node& node, const FloatInputs& constants) {
  if (node.as<ops::Conv>()) return conv_kernel(node, constants);
  if (node.as<ops::ConvTranspose>()) return conv_transpose_kernel(node);
  if (node.as<ops::MatMul>()) return stacked_product(matmul_geometry(node), constants.at(1));
  if (const auto* op = node.as<ops::Gemm>()) return gemm_kernel(node, *op, constants);
  if (node.as<ops::XnorPopcountMatMul>()) return xnor_kernel(node);
  return {};
}

}  // namespace assay
