// SPDX-License-Identifier: Apache-2.0
#include "golden/bounds/float_check.h"

#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay {
namespace {

const Constant& constant_input(const Node& node, std::size_t index) {
  if (index >= node.inputs.size() || !node.inputs[index] || !node.inputs[index]->constant)
    user_error("{}: input {} must be a constant", node.label(), index);
  return *node.inputs[index]->constant;
}

/// The parameter that applies to row-major `element` of a tensor of `shape`.
Real parameter(const Node& node, std::size_t index, const Shape& shape, std::int64_t element) {
  const Constant& constant = constant_input(node, index);
  if (constant.size() == 1) return constant.real(0);
  const auto strides = broadcast_strides(constant.shape(), shape);
  std::int64_t at = 0;
  for (std::size_t axis = shape.size(); axis-- > 0; element /= shape[axis])
    at += element % shape[axis] * strides[axis];
  return constant.real(at);
}

Real axis_parameter(const Node& node, std::size_t index, std::int64_t axis, const Shape& shape,
                    std::int64_t element) {
  const Constant& constant = constant_input(node, index);
  if (constant.size() == 1) return constant.real(0);
  const std::size_t a = ops::normalise_axis(axis, shape.size());
  std::int64_t inner = 1;
  for (std::size_t i = a + 1; i < shape.size(); ++i) inner *= shape[i];
  return constant.real(element / inner % shape[a]);
}

std::int64_t clamped(const mpz_class& value, std::int64_t lo, std::int64_t hi) {
  const mpz_class low = static_cast<long>(lo), high = static_cast<long>(hi);
  return mpz_class(std::min(std::max(value, low), high)).get_si();
}

std::int64_t clamp_level(const Node& node, const Real& u, std::int64_t bits, bool is_signed,
                         bool narrow, RoundingMode mode) {
  if (bits < 1 || bits > 32)
    user_error("{}: a bit width of {} is outside [1, 32]", node.label(), bits);
  const std::int64_t lo = is_signed ? -(std::int64_t{1} << (bits - 1)) + (narrow ? 1 : 0) : 0;
  const std::int64_t hi = is_signed ? (std::int64_t{1} << (bits - 1)) - 1
                                    : (std::int64_t{1} << bits) - 1 - (narrow ? 1 : 0);
  return clamped(exact::round_exactly(u, mode), lo, hi);
}

std::int64_t bits_of(const Node& node, std::size_t index) {
  return std::lround(constant_input(node, index).to_float(0));
}

Real two_to(std::int64_t n) { return Real::of(std::ldexp(1.0, static_cast<int>(n))); }

std::int64_t truncated(const Node& node, const ops::Trunc& trunc, const Shape& shape,
                       std::int64_t element, const Real& u) {
  const Real whole(mpq_class(exact::round_exactly(u, RoundingMode::kHalfEven)));
  if (trunc.version == 1)
    return exact::round_exactly(whole * two_to(bits_of(node, 4) - bits_of(node, 3)),
                                trunc.rounding_mode)
        .get_si();
  const Real ratio =
      parameter(node, 4, shape, element) * parameter(node, 1, shape, element).inverse();
  const double exponent = std::log2(ratio.to_double());
  return clamp_level(node, whole * two_to(-std::lround(exponent)), bits_of(node, 5),
                     trunc.is_signed, trunc.narrow, trunc.rounding_mode);
}

/// QuantizeLinear and the Clips behind it, from a DequantizeLinear upwards.
std::int64_t linear_level(const Node& dequantize, const Shape& shape, std::int64_t element,
                          const Real& x) {
  const Node* node = dequantize.inputs[0]->producer;
  std::vector<const Node*> clips;
  while (node && node->as<ops::Clip>()) {
    clips.push_back(node);
    node = node->inputs[0]->producer;
  }
  const auto* quantize = node ? node->as<ops::QuantizeLinear>() : nullptr;
  if (!quantize) user_error("{}: is not behind a QuantizeLinear", dequantize.label());
  const DataType type = container_type(node->outputs[0]->container);
  const Real u = x * axis_parameter(*node, 1, quantize->axis, shape, element).inverse();
  mpz_class level = exact::round_exactly(u, RoundingMode::kHalfEven);
  if (node->inputs.size() > 2 && node->inputs[2])
    level += axis_parameter(*node, 2, quantize->axis, shape, element).rational().get_num();
  std::int64_t q = clamped(level, type.min(), type.max());
  for (auto clip = clips.rbegin(); clip != clips.rend(); ++clip) {
    if ((*clip)->inputs.size() > 1 && (*clip)->inputs[1])
      q = std::max(q, constant_input(**clip, 1).real(0).floor().get_si());
    if ((*clip)->inputs.size() > 2 && (*clip)->inputs[2])
      q = std::min(q, constant_input(**clip, 2).real(0).floor().get_si());
  }
  return q;
}

std::int64_t reached_thresholds(const Node& node, const ops::MultiThreshold& op, const Shape& shape,
                                std::int64_t element, const Real& x) {
  const Constant& thresholds = constant_input(node, 1);
  const std::size_t axis = layout_name(op.data_layout).ends_with('C') ? shape.size() - 1 : 1;
  std::int64_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t steps = thresholds.shape()[1];
  const std::int64_t row = thresholds.shape()[0] == 1 ? 0 : element / inner % shape[axis];
  std::int64_t count = 0;
  for (std::int64_t k = 0; k < steps; ++k) count += thresholds.real(row * steps + k) <= x ? 1 : 0;
  return count;
}

/// Null where nothing was observed.
const std::vector<std::int64_t>* observed_integers(const FloatErrorBounds::Integers& observed,
                                                   const CheckpointValue& value) {
  const auto it = observed.find(value.checkpoint->name);
  if (it == observed.end()) return nullptr;
  if (it->second.size() != value.q.size())
    user_error("checkpoint '{}' has {} elements, {} were observed",
               printable(value.checkpoint->name), value.q.size(), it->second.size());
  return &it->second;
}

/// Whether float32 computes the quantiser's argument x / scale + zero_point without rounding: it
/// then has to decide as exact arithmetic does, ties included.
bool argument_is_exact(const Checkpoint& checkpoint, std::int64_t element, const Real& x) {
  const Shape& shape = *checkpoint.tensor->shape;
  const Node* node = checkpoint.tensor->producer;
  const auto is_float = [](const Real& value) { return Real::of(value.to_float()) == value; };
  Real scale(1), zero;
  if (node->as<ops::Quant>() || node->as<ops::Trunc>()) {
    scale = parameter(*node, 1, shape, element);
    zero = parameter(*node, 2, shape, element);
  } else if (node->as<ops::DequantizeLinear>()) {  // the same scale as its QuantizeLinear
    scale = checkpoint.scale.values.size() == 1
                ? checkpoint.scale.values[0]
                : broadcast_element(checkpoint.scale, shape, element);
  }
  const Real quotient = x * scale.inverse(), argument = quotient + zero;
  const Real magnitude = argument.sign() < 0 ? -argument : argument;
  // The half that HALF_UP and HALF_DOWN add must not round either.
  return is_float(x) && is_float(quotient) && is_float(argument) &&
         is_float(magnitude + Real(mpq_class(1, 2)));
}

/// An element of an activation that was observed.
struct Place {
  const CheckpointValue* value;
  std::int64_t element;
};

/// Where observed activations differ; counts what was compared.
std::vector<Place> differing_places(const ExactRun& run, const FloatErrorBounds::Integers& observed,
                                    FloatCheck& out) {
  std::vector<Place> places;
  for (const CheckpointValue& value : run.checkpoints) {
    if (!value.checkpoint || value.checkpoint->kind != Checkpoint::Kind::kActivation) continue;
    const auto* got = observed_integers(observed, value);
    if (!got) continue;
    out.checkpoints[value.checkpoint->name].compared = std::ssize(*got);
    out.compared += std::ssize(*got);
    for (std::size_t e = 0; e < got->size(); ++e)
      if ((*got)[e] != value.q[e]) places.push_back({&value, static_cast<std::int64_t>(e)});
  }
  out.differing = std::ssize(places);
  return places;
}

/// Counts and lists the places, each as the difference that `explain` makes of it.
template <typename Explain>
void explain_places(const std::vector<Place>& places, Explain&& explain, FloatCheck& out) {
  for (const Place& place : places) {
    FloatDecisions& count = out.checkpoints[place.value->checkpoint->name];
    ++count.differing;
    if (std::ssize(out.differences) - out.explained >= FloatCheck::kMaxUnexplained) continue;
    out.differences.push_back(explain(place));
    if (!out.differences.back().explained) continue;
    ++count.explained;
    ++out.explained;
  }
  std::ranges::stable_sort(out.differences, {}, &FloatDifference::explained);
  if (out.differences.size() > FloatCheck::kMaxListed)
    out.differences.resize(FloatCheck::kMaxListed);
}

bool label_fits(const ExactValue& logits, const std::vector<double>& error, std::int64_t label) {
  // Where float32 may overflow nothing is bounded, and nothing explained.
  if (!std::ranges::all_of(error, [](double e) { return std::isfinite(e); })) return false;
  const Real best = logits.real(label) + Real::of(error[static_cast<std::size_t>(label)]);
  for (std::int64_t i = 0; i < logits.size(); ++i)
    if (best < logits.real(i) - Real::of(error[static_cast<std::size_t>(i)])) return false;
  return true;
}

FloatLogits check_logits(const ExactValue& exact, const std::vector<double>& bounds,
                         std::span<const double> got) {
  if (exact.size() != static_cast<std::int64_t>(got.size()))
    user_error("the network has {} logits, {} were observed", exact.size(), got.size());
  FloatLogits out;
  out.compared = exact.size();
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto element = static_cast<std::int64_t>(i);
    const Real distance = Real::of(got[i]) - exact.real(element);
    const Real size = distance.sign() < 0 ? -distance : distance;
    out.largest_error = std::max(out.largest_error, size.to_double());
    out.largest_bound = std::max(out.largest_bound, bounds[i]);
    // Where float32 may overflow there is no bound, and a distance is not explained.
    if (size.is_zero() || (std::isfinite(bounds[i]) && size <= Real::of(bounds[i]))) continue;
    if (out.outliers++ == 0)
      out.first = FloatLogits::Outlier{element, exact.to_double(element), got[i], bounds[i]};
  }
  return out;
}

}  // namespace

bool carries_reals(const Checkpoint& checkpoint) {
  return checkpoint.perm.empty() && checkpoint.unit == RealArray(Real(1)) &&
         checkpoint.shift == RealArray();
}

std::int64_t quantise_exactly(const Checkpoint& checkpoint, std::int64_t element, const Real& x) {
  const Node* node = checkpoint.tensor->producer;
  if (!node) user_error("checkpoint '{}' is not computed", printable(checkpoint.name));
  const Shape& shape = *checkpoint.tensor->shape;
  const auto scaled = [&] {
    return x * parameter(*node, 1, shape, element).inverse() + parameter(*node, 2, shape, element);
  };
  if (const auto* quant = node->as<ops::Quant>()) {
    const std::int64_t bits = bits_of(*node, 3);
    if (bits == 1 && quant->is_signed) return scaled().sign() >= 0 ? 1 : -1;
    return clamp_level(*node, scaled(), bits, quant->is_signed, quant->narrow,
                       quant->rounding_mode);
  }
  if (node->as<ops::BipolarQuant>()) return x.sign() >= 0 ? 1 : -1;
  if (const auto* trunc = node->as<ops::Trunc>())
    return truncated(*node, *trunc, shape, element, scaled());
  if (node->as<ops::DequantizeLinear>()) return linear_level(*node, shape, element, x);
  if (const auto* thresholds = node->as<ops::MultiThreshold>())
    return reached_thresholds(*node, *thresholds, shape, element, x);
  user_error("checkpoint '{}' is not behind a quantiser", printable(checkpoint.name));
}

FloatChecker::FloatChecker(const Graph& graph, const ExactExecutor& exact)
    : graph_(graph), exact_(exact), bounds_(graph) {}

FloatChecker::Answer FloatChecker::answer(const ExactRun& run) const {
  const CheckpointValue* found = nullptr;
  for (const CheckpointValue& value : run.checkpoints) {
    if (value.checkpoint->kind != Checkpoint::Kind::kLogits || !carries_reals(*value.checkpoint))
      continue;
    if (found) return {&run.outputs.at(0), graph_.outputs()[0]};
    found = &value;
  }
  if (!found) return {&run.outputs.at(0), graph_.outputs()[0]};
  return {&found->value, found->checkpoint->tensor};
}

FloatDifference FloatChecker::explain(FloatDifference difference, const Checkpoint& checkpoint,
                                      const ExactRun& run,
                                      const FloatErrorBounds::Tensors& bounds) const {
  const Tensor* x = FloatErrorBounds::quantiser_input(checkpoint);
  if (!x) return difference;
  // Behind a function the number is no sum, and is known as well as double has it: the bounds allow
  // for far more.
  const auto sum = run.values.find(x);
  const auto element = static_cast<std::size_t>(difference.element);
  const bool is_sum = sum != run.values.end();
  const double known = bounds.at(x).value[element];
  if (!is_sum && !std::isfinite(known)) {
    difference.value = known;
    difference.slack = HUGE_VAL;
    return difference;
  }
  const Real exact_x = is_sum ? sum->second.real(difference.element) : Real::of(known);
  difference.value = exact_x.to_double();
  const double error = bounds.at(x).error[element];
  difference.slack =
      is_sum && error == 0 && argument_is_exact(checkpoint, difference.element, exact_x)
          ? 0.0
          : bounds_.quantiser_slack(checkpoint, difference.element, difference.value, error);
  if (!std::isfinite(difference.slack)) return difference;
  // Quantisers are monotone: what lies between both ends is reachable.
  const Real slack = Real::of(difference.slack);
  difference.explained =
      quantise_exactly(checkpoint, difference.element, exact_x - slack) <= difference.got &&
      difference.got <= quantise_exactly(checkpoint, difference.element, exact_x + slack);
  return difference;
}

FloatCheck FloatChecker::check(const std::vector<ExactInputData>& exact_inputs,
                               const std::vector<FloatTensor>& inputs,
                               const FloatErrorBounds::Integers& observed,
                               std::optional<std::int64_t> label,
                               std::span<const double> logits) const {
  FloatCheck out;
  const ExactRun run = exact_.run({.inputs = exact_inputs, .forced = &observed});
  const std::vector<Place> places = differing_places(run, observed, out);
  const bool other_label = label && top_k(*answer(run).value, 1).at(0) != *label;
  if (places.empty() && !other_label && logits.empty()) return out;

  const FloatErrorBounds::Tensors bounds = bounds_.evaluate(inputs, {}, observed);
  const auto [exact_logits, logits_tensor] = answer(run);
  if (other_label)
    out.label_explained = label_fits(*exact_logits, bounds.at(logits_tensor).error, *label);
  if (!logits.empty())
    out.logits = check_logits(*exact_logits, bounds.at(logits_tensor).error, logits);
  if (places.empty()) return out;

  const ExactRun kept = exact_.run(
      {.inputs = exact_inputs, .forced = &observed, .checkpoints = false, .keep_all = true});
  const auto explained = [&](const Place& place) {
    const Checkpoint& checkpoint = *place.value->checkpoint;
    const auto e = static_cast<std::size_t>(place.element);
    return explain(
        {checkpoint.name, place.element, place.value->q[e], observed.at(checkpoint.name)[e]},
        checkpoint, kept, bounds);
  };
  explain_places(places, explained, out);
  return out;
}

}  // namespace assay
