// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/rewrite/real_arrays.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/product_paths.h"
#include "compile/passes/streamline/streamline.h"
#include "compile/passes/thresholds/step_function.h"

namespace assay {
namespace {

/// The constant operand of a product with different factors, else null.
Tensor* factors_of(const Node& node) {
  if (!node.as<ops::Mul>()) return nullptr;
  for (Tensor* operand : node.inputs)
    if (operand && operand->constant && !compressed(real_array_of(*operand->constant)).is_scalar())
      return operand;
  return nullptr;
}

/// Products with different factors behind a quantiser that reach a dense product before the next
/// one.
std::vector<Node*> scales_of_products(const Graph& graph) {
  const auto input = before_quantisers(graph.inputs());
  std::vector<Node*> found;
  for (Node* node : graph.topological_order()) {
    const Tensor* factors = factors_of(*node);
    const bool quantised =
        factors && std::ranges::none_of(node->inputs, [&](const Tensor* x) {
          return x != factors && input.contains(x) && !(x->producer && step_function(*x->producer));
        });
    if (quantised && reaches(node->outputs[0], is_dense_product)) found.push_back(node);
  }
  return found;
}

/// Multiples of a power of two, the largest of which has `bits` bits.
Constant rounded(const Constant& factors, int bits) {
  double largest = 0;
  for (std::int64_t i = 0; i < factors.size(); ++i)
    largest = std::max(largest, std::abs(factors.real(i).to_double()));
  const int exponent = bits - std::ilogb(largest) - 1;
  const Real units = Real::of(std::ldexp(1.0, exponent)),
             unit = Real::of(std::ldexp(1.0, -exponent)), half(mpq_class(1, 2));
  std::vector<Real> values;
  for (std::int64_t i = 0; i < factors.size(); ++i)
    values.push_back(Real(mpq_class((factors.real(i) * units + half).floor())) * unit);
  return {factors.shape(), std::move(values)};
}

bool becomes_integer(Graph graph, const PassOptions& options) {
  PassContext context{.options = options};
  try {
    absorb_scales(graph, context);
    residual_sums(graph, context);
    return !joins_by_position(graph);
  } catch (const UserError&) {
    return false;
  }
}

}  // namespace

bool needs_rounded_scales(const Graph& graph, const PassOptions& options) {
  if (scales_of_products(graph).empty() || becomes_integer(graph, options)) return false;
  Graph copy = graph;
  PassContext context;  // whether rounding helps at all does not depend on how far the user rounds
  round_scales(copy, context);
  return becomes_integer(std::move(copy), options);
}

bool round_scales(Graph& graph, PassContext& context) {
  const int bits = context.options.scale_bits;
  if (bits < kMinScaleBits || bits > kMaxScaleBits)
    user_error("{} bits for scales are outside [{}, {}]", bits, kMinScaleBits, kMaxScaleBits);
  bool changed = false;
  for (Node* node : scales_of_products(graph)) {
    Tensor* factors = factors_of(*node);
    if (all_zero(real_array_of(*factors->constant))) continue;
    Tensor* tensor = add_constant_like(graph, *factors, rounded(*factors->constant, bits));
    graph.set_input(node, node->inputs[0] == factors ? 0 : 1, tensor);
    context.report.remarks.push_back(
        {node->name,
         fmt::format("{} factors per channel in front of a product have no common unit, so that no "
                     "integers are in proportion to them; rounded to {} bits",
                     tensor->constant->size(), bits)});
    changed = true;
  }
  return finish(graph, changed);
}

}  // namespace assay
