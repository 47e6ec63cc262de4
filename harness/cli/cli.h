// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace assay {

/// The `assay` command. Results go to `out`, messages and progress to `err`. Returns the exit code:
/// 0 EQUIVALENT (or done), 1 DIFFERENT, 2 bad input or usage, 3 INCONCLUSIVE, 4 a tool or Assay
/// itself failed.
int run_command_line(const std::vector<std::string>& arguments, std::ostream& out,
                     std::ostream& err, bool terminal);

}  // namespace assay
