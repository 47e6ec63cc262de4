// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/proof/pairing.h"

/// Where netlists that are not equal begin to differ.
namespace assay::sim {

/// State without counterpart.
struct Suspect {
  bool column = false;
  std::size_t index = 0;  ///< of the item, or of the column
  std::size_t foreign =
      0;  ///< how much other state without counterpart decides it: 0 is where it began
  /// Of an item: in which state it differs from what is most like it on the other side; may be
  /// empty.
  NamedValues state;
};

/// Of the second side, as far as there are any, else of the first; where it began in front. At most
/// `count`.
std::vector<Suspect> suspects(const Both& both, const Pairing& pairing, std::uint64_t seed,
                              std::size_t count);

/// What nets of both sides depend on, with their values in one of the first 64 states, by names of
/// the second side where that has them.
NamedValues values_in(const Both& both, const States& states, std::array<std::size_t, 2> sides,
                      std::array<netlist::Net, 2> nets, const Pairing& pairing);

}  // namespace assay::sim
