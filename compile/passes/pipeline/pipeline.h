// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "compile/passes/pipeline/passes.h"

namespace assay {

/// The passes of the `cleanup` stage in order: quantisers in one form, constants folded, multi-step
/// operators in their elementary form, readable names, shapes, data types and layouts. All exact.
std::span<const PassInfo> cleanup_passes();

/// Runs `passes` in order with run_pass. Returns whether anything changed.
bool run_passes(Graph& graph, std::span<const PassInfo> passes);

}  // namespace assay
