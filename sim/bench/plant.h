// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sim/bench/bench.h"

namespace assay::sim {

/// The design, which on every stream that it gives breaks each rule once: a beat that changes while
/// it waits, where one waits before the end; behind the last beat one that changes, one that is
/// taken back and one too many; on outputs also a valid that depends on ready. No beat of the
/// frames changes its value. For jobs without resets whose sinks are not always ready. Compiled into
/// every simulation program.
std::unique_ptr<Dut> plant_faults(std::unique_ptr<Dut> dut, const Job& job);

}  // namespace assay::sim
