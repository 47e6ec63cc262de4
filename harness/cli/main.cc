// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cli/cli.h"

namespace {

/// Says how to go on, and ends. What was started ends with this process (compile/base/process_guard.h).
void interrupted(int signal) {
  constexpr std::string_view kText =
      "\nassay: interrupted; the same command again goes on after what is complete\n";
  (void)!::write(STDERR_FILENO, kText.data(), kText.size());
  ::_exit(128 + signal);
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    if (std::signal(signal, interrupted) == SIG_IGN)
      std::signal(signal, SIG_IGN);  // as nohup wants
  // A file size limit then is a failed write with a message, not a silent death.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return assay::run_command_line(arguments, std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1);
}
