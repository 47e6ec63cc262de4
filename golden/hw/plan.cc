// SPDX-License-Identifier: Apache-2.0
// Hardware layers in the exact executor: every value that a layer computes is an integer of its
// tensor's data type, or the image is refused.
#include <algorithm>
#include <functional>

#include "golden/exact/checkpoint.h"
#include "golden/exact/integers.h"
#include "golden/hw/layers.h"

namespace assay::exact {
namespace {

using layers::Integers;
using layers::Ints;
using Function = std::function<std::vector<Ints>(const std::vector<Ints>&)>;

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

/// Input `index` as integers, row-major.
Value integers(Planner& planner, std::size_t index) {
  const Value given = planner.any_input(index);
  const Value x = planner.ordered(given, given.shape.size() >= 3);
  const auto slot = integer_slot(planner, x);
  if (!slot)
    planner.fail(fmt::format("input {} does not hold integers; hardware has no scales", index));
  return row_major(x.shape, *slot);
}

Integers parameters(Planner& planner, std::size_t index) {
  planner.constant(index);  // says that it must be one
  const Value value = integers(planner, index);
  return {value.shape, planner.constant_values(value, value.terms[0].slot)};
}

DataType integer_type(Planner& planner, DataType dtype, std::string_view what) {
  if (!dtype.is_integer())
    planner.fail(
        fmt::format("{} has the data type {}; hardware needs integers", what, dtype.name()));
  return dtype;
}

/// A fresh slot for what a layer computes.
Checked checked_slot(Planner& planner, const Node& node, const Shape& shape, DataType dtype,
                     std::string_view what) {
  integer_type(planner, dtype, what);
  const SlotId slot = planner.add_slot(shape, {dtype.min(), dtype.max()});
  return {slot, planner.slot(slot).storage, dtype,
          fmt::format("{}: {} of type", node.label(), what)};
}

/// The integers of a value, as integers of a data type.
Value checked(Planner& planner, const Node& node, const Value& value, DataType dtype,
              std::string_view what) {
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
  Checked to = checked_slot(planner, node, value.shape, dtype, what);
  out.terms[0].slot = to.slot;
  planner.emit(std::make_unique<CheckStep>(*slot, planner.slot(*slot).storage,
                                           planner.slot(*slot).size, std::move(to)),
               {*slot}, {out.terms[0].slot});
  return out;
}

/// The output's value, checked.
void finish(Planner& planner, const Node& node, const Value& value, std::size_t index = 0) {
  planner.set_output(checked(planner, node, value, node.outputs[index]->dtype, "its output"),
                     index);
}

/// Every output that is there.
template <typename F>
void each_output(const Node& node, F&& f) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i)
    if (node.outputs[i]) f(i);
}

/// Plans a function of whole tensors.
void plan_function(Planner& planner, const Node& node, const std::vector<Value>& x, Function f) {
  std::vector<LayerStep::Operand> in;
  std::vector<SlotId> reads, writes;
  for (const Value& value : x) {
    const SlotId slot = value.terms[0].slot;
    in.push_back({slot, planner.slot(slot).storage, planner.slot(slot).size});
    reads.push_back(slot);
  }
  std::vector<Checked> outs(node.outputs.size());
  each_output(node, [&](std::size_t i) {
    const Tensor& tensor = *node.outputs[i];
    outs[i] = checked_slot(planner, node, planner.output_shape(i), tensor.dtype, "its output");
    writes.push_back(outs[i].slot);
    planner.set_output(row_major(planner.output_shape(i), outs[i].slot), i);
  });
  if (writes.empty()) return;
  planner.emit(std::make_unique<LayerStep>(std::move(f), std::move(in), std::move(outs),
                                           std::string(node.op->type())),
               reads, writes);
}

/// Plans output `index` as elements of `parts`.
void plan_moves(Planner& planner, const Node& node, const std::vector<Value>& parts,
                const Ints& source, std::size_t index = 0) {
  const Shape& shape = planner.output_shape(index);
  finish(planner, node, planner.gather(parts, source, shape, Real(), shape.size() >= 3), index);
}

void plan_padding(Planner& planner, const Node& node, const hw::FMPadding& padding) {
  const Shape& shape = *node.inputs.at(0)->shape;
  const Shape pixel{shape.at(3)};
  const Ints values(static_cast<std::size_t>(pixel[0]), padding.pad_value);
  plan_moves(planner, node,
             {integers(planner, 0), row_major(pixel, planner.constant_slot(pixel, values))},
             layers::fm_padding(padding, shape));
}

void plan_concat(Planner& planner, const Node& node) {
  std::vector<Value> parts;
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    parts.push_back(integers(planner, i));
    shapes.push_back(parts.back().shape);
  }
  plan_moves(planner, node, parts, layers::streaming_concat(shapes));
}

void plan_split(Planner& planner, const Node& node, const hw::StreamingSplit& split) {
  each_output(node, [&](std::size_t i) {
    plan_moves(planner, node, {integers(planner, 0)},
               layers::streaming_split(split, *node.inputs.at(0)->shape, i), i);
  });
}

bool plan_move(Planner& planner, const Node& node) {
  const auto shape = [&] { return *node.inputs.at(0)->shape; };
  const auto move = [&](const Ints& source) {
    each_output(
        node, [&](std::size_t i) { plan_moves(planner, node, {integers(planner, 0)}, source, i); });
  };
  if (const auto* padding = node.as<hw::FMPadding>()) {
    plan_padding(planner, node, *padding);
  } else if (const auto* window = node.as<hw::ConvolutionInputGenerator>()) {
    move(layers::convolution_input_generator(*window, shape()));
  } else if (node.as<hw::StreamingConcat>()) {
    plan_concat(planner, node);
  } else if (const auto* split = node.as<hw::StreamingSplit>()) {
    plan_split(planner, node, *split);
  } else if (const auto* upsample = node.as<hw::UpsampleNearestNeighbour>()) {
    move(layers::upsample(*upsample, shape()));
  } else if (node.as<hw::DuplicateStreams>()) {
    move(layers::duplicate_streams(shape()));
  } else if (node.as<hw::StreamingDataWidthConverter>()) {
    move(layers::data_width_converter(shape()));
  } else if (node.as<hw::StreamingFIFO>()) {
    move(layers::fifo(shape()));
  } else if (node.as<hw::TLastMarker>()) {
    move(layers::tlast_marker(shape()));
  } else {
    return false;
  }
  return true;
}

bool plan_plain(Planner& planner, const Node& node) {
  const auto unary = [&](auto f) {
    const Value x = integers(planner, 0);
    plan_function(planner, node, {x}, [f, shape = x.shape](const std::vector<Ints>& in) {
      return std::vector<Ints>{f(Integers{shape, in[0]})};
    });
  };
  if (node.as<hw::AddStreams>()) {
    plan_function(planner, node, {integers(planner, 0), integers(planner, 1)},
                  [](const std::vector<Ints>& in) {
                    return std::vector<Ints>{layers::add_streams(in[0], in[1])};
                  });
  } else if (node.as<hw::EltwiseMul>()) {
    plan_function(planner, node, {integers(planner, 0), integers(planner, 1)},
                  [](const std::vector<Ints>& in) {
                    return std::vector<Ints>{layers::eltwise_mul(in[0], in[1])};
                  });
  } else if (const auto* channelwise = node.as<hw::ChannelwiseOp>()) {
    unary([op = *channelwise, p = parameters(planner, 1).q](const Integers& x) {
      return layers::channelwise_op(op, x, p);
    });
  } else if (const auto* pool = node.as<hw::Pool>()) {
    unary([op = *pool](const Integers& x) { return layers::pool(op, x); });
  } else if (const auto* global = node.as<hw::GlobalAccPool>()) {
    unary([op = *global](const Integers& x) { return layers::global_acc_pool(op, x); });
  } else if (const auto* select = node.as<hw::LabelSelect>()) {
    plan_function(
        planner, node, {integers(planner, 0)},
        [op = *select](const std::vector<Ints>& in) { return layers::label_select(op, in[0]); });
  } else {
    return false;
  }
  return true;
}

/// The output of a layer from its sums.
void finish_sums(Planner& planner, const Node& node, const hw::MultiplyOp& op, const Value& sums) {
  const Value acc = checked(planner, node, sums, op.acc_dtype, "its sum");
  finish(planner, node,
         planner.has_input(2) ? layers::thresholding(planner, acc, acc.terms[0].slot, op.levels, 2)
                              : acc);
}

void plan_vvau(Planner& planner, const Node& node, const hw::VVAU& op) {
  const Value x = integers(planner, 0);
  Checked out = checked_slot(planner, node, planner.output_shape(), op.acc_dtype, "its sum");
  const SlotId in = x.terms[0].slot, sums = out.slot;
  planner.emit(
      std::make_unique<LayerStep>(
          [op, w = parameters(planner, 1)](const std::vector<Ints>& q) {
            return std::vector<Ints>{layers::vvau(op, q[0], w)};
          },
          std::vector<LayerStep::Operand>{{in, planner.slot(in).storage, planner.slot(in).size}},
          std::vector<Checked>{std::move(out)}, std::string(node.op->type())),
      {in}, {sums});
  finish_sums(planner, node, op, row_major(planner.output_shape(), sums));
}

}  // namespace

bool plan_hardware(Planner& planner, const Node& node) {
  if (node.op->domain() != hw::kHwDomain) return false;
  if (plan_move(planner, node) || plan_plain(planner, node)) return true;
  if (const auto* mvau = node.as<hw::MVAU>()) {
    finish_sums(planner, node, *mvau, layers::mvau(planner, *mvau));
  } else if (const auto* vvau = node.as<hw::VVAU>()) {
    plan_vvau(planner, node, *vvau);
  } else if (const auto* thresholding = node.as<hw::Thresholding>()) {
    const Value x = integers(planner, 0);
    finish(planner, node,
           layers::thresholding(planner, x, x.terms[0].slot, thresholding->levels, 1));
  } else if (const auto* join = node.as<hw::JoinThreshold>()) {
    layers::join_threshold(planner, *join, node);
    finish(planner, node, Value(planner.values.at(node.outputs[0])));
  } else {
    return false;
  }
  return true;
}

}  // namespace assay::exact
