// SPDX-License-Identifier: Apache-2.0
// Products with constant weights: convolutions, their transposes, matrices.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/common_unit.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

constexpr std::int64_t kMaxUnified = 1 << 22;

RealArray real_weights(const IntegerConstant& constant) {
  RealArray q;
  q.shape = constant.shape;
  q.values.assign(constant.values.begin(), constant.values.end());
  return q * constant.scale + constant.offset;
}

/// Makes integers of rationals, over one common unit per entry of `axis`; false when they do not
/// fit 62 bits.
bool take_common_units(IntegerConstant& constant, const RealArray& real, std::size_t axis) {
  Shape rows(constant.shape.size(), 1);
  rows[axis] = constant.shape[axis];
  const auto row = broadcast_index(rows, constant.shape);
  std::vector<mpz_class> denominators(static_cast<std::size_t>(rows[axis]), 1);
  for (std::size_t i = 0; i < row.size(); ++i) {
    mpz_class& d = denominators[static_cast<std::size_t>(row[i])];
    d = lcm(d, mpz_class(real.values[i].rational().get_den()));
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const mpq_class n = real.values[i].rational() * denominators[static_cast<std::size_t>(row[i])];
    if (!n.get_num().fits_slong_p() || abs(n.get_num()) >= (mpz_class(1) << 62)) return false;
    constant.values[i] = n.get_num().get_si();
  }
  std::vector<Real> units;
  for (const mpz_class& d : denominators) units.emplace_back(mpq_class(1, d));
  constant.scale = compressed({rows, std::move(units)});
  constant.offset = {};
  constant.declared.reset();
  return true;
}

void require_constant_weights(const Planner& planner) {
  if (!planner.depends_on_input(*planner.node().inputs[1])) return;
  if (planner.depends_on_input(*planner.node().inputs[0]))
    planner.fail("it multiplies two activations, which no layer does: one factor must be constant",
                 "end the network in front of it, or multiply element by element (Mul)");
  planner.fail("its weights are an activation",
               "only products with constants have an integer form");
}

IntegerConstant weights(Planner& planner, std::size_t axis) {
  const Tensor* tensor = planner.node().inputs[1];
  require_constant_weights(planner);
  auto constant = integer_constant(*tensor, axis);
  if (!constant)
    planner.fail("its weights are computed by nodes that do not fold", "fold constants first");
  const auto uniform = [&](const RealArray& array) {
    for (std::size_t i = 0; i < constant->shape.size(); ++i)
      if (i != axis && varies_along(array, i, constant->shape.size())) return false;
    return true;
  };
  if (uniform(constant->scale) && all_zero(constant->offset)) return std::move(*constant);
  // Scales per input channel or fractional zero points: the weights themselves, over one common
  // unit per output channel.
  if (element_count(constant->shape) > kMaxUnified)
    planner.fail("its weights have scales along their inputs",
                 "use one weight scale per output channel");
  const RealArray real = real_weights(*constant);
  if (!std::ranges::all_of(real.values, [](const Real& w) { return w.is_rational(); }))
    planner.fail("its weights are irrational", "quantise the weights in the model");
  if (!take_common_units(*constant, real, axis))
    planner.fail("its weights need more than 62 bits over a common unit",
                 "use one weight scale per output channel");
  return std::move(*constant);
}

/// A product seen from its input channels (or features) and its output channels.
struct Product {
  IntegerConstant weights;
  std::size_t input_axis = 1;   ///< of X
  std::size_t output_axis = 1;  ///< of the output
  std::int64_t inputs = 1, outputs = 1, groups = 1;
  bool padded = false;     ///< zeros take part
  bool windowed = true;    ///< sums over space too, not only over the input channels
  RealArray output_scale;  ///< of the weights, along the output's channel axis
  /// The output channel of weight w (row-major index), and its input channel.
  std::function<std::pair<std::int64_t, std::int64_t>(std::int64_t)> place;
  std::function<Tensor*(Tensor*, Tensor*, const Bounds&)> emit;
  std::function<RealArray(const RealArray&)> map_offset;  ///< the product of an offset
};

/// One product of a term: its weights.
struct Factor {
  Term term;
  std::vector<std::int64_t> weights;
  std::optional<DataType> declared = {};  ///< of the weights
};

/// The worst case of each output over everything that it sums up.
struct Sums {
  std::vector<__int128> lo, hi;
};

/// Whether the array is the same for all entries of `axis` that belong to one group.
bool equal_in_groups(const RealArray& scale, std::size_t axis, std::int64_t per_group) {
  const std::int64_t size = scale.shape[axis];
  const std::int64_t inner = element_count(
      Shape(scale.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, scale.shape.end()));
  for (std::size_t i = 0; i < scale.values.size(); ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i) / inner % size;
    const std::int64_t first = static_cast<std::int64_t>(i) - at % per_group * inner;
    if (!(scale.values[i] == scale.values[static_cast<std::size_t>(first)])) return false;
  }
  return true;
}

/// The scales of a term along the inputs of a product in one unit per group.
struct Proportions {
  RealArray unit;                      ///< along the inputs
  std::vector<mpz_class> multipliers;  ///< of each input
};

std::optional<Proportions> proportions(const RealArray& scale, const Shape& features,
                                       std::int64_t per_group) {
  std::vector<Real> scales;
  for (const std::int64_t i : broadcast_index(scale.shape, features))
    scales.push_back(scale.values[static_cast<std::size_t>(i)]);
  Proportions out{{features, {}}, {}};
  for (auto group = scales.begin(); group != scales.end(); group += per_group) {
    const auto common = common_unit({group, group + per_group});
    if (!common) return {};
    out.unit.values.insert(out.unit.values.end(), static_cast<std::size_t>(per_group),
                           common->unit);
    out.multipliers.insert(out.multipliers.end(), common->multiples.begin(),
                           common->multiples.end());
  }
  return out;
}

std::int64_t different(const RealArray& scale) {
  std::vector<Real> seen;
  for (const Real& s : scale.values)
    if (std::ranges::find(seen, s) == seen.end()) seen.push_back(s);
  return std::ssize(seen);
}

int widest_bits(const std::vector<mpz_class>& numbers) {
  std::size_t bits = 0;
  for (const mpz_class& n : numbers) bits = std::max(bits, mpz_sizeinbase(n.get_mpz_t(), 2));
  return static_cast<int>(bits);
}

/// Bits of the smallest two's complement type that holds them.
int bits_of(const std::vector<std::int64_t>& values) {
  const auto [lo, hi] = std::ranges::minmax(values);
  return signed_bits(lo, hi);
}

constexpr int kMaxIntegerBits = 62;  ///< of integers

Sums worst_sums(Planner& planner, const Product& product, const Factor& factor) {
  const Shape& shape = *factor.term.tensor->shape;
  Shape features(shape.size(), 1);
  features[product.input_axis] = shape[product.input_axis];
  const Bounds input = hull_over(planner.to.bounds(factor.term.tensor), shape, features);
  Sums out;
  out.lo.assign(static_cast<std::size_t>(product.outputs), 0);
  out.hi = out.lo;
  for (std::size_t i = 0; i < factor.weights.size(); ++i) {
    const std::int64_t w = factor.weights[i];
    if (w == 0) continue;
    const auto [o, c] = product.place(static_cast<std::int64_t>(i));
    const auto at = static_cast<std::size_t>(c);
    const std::int64_t lo = product.padded ? std::min<std::int64_t>(input.lo[at], 0) : input.lo[at];
    const std::int64_t hi = product.padded ? std::max<std::int64_t>(input.hi[at], 0) : input.hi[at];
    out.lo[static_cast<std::size_t>(o)] += static_cast<__int128>(w) * (w > 0 ? lo : hi);
    out.hi[static_cast<std::size_t>(o)] += static_cast<__int128>(w) * (w > 0 ? hi : lo);
  }
  return out;
}

/// sum_c w_c * (s_c * x_c) = u * sum_c (w_c * m_c) * x_c with integers m_c = s_c / u: nothing is
/// rounded. Nothing where the ratios of scales are irrational, where scales differ along other
/// axes, or where weights or sums need more bits than they may have.
std::optional<Factor> over_common_unit(Planner& planner, const Term& term, const Product& product) {
  const Shape& shape = *term.tensor->shape;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (axis != product.input_axis && varies_along(term.scale, axis, shape.size())) return {};
  Shape features(shape.size(), 1);
  features[product.input_axis] = product.inputs;
  auto parts = proportions(term.scale, features, product.inputs / product.groups);
  if (!parts) return {};
  UnitReport report;
  report.node = planner.node().name;
  report.scales = different(term.scale);
  report.multiplier_bits = widest_bits(parts->multipliers);
  report.weight_bits_before = bits_of(product.weights.values);
  report.weight_bits = report.weight_bits_before + report.multiplier_bits;
  Factor factor{{compressed(parts->unit), term.tensor, term.exclusive}, {}};
  if (report.weight_bits <= kMaxIntegerBits) {
    for (std::size_t i = 0; i < product.weights.values.size(); ++i) {
      const auto input = product.place(static_cast<std::int64_t>(i)).second;
      factor.weights.push_back(product.weights.values[i] *
                               parts->multipliers[static_cast<std::size_t>(input)].get_si());
    }
    const Sums sums = worst_sums(planner, product, factor);
    report.weight_bits = bits_of(factor.weights);
    report.accumulator_bits =
        signed_bits(*std::ranges::min_element(sums.lo), *std::ranges::max_element(sums.hi));
    report.taken = report.weight_bits <= planner.limits.weight_bits &&
                   report.accumulator_bits <= kMaxIntegerBits;
  }
  planner.report.units.push_back(report);
  return report.taken ? std::optional(std::move(factor)) : std::nullopt;
}

/// The products that a term takes: one where its scale is the same for everything that an output
/// sums up, or where integers in the weights can make it so; else one for each scale.
std::vector<Factor> products_of(Planner& planner, const Term& term, const Product& product) {
  const std::size_t rank = term.tensor->shape->size();
  const std::int64_t per_group = product.inputs / product.groups;
  bool uniform = !varies_along(term.scale, product.input_axis, rank) ||
                 equal_in_groups(with_rank(term.scale, rank), product.input_axis, per_group);
  for (std::size_t axis = 2; product.windowed && axis < rank; ++axis)
    uniform = uniform && !varies_along(term.scale, axis, rank);
  if (uniform) return {{term, product.weights.values, product.weights.declared}};
  if (auto factor = over_common_unit(planner, term, product)) return {std::move(*factor)};
  std::vector<Factor> factors;
  for (Term& part : masked_terms(planner, term))
    factors.push_back({std::move(part), product.weights.values, product.weights.declared});
  return factors;
}

/// Bounds of the accumulator of every output channel; UserError beyond 62 bits.
Bounds accumulator_bounds(Planner& planner, const Product& product, const Factor& factor,
                          const Shape& out) {
  Shape channels(out.size(), 1);
  channels[product.output_axis] = product.outputs;
  const Sums sums = worst_sums(planner, product, factor);
  Bounds range{channels, {}, {}};
  constexpr __int128 kLimit = __int128{1} << kMaxIntegerBits;
  for (std::size_t o = 0; o < sums.lo.size(); ++o) {
    if (sums.lo[o] < -kLimit || sums.hi[o] > kLimit)
      planner.fail("its accumulator needs more than 62 bits", "quantise its input and its weights");
    range.lo.push_back(static_cast<std::int64_t>(sums.lo[o]));
    range.hi.push_back(static_cast<std::int64_t>(sums.hi[o]));
  }
  return range;
}

/// The scale of a term behind the product: output channels of a group inherit that of its inputs.
RealArray product_scale(const Product& product, const RealArray& scale, const Shape& in,
                        const Shape& out) {
  if (!varies_along(scale, product.input_axis, in.size())) return scale * product.output_scale;
  Shape features(in.size(), 1), channels(out.size(), 1);
  features[product.input_axis] = in[product.input_axis];
  channels[product.output_axis] = product.outputs;
  const auto index = broadcast_index(scale.shape, features);
  const std::int64_t per_group = product.inputs / product.groups,
                     out_group = product.outputs / product.groups;
  RealArray inherited;
  inherited.shape = channels;
  inherited.values.clear();
  for (std::int64_t o = 0; o < product.outputs; ++o)
    inherited.values.push_back(scale.values[static_cast<std::size_t>(
        index[static_cast<std::size_t>(o / out_group * per_group)])]);
  return inherited * product.output_scale;
}

void add_bias(Planner& planner, Value& out, const Product& product) {
  if (planner.node().inputs.size() < 3 || !planner.node().inputs[2]) return;
  const auto bias = exact_constant(*planner.node().inputs[2]);
  if (!bias) planner.fail("its bias is not constant", "fold constants first");
  Shape along(known_shape(*planner.node().outputs[0]).size(), 1);
  along[1] = product.outputs;
  shift_by(out, bias->is_scalar() ? *bias : RealArray(along, bias->values));
}

void plan_product(Planner& planner, const Product& product) {
  Value x = settled(planner, 0);
  Value out;
  out.shape = known_shape(*planner.node().outputs[0]);
  out.folded = x.folded;
  std::vector<Factor> factors;
  for (const Term& term : x.terms)
    std::ranges::move(products_of(planner, term, product), std::back_inserter(factors));
  for (const Factor& factor : factors) {
    const Bounds range = accumulator_bounds(planner, product, factor, out.shape);
    Tensor* w =
        planner.to.integers(planner.node().inputs[1]->name, product.weights.shape, factor.weights);
    if (planner.limits.declared_weights && factor.declared) w->dtype = *factor.declared;
    out.terms.push_back({compressed(product_scale(product, factor.term.scale, x.shape, out.shape)),
                         product.emit(factor.term.tensor, w, range), factors.size() == 1});
  }
  if (!all_zero(x.offset)) out.offset = product.map_offset(x.offset);
  combine(planner, out);
  add_bias(planner, out, product);
  planner.set_output(std::move(out));
}

/// Real weights along the rows of the product: scale[o] * q.
Real real_weight(const IntegerConstant& weights, const std::vector<std::int64_t>& scale_index,
                 std::size_t i) {
  return weights.scale.values[static_cast<std::size_t>(scale_index[i])] * Real(weights.values[i]);
}

/// The convolution of a real constant, exactly: out[n, o, y...] = sum W * offset over valid taps.
class OffsetConvolution {
 public:
  OffsetConvolution(const IntegerConstant& weights, const ops::Window& window, std::int64_t groups,
                    bool transposed, const Shape& in, const Shape& out)
      : w_(weights), window_(window), groups_(groups), transposed_(transposed), in_(in), out_(out) {
    scale_index_ = broadcast_index(weights.scale.shape, weights.shape);
    taps_ = element_count(Shape(weights.shape.begin() + 2, weights.shape.end()));
  }

  RealArray operator()(const RealArray& offset) const {
    Shape wide = in_;
    wide[0] = 1;
    const auto index = broadcast_index(offset.shape, wide);
    Shape shape = out_;
    shape[0] = 1;
    RealArray out;
    out.shape = shape;
    out.values.assign(static_cast<std::size_t>(element_count(shape)), Real());
    const std::int64_t in_size = spatial(in_), out_size = spatial(out_);
    // pairs[t]: the (input place, output place) that tap t joins
    const auto pairs = tap_pairs();
    const bool flat = !varies_in_space(offset);
    for (std::int64_t o = 0; o < out_[1]; ++o)
      for (std::int64_t t = 0; t < taps_; ++t) {
        if (flat) {
          Real gain;
          each_input(o, t, [&](std::int64_t c, std::size_t w) {
            gain +=
                real_weight(w_, scale_index_, w) *
                offset
                    .values[static_cast<std::size_t>(index[static_cast<std::size_t>(c * in_size)])];
          });
          for (const auto& [from, to] : pairs[static_cast<std::size_t>(t)])
            out.values[static_cast<std::size_t>(o * out_size + to)] += gain;
          continue;
        }
        each_input(o, t, [&](std::int64_t c, std::size_t w) {
          const Real weight = real_weight(w_, scale_index_, w);
          if (weight.is_zero()) return;
          for (const auto& [from, to] : pairs[static_cast<std::size_t>(t)])
            out.values[static_cast<std::size_t>(o * out_size + to)] +=
                weight * offset.values[static_cast<std::size_t>(
                             index[static_cast<std::size_t>(c * in_size + from)])];
        });
      }
    return compressed(out);
  }

 private:
  static std::int64_t spatial(const Shape& s) {
    return element_count(Shape(s.begin() + 2, s.end()));
  }
  bool varies_in_space(const RealArray& a) const {
    for (std::size_t axis = 2; axis < in_.size(); ++axis)
      if (varies_along(a, axis, in_.size())) return true;
    return false;
  }
  template <typename F>
  void each_input(std::int64_t o, std::int64_t t, F f) const {
    const std::int64_t in_group = in_[1] / groups_, out_group = out_[1] / groups_;
    const std::int64_t g = o / out_group;
    for (std::int64_t k = 0; k < in_group; ++k) {
      const std::int64_t c = g * in_group + k;
      const std::int64_t w = transposed_ ? (c * out_group + o % out_group) * taps_ + t
                                         : (o * in_group + k) * taps_ + t;
      f(c, static_cast<std::size_t>(w));
    }
  }
  std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> tap_pairs() const {
    // A transposed convolution scatters: small is its input, large its output.
    const Shape& small = transposed_ ? in_ : out_;
    const Shape& large = transposed_ ? out_ : in_;
    const std::size_t r = window_.rank();
    std::vector<std::vector<std::pair<std::int64_t, std::int64_t>>> pairs(
        static_cast<std::size_t>(taps_));
    for (std::int64_t t = 0; t < taps_; ++t)
      for (std::int64_t place = 0; place < spatial(small); ++place) {
        std::int64_t tap = t, rest = place, at = 0, step = 1;
        bool inside = true;
        for (std::size_t i = r; i-- > 0;) {
          const std::int64_t k = tap % window_.kernel_shape[i];
          tap /= window_.kernel_shape[i];
          const std::int64_t s = rest % small[2 + i];
          rest /= small[2 + i];
          const std::int64_t l =
              s * window_.strides[i] - window_.pads[i] + k * window_.dilations[i];
          inside = inside && l >= 0 && l < large[2 + i];
          at += l * step;
          step *= large[2 + i];
        }
        if (!inside) continue;
        pairs[static_cast<std::size_t>(t)].emplace_back(transposed_ ? place : at,
                                                        transposed_ ? at : place);
      }
    return pairs;
  }

  const IntegerConstant& w_;
  const ops::Window& window_;
  std::int64_t groups_;
  bool transposed_;
  Shape in_, out_;
  std::vector<std::int64_t> scale_index_;
  std::int64_t taps_ = 1;
};

bool any_pad(const ops::Window& window) {
  return std::ranges::any_of(window.pads, [](std::int64_t p) { return p != 0; });
}

/// The scale of the weights (along `axis` of theirs, repeated `times`) along axis 1 of the output.
RealArray along_channels(const RealArray& scale, std::int64_t outputs, std::size_t rank) {
  if (scale.is_scalar()) return scale;
  Shape shape(rank, 1);
  shape[1] = outputs;
  RealArray out;
  out.shape = shape;
  out.values.clear();
  for (std::int64_t o = 0; o < outputs; ++o)
    out.values.push_back(scale.values[static_cast<std::size_t>(o) % scale.values.size()]);
  return out;
}

/// rows * weights, exactly; a last axis of size 1 stands for equal entries.
RealArray times_matrix(const RealArray& rows, const IntegerConstant& weights) {
  const std::int64_t inputs = weights.shape[0], columns = weights.shape[1];
  Shape full = rows.shape;
  full.back() = inputs;
  const auto index = broadcast_index(rows.shape, full);
  const auto scale = broadcast_index(weights.scale.shape, weights.shape);
  RealArray out;
  out.shape = rows.shape;
  out.shape.back() = columns;
  out.values.clear();
  const std::int64_t count = element_count(full) / inputs;
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t n = 0; n < columns; ++n) {
      Real sum;
      for (std::int64_t k = 0; k < inputs; ++k)
        sum +=
            real_weight(weights, scale, static_cast<std::size_t>(k * columns + n)) *
            rows.values[static_cast<std::size_t>(index[static_cast<std::size_t>(r * inputs + k)])];
      out.values.push_back(sum);
    }
  return compressed(out);
}

void plan_conv(Planner& planner, const ops::Conv& op) {
  Product p;
  p.weights = weights(planner, 0);
  const Shape &in = known_shape(*planner.node().inputs[0]),
              &out = known_shape(*planner.node().outputs[0]);
  const Shape& w = p.weights.shape;
  p.inputs = in[1];
  p.outputs = out[1];
  p.groups = op.group;
  p.padded = any_pad(op.window);
  p.output_scale = along_channels(p.weights.scale, out[1], out.size());
  const std::int64_t taps = element_count(Shape(w.begin() + 2, w.end())), per_group = w[1],
                     out_group = out[1] / op.group;
  p.place = [=](std::int64_t i) {
    const std::int64_t o = i / (taps * per_group);
    return std::pair(o, o / out_group * per_group + i / taps % per_group);
  };
  p.emit = [&, out](Tensor* x, Tensor* weight, const Bounds& range) {
    return planner.to.add_node(op.clone(), {x, weight}, out, range);
  };
  const OffsetConvolution offset(p.weights, op.window, op.group, false, in, out);
  p.map_offset = [&](const RealArray& o) { return offset(o); };
  plan_product(planner, p);
}

void plan_conv_transpose(Planner& planner, const ops::ConvTranspose& op) {
  Product p;
  p.weights = weights(planner, 1);
  const Shape &in = known_shape(*planner.node().inputs[0]),
              &out = known_shape(*planner.node().outputs[0]);
  const Shape& w = p.weights.shape;
  p.inputs = in[1];
  p.outputs = out[1];
  p.groups = op.group;
  p.padded = true;  // not every tap reaches every pixel
  p.output_scale = along_channels(p.weights.scale, out[1], out.size());
  const std::int64_t taps = element_count(Shape(w.begin() + 2, w.end())), out_group = w[1],
                     in_group = in[1] / op.group;
  p.place = [=](std::int64_t i) {
    const std::int64_t c = i / (taps * out_group);
    return std::pair(c / in_group * out_group + i / taps % out_group, c);
  };
  p.emit = [&, out](Tensor* x, Tensor* weight, const Bounds& range) {
    return planner.to.add_node(op.clone(), {x, weight}, out, range);
  };
  const OffsetConvolution offset(p.weights, op.window, op.group, true, in, out);
  p.map_offset = [&](const RealArray& o) { return offset(o); };
  plan_product(planner, p);
}

void plan_matmul(Planner& planner) {
  if (!planner.depends_on_input(*planner.node().inputs[0]))
    planner.fail("its left operand is constant",
                 "transpose the product so that the weights are right");
  const Shape &in = known_shape(*planner.node().inputs[0]),
              &out = known_shape(*planner.node().outputs[0]);
  require_constant_weights(planner);
  Product p;
  const Shape& shape = known_shape(*planner.node().inputs[1]);
  if (shape.size() != 2 || in.size() < 2)
    planner.fail("its weights are no matrix", "use a matrix product with one constant matrix");
  p.weights = weights(planner, 1);
  p.input_axis = in.size() - 1;
  p.output_axis = out.size() - 1;
  p.windowed = false;
  p.inputs = shape[0];
  p.outputs = shape[1];
  p.output_scale = p.weights.scale;
  const std::int64_t columns = shape[1];
  p.place = [=](std::int64_t i) { return std::pair(i % columns, i / columns); };
  p.emit = [&, out](Tensor* x, Tensor* weight, const Bounds& range) {
    return planner.to.add_node(std::make_unique<ops::MatMul>(), {x, weight}, out, range);
  };
  p.map_offset = [&](const RealArray& offset) {
    return times_matrix(with_rank(offset, in.size()), p.weights);
  };
  plan_product(planner, p);
}

}  // namespace

bool plan_linear(Planner& planner, const Node& node) {
  if (const auto* op = node.as<ops::Conv>()) {
    plan_conv(planner, *op);
  } else if (const auto* transposed = node.as<ops::ConvTranspose>()) {
    plan_conv_transpose(planner, *transposed);
  } else if (node.as<ops::MatMul>()) {
    plan_matmul(planner);
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::streamline
