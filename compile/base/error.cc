// SPDX-License-Identifier: Apache-2.0
#include "compile/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace assay {

void throw_user_error(fmt::string_view format, fmt::format_args args) {
  throw UserError(fmt::vformat(format, args));
}

void throw_tool_error(fmt::string_view format, fmt::format_args args) {
  throw ToolError(fmt::vformat(format, args));
}

void invariant_failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "assay: internal error at %s:%d: %s\n", file, line, what.c_str());
  std::abort();
}

}  // namespace assay
