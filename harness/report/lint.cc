// SPDX-License-Identifier: Apache-2.0
#include "harness/report/lint.h"

namespace assay::report {

void Lint::Refusal::fields(Fields& f) {
  f("step", step);
  f("where", where);
  f("reason", reason);
  f("remedy", remedy);
}

void Lint::fields(Fields& f) {
  f.schema(kSchema);
  f("sha256", sha256);
  f("looked_at", looked_at);
  f("refusals", refusals);
}

}  // namespace assay::report
