// SPDX-License-Identifier: Apache-2.0
#include "golden/hw/layer_planner.h"

#include <algorithm>

#include "golden/exact/checkpoint.h"
#include "golden/exact/integers.h"

namespace assay::exact {
namespace layers {
namespace {

/// Integers that must belong to a data type.
struct Checked {
  SlotId slot = -1;
  Storage storage = Storage::kI64;
  DataType dtype;
  std::string what;  ///< "node 'x' (Pool): its sum"

  void check(std::int64_t value, std::int64_t element) const {
    if (!dtype.allows(value))
      user_error(
          "{} {} is {} at element {}, which the hardware would cut; give it a wider data type",
          what, dtype.name(), value, element);
  }
};

/// Computes whole tensors at once.
class LayerStep final : public Step {
 public:
  struct Operand {
    SlotId slot;
    Storage storage;
    std::int64_t size;
  };
  /// `outs` without a slot are left out.
  LayerStep(Function f, std::vector<Operand> in, std::vector<Checked> outs, std::string kernel)
      : f_(std::move(f)), in_(std::move(in)), outs_(std::move(outs)), kernel_(std::move(kernel)) {}
  void run(Buffers& buffers) const override {
    std::vector<Ints> x;
    for (const Operand& operand : in_)
      with_type(operand.storage, buffers.read(operand.slot),
                [&](const auto* q) { x.emplace_back(q, q + operand.size); });
    const std::vector<Ints> y = f_(x);
    for (std::size_t i = 0; i < outs_.size(); ++i) {
      if (outs_[i].slot < 0) continue;
      void* out = buffers.data(outs_[i].slot);
      for (std::int64_t e = 0; e < std::ssize(y[i]); ++e) {
        outs_[i].check(y[i][static_cast<std::size_t>(e)], e);
        store(outs_[i].storage, out, e, y[i][static_cast<std::size_t>(e)]);
      }
    }
  }
  std::string kernel() const override { return kernel_; }

 private:
  Function f_;
  std::vector<Operand> in_;
  std::vector<Checked> outs_;
  std::string kernel_;
};

/// Copies integers that may leave their data type.
class CheckStep final : public Step {
 public:
  CheckStep(SlotId in, Storage storage, std::int64_t size, Checked out)
      : in_(in), storage_(storage), size_(size), out_(std::move(out)) {}
  void run(Buffers& buffers) const override {
    void* out = buffers.data(out_.slot);
    with_type(storage_, buffers.read(in_), [&](const auto* q) {
      in_pieces(size_, kPiece, buffers.parallel, [&](std::int64_t begin, std::int64_t count) {
        with_type(out_.storage, out, [&](auto* to) {
          for (std::int64_t e = begin; e < begin + count; ++e) {
            out_.check(q[e], e);
            to[e] = static_cast<std::remove_pointer_t<decltype(to)>>(q[e]);
          }
        });
      });
    });
  }
  std::string kernel() const override { return "check"; }

 private:
  static constexpr std::int64_t kPiece = 4096;
  SlotId in_;
  Storage storage_;
  std::int64_t size_;
  Checked out_;
};

Value row_major(const Shape& shape, SlotId slot) {
  Value value{shape, {{RealArray(Real(1)), slot}}, {}};
  value.last = shape.size() >= 3;
  return value;
}

DataType integer_type(Planner& planner, DataType dtype, std::string_view what) {
  if (!dtype.is_integer())
    planner.fail(
        fmt::format("{} has the data type {}; hardware needs integers", what, dtype.name()));
  return dtype;
}

/// A fresh slot for what a layer computes.
Checked checked_slot(const LayerPlanner& layer, const Shape& shape, DataType dtype,
                     std::string_view what) {
  Planner& planner = layer.planner;
  integer_type(planner, dtype, what);
  const SlotId slot = planner.add_slot(shape, {dtype.min(), dtype.max()});
  return {slot, planner.slot(slot).storage, dtype,
          fmt::format("{}: {} of type", layer.node.label(), what)};
}

/// The integers of a value, as integers of a data type.
Value checked(const LayerPlanner& layer, const Value& value, DataType dtype,
              std::string_view what) {
  Planner& planner = layer.planner;
  const auto slot = integer_slot(planner, value);
  if (!slot) planner.fail("it does not compute integers; absorb the scales of its inputs first");
  Value out = value;
  out.terms = {{RealArray(Real(1)), *slot}};
  out.offset = {};
  integer_type(planner, dtype, what);
  const IntRange range = planner.range(*slot);
  const bool holds = dtype.allows(range.min) && dtype.allows(range.max) &&
                     (dtype.kind != DataType::Kind::kBipolar || range.min == range.max);
  if (holds) return out;
  Checked to = checked_slot(layer, value.shape, dtype, what);
  out.terms[0].slot = to.slot;
  planner.emit(std::make_unique<CheckStep>(*slot, planner.slot(*slot).storage,
                                           planner.slot(*slot).size, std::move(to)),
               {*slot}, {out.terms[0].slot});
  return out;
}

/// The step that computes the slots of `outs` from `x`.
void emit_function(const LayerPlanner& layer, const std::vector<Value>& x,
                   std::vector<Checked> outs, Function f) {
  Planner& planner = layer.planner;
  std::vector<LayerStep::Operand> in;
  std::vector<SlotId> reads, writes;
  for (const Value& value : x) {
    const SlotId slot = value.terms[0].slot;
    in.push_back({slot, planner.slot(slot).storage, planner.slot(slot).size});
    reads.push_back(slot);
  }
  for (const Checked& out : outs)
    if (out.slot >= 0) writes.push_back(out.slot);
  if (writes.empty()) return;
  planner.emit(std::make_unique<LayerStep>(std::move(f), std::move(in), std::move(outs),
                                           std::string(layer.node.op->type())),
               reads, writes);
}

}  // namespace

Value LayerPlanner::integers(std::size_t index) const {
  const Value given = planner.any_input(index);
  const Value x = planner.ordered(given, given.shape.size() >= 3);
  const auto slot = integer_slot(planner, x);
  if (!slot)
    planner.fail(fmt::format("input {} does not hold integers; hardware has no scales", index));
  return row_major(x.shape, *slot);
}

Integers LayerPlanner::parameters(std::size_t index) const {
  planner.constant(index);  // says that it must be one
  const Value value = integers(index);
  return {value.shape, planner.constant_values(value, value.terms[0].slot)};
}

Value LayerPlanner::constant(const Shape& shape, const Ints& values) const {
  return row_major(shape, planner.constant_slot(shape, values));
}

void LayerPlanner::function(const std::vector<Value>& x, Function f) const {
  std::vector<Checked> outs(node.outputs.size());
  each_output([&](std::size_t i) {
    outs[i] = checked_slot(*this, planner.output_shape(i), node.outputs[i]->dtype, "its output");
    planner.set_output(row_major(planner.output_shape(i), outs[i].slot), i);
  });
  emit_function(*this, x, std::move(outs), std::move(f));
}

void LayerPlanner::unary(std::function<Ints(const Integers&)> f) const {
  const Value x = integers(0);
  function({x}, [f = std::move(f), shape = x.shape](const std::vector<Ints>& in) {
    return std::vector<Ints>{f(Integers{shape, in[0]})};
  });
}

void LayerPlanner::move(const std::vector<Value>& parts, const Ints& source,
                        std::size_t index) const {
  const Shape& to = planner.output_shape(index);
  finish(planner.gather(parts, source, to, Real(), to.size() >= 3), index);
}

void LayerPlanner::move(const Ints& source) const {
  each_output([&](std::size_t i) { move({integers(0)}, source, i); });
}

void LayerPlanner::each_output(const std::function<void(std::size_t)>& f) const {
  for (std::size_t i = 0; i < node.outputs.size(); ++i)
    if (node.outputs[i]) f(i);
}

Value LayerPlanner::sums(DataType dtype, std::function<Ints(const Ints&)> f) const {
  const Value x = integers(0);
  std::vector<Checked> outs = {checked_slot(*this, planner.output_shape(), dtype, "its sum")};
  Value out = row_major(planner.output_shape(), outs[0].slot);
  emit_function(*this, {x}, std::move(outs), [f = std::move(f)](const std::vector<Ints>& in) {
    return std::vector<Ints>{f(in[0])};
  });
  return out;
}

void LayerPlanner::finish_sums(const Value& value, const hw::MultiplyOp& op) const {
  const Value acc = checked(*this, value, op.acc_dtype, "its sum");
  finish(planner.has_input(2) ? count_levels(planner, acc, op.levels, 2) : acc);
}

void LayerPlanner::finish(const Value& value, std::size_t index) const {
  planner.set_output(checked(*this, value, node.outputs[index]->dtype, "its output"), index);
}

}  // namespace layers

bool plan_hardware(Planner& planner, const Node& node) {
  const layers::LayerPlanner layer(planner, node);
#define ASSAY_HW_LAYER(stem) \
  if (const auto* op = node.as<hw::stems::stem>()) return layers::plan(layer, *op), true;
#include "generated/hw_layers.def"
  return false;
}

}  // namespace assay::exact
