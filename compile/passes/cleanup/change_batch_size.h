// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"

namespace assay {

/// Makes `images` the first axis of every graph input, of constant Reshape targets and of constant
/// Resize sizes that spell the old batch size out, and infers all shapes anew. Returns whether
/// anything changed. UserError, and an unchanged graph, when `images` < 1 or an operator does not
/// take the new shapes (it mixes the images, or holds a constant per image), or where a Softmax goes along
/// the images whatever their number.
///
/// Contract: exact (each image's values are unchanged).
bool change_batch_size(Graph& graph, std::int64_t images);

}  // namespace assay
