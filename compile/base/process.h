// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace assay {

/// What became of a program.
struct ProcessResult {
  int exit_code = 0;  ///< 128 + signal when a signal ended it
  bool timed_out = false;
  std::string output;  ///< standard output and error together, the last 64 KiB

  bool ok() const { return exit_code == 0 && !timed_out; }
};

/// The program called `name` in PATH. ToolError that says which Debian package has it otherwise.
std::filesystem::path find_program(const std::string& name, const std::string& package);

/// How many programs run at a time; 0, as at the start: one per processor. Others wait.
void limit_processes(int count);

/// Runs a program, never through a shell, in folder `dir`, with nothing to read. It and what it
/// started are killed when `limit` is over, and when this process dies in whatever way. ToolError
/// when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments,
                          const std::filesystem::path& dir, std::chrono::seconds limit);

/// A program that runs beside this process, with the file `input` to read from and write to as its
/// standard input. It and what it started are killed with this object, and when this process dies in
/// whatever way.
class Companion {
 public:
  /// ToolError when it cannot be started.
  Companion(const std::vector<std::string>& arguments, const std::filesystem::path& dir, int input);
  ~Companion();
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  /// Whether it ended by itself, and then what it had said.
  bool ended() const;
  std::string output() const;

 private:
  int pid_ = -1, out_ = -1;
};

}  // namespace assay
