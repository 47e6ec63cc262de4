// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <unordered_set>

#include "compile/graph/graph.h"

/// Where values flow before a quantiser makes integers of them.
namespace assay {

/// Everything that the tensors `from` reach before any quantiser, themselves and the outputs of
/// those quantisers included.
std::unordered_set<const Tensor*> before_quantisers(const std::vector<Tensor*>& from);

/// Whether a tensor reaches, through operators that keep channels apart, a node that `stops` it,
/// before any quantiser.
bool reaches(const Tensor* from, const std::function<bool(const Node&)>& stops);

/// Whether a quantiser of several integers has thresholds that depend on the position: hardware
/// joins streams by thresholds that are the same at all of them.
bool joins_by_position(const Graph& graph);

/// A product that sums over channels.
bool is_dense_product(const Node& node);

}  // namespace assay
