// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/report/rtl.h"
#include "harness/rtl/node_run.h"
#include "harness/rtl/rtl_level.h"

namespace assay {

/// A node with all that was found out about it.
struct VerifiedNode : Simulations {
  PreparedNode prepared;
  report::Coverage of_images, coverage;  ///< alone, and with the directed frames
};

/// What keeps a node's coverage from a percentage; empty: nothing.
std::string coverage_fault(const report::Coverage& coverage, std::optional<double> percent);

/// What its memories, its runs, its canaries and its coverage amount to.
Judgement judge_node(const VerifiedNode& node, std::optional<double> min_coverage);

/// reports/rtl-node.json.
report::RtlNode node_report(const RtlLevel& level, const std::vector<VerifiedNode>& nodes);
/// The same for people.
std::string node_table(const RtlLevel& level, const report::RtlNode& report);

}  // namespace assay
