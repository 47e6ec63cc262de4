// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/real_call.h"

/// Convolutions, matrix products and pools as naive loops.
namespace assay::real_eval {

/// The number of window positions along one spatial axis. With `ceil` a last window that would
/// start behind the data and its leading padding is left out.
inline std::int64_t positions(std::int64_t size, const ops::Window& window, std::size_t axis,
                              bool ceil = false) {
  const std::int64_t begin = window.pads[axis], end = window.pads[axis + window.rank()];
  const std::int64_t dilation = window.dilations.empty() ? 1 : window.dilations[axis];
  const std::int64_t stride = window.strides[axis];
  const std::int64_t room = size + begin + end - dilation * (window.kernel_shape[axis] - 1) - 1;
  if (room < 0) user_error("a window is larger than its padded input");
  std::int64_t count = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (count - 1) * stride >= size + begin) --count;
  return count;
}

/// Where tap `tap` of the window at `position` reads along one axis; may lie in the padding.
inline std::int64_t source(const ops::Window& window, std::size_t axis, std::int64_t position,
                           std::int64_t tap) {
  const std::int64_t dilation = window.dilations.empty() ? 1 : window.dilations[axis];
  return position * window.strides[axis] - window.pads[axis] + tap * dilation;
}

inline Shape windowed_shape(const RealTensor& x, std::int64_t channels, const ops::Window& window,
                            bool ceil = false) {
  Shape shape{x.shape[0], channels};
  for (std::size_t axis = 0; axis < window.rank(); ++axis)
    shape.push_back(positions(x.shape[2 + axis], window, axis, ceil));
  return shape;
}

inline RealTensor conv(const Call& call) {
  const auto& op = call.op<ops::Conv>();
  const RealTensor &x = call.input(0), &w = call.input(1);
  const std::int64_t group_in = w.shape[1], group_out = w.shape[0] / op.group;
  const Shape taps(w.shape.begin() + 1, w.shape.end());
  Dot dot(x, w);
  return generate(windowed_shape(x, w.shape[0], op.window), [&](const Shape& at) {
    each_index(taps, [&](const Shape& tap) {
      Shape from{at[0], at[1] / group_out * group_in + tap[0]}, weight{at[1], tap[0]};
      for (std::size_t axis = 0; axis < op.window.rank(); ++axis) {
        from.push_back(source(op.window, axis, at[2 + axis], tap[1 + axis]));
        weight.push_back(tap[1 + axis]);
      }
      if (inside(x.shape, from)) dot.add(offset_of(x.shape, from), offset_of(w.shape, weight));
    });
    return dot.take() + (call.has(2) ? call.input(2).at({at[1]}) : Real(0));
  });
}

inline RealTensor conv_transpose(const Call& call) {
  const auto& op = call.op<ops::ConvTranspose>();
  const ops::Window& window = op.window;
  const RealTensor &x = call.input(0), &w = call.input(1);
  const std::int64_t group_in = x.shape[1] / op.group, group_out = w.shape[1];
  Shape shape{x.shape[0], group_out * op.group};
  for (std::size_t axis = 0; axis < window.rank(); ++axis) {
    const std::int64_t extra = op.output_padding.empty() ? 0 : op.output_padding[axis];
    shape.push_back(window.strides[axis] * (x.shape[2 + axis] - 1) + extra +
                    window.dilations[axis] * (window.kernel_shape[axis] - 1) + 1 -
                    window.pads[axis] - window.pads[axis + window.rank()]);
  }
  Shape taps{group_in};
  taps.insert(taps.end(), window.kernel_shape.begin(), window.kernel_shape.end());
  Dot dot(x, w);
  return generate(shape, [&](const Shape& at) {
    each_index(taps, [&](const Shape& tap) {
      const std::int64_t channel = at[1] / group_out * group_in + tap[0];
      Shape from{at[0], channel}, weight{channel, at[1] % group_out};
      for (std::size_t axis = 0; axis < window.rank(); ++axis) {
        // Input i reaches output i * stride - pad + tap * dilation.
        const std::int64_t reach =
            at[2 + axis] + window.pads[axis] - tap[1 + axis] * window.dilations[axis];
        if (reach < 0 || reach % window.strides[axis] != 0) return;
        from.push_back(reach / window.strides[axis]);
        weight.push_back(tap[1 + axis]);
      }
      if (inside(x.shape, from)) dot.add(offset_of(x.shape, from), offset_of(w.shape, weight));
    });
    return dot.take() + (call.has(2) ? call.input(2).at({at[1]}) : Real(0));
  });
}

/// numpy's matmul: vectors are promoted, leading axes broadcast.
inline RealTensor matmul_of(RealTensor a, RealTensor b) {
  const bool row = a.shape.size() == 1, column = b.shape.size() == 1;
  if (row) a.shape.insert(a.shape.begin(), 1);
  if (column) b.shape.push_back(1);
  const Shape a_batch(a.shape.begin(), a.shape.end() - 2),
      b_batch(b.shape.begin(), b.shape.end() - 2);
  Shape shape = broadcast_shape(a_batch, b_batch);
  const std::size_t batch_rank = shape.size();
  const auto a_steps = broadcast_strides(a_batch, shape),
             b_steps = broadcast_strides(b_batch, shape);
  const std::int64_t m = a.shape[a.shape.size() - 2], k = a.shape.back(), n = b.shape.back();
  if (b.shape[b.shape.size() - 2] != k)
    user_error("matmul of {} and {}", shape_text(a.shape), shape_text(b.shape));
  shape.insert(shape.end(), {m, n});
  Dot dot(a, b);
  RealTensor out = generate(shape, [&](const Shape& at) {
    std::int64_t a_matrix = 0, b_matrix = 0;
    for (std::size_t axis = 0; axis < batch_rank; ++axis) {
      a_matrix += at[axis] * a_steps[axis];
      b_matrix += at[axis] * b_steps[axis];
    }
    const std::int64_t i = at[batch_rank], j = at[batch_rank + 1];
    for (std::int64_t inner = 0; inner < k; ++inner)
      dot.add((a_matrix * m + i) * k + inner, (b_matrix * k + inner) * n + j);
    return dot.take();
  });
  if (column) out.shape.pop_back();
  if (row) out.shape.erase(out.shape.end() - (column ? 1 : 2));
  return out;
}

inline RealTensor transposed(const RealTensor& x, const std::vector<std::int64_t>& perm) {
  Shape shape;
  for (const std::int64_t axis : perm) shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
  return generate(shape, [&](const Shape& at) {
    Shape from(at.size());
    for (std::size_t axis = 0; axis < at.size(); ++axis)
      from[static_cast<std::size_t>(perm[axis])] = at[axis];
    return x.at(from);
  });
}

inline RealTensor matmul(const Call& call) { return matmul_of(call.input(0), call.input(1)); }

inline RealTensor gemm(const Call& call) {
  const auto& op = call.op<ops::Gemm>();
  const RealTensor a = op.trans_a ? transposed(call.input(0), {1, 0}) : call.input(0);
  const RealTensor b = op.trans_b ? transposed(call.input(1), {1, 0}) : call.input(1);
  const Real alpha = Real::of(op.alpha), beta = Real::of(op.beta);
  const RealTensor product = map_unary(matmul_of(a, b), [&](const Real& v) { return alpha * v; });
  if (!call.has(2)) return product;
  return map_binary(product, call.input(2),
                    [&](const Real& p, const Real& c) { return p + beta * c; });
}

inline RealTensor xnor_popcount_matmul(const Call& call) {
  const RealTensor &a = call.input(0), &b = call.input(1);
  for (const RealTensor* tensor : {&a, &b})
    for (const Real& bit : tensor->values)
      if (!(bit == Real(0)) && !(bit == Real(1)))
        user_error("{}: {} is no bit", call.node().label(), bit.str());
  const auto bipolar = [](const Real& bit) { return Real(2) * bit - Real(1); };
  const Real length(a.shape.back());
  return map_unary(matmul_of(map_unary(a, bipolar), map_unary(b, bipolar)),
                   [&](const Real& v) { return (v + length) * half(); });
}

inline RealTensor depthwise_matmul(const Call& call) {
  const RealTensor &x = call.input(0), &w = call.input(1);
  const std::int64_t taps = w.shape[0], channels = w.shape[1];
  Shape shape = x.shape;
  shape.back() = channels;
  return generate(shape, [&](const Shape& at) {
    Real sum;
    Shape from = at;
    for (std::int64_t k = 0; k < taps; ++k) {
      from.back() = k * channels + at.back();
      sum += x.at(from) * w.at({k, at.back()});
    }
    return sum;
  });
}

// ---- Pools ----

inline RealTensor max_pool_of(const RealTensor& x, const ops::Window& window, bool ceil) {
  return generate(windowed_shape(x, x.shape[1], window, ceil), [&](const Shape& at) {
    std::optional<Real> best;
    each_index(window.kernel_shape, [&](const Shape& tap) {
      Shape from{at[0], at[1]};
      for (std::size_t axis = 0; axis < window.rank(); ++axis)
        from.push_back(source(window, axis, at[2 + axis], tap[axis]));
      if (inside(x.shape, from)) best = best ? max_of(*best, x.at(from)) : x.at(from);
    });
    if (!best) user_error("a pooling window holds padding only");
    return *best;
  });
}

inline RealTensor max_pool(const Call& call) {
  const auto& op = call.op<ops::MaxPool>();
  return max_pool_of(call.input(0), op.window, op.ceil_mode);
}

inline RealTensor max_pool_nhwc(const Call& call) {
  const auto& op = call.op<ops::MaxPoolNHWC>();
  const RealTensor x = transposed(call.input(0), {0, 3, 1, 2});
  return transposed(max_pool_of(x, op.window, op.ceil_mode), {0, 2, 3, 1});
}

inline RealTensor average_pool(const Call& call) {
  const auto& op = call.op<ops::AveragePool>();
  const ops::Window& window = op.window;
  const RealTensor& x = call.input(0);
  return generate(windowed_shape(x, x.shape[1], window, op.ceil_mode), [&](const Shape& at) {
    Real sum;
    std::int64_t counted = 0;
    each_index(window.kernel_shape, [&](const Shape& tap) {
      Shape from{at[0], at[1]};
      bool padded_inside = true;  // behind the trailing padding nothing counts
      for (std::size_t axis = 0; axis < window.rank(); ++axis) {
        from.push_back(source(window, axis, at[2 + axis], tap[axis]));
        padded_inside =
            padded_inside && from.back() < x.shape[2 + axis] + window.pads[axis + window.rank()];
      }
      const bool real = inside(x.shape, from);
      if (real) sum += x.at(from);
      if (real || (op.count_include_pad && padded_inside)) ++counted;
    });
    return divide(sum, Real(counted));
  });
}

inline RealTensor global_average_pool(const Call& call) {
  const RealTensor& x = call.input(0);
  const Shape spatial(x.shape.begin() + 2, x.shape.end());
  Shape shape = x.shape;
  std::fill(shape.begin() + 2, shape.end(), 1);
  return generate(shape, [&](const Shape& at) {
    Real sum;
    each_index(spatial, [&](const Shape& place) {
      Shape from{at[0], at[1]};
      from.insert(from.end(), place.begin(), place.end());
      sum += x.at(from);
    });
    return divide(sum, Real(element_count(spatial)));
  });
}

inline RealTensor sum_pool(const Call& call) {
  const auto& op = call.op<ops::SumPool>();
  const ops::Window& window = op.window;
  const bool last = layout_name(op.data_layout).ends_with('C');
  const std::size_t first = last ? 1 : 2;
  const RealTensor& x = call.input(0);
  Shape shape = x.shape;
  for (std::size_t axis = 0; axis < window.rank(); ++axis)
    shape[first + axis] = positions(x.shape[first + axis], window, axis);
  return generate(shape, [&](const Shape& at) {
    Real sum;
    each_index(window.kernel_shape, [&](const Shape& tap) {
      Shape from = at;
      for (std::size_t axis = 0; axis < window.rank(); ++axis)
        from[first + axis] = source(window, axis, at[first + axis], tap[axis]);
      if (inside(x.shape, from)) sum += x.at(from);
    });
    return sum;
  });
}

inline RealTensor quant_avg_pool(const Call& call) {
  const auto& op = call.op<ops::QuantAvgPool2d>();
  const bool channels_last = op.data_layout == Layout::kNHWC;
  const RealTensor x = channels_last ? transposed(call.input(0), {0, 3, 1, 2}) : call.input(0);
  const ops::Window window{{op.kernel, op.kernel}, {op.stride, op.stride}, {0, 0, 0, 0}, {1, 1}};
  const Real widest = (power_of_two(op.ibits) - Real(1)) * Real(op.kernel * op.kernel);
  const std::int64_t shift = std::max<std::int64_t>(0, floor_log2(widest) + 1 - op.obits);
  RealTensor out = generate(windowed_shape(x, x.shape[1], window), [&](const Shape& at) {
    Real sum;
    each_index(window.kernel_shape, [&](const Shape& tap) {
      sum +=
          x.at({at[0], at[1], source(window, 0, at[2], tap[0]), source(window, 1, at[3], tap[1])});
    });
    return floor_of(sum * power_of_two(-shift));
  });
  return channels_last ? transposed(out, {0, 2, 3, 1}) : out;
}

}  // namespace assay::real_eval
