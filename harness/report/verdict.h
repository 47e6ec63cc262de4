// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// What a check found. Inconclusive is never taken for equivalent: nothing was compared, not as
/// much as predicted, or the check did not catch a planted fault. Approximate is the outcome of a
/// stage that only promises to be close: measured, not judged.
enum class Verdict { kEquivalent, kApproximate, kDifferent, kInconclusive };

std::string_view verdict_name(Verdict verdict);  ///< "EQUIVALENT", ...
/// The verdict of that name; INCONCLUSIVE when there is none.
Verdict parse_verdict(std::string_view name);

/// The verdict over several checks: one difference makes it DIFFERENT, otherwise one inconclusive
/// check makes it INCONCLUSIVE, otherwise it is EQUIVALENT: approximate checks have no say.
Verdict worse(Verdict a, Verdict b);

/// What came of a check.
struct Judgement {
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;  ///< one sentence, also for EQUIVALENT

  /// Takes a worse verdict, and the reason with it.
  void note(Verdict other, const std::string& why);
};

inline constexpr int kExitBadInput = 2;
inline constexpr int kExitFailure = 4;

/// 0 EQUIVALENT or APPROXIMATE, 1 DIFFERENT, 3 INCONCLUSIVE.
int exit_code(Verdict verdict);

}  // namespace assay
