// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "harness/cli/cli.h"

int main(int argc, char** argv) {
  // A file size limit then is a failed write with a message, not a silent death.
  std::signal(SIGXFSZ, SIG_IGN);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return assay::run_command_line(arguments, std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1);
}
