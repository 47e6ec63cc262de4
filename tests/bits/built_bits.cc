// SPDX-License-Identifier: Apache-2.0
#include "bits/built_bits.h"

#include <algorithm>

namespace assay {

std::string with_flipped_bit(std::string asc, std::mt19937& random, const std::string& section,
                             bool hexadecimal) {
  std::vector<std::size_t> places;
  for (std::size_t at = asc.find(section); at != std::string::npos;
       at = asc.find(section, at + 1)) {
    const std::size_t begin = asc.find('\n', at) + 1,
                      end = std::min(asc.find("\n.", begin), asc.size());
    const bool used = asc.find('1', begin) < end;
    for (std::size_t i = begin; used && i < end; ++i)
      if (asc[i] == '1') places.push_back(i);
  }
  if (places.empty()) return asc;
  const std::size_t at = places[random() % places.size()];
  asc[at] = hexadecimal ? '3' : '0';
  return asc;
}

std::string verdict_of_proof(const CommandResult& result) {
  const Json report = Json::parse(result.out, nullptr, false);
  if (report.is_discarded() || !report.contains("proof") || report["proof"].is_null()) return "";
  return report["proof"]["verdict"];
}

void BuiltBits::flip_bits(int count, int harmless) const {
  const std::string bin = read_file(built("bitstream.bin")), asc = icestorm("iceunpack", bin);
  std::mt19937 random(5);
  int caught = 0;
  for (int i = 0; i < count; ++i) {
    const bool memory = i % 4 == 3;
    const std::string faulty =
        with_flipped_bit(asc, random, memory ? ".ram_data" : ".logic_tile", memory);
    ASSERT_NE(faulty, asc) << "fault " << i << ": no such bit is set";
    replace("bitstream.bin", icestorm("icepack", faulty));
    const CommandResult result = verify("bitstream", {"--json"});
    if (result.code != 0) {
      ++caught;
    } else {
      EXPECT_EQ(verdict_of_proof(result), "PROVED") << "fault " << i;
      EXPECT_FALSE(memory) << "fault " << i << " in a word of a memory";
    }
  }
  EXPECT_GE(caught, count - count / harmless);
}

std::string BuiltBits::swap_pins(const std::string& one, const std::string& other) const {
  const std::string pins = read_file(built("constraints.pcf"));
  const auto pin_of = [&](const std::string& port) {
    const std::size_t at = pins.find("set_io " + port + " ") + port.size() + 8;
    return std::pair(at, pins.substr(at, pins.find('\n', at) - at));
  };
  const auto [first, a] = pin_of(one);
  const auto [second, b] = pin_of(other);
  EXPECT_LT(first, second);
  std::string swapped = pins;
  swapped.replace(second, b.size(), a).replace(first, a.size(), b);
  const TempDir work;
  work.write("netlist.json", read_file(built("netlist.json")));
  work.write("swapped.pcf", swapped);
  fpga::run_tool(fpga::find_tool("nextpnr-ice40"),
                 {"--hx8k", "--package", "ct256", "--json", "netlist.json", "--pcf", "swapped.pcf",
                  "--asc", "routed.asc", "--quiet"},
                 work.path(), std::chrono::seconds(300));
  fpga::run_tool(fpga::find_tool("icepack"), {"routed.asc", "swapped.bin"}, work.path(),
                 std::chrono::seconds(60));
  replace("bitstream.bin", read_file(work.path() / "swapped.bin"));
  return swapped;
}

void BuiltBits::flip_word() const {
  std::string netlist = read_file(built("netlist.json"));
  const std::string init = "\"INIT_0\": \"";
  for (std::size_t at = netlist.find(init); at != std::string::npos; at = netlist.find(init, at)) {
    at += init.size();
    const std::size_t set =
        netlist.rfind('1', netlist.find('"', at));  // the first word is the last
    if (set == std::string::npos || set < at) continue;
    netlist[set] = '0';
    return replace("netlist.json", netlist);
  }
  FAIL() << "no block RAM has a bit in its first words";
}

void BuiltBits::take_from(const std::filesystem::path& other) const {
  for (const char* name : {"netlist.json", "gates.json", "bitstream.bin", "constraints.pcf"})
    replace(name, read_file(other / "build" / target_ / name));
}

}  // namespace assay
