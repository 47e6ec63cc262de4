// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/proof/pairing.h"

/// What has to hold of a pairing, and whether it does.
namespace assay::sim {

/// Two functions that have to be equal.
struct Obligation {
  enum class Kind : std::uint8_t { kNext, kPin, kOutput } kind = Kind::kOutput;
  std::size_t index =
      0;  ///< of the item, of the column, of the output: the second side's, if it has one
  std::array<std::size_t, 2> side{0, 1};
  std::array<netlist::Net, 2> net{};
};

/// Of each class all but one member, each column's pins likewise, and all outputs: as many as
/// `predict` says.
std::vector<Obligation> obligations(const Both& both, const Pairing& pairing);
std::size_t predict(const Both& both, const Pairing& pairing);

/// Those that are of the same two nets once; the first of each.
std::vector<Obligation> distinct(const std::vector<Obligation>& all);

struct Answer {
  enum class Kind : std::uint8_t { kEqual, kDifferent, kUnknown } kind = Kind::kUnknown;
  std::string reason;        ///< where it is unknown
  std::size_t function = 0;  ///< where it differs: which
  Pattern pattern;           ///< and in which state: variables that matter, but perhaps one
};

/// Asks ABC whether all differences are the constant 0. `functions` as `distinct` gives them. Files
/// go into the folder. ToolError when ABC cannot be started or fails.
Answer ask(const Both& both, const Pairing& pairing, const std::vector<Obligation>& functions,
           const std::filesystem::path& folder, std::chrono::steady_clock::time_point deadline);

/// What ABC's words mean, where `functions` were asked for, of `variables` each.
Answer understand(const std::string& output, std::size_t functions, std::size_t variables);

/// A class whose members wake up, or whose columns hold, different values. Nothing where there is
/// none.
struct Conflict {
  bool column = false;
  std::size_t first = 0,
              second = 0;  ///< items or columns: of the first side, if there is one; then the other
};
std::vector<Conflict> conflicts(const Both& both, const Pairing& pairing);

}  // namespace assay::sim
