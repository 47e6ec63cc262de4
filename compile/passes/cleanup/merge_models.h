// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// The graph that computes post(pre(x)): the single output of `pre` feeds the single input of
/// `post`. Names of `pre` are kept, those of `post` get a suffix where they clash; the name,
/// outputs and checkpoints are those of `post` (its input's checkpoint is carried by the output of
/// `pre`: it stays "the network's input, after pre-processing"), and activation checkpoints inside
/// `pre` are added. UserError when either end is not single or the shapes or element types differ.
///
/// Contract: exact.
Graph merge_models(const Graph& pre, Graph post);

}  // namespace assay
