// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/bits/verify_bits.h"

namespace assay {

/// verify_bits() of a board's build, which hears and says bytes: a host streams the images through it
/// (harness/board/host.h) over a simulated serial line.
VerifyBitsResult verify_board(const VerifyBitsOptions& options, const Console& console);

}  // namespace assay
