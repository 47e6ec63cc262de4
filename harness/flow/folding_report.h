// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "compile/graph/graph.h"
#include "compile/hw/devices.h"
#include "compile/passes/rewrite/pass_options.h"
#include "harness/report/json.h"

namespace assay {

/// reports/folding.json: how the layers of a stage are folded, whether they reach the goal, and
/// what they are estimated to take of the goal's device, or of kCostDevice.
Json folding_report(const Graph& graph, std::string_view stage, std::string_view stage_sha256,
                    const PassOptions& options);

/// {"lut": .., "ff": .., "bram": .., "dsp": ..}
Json resources_json(const hw::Resources& resources);
/// A device and what it has.
Json device_json(const hw::Device& device);

}  // namespace assay
