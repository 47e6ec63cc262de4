// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/passes/rewrite/pass_context.h"

namespace assay {

/// set_folding() for PassOptions::device with FIFOs in its share, which are known only when layers are folded:
/// as long as layers, converters and FIFOs are estimated to take more, layers are folded once more and leave
/// room for as much as FIFOs took, a few times at most. A remark says what they take. UserError as
/// set_folding(), with what FIFOs need. Contract: exact.
bool fold_with_fifos(Graph& graph, PassContext& context);

}  // namespace assay
