// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/serial_netlist.h"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "compile/backend/shell/shell.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "sim/netlist/simulator.h"

namespace assay {
namespace {

constexpr int kWakes = 64;  ///< lanes, each of which wakes up otherwise
constexpr std::uint64_t kAll = ~std::uint64_t{0};

netlist::Net pad(const netlist::Netlist& netlist, std::string_view name, bool input) {
  const netlist::Port* port = netlist.port(name);
  if (!port || port->input != input || port->bits.size() != 1)
    user_error("the design has no pad '{}'; it is no board's", name);
  return port->bits[0];
}

class SerialNetlist final : public sim::SerialDevice {
 public:
  SerialNetlist(netlist::Netlist netlist, std::uint64_t seed)
      : simulator_(std::move(netlist), kWakes), pads_(board_pads(simulator_.netlist())) {
    simulator_.wake(seed);
  }

  bool step(bool rx) override {
    simulator_.values(pads_.receive)[0] = rx ? kAll : 0;
    simulator_.settle();
    const std::uint64_t tx = std::as_const(simulator_).values(pads_.send)[0];
    simulator_.clock();
    if (tx != 0 && tx != kAll)
      throw std::runtime_error("what the board says depends on the values that it woke up with");
    return tx != 0;
  }

 private:
  sim::NetlistSimulator simulator_;
  const BoardPads pads_;
};

}  // namespace

BoardPads board_pads(const netlist::Netlist& netlist) {
  for (const netlist::Port& port : netlist.ports)
    if (port.name != kShellClock && port.name != kShellReceive && port.name != kShellSend)
      user_error("the design has a pad '{}', which is no board's", printable(port.name));
  return {pad(netlist, kShellReceive, true), pad(netlist, kShellSend, false)};
}

int board_clocks_per_bit(const report::Build& build) {
  if (!is_in_shell(build))
    user_error(
        "'{0}' is a part: its design has no serial line. Build it for a board, or give 'assay "
        "verify --level netlist --target {0}'",
        printable(build.target.name));
  return clocks_per_bit(build.clock_mhz, static_cast<int>(build.baud.value_or(0)));
}

std::unique_ptr<sim::SerialDevice> serial_netlist(netlist::Netlist netlist, std::uint64_t seed) {
  return std::make_unique<SerialNetlist>(std::move(netlist), seed);
}

bool is_in_shell(const report::Build& build) { return build.design == kShellTop; }

std::unique_ptr<board::SimulatedBoard> simulated_board(const BuiltDesign& built,
                                                       std::uint64_t seed) {
  const int clocks = board_clocks_per_bit(built.build);
  return std::make_unique<board::ThreadBoard>(serial_netlist(built.design, seed), clocks);
}

BoardSimulator simulate_built(const std::string& target, BitsLevel level, std::uint64_t seed) {
  return [=](const board::BoardDesign& design) {
    return simulated_board(read_built(design.session, target, level), seed);
  };
}

}  // namespace assay
