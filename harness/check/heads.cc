// SPDX-License-Identifier: Apache-2.0
#include "harness/check/heads.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/printable.h"
#include "compile/graph/ops.h"

namespace assay {
namespace {

/// An output and what came off behind it, if anything did.
struct Ending {
  const HostTail* head = nullptr;
  Shape shape;
};

Ending ending_at(const Headless& network, std::size_t output) {
  const auto found = std::ranges::find(network.heads, output, &HostTail::output);
  return {found == network.heads.end() ? nullptr : &*found,
          *network.graph.outputs()[output]->shape};
}

const Checkpoint* checkpoint_at(const Graph& graph, const Tensor* output) {
  const auto& all = graph.checkpoints();
  const auto found = std::ranges::find_if(all, [&](const Checkpoint& checkpoint) {
    return checkpoint.tensor == output && checkpoint.kind != Checkpoint::Kind::kInput;
  });
  return found == all.end() ? nullptr : &*found;
}

/// The place among the outputs of the one that carries the checkpoint of that name.
std::optional<std::size_t> output_called(const Graph& graph, std::string_view name) {
  for (std::size_t i = 0; i < graph.outputs().size(); ++i)
    if (const Checkpoint* mine = checkpoint_at(graph, graph.outputs()[i]);
        mine && mine->name == name)
      return i;
  return {};
}

/// How many elements a row has and how far apart they lie: what an axis means, whatever axes of one
/// element are beside it.
std::pair<std::int64_t, std::int64_t> row_of(const ops::RowsOp& op, const Shape& shape) {
  const std::size_t axis = ops::normalise_axis(op.axis, shape.size());
  const Shape inner(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end());
  return {shape[axis], element_count(inner)};
}

bool same_function(const Ending& a, const Ending& b) {
  if (!a.head || !b.head) return a.head == b.head;
  const auto* rows_a = dynamic_cast<const ops::RowsOp*>(a.head->op.get());
  const auto* rows_b = dynamic_cast<const ops::RowsOp*>(b.head->op.get());
  if (!rows_a || !rows_b) return same_op(*a.head->op, *b.head->op);
  return rows_a->type() == rows_b->type() && row_of(*rows_a, a.shape) == row_of(*rows_b, b.shape);
}

std::string ending_text(const Ending& ending) {
  if (!ending.head) return "nothing";
  const std::string fields = fields_text(*ending.head->op);
  return fmt::format("{}{}{}", ending.head->label, fields.empty() ? "" : " of ", fields);
}

}  // namespace

std::optional<std::string> differing_heads(const Headless& a, const Headless& b) {
  for (std::size_t i = 0; i < a.graph.outputs().size(); ++i) {
    const Checkpoint* name = checkpoint_at(a.graph, a.graph.outputs()[i]);
    const auto peer = name ? output_called(b.graph, name->name) : std::nullopt;
    if (!peer) continue;
    const Ending mine = ending_at(a, i), other = ending_at(b, *peer);
    if (!same_function(mine, other))
      return fmt::format("behind '{}' A ends in {}, B in {}", printable(name->name),
                         ending_text(mine), ending_text(other));
  }
  return {};
}

}  // namespace assay
