// SPDX-License-Identifier: Apache-2.0
#include "harness/report/headline.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace assay {

Headline::Headline(const Json& run)
    : verdict(parse_verdict(run.at("verdict").get<std::string>())),
      reason(run.at("reason").get<std::string>()) {}

void Headline::note(std::string_view level, const Json& report) {
  if (report.is_null()) return;
  const auto name = report.at("verdict").get<std::string>();
  const Verdict other = parse_verdict(name);
  if (other == verdict || worse(verdict, other) != other) return;
  verdict = other;
  reason = fmt::format("the stages agree, but level {} is {}", level, name);
}

}  // namespace assay
