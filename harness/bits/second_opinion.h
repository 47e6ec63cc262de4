// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "harness/bits/lane_streams.h"
#include "harness/bits/verify_bits.h"
#include "harness/rtl/rtl_session.h"

namespace assay {

/// What was simulated in lanes, once more in Verilator, one image after the other: so many of the run's
/// images, drawn from the seed, under profile "always" and another. Every beat of every output and of
/// every stream inside that kept its name is compared with golden's. `empty`: the design without frames.
/// ToolError when Verilator is missing or fails.
report::SecondOpinion second_opinion(const RtlSession& session, const BuiltDesign& built,
                                     const PreparedTop& empty, const LaneStreams& streams,
                                     const VerifyBitsOptions& options, const Console& console);

}  // namespace assay
