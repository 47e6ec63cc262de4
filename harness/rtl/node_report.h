// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/report/rtl.h"
#include "harness/rtl/node_run.h"
#include "harness/rtl/rtl_level.h"

namespace assay {

/// A node with all that was found out about it.
struct VerifiedNode : Simulations {
  PreparedNode prepared;
};

/// reports/rtl-node.json.
report::RtlNode node_report(const RtlLevel& level, const std::vector<VerifiedNode>& nodes);
/// The same for people.
std::string node_table(const RtlLevel& level, const report::RtlNode& report);

}  // namespace assay
