// SPDX-License-Identifier: Apache-2.0
// A bench report as tables and as comma-separated values.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile/base/printable.h"
#include "harness/query/bench.h"
#include "harness/report/console.h"

namespace assay {
namespace {

using Row = std::vector<std::string>;

constexpr std::pair<const char*, const char*> kSources[] = {{"formula", "slowest layer's formula"},
                                                            {"token_model", "token model"},
                                                            {"measured", "RTL simulation"}};

std::string count(const Json& value) {
  return value.is_null() ? "-" : grouped(value.get<std::int64_t>());
}

std::string rate(const Json& value) {
  return value.is_null() ? "-" : fmt::format("{:.1f}", value.get<double>());
}

std::string name(const Json& value) { return printable(value.get<std::string>()); }

std::string layer_table(const Json& report) {
  std::vector<Row> rows = {{"layer", "operator", "cycles", "frames/s", "of interval", "MACs",
                            "multipliers", "efficiency", "LUT*", "FF*", "BRAM*", "DSP*"}};
  const auto resources = [](Row& row, const Json& r) {
    for (const char* key : {"lut", "ff", "bram", "dsp"}) row.push_back(count(r.at(key)));
  };
  for (const Json& layer : report.at("layers")) {
    const bool products = layer.at("multipliers") != 0;
    rows.push_back({name(layer.at("node")), name(layer.at("operator")), count(layer.at("cycles")),
                    rate(layer.at("frames_per_second")), percent(layer.at("share").get<double>()),
                    products ? count(layer.at("macs")) : "-",
                    products ? count(layer.at("multipliers")) : "-",
                    products ? percent(layer.at("efficiency").get<double>()) : "-"});
    resources(rows.back(), layer.at("estimates"));
  }
  rows.push_back({"all", "", "", "", "", "", "", percent(report.at("efficiency").get<double>())});
  resources(rows.back(), report.at("estimates"));
  rows.push_back({"of " + name(report.at("device").at("name")), "", "", "", "", "", "", ""});
  resources(rows.back(), report.at("device").at("has"));
  return table_text(rows);
}

std::string whole_table(const Json& report) {
  std::vector<Row> rows = {{"accelerator", "numbers from", "interval", "frames/s", "first frame",
                            fmt::format("{} frames", report.at("frames").get<std::int64_t>()),
                            "bottleneck"}};
  for (const Json& partition : report.at("partitions"))
    for (const auto& [key, source] : kSources) {
      const Json& t = partition.at(key);
      if (t.is_null()) continue;
      rows.push_back({fmt::format("partition {}", partition.at("partition").get<std::int64_t>()),
                      source, count(t.at("interval")), rate(t.at("frames_per_second")),
                      count(t.at("first_frame_latency")), count(t.at("cycles")),
                      name(partition.at("bottleneck"))});
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

/// A number as it is, nothing for null.
std::string field(const Json& value) { return value.is_null() ? "" : value.dump(); }

std::string line(const Row& fields) {
  std::string text;
  for (const std::string& f : fields) text += (text.empty() ? "" : ",") + f;
  return text + "\n";
}

}  // namespace

std::string bench_table(const Json& report) {
  std::string text = layer_table(report) + "\n" + whole_table(report);
  text += fmt::format(
      "\nCycles of layers are their formulas, exact for each alone; frames/s at {} MHz.\n"
      "* estimates for {}, not synthesised.\n",
      report.at("clock_mhz").get<double>(), name(report.at("device").at("name")));
  for (const Json& remark : report.at("remarks")) text += name(remark) + "\n";
  return text;
}

std::string bench_csv(const Json& report) {
  std::string text =
      "kind,name,operator,source,partition,cycles,frames_per_second,first_frame_latency,"
      "cycles_of_all_frames,share,macs,multipliers,efficiency,lut_estimate,ff_estimate,"
      "bram_estimate,dsp_estimate\n";
  for (const Json& l : report.at("layers")) {
    const Json& r = l.at("estimates");
    text +=
        line({"layer", quoted(l.at("node").get<std::string>()),
              quoted(l.at("operator").get<std::string>()), "formula", field(l.at("partition")),
              field(l.at("cycles")), field(l.at("frames_per_second")), "", "", field(l.at("share")),
              field(l.at("macs")), field(l.at("multipliers")), field(l.at("efficiency")),
              field(r.at("lut")), field(r.at("ff")), field(r.at("bram")), field(r.at("dsp"))});
  }
  for (const Json& p : report.at("partitions"))
    for (const auto& [key, source] : kSources) {
      const Json& t = p.at(key);
      if (t.is_null()) continue;
      text += line({"accelerator", quoted(p.at("bottleneck").get<std::string>()), "", key,
                    field(p.at("partition")), field(t.at("interval")),
                    field(t.at("frames_per_second")), field(t.at("first_frame_latency")),
                    field(t.at("cycles")), "", "", "", "", "", "", "", ""});
    }
  return text;
}

}  // namespace assay
