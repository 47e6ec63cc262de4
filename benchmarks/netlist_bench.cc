// SPDX-License-Identifier: Apache-2.0
// How fast netlists are simulated, one core; items are clock cycles of one lane, a second of processor
// time.
//   random/NAME/LANES/PATH   logic at random of the size of a network's accelerator
//   FILE/LANES/PATH          netlists of Yosys (write_json, top module "accelerator"), from the
//                            command line as FAMILY:FILE, FAMILY one of ice40, ecp5, xilinx; inputs
//                            at random
//   FILE/verilator           the same netlist in Verilator, which takes minutes to build it (build_s)
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "compile/netlist/verilog.h"
#include "compile/netlist/yosys_json.h"
#include "sim/model/temporary_folder.h"
#include "sim/netlist/simulator.h"

namespace assay {
namespace {

using netlist::Memory;
using netlist::Net;
using netlist::Netlist;

struct Size {
  const char* name;
  std::size_t tables, flip_flops, small, blocks, levels;
};
constexpr Size kSizes[] = {{"tfc_w1a1", 3500, 1264, 10, 20, 14},
                           {"resnet8_w4a4", 62000, 22000, 573, 19, 24}};

/// Tables take what levels below them give, most of it near them, as placed designs do.
class RandomDesign {
 public:
  explicit RandomDesign(const Size& size) : size_(size), levels_(size.levels + 1) {
    design_.name = size.name;
    clock_ = port("clk", 1)[0];
    levels_[0] = port("in", 64);
    for (std::size_t i = 0; i < size.flip_flops; ++i) levels_[0].push_back(design_.new_net());
    for (std::size_t i = 0; i < size.blocks; ++i) block();
    for (std::size_t i = 0; i < size.small; ++i) small();
    for (std::size_t i = 0; i < size.tables; ++i) table(i);
    for (std::size_t i = 0; i < size.flip_flops; ++i) flip_flop(levels_[0][64 + i]);
    for (Memory& memory : design_.memories) connect(memory);
    netlist::Port out{"out", false, {}};
    for (const std::vector<Net>& level : levels_)
      out.bits.insert(out.bits.end(), level.begin(), level.end());
    design_.ports.push_back(std::move(out));
  }
  Netlist take() { return std::move(design_); }

 private:
  std::vector<Net> port(const std::string& name, int bits) {
    std::vector<Net> nets;
    for (int i = 0; i < bits; ++i) nets.push_back(design_.new_net());
    design_.ports.push_back({name, true, nets});
    return nets;
  }
  Net pick(const std::vector<Net>& nets) { return nets[random_() % nets.size()]; }
  Net any() { return pick(levels_[1 + random_() % size_.levels]); }

  Memory memory(int bits, std::size_t units, bool registered, std::vector<Net>& level) {
    Memory memory;
    memory.unit_bits = bits;
    for (std::size_t i = 0; i < units; ++i) memory.units.push_back(random_() & ((1U << bits) - 1));
    Memory::ReadPort& read = memory.reads.emplace_back();
    read.registered = registered;
    read.clock = clock_;
    for (int i = 0; i < bits; ++i) {
      read.data.push_back(design_.new_net());
      level.push_back(read.data.back());
    }
    return memory;
  }
  /// Half of them ROMs.
  void block() {
    design_.memories.push_back(memory(18, 1024, true, levels_[0]));
    if (design_.memories.size() % 2 == 0) design_.memories.back().writes.resize(1);
  }
  void small() {
    design_.memories.push_back(memory(4, 16, false, levels_[1]));
    for (int i = 0; i < 4; ++i)
      design_.memories.back().reads[0].address.push_back(pick(levels_[0]));
    design_.memories.back().writes.resize(1);
  }
  void connect(Memory& memory) {
    const int bits = memory.units.size() == 16 ? 4 : 10;
    for (int i = 0; i < bits && memory.reads[0].registered; ++i)
      memory.reads[0].address.push_back(any());
    for (Memory::WritePort& write : memory.writes) {
      write.clock = clock_;
      const Net enable = any();
      for (int i = 0; i < bits; ++i) write.address.push_back(any());
      for (int i = 0; i < memory.unit_bits; ++i) {
        write.data.push_back(any());
        write.enables.push_back(enable);
      }
    }
  }
  void table(std::size_t index) {
    constexpr std::uint64_t kTables[] = {0x8000, 0x6996, 0xe888, 0xcaca, 0x7fff, 0x8f88};
    const std::size_t per_level = size_.tables / size_.levels + 1, level = 1 + index / per_level;
    netlist::Lut lut;
    lut.size = 4;
    lut.table = kTables[random_() % std::size(kTables)];
    for (std::size_t i = 0; i < 4; ++i) {
      const std::vector<Net>& from = levels_[i == 0 ? level - 1 : random_() % level];
      const std::size_t near = index % per_level * from.size() / per_level;
      lut.inputs[i] = from[(near + random_() % (from.size() / 8 + 1)) % from.size()];
    }
    lut.out = design_.new_net();
    design_.luts.push_back(lut);
    levels_[level].push_back(lut.out);
  }
  void flip_flop(Net q) {
    netlist::FlipFlop cell;
    cell.q = q;
    cell.d = random_() % 4 == 0 ? pick(levels_[0]) : any();
    cell.clock = clock_;
    if (random_() % 2 == 0) cell.enable = any();
    if (random_() % 4 == 0) cell.reset = levels_[0][0];
    design_.flip_flops.push_back(cell);
  }

  const Size& size_;
  std::mt19937_64 random_{1};
  Netlist design_;
  Net clock_ = 0;
  std::vector<std::vector<Net>> levels_;
};

void simulate(benchmark::State& state, const Netlist& design, int lanes, sim::Instructions path) {
  sim::NetlistSimulator simulator(design, lanes, path);
  std::mt19937_64 random(2);
  std::vector<std::span<std::uint64_t>> inputs;
  for (const netlist::Port& port : simulator.netlist().ports)
    if (port.input)
      for (const Net net : port.bits) inputs.push_back(simulator.values(net));
  simulator.wake(1);
  for (auto _ : state) {
    for (const std::span<std::uint64_t> input : inputs)
      for (std::uint64_t& word : input) word = random();
    simulator.settle();
    simulator.clock();
  }
  state.SetItemsProcessed(state.iterations() * lanes);
  state.counters["levels"] = simulator.levels();
}

void add_design(const std::string& name, const Netlist& design) {
  constexpr std::pair<sim::Instructions, const char*> kPaths[] = {
      {sim::Instructions::kPortable, "portable"},
      {sim::Instructions::kAvx2, "avx2"},
      {sim::Instructions::kAvx512, "avx512"}};
  for (const int lanes : {64, 256, 512})
    for (const auto& [path, path_name] : kPaths)
      if (sim::runs_here(path))
        benchmark::RegisterBenchmark(fmt::format("{}/{}/{}", name, lanes, path_name).c_str(),
                                     [design, lanes, path = path](benchmark::State& state) {
                                       simulate(state, design, lanes, path);
                                     })
            ->Unit(benchmark::kMicrosecond);
}

/// A program that runs so many cycles with inputs at random and says how many seconds of its processor
/// they took.
std::string driver(const Netlist& design) {
  const Net clock = netlist::clock_of(design);
  std::string inputs, clock_name;
  for (const netlist::Port& port : design.ports) {
    if (!port.input) continue;
    if (port.bits[0] == clock) {
      clock_name = port.name;
      continue;
    }
    const std::size_t bits = port.bits.size(), words = (bits + 31) / 32;
    const unsigned mask = bits % 32 == 0 ? ~0U : (1U << bits % 32) - 1;
    if (bits <= 64)
      inputs += fmt::format("    top.{} = random() & {:#x}ull;\n", port.name,
                            bits == 64 ? ~0ULL : (1ULL << bits) - 1);
    for (std::size_t w = 0; bits > 64 && w < words; ++w)
      inputs += fmt::format("    top.{}[{}] = static_cast<std::uint32_t>(random()) & {:#x}u;\n",
                            port.name, w, w + 1 == words ? mask : ~0U);
  }
  return fmt::format(R"(#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include "Vdesign.h"
int main(int, char** argv) {{
  Vdesign top;
  std::mt19937_64 random(2);
  const std::clock_t start = std::clock();
  for (long cycle = std::atol(argv[1]); cycle > 0; --cycle) {{
{0}    top.{1} = 0;
    top.eval();
    top.{1} = 1;
    top.eval();
  }}
  std::printf("%f\n", static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
}}
)",
                     inputs, clock_name);
}

void simulate_in_verilator(benchmark::State& state, const Netlist& design) {
  namespace fs = std::filesystem;
  constexpr std::chrono::hours kLimit{6};
  const sim::TemporaryFolder folder(fs::temp_directory_path() / "netlist_bench");
  Netlist simple = design;
  netlist::simplify(simple);
  const netlist::VerilogText verilog = netlist::to_verilog(simple, {});
  write_file(folder.path() / "design.v", verilog.text);
  for (const auto& file : verilog.memories) write_file(folder.path() / file.name, file.text);
  write_file(folder.path() / "driver.cc", driver(simple));
  const auto start = std::chrono::steady_clock::now();
  // As the second opinion builds it (sim/model/model.cc).
  const ProcessResult built = run_process({find_program("verilator", "verilator").string(),
                                           "--cc",
                                           "--exe",
                                           "--build",
                                           "-O3",
                                           "-Wno-fatal",
                                           "-Wno-lint",
                                           "--x-assign",
                                           "fast",
                                           "-fno-gate",
                                           "-fno-dfg",
                                           "-fno-const-bit-op-tree",
                                           "--prefix",
                                           "Vdesign",
                                           "--top-module",
                                           simple.name,
                                           "-CFLAGS",
                                           "-O1",
                                           "design.v",
                                           "driver.cc"},
                                          folder.path(), kLimit);
  if (!built.ok()) return state.SkipWithError(built.output.c_str());
  state.counters["build_s"] =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  constexpr int kCycles = 1000;
  for (auto _ : state) {
    const ProcessResult run =
        run_process({(folder.path() / "obj_dir/Vdesign").string(), std::to_string(kCycles)},
                    folder.path(), kLimit);
    if (!run.ok()) return state.SkipWithError(run.output.c_str());
    state.SetIterationTime(std::stod(run.output));
  }
  state.SetItemsProcessed(state.iterations() * kCycles);
}

Netlist read(const std::string& argument) {
  const std::size_t colon = argument.find(':');
  const std::string family = argument.substr(0, colon), file = argument.substr(colon + 1);
  for (const netlist::Family f :
       {netlist::Family::kIce40, netlist::Family::kEcp5, netlist::Family::kXilinx})
    if (netlist::family_name(f) == family)
      return netlist::read_yosys_json(read_file(file), "accelerator", f, file);
  user_error("'{}' is no netlist: give FAMILY:FILE", argument);
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  for (const assay::Size& size : assay::kSizes)
    assay::add_design(fmt::format("random/{}", size.name), assay::RandomDesign(size).take());
  try {
    for (int i = 1; i < argc; ++i) {
      const assay::netlist::Netlist design = assay::read(argv[i]);
      assay::add_design(argv[i], design);
      benchmark::RegisterBenchmark(
          fmt::format("{}/verilator", argv[i]).c_str(),
          [design](benchmark::State& state) { assay::simulate_in_verilator(state, design); })
          ->UseManualTime()
          ->Iterations(3)
          ->Unit(benchmark::kMillisecond);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
  benchmark::RunSpecifiedBenchmarks();
}
