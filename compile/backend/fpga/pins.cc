// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/pins.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "compile/backend/fpga/tools.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay::fpga {
namespace {

namespace fs = std::filesystem;
using netlist::Family;
using Site = std::tuple<int, int, std::string>;  ///< column, row, which of the pads there

struct SitedPin {
  std::string name;
  Site site;
};

/// The lines of a section of the text database, ".pins ct256", in words.
std::vector<std::vector<std::string>> section(const fs::path& file, const std::string& title) {
  std::ifstream in(file);
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('.')) {
      if (inside) break;
      inside = line == title;
    } else if (inside && !line.empty()) {
      std::istringstream words(line);
      rows.emplace_back(std::istream_iterator<std::string>(words),
                        std::istream_iterator<std::string>());
    }
  }
  return rows;
}

Site site_of(const std::vector<std::string>& row, std::size_t first) {
  if (row.size() < first + 3) tool_error("the iCE40 database has a short line; install it again");
  return {std::stoi(row[first]), std::stoi(row[first + 1]), row[first + 2]};
}

/// The three outputs of the UltraPlus for coloured LEDs drive low only.
bool is_open_drain(const Part& part, const std::string& pin) {
  return part.device == "up5k" && (pin == "39" || pin == "40" || pin == "41");
}

std::vector<Pin> ice40_pins(const Part& part) {
  const fs::path file = icestorm_chipdb() / database_name(part);
  std::set<Site> clocks;
  for (const auto& row : section(file, ".gbufpin")) clocks.insert(site_of(row, 0));
  std::vector<Pin> pins;
  for (const auto& row : section(file, ".pins " + part.package))
    if (!is_open_drain(part, row[0])) pins.push_back({row[0], clocks.contains(site_of(row, 1))});
  return pins;
}

std::vector<Pin> ecp5_pins(const Part& part) {
  using Json = nlohmann::json;
  const fs::path file = trellis_database() / "ECP5" / database_name(part) / "iodb.json";
  try {
    const Json db = Json::parse(read_file(file));
    const auto site = [](const Json& pad) {
      return Site{pad.at("col").get<int>(), pad.at("row").get<int>(),
                  pad.at("pio").get<std::string>()};
    };
    std::set<Site> clocks;
    for (const Json& pad : db.at("pio_metadata"))
      if (pad.value("function", "").starts_with("PCLKT")) clocks.insert(site(pad));
    std::vector<Pin> pins;
    for (const auto& [name, pad] : db.at("packages").at(part.package).items())
      pins.push_back({name, clocks.contains(site(pad))});
    return pins;
  } catch (const std::exception& error) {
    tool_error("'{}' does not describe the pins of {}: {}", printable(file.string(), 4096),
               part.package, printable(error.what(), 200));
  }
}

/// Letters before numbers, numbers by their value: "A2" before "A10".
auto order(const Pin& pin) {
  const std::size_t digits = pin.name.find_first_of("0123456789");
  const std::string letters = pin.name.substr(0, digits);
  const int number = digits == std::string::npos ? 0 : std::atoi(pin.name.c_str() + digits);
  return std::tuple(letters.size(), letters, number);
}

std::string constraint(Family family, const std::string& port, const std::string& pin) {
  if (family == Family::kIce40) return fmt::format("set_io {} {}\n", port, pin);
  return fmt::format("LOCATE COMP \"{0}\" SITE \"{1}\";\nIOBUF PORT \"{0}\" IO_TYPE=LVCMOS33;\n",
                     port, pin);
}

/// The clock's pin, taken out of those that are free.
std::string take_clock(const Part& part, std::vector<Pin>& free) {
  const auto it = std::ranges::find_if(free, &Pin::clock);
  if (it == free.end()) tool_error("the database of {} has no pin for the clock", part.package);
  std::string name = it->name;
  free.erase(it);
  return name;
}

}  // namespace

std::string database_name(const Part& part) {
  if (part.family == Family::kIce40)
    return fmt::format("chipdb-{}.txt", part.device.substr(2));  // "hx8k", "up5k": 8k, 5k
  const bool um5g = part.device.starts_with("um5g-");
  const std::string size = um5g ? part.device.substr(5) : part.device;  // "85k"
  return fmt::format("LFE5U{}-{}F", um5g ? "M5G" : "", size.substr(0, size.size() - 1));
}

std::vector<Pin> package_pins(const Part& part) {
  if (part.family == Family::kXilinx) tool_error("there is no database of Xilinx' packages");
  std::vector<Pin> pins = part.family == Family::kIce40 ? ice40_pins(part) : ecp5_pins(part);
  if (pins.empty())
    tool_error("the database of {} does not know the package {}", part.device, part.package);
  std::ranges::sort(pins, {}, order);
  return pins;
}

std::string constraints_text(const Part& part, const std::string& clock,
                             const std::vector<TopPort>& ports, double clock_mhz) {
  std::vector<Pin> free = package_pins(part);
  std::int64_t bits = 1;
  for (const TopPort& port : ports) bits += port.bits;
  if (bits > std::ssize(free))
    user_error(
        "the design's ports have {} bits and {} in package {} has {} pins; choose a larger part, "
        "or "
        "a board, whose shell brings frames in and out over few wires",
        bits, part.name, part.package, free.size());
  const Family family = part.family;
  std::string text = constraint(family, clock, take_clock(part, free));
  if (family == Family::kEcp5)
    text += fmt::format("FREQUENCY PORT \"{}\" {} MHZ;\n", clock, clock_mhz);
  std::size_t next = 0;
  for (const TopPort& port : ports)
    for (std::int64_t bit = 0; bit < port.bits; ++bit)
      text += constraint(family, port.vector ? fmt::format("{}[{}]", port.name, bit) : port.name,
                         free[next++].name);
  return text;
}

}  // namespace assay::fpga
