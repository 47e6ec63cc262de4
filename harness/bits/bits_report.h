// SPDX-License-Identifier: Apache-2.0
#pragma once

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
/// What each ends with: bits are proved equal to their netlist, and the report is written.
VerifyBitsResult finish_bits(report::Bits report, Judgement judgement, const RtlSession& session,
                             const BuiltDesign& built, const VerifyBitsOptions& options,
                             const Console& console);

}  // namespace assay
