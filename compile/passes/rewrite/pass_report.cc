// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/rewrite/pass_report.h"

namespace assay {

std::string_view quantiser_form_name(QuantiserReport::Form form) {
  switch (form) {
    case QuantiserReport::Form::kPlain:
      return "plain";
    case QuantiserReport::Form::kPosition:
      return "position";
    case QuantiserReport::Form::kTable:
      return "table";
    case QuantiserReport::Form::kLine:
      return "line";
  }
  return "?";
}

}  // namespace assay
