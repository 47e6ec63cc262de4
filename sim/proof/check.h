// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
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

/// What all batches of a question came to.
struct Answers {
  Answer first;  ///< equal: all are; else the first difference, else what is unknown
  std::vector<Answer> different;  ///< one of each batch that has any
};

/// Questions to ABC. What it once said to be equal is not asked again: as text, to the letter.
class Questions {
 public:
  /// ABC works in a folder that only this process's user can reach; what is in it when this object goes is
  /// copied into `folder`, unless remove_files() was called. ToolError when there can be none.
  explicit Questions(std::filesystem::path folder);
  ~Questions();
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  /// Asks whether all differences are the constant 0, some functions at a time, as many times side by
  /// side as there are threads. `functions` as `distinct` gives them. ToolError when ABC cannot be
  /// started or fails.
  Answers ask(const Both& both, const Pairing& pairing, const std::vector<Obligation>& functions,
              std::chrono::steady_clock::time_point deadline);
  std::int64_t asked() const { return asked_; }
  void remove_files();

 private:
  std::filesystem::path folder_, work_;
  bool keep_ = true;
  std::set<std::string> equal_;  ///< SHA-256 of texts
  std::int64_t asked_ = 0;
};

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
