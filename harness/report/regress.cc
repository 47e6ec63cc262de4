// SPDX-License-Identifier: Apache-2.0
#include "harness/report/regress.h"

namespace assay::report {

void Regress::Metric::fields(Fields& f) {
  f("metric", metric);
  f("node", node);
  f.any_sign("value", value);
}

void Regress::Change::fields(Fields& f) {
  f("metric", metric);
  f("node", node);
  f.any_sign("before", before);
  f.any_sign("now", now);
  f.word("standing", standing, standings());
}

void Regress::Case::fields(Fields& f) {
  f("case", case_name);
  f("level", level);
  f.word("verdict", verdict,
         {"EQUIVALENT", "APPROXIMATE", "DIFFERENT", "INCONCLUSIVE", "FAILED", "NOT RUN"});
  f("reason", reason);
  f.word("standing", standing, standings());
  f("text", text);
  f("accepted", accepted);
  f("tool_failed", tool_failed);
  f("metrics", metrics);
  f("changes", changes);
}

void Regress::fields(Fields& f) {
  f.schema(kSchema);
  f("suite", suite);
  f("assay", assay);
  f("updated", updated);
  f("passed", passed);
  f("exit_code", exit_code);
  f("cases", cases);
}

void History::Metric::fields(Fields& f) {
  f("metric", metric);
  f("node", node);
  f.any_sign("value", value);
  f.any_sign("delta", delta);
}

void History::Run::fields(Fields& f) {
  f("run", run);
  f("time", time);
  f("suite", suite);
  f("assay", assay);
  f("baseline", baseline);
  f("same_setup", same_setup);
  f("verdict", verdict);
  f("metrics", metrics);
}

void History::Case::fields(Fields& f) {
  f("case", case_name);
  f("level", level);
  f("runs", runs);
}

void History::fields(Fields& f) {
  f.schema(kSchema);
  f("cases", cases);
}

}  // namespace assay::report
