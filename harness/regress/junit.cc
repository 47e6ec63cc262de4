// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "harness/regress/regress.h"

namespace assay {
namespace {

/// As text or attribute of an XML document, whatever bytes it holds.
std::string xml(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
      continue;
    }
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

/// "failure", "error", or empty for what passes.
std::string element_of(const report::Regress::Case& outcome) {
  if (outcome.accepted || outcome.standing == "equal" || outcome.standing == "improved" ||
      outcome.standing == "within tolerance")
    return "";
  return outcome.standing == "failed" ? "error" : "failure";
}

std::string number_text(const std::optional<std::int64_t>& number) {
  return number ? std::to_string(*number) : "null";
}

/// A line of XML for each change.
std::string details(const report::Regress::Case& outcome) {
  std::string text;
  for (const report::Regress::Change& change : outcome.changes)
    text += xml(fmt::format("{}: {} {} {} -> {}", change.standing, change.metric, change.node,
                            number_text(change.before), number_text(change.now))) +
            "\n";
  return text;
}

std::string test_case(const report::Regress::Case& outcome, double seconds) {
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                                 xml(outcome.case_name), xml(outcome.level), seconds);
  const std::string element = element_of(outcome);
  if (element.empty())
    return text + fmt::format(">\n      <system-out>{}\n{}</system-out>\n    </testcase>\n",
                              xml(outcome.text), details(outcome));
  return text +
         fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                     element, xml(outcome.standing), xml(outcome.text), details(outcome));
}

}  // namespace

std::string junit_xml(const report::Regress& report, const std::vector<double>& seconds) {
  std::size_t failures = 0, errors = 0;
  double total = 0;
  std::string cases;
  for (std::size_t i = 0; i < report.cases.size(); ++i) {
    const report::Regress::Case& outcome = report.cases[i];
    const std::string element = element_of(outcome);
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    cases += test_case(outcome, seconds.at(i));
    total += seconds[i];
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{:.3f}\">\n{}  "
      "</testsuite>\n</testsuites>\n",
      xml(report.suite), report.cases.size(), failures, errors, total, cases);
}

}  // namespace assay
