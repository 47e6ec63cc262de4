// SPDX-License-Identifier: Apache-2.0
#include "harness/report/weights.h"

namespace assay::report {

void Weights::Store::fields(Fields& f) {
  f("node", node);
  f("file", file);
  f("address", address);
  f("words", words);
  f("columns", columns);
  f("stride", stride);
  f("changed", changed);
}

void Weights::Run::fields(Fields& f) {
  f("profile", profile);
  f("before", before);
  f("after", after);
  f("cycles", cycles);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
  f("words_predicted", words_predicted);
  f("words_compared", words_compared);
  f("words_differing", words_differing);
  f("verdict", verdict);
  f("reason", reason);
  f("violations", violations);
}

void Weights::fields(Fields& f) {
  f.schema(kSchema);
  head.fields(f);
  f("from", from);
  f("from_sha256", from_sha256);
  f("content_hash", content_hash);
  f("words_sha256", words_sha256);
  f("reason", reason);
  f("stores", stores);
  f("runs", runs);
  f("told_apart", told_apart);
  f("canaries", canaries);
  f("notes", notes);
}

}  // namespace assay::report
