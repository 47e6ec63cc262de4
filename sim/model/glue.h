// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/model/model.h"

namespace assay::sim {

/// The module assay_top, which holds every design of a model side by side, port prefix d<i>_.
std::string top_text(const ModelSpec& spec);
/// The C++ that lends a Verilated assay_top to the bench (sim/bench/model_glue.h).
std::string glue_text(const ModelSpec& spec);

}  // namespace assay::sim
