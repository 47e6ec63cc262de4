// SPDX-License-Identifier: Apache-2.0
// A bench report as tables and as comma-separated values.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "harness/check/run_table.h"
#include "harness/query/bench.h"
#include "harness/report/console.h"
#include "harness/report/sentence.h"

namespace assay {
namespace {

using Row = std::vector<std::string>;

/// Where numbers on an accelerator are from.
struct Source {
  const char *key, *title;
  std::optional<report::Throughput> report::Bench::Partition::*numbers;
};
constexpr Source kSources[] = {
    {"formula", "slowest layer's formula", &report::Bench::Partition::formula},
    {"token_model", "token model", &report::Bench::Partition::token_model},
    {"measured", "RTL simulation", &report::Bench::Partition::measured}};

std::string count(std::optional<std::int64_t> value) { return value ? grouped(*value) : "-"; }

std::string rate(std::optional<double> value) {
  return value ? fmt::format("{:.1f}", *value) : "-";
}

std::string layer_table(const report::Bench& report) {
  std::vector<Row> rows = {{"layer", "operator", "cycles", "frames/s", "of interval", "MACs",
                            "multipliers", "efficiency", "LUT*", "FF*", "BRAM*", "DSP*"}};
  const auto resources = [](Row& row, const report::Resources& r) {
    for (const std::int64_t used : {r.lut, r.ff, r.bram, r.dsp}) row.push_back(grouped(used));
  };
  for (const report::Bench::Layer& layer : report.layers) {
    const bool products = layer.multipliers != 0;
    rows.push_back(
        {printable(layer.node), printable(layer.op), grouped(layer.cycles),
         rate(layer.frames_per_second), percent(layer.share), products ? grouped(layer.macs) : "-",
         products ? grouped(layer.multipliers) : "-", products ? percent(layer.efficiency) : "-"});
    resources(rows.back(), layer.estimates);
  }
  rows.push_back({"all", "", "", "", "", "", "", percent(report.efficiency)});
  resources(rows.back(), report.estimates);
  rows.push_back({"of " + printable(report.device.name), "", "", "", "", "", "", ""});
  resources(rows.back(), report.device.has);
  return table_text(rows);
}

std::string whole_table(const report::Bench& report) {
  std::vector<Row> rows = {{"accelerator", "numbers from", "interval", "frames/s", "first frame",
                            fmt::format("{} frames", report.frames), "bottleneck"}};
  for (const report::Bench::Partition& partition : report.partitions)
    for (const Source& source : kSources) {
      const auto& t = partition.*source.numbers;
      if (!t) continue;
      rows.push_back({fmt::format("partition {}", partition.partition), source.title,
                      count(t->interval), rate(t->frames_per_second), count(t->first_frame_latency),
                      count(t->cycles), printable(partition.bottleneck)});
    }
  return table_text(rows);
}

/// A field of CSV: quoted, and with an apostrophe in front of what a spreadsheet would compute.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  const std::string shown = printable(text);
  if (!shown.empty() && std::string_view("=+-@").find(shown[0]) != std::string_view::npos)
    out += '\'';
  for (const char c : shown) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

/// A number as JSON writes it, nothing for none.
template <typename T>
std::string field(const std::optional<T>& value) {
  return value ? Json(*value).dump() : "";
}
std::string field(std::int64_t value) { return std::to_string(value); }
std::string field(double value) { return Json(value).dump(); }

std::string line(const Row& fields) {
  std::string text;
  for (const std::string& f : fields) text += (text.empty() ? "" : ",") + f;
  return text + "\n";
}

}  // namespace

std::string bench_table(const report::Bench& report) {
  std::string text = layer_table(report) + "\n" + whole_table(report);
  text += fmt::format(
      "\nCycles of layers are their formulas, exact for each alone; frames/s at {} MHz.\n"
      "* estimates for {}, not synthesised.\n",
      report.clock_mhz, printable(report.device.name));
  for (const std::string& remark : report.remarks) text += sentence(remark) + "\n";
  return text + warnings_text(report.warnings);
}

std::string bench_csv(const report::Bench& report) {
  std::string text =
      "kind,name,operator,source,partition,cycles,frames_per_second,first_frame_latency,"
      "cycles_of_all_frames,share,macs,multipliers,efficiency,lut_estimate,ff_estimate,"
      "bram_estimate,dsp_estimate\n";
  for (const report::Bench::Layer& l : report.layers) {
    const report::Resources& r = l.estimates;
    text += line({"layer", quoted(l.node), quoted(l.op), "formula", field(l.partition),
                  field(l.cycles), field(l.frames_per_second), "", "", field(l.share),
                  field(l.macs), field(l.multipliers), field(l.efficiency), field(r.lut),
                  field(r.ff), field(r.bram), field(r.dsp)});
  }
  for (const report::Bench::Partition& p : report.partitions)
    for (const Source& source : kSources) {
      const auto& t = p.*source.numbers;
      if (!t) continue;
      text += line({"accelerator", quoted(p.bottleneck), "", source.key, field(p.partition),
                    field(t->interval), field(t->frames_per_second), field(t->first_frame_latency),
                    field(t->cycles), "", "", "", "", "", "", "", ""});
    }
  return text;
}

}  // namespace assay
