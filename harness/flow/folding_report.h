// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "compile/graph/graph.h"
#include "compile/hw/devices.h"
#include "compile/passes/rewrite/pass_options.h"
#include "harness/report/hardware.h"

namespace assay {

/// reports/folding.json: how the layers of a stage are folded, whether they reach the goal, and
/// what they are estimated to take of the goal's device, or of kCostDevice.
report::Folding folding_report(const Graph& graph, std::string_view stage,
                               std::string_view stage_sha256, const PassOptions& options);

/// Says what of the device is not enough; empty when all is. `chosen`: it was asked for, and does not
/// merely weigh costs.
std::string device_warning(const report::Resources& needs, const report::Device& device,
                           bool chosen);

report::Resources resources_report(const hw::Resources& resources);
report::Device device_report(const hw::Device& device);

}  // namespace assay
