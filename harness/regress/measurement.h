// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/regress/suite.h"
#include "harness/report/console.h"

namespace assay {

/// A number that should not get worse. Compared exactly.
struct Metric {
  std::string name;  ///< "cycles"
  std::string node;  ///< the layer or FIFO that it is of; empty: of the whole
  bool more_is_better = false;
  std::int64_t value = 0;
};

/// What running a case at a level gave.
struct Measurement {
  std::string case_name, level;
  std::string setup;    ///< what was run, as JSON: network, images, options
  std::string verdict;  ///< a verdict's name, or kFailed
  std::string reason;
  std::vector<Metric> metrics;
  bool tool_failed = false;  ///< under kFailed: a tool, not the input
  double seconds = 0;        ///< that running it took
};

inline constexpr const char* kFailed = "FAILED";
inline constexpr const char* kNotRun = "NOT RUN";  ///< of a baseline whose case is gone

/// Whether the verdict is one that later runs may be held to: EQUIVALENT or APPROXIMATE.
bool is_right(const Measurement& m);

/// Runs a case in folder `dir`, with built models in `cache`, through the same functions as `assay
/// run` and `assay verify`; a level whose foundation is not EQUIVALENT is INCONCLUSIVE. What a case
/// throws becomes the verdict FAILED of its level.
std::vector<Measurement> measure(const SuiteCase& entry, const std::filesystem::path& dir,
                                 const std::filesystem::path& cache, const Console& console);

}  // namespace assay
