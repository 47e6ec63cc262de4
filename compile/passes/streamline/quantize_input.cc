// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/product_paths.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay {
namespace {

/// The input's normalisation: real = scale * pixel + offset.
struct Normalised {
  Tensor* tensor = nullptr;
  RealArray scale{Real(1)}, offset;
};

/// The other input when it is a constant.
std::optional<RealArray> constant_operand(const Node& node, const Tensor* x) {
  for (const Tensor* input : node.inputs)
    if (input != x) return input ? exact_constant(*input) : std::nullopt;
  return {};
}

/// Applies the one consumer of the value when it is a factor or an offset.
bool extend(Normalised& value) {
  if (value.tensor->consumers.size() != 1) return false;
  const Node& node = *value.tensor->consumers[0];
  const bool left = !node.inputs.empty() && node.inputs[0] == value.tensor;
  const bool linear = node.as<ops::Add>() || node.as<ops::Mul>() ||
                      (left && (node.as<ops::Sub>() || node.as<ops::Div>()));
  if (!linear) return false;
  std::optional<RealArray> constant = constant_operand(node, value.tensor);
  if (!constant) return false;
  if (node.as<ops::Div>()) {
    if (!std::ranges::all_of(constant->values, [](const Real& v) { return v.has_inverse(); }))
      return false;
    constant = inverse_of(*constant);
  }
  if (node.as<ops::Mul>() || node.as<ops::Div>()) {
    value.scale = compressed(value.scale * *constant);
    value.offset = compressed(value.offset * *constant);
  } else {
    value.offset = compressed(value.offset + (node.as<ops::Sub>() ? -*constant : *constant));
  }
  value.tensor = node.outputs[0];
  return true;
}

bool padded(const ops::Window& window) {
  return std::ranges::any_of(window.pads, [](std::int64_t p) { return p != 0; });
}

/// Whether a product cannot take these scales and offsets as integers.
bool stops(const Node& node, const Normalised& value) {
  const bool several = !value.scale.is_scalar();
  if (const auto* conv = node.as<ops::Conv>()) {
    const Shape& x = known_shape(*node.inputs[0]);
    const bool depthwise = conv->group == x[1];
    return (padded(conv->window) && !all_zero(value.offset)) || (several && !depthwise);
  }
  if (node.as<ops::ConvTranspose>()) return several || !all_zero(value.offset);
  return node.as<ops::MatMul>() && several;
}

std::optional<Normalised> find_normalised(const Graph& graph) {
  if (graph.inputs().size() != 1) return {};
  Normalised value;
  value.tensor = graph.inputs()[0];
  while (extend(value)) {
  }
  const auto stopped = [&](const Node& node) { return stops(node, value); };
  return reaches(value.tensor, stopped) ? std::optional(value) : std::nullopt;
}

/// The largest magnitude of the normalised input.
Real largest(const Normalised& value, const DataType& pixels) {
  Real most;
  for (const std::int64_t pixel : {pixels.min(), pixels.max()}) {
    const RealArray reals = value.scale * RealArray(Real(pixel)) + value.offset;
    for (const Real& real : reals.values) {
      const Real magnitude = real.sign() < 0 ? -real : real;
      if (most < magnitude) most = magnitude;
    }
  }
  return most;
}

/// The smallest float32 that is not below a positive real.
float float_above(const Real& value) {
  const float nearest = value.to_float();
  return Real::of(nearest) < value ? std::nextafter(nearest, std::numeric_limits<float>::infinity())
                                   : nearest;
}

/// The quantisers that an input reaches first, and the outputs that it reaches without one.
std::vector<Tensor*> first_quantisers(const Graph& graph) {
  const auto front = before_quantisers(graph.inputs());
  std::vector<Tensor*> found;
  for (const auto& tensor : graph.tensors())
    if (front.contains(tensor.get()) &&
        (graph.is_output(tensor.get()) || (tensor->producer && step_function(*tensor->producer))))
      found.push_back(tensor.get());
  return found;
}

/// The graph up to there.
Graph front_of(const Graph& graph) {
  Graph front = graph;
  front.checkpoints().clear();
  front.mutable_outputs() = first_quantisers(front);
  front.remove_dead();
  return front;
}

/// "weights of 45 bits and sums of 56 in Conv_0" for the product with the widest weights.
std::string exact_form_text(const InputForm& form, int weight_bits) {
  const auto widest = std::ranges::max_element(form.products, {}, &UnitReport::weight_bits);
  std::string text = "the exact form";
  if (widest != form.products.end()) {
    text += fmt::format(" takes weights of {} bits", widest->weight_bits);
    if (widest->accumulator_bits > 0)
      text += fmt::format(" and sums of {}", widest->accumulator_bits);
    text += fmt::format(" in {}", printable(widest->node));
  }
  if (form.obstacle.empty()) return text + " and is possible: leave --input-bits out";
  if (widest == form.products.end() || widest->taken) return text + ": " + form.obstacle;
  text += fmt::format(" where --input-weight-bits allows {}", weight_bits);
  if (widest->weight_bits > kMaxHardwareWeightBits)
    return text + fmt::format("; hardware multiplies by up to {}", kMaxHardwareWeightBits);
  return text + fmt::format("; give --input-weight-bits {}", widest->weight_bits);
}

/// Puts a signed quantiser between `tensor` and all that read it.
Tensor* insert_quantiser(Graph& graph, Tensor& tensor, int bits, float scale) {
  ops::Quant quant;
  quant.narrow = true;
  const std::vector<Node*> consumers = tensor.consumers;
  const auto scalar = [&](const char* name, float v) {
    return graph.add_constant(name, Constant(Shape{}, std::vector<float>{v}));
  };
  Tensor* quantised =
      graph.add(std::make_unique<ops::Quant>(quant),
                {&tensor, scalar("input_scale", scale), scalar("input_zero_point", 0),
                 scalar("input_bits", static_cast<float>(bits))},
                "quantized_input");
  quantised->shape = tensor.shape;
  quantised->layout = tensor.layout;
  for (Node* node : consumers)
    for (std::size_t i = 0; i < node->inputs.size(); ++i)
      if (node->inputs[i] == &tensor) graph.set_input(node, i, quantised);
  return quantised;
}

}  // namespace

Tensor* normalised_input(const Graph& graph) {
  const auto value = find_normalised(graph);
  return value ? value->tensor : nullptr;
}

InputForm exact_input_form(const Graph& graph, const PassOptions& options) {
  Graph front = front_of(graph);
  PassContext context{.options = options};
  InputForm form;
  try {
    absorb_scales(front, context);
    PassContext again{.options = options};  // products that were taken apart come again, renamed
    residual_sums(front, again);
  } catch (const UserError& error) {
    form.obstacle = error.what();
  }
  form.products = std::move(context.report.units);
  if (!std::ranges::all_of(form.products, &UnitReport::taken))
    form.obstacle = "that is more than allowed";
  if (form.obstacle.empty() && joins_by_position(front))
    form.obstacle = "it sums branches at a padded border, for which there is no hardware";
  return form;
}

bool needs_quantized_input(const Graph& graph, const PassOptions& options) {
  return normalised_input(graph) &&
         (options.input_bits || !exact_input_form(graph, options).obstacle.empty());
}

bool quantize_input(Graph& graph, PassContext& context) {
  const int bits = context.options.input_bits.value_or(kInputBits);
  if (bits < kMinInputBits || bits > kMaxInputBits)
    user_error("{} bits for the input are outside [{}, {}]", bits, kMinInputBits, kMaxInputBits);
  const auto value = find_normalised(graph);
  if (!value) return false;
  const DataType pixels = graph.inputs()[0]->dtype;
  if (!pixels.is_integer())
    user_error("input '{}' has no integer data type; merge the pre-processing first",
               printable(graph.inputs()[0]->name));
  const std::string exact =
      exact_form_text(exact_input_form(graph, context.options), context.options.input_weight_bits);
  const std::int64_t top = (std::int64_t{1} << (bits - 1)) - 1;
  const float scale = float_above(largest(*value, pixels) * Real(mpq_class(1, top)));
  const Tensor* quantised = insert_quantiser(graph, *value->tensor, bits, scale);
  context.report.remarks.push_back(
      {quantised->producer->name,
       fmt::format("the normalised input is quantised to {} bits with scale {}; {}", bits, scale,
                   exact)});
  return finish(graph, true);
}

}  // namespace assay
