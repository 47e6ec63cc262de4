// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compile/base/printable.h"
#include "compile/graph/constant.h"
#include "harness/query/explain.h"
#include "harness/report/console.h"
#include "harness/report/sentence.h"

namespace assay {
namespace {

/// Thresholds of a row that are shown.
constexpr std::size_t kShownSteps = 16;

/// The stage of an entry of reports/streamline.json.
std::string stage_text(const std::optional<std::string>& stage) {
  return printable(stage.value_or(""));
}

/// Of an entry with a least and a largest value.
std::string range_text(const auto& entry) { return fmt::format("{}..{}", entry.min, entry.max); }

std::string margin_text(const report::Quantiser& q) {
  return q.margin ? fmt::format("{:.3g}", *q.margin) : "-";
}

bool is_join(const report::Quantiser& q) { return q.pairs != 0 || q.fraction_bits != 0; }

std::string names_text(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + printable(name);
  return text.empty() ? "nothing" : text;
}

std::string quantiser_table(const std::vector<report::Quantiser>& quantisers) {
  std::vector<std::vector<std::string>> rows = {{"quantiser", "became", "form", "range", "bits",
                                                 "channels", "steps", "margin", "ties", "fraction",
                                                 "pairs", "folded", "stage"}};
  for (const report::Quantiser& q : quantisers) {
    const bool join = is_join(q);
    rows.push_back({printable(q.node), printable(q.result), printable(q.form), range_text(q),
                    grouped(q.bits), grouped(q.channels), grouped(q.steps), margin_text(q),
                    grouped(q.ties), join ? grouped(q.fraction_bits) : "-",
                    join ? grouped(q.pairs) : "-", std::to_string(q.folded.size()),
                    stage_text(q.stage)});
  }
  return table_text(rows);
}

std::string width_table(const std::vector<report::Width>& widths) {
  std::vector<std::vector<std::string>> rows = {
      {"product", "input", "weights", "accumulator", "proved range", "before", "stage"}};
  for (const report::Width& w : widths)
    rows.push_back({printable(w.node), printable(w.input), printable(w.weights),
                    printable(w.accumulator), range_text(w),
                    printable(w.weights_before) + ", " + printable(w.accumulator_before),
                    stage_text(w.stage)});
  return table_text(rows);
}

std::string unit_table(const std::vector<report::Unit>& units) {
  std::vector<std::vector<std::string>> rows = {{"product of several scales", "scales",
                                                 "multiplier bits", "weight bits", "before",
                                                 "sum bits", "made", "stage"}};
  for (const report::Unit& u : units)
    rows.push_back({printable(u.node), grouped(u.scales), grouped(u.multiplier_bits),
                    grouped(u.weight_bits), grouped(u.weight_bits_before),
                    grouped(u.accumulator_bits), u.taken ? "in one unit" : "once per scale",
                    stage_text(u.stage)});
  return table_text(rows);
}

std::string remark_lines(const std::vector<report::Remark>& remarks) {
  std::string text;
  for (const report::Remark& remark : remarks)
    text += fmt::format("{}: {}: {}\n", stage_text(remark.stage), printable(remark.node),
                        sentence(remark.text));
  return text;
}

/// What was enumerated are values of all inputs but one; what goes wrong is counted with the values
/// of that one too, at each threshold.
std::string join_line(const report::Quantiser& q) {
  std::string text = fmt::format(
      "  join          {} fraction bits; {} combinations of values of the other inputs "
      "enumerated\n",
      grouped(q.fraction_bits), grouped(q.pairs));
  if (q.inseparable != 0)
    text += fmt::format(
        "  WRONG         at {} combinations of values of all inputs and thresholds (--join-bits)\n",
        grouped(q.inseparable));
  return text;
}

std::string quantiser_text(const report::Quantiser& q) {
  std::string text = fmt::format("{}: '{}' became '{}'\n", stage_text(q.stage), printable(q.node),
                                 printable(q.result));
  if (const std::string checkpoint = printable(q.checkpoint); !checkpoint.empty())
    text += fmt::format("  checkpoint    '{}'\n", checkpoint);
  text += fmt::format("  compares      {}, {} bits, form {}\n", range_text(q), grouped(q.bits),
                      printable(q.form));
  text += fmt::format(
      "  thresholds    {} rows of {}; {} rows constant, {} thresholds unreachable\n",
      grouped(q.channels), grouped(q.steps), grouped(q.constant_channels), grouped(q.unreachable));
  text += fmt::format("  margin        {} of a step, {} ties\n", margin_text(q), grouped(q.ties));
  if (is_join(q)) text += join_line(q);
  return text + fmt::format("  folded in     {}\n", names_text(q.folded));
}

/// What stands at a place, whatever the stage.
std::string place_text(const report::Explain::Place& place) {
  std::string what = place.node.empty()
                         ? "graph input"
                         : fmt::format("{} '{}'", printable(place.op), printable(place.node));
  if (!place.tensor.empty())
    what += fmt::format(" -> '{}' {}{}", printable(place.tensor), printable(place.dtype),
                        place.shape ? shape_text(*place.shape) : "");
  return what;
}

/// One line for stages in a row that hold the same.
std::string places_text(const std::vector<report::Explain::Place>& places) {
  std::string text;
  for (std::size_t i = 0; i < places.size();) {
    const std::string what = place_text(places[i]);
    std::size_t last = i;
    while (last + 1 < places.size() && place_text(places[last + 1]) == what) ++last;
    std::string stages = printable(places[i].stage);
    if (last > i) stages += " to " + printable(places[last].stage);
    text += fmt::format("  {:<36} {}\n", stages, what);
    i = last + 1;
  }
  return text;
}

std::string multiplier_text(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  if (value > 1 && std::has_single_bit(bits))
    return fmt::format("{} (2^{})", value, std::countr_zero(bits));
  return std::to_string(value);
}

std::string row_text(const report::ThresholdRow& row) {
  std::string text = fmt::format("  {:<14}", shape_text(row.index));
  if (row.multipliers) {
    std::string multipliers;
    for (const std::int64_t m : *row.multipliers)
      multipliers += (multipliers.empty() ? "" : ", ") + multiplier_text(m);
    text += fmt::format(" multipliers {};", multipliers);
  }
  for (std::size_t i = 0; i < std::min(kShownSteps, row.thresholds.size()); ++i)
    text += fmt::format(" {}", row.thresholds[i]);
  return text + (row.thresholds.size() > kShownSteps ? " ...\n" : "\n");
}

std::string thresholds_text(const report::Thresholds& thresholds) {
  std::string text = fmt::format(
      "\nthresholds of {} '{}' in {}: {} of {} rows{}; output {} + the number reached\n",
      printable(thresholds.op), printable(thresholds.node), printable(thresholds.stage),
      thresholds.first_rows.size(), grouped(thresholds.rows),
      thresholds.table_min
          ? fmt::format(" (last index: second integer from {})", *thresholds.table_min)
          : "",
      thresholds.out_bias);
  for (const report::ThresholdRow& row : thresholds.first_rows) text += row_text(row);
  return text;
}

}  // namespace

std::string streamline_text(const report::Streamline& streamline) {
  const report::StageStreamline& all = streamline.all;
  std::string text = quantiser_table(all.quantisers);
  if (!all.widths.empty()) text += "\n" + width_table(all.widths);
  if (!all.units.empty()) text += "\n" + unit_table(all.units);
  if (!all.remarks.empty()) text += "\n" + remark_lines(all.remarks);
  for (const report::Streamline::Stage& stage : streamline.stages)
    if (stage.contract == "approximate")
      text += fmt::format("\nAPPROXIMATE: stage {}; 'assay show' has its effect.",
                          printable(stage.stage));
  return text + (streamline.integer
                     ? "\nEvery tensor is integer.\n"
                     : "\nReal numbers are left: the run stopped before the stage 'tail'.\n");
}

std::string explain_text(const report::Explain& explanation) {
  std::string text = fmt::format("'{}'\n", printable(explanation.name));
  text += places_text(explanation.places);
  for (const report::Quantiser& q : explanation.quantisers) text += "\n" + quantiser_text(q);
  for (const report::Quantiser& q : explanation.folded_into)
    text += fmt::format("\n{}: folded into the thresholds of '{}', which became '{}'\n",
                        stage_text(q.stage), printable(q.node), printable(q.result));
  if (!explanation.widths.empty()) text += "\n" + width_table(explanation.widths);
  if (!explanation.units.empty()) text += "\n" + unit_table(explanation.units);
  if (!explanation.remarks.empty()) text += "\n" + remark_lines(explanation.remarks);
  return text + (explanation.thresholds ? thresholds_text(*explanation.thresholds) : "");
}

}  // namespace assay
