// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// The graph that computes post(pre(x)): the single output of `pre` feeds the input of `post` that is
/// number `input`; inputs keep their order. Names of `pre` are kept, those of `post` get a suffix where they clash; the name,
/// outputs and checkpoints are those of `post` (its input's checkpoint is carried by the output of
/// `pre`: it stays "the network's input, after pre-processing"), and activation checkpoints inside
/// `pre` are added. UserError when `pre` has several outputs or no input, when there is no such input, or when the shapes or element types differ.
///
/// Contract: exact.
Graph merge_models(const Graph& pre, Graph post, std::size_t input = 0);

}  // namespace assay
