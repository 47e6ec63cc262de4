// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compile/hw/boards.h"
#include "harness/build/vivado_results.h"
#include "harness/report/vivado.h"
#include "harness/run/run_dir.h"

/// reports/vivado-BOARD.json: what is done with it wherever it comes from.
namespace assay {

/// The report on a board's project as it lies in a run's folder. UserError when there is none, when it was edited, or when the
/// project was made of other RTL than lies in rtl/top now.
report::Vivado read_vivado_report(const std::filesystem::path& dir, const hw::Board& board);

/// Copies results into build/BOARD and notes them, what they say and their checks, in place of earlier ones.
void keep_results(const RunDir& dir, report::Vivado& report, const VivadoResults& results);

/// Takes the verdict from the checks, seals the report, writes and registers it, and its results where they were written
/// with it. The project's files are registered where they are written: who saves a report does not take for theirs
/// what lies there now.
enum class Saved { kProject, kResults, kReport };
void save_vivado_report(const RunDir& dir, report::Vivado& report, Saved saved);

/// What the simulation of the collected netlist came to, noted in the report.
void settle_netlist(const RunDir& dir, const hw::Board& board, Verdict verdict,
                    const std::string& reason);

/// For people; ends with what is not verified.
std::string vivado_table(const report::Vivado& report);

}  // namespace assay
