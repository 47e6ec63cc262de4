// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "compile/backend/shell/shell.h"

namespace assay {

/// The instance that makes `clock` and `locked` of clk_i; without a PLL, assignments. UserError when
/// no setting comes within a percent of the clock.
std::string pll_text(const ShellBoard& board);
/// The cell of the PLL there, and what it is told of which the clock depends: "DIVR", "CLKOP_DIV", ...;
/// nothing without a PLL.
std::string pll_cell(const ShellBoard& board);
std::map<std::string, int> pll_settings(const ShellBoard& board);

}  // namespace assay
