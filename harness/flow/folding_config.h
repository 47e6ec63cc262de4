// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "compile/passes/rewrite/pass_options.h"

namespace assay {

/// Reads a folding file in FINN's form: {"Defaults": {"mem_mode": "decoupled"}, "MVAU_0": {"PE": 4,
/// ..}}. UserError naming the file when it is no JSON, no object of objects, or a field or its
/// value is one that no layer has.
FoldingConfig read_folding_config(const std::filesystem::path& file);
/// A folding file that reads back as `config`.
std::string folding_config_text(const FoldingConfig& config);

/// The most cycles per frame at which a clock gives that many frames per second. UserError when
/// that is less than one.
std::int64_t cycles_per_frame(double fps, double clock_mhz);

}  // namespace assay
