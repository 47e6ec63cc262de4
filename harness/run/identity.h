// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/graph/graph.h"
#include "harness/report/parts.h"
#include "harness/run/images.h"

namespace assay {

const char* assay_version();  ///< "0.1.0"
/// The program that runs.
report::Program assay_identity();
report::Model model_identity(const std::string& bytes, const Graph& graph);
report::Data data_identity(const ChosenImages& images);

}  // namespace assay
