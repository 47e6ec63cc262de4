// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::ice40 {

/// A bit of a port and its pin: `set_io data[3] 21`.
struct PinConstraint {
  std::string port;  ///< "data"
  int index = -1;    ///< 3; -1 where the port is one bit without an index
  std::string pin;   ///< of the package
};

/// The lines `set_io` of a `.pcf`, in their order; `set_frequency` is passed over. UserError naming
/// `file` and line for anything else, and for a port bit or pin that comes twice.
std::vector<PinConstraint> read_constraints(std::string_view text, std::string_view file);

}  // namespace assay::ice40
