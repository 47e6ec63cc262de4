// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/parts.h"

/// Reports on what was built of a design: its netlist, its bitstream.
namespace assay::report {

/// Whether what is verified equals what it was made from, for all inputs and states.
struct Proof {
  struct Failure {
    std::string function, register_name;
    Named<bool> counterexample;  ///< state and inputs
    bool simulated = false;      ///< and they were seen to differ
    void fields(Fields& f);
  };
  std::string verdict;  ///< "PROVED", "REFUTED", "UNPROVED", "INCONCLUSIVE"
  std::string reason;
  std::int64_t functions = 0;    ///< pairs of nets proved equal
  std::int64_t obligations = 0;  ///< registers, memory pins and outputs that they stand for
  File origin;                   ///< what it was made from
  /// Of a bitstream: what level netlist said of the very origin; empty: it was not verified.
  std::optional<std::string> origin_verdict;
  std::int64_t registers = 0, registers_origin = 0, classes = 0;
  std::int64_t memory_columns = 0, memory_bits = 0;  ///< paired, and compared literally
  std::string canary;                                ///< the planted fault that was refuted
  File prover;                                       ///< the program that decided the functions
  std::vector<Failure> failures;
  void fields(Fields& f);
};

/// Whether the gates that synthesis made of a layer equal its RTL.
struct LayerProof {
  std::string layer;           ///< its first instance, "u_Conv_0"
  std::string verdict;         ///< as of Proof
  std::string reason;          ///< where it is not proved
  bool optimised = false;      ///< of the RTL behind Yosys' `opt`
  std::int64_t functions = 0;  ///< pairs of nets proved equal
  std::string canary;          ///< the planted fault that was refuted
  void fields(Fields& f);
};

/// A few images once more, in another simulator than ours.
struct SecondOpinion {
  std::string simulator;             ///< "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)"
  std::vector<std::int64_t> images;  ///< of the run's
  std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats, over all profiles
  Canaries canaries;
  std::string fault;  ///< what it does not agree with; empty: nothing
  void fields(Fields& f);
};

/// reports/netlist-TARGET.json and reports/bitstream-TARGET.json: the built design simulated against
/// golden, and proved equal to what it was made from: bits to the netlist, tables to gates.
struct Bits {
  static constexpr std::string_view kSchema = "assay.bits/1";
  struct Cells {
    std::int64_t tables = 0, flip_flops = 0, memories = 0;
    void fields(Fields& f);
  };
  struct Stream {
    std::string name;  ///< of the port, or of the wires inside
    bool output = false;
    std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats
    void fields(Fields& f);
  };
  struct Violation {
    std::string rule, stream;
    std::int64_t cycle = 0;
    void fields(Fields& f);
  };
  /// How much was simulated.
  struct Lanes {
    std::int64_t lanes = 0, cycles = 0, lane_cycles = 0;
    std::vector<std::string> profiles;
    std::int64_t resets = 0;  ///< lanes that were reset in the middle of a frame
    void fields(Fields& f);
  };
  Program assay;
  std::string stage, stage_sha256;
  std::string level;   ///< "netlist", "bitstream"
  std::string target;  ///< "ice40-hx8k"
  File file;           ///< the one that was simulated
  Data data;
  std::int64_t images = 0;
  std::int64_t made_up = 0;  ///< images beside those of the data: extremes, checkerboards, noise
  std::uint64_t seed = 0;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
  std::int64_t predicted = 0, compared = 0, differing = 0;  ///< beats of outputs and streams inside
  Cells cells;
  Lanes simulation;
  Canaries canaries;
  std::vector<Stream> streams;
  std::vector<std::string> absent;  ///< streams inside whose wires did not keep their names
  std::vector<Violation> violations;
  std::string stuck;  ///< who waits for what; empty: nobody
  /// What makes the clock, and is not simulated: "SB_PLL40_CORE with DIVF 65, ...".
  std::optional<std::string> clock;
  std::string first_mismatch;  ///< empty: none
  std::optional<SecondOpinion> second_opinion;
  std::optional<Proof> proof;
  std::optional<std::vector<LayerProof>> layers;  ///< where they were asked for
  void fields(Fields& f);
};

}  // namespace assay::report
