// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "harness/query/explain.h"
#include "harness/report/console.h"

namespace assay {
namespace {

/// Thresholds of a row that are shown.
constexpr std::size_t kShownSteps = 16;

std::string text_of(const Json& value) { return printable(value.get<std::string>()); }
std::string count(const Json& value) { return grouped(value.get<std::int64_t>()); }

std::string range_text(const Json& entry) {
  return fmt::format("{}..{}", entry.at("min").get<std::int64_t>(),
                     entry.at("max").get<std::int64_t>());
}

std::string margin_text(const Json& quantiser) {
  const Json& margin = quantiser.at("margin");
  return margin.is_null() ? "-" : fmt::format("{:.3g}", margin.get<double>());
}

bool is_join(const Json& quantiser) {
  return quantiser.at("pairs") != 0 || quantiser.at("fraction_bits") != 0;
}

std::string names_text(const Json& names) {
  std::string text;
  for (const Json& name : names) text += (text.empty() ? "" : ", ") + text_of(name);
  return text.empty() ? "nothing" : text;
}

std::string quantiser_table(const Json& quantisers) {
  std::vector<std::vector<std::string>> rows = {{"quantiser", "became", "form", "range", "bits",
                                                 "channels", "steps", "margin", "ties", "fraction",
                                                 "pairs", "folded", "stage"}};
  for (const Json& q : quantisers) {
    const bool join = is_join(q);
    rows.push_back({text_of(q.at("node")), text_of(q.at("result")), text_of(q.at("form")),
                    range_text(q), count(q.at("bits")), count(q.at("channels")),
                    count(q.at("steps")), margin_text(q), count(q.at("ties")),
                    join ? count(q.at("fraction_bits")) : "-", join ? count(q.at("pairs")) : "-",
                    std::to_string(q.at("folded").size()), text_of(q.at("stage"))});
  }
  return table_text(rows);
}

std::string width_table(const Json& widths) {
  std::vector<std::vector<std::string>> rows = {
      {"product", "input", "weights", "accumulator", "proved range", "before", "stage"}};
  for (const Json& w : widths)
    rows.push_back({text_of(w.at("node")), text_of(w.at("input")), text_of(w.at("weights")),
                    text_of(w.at("accumulator")), range_text(w),
                    text_of(w.at("weights_before")) + ", " + text_of(w.at("accumulator_before")),
                    text_of(w.at("stage"))});
  return table_text(rows);
}

std::string unit_table(const Json& units) {
  std::vector<std::vector<std::string>> rows = {{"product of several scales", "scales",
                                                 "multiplier bits", "weight bits", "before",
                                                 "sum bits", "made", "stage"}};
  for (const Json& u : units)
    rows.push_back({text_of(u.at("node")), count(u.at("scales")), count(u.at("multiplier_bits")),
                    count(u.at("weight_bits")), count(u.at("weight_bits_before")),
                    count(u.at("accumulator_bits")),
                    u.at("taken").get<bool>() ? "in one unit" : "once per scale",
                    text_of(u.at("stage"))});
  return table_text(rows);
}

std::string remark_lines(const Json& remarks) {
  std::string text;
  for (const Json& remark : remarks)
    text += fmt::format("{}: {}: {}\n", text_of(remark.at("stage")), text_of(remark.at("node")),
                        text_of(remark.at("text")));
  return text;
}

std::string join_line(const Json& q) {
  std::string text = fmt::format("  join          {} fraction bits, {} combinations looked at",
                                 count(q.at("fraction_bits")), count(q.at("pairs")));
  if (q.at("inseparable") != 0)
    text += fmt::format(", {} of them decided WRONGLY (--join-bits)", count(q.at("inseparable")));
  return text + "\n";
}

std::string quantiser_text(const Json& q) {
  std::string text = fmt::format("{}: '{}' became '{}'\n", text_of(q.at("stage")),
                                 text_of(q.at("node")), text_of(q.at("result")));
  if (const std::string checkpoint = text_of(q.at("checkpoint")); !checkpoint.empty())
    text += fmt::format("  checkpoint    '{}'\n", checkpoint);
  text += fmt::format("  compares      {}, {} bits, form {}\n", range_text(q), count(q.at("bits")),
                      text_of(q.at("form")));
  text +=
      fmt::format("  thresholds    {} rows of {}; {} rows constant, {} thresholds unreachable\n",
                  count(q.at("channels")), count(q.at("steps")), count(q.at("constant_channels")),
                  count(q.at("unreachable")));
  text +=
      fmt::format("  margin        {} of a step, {} ties\n", margin_text(q), count(q.at("ties")));
  if (is_join(q)) text += join_line(q);
  return text + fmt::format("  folded in     {}\n", names_text(q.at("folded")));
}

/// One line for stages in a row that hold the same.
std::string places_text(const Json& places) {
  std::string text;
  const auto cell = [](const Json& place) {
    std::string what =
        place.at("node") == ""
            ? "graph input"
            : fmt::format("{} '{}'", text_of(place.at("operator")), text_of(place.at("node")));
    if (place.at("tensor") != "")
      what += fmt::format(" -> '{}' {}{}", text_of(place.at("tensor")), text_of(place.at("dtype")),
                          place.at("shape").is_null() ? "" : place.at("shape").dump());
    return what;
  };
  for (std::size_t i = 0; i < places.size();) {
    std::size_t last = i;
    while (last + 1 < places.size() && cell(places[last + 1]) == cell(places[i])) ++last;
    std::string stages = text_of(places[i].at("stage"));
    if (last > i) stages += " to " + text_of(places[last].at("stage"));
    text += fmt::format("  {:<36} {}\n", stages, cell(places[i]));
    i = last + 1;
  }
  return text;
}

std::string multiplier_text(const Json& multiplier) {
  const auto value = multiplier.get<std::int64_t>();
  const auto bits = static_cast<std::uint64_t>(value);
  if (value > 1 && std::has_single_bit(bits))
    return fmt::format("{} (2^{})", value, std::countr_zero(bits));
  return std::to_string(value);
}

std::string row_text(const Json& row) {
  std::string text = fmt::format("  {:<14}", row.at("index").dump());
  if (!row.at("multipliers").is_null()) {
    std::string multipliers;
    for (const Json& m : row.at("multipliers"))
      multipliers += (multipliers.empty() ? "" : ", ") + multiplier_text(m);
    text += fmt::format(" multipliers {};", multipliers);
  }
  const Json& thresholds = row.at("thresholds");
  for (std::size_t i = 0; i < std::min(kShownSteps, thresholds.size()); ++i)
    text += fmt::format(" {}", thresholds[i].get<std::int64_t>());
  return text + (thresholds.size() > kShownSteps ? " ...\n" : "\n");
}

std::string thresholds_text(const Json& thresholds) {
  if (thresholds.is_null()) return {};
  const Json& rows = thresholds.at("first_rows");
  std::string text = fmt::format(
      "\nthresholds of {} '{}' in {}: {} of {} rows{}; output {} + the number reached\n",
      text_of(thresholds.at("operator")), text_of(thresholds.at("node")),
      text_of(thresholds.at("stage")), rows.size(), count(thresholds.at("rows")),
      thresholds.at("table_min").is_null()
          ? ""
          : fmt::format(" (last index: second integer from {})",
                        thresholds.at("table_min").get<std::int64_t>()),
      thresholds.at("out_bias").get<std::int64_t>());
  for (const Json& row : rows) text += row_text(row);
  return text;
}

}  // namespace

std::string streamline_text(const Json& streamline) {
  std::string text = quantiser_table(streamline.at("quantisers"));
  if (!streamline.at("widths").empty()) text += "\n" + width_table(streamline.at("widths"));
  if (!streamline.at("units").empty()) text += "\n" + unit_table(streamline.at("units"));
  if (!streamline.at("remarks").empty()) text += "\n" + remark_lines(streamline.at("remarks"));
  for (const Json& stage : streamline.at("stages"))
    if (stage.at("contract") == "approximate")
      text += fmt::format("\nAPPROXIMATE: stage {}; 'assay show' has its effect.",
                          text_of(stage.at("stage")));
  return text + (streamline.at("integer").get<bool>()
                     ? "\nEvery tensor is integer.\n"
                     : "\nReal numbers are left: the run stopped before the stage 'tail'.\n");
}

std::string explain_text(const Json& explanation) {
  std::string text = fmt::format("'{}'\n", text_of(explanation.at("name")));
  text += places_text(explanation.at("places"));
  for (const Json& q : explanation.at("quantisers")) text += "\n" + quantiser_text(q);
  for (const Json& q : explanation.at("folded_into"))
    text += fmt::format("\n{}: folded into the thresholds of '{}', which became '{}'\n",
                        text_of(q.at("stage")), text_of(q.at("node")), text_of(q.at("result")));
  if (!explanation.at("widths").empty()) text += "\n" + width_table(explanation.at("widths"));
  if (!explanation.at("units").empty()) text += "\n" + unit_table(explanation.at("units"));
  if (!explanation.at("remarks").empty()) text += "\n" + remark_lines(explanation.at("remarks"));
  return text + thresholds_text(explanation.at("thresholds"));
}

}  // namespace assay
