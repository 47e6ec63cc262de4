// SPDX-License-Identifier: Apache-2.0
// Functions that are linear in pieces, and sums, of operators that the IR has. Each is the same
// real function: no constant is rounded on the way.
#include <algorithm>
#include <limits>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/onnx/replacement.h"
#include "compile/onnx/rules.h"

namespace assay {
namespace {

constexpr std::size_t kMany = std::numeric_limits<std::size_t>::max();

Tensor* negated(const Replacement& to, Tensor* x) {
  return to.add<ops::Mul>({x, to.number(-1, "minus_one")}, "negated");
}

/// A constant of one number, which broadcasts to `shape` without stretching it.
bool is_bound(Tensor* tensor, const Shape& shape) {
  const auto& value = GraphBuilder::behind_identities(tensor)->constant;
  return value && value->size() == 1 && value->shape().size() <= shape.size();
}

/// Unidirectional broadcasting.
bool stretches_to(const Shape& from, const Shape& to) {
  if (from.size() > to.size()) return false;
  const auto axes = to.end() - static_cast<std::ptrdiff_t>(from.size());
  return std::equal(from.begin(), from.end(), axes,
                    [](std::int64_t f, std::int64_t t) { return f == 1 || f == t; });
}

/// The larger (or smaller) of two tensors: a + Relu(b - a), or a - Relu(a - b).
Tensor* extreme_of(const Replacement& to, Tensor* a, Tensor* b, bool largest, bool last) {
  Tensor* apart = to.add<ops::Sub>(largest ? std::vector{b, a} : std::vector{a, b}, "apart");
  Tensor* more = to.add<ops::Relu>({apart}, "more");
  std::unique_ptr<Op> op;
  if (largest)
    op = std::make_unique<ops::Add>();
  else
    op = std::make_unique<ops::Sub>();
  if (!last) return to.add(std::move(op), {a, more}, "so_far");
  to.end(std::move(op), {a, more});
  return nullptr;
}

Tensor* clipped(const Replacement& to, Tensor* x, Tensor* bound, bool largest, bool last) {
  std::vector<Tensor*> inputs = {x, bound};
  if (!largest) inputs.insert(inputs.begin() + 1, nullptr);
  if (!last) return to.build("Clip", std::move(inputs), {}, "so_far");
  to.build_end("Clip", std::move(inputs));
  return nullptr;
}

void expand_extreme(GraphBuilder& builder, Draft draft, bool largest) {
  const std::size_t count = draft.inputs.size();
  expect_arity(draft, std::max<std::size_t>(count, 1), kMany);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  if (count == 1) return to.end<ops::Identity>({draft.inputs[0]});
  // What is bounded comes first, so that numbers become bounds.
  const auto data = std::ranges::find_if(
      draft.inputs, [](Tensor* t) { return !GraphBuilder::behind_identities(t)->constant; });
  if (data != draft.inputs.end()) std::iter_swap(draft.inputs.begin(), data);
  Tensor* result = draft.inputs[0];
  for (std::size_t i = 1; i < count; ++i) {
    Tensor* next = draft.inputs[i];
    const bool last = i + 1 == count;
    if (is_bound(next, builder.shape(result))) {
      result = clipped(to, result, GraphBuilder::behind_identities(next), largest, last);
    } else {
      expect_real(draft, 0);
      expect_real(draft, i);
      result = extreme_of(to, result, next, largest, last);
    }
  }
}

/// Relu(x) + slope * min(x, 0).
void leak(const Replacement& to, Tensor* x, Tensor* slope) {
  Tensor* positive = to.add<ops::Relu>({x}, "positive");
  Tensor* negative = to.add<ops::Clip>({x, nullptr, to.number(0, "zero")}, "negative");
  to.end<ops::Add>({positive, to.add<ops::Mul>({negative, slope}, "leak")});
}

/// Before opset 7 the slopes of the channels had one axis.
Tensor* slopes_of_channels(GraphBuilder& builder, const Draft& draft, const Replacement& to) {
  Tensor* slope = draft.inputs[1];
  const Shape &x = builder.shape(draft.inputs[0]), &s = builder.shape(slope);
  if (draft.version >= 7 || s.size() != 1 || s[0] == 1 || x.size() <= 2) return slope;
  std::vector<std::int64_t> axes(x.size() - 2);
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(i) + 1;
  return to.add<ops::Unsqueeze>({slope, to.list(std::move(axes), "axes")}, "slopes");
}

}  // namespace

void expand_neg(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  to.end<ops::Mul>({draft.inputs[0], to.number(-1, "minus_one")});
}

void expand_abs(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  Tensor* positive = to.add<ops::Relu>({draft.inputs[0]}, "positive");
  to.end<ops::Add>({positive, to.add<ops::Relu>({negated(to, draft.inputs[0])}, "negative")});
}

void expand_sum(GraphBuilder& builder, Draft draft) {
  const std::size_t count = draft.inputs.size();
  expect_arity(draft, std::max<std::size_t>(count, 1), kMany);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  if (count == 1) return to.end<ops::Identity>({draft.inputs[0]});
  Tensor* sum = draft.inputs[0];
  for (std::size_t i = 1; i + 1 < count; ++i)
    sum = to.add<ops::Add>({sum, draft.inputs[i]}, "so_far");
  to.end<ops::Add>({sum, draft.inputs.back()});
}

void expand_max(GraphBuilder& builder, Draft draft) {
  expand_extreme(builder, std::move(draft), true);
}

void expand_min(GraphBuilder& builder, Draft draft) {
  expand_extreme(builder, std::move(draft), false);
}

void expand_leaky_relu(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
  const float alpha = draft.attributes.take_float("alpha").value_or(0.01F);
  draft.attributes.expect_none(draft.type, "alpha");
  const Replacement to(builder, draft);
  leak(to, draft.inputs[0], to.number(alpha, "alpha"));
}

void expand_prelu(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 2, 2);
  expect_real(draft, 0);
  expect_real(draft, 1);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  Tensor* slope = slopes_of_channels(builder, draft, to);
  const Shape &x = builder.shape(draft.inputs[0]), &s = builder.shape(slope);
  if (!stretches_to(s, x))
    user_error(
        "the slope of shape {} does not broadcast to the input of shape {}; give one number, or "
        "one for each channel as [C,1,1]",
        shape_text(s), shape_text(x));
  leak(to, draft.inputs[0], slope);
}

void expand_hard_sigmoid(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
  const float alpha = draft.attributes.take_float("alpha").value_or(0.2F),
              beta = draft.attributes.take_float("beta").value_or(0.5F);
  draft.attributes.expect_none(draft.type, "alpha, beta");
  const Replacement to(builder, draft);
  Tensor* scaled = to.add<ops::Mul>({draft.inputs[0], to.number(alpha, "alpha")}, "scaled");
  Tensor* shifted = to.add<ops::Add>({scaled, to.number(beta, "beta")}, "shifted");
  to.end<ops::Clip>({shifted, to.number(0, "zero"), to.number(1, "one")});
}

/// x * min(max(x/6 + 1/2, 0), 1) by its definition, where 1/6 is no float32 number: the bounds are
/// 6 times as large and the product is divided.
void expand_hard_swish(GraphBuilder& builder, Draft draft) {
  expect_arity(draft, 1, 1);
  expect_real(draft, 0);
  draft.attributes.expect_none(draft.type);
  const Replacement to(builder, draft);
  Tensor* six = to.number(6, "six");
  Tensor* shifted = to.add<ops::Add>({draft.inputs[0], to.number(3, "three")}, "shifted");
  Tensor* gate = to.add<ops::Clip>({shifted, to.number(0, "zero"), six}, "gate");
  Tensor* product = to.add<ops::Mul>({draft.inputs[0], gate}, "product");
  to.end<ops::Div>({product, six});
}

}  // namespace assay
