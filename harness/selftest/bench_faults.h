// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/selftest/fault_kinds.h"

namespace assay {

/// A bench that does not do its work: pieces of its sources that are replaced.
struct BenchMutant {
  struct Change {
    std::string file, from, to;
  };
  std::string name;  ///< "always-equal"
  std::vector<Change> changes;
};

/// Those that show on every design with streams inside and two frames.
std::vector<BenchMutant> bench_mutants();

/// In the user's cache, the objects that simulation programs are linked with are those of a mutant, and
/// the cache says that this user built them. What was built and simulated before is gone, so that it is
/// done again with them.
std::optional<Fault> change_bench(const Sandbox& box, Draw& draw);

}  // namespace assay
