// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "compile/backend/shell/shell.h"

namespace assay {

/// The instance that makes `clock` and `locked` of clk_i; without a PLL, assignments. UserError when
/// no setting comes within a percent of the clock.
std::string pll_text(const ShellBoard& board);
/// The cell of an iCE40's PLL there, and what it is told: "DIVR", "DIVF", "DIVQ", "FILTER_RANGE".
std::string ice40_pll_cell(const ShellBoard& board);
std::map<std::string, int> ice40_pll_settings(const ShellBoard& board);

}  // namespace assay
