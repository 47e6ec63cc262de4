// SPDX-License-Identifier: Apache-2.0
#include "compile/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace assay {

void invariant_failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "assay: internal error at %s:%d: %s\n", file, line, what.c_str());
  std::abort();
}

}  // namespace assay
