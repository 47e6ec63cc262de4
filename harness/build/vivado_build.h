// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "compile/hw/boards.h"
#include "harness/build/build.h"
#include "harness/report/vivado.h"

namespace assay {

struct VivadoResult {
  report::Vivado report;  ///< reports/vivado-BOARD.json
  std::string table;      ///< for people
};

/// The board whose bitstreams Vivado makes, of a target's name; null: the target is none.
const hw::Board* vivado_board(std::string_view target);

/// A project for Vivado of a run's accelerator in DIR/build/BOARD, with what can be checked without Vivado
/// checked: a check whose tool is missing is INCONCLUSIVE. Where `vivado` is in PATH it makes the
/// bitstream; where it is not the result is INCONCLUSIVE and has the command that does. Errors as of
/// BuildSource and vivado_project(); UserError for options that are not Vivado's; ToolError where Vivado
/// fails.
VivadoResult build_with_vivado(const BuildOptions& options, const Console& console);

}  // namespace assay
