// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "harness/bits/built_design.h"
#include "harness/bits/verify_bits.h"
#include "harness/report/verdict.h"

namespace assay {

/// "reports/bitstream-icebreaker.json"
std::string bits_report_file(BitsLevel level, const std::string& target);
/// What each verification begins with: what is looked at, and on which images.
report::Bits bits_head(const RtlSession& session, const BuiltDesign& built,
                       const VerifyBitsOptions& options);

/// What is verified, and since when.
struct BitsWork {
  const RtlSession& session;
  const BuiltDesign& built;
  const VerifyBitsOptions& options;
  const Console& console;
  std::chrono::steady_clock::time_point began;
};

/// What each ends with: bits are proved equal to their netlist, the report is written, and beside the
/// build how long all of it took.
VerifyBitsResult finish_bits(report::Bits report, Judgement judgement, const BitsWork& work);

}  // namespace assay
