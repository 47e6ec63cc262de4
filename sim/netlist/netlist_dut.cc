// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/netlist_dut.h"

#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "sim/netlist/simulator.h"

namespace assay::sim {
namespace {

constexpr int kCopies = 64;  ///< lanes: a word
constexpr std::uint64_t kEveryCopy = ~std::uint64_t{0};

class NetlistDut final : public Dut {
 public:
  NetlistDut(netlist::Netlist netlist, std::uint64_t seed)
      : simulator_(std::move(netlist), kCopies) {
    simulator_.wake(seed);
    clk = whole("clk_i", true);
    rst_n = whole("rst_ni", true);
    for (int i = 0; exists("in", i); ++i) inputs.push_back(stream("in", i, true));
    for (int i = 0; exists("out", i); ++i) outputs.push_back(stream("out", i, false));
    for (int i = 0; exists("mon", i); ++i) monitors.push_back(watched(i));
    if (ports_ != simulator_.netlist().ports.size())
      user_error("'{}' has ports that no view of a design has",
                 printable(simulator_.netlist().name));
  }

  void eval() override {
    for (const Wires& w : driven_) drive(w);
    simulator_.settle();
    if (*clk != 0 && !high_) {
      simulator_.clock();
      simulator_.settle();
    }
    high_ = *clk != 0;
    for (const Wires& w : read_) read(w);
  }

 private:
  /// A port and the bytes that stand for it.
  struct Wires {
    const netlist::Port* port = nullptr;
    std::uint8_t* bytes = nullptr;
    const std::uint8_t* valid = nullptr;  ///< of data: where they speak
  };

  static std::string view_port(const char* kind, int number, const char* end) {
    return kind + std::to_string(number) + end;
  }
  bool exists(const char* kind, int number) const {
    const netlist::Netlist& n = simulator_.netlist();
    return n.port(view_port(kind, number, "_valid_i")) ||
           n.port(view_port(kind, number, "_valid_o"));
  }

  /// Adds a port; its bytes.
  std::uint8_t* whole(const std::string& name, bool input, const std::uint8_t* valid = nullptr) {
    const netlist::Port* port = simulator_.netlist().port(name);
    if (!port || port->input != input)
      user_error("'{}' has no {} '{}', which a view of a design has",
                 printable(simulator_.netlist().name), input ? "input" : "output", name);
    ++ports_;
    std::uint8_t* bytes = bytes_.emplace_back((port->bits.size() + 7) / 8).data();
    (input ? driven_ : read_).push_back({port, bytes, valid});
    return bytes;
  }

  PortPins stream(const char* kind, int number, bool input) {
    PortPins pins;
    pins.valid = whole(view_port(kind, number, input ? "_valid_i" : "_valid_o"), input);
    pins.ready = whole(view_port(kind, number, input ? "_ready_o" : "_ready_i"), !input);
    pins.data = whole(view_port(kind, number, input ? "_data_i" : "_data_o"), input,
                      input ? nullptr : pins.valid);
    pins.bits = static_cast<int>((input ? driven_ : read_).back().port->bits.size());
    return pins;
  }
  PortPins watched(int number) {
    PortPins pins;
    pins.valid = whole(view_port("mon", number, "_valid_o"), false);
    pins.ready = whole(view_port("mon", number, "_ready_o"), false);
    pins.data = whole(view_port("mon", number, "_data_o"), false, pins.valid);
    pins.bits = static_cast<int>(read_.back().port->bits.size());
    return pins;
  }

  void drive(const Wires& w) {
    if (w.bytes == clk) return;
    for (std::size_t i = 0; i < w.port->bits.size(); ++i)
      simulator_.values(w.port->bits[i])[0] =
          (w.bytes[i / 8] >> (i % 8) & 1U) != 0 ? kEveryCopy : 0;
  }

  void read(const Wires& w) const {
    const bool speaks = *rst_n != 0 && (!w.valid || *w.valid != 0);
    for (std::size_t i = 0; i < w.port->bits.size(); ++i) {
      const std::uint64_t copies = simulator_.values(w.port->bits[i])[0];
      if (speaks && copies != 0 && copies != kEveryCopy)
        throw std::runtime_error("what '" + w.port->name +
                                 "' says depends on the values that the netlist woke up with");
      const auto bit = static_cast<std::uint8_t>(1U << (i % 8));
      std::uint8_t& byte = w.bytes[i / 8];
      byte = static_cast<std::uint8_t>((copies & 1U) != 0 ? byte | bit : byte & ~bit);
    }
  }

  NetlistSimulator simulator_;
  std::size_t ports_ = 0;
  std::deque<std::vector<std::uint8_t>> bytes_;  ///< of ports; they stay where they are
  std::vector<Wires> driven_, read_;
  bool high_ = false;  ///< the clock
};

}  // namespace

std::unique_ptr<Dut> netlist_dut(netlist::Netlist netlist, std::uint64_t seed) {
  return std::make_unique<NetlistDut>(std::move(netlist), seed);
}

}  // namespace assay::sim
