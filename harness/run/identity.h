// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/graph/graph.h"
#include "harness/report/json.h"
#include "harness/run/images.h"

namespace assay {

const char* assay_version();  ///< "0.1.0"
/// Version of Assay and SHA-256 of the program that runs.
Json assay_identity();

/// A model: SHA-256 of its file and of the graph's text (which covers external data too).
Json model_identity(const std::string& bytes, const Graph& graph);

/// Data set: name, content hash, first image, count, whether made up.
Json data_identity(const ChosenImages& images);

}  // namespace assay
