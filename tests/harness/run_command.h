// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "harness/cli/cli.h"
#include "harness/report/json.h"
#include "harness/report/schema.h"

namespace assay {

struct CommandResult {
  int code = -1;
  std::string out, err;

  /// The JSON object on standard output; a test failure when it is none or breaks its schema.
  Json json() const {
    Json report = Json::parse(out, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << out << err;
    EXPECT_EQ(schema_violations(report), std::vector<std::string>{}) << out;
    return report;
  }
};

/// A `run` without --until goes on to the RTL, which takes a tool and seconds: these tests want the
/// stages.
inline std::vector<std::string> without_rtl(std::vector<std::string> arguments) {
  if (arguments.size() > 2 && arguments[0] == "run" &&
      std::ranges::find(arguments, "--until") == arguments.end())
    arguments.insert(arguments.end(), {"--until", "fifos"});
  return arguments;
}

/// The command in this process.
inline CommandResult run_assay_as_is(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  CommandResult result;
  result.code = run_command_line(arguments, out, err, false);
  result.out = out.str();
  result.err = err.str();
  return result;
}

inline CommandResult run_assay(const std::vector<std::string>& arguments) {
  return run_assay_as_is(without_rtl(arguments));
}

/// Starts the program with its output thrown away, and returns its process id.
inline pid_t start_assay(std::vector<std::string> arguments) {
  arguments = without_rtl(std::move(arguments));
  arguments.insert(arguments.begin(), ASSAY_BINARY);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::fflush(nullptr);  // or the child repeats what is buffered
  const pid_t child = ::fork();
  if (child == 0) {
    if (!::freopen("/dev/null", "w", stdout) || !::freopen("/dev/null", "w", stderr)) ::_exit(126);
    ::execv(ASSAY_BINARY, argv.data());
    ::_exit(127);
  }
  return child;
}

/// The exit code of a started program, or -signal when a signal ended it.
inline int finish(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace assay
