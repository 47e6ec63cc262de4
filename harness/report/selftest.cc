// SPDX-License-Identifier: Apache-2.0
#include "harness/report/selftest.h"

namespace assay::report {

void Selftest::Counts::fields(Fields& f) {
  f("planted", planted);
  f("caught", caught);
  f("named", named);
  f("regenerated", regenerated);
  f("harmless", harmless);
  f("missed", missed);
  f("crashed", crashed);
}

void Selftest::Kind::fields(Fields& f) {
  f("kind", kind);
  f("changes", changes);
  f("counts", counts);
  f("skipped", skipped);
}

void Selftest::Command::fields(Fields& f) {
  f("command", command);
  f("line", line);
  f("repeated", repeated);
}

void Selftest::Fault::fields(Fields& f) {
  f("kind", kind);
  f("file", file);
  f("change", change);
  f("command", command);
  f.word("outcome", outcome, outcomes());
  f("exit_code", exit_code);
  f("says", says);
  f("stays", stays);
}

void Selftest::fields(Fields& f) {
  f.schema(kSchema);
  f("assay", assay);
  f("run", run);
  f("model", model);
  f("seed", seed);
  f("verdict", verdict);
  f("reason", reason);
  f("wanted", wanted);
  f("counts", counts);
  f("kinds", kinds);
  f("commands", commands);
  f("faults", faults);
}

}  // namespace assay::report
