// SPDX-License-Identifier: Apache-2.0
#include "harness/report/rtl_manifest.h"

namespace assay::report {

void RtlFiles::fields(Fields& f) {
  f("as_is", as_is);
  f("sha256", sha256);
  f("edited", edited);
}

void CarriedVerdict::fields(Fields& f) {
  f("verdict", verdict);
  f("rtl", rtl);
  f("data", data);
  f("images", images);
  f("seed", seed);
  f("profiles", profiles);
  f("predicted", predicted);
  f("compared", compared);
  f("differing", differing);
}

void RtlManifest::Level::fields(Fields& f) {
  f("level", level);
  f("assay", assay);
  f("stage", stage);
  f("stage_sha256", stage_sha256);
  f("files", files);
  f("before", before);
  f("carried", carried);
}

void RtlManifest::fields(Fields& f) {
  f.schema(kSchema);
  f("levels", levels);
}

}  // namespace assay::report
