// SPDX-License-Identifier: Apache-2.0
#include "harness/report/run.h"

namespace assay::report {

void Run::fields(Fields& f) {
  f.schema(kSchema);
  f.stage_verdict("verdict", verdict);
  f("reason", reason);
  f("model", model);
  f("data", data);
  f("images", images);
  f("preprocess", preprocess);
  f("until", until);
  f("inputs", inputs);
  f("approximate", approximate);
  f("accuracy_means_nothing", accuracy_means_nothing);
  f("notes", notes);
  f("warnings", warnings);
  f("unseen", unseen);
  f("recorded", recorded);
  f("stages", stages);
  f.where_given("rtl_top", rtl_top);
}

void ShowRun::fields(Fields& f) {
  f.schema(kSchema);
  f("run", run);
  f("timing", timing);
}

}  // namespace assay::report
