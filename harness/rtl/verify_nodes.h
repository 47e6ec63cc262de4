// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/console.h"
#include "harness/report/rtl.h"
#include "harness/rtl/simulation_options.h"

namespace assay {

struct VerifyNodesOptions : SimulationOptions {
  std::vector<std::string> nodes;  ///< names; empty: every hardware node
  /// Percent of the thresholds and of the weight bits of every node that has to be covered.
  std::optional<double> min_coverage;
};

struct VerifyNodesResult {
  report::RtlNode report;  ///< reports/rtl-node.json; of chosen nodes in no file
  std::string table;       ///< for people
};

/// Level rtl-node: generates the RTL of every hardware node of a run's last stage into rtl/, reads
/// its memories back, simulates each node alone on what golden has at its inputs, and on directed
/// frames for what the images do not show (directed.h), and compares every beat with golden's,
/// under each profile (all but "always" with a reset in the middle of a frame), and the cycles per
/// frame with the layer's formula. Each node also gets runs with planted faults, which must be
/// noticed (canaries.h). Runs that an earlier call made with equal contents are not repeated.
/// UserError for a folder without hardware layers or unknown nodes; ToolError when Verilator or the
/// compiler is missing or fails.
VerifyNodesResult verify_nodes(const VerifyNodesOptions& options, const Console& console);

}  // namespace assay
