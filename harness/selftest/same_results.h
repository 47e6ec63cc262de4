// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/run/saved_run.h"
#include "harness/selftest/sandbox.h"

namespace assay {

/// Whether a network, in the bytes of its file, gives what another one gives, at every checkpoint and
/// on every image of the run in the sandbox: then a verdict about these images holds for it, too.
/// Decided here, never by a command that is on trial.
bool same_results(const std::string& before, const std::string& after, const SavedRun& run,
                  const Sandbox& box);

}  // namespace assay
