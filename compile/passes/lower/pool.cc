// SPDX-License-Identifier: Apache-2.0
// Pools in their channels-last form.
#include "compile/passes/lower/lowering.h"
#include "compile/passes/rewrite/rewrite.h"

namespace assay::lowering {
namespace {

/// A window with two axes; a one-dimensional one has a height of 1.
ops::Window with_height(ops::Window w) {
  for (auto* field : {&w.kernel_shape, &w.strides, &w.dilations}) field->insert(field->begin(), 1);
  w.pads = {0, w.pads[0], 0, w.pads[1]};
  return w;
}

void lower_max_pool(Lowering& lowering, const Node& node, const ops::MaxPool& op) {
  const Tensor& output = *node.outputs[0];
  Tensor* x = lowering.channels_last(node.inputs[0], node);
  ops::MaxPoolNHWC pool;
  pool.window = op.window;
  pool.ceil_mode = op.ceil_mode;
  const Axes perm = channels_last_perm(x->shape->size());
  if (x->shape->size() == 4) return lowering.emit(node, pool, {x}, perm);
  pool.window = with_height(op.window);
  const Shape flat = permuted_shape(known_shape(output), perm);
  Tensor* tall = lowering.add(pool, {lowering.with_height(x)},
                              {node.name, {flat[0], 1, flat[1], flat[2]}, output.dtype});
  lowering.add_view(&output, {lowering.without_height(tall, output.name), perm});
}

}  // namespace

bool lower_pool(Lowering& lowering, const Node& node) {
  if (const auto* op = node.as<ops::MaxPool>()) {
    lower_max_pool(lowering, node, *op);
    return true;
  }
  if (!node.as<ops::SumPool>() && !node.as<ops::QuantAvgPool2d>()) return false;
  const Axes perm = channels_last_perm(known_shape(*node.outputs[0]).size());
  if (const auto* op = node.as<ops::SumPool>();
      op && !layout_name(op->data_layout).ends_with('C')) {
    ops::SumPool pool = *op;
    pool.data_layout = perm.size() == 4 ? Layout::kNHWC : Layout::kNWC;
    lowering.emit(node, pool, {lowering.channels_last(node.inputs[0], node)}, perm);
    return true;
  }
  if (const auto* op = node.as<ops::QuantAvgPool2d>(); op && op->data_layout != Layout::kNHWC) {
    ops::QuantAvgPool2d pool = *op;
    pool.data_layout = Layout::kNHWC;
    lowering.emit(node, pool, {lowering.channels_last(node.inputs[0], node)}, perm);
    return true;
  }
  return false;
}

}  // namespace assay::lowering
