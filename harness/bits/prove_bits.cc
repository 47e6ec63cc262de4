// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/prove_bits.h"

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/process.h"
#include "harness/build/build_steps.h"
#include "sim/proof/proof.h"

namespace assay {

std::string proof_word(sim::ProofVerdict verdict) {
  switch (verdict) {
    case sim::ProofVerdict::kProved:
      return kProved;
    case sim::ProofVerdict::kRefuted:
      return kRefuted;
    case sim::ProofVerdict::kUnproved:
      return "UNPROVED";
    case sim::ProofVerdict::kInconclusive:
      return "INCONCLUSIVE";
  }
  ASSAY_INVARIANT(false, "a proof's verdict is none");
}

report::Proof prove_bits(const BuiltDesign& built, const RunDir& dir, std::uint64_t seed,
                         const Console& console) {
  const std::string relative = "build/" + built.build.target.name + "/proof";
  const std::filesystem::path folder = dir.file(relative);
  std::filesystem::remove_all(folder);
  dir.make_folder(relative);
  sim::ProofOptions options;
  if (built.design.port("rst_ni"))
    options.reset_n = "rst_ni";  // a board's design wakes up in its reset
  options.seed = seed;
  sim::ProofResult result;
  wait_aloud(console, "prove",
             [&] { result = sim::prove_equal(built.design, built.origin, options, folder); });
  report::Proof proof;
  proof.verdict = proof_word(result.verdict);
  proof.reason = result.reason;
  proof.functions = result.functions;
  proof.obligations = result.obligations;
  proof.origin = built.origin_file;
  proof.registers = result.registers_a;
  proof.registers_origin = result.registers_b;
  proof.classes = result.classes;
  proof.memory_columns = result.memory_columns;
  proof.memory_bits = result.memory_bits;
  proof.canary = result.canary;
  const std::filesystem::path prover = find_program("yosys-abc", "yosys");
  proof.prover = {prover.filename().string(), sha256(read_file(prover))};
  for (const sim::ProofFailure& failure : result.failures)
    proof.failures.push_back(
        {failure.function, failure.register_name, failure.counterexample, failure.simulated});
  return proof;
}

}  // namespace assay
