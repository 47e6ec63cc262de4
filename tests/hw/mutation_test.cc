// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "harness/rtl/node_model.h"
#include "hw/library_cases.h"
#include "hw/netlist.h"

/// Are the checks of layers able to fail? Faults are planted in a layer's RTL, and each has to be
/// noticed, unless it is proved to change nothing.
namespace assay::hw::test {
namespace mutation_test {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr int kFrames = 24, kRounds = 3;             ///< rounds: of all profiles
constexpr seconds kProofLimit{20}, kAllProofs{240};  ///< of one mutant and of a layer's

/// All mutants of a layer in one model; the value of its control input chooses one, from 1 on.
struct Mutants {
  sim::ModelSpec spec;
  std::vector<std::string> commands;  ///< Yosys' for each
};

/// A read port without a clock has no enable for Yosys, though the cell has the pin: its data instead.
std::string with_legal_port(std::string command, const std::string& base) {
  const std::string pin = "-port RD_EN ", option = "-cell ";
  const std::size_t at = command.find(pin), cell = command.find(option) + option.size();
  if (at == std::string::npos) return command;
  const std::string name = command.substr(cell, command.find(' ', cell) - cell);
  const std::size_t from =
                        base.find("cell $mem_v2 " + std::string(name[0] == '$' ? "" : "\\") + name),
                    to = base.find("\n  end", from), clock = base.find("\\RD_CLK_ENABLE ", from);
  const std::string enable = base.substr(clock, base.find('\n', clock) - clock);
  const bool clocked = enable.find('1', enable.find('\'')) != std::string::npos;
  if (from == std::string::npos || clock > to || clocked) return command;
  return command.replace(at, pin.size(), "-port RD_DATA ");
}

Mutants make_mutants(const Prepared& p, int count) {
  run_yosys(
      p, read_rtl(p) + fmt::format("proc\nflatten\nopt\nmemory -nomap\nopt_clean\n"
                                   "write_rtlil base.il\n"
                                   "mutate -list {} -seed 1 -o mutants.txt -ctrl control0_i 16 1\n",
                                   count));
  Mutants mutants;
  std::string script;
  std::istringstream lines(read_file(p.data / "mutants.txt"));
  const std::string base = read_file(p.data / "base.il");
  for (std::string line; std::getline(lines, line);) {
    mutants.commands.push_back(with_legal_port(line, base));
    script += mutants.commands.back() + '\n';
  }
  write_file(p.data / "mutants.txt", script);
  run_yosys(p, "read_rtlil base.il\nscript mutants.txt\nwrite_verilog -noattr netlist.v\n");
  add_design(mutants.spec, p.rtl);
  mutants.spec.designs[0].controls = {16};
  mutants.spec.sources = {{p.rtl.module + ".v", read_file(p.data / "netlist.v")}};
  mutants.spec.netlist = true;
  return mutants;
}

/// One run under a profile. Layers are small, and a stuck one should not take long.
sim::JobFile mutant_job(const Prepared& p, std::uint64_t mutant, sim::Profile profile, int round) {
  CheckOptions options{.frames = kFrames};
  options.seed += static_cast<std::uint64_t>(round) * sim::kProfiles;
  sim::JobFile job = profile_job(p, 0, static_cast<int>(profile), options);
  job.job.patience = 300 + 4 * p.rtl.layer.cycles;
  job.controls = {mutant};
  return job;
}

/// What goes wrong in a run under one of the profiles; empty: nothing. A run that does not end well
/// counts, too. Those that notice most come first, and what they leave is tried more often.
std::string fault_of(const sim::Model& model, const Prepared& p, std::uint64_t mutant) {
  using enum sim::Profile;
  for (int round = 0; round < kRounds; ++round) {
    for (const sim::Profile profile :
         {kBursts, kAlways, kBernoulli, kReadyAfterValid, kReadyPulse, kStarved}) {
      const sim::JobFile job = mutant_job(p, mutant, profile, round);
      try {
        const std::string fault = run_fault(model, job, p, profile == kAlways);
        if (!fault.empty()) return fault;
      } catch (const ToolError& error) {
        return error.what();
      }
    }
  }
  return "";
}

/// The mutation alone, without the control input.
std::string plain(const std::string& command) {
  std::istringstream words(command);
  std::string result, word;
  while (words >> word) {
    if (word == "-ctrl")
      words >> word >> word >> word;
    else
      result += (result.empty() ? "" : " ") + word;
  }
  return result + "\n";
}

/// What stands in front of a port of one half.
std::string connections(const Layer& layer, char half) {
  std::string text = "    .clk_i(clk_i), .rst_ni(rst_ni)";
  for (std::size_t i = 0; i < layer.inputs.size(); ++i)
    text += fmt::format(
        ",\n    .in{0}_valid_i(in{0}_valid_i), .in{0}_ready_o({1}_ready{0}), "
        ".in{0}_data_i(in{0}_data_i)",
        i, half);
  for (std::size_t i = 0; i < layer.outputs.size(); ++i)
    text += fmt::format(
        ",\n    .out{0}_valid_o({1}_valid{0}), .out{0}_ready_i(out{0}_ready_i), "
        ".out{0}_data_o({1}_data{0})",
        i, half);
  return text;
}

/// The original and the mutant under the same inputs: `bad` where what anybody may see of them
/// differs.
std::string miter(const Layer& layer) {
  std::string ports = "input clk_i, input rst_ni", wires, differs;
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    ports += fmt::format(", input in{0}_valid_i, input [{1}:0] in{0}_data_i", i,
                         layer.inputs[i].bits() - 1);
    wires += fmt::format("  wire g_ready{0}, h_ready{0};\n", i);
    differs += fmt::format("g_ready{0} != h_ready{0} || ", i);
  }
  for (std::size_t i = 0; i < layer.outputs.size(); ++i) {
    ports += fmt::format(", input out{}_ready_i", i);
    wires += fmt::format("  wire g_valid{0}, h_valid{0};\n  wire [{1}:0] g_data{0}, h_data{0};\n",
                         i, layer.outputs[i].bits() - 1);
    differs +=
        fmt::format("g_valid{0} != h_valid{0} || (g_valid{0} && g_data{0} != h_data{0}) || ", i);
  }
  return fmt::format(
      "module miter ({}, output bad);\n{}  gold g (\n{});\n  gate h (\n{});\n"
      "  assign bad = {}1'b0;\nendmodule\n",
      ports, wires, connections(layer, 'g'), connections(layer, 'h'), differs);
}

/// Whether a mutant is proved to be no different in any state that a reset design can reach, for
/// all inputs: property directed reachability on the two side by side.
bool is_equivalent(const Prepared& p, const std::string& command) {
  const auto half = [&](const std::string& name, const std::string& mutation) {
    return "read_rtlil base.il\n" + mutation +
           fmt::format("memory_map\nopt_clean\nrename {} {}\ndesign -stash {}\n", p.rtl.module,
                       name, name);
  };
  write_file(p.data / "miter.v", miter(p.rtl.layer));
  std::error_code ignored;
  fs::remove(p.data / "miter.aig", ignored);
  try {
    run_yosys(p,
              half("gold", "") + half("gate", plain(command)) +
                  "design -copy-from gold gold\ndesign -copy-from gate gate\nread_verilog miter.v\n"
                  "hierarchy -top miter\nflatten\nopt -full -nodffe -nosdff\ndffunmap\ntechmap\n"
                  "opt -nodffe -nosdff\ndffunmap\nsetundef -zero -init\nsetundef -undriven -zero\n"
                  "aigmap\nopt_clean\nwrite_aiger -zinit miter.aig\n",
              kProofLimit);
    const ProcessResult proof =
        run_process({find_program("yosys-abc", "yosys").string(), "-c",
                     fmt::format("read_aiger miter.aig; strash; scorr; dc2; scorr; pdr -T {}",
                                 kProofLimit.count())},
                    p.data, 2 * kProofLimit);
    return proof.output.find("Property proved") != std::string::npos;
  } catch (const ToolError&) {
    return false;
  }
}

struct Score {
  int noticed = 0, equivalent = 0;
  std::vector<std::string> survivors;
  double rate() const {
    const auto counted = static_cast<double>(noticed) + static_cast<double>(survivors.size());
    return noticed / std::max(counted, 1.0);
  }
};

Score score(const std::string& name, int count) {
  std::vector<LayerCase> cases = library_cases();
  const LayerCase layer = std::move(*std::ranges::find(cases, name, &LayerCase::name));
  const Scratch scratch;
  const Prepared p = prepare_random(layer.graph, "mutant", {.frames = kFrames}, 0, scratch.path());
  const Mutants mutants = make_mutants(p, count);
  const sim::Model model = model_cache().get(mutants.spec);
  Score result;
  EXPECT_EQ(fault_of(model, p, 0), "") << "without a mutation";
  const Clock::time_point deadline = Clock::now() + kAllProofs;
  for (std::size_t i = 0; i < mutants.commands.size(); ++i) {
    if (!fault_of(model, p, i + 1).empty())
      ++result.noticed;
    else if (Clock::now() < deadline && is_equivalent(p, mutants.commands[i]))
      ++result.equivalent;
    else
      result.survivors.push_back(mutants.commands[i]);
  }
  return result;
}

void expect_rate(const std::string& name, int count, double rate) {
  if (!has_yosys()) GTEST_SKIP() << kNoYosys;
  const Score result = score(name, count);
  std::string text = fmt::format("{}: {} noticed, {} proved equivalent, {} survived\n", name,
                                 result.noticed, result.equivalent, result.survivors.size());
  for (const std::string& command : result.survivors) text += plain(command);
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path() / "mutants";
  fs::create_directories(folder);
  write_file(folder / fmt::format("{}_{}.txt", name, count), text);
  std::cout << text;
  EXPECT_GT(result.noticed, count / 2);
  EXPECT_GE(result.rate(), rate);
}

using Names = std::vector<std::string>;

Names all_names() {
  Names names;
  for (const LayerCase& c : library_cases()) names.push_back(c.name);
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) { return info.param; }

class Mutation : public ::testing::TestWithParam<std::string> {};
class MutationNightly : public ::testing::TestWithParam<std::string> {};

TEST_P(Mutation, IsNoticed) { expect_rate(GetParam(), 50, 0.9); }
TEST_P(MutationNightly, IsNoticed) { expect_rate(GetParam(), 200, 0.97); }

INSTANTIATE_TEST_SUITE_P(Library, Mutation,
                         ::testing::Values("AddStreams", "ConverterShift", "Fifo"), test_name);
INSTANTIATE_TEST_SUITE_P(Library, MutationNightly, ::testing::ValuesIn(all_names()), test_name);

}  // namespace mutation_test
}  // namespace assay::hw::test
