// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "compile/hw/layer.h"
#include "sim/bench/bench.h"

namespace assay::sim {

/// How a run compares with the token model.
struct StampCheck {
  std::int64_t compared = 0;  ///< stamps: of the beats that inputs took and outputs offered
  std::int64_t predicted = 0;
  std::string fault;  ///< the earliest difference in words; empty: none
};

/// Lets the token model of a layer do what the bench did at the outside and compares every cycle in
/// which the layer took a beat or offered one. `result` has stamps, and all beats of `frames`.
StampCheck check_stamps(const hw::Layer& layer, const Result& result, std::int64_t frames);

}  // namespace assay::sim
