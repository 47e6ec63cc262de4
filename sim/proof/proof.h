// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compile/netlist/netlist.h"

/// Whether two netlists give the same outputs for all inputs, from their initial states on.
namespace assay::sim {

enum class ProofVerdict : std::uint8_t { kProved, kRefuted, kInconclusive };

struct ProofOptions {
  /// An input that is 0 in the first cycles of every use (the reset); empty: none. It serves only to find
  /// which state corresponds; the proof does not rest on it.
  std::string reset_n;
  std::uint64_t seed = 1;
  std::chrono::seconds limit{600};
};

struct ProofFailure {
  std::string
      function;  ///< "the next value of register u_MVAU_0.acc[3]", "output m_axis_tdata[2]", "memory u_x.rom unit 17"
  std::string registers;  ///< names of it in the second netlist, for people
  /// A state and input in which the two differ, by name, as far as the solver gave one.
  std::vector<std::pair<std::string, bool>> counterexample;
  bool simulated = false;  ///< the counterexample was simulated and does differ
};

struct ProofResult {
  ProofVerdict verdict = ProofVerdict::kInconclusive;
  std::string reason;          ///< where it is not proved
  std::int64_t functions = 0;  ///< proved equal, or to be proved
  std::int64_t registers_a = 0, registers_b = 0,
               classes = 0;                    ///< flip-flops and the classes they fell into
  std::int64_t memories = 0, memory_bits = 0;  ///< paired, and compared literally
  std::int64_t refinements = 0;
  std::vector<ProofFailure> failures;  ///< the first, at most 8
};

/// Proves `a` (from the bits) equal to `b` (the netlist it was made from). Ports are matched by name. State
/// is paired by signatures of a simulation, refined by random steps from random states of the classes;
/// every next value of a flip-flop, memory pin and output is proved equal by ABC's `cec` with state
/// as input; contents, modes and initial states are compared literally: an induction over time. The
/// pairing needs no trust. `folder`: for files, kept on failure. ToolError when yosys-abc is missing or
/// fails.
ProofResult prove_equal(const netlist::Netlist& a, const netlist::Netlist& b,
                        const ProofOptions& options, const std::filesystem::path& folder);

}  // namespace assay::sim
