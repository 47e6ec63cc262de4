// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/report/run.h"
#include "harness/run/ledger.h"

namespace assay {

/// What check_ledger() finds and, where that is nothing, whether the stages are all that the options of
/// the run give (stage_list.h) and, with `made_again`, come from its model (remade.h).
LedgerCheck check_run(const std::filesystem::path& dir, bool made_again);

/// A finished run as its folder is now: its verdict, the levels that were simulated, and why that
/// may no longer hold: files that were edited or are missing, a model or images that were replaced.
/// Then the verdict is INCONCLUSIVE. UserError as read_run_alone().
report::ShowRun show_run(const std::filesystem::path& dir);
/// The same for people, the verdict first.
std::string show_run_text(const report::ShowRun& shown);

}  // namespace assay
