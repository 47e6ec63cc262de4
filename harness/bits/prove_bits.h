// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "harness/bits/built_design.h"
#include "harness/report/bits.h"
#include "harness/report/console.h"
#include "harness/run/run_dir.h"
#include "sim/proof/proof.h"

namespace assay {

inline constexpr const char* kProved = "PROVED";
inline constexpr const char* kRefuted = "REFUTED";

/// "PROVED"
std::string proof_word(sim::ProofVerdict verdict);

/// Proves a built design equal to what it was made from.
report::Proof prove_bits(const BuiltDesign& built, const RunDir& dir, std::uint64_t seed,
                         const Console& console);

}  // namespace assay
