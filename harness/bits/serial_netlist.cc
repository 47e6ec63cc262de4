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

class SerialNetlist final : public sim::SerialDevice {
 public:
  SerialNetlist(netlist::Netlist netlist, std::uint64_t seed)
      : simulator_(std::move(netlist), kWakes),
        rx_(pad(kShellReceive, true)),
        tx_(pad(kShellSend, false)) {
    for (const netlist::Port& port : simulator_.netlist().ports)
      if (port.name != kShellClock && port.name != kShellReceive && port.name != kShellSend)
        user_error("the design has a pad '{}', which is no board's", printable(port.name));
    simulator_.wake(seed);
  }

  bool step(bool rx) override {
    simulator_.values(rx_)[0] = rx ? kAll : 0;
    simulator_.settle();
    const std::uint64_t tx = std::as_const(simulator_).values(tx_)[0];
    simulator_.clock();
    if (tx != 0 && tx != kAll)
      throw std::runtime_error("what the board says depends on the values that it woke up with");
    return tx != 0;
  }

 private:
  netlist::Net pad(std::string_view name, bool input) const {
    const netlist::Port* port = simulator_.netlist().port(name);
    if (!port || port->input != input || port->bits.size() != 1)
      user_error("the design has no pad '{}'; it is no board's", name);
    return port->bits[0];
  }

  sim::NetlistSimulator simulator_;
  netlist::Net rx_, tx_;
};

}  // namespace

std::unique_ptr<sim::SerialDevice> serial_netlist(netlist::Netlist netlist, std::uint64_t seed) {
  return std::make_unique<SerialNetlist>(std::move(netlist), seed);
}

bool is_in_shell(const report::Build& build) { return build.design == kShellTop; }

std::unique_ptr<board::SimulatedBoard> simulated_board(const BuiltDesign& built,
                                                       std::uint64_t seed) {
  if (!is_in_shell(built.build))
    user_error(
        "'{0}' is a part: its design has no serial line. Build it for a board, or give 'assay "
        "verify "
        "--level netlist --target {0}'",
        printable(built.build.target.name));
  const int baud = static_cast<int>(built.build.baud.value_or(0));
  return std::make_unique<board::ThreadBoard>(serial_netlist(built.design, seed),
                                              clocks_per_bit(built.build.clock_mhz, baud));
}

BoardSimulator simulate_built(const std::string& target, BitsLevel level, std::uint64_t seed) {
  return [=](const board::BoardDesign& design) {
    return simulated_board(read_built(design.session, target, level), seed);
  };
}

}  // namespace assay
