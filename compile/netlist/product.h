// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// The lowest `width` bits of a * b, both in two's complement with the sign last: an array of adders.
/// An unsigned number has kZero for its sign.
std::vector<Net> product_of(Netlist& netlist, const std::vector<Net>& a, const std::vector<Net>& b,
                            std::size_t width);

/// The lowest bits of a + b + carry, as many as a has; b is as wide.
std::vector<Net> sum_of(Netlist& netlist, const std::vector<Net>& a, const std::vector<Net>& b,
                        Net carry);

}  // namespace assay::netlist
