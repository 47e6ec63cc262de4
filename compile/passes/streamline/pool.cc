// SPDX-License-Identifier: Apache-2.0
// Pools: averages become sums, maxima stay.
#include <algorithm>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

/// How many positions of each window count, per output position: along one axis.
std::vector<std::int64_t> counted(std::int64_t size, std::int64_t out, std::int64_t kernel,
                                  std::int64_t stride, std::int64_t begin) {
  std::vector<std::int64_t> counts;
  for (std::int64_t o = 0; o < out; ++o) {
    const std::int64_t first = std::max(o * stride - begin, std::int64_t{0}),
                       last = std::min(o * stride - begin + kernel, size);
    counts.push_back(std::max<std::int64_t>(last - first, 0));
  }
  return counts;
}

/// Terms whose scale does not vary in space.
std::vector<Term> split_in_space(Planner& planner, const Term& term) {
  const std::size_t rank = term.tensor->shape->size();
  bool flat = true;
  for (std::size_t axis = 2; axis < rank; ++axis)
    flat = flat && !varies_along(term.scale, axis, rank);
  return flat ? std::vector<Term>{term} : masked_terms(planner, term);
}

/// The window sums of a real constant that broadcasts to `in`.
RealArray window_sums(const RealArray& offset, const ops::Window& window, const Shape& in,
                      const Shape& out) {
  Shape wide = in, shape = out;
  wide[0] = shape[0] = 1;
  const auto index = broadcast_index(offset.shape, wide);
  const std::size_t r = window.rank();
  RealArray sums;
  sums.shape = shape;
  sums.values.clear();
  const std::int64_t places = element_count(Shape(shape.begin() + 2, shape.end())),
                     inner = element_count(Shape(wide.begin() + 2, wide.end())),
                     taps = element_count(window.kernel_shape);
  for (std::int64_t c = 0; c < shape[1]; ++c)
    for (std::int64_t place = 0; place < places; ++place) {
      Real sum;
      for (std::int64_t t = 0; t < taps; ++t) {
        std::int64_t tap = t, rest = place, at = 0, step = 1;
        bool inside = true;
        for (std::size_t i = r; i-- > 0;) {
          const std::int64_t x = rest % shape[2 + i] * window.strides[i] - window.pads[i] +
                                 tap % window.kernel_shape[i];
          rest /= shape[2 + i];
          tap /= window.kernel_shape[i];
          inside = inside && x >= 0 && x < wide[2 + i];
          at += x * step;
          step *= wide[2 + i];
        }
        if (inside)
          sum += offset.values[static_cast<std::size_t>(
              index[static_cast<std::size_t>(c * inner + at)])];
      }
      sums.values.push_back(sum);
    }
  return compressed(sums);
}

/// The sum over each window of what is inside the tensor.
void plan_sum_pool(Planner& planner, ops::Window window, const RealArray& inverse_divisor) {
  Value x = settled(planner, 0);
  const Shape& shape = known_shape(*planner.node().outputs[0]);
  const std::size_t rank = shape.size(), r = window.rank();
  // End pads that ceil_mode asks for.
  for (std::size_t i = 0; i < r; ++i)
    window.pads[r + i] =
        std::max<std::int64_t>((shape[2 + i] - 1) * window.strides[i] + window.kernel_shape[i] -
                                   x.shape[2 + i] - window.pads[i],
                               0);
  const bool padded = std::ranges::any_of(window.pads, [](std::int64_t p) { return p != 0; });
  const std::int64_t taps = element_count(window.kernel_shape);
  Shape channels(rank, 1);
  channels[1] = shape[1];
  std::vector<Term> terms;
  for (const Term& term : x.terms)
    for (const Term& part : split_in_space(planner, term)) {
      const Bounds in = hull_over(planner.to.bounds(part.tensor), x.shape, channels);
      Bounds range{channels, {}, {}};
      for (std::size_t c = 0; c < in.lo.size(); ++c) {
        range.lo.push_back(taps * (padded ? std::min<std::int64_t>(in.lo[c], 0) : in.lo[c]));
        range.hi.push_back(taps * (padded ? std::max<std::int64_t>(in.hi[c], 0) : in.hi[c]));
      }
      auto op = std::make_unique<ops::SumPool>();
      op->window = window;
      op->data_layout = rank == 3 ? Layout::kNCW : Layout::kNCHW;
      Tensor* y = planner.to.add_node(std::move(op), {part.tensor}, shape, range);
      terms.push_back({compressed(part.scale * inverse_divisor), y, false});
    }
  x.terms = std::move(terms);
  if (!all_zero(x.offset))
    x.offset = compressed(window_sums(x.offset, window, x.shape, shape) * inverse_divisor);
  x.shape = shape;
  x.folded.push_back(planner.node().name);
  combine(planner, x);
  planner.set_output(std::move(x));
}

void plan_average_pool(Planner& planner, const ops::AveragePool& op) {
  const Shape &in = known_shape(*planner.node().inputs[0]),
              &out = known_shape(*planner.node().outputs[0]);
  const std::size_t r = op.window.rank();
  // The divisor is a product over the axes; padding counts up to its declared end only.
  RealArray inverse(Real(1));
  for (std::size_t i = 0; i < r; ++i) {
    const std::int64_t begin = op.window.pads[i], end = op.window.pads[r + i];
    const std::int64_t pad = op.count_include_pad ? 1 : 0;
    const auto counts =
        counted(in[2 + i] + pad * (begin + end), out[2 + i], op.window.kernel_shape[i],
                op.window.strides[i], op.count_include_pad ? 0 : begin);
    RealArray axis;
    axis.shape.assign(out.size(), 1);
    axis.shape[2 + i] = out[2 + i];
    axis.values.clear();
    for (const std::int64_t n : counts) axis.values.emplace_back(mpq_class(1, n));
    inverse = compressed(inverse * compressed(axis));
  }
  plan_sum_pool(planner, op.window, inverse);
}

Value max_pooled(Planner& planner, Value value, const Op& op) {
  const Shape& shape = known_shape(*planner.node().outputs[0]);
  if (!value.among.empty()) {
    if (!value.largest) value = settle(planner, std::move(value));
    for (Value& one : value.among) one = max_pooled(planner, std::move(one), op);
    value.shape = shape;
    return value;
  }
  const std::size_t rank = value.shape.size();
  const auto flat = [&](const RealArray& array) {
    for (std::size_t axis = 2; axis < rank; ++axis)
      if (varies_along(array, axis, rank)) return false;
    return true;
  };
  const bool clamps_flat =
      (!value.lower || flat(*value.lower)) && (!value.upper || flat(*value.upper));
  if (value.terms.size() == 1 && !value.curve && flat(value.terms[0].scale) && flat(value.offset) &&
      clamps_flat && value.pools.empty()) {
    make_positive(planner, value.terms[0], value.shape);
    Value pool;  // the maximum of increasing functions is that of the maximum
    pool.shape = value.shape;
    pool.pools.push_back({op.clone(), shape});
    const DataType type = value.terms[0].tensor->dtype;  // +-1 stay +-1
    value.terms[0].tensor = apply_pools(planner, value.terms[0].tensor, pool);
    value.terms[0].tensor->dtype = type;
    value.terms[0].exclusive = false;
  } else {
    value.pools.push_back({op.clone(), shape});
  }
  value.shape = shape;
  return value;
}

}  // namespace

bool plan_pool(Planner& planner, const Node& node) {
  if (const auto* average = node.as<ops::AveragePool>()) {
    plan_average_pool(planner, *average);
  } else if (node.as<ops::GlobalAveragePool>()) {
    const Shape& in = known_shape(*node.inputs[0]);
    const Shape whole(in.begin() + 2, in.end());
    ops::Window window{whole, Shape(whole.size(), 1), Shape(2 * whole.size(), 0),
                       Shape(whole.size(), 1)};
    plan_sum_pool(planner, std::move(window), RealArray(Real(mpq_class(1, element_count(whole)))));
  } else if (node.as<ops::MaxPool>()) {
    planner.set_output(max_pooled(planner, planner.input(0), *node.op));
  } else if (const auto* quantised = node.as<ops::QuantAvgPool2d>()) {
    const Value value = settled(planner, 0);
    Tensor* x = as_integer(planner, value);
    if (!x) planner.fail("its input is no integer", "divide its input by its scale in the model");
    const std::int64_t area = quantised->kernel * quantised->kernel;
    const int shift = quantised->shift();
    Tensor* y = planner.to.add_node(node.op->clone(), {x}, known_shape(*node.outputs[0]),
                                    Bounds::of((planner.to.bounds(x).min() * area) >> shift,
                                               (planner.to.bounds(x).max() * area) >> shift));
    planner.set_output(Value::integers(y));
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::streamline
