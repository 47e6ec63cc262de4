// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "compile/netlist/netlist.h"

/// Whether two netlists give the same outputs for all inputs, from their initial states on.
namespace assay::sim {

enum class ProofVerdict : std::uint8_t {
  kProved,
  /// Seen to differ: an output, in a simulation from the initial state or whatever the state; or,
  /// without which the proof does not close, an initial value, the contents of a memory, a port,
  /// the clock.
  kRefuted,
  /// Some function differs in a state that may be one that never occurs. Of netlists that keep
  /// their registers, as place and route does, it is a fault.
  kUnproved,
  /// Nothing to prove, time was over, ABC gave no clear answer, or a fault planted into `a` passed
  /// as equal.
  kInconclusive
};

/// ProofResult::reason where that is all that was missing.
inline constexpr const char* kTimeIsOver = "time is over";

struct ProofOptions {
  /// An input that is 0 in the first cycles of every use (the reset); empty: none. It serves only
  /// to find which state corresponds; the proof does not rest on it.
  std::string reset_n;
  std::uint64_t seed = 1;
  std::chrono::seconds limit{600};
};

struct ProofFailure {
  /// "the next value of register u_MVAU_0.acc[3]", "output m_axis_tdata[2]",
  /// "memory u_x.rom, bit 3 of word 17".
  std::string function;
  std::string
      register_name;  ///< in the second netlist where it has one, else in the first; may be empty
  /// A state and inputs in which the two differ, by names of the second netlist: what the function
  /// depends on.
  std::vector<std::pair<std::string, bool>> counterexample;
  /// Both were evaluated in this state, by no part of ABC, and they do differ. Whether the state
  /// occurs is another question: the verdict answers it.
  bool simulated = false;
};

struct ProofResult {
  ProofVerdict verdict = ProofVerdict::kInconclusive;
  std::string reason;            ///< where it is not proved
  std::int64_t functions = 0;    ///< pairs of different nets proved equal, or to be proved
  std::int64_t obligations = 0;  ///< what they stand for: registers, memory pins and outputs
  std::int64_t registers_a = 0, registers_b = 0;
  std::int64_t classes = 0;  ///< that these fell into
  std::int64_t unpaired_a = 0,
               unpaired_b = 0;  ///< of them alone on their side; the proof needs nothing of these
  std::int64_t memory_columns = 0, memory_bits = 0;  ///< of `b`: paired, and compared literally
  std::int64_t refinements = 0;  ///< states in which corresponding state was looked for
  std::int64_t questions = 0;    ///< to ABC
  std::string canary;  ///< the planted fault that was refuted: "row 3 of the table of net 17"
  std::vector<ProofFailure> failures;  ///< where it began first, at most 8
};

/// Proves `a` (from the bits) equal to `b` (the netlist it was made from): every sequence of
/// outputs that `a` can give, `b` can give for the same inputs. Ports are matched by name.
///
/// The proof is an induction over cycles. Both are simplified and cut at flip-flops and memories.
/// Registers of both sides are put into classes; one class may hold a constant. Columns of memories
/// (one bit of every word) are put into classes of the same geometry and ports. The invariant: all
/// registers of a class have one value, all columns of a class the same contents.
///   Start: members of a class have the same initial value, columns the same initial contents,
/// compared literally. What an initial value of `b` leaves open is chosen, once, to match; of what
/// `a` leaves open there is at most one register in a class, and no known one of either side.
///   Step: with one free variable per class, per input and per word read from a class of columns,
/// ABC proves that all next values of a class are the same function, that all pins (addresses,
/// data, enables) of a class of columns are, and that all outputs are. So the invariant holds after
/// the step, and outputs agree in this cycle. A registered read port counts as a read and a
/// flip-flop with an enable behind it.
///   Data read at once are variables though they depend on addresses of the same cycle. But a
/// class's address is one function of all its members, and classes have an order in which it
/// depends on earlier ones only: a cycle of classes would be a combinational loop in every side
/// that has one of them. Along this order addresses have equal values, and so, contents being the
/// same, have data.
///   State alone in its class is a free variable of one side: the step holds for whatever it is.
/// How classes were found needs no trust: simulation from the initial state, random steps (van
/// Eijk) and ABC's counterexamples; nor do names.
///
/// Then one bit of one table of `a` is changed, such that a function is seen to differ, and ABC
/// must refute it.
///
/// `folder`: for files, which stay unless it is proved. UserError where netlist::verify has one,
/// for combinational loops and where the clock of `b` is no input. ToolError when yosys-abc is
/// missing or fails.
ProofResult prove_equal(const netlist::Netlist& a, const netlist::Netlist& b,
                        const ProofOptions& options, const std::filesystem::path& folder);

}  // namespace assay::sim
