// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/flow/flow.h"

namespace assay {

/// How much worse than its baseline the numbers of a case may be once something else was run:
/// another model, another folding, other options. What is run again unchanged is compared exactly.
struct Tolerance {
  double accuracy = 0;  ///< percent points of right answers
  double cost = 5;      ///< percent more cycles, memory or logic, of the whole
};

/// One network with one folding.
struct SuiteCase {
  std::string name;                 ///< "resnet8_w4a4/16384 cycles"
  FlowOptions flow;                 ///< `out` is left to who runs it
  std::string rtl_images;           ///< of the levels below the graph; empty: their default
  std::vector<std::string> levels;  ///< in the order of known_levels()
  Tolerance tolerance;
};

struct Suite {
  std::string name;
  std::vector<SuiteCase> cases;  ///< at least one; their names differ
};

/// The levels that a suite may name, in the order they are run.
const std::vector<std::string>& known_levels();

/// Reads a suite (docs/cli.md): TOML, paths relative to its file. UserError, with file and line,
/// for what is no TOML, unknown keys, values of a wrong type, files that are not there, or names
/// that occur twice.
Suite read_suite(const std::filesystem::path& file);

}  // namespace assay
