// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/lane_streams.h"

#include <set>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

using Bits = std::vector<netlist::Net>;

const Bits& port_bits(const netlist::Netlist& netlist, const std::string& name, bool input,
                      std::size_t bits) {
  const netlist::Port* port = netlist.port(name);
  const char* wants = input ? "an input" : "an output";
  if (!port)
    user_error("'{}' has no port '{}': it is not made of this run's RTL; build it again",
               printable(netlist.name), name);
  if (port->input != input || port->bits.size() != bits)
    user_error("'{}': port '{}' is {} of {} bits, the run's RTL has {} of {}; build it again",
               printable(netlist.name), name, port->input ? "an input" : "an output",
               port->bits.size(), wants, bits);
  return port->bits;
}

netlist::Net port_bit(const netlist::Netlist& netlist, const std::string& name, bool input) {
  return port_bits(netlist, name, input, 1)[0];
}

/// A port as sim::Design has it: data, on masters with their padding, and TLAST on top.
sim::LaneStream port_stream(const netlist::Netlist& netlist, const StitchedPort& port, bool slave) {
  sim::LaneStream stream;
  stream.name = port.prefix;
  stream.valid = port_bit(netlist, port.prefix + "_tvalid", slave);
  stream.ready = port_bit(netlist, port.prefix + "_tready", !slave);
  stream.data = port_bits(netlist, port.prefix + "_tdata", slave,
                          static_cast<std::size_t>(port.tdata_bits()));
  if (slave) stream.data.resize(static_cast<std::size_t>(port.bits));
  stream.data.push_back(port_bit(netlist, port.prefix + "_tlast", slave));
  return stream;
}

std::optional<sim::LaneStream> inside_stream(const netlist::Netlist& netlist,
                                             const StitchedStream& s) {
  std::optional<sim::LaneStream> found = sim::find_stream(
      netlist, s.name, {s.name + "_valid", s.name + "_ready", s.name + "_data", ""});
  if (found && std::ssize(found->data) != s.stream.bits()) found.reset();
  return found;
}

/// What a foreign input drives, or a foreign output tells, nothing that is compared would show.
void require_only(const netlist::Netlist& netlist, const std::set<std::string>& known) {
  for (const netlist::Port& port : netlist.ports)
    if (!known.contains(port.name))
      user_error("'{}' has an {} '{}' that the run's RTL does not have; build it again",
                 printable(netlist.name), port.input ? "input" : "output", printable(port.name));
}

}  // namespace

LaneStreams lane_streams(const StitchedRtl& rtl, const netlist::Netlist& netlist) {
  std::set<std::string> known = {"clk_i", "rst_ni"};
  for (const std::vector<StitchedPort>* ports : {&rtl.slaves, &rtl.masters})
    for (const StitchedPort& port : *ports)
      for (const char* signal : {"_tvalid", "_tready", "_tdata", "_tlast"})
        known.insert(port.prefix + signal);
  // Nobody writes run-time weights here: the inputs of their port stay 0.
  if (!rtl.stores.empty())
    for (const WeightSignal& signal : weight_signals()) known.insert(signal.name);
  require_only(netlist, known);
  LaneStreams streams;
  streams.reset_n = port_bit(netlist, "rst_ni", true);
  for (const StitchedPort& port : rtl.slaves)
    streams.inputs.push_back(port_stream(netlist, port, true));
  for (const StitchedPort& port : rtl.masters)
    streams.outputs.push_back(port_stream(netlist, port, false));
  for (const StitchedStream& s : rtl.streams) streams.inside.push_back(inside_stream(netlist, s));
  return streams;
}

std::vector<std::size_t> watched(const LaneStreams& streams) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < streams.inside.size(); ++i)
    if (streams.inside[i]) result.push_back(i);
  return result;
}

sim::LaneJob lane_job(const PreparedTop& top, const LaneStreams& streams, std::int64_t frames) {
  sim::LaneJob job;
  job.reset_n = streams.reset_n;
  job.inputs = streams.inputs;
  job.outputs = streams.outputs;
  job.input_beats = top.inputs;
  job.output_beats = top.outputs;
  for (const std::size_t i : watched(streams)) {
    job.monitors.push_back(*streams.inside[i]);
    job.monitor_beats.push_back(top.monitors[i]);
  }
  job.frames = frames;
  return job;
}

}  // namespace assay
