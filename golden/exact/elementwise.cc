// SPDX-License-Identifier: Apache-2.0
// Sums, products, batch normalisations: mostly arithmetic on scales and offsets while planning.
#include <algorithm>
#include <utility>

#include "compile/graph/ops.h"
#include "golden/exact/plan.h"

namespace assay::exact {
namespace {

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

void scale_by(Value& value, const RealArray& factor) {
  for (Value::Term& term : value.terms) term.scale = multiply(term.scale, factor);
  value.offset = multiply(value.offset, factor);
}

void plan_sum(Planner& planner, const Node& node, bool subtracts) {
  auto [a, b] = operands(planner, node);
  if (subtracts) scale_by(b, RealArray(Real(-1)));
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
}

IntRange product_range(const Planner& planner, IntRange a, IntRange b) {
  IntRange range{0, 0};
  for (const std::int64_t p : {a.min, a.max})
    for (const std::int64_t q : {b.min, b.max}) {
      std::int64_t product = 0;
      if (__builtin_mul_overflow(p, q, &product))
        planner.fail("the product of the inputs' integers exceeds 63 bits");
      range = hull(range, {product, product});
    }
  return range;
}

/// A fresh slot with the products of two slots' integers.
SlotId emit_product(Planner& planner, const Shape& shape, SlotId a, SlotId b) {
  const SlotId id =
      planner.add_slot(shape, product_range(planner, planner.range(a), planner.range(b)));
  const Slot& out = planner.slot(id);
  planner.emit(std::make_unique<ProductStep>(a, planner.slot(a).storage, b, planner.slot(b).storage,
                                             id, out.storage, out.size),
               {a, b}, {id});
  return id;
}

void plan_product(Planner& planner, const Node& node) {
  const auto [a, b] = operands(planner, node);
  Value out{planner.output_shape(), {}, multiply(a.offset, b.offset)};
  out.last = a.last;
  for (const Value::Term& x : a.terms)
    if (!is_zero(b.offset)) out.terms.push_back({multiply(x.scale, b.offset), x.slot});
  for (const Value::Term& y : b.terms)
    if (!is_zero(a.offset)) out.terms.push_back({multiply(y.scale, a.offset), y.slot});
  for (const Value::Term& x : a.terms)
    for (const Value::Term& y : b.terms)
      out.terms.push_back(
          {multiply(x.scale, y.scale), emit_product(planner, out.shape, x.slot, y.slot)});
  planner.set_output(std::move(out));
}

void plan_quotient(Planner& planner, const Node& node) {
  if (node.outputs[0]->container != Container::kFloat32)
    planner.fail("it divides integers, which truncates; Cast to float32 in front of it");
  const Value x = planner.any_input(0);
  Value out = planner.broadcast(x, planner.output_shape(), x.last);
  scale_by(out, inverse_divisor(planner));
  planner.set_output(std::move(out));
}

void plan_power(Planner& planner) {
  const RealArray base = planner.parameter(0), exponent = planner.parameter(1);
  const auto power = [&](const Real& x, const Real& n) {
    if (n == Real(1)) return x;
    if (n == Real(2)) return x * x;
    if (n == Real(-1) && x.has_inverse()) return x.inverse();
    if (n == Real(mpq_class(1, 2)) && x.is_rational() && x.sign() >= 0)
      return Real::sqrt(x.rational());
    planner.fail("only the exponents 1, 2, -1 and 1/2 of constants are exact");
  };
  planner.set_output({planner.output_shape(), {}, combine(base, exponent, power)});
}

/// A relu stays pending: a quantiser that follows may take it in.
void plan_relu(Planner& planner) {
  Value x = planner.any_input(0);
  x.relu = true;
  planner.set_output(std::move(x));
}

void plan_batch_normalization(Planner& planner, const ops::BatchNormalization& norm) {
  Value x = planner.input(0);
  const std::size_t rank = x.shape.size();
  const auto channels = [&](std::size_t i) {
    return along_axis(planner.parameter(i).values, 1, rank);
  };
  const Real epsilon = Real::of(norm.epsilon);
  const RealArray factor = combine(channels(1), channels(4), [&](const Real& g, const Real& v) {
    const Real variance = v + epsilon;
    if (!variance.is_rational() || variance.sign() <= 0)
      planner.fail("variance + epsilon must be positive");
    return g * Real::sqrt(variance.rational()).inverse();
  });
  x.offset = subtract(x.offset, channels(3));
  scale_by(x, factor);
  x.offset = add(x.offset, channels(2));
  planner.set_output(std::move(x));
}

/// Integers of a container wrap around in it; their sums and products here do not.
void check_container(const Planner& planner, const Node& node) {
  const Tensor* output = node.outputs[0];
  if (!output || output->container == Container::kFloat32) return;
  const Value& value = planner.values.at(output);
  Real lo = *std::ranges::min_element(value.offset.values),
       hi = *std::ranges::max_element(value.offset.values);
  for (const Value::Term& term : value.terms) {
    const IntRange range = planner.range(term.slot);
    std::vector<Real> ends;
    for (const Real& scale : term.scale.values)
      for (const std::int64_t end : {range.min, range.max}) ends.push_back(scale * Real(end));
    lo += *std::ranges::min_element(ends);
    hi += *std::ranges::max_element(ends);
  }
  const DataType type = container_type(output->container);
  if (lo < Real(type.min()) || hi > Real(type.max()))
    planner.fail(
        fmt::format("its result may leave {} (it reaches from {} to {}); Cast the inputs "
                    "to a wider type in front of it",
                    container_name(output->container), lo.str(), hi.str()));
}

/// Whether it is made of integers by integer factors: a product of integers in ConvInteger.
bool is_integer(const Value& value) {
  const auto whole = [](const RealArray& array) {
    return std::ranges::all_of(
        array.values, [](const Real& r) { return r.is_rational() && r.rational().get_den() == 1; });
  };
  return whole(value.offset) && std::ranges::all_of(value.terms, [&](const Value::Term& term) {
           return whole(term.scale);
         });
}

void plan_cast(Planner& planner, const Node& node) {
  const bool truncates = node.inputs[0]->container == Container::kFloat32 &&
                         node.outputs[0]->container != Container::kFloat32;
  const Value value = planner.any_input(0);
  if (truncates && !is_integer(value))
    planner.fail("a cast from real to integer is not supported; use a quantiser");
  planner.set_output(value);
  if (truncates) check_container(planner, node);
}

void plan_shape(Planner& planner, const Node& node) {
  const Shape& shape = *node.inputs[0]->shape;
  planner.set_output(
      planner.constant_value(Constant({static_cast<std::int64_t>(shape.size())}, shape)));
}

}  // namespace

RealArray inverse_divisor(Planner& planner) {
  const RealArray divisor = planner.parameter(1);
  if (!std::ranges::all_of(divisor.values, [](const Real& d) { return d.has_inverse(); }))
    planner.fail("the divisor holds 0 or a sum of square roots");
  return transform(divisor, [](const Real& d) { return d.inverse(); });
}

bool plan_elementwise(Planner& planner, const Node& node) {
  if (node.as<ops::Add>()) {
    plan_sum(planner, node, false);
  } else if (node.as<ops::Sub>()) {
    plan_sum(planner, node, true);
  } else if (node.as<ops::Mul>()) {
    plan_product(planner, node);
  } else if (node.as<ops::Div>()) {
    plan_quotient(planner, node);
  } else if (node.as<ops::Pow>()) {
    plan_power(planner);
  } else if (node.as<ops::Relu>()) {
    plan_relu(planner);
  } else if (const auto* norm = node.as<ops::BatchNormalization>()) {
    plan_batch_normalization(planner, *norm);
  } else if (node.as<ops::Cast>()) {
    plan_cast(planner, node);
  } else if (node.as<ops::Shape>()) {
    plan_shape(planner, node);
  } else {
    return false;
  }
  check_container(planner, node);
  return true;
}

}  // namespace assay::exact
