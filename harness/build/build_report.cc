// SPDX-License-Identifier: Apache-2.0
#include "harness/build/build_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/hw/resources.h"
#include "harness/build/build.h"
#include "harness/report/console.h"
#include "harness/run/identity.h"

namespace assay {
namespace {

constexpr double kHz = 1e6;  ///< of a MHz
constexpr std::size_t kHeaviest = 3;

report::Resources resources_of(const hw::Resources& r) { return {r.lut, r.ff, r.bram, r.dsp}; }

report::Build::Cells cells_of(const fpga::Usage& u) {
  return {u.lut, u.ff, u.carry, u.bram, u.dsp};
}

report::Build::Target target_of(const fpga::Target& target) {
  const fpga::Part& part = *target.part;
  report::Build::Target result{
      target.name,  part.name, std::string(netlist::family_name(part.family)),          part.device,
      part.package, {},        {part.luts, part.flip_flops, part.block_rams, part.dsps}};
  if (target.board) result.board = target.board->name;
  return result;
}

/// The node's name; empty for what belongs to no layer.
std::string layer_name(const report::Build& report, std::size_t layer) {
  return layer < report.layers.size() ? report.layers[layer].node : "";
}

void add_place(report::Build::Layer& layer, int x, int y) {
  ++layer.placed;
  if (!layer.box) layer.box = {x, y, x, y};
  std::vector<std::int64_t>& box = *layer.box;
  box = {std::min<std::int64_t>(box[0], x), std::min<std::int64_t>(box[1], y),
         std::max<std::int64_t>(box[2], x), std::max<std::int64_t>(box[3], y)};
}

/// A kind of cell that a part has so many of.
struct Kind {
  const char* name;
  std::int64_t report::Build::Cells::*cells;
  std::int64_t report::Resources::*has;
};
constexpr Kind kKinds[] = {{"LUTs", &report::Build::Cells::lut, &report::Resources::lut},
                           {"flip-flops", &report::Build::Cells::ff, &report::Resources::ff},
                           {"block RAMs", &report::Build::Cells::bram, &report::Resources::bram},
                           {"DSP blocks", &report::Build::Cells::dsp, &report::Resources::dsp}};

/// "'MatMul_0' 17, 'MatMul_1' 12": the layers that take most of a kind.
std::string heaviest(const report::Build& report, const Kind& kind) {
  std::vector<const report::Build::Layer*> layers;
  for (const report::Build::Layer& layer : report.layers) layers.push_back(&layer);
  std::ranges::stable_sort(layers, std::ranges::greater(), [&](const report::Build::Layer* layer) {
    return layer->cells.*kind.cells;
  });
  std::string text;
  for (std::size_t i = 0; i < std::min(layers.size(), kHeaviest); ++i)
    text += fmt::format("{}'{}' {}", i == 0 ? "" : ", ", printable(layers[i]->node),
                        grouped(layers[i]->cells.*kind.cells));
  return text;
}

std::string remedy(const report::Build& report, const fpga::Part& part) {
  const fpga::Part* larger = fpga::larger_part(part);
  return fmt::format(
      "{}let 'assay run MODEL --target {} --fit' fold it further{}",
      report.dsp || report.target.has.dsp == 0
          ? ""
          : "build with --dsp, as all products may take DSP blocks then; or ",
      report.target.name,
      larger ? fmt::format(", or take a larger part, --target {}", larger->name) : "");
}

/// "+12 %", or "-" where nothing was there.
std::string error_text(std::int64_t estimate, std::int64_t counted) {
  if (counted == 0) return estimate == 0 ? "" : "-";
  return fmt::format(
      "{:+.0f} %", 100.0 * static_cast<double>(estimate - counted) / static_cast<double>(counted));
}

std::vector<std::string> row(const std::string& name, const report::Build::Cells& cells,
                             const report::Resources& estimates) {
  return {name,
          grouped(cells.lut),
          error_text(estimates.lut, cells.lut),
          grouped(cells.ff),
          error_text(estimates.ff, cells.ff),
          grouped(cells.carry),
          grouped(cells.bram),
          error_text(estimates.bram, cells.bram),
          grouped(cells.dsp)};
}

std::string cells_table(const report::Build& report) {
  std::vector<std::vector<std::string>> rows = {{"layer", "LUTs", "estimate", "flip-flops",
                                                 "estimate", "carries", "block RAMs", "estimate",
                                                 "DSPs"}};
  for (const report::Build::Layer& layer : report.layers)
    rows.push_back(row(printable(layer.node, 40), layer.cells, layer.estimates));
  rows.push_back(
      row(report.target.board ? "shell and between them" : "between them", report.between, {}));
  rows.push_back(row("all", report.total, report.estimates));
  return table_text(rows);
}

/// "'MatMul_0' > 'MatMul_1'": the layers that the slowest path goes through.
std::string path_text(const report::Build& report) {
  std::string text, last;
  for (const report::Build::Path& step : report.critical_path) {
    if (step.to_layer.empty() || step.to_layer == last) continue;
    text += fmt::format("{}'{}'", text.empty() ? "" : " > ", printable(step.to_layer));
    last = step.to_layer;
  }
  return text.empty() ? "no layer" : text;
}

/// What place and route came to, or that there was none.
std::string placed_text(const report::Build& report) {
  if (report.target.device.empty())
    return fmt::format(
        "{0} {1}: synthesised; no open tools place, route and pack it, so there is no "
        "clock and no bitstream. 'assay verify DIR --level netlist --target {1}' "
        "simulates what was synthesised\n",
        report.design, report.target.name);
  return fmt::format(
      "{} {} on {} ({}), seed {}: {:.1f} MHz, {:.0f} asked for; slowest path in {}\n",
      report.design, report.target.name, report.target.part, report.target.package, report.seed,
      report.fmax_mhz, report.clock_mhz, path_text(report));
}

/// A board has a clock, whatever the one that it could have.
std::string board_rate(const report::Build& report) {
  if (!report.target.board) return "";
  return fmt::format(", {:.1f} at the board's {:g} MHz",
                     report.clock_mhz * kHz / static_cast<double>(*report.interval),
                     report.clock_mhz);
}

std::string step_text(const report::Timing& timing) {
  std::string text;
  for (const report::Timing::Stage& step : timing.stages)
    text += fmt::format("{}{} {:.1f} s{}", text.empty() ? "" : ", ", step.stage, step.seconds,
                        step.resumed ? " (kept)" : "");
  return text;
}

}  // namespace

report::Build build_head(const BuildSource& source, const fpga::Target& target, double clock_mhz,
                         bool dsp) {
  report::Build report;
  report.assay = assay_identity();
  report.stage = source.run.stages.back().id;
  report.stage_sha256 = source.run.stages.back().sha256;
  report.rtl_sha256 = source.rtl_sha256;
  report.design = source.top();
  report.target = target_of(target);
  report.clock_mhz = clock_mhz;
  report.dsp = dsp;
  hw::Resources sum;
  const std::vector<bool> in_dsp = layers_in_dsp(source.rtl.nodes, *target.part);
  for (std::size_t i = 0; i < source.rtl.nodes.size(); ++i) {
    const StitchedNode& node = source.rtl.nodes[i];
    const hw::Resources estimate =
        hw::estimate_resources(node.layer, estimated_as(target.part->family), dsp || in_dsp[i]);
    sum += estimate;
    report.layers.push_back({node.node->name,
                             "u_" + node.name,
                             std::string(node.node->op->type()),
                             {},
                             resources_of(estimate),
                             0,
                             {}});
  }
  report.estimates = resources_of(sum);
  return report;
}

void note_cells(report::Build& report, const fpga::CellCounts& counts) {
  report.cells.assign(counts.types.begin(), counts.types.end());
  report.total = cells_of(counts.total);
  report.between = cells_of(counts.between);
  for (std::size_t i = 0; i < report.layers.size(); ++i)
    report.layers[i].cells = cells_of(counts.layers.at(i));
}

void note_placement(report::Build& report, const fpga::PlaceRouteResult& result,
                    const fpga::CellOwners& owners) {
  for (const fpga::Utilisation& used : result.utilisation)
    report.used.push_back({used.name, used.used, used.available});
  report.fmax_mhz = result.fmax_mhz;
  for (const fpga::PathStep& step : result.critical_path)
    report.critical_path.push_back({step.kind, step.from, step.to,
                                    layer_name(report, owners.of(step.from)),
                                    layer_name(report, owners.of(step.to)), step.net, step.ns});
  for (const fpga::PlaceRouteResult::Place& place : result.places) {
    const std::size_t layer = owners.of(place.cell);
    if (layer < report.layers.size()) add_place(report.layers[layer], place.x, place.y);
  }
}

void copy_placement(report::Build& report, const report::Build& from) {
  report.used = from.used;
  report.seeds = from.seeds;
  report.seed = from.seed;
  report.fmax_mhz = from.fmax_mhz;
  report.critical_path = from.critical_path;
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    report.layers[i].placed = from.layers.at(i).placed;
    report.layers[i].box = from.layers.at(i).box;
  }
}

void require_fit(const report::Build& report, const fpga::Part& part) {
  std::string short_of;
  double times = 1;
  for (const Kind& kind : kKinds) {
    const std::int64_t needs = report.total.*kind.cells, has = report.target.has.*kind.has;
    if (needs <= has) continue;
    short_of += fmt::format("{}{} {} of {} ({} too many; most in {})", short_of.empty() ? "" : "; ",
                            grouped(needs), kind.name, grouped(has), grouped(needs - has),
                            heaviest(report, kind));
    if (has > 0) times = std::max(times, static_cast<double>(needs) / static_cast<double>(has));
  }
  if (!short_of.empty())
    throw DoesNotFitError(
        fmt::format("the accelerator does not fit {}: synthesised, it takes {}; {}", part.name,
                    short_of, remedy(report, part)),
        times);
}

std::string build_table(const report::Build& report, const report::Timing& timing) {
  std::string text = cells_table(report) + "\n";
  for (const report::Build::Used& used : report.used)
    if (used.used > 0)
      text += fmt::format("{}: {} of {}\n", used.name, grouped(used.used), grouped(used.available));
  text += placed_text(report);
  if (report.frames_per_second)
    text += fmt::format("{:.1f} frames/s at {:.1f} MHz{}, {} cycles a frame\n",
                        *report.frames_per_second, report.fmax_mhz, board_rate(report),
                        grouped(*report.interval));
  text += step_text(timing) + "\n";
  for (const report::File& file : report.steps.back().files)
    text += fmt::format("{}  {}\n", file.sha256, file.file);
  return text;
}

void note_speed(report::Build& report, std::optional<std::int64_t> interval) {
  report.interval = interval;
  if (interval && report.fmax_mhz > 0)
    report.frames_per_second = report.fmax_mhz * kHz / static_cast<double>(*interval);
}

}  // namespace assay
