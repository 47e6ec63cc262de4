// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/backend/shell/shell.h"

namespace assay {

/// The instance that makes `clock` and `locked` of clk_i; without a PLL, assignments. UserError when
/// no setting comes within a percent of the clock.
std::string pll_text(const ShellBoard& board);

}  // namespace assay
