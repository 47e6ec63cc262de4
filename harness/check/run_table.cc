// SPDX-License-Identifier: Apache-2.0
#include "harness/check/run_table.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "harness/check/check.h"
#include "harness/check/recorded_report.h"
#include "harness/report/console.h"

namespace assay {
namespace {

std::string count(const Json& value) { return grouped(value.get<std::int64_t>()); }

std::string time_cell(const Json& timing, std::size_t index) {
  if (timing.is_null() || index >= timing.at("stages").size()) return "-";
  const Json& entry = timing.at("stages")[index];
  const double seconds = entry.at("seconds").get<double>();
  return entry.at("resumed").get<bool>() ? "kept" : fmt::format("{:.2f} s", seconds);
}

/// How long the stages took; empty without times.
std::string total_time(const Json& timing) {
  if (timing.is_null()) return "";
  double seconds = 0;
  std::size_t kept = 0;
  for (const Json& entry : timing.at("stages")) {
    seconds += entry.at("seconds").get<double>();
    kept += entry.at("resumed").get<bool>() ? 1 : 0;
  }
  return fmt::format("{} stages in {:.1f} s{}\n", timing.at("stages").size(), seconds,
                     kept > 0 ? fmt::format(", {} kept from before", kept) : "");
}

/// A block for each approximate stage: what it changed.
std::string approximate_text(const Json& run) {
  std::string text;
  for (const Json& stage : run.at("stages"))
    if (!stage.at("effect").is_null()) text += fmt::format("APPROXIMATE: {}\n", effect_text(stage));
  return text;
}

}  // namespace

std::string effect_text(const Json& stage) {
  const Json& effect = stage.at("effect");
  const auto activations = effect.at("activations").get<std::int64_t>();
  const auto changed = effect.at("changed").get<std::int64_t>();
  std::string text = fmt::format(
      "stage {} changed {} of {} activations ({})", stage.at("stage").get<std::string>(),
      grouped(changed), grouped(activations),
      percent(activations > 0 ? static_cast<double>(changed) / static_cast<double>(activations)
                              : 0));
  if (effect.at("labels") != 0)
    text += fmt::format(" and {} of {} labels", count(effect.at("labels_changed")),
                        count(effect.at("labels")));
  if (!effect.at("accuracy_before").is_null() && !effect.at("accuracy_after").is_null())
    text += fmt::format("; top-1 {} before it, {} after it",
                        accuracy_cell(effect.at("accuracy_before")),
                        accuracy_cell(effect.at("accuracy_after")));
  return text;
}

std::string accuracy_cell(const Json& accuracy) {
  if (accuracy.is_null()) return "-";
  return fmt::format("{} ({} of {})", percent(accuracy.at("top1").get<double>()),
                     accuracy.at("top1_correct").get<std::int64_t>(),
                     accuracy.at("compared").get<std::int64_t>());
}

std::string run_table(const Json& run, const Json& timing) {
  std::vector<std::vector<std::string>> rows = {{"stage", "contract", "verdict", "checkpoints",
                                                 "elements", "differing", "faults caught",
                                                 "top-1 exact", "top-1 float", "time"}};
  const Json& stages = run.at("stages");
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Json& stage = stages[i];
    const Json& canaries = stage.at("canaries");
    rows.push_back({stage.at("stage").get<std::string>(), stage.at("contract").get<std::string>(),
                    stage.at("verdict").get<std::string>(), count(stage.at("checkpoints")),
                    count(stage.at("compared")), count(stage.at("differing")),
                    count(canaries.at("caught")) + " of " + count(canaries.at("planted")),
                    accuracy_cell(stage.at("accuracy").at("exact")),
                    accuracy_cell(stage.at("accuracy").at("float")), time_cell(timing, i)});
  }
  std::string text = table_text(rows) + "\n" + total_time(timing) + approximate_text(run);
  for (const Json& note : run.at("notes")) text += note.get<std::string>() + "\n";
  if (const Json& recorded = run.at("recorded"); !recorded.is_null())
    text += recorded_text(recorded);
  const Json& last = stages.back();
  text += fmt::format("{}{}: {}\n", run.at("verdict").get<std::string>(),
                      run.at("approximate").empty() ? "" : " apart from approximate stages",
                      run.at("reason").get<std::string>());
  const auto& verdict = last.at("verdict");
  if (verdict != "EQUIVALENT" && verdict != "APPROXIMATE")
    text += fmt::format("stopped behind {}: no later stage was built\n",
                        last.at("stage").get<std::string>());
  const Json& first = last.at("first_difference");
  if (!first.is_null())
    text += fmt::format(
        "first difference: stage {}, checkpoint '{}', node '{}', {}: expected {}, got {}\n",
        last.at("stage").get<std::string>(), printable(first.at("checkpoint").get<std::string>()),
        printable(first.at("node").get<std::string>()), place_text(first),
        first.at("expected").get<std::string>(), first.at("got").get<std::string>());
  if (run.at("accuracy_means_nothing").get<bool>())
    text += "The images are made up: accuracy means nothing on them. Give --data for real ones.\n";
  return text;
}

}  // namespace assay
