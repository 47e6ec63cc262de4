// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ice40/place_route.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay::ice40 {
namespace {

using nlohmann::json;

/// How nextpnr says that a design is too large; nothing else that stops it does.
constexpr std::string_view kTooLarge[] = {
    "no BELs remaining", "no Bels remaining",      "Unable to find legal placement",
    "failed to place",   "Failed to place",        "Routing design failed",
    "Failed to route",   "failed to expand region"};

json parse(const std::string& text, const char* what) {
  json result = json::parse(text, nullptr, false);
  if (result.is_discarded()) tool_error("nextpnr-ice40 wrote a {} that is no JSON", what);
  return result;
}

std::string cell_of(const json& end) { return end.is_object() ? end.value("cell", "") : ""; }

double length_of(const json& path) {
  double sum = 0;
  for (const json& step : path.at("path")) sum += step.at("delay").get<double>();
  return sum;
}

/// Between registers of one clock the longest; null when there is none.
const json* critical_path(const json& report) {
  const json* found = nullptr;
  for (const json& path : report.at("critical_paths"))
    if (path.at("from") == path.at("to") && (!found || length_of(path) > length_of(*found)))
      found = &path;
  return found;
}

std::vector<std::string> arguments_of(const fpga::PlaceRouteJob& job) {
  return {"--" + job.part->device,
          "--package",
          job.part->package,
          "--json",
          "design.json",
          "--pcf",
          "design.pcf",
          "--asc",
          "design.asc",
          "--report",
          "report.json",
          "--write",
          "placed.json",
          "--log",
          "nextpnr.log",
          "--seed",
          std::to_string(job.seed),
          "--freq",
          fmt::format("{}", job.clock_mhz),
          "--timing-allow-fail"};
}

[[noreturn]] void does_not_fit(const fpga::PlaceRouteJob& job, const std::string& reason,
                               std::vector<fpga::Utilisation> counts) {
  std::string most;
  double share = 0;
  for (const fpga::Utilisation& count : counts) {
    if (count.available == 0) continue;
    const double now = static_cast<double>(count.used) / static_cast<double>(count.available);
    if (now < share) continue;
    share = now;
    most = fmt::format("{} of {} {}", count.used, count.available, count.name);
  }
  throw DoesNotFit(fmt::format("'{}' does not fit on {}: it takes {} ({})", printable(job.top),
                               job.part->name, most, printable(reason)),
                   std::move(counts));
}

/// The line of the log that says why it stopped.
std::string error_of(const std::string& log) {
  const std::size_t at = log.find("ERROR: ");
  return at == std::string::npos ? "" : log.substr(at + 7, log.find('\n', at) - at - 7);
}

void run_nextpnr(const fpga::PlaceRouteJob& job, const std::filesystem::path& folder,
                 const PlaceRouteTools& tools) {
  const ProcessResult done = try_tool(tools.nextpnr, arguments_of(job), folder, tools.limit);
  if (done.ok()) return;
  std::string log = done.output;
  if (std::filesystem::is_regular_file(folder / "nextpnr.log"))
    log = read_file(folder / "nextpnr.log");
  if (done.timed_out)
    tool_error("{} took longer than {} s for '{}' and was stopped; another seed may do",
               tools.nextpnr.name, tools.limit.count(), printable(job.top));
  const std::string reason = error_of(log);
  for (const std::string_view words : kTooLarge)
    if (reason.find(words) != std::string::npos) does_not_fit(job, reason, read_utilisation(log));
  tool_error("{} failed for '{}' ({}): {}", tools.nextpnr.name, printable(job.top), folder.string(),
             printable(reason.empty() ? log : reason, 1000));
}

}  // namespace

void read_report(const std::string& text, fpga::PlaceRouteResult& result) try {
  const json report = parse(text, "report");
  for (const auto& [clock, value] : report.at("fmax").items()) {
    const double achieved = value.at("achieved").get<double>();
    result.fmax_mhz = result.fmax_mhz == 0 ? achieved : std::min(result.fmax_mhz, achieved);
  }
  for (const auto& [name, value] : report.at("utilization").items())
    result.utilisation.push_back(
        {name, value.at("used").get<std::int64_t>(), value.at("available").get<std::int64_t>()});
  const json* path = critical_path(report);
  if (path == nullptr) return;
  for (const json& step : path->at("path"))
    result.critical_path.push_back({step.at("type").get<std::string>(), cell_of(step.at("from")),
                                    cell_of(step.at("to")), step.value("net", ""),
                                    step.at("delay").get<double>()});
} catch (const json::exception& error) {
  tool_error("the report of nextpnr-ice40 is not as expected: {}", error.what());
}

std::vector<fpga::PlaceRouteResult::Place> read_places(const std::string& text) try {
  std::vector<fpga::PlaceRouteResult::Place> result;
  const json design = parse(text, "netlist");
  for (const auto& module : design.at("modules"))
    for (const auto& [name, cell] : module.at("cells").items()) {
      const std::string site = cell.at("attributes").value("NEXTPNR_BEL", "");
      fpga::PlaceRouteResult::Place place{name};
      if (std::sscanf(site.c_str(), "X%d/Y%d/", &place.x, &place.y) == 2)
        result.push_back(std::move(place));
    }
  return result;
} catch (const json::exception& error) {
  tool_error("the netlist of nextpnr-ice40 is not as expected: {}", error.what());
}

std::vector<fpga::Utilisation> read_utilisation(const std::string& log) {
  std::vector<fpga::Utilisation> result;
  std::istringstream lines(log.substr(std::min(log.find("Device utilisation"), log.size())));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    fpga::Utilisation count;
    char name[64] = {};
    if (std::sscanf(line.c_str(), "Info: %63[A-Za-z0-9_]: %ld/%ld", name, &count.used,
                    &count.available) != 3)
      break;
    count.name = name;
    result.push_back(std::move(count));
  }
  return result;
}

fpga::PlaceRouteResult place_route_ice40(const fpga::PlaceRouteJob& job,
                                         const std::filesystem::path& folder,
                                         const PlaceRouteTools& tools) {
  write_file(folder / "design.json", job.json);
  write_file(folder / "design.pcf", job.constraints);
  for (const char* name : {"design.asc", "design.bin", "report.json", "placed.json", "nextpnr.log"})
    std::filesystem::remove(folder / name);
  run_nextpnr(job, folder, tools);
  run_tool(tools.icepack, {"design.asc", "design.bin"}, folder, tools.limit);
  fpga::PlaceRouteResult result;
  read_report(read_file(folder / "report.json"), result);
  result.places = read_places(read_file(folder / "placed.json"));
  result.routed = read_file(folder / "design.asc");
  result.bitstream = read_file(folder / "design.bin");
  return result;
}

}  // namespace assay::ice40
