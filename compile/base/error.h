// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>

namespace assay {

/// Bad input or usage: the message says what is wrong, where, and what to do. Exit code 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A tool, the file system or the machine failed us (disk full, a library call). Exit code 4.
class ToolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Formatted and thrown in one place: the templates below are in nearly every file.
[[noreturn]] void throw_user_error(fmt::string_view format, fmt::format_args args);
[[noreturn]] void throw_tool_error(fmt::string_view format, fmt::format_args args);

/// Throws UserError with the formatted message.
template <typename... Args>
[[noreturn]] void user_error(fmt::format_string<Args...> format, Args&&... args) {
  throw_user_error(format, fmt::make_format_args(args...));
}

/// Throws ToolError with the formatted message.
template <typename... Args>
[[noreturn]] void tool_error(fmt::format_string<Args...> format, Args&&... args) {
  throw_tool_error(format, fmt::make_format_args(args...));
}

[[noreturn]] void invariant_failed(const char* file, int line, const std::string& what);

}  // namespace assay

/// A condition that only a mistake in Assay can break: prints file:line and aborts, in every build
/// type.
#define ASSAY_INVARIANT(condition, what)                                   \
  do {                                                                     \
    if (!(condition)) ::assay::invariant_failed(__FILE__, __LINE__, what); \
  } while (false)
