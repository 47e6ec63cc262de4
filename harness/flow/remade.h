// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/run/saved_run.h"

namespace assay {

/// Why the stages of a finished run do not come from its model; empty: they do. Up to `partition` each
/// has to be what its passes make of the one before it, byte for byte, the first of the model (where that
/// is gone, the first is taken as it is). Behind it, where a folding file or a simulation decides how
/// layers are implemented, the last has to compute what `partition` does (function_digest()). UserError
/// when files or options cannot be read.
std::string remade_fault(const SavedRun& run);

}  // namespace assay
