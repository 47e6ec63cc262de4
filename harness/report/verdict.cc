// SPDX-License-Identifier: Apache-2.0
#include "harness/report/verdict.h"

namespace assay {

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEquivalent:
      return "EQUIVALENT";
    case Verdict::kApproximate:
      return "APPROXIMATE";
    case Verdict::kDifferent:
      return "DIFFERENT";
    case Verdict::kInconclusive:
      break;
  }
  return "INCONCLUSIVE";
}

Verdict parse_verdict(std::string_view name) {
  for (const Verdict verdict : {Verdict::kEquivalent, Verdict::kApproximate, Verdict::kDifferent})
    if (name == verdict_name(verdict)) return verdict;
  return Verdict::kInconclusive;
}

Verdict worse(Verdict a, Verdict b) {
  if (a == Verdict::kDifferent || b == Verdict::kDifferent) return Verdict::kDifferent;
  if (a == Verdict::kInconclusive || b == Verdict::kInconclusive) return Verdict::kInconclusive;
  return Verdict::kEquivalent;
}

void Judgement::note(Verdict other, const std::string& why) {
  if (worse(verdict, other) == verdict) return;
  verdict = other;
  reason = why;
}

int exit_code(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEquivalent:
    case Verdict::kApproximate:
      return 0;
    case Verdict::kDifferent:
      return 1;
    case Verdict::kInconclusive:
      break;
  }
  return 3;
}

}  // namespace assay
