// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/report/rtl.h"
#include "harness/report/stage.h"

namespace assay::report {

/// reports/run.json
struct Run {
  static constexpr std::string_view kSchema = "assay.run/1";
  Verdict verdict = Verdict::kInconclusive;
  std::string reason, model;
  std::optional<std::string> data, images;
  std::string preprocess;
  std::optional<std::string> until;
  Inputs inputs;
  std::vector<std::string> approximate;  ///< stages
  bool accuracy_means_nothing = false;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;  ///< what the verdict does not say and a user must know
  std::vector<std::string> unseen;    ///< what the images cannot show
  std::optional<Recorded> recorded;
  std::vector<StageSummary> stages;
  std::optional<RtlTop> rtl_top;  ///< only of `assay run --json`
  void fields(Fields& f);
};

/// `assay show DIR`
struct ShowRun {
  static constexpr std::string_view kSchema = "assay.show-run/1";
  Run run;
  std::optional<Timing> timing;
  void fields(Fields& f);
};

}  // namespace assay::report
