// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/bench/bench.h"

namespace assay::sim {

/// Generated for every model (sim/model/model.cc): design `dut` of the model, with registers in a state
/// drawn from `seed` and its control inputs set. `wave`: a waveform's file; empty: none.
std::unique_ptr<Dut> make_dut(int dut, std::uint64_t seed, const std::string& wave,
                              const std::vector<std::uint64_t>& controls);

}  // namespace assay::sim
