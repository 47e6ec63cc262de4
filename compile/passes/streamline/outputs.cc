// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/outputs.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

Tensor* real_clamp(Planner& planner, Tensor* x, const Value& value) {
  const auto relu_above = [&](Tensor* t, const RealArray& at) {  // max(t, at)
    const bool zero = all_zero(at);
    if (!zero)
      t = planner.to.add_real(std::make_unique<ops::Add>(), {t, planner.to.reals("bound", -at)},
                              *value.terms[0].tensor->shape);
    t = planner.to.add_real(std::make_unique<ops::Relu>(), {t}, *value.terms[0].tensor->shape);
    return zero ? t
                : planner.to.add_real(std::make_unique<ops::Add>(),
                                      {t, planner.to.reals("bound", at)},
                                      *value.terms[0].tensor->shape);
  };
  const auto negated = [&](Tensor* t) {
    return planner.to.add_real(std::make_unique<ops::Mul>(),
                               {t, planner.to.reals("minus", RealArray(Real(-1)))},
                               *value.terms[0].tensor->shape);
  };
  if (value.lower) x = relu_above(x, *value.lower);
  if (value.upper) x = negated(relu_above(negated(x), -*value.upper));
  return x;
}

}  // namespace

Tensor* materialise(Planner& planner, const Value& value) {
  if (!value.among.empty()) settle(planner, value);  // which fails
  if (value.curve)
    planner.fail("a function of one variable is an output, or a sum of several scales, as it is",
                 "quantise the function's output");
  Tensor* out = nullptr;
  for (const Term& term : value.terms) {
    Tensor* x = term.tensor;
    if (!is_constant_array(term.scale, Real(1)))
      x = planner.to.add_real(std::make_unique<ops::Mul>(),
                              {x, planner.to.reals("scale", term.scale)},
                              *value.terms[0].tensor->shape);
    out = out ? planner.to.add_real(std::make_unique<ops::Add>(), {out, x},
                                    *value.terms[0].tensor->shape)
              : x;
  }
  if (!all_zero(value.offset))
    out = planner.to.add_real(std::make_unique<ops::Add>(),
                              {out, planner.to.reals("offset", value.offset)},
                              *value.terms[0].tensor->shape);
  out = real_clamp(planner, out, value);
  // Everything so far had the shape in front of the pools.
  for (const Value::Pool& pool : value.pools)
    out = planner.to.add_real(pool.op->clone(), {out}, pool.shape);
  return out;
}

Tensor* real_tensor(Planner& planner, const Tensor* old) {
  if (Tensor* copy = planner.copy_of(old)) return copy;
  Tensor* made = materialise(planner, planner.value_of(old));
  planner.set_copy(old, made);
  return made;
}

namespace {

/// By the name of the output's checkpoint, which is that of the model.
void note_constant(Planner& planner, const Tensor& tensor, const Tensor& output) {
  const Bounds& range = planner.to.bounds(&tensor);
  if (range.lo != range.hi) return;
  const auto known = std::ranges::find(planner.from.checkpoints(), &output, &Checkpoint::tensor);
  planner.report.constant_outputs.push_back(
      known != planner.from.checkpoints().end() ? known->name : output.name);
}

/// The tensor, or a copy where it is an output already: two outputs of one tensor (y and 2 y) are two.
Tensor* own_output(Planner& planner, Tensor* tensor) {
  if (!planner.to.graph.is_output(tensor)) return tensor;
  Tensor* copy = planner.to.add_node(std::make_unique<ops::Identity>(), {tensor}, *tensor->shape,
                                     planner.to.bounds(tensor));
  copy->dtype = tensor->dtype;
  return copy;
}

}  // namespace

void finish_outputs(Planner& planner) {
  for (const Tensor* output : planner.from.outputs()) {
    if (!planner.depends_on_input(*output)) {
      Tensor* label = planner.copy_of(output);
      if (!label)
        user_error("output '{}' does not depend on the network's input; remove it",
                   printable(output->name));
      planner.to.graph.add_output(label);
      continue;
    }
    // Later messages name these nodes: they keep the model's names.
    planner.to.stand_for(output->producer);
    if (planner.depth != Depth::kTail) {
      planner.to.graph.add_output(real_tensor(planner, output));
      continue;
    }
    Value value = ordered_output(planner, planner.end_value(output), output->name);
    note_constant(planner, *value.terms[0].tensor, *output);
    Tensor*& made = value.terms[0].tensor;
    made = own_output(planner, made);
    planner.to.graph.add_output(made);
    planner.set(output, std::move(value));
  }
}

void carry_checkpoint(Planner& planner, const Checkpoint& old) {
  Checkpoint checkpoint = old;
  if (!planner.depends_on_input(*old.tensor)) {
    checkpoint.tensor = planner.copy_of(old.tensor);
    ASSAY_INVARIANT(checkpoint.tensor, "a checkpoint was lost: " + old.name);
  } else if (planner.depth != Depth::kTail && planner.from.is_output(old.tensor)) {
    checkpoint.tensor = real_tensor(planner, old.tensor);  // what finish_outputs() puts out
  } else if (const Value& v = planner.value_of(old.tensor); v.terms.size() == 1 && v.is_plain()) {
    checkpoint.tensor = v.terms[0].tensor;
    checkpoint.unit = compressed(old.unit * v.terms[0].scale);
    checkpoint.shift = compressed(old.unit * v.offset + old.shift);
  } else if (planner.depth == Depth::kTail) {
    planner.to.stand_for(old.tensor->producer);
    planner.set(old.tensor, integer_output(planner, v, old.name));
    return carry_checkpoint(planner, old);
  } else {
    checkpoint.tensor = real_tensor(planner, old.tensor);
  }
  planner.to.graph.checkpoints().push_back(std::move(checkpoint));
}

}  // namespace assay::streamline
