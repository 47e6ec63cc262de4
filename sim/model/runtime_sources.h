// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace assay::sim {

struct RuntimeSource {
  std::string_view name, text;  ///< "sim/bench/bench.cc" and what is in it
};
/// The sources that every simulation program is made of; generated at build time.
std::span<const RuntimeSource> runtime_sources();

}  // namespace assay::sim
