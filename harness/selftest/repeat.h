// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/run/saved_run.h"
#include "harness/selftest/sandbox.h"

namespace assay {

/// What became of a command.
struct CommandOutcome {
  int exit_code = 0;  ///< 128 + signal when a signal ended it
  bool timed_out = false;
  std::string output;  ///< all that it printed, or the end of it
};

/// Runs `assay ARGUMENTS` with `cache` as the user's cache folder; ends it when `limit` is over.
using CommandRunner =
    std::function<CommandOutcome(const std::vector<std::string>& arguments,
                                 const std::filesystem::path& cache, std::chrono::seconds limit)>;

/// A program `assay` as a process of its own: a fault that brings it down ends nothing else.
CommandRunner command_of(const std::filesystem::path& program);

/// A command that is repeated.
struct Repeat {
  std::string name;  ///< kRunCommand, ..
  std::vector<std::string> arguments;
};

/// Copies a run that is EQUIVALENT into the sandbox: its folder, its model, its images, and of the
/// user's cache folder the models that its reports name. Results of simulations are left behind, and
/// are made anew there. UserError when something is not there any more.
void copy_run(const SavedRun& run, const std::filesystem::path& dir, const Sandbox& box);

/// The commands that made the run, for the copy in the sandbox, in their order; the options are those
/// that its report has.
std::vector<Repeat> repeats_of(const SavedRun& run, const Sandbox& box);

}  // namespace assay
