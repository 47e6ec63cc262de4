// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/nextpnr.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay::fpga {
namespace {

using nlohmann::json;

/// How nextpnr says that a design is too large; nothing else that stops it does.
constexpr std::string_view kTooLarge[] = {
    "no BELs remaining", "no Bels remaining",       "Unable to find legal placement",
    "failed to place",   "Failed to place",         "Routing design failed",
    "Failed to route",   "failed to expand region", "Unable to place cell"};

json parse_json(const std::string& text, const char* what) {
  json result = json::parse(text, nullptr, false);
  if (result.is_discarded()) tool_error("nextpnr wrote a {} that is no JSON", what);
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

[[noreturn]] void does_not_fit(const PlaceRouteJob& job, const std::string& reason,
                               std::vector<Utilisation> counts) {
  std::string most;
  double share = 0;
  for (const Utilisation& count : counts) {
    const double now = static_cast<double>(count.used) /
                       static_cast<double>(std::max<std::int64_t>(count.available, 1));
    if (count.used == 0 || now < share) continue;
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

std::vector<std::string> arguments_of(const PlaceRouteJob& job, const FamilyFiles& files) {
  return {"--" + job.part->device,
          "--package",
          job.part->package,
          "--json",
          "design.json",
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
          "--timing-allow-fail",
          files.constraints_option,
          files.constraints,
          files.routed_option,
          files.routed};
}

void run_nextpnr(const PlaceRouteJob& job, const FamilyFiles& files,
                 const std::filesystem::path& folder, const PlaceRouteTools& tools) {
  const Tool& nextpnr = tools.nextpnr;
  const ProcessResult done = try_tool(nextpnr, arguments_of(job, files), folder, tools.limit);
  if (done.ok()) return;
  if (done.timed_out)
    tool_error("{} took longer than {} s for '{}' and was stopped; another seed may do",
               nextpnr.name, tools.limit.count(), printable(job.top));
  std::string log = done.output;
  if (std::filesystem::is_regular_file(folder / "nextpnr.log"))
    log = read_file(folder / "nextpnr.log");
  const std::string reason = error_of(log);
  for (const std::string_view words : kTooLarge)
    if (reason.find(words) != std::string::npos) does_not_fit(job, reason, read_utilisation(log));
  tool_error("{} failed for '{}' ({}): {}", nextpnr.name, printable(job.top), folder.string(),
             printable(reason.empty() ? log : reason, 1000));
}

}  // namespace

void read_report(const std::string& text, PlaceRouteResult& result) try {
  const json report = parse_json(text, "report");
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
  tool_error("the report of nextpnr is not as expected: {}", error.what());
}

std::vector<PlaceRouteResult::Place> read_places(const std::string& text) try {
  std::vector<PlaceRouteResult::Place> result;
  const json design = parse_json(text, "netlist");
  for (const auto& module : design.at("modules"))
    for (const auto& [name, cell] : module.at("cells").items()) {
      const std::string site = cell.at("attributes").value("NEXTPNR_BEL", "");
      PlaceRouteResult::Place place{name};
      if (std::sscanf(site.c_str(), "X%d/Y%d/", &place.x, &place.y) == 2)
        result.push_back(std::move(place));
    }
  return result;
} catch (const json::exception& error) {
  tool_error("the netlist of nextpnr is not as expected: {}", error.what());
}

std::vector<Utilisation> read_utilisation(const std::string& log) {
  std::vector<Utilisation> result;
  std::istringstream lines(log.substr(std::min(log.find("Device utilisation"), log.size())));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    Utilisation count;
    char name[64] = {};
    if (std::sscanf(line.c_str(), "Info: %63[A-Za-z0-9_]: %ld/%ld", name, &count.used,
                    &count.available) != 3)
      break;
    count.name = name;
    result.push_back(std::move(count));
  }
  return result;
}

PlaceRouteResult place_route(const PlaceRouteJob& job, const FamilyFiles& files,
                             const std::filesystem::path& folder, const PlaceRouteTools& tools) {
  for (const std::string& name : {files.routed, files.bitstream, std::string("report.json"),
                                  std::string("placed.json"), std::string("nextpnr.log")})
    std::filesystem::remove(folder / name);
  write_file(folder / "design.json", job.json);
  write_file(folder / files.constraints, job.constraints);
  run_nextpnr(job, files, folder, tools);
  run_tool(tools.packer, {files.routed, files.bitstream}, folder, tools.limit);
  PlaceRouteResult result;
  read_report(read_file(folder / "report.json"), result);
  result.places = read_places(read_file(folder / "placed.json"));
  result.routed = read_file(folder / files.routed);
  result.bitstream = read_file(folder / files.bitstream);
  return result;
}

}  // namespace assay::fpga
