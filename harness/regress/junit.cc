// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

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

std::string string_at(const Json& json, const char* key) { return json.at(key).get<std::string>(); }

/// "failure", "error", or empty for what passes.
std::string element_of(const Json& outcome) {
  const std::string standing = string_at(outcome, "standing");
  if (outcome.at("accepted").get<bool>() || standing == "equal" || standing == "improved")
    return "";
  return standing == "failed" ? "error" : "failure";
}

/// A line of XML for each change.
std::string details(const Json& outcome) {
  std::string text;
  for (const Json& change : outcome.at("changes"))
    text += xml(fmt::format("{}: {} {} {} -> {}", string_at(change, "standing"),
                            string_at(change, "metric"), string_at(change, "node"),
                            change.at("before").dump(), change.at("now").dump())) +
            "\n";
  return text;
}

std::string test_case(const Json& outcome) {
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\"",
                                 xml(string_at(outcome, "case")), xml(string_at(outcome, "level")));
  const std::string element = element_of(outcome);
  if (element.empty())
    return text + fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n",
                              xml(string_at(outcome, "text")));
  return text +
         fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                     element, xml(string_at(outcome, "standing")), xml(string_at(outcome, "text")),
                     details(outcome));
}

}  // namespace

std::string junit_xml(const Json& report) {
  std::size_t failures = 0, errors = 0;
  std::string cases;
  for (const Json& outcome : report.at("cases")) {
    const std::string element = element_of(outcome);
    failures += element == "failure" ? 1 : 0;
    errors += element == "error" ? 1 : 0;
    cases += test_case(outcome);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\">\n{}  "
      "</testsuite>\n</testsuites>\n",
      xml(string_at(report, "suite")), report.at("cases").size(), failures, errors, cases);
}

}  // namespace assay
