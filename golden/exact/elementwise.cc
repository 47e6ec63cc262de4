// SPDX-License-Identifier: Apache-2.0
// Sums, products, batch normalisations: mostly arithmetic on scales and offsets while planning.
#include <algorithm>
#include <utility>

#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {
namespace {

IntRange hull(IntRange a, IntRange b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }

/// Elementwise product of two slots of one shape.
class ProductStep final : public Step {
 public:
  ProductStep(SlotId a, Storage sa, SlotId b, Storage sb, SlotId out, Storage so, std::int64_t size)
      : a_(a), b_(b), out_(out), sa_(sa), sb_(sb), so_(so), size_(size) {}
  void run(Buffers& buffers) const override {
    for (std::int64_t i = 0; i < size_; ++i)
      store(so_, buffers.data(out_), i,
            load(sa_, buffers.read(a_), i) * load(sb_, buffers.read(b_), i));
  }
  std::string kernel() const override { return "multiply"; }

 private:
  SlotId a_, b_, out_;
  Storage sa_, sb_, so_;
  std::int64_t size_;
};

/// An operand of a sum or product. Few integer constants are numbers, not a tensor of integers, so
/// that adding or multiplying them is arithmetic on offsets and scales.
Value operand(Planner& planner, const Node& node, std::size_t index) {
  constexpr std::int64_t kFew = 4096;
  const Tensor* tensor = node.inputs[index];
  if (!tensor || !tensor->constant || tensor->constant->size() > kFew)
    return planner.any_input(index);
  return {tensor->constant->shape(), {}, planner.parameter(index)};
}

/// Both operands of a sum or product, in one shape and order.
std::pair<Value, Value> operands(Planner& planner, const Node& node) {
  const Value a = operand(planner, node, 0), b = operand(planner, node, 1);
  const bool last = planner.is_constant(a) ? b.last : a.last;
  const Shape& shape = planner.output_shape();
  // A rank that only this operator gives has no order yet.
  const bool kept = last && shape.size() >= 3;
  return {planner.broadcast(a, shape, kept), planner.broadcast(b, shape, kept)};
}

}  // namespace

bool plan_elementwise(Planner& planner, const Node& node) {
  const bool is_add = node.as<ops::Add>(), is_sub = node.as<ops::Sub>();
  if (is_add || is_sub) {
    auto [a, b] = operands(planner, node);
    if (is_sub) {
      const RealArray minus(Real(-1));
      for (Value::Term& term : b.terms) term.scale = multiply(term.scale, minus);
      b.offset = multiply(b.offset, minus);
    }
    Value out = a;
    out.offset = add(a.offset, b.offset);
    for (const Value::Term& term : b.terms) {
      const auto same = std::ranges::find(out.terms, term.slot, &Value::Term::slot);
      if (same != out.terms.end())
        same->scale = add(same->scale, term.scale);
      else
        out.terms.push_back(term);
    }
    planner.set_output(std::move(out));
    return true;
  }
  if (node.as<ops::Mul>()) {
    const auto [a, b] = operands(planner, node);
    Value out{planner.output_shape(), {}, multiply(a.offset, b.offset)};
    out.last = a.last;
    for (const Value::Term& x : a.terms)
      if (!is_zero(b.offset)) out.terms.push_back({multiply(x.scale, b.offset), x.slot});
    for (const Value::Term& y : b.terms)
      if (!is_zero(a.offset)) out.terms.push_back({multiply(y.scale, a.offset), y.slot});
    for (const Value::Term& x : a.terms)
      for (const Value::Term& y : b.terms) {
        const Slot &sx = planner.slot(x.slot), &sy = planner.slot(y.slot);
        IntRange range{0, 0};
        for (const std::int64_t p : {sx.range.min, sx.range.max})
          for (const std::int64_t q : {sy.range.min, sy.range.max}) {
            std::int64_t product = 0;
            if (__builtin_mul_overflow(p, q, &product))
              planner.fail("the product of the inputs' integers exceeds 63 bits");
            range = hull(range, {product, product});
          }
        const SlotId id = planner.add_slot(out.shape, range);
        planner.emit(std::make_unique<ProductStep>(x.slot, planner.slot(x.slot).storage, y.slot,
                                                   planner.slot(y.slot).storage, id,
                                                   planner.slot(id).storage, planner.slot(id).size),
                     {x.slot, y.slot}, {id});
        out.terms.push_back({multiply(x.scale, y.scale), id});
      }
    planner.set_output(std::move(out));
    return true;
  }
  if (node.as<ops::Div>()) {
    const Value x = planner.any_input(0);
    Value out = planner.broadcast(x, planner.output_shape(), x.last);
    const RealArray divisor = planner.parameter(1);
    if (!std::ranges::all_of(divisor.values, [](const Real& d) { return d.has_inverse(); }))
      planner.fail("the divisor holds 0 or a sum of square roots");
    const RealArray factor = transform(divisor, [](const Real& d) { return d.inverse(); });
    for (Value::Term& term : out.terms) term.scale = multiply(term.scale, factor);
    out.offset = multiply(out.offset, factor);
    planner.set_output(std::move(out));
    return true;
  }
  if (node.as<ops::Pow>()) {
    const RealArray base = planner.parameter(0), exponent = planner.parameter(1);
    planner.set_output(
        {planner.output_shape(), {}, combine(base, exponent, [&](const Real& x, const Real& n) {
           if (n == Real(1)) return x;
           if (n == Real(2)) return x * x;
           if (n == Real(-1) && x.has_inverse()) return x.inverse();
           if (n == Real(mpq_class(1, 2)) && x.is_rational() && x.sign() >= 0)
             return Real::sqrt(x.rational());
           planner.fail("only the exponents 1, 2, -1 and 1/2 of constants are exact");
         })});
    return true;
  }
  if (node.as<ops::Relu>()) {
    Value x = planner.any_input(0);
    x.relu = true;
    planner.set_output(std::move(x));
    return true;
  }
  if (const auto* norm = node.as<ops::BatchNormalization>()) {
    Value x = planner.input(0);
    const std::size_t rank = x.shape.size();
    const auto channels = [&](std::size_t i) {
      return along_axis(planner.parameter(i).values, 1, rank);
    };
    const Real epsilon = Real::of(norm->epsilon);
    const RealArray factor = combine(channels(1), channels(4), [&](const Real& g, const Real& v) {
      const Real variance = v + epsilon;
      if (!variance.is_rational() || variance.sign() <= 0)
        planner.fail("variance + epsilon must be positive");
      return g * Real::sqrt(variance.rational()).inverse();
    });
    for (Value::Term& term : x.terms) term.scale = multiply(term.scale, factor);
    x.offset = add(multiply(subtract(x.offset, channels(3)), factor), channels(2));
    planner.set_output(std::move(x));
    return true;
  }
  if (node.as<ops::Cast>()) {
    const bool truncates = node.inputs[0]->container == Container::kFloat32 &&
                           node.outputs[0]->container != Container::kFloat32;
    if (truncates) planner.fail("a cast from real to integer is not supported; use a quantiser");
    planner.set_output(planner.any_input(0));
    return true;
  }
  if (node.as<ops::Shape>()) {
    const Shape& shape = *node.inputs[0]->shape;
    planner.set_output(
        planner.constant_value(Constant({static_cast<std::int64_t>(shape.size())}, shape)));
    return true;
  }
  return false;
}

}  // namespace assay::exact
