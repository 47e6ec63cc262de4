// SPDX-License-Identifier: Apache-2.0
// Concat: the integers of its parts one after the other.
#include <algorithm>
#include <cmath>

#include "compile/base/error.h"
#include "compile/graph/views.h"
#include "compile/passes/rewrite/constant_tools.h"
#include "compile/passes/rewrite/rewrite.h"
#include "compile/passes/streamline/common_unit.h"
#include "compile/passes/streamline/integer_weights.h"
#include "compile/passes/streamline/planner.h"
#include "compile/passes/streamline/terms.h"

namespace assay::streamline {
namespace {

/// The largest integer to which a scale of its own may bring a part.
constexpr double kMaxJoined = 0x1p40;

/// An array over so many entries of the axis that is joined.
struct Piece {
  RealArray array;
  std::int64_t entries;
};

/// Pieces one after the other along an axis of a tensor of rank `rank`.
RealArray joined(const std::vector<Piece>& pieces, std::size_t rank, std::size_t axis) {
  Shape part(rank, 1);
  std::int64_t entries = 0;
  for (const Piece& piece : pieces) {
    Shape rest = with_rank(piece.array, rank).shape;
    rest[axis] = 1;
    part = broadcast_shape(part, rest);
    entries += piece.entries;
  }
  RealArray out;
  out.shape = part;
  out.shape[axis] = entries;
  out.values.assign(static_cast<std::size_t>(element_count(out.shape)), Real());
  const auto steps = row_major_steps(out.shape);
  std::int64_t start = 0;
  for (const Piece& piece : pieces) {
    part[axis] = piece.entries;
    const auto from = broadcast_index(piece.array.shape, part);
    const auto to = strided_offsets(part, steps, start * steps[axis]);
    for (std::size_t i = 0; i < from.size(); ++i)
      out.values[static_cast<std::size_t>(to[i])] =
          piece.array.values[static_cast<std::size_t>(from[i])];
    start += piece.entries;
  }
  return compressed(out);
}

/// A stream among the inputs and the constants next to it.
struct Run {
  std::vector<const Tensor*> before, after;
  std::size_t input = 0;
};

std::vector<Run> runs_of(const Planner& planner) {
  std::vector<Run> runs(1);
  bool streams = false;
  for (std::size_t i = 0; i < planner.node().inputs.size(); ++i) {
    const Tensor* input = planner.node().inputs[i];
    if (!planner.depends_on_input(*input)) {
      (streams ? runs.back().after : runs.back().before).push_back(input);
      continue;
    }
    if (streams) runs.emplace_back();
    runs.back().input = i;
    streams = true;
  }
  return runs;
}

/// A constant has no stream: there the integers are 0, and the constant is their offset.
Value with_constants(Planner& planner, const Run& run, std::size_t axis) {
  const Value x = settled(planner, run.input);
  if (run.before.empty() && run.after.empty()) return x;
  const std::size_t rank = x.shape.size();
  const auto around = [&](const RealArray& own, bool scale) {
    std::vector<Piece> pieces;
    const auto add = [&](const std::vector<const Tensor*>& constants) {
      for (const Tensor* constant : constants)
        pieces.push_back({scale ? RealArray(Real(1)) : *exact_constant(*constant),
                          known_shape(*constant)[axis]});
    };
    add(run.before);
    pieces.push_back({own, x.shape[axis]});
    add(run.after);
    return joined(pieces, rank, axis);
  };
  std::vector<std::int64_t> pads(2 * rank, 0);
  for (const Tensor* constant : run.before) pads[axis] += known_shape(*constant)[axis];
  for (const Tensor* constant : run.after) pads[rank + axis] += known_shape(*constant)[axis];
  Value out;
  out.shape = x.shape;
  out.shape[axis] += pads[axis] + pads[rank + axis];
  out.folded = x.folded;
  out.offset = around(x.offset, false);
  for (const Term& term : x.terms) {
    Tensor* amounts = planner.to.graph.add_constant(
        planner.node().name + "_pads", Constant({2 * static_cast<std::int64_t>(rank)}, pads));
    const Bounds& range = planner.to.bounds(term.tensor);
    Tensor* wide = planner.to.add_node(
        std::make_unique<ops::Pad>(), {term.tensor, amounts}, out.shape,
        Bounds::of(std::min<std::int64_t>(range.min(), 0), std::max<std::int64_t>(range.max(), 0)));
    out.terms.push_back(
        {term.scale.is_scalar() ? term.scale : around(term.scale, true), wide, false});
  }
  return out;
}

Tensor* concatenate(Planner& planner, const ops::Concat& op, const std::vector<Tensor*>& tensors,
                    const Shape& shape) {
  std::int64_t lo = INT64_MAX, hi = INT64_MIN;
  for (const Tensor* tensor : tensors) {
    lo = std::min(lo, planner.to.bounds(tensor).min());
    hi = std::max(hi, planner.to.bounds(tensor).max());
  }
  Tensor* y = planner.to.add_node(op.clone(), tensors, shape, Bounds::of(lo, hi));
  const DataType first = tensors[0]->dtype;
  if (std::ranges::all_of(tensors, [&](const Tensor* t) { return t->dtype == first; }))
    y->dtype = first;
  return y;
}

/// Where the entries of `axis` of the node's input lie in its output; nothing where they are mixed with
/// others.
std::optional<std::size_t> followed(const Node& node, std::size_t axis) {
  const Shape &in = known_shape(*node.inputs[0]), &out = known_shape(*node.outputs[0]);
  if (const auto* transpose = node.as<ops::Transpose>())
    return static_cast<std::size_t>(
        std::ranges::find(transpose->perm, static_cast<std::int64_t>(axis)) -
        transpose->perm.begin());
  if (!reshapes(node)) return {};
  const auto elements_before = [](const Shape& shape, std::size_t end) {
    return element_count(Shape(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(end)));
  };
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] == in[axis] && elements_before(out, i) == elements_before(in, axis)) return i;
  return {};
}

/// Where the channels of a tensor lie by its layout; second where that is unknown.
std::size_t channel_axis(const Tensor& tensor) {
  const std::size_t found = layout_name(tensor.layout).find('C');
  return found == std::string_view::npos ? 1 : found;
}

/// Whether scales that differ along an axis are in the way of who reads the tensor. Those of channels
/// go into weights and thresholds, those of a vector into the matrix behind it, and an output's are
/// written beside it; no layer scales by position.
bool needs_one_scale(const Tensor& tensor, std::size_t axis) {
  return std::ranges::any_of(tensor.consumers, [&](const Node* reader) {
    if (!reshapes(*reader) && !reader->as<ops::Transpose>()) return axis != channel_axis(tensor);
    const Tensor& moved = *reader->outputs[0];
    if (known_shape(moved).size() <= 2) return false;
    const auto place = followed(*reader, axis);
    return !place || needs_one_scale(moved, *place);
  });
}

bool have_scales_of_their_own(const std::vector<Value>& parts) {
  return std::ranges::any_of(parts, [&](const Value& part) {
    return !std::ranges::equal(part.terms, parts[0].terms, {}, &Term::scale, &Term::scale) ||
           !(part.offset == parts[0].offset);
  });
}

/// All scales and offsets of the parts as multiples of one number; nothing when there is none, or the
/// integers would outgrow `kMaxJoined`.
std::optional<Real> unit_of(const Planner& planner, const std::vector<Value>& parts) {
  std::vector<Real> numbers;
  for (const Value& part : parts) {
    for (const Term& term : part.terms)
      numbers.insert(numbers.end(), term.scale.values.begin(), term.scale.values.end());
    numbers.insert(numbers.end(), part.offset.values.begin(), part.offset.values.end());
  }
  const auto common = common_unit(numbers);
  if (!common) return {};
  const auto largest = [&](const RealArray& array) {
    double most = 0;
    for (const Real& value : array.values)
      most = std::max(most, std::abs((value * common->unit.inverse()).to_double()));
    return most;
  };
  for (const Value& part : parts) {
    double most = largest(part.offset);
    for (const Term& term : part.terms) {
      const Bounds& range = planner.to.bounds(term.tensor);
      most += largest(term.scale) * static_cast<double>(std::max(-range.min(), range.max()));
    }
    if (most > kMaxJoined) return {};
  }
  return common->unit;
}

/// Makes every part one tensor of integers of the same unit, where there is such a unit.
void take_one_unit(Planner& planner, std::vector<Value>& parts) {
  const std::optional<Real> unit = unit_of(planner, parts);
  if (!unit) return;
  for (Value& part : parts) {
    scale_by(part, RealArray(unit->inverse()));
    Tensor* integers = as_integer(planner, part);
    ASSAY_INVARIANT(integers, "a multiple of the unit that is no integer");
    Value whole = Value::integers(integers);
    whole.folded = std::move(part.folded);
    scale_by(whole, RealArray(*unit));
    part = std::move(whole);
  }
}

Value concatenation(Planner& planner, const ops::Concat& op, const std::vector<Value>& parts,
                    std::size_t axis) {
  Value out;
  out.shape = known_shape(*planner.node().outputs[0]);
  std::size_t count = 1;
  std::vector<Piece> offsets;
  for (const Value& part : parts) {
    count = std::max(count, part.terms.size());
    offsets.push_back({part.offset, part.shape[axis]});
    out.folded.insert(out.folded.end(), part.folded.begin(), part.folded.end());
  }
  out.offset = joined(offsets, out.shape.size(), axis);
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<Piece> scales;
    std::vector<Tensor*> tensors;
    for (const Value& part : parts) {
      // A part with fewer terms has nothing to add: any of its integers, with the factor 0.
      const bool there = k < part.terms.size();
      scales.push_back({there ? part.terms[k].scale : RealArray(Real(0)), part.shape[axis]});
      tensors.push_back(part.terms[there ? k : 0].tensor);
    }
    out.terms.push_back({joined(scales, out.shape.size(), axis),
                         concatenate(planner, op, tensors, out.shape), false});
  }
  combine(planner, out);
  return out;
}

void join(Planner& planner, const ops::Concat& op) {
  const Tensor& output = *planner.node().outputs[0];
  const std::size_t axis = ops::normalise_axis(op.axis, known_shape(output).size());
  std::vector<Value> parts;
  for (const Run& run : runs_of(planner)) parts.push_back(with_constants(planner, run, axis));
  if (needs_one_scale(output, axis) && have_scales_of_their_own(parts))
    take_one_unit(planner, parts);
  planner.set_output(parts.size() == 1 ? std::move(parts[0])
                                       : concatenation(planner, op, parts, axis));
}

}  // namespace

bool plan_concat(Planner& planner, const Node& node) {
  const auto* op = node.as<ops::Concat>();
  if (op) join(planner, *op);
  return op != nullptr;
}

}  // namespace assay::streamline
