// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compile/graph/ops.h"

namespace assay {

/// Which element of an axis of `in` elements each of `out` elements reads, as a nearest Resize by
/// the ratio of the sizes has it (ONNX, Resize): a fraction by coordinate_transformation_mode,
/// rounded by nearest_mode, moved into the axis. Nothing for a mode without such a rule.
std::optional<std::vector<std::int64_t>> nearest_positions(const ops::Resize& op, std::int64_t in,
                                                           std::int64_t out);

}  // namespace assay
