// SPDX-License-Identifier: Apache-2.0
#include "harness/check/match.h"

#include <algorithm>
#include <optional>

namespace assay {
namespace {

bool same_names(const Graph& a, const Graph& b) {
  return std::ranges::is_permutation(a.checkpoints(), b.checkpoints(), {}, &Checkpoint::name,
                                     &Checkpoint::name);
}

std::optional<Shape> checkpoint_shape(const Checkpoint& checkpoint) {
  if (!checkpoint.tensor->shape) return {};
  return checkpoint.shape();
}

bool same_sequence(const Graph& a, const Graph& b) {
  return std::ranges::equal(a.checkpoints(), b.checkpoints(),
                            [](const Checkpoint& x, const Checkpoint& y) {
                              return x.kind == y.kind && x.has_map == y.has_map &&
                                     checkpoint_shape(x) == checkpoint_shape(y);
                            });
}

}  // namespace

std::string_view match_checkpoints(const Graph& a, Graph& b) {
  if (same_names(a, b) || !same_sequence(a, b)) return "name";
  for (std::size_t i = 0; i < a.checkpoints().size(); ++i)
    b.checkpoints()[i].name = a.checkpoints()[i].name;
  return "order";
}

}  // namespace assay
