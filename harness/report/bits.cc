// SPDX-License-Identifier: Apache-2.0
#include "harness/report/bits.h"

namespace assay::report {

void Bits::Cells::fields(Fields& f) {
  f("tables", tables);
  f("flip_flops", flip_flops);
  f("memories", memories);
}

void Bits::Stream::fields(Fields& f) {
  f("name", name);
  f("output", output);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
}

void Bits::Violation::fields(Fields& f) {
  f("rule", rule);
  f("stream", stream);
  f("cycle", cycle);
}

void Bits::Lanes::fields(Fields& f) {
  f("lanes", lanes);
  f("cycles", cycles);
  f("lane_cycles", lane_cycles);
  f("profiles", profiles);
  f("resets", resets);
}

void SecondOpinion::fields(Fields& f) {
  f("simulator", simulator);
  f("images", images);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("canaries", canaries);
  f("fault", fault);
}

void Proof::Failure::fields(Fields& f) {
  f("function", function);
  f("register", register_name);
  f("counterexample", counterexample);
  f("simulated", simulated);
}

void Proof::fields(Fields& f) {
  f("verdict", verdict);
  f("reason", reason);
  f("functions", functions);
  f("obligations", obligations);
  f("origin", origin);
  f("origin_verdict", origin_verdict);
  f("registers", registers);
  f("registers_origin", registers_origin);
  f("classes", classes);
  f("memory_columns", memory_columns);
  f("memory_bits", memory_bits);
  f("canary", canary);
  f("prover", prover);
  f("failures", failures);
}

void LayerProof::fields(Fields& f) {
  f("layer", layer);
  f("verdict", verdict);
  f("reason", reason);
  f("optimised", optimised);
  f("functions", functions);
  f("canary", canary);
}

void Bits::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("level", level);
  f("target", target);
  f("file", file);
  f("data", data);
  f("images", images);
  f("made_up", made_up);
  f("seed", seed);
  f("verdict", verdict);
  f("reason", reason);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("cells", cells);
  f("simulation", simulation);
  f("canaries", canaries);
  f("streams", streams);
  f("absent", absent);
  f("violations", violations);
  f("stuck", stuck);
  f("clock", clock);
  f("first_mismatch", first_mismatch);
  f("second_opinion", second_opinion);
  f("proof", proof);
  f.where_given("layers", layers);
}

}  // namespace assay::report
