// SPDX-License-Identifier: Apache-2.0
// Activation functions of the functions that the IR has: Exp, Erf, Sigmoid, Softplus, Tanh.
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

void expect_one_real(const Draft& draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
}

/// Relu(x) + alpha * (exp(min(x, 0) * inner) - 1): the last node is left to the caller.
struct Exponential {
  Tensor *positive = nullptr, *negative = nullptr;
};
Exponential exponential(const Replacement& to, Tensor* x, float alpha, Tensor* divisor) {
  Tensor* below = to.add<ops::Clip>({x, nullptr, to.number(0, "zero")}, "below");
  if (divisor) below = to.add<ops::Div>({below, divisor}, "divided");
  Tensor* power = to.add<ops::Exp>({below}, "power");
  Tensor* less = to.add<ops::Add>({power, to.number(-1, "minus_one")}, "less_one");
  return {to.add<ops::Relu>({x}, "positive"),
          to.add<ops::Mul>({less, to.number(alpha, "alpha")}, "negative")};
}

}  // namespace

void expand_elu(GraphBuilder& builder, Draft draft) {
  expect_one_real(draft);
  const float alpha = draft.attributes.take_float("alpha").value_or(1);
  draft.attributes.expect_none(draft.type, "alpha");
  const Replacement to(builder, draft);
  const Exponential parts = exponential(to, draft.inputs[0], alpha, nullptr);
  to.end<ops::Add>({parts.positive, parts.negative});
}

void expand_celu(GraphBuilder& builder, Draft draft) {
  expect_one_real(draft);
  const float alpha = draft.attributes.take_float("alpha").value_or(1);
  draft.attributes.expect_none(draft.type, "alpha");
  if (alpha == 0) user_error("attribute 'alpha' is 0, and it divides by it");
  const Replacement to(builder, draft);
  const Exponential parts = exponential(to, draft.inputs[0], alpha, to.number(alpha, "divisor"));
  to.end<ops::Add>({parts.positive, parts.negative});
}

void expand_selu(GraphBuilder& builder, Draft draft) {
  // The defaults of the standard, which are float32 numbers.
  constexpr float kAlpha = 1.67326319217681884765625F, kGamma = 1.05070102214813232421875F;
  expect_one_real(draft);
  const float alpha = draft.attributes.take_float("alpha").value_or(kAlpha),
              gamma = draft.attributes.take_float("gamma").value_or(kGamma);
  draft.attributes.expect_none(draft.type, "alpha, gamma");
  const Replacement to(builder, draft);
  const Exponential parts = exponential(to, draft.inputs[0], alpha, nullptr);
  Tensor* sum = to.add<ops::Add>({parts.positive, parts.negative}, "sum");
  to.end<ops::Mul>({sum, to.number(gamma, "gamma")});
}

/// x/2 * (1 + erf(x / sqrt(2))), with the root as it is.
void expand_gelu(GraphBuilder& builder, Draft draft) {
  expect_one_real(draft);
  const std::string form = draft.attributes.take_string("approximate").value_or("none");
  draft.attributes.expect_none(draft.type, "approximate");
  if (form != "none")
    user_error(
        "attribute 'approximate' is '{}', whose constant sqrt(2/pi) has no exact form here; export "
        "with approximate='none'",
        printable(form));
  const Replacement to(builder, draft);
  Tensor* root =
      builder.add_constant(helper_name(draft, "root"),
                           Constant(Shape{}, std::vector<Real>{Real::sqrt(mpq_class(1, 2))}));
  Tensor* scaled = to.add<ops::Mul>({draft.inputs[0], root}, "scaled");
  Tensor* erf = to.add<ops::Erf>({scaled}, "erf");
  Tensor* gate = to.add<ops::Add>({erf, to.number(1, "one")}, "gate");
  Tensor* product = to.add<ops::Mul>({draft.inputs[0], gate}, "product");
  to.end<ops::Mul>({product, to.number(0.5F, "half")});
}

void expand_mish(GraphBuilder& builder, Draft draft) {
  expect_one_real(draft);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  Tensor* plus = to.add<ops::Softplus>({draft.inputs[0]}, "softplus");
  to.end<ops::Mul>({draft.inputs[0], to.add<ops::Tanh>({plus}, "tanh")});
}

/// x * sigmoid(alpha * x): SiLU where alpha is 1.
void expand_swish(GraphBuilder& builder, Draft draft) {
  expect_one_real(draft);
  const float alpha = draft.attributes.take_float("alpha").value_or(1);
  draft.attributes.expect_none(draft.type, "alpha");
  const Replacement to(builder, draft);
  Tensor* x = draft.inputs[0];
  Tensor* scaled = alpha == 1 ? x : to.add<ops::Mul>({x, to.number(alpha, "alpha")}, "scaled");
  to.end<ops::Mul>({x, to.add<ops::Sigmoid>({scaled}, "gate")});
}

}  // namespace assay
