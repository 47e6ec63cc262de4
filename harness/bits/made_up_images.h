// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "golden/data/dataset.h"
#include "golden/data/synthetic.h"

namespace assay {

/// Images of a set's size that reach what photographs do not: all darkest, all brightest, both
/// checkerboards, and noise drawn from a seed. One behind the other, as planes of integers of `range`.
std::vector<std::int32_t> made_up_images(const Dataset& set, IntegerRange range,
                                         std::uint64_t seed);

}  // namespace assay
