// SPDX-License-Identifier: Apache-2.0
#include "harness/system/simulated_system.h"

#include <algorithm>
#include <utility>

#include "compile/base/file.h"
#include "harness/board/board_design.h"
#include "harness/system/system_netlist.h"
#include "sim/netlist/netlist_dut.h"

namespace assay {
namespace {

constexpr const char* kView = "assay_system";

/// Sources of the view: those of the accelerator as they lie in the run's folder.
sim::ModelSpec spec_of(const MoversRtl& rtl, const std::filesystem::path& folder) {
  sim::ModelSpec spec;
  for (const NodeRtl::File& file : rtl.files) {
    const std::filesystem::path there = folder / file.name;
    spec.sources.push_back(
        {file.name, std::filesystem::exists(there) ? read_file(there) : file.text});
  }
  spec.sources.push_back({std::string(kView) + ".sv", simulated_text(rtl, kView)});
  return spec;
}

std::vector<sim::AxiMover> axi_movers(const MoversRtl& rtl) {
  std::vector<sim::AxiMover> movers;
  for (const DataMover& m : rtl.movers)
    movers.push_back({m.reads, {m.choice.memory_bits, m.choice.max_burst, m.choice.outstanding}});
  if (rtl.weights) movers.push_back({false, {}, false});
  return movers;
}

}  // namespace

SimulatedSystem::SimulatedSystem(const RtlSession& session, MoverChoice choice)
    : top_(prepare_top(only_accelerator(session.graph, "a system"), "accelerator")) {
  choice.content_hash = board::content_hash(session.dir.path());
  rtl_ = with_movers(top_.rtl, choice);
}

SimulatedSystem::SimulatedSystem(const RtlSession& session, MoverChoice choice, std::uint64_t seed)
    : SimulatedSystem(session, std::move(choice)) {
  const std::filesystem::path folder = session.dir.file("rtl/top");
  sim::ModelSpec spec = spec_of(rtl_, folder);
  const std::vector<sim::AxiMover> movers = axi_movers(rtl_);
  const sim::AxiStreams streams = sim::axi_streams(movers);
  spec.designs.push_back({kView, streams.inputs, streams.outputs, {}, streams.monitors});
  host_ = std::make_unique<sim::AxiSession>(session.cache.get(spec), 0, movers, folder, seed);
}

SimulatedSystem::SimulatedSystem(const RtlSession& session, MoverChoice choice, std::uint64_t seed,
                                 const fpga::Target& part, const Console& console)
    : SimulatedSystem(session, std::move(choice)) {
  SystemNetlist made = system_netlist(session, rtl_, kView, part, console);
  netlist_ = std::move(made.report);
  host_ = std::make_unique<sim::AxiSession>(
      [design = std::move(made.design), seed] { return sim::netlist_dut(design, seed); },
      axi_movers(rtl_));
}

std::string SimulatedSystem::beats(const TopFrame& frame, std::size_t mover) const {
  const std::size_t inputs = top_.rtl.slaves.size();
  const bool input = mover < inputs;
  const StitchedPort& port =
      input ? top_.rtl.slaves.at(mover) : top_.rtl.masters.at(mover - inputs);
  const sim::Tokens& tokens = input ? frame.inputs.at(mover) : frame.outputs.at(mover - inputs);
  const auto bytes = static_cast<std::size_t>(port.tdata_bits()) / 8;
  std::string text;
  for (std::int64_t b = 0; b < tokens.beats; ++b) {
    std::string beat(reinterpret_cast<const char*>(tokens.beat(b)), tokens.stride());
    beat.resize(bytes);  // TLAST may have a byte of its own
    if (port.bits % 8 != 0)
      beat.back() = static_cast<char>(static_cast<unsigned char>(beat.back()) &
                                      ((1U << (port.bits % 8)) - 1));
    text += beat;
  }
  return text;
}

}  // namespace assay
