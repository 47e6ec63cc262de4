// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/report/fields.h"

namespace assay::report {

/// `assay lint`
struct Lint {
  static constexpr std::string_view kSchema = "assay.lint/1";
  struct Refusal {
    std::string step;    ///< "import", or the stage of a run that would stop
    std::string where;   ///< "node 'conv1' (Conv)"; empty: the whole network
    std::string reason;  ///< what is wrong with it
    std::string remedy;  ///< what to do
    void fields(Fields& f);
  };
  std::string sha256;
  std::string looked_at;  ///< the last step that was looked at
  std::vector<Refusal> refusals;
  void fields(Fields& f);
};

}  // namespace assay::report
