// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/axi_bench.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace assay::sim {
namespace {

constexpr int kAxiReset = 16;
constexpr std::int64_t kAxiPathCheck = 7;  ///< every so many cycles

}  // namespace

AxiStreams axi_streams(const std::vector<AxiMover>& movers) {
  AxiStreams s;
  for (const AxiMover& m : movers) {
    if (!m.memory) {
      s.inputs.insert(s.inputs.end(), {kLiteWideBits, kLiteWriteBits, kLiteWideBits});
      s.outputs.insert(s.outputs.end(), {kAxiAnswerBits, kLiteReadBits});
      continue;
    }
    const int bits = m.limits.memory_bits;
    s.inputs.insert(s.inputs.end(), {kLiteAddressBits, kLiteWriteBits, kLiteAddressBits,
                                     m.reads ? axi_read_bits(bits) : kAxiAnswerBits});
    s.outputs.insert(s.outputs.end(), {kAxiAnswerBits, kLiteReadBits, kAxiAddressBits});
    if (!m.reads) s.outputs.push_back(axi_write_bits(bits));
    s.monitors.push_back(1);
  }
  return s;
}

AxiBench::AxiBench(std::unique_ptr<Dut> dut, const std::vector<AxiMover>& movers)
    : dut_(std::move(dut)) {
  connect(movers);
  pace({});
  reset();
}

void AxiBench::connect(const std::vector<AxiMover>& movers) {
  const AxiStreams wanted = axi_streams(movers);
  const auto same = [](const std::vector<PortPins>& pins, const std::vector<int>& bits) {
    return pins.size() >= bits.size() &&
           std::equal(bits.begin(), bits.end(), pins.begin(),
                      [](int b, const PortPins& p) { return p.bits == b; });
  };
  if (!same(dut_->inputs, wanted.inputs) || !same(dut_->outputs, wanted.outputs) ||
      !same(dut_->monitors, wanted.monitors))
    throw std::runtime_error("the design has other movers");
  std::size_t in = 0, out = 0, monitor = 0;
  for (std::size_t i = 0; i < movers.size(); ++i) {
    const AxiMover& m = movers[i];
    const std::string name = "mover" + std::to_string(i);
    const auto next_in = [&] { return dut_->inputs[in++]; };
    const auto next_out = [&] { return dut_->outputs[out++]; };
    AxiControl::Pins pins;
    pins.aw = next_in();
    pins.w = next_in();
    pins.ar = next_in();
    pins.b = next_out();
    pins.r = next_out();
    Mover& mover = movers_.emplace_back();
    mover.control = std::make_unique<AxiControl>(pins, name + ".control", rules_);
    if (!m.memory) continue;
    const PortPins back = next_in(), address = next_out();
    if (m.reads)
      mover.port = std::make_unique<AxiReadPort>(address, back, store, m.limits, name, rules_);
    else
      mover.port =
          std::make_unique<AxiWritePort>(address, next_out(), back, store, m.limits, name, rules_);
    mover.interrupt = dut_->monitors[monitor++];
  }
  for (; in < dut_->inputs.size(); ++in) sources_.push_back({dut_->inputs[in]});
  for (; out < dut_->outputs.size(); ++out)
    sinks_.push_back(
        {AxiWatch(dut_->outputs[out], "stream" + std::to_string(sinks_.size()), rules_)});
}

void AxiBench::pace(const AxiTiming& timing) {
  Random random(timing.seed);
  const auto drawn = [&] {
    AxiTiming own = timing;
    own.seed = random.next();
    return own;
  };
  for (Mover& m : movers_) {
    m.control->pace(drawn());
    if (m.port) m.port->pace(drawn());
  }
  for (Source& s : sources_) s.pace = Pace(timing.profile, true, random.next());
  for (Sink& s : sinks_) s.pace = Pace(timing.profile, false, random.next());
}

void AxiBench::reset() {
  for (Mover& m : movers_) {
    m.control->restart();
    if (m.port) m.port->restart();
  }
  for (Source& s : sources_) {
    s.bytes.clear();
    s.at = 0;
    *s.pins.valid = 0;
    s.offering = false;
  }
  for (Sink& s : sinks_) {
    s.watch.restart();
    s.bytes.clear();
    *s.watch.pins().ready = 0;
  }
  *dut_->rst_n = 0;
  for (int i = 0; i < kAxiReset; ++i) {
    settle();
    *dut_->clk = 1;
    dut_->eval();
  }
  *dut_->rst_n = 1;
  cycle_ = 0;
}

void AxiBench::settle() {
  *dut_->clk = 0;
  dut_->eval();
}

void AxiBench::step() {
  for (Mover& m : movers_) {
    m.control->drive();
    if (m.port) m.port->drive(cycle_);
  }
  for (Source& s : sources_) {
    if (!s.offering && s.at < s.bytes.size() && s.pace.willing(false)) {
      s.offering = true;
      std::memcpy(s.pins.data, s.bytes.data() + s.at, s.pins.bytes());
    }
    *s.pins.valid = s.offering ? 1 : 0;
  }
  for (Sink& s : sinks_) *s.watch.pins().ready = s.pace.willing(s.watch.waiting()) ? 1 : 0;
  settle();
  if (cycle_ % kAxiPathCheck == 0) check_paths();
  for (Mover& m : movers_) {
    m.control->observe(cycle_);
    if (m.port) m.port->observe(cycle_);
  }
  for (Source& s : sources_)
    if (s.offering && *s.pins.ready != 0) {
      s.offering = false;
      s.at += s.pins.bytes();
    }
  for (Sink& s : sinks_)
    if (s.watch.observe(cycle_).taken)
      s.bytes.append(reinterpret_cast<const char*>(s.watch.pins().data), s.watch.pins().bytes());
  *dut_->clk = 1;
  dut_->eval();
  ++cycle_;
}

std::vector<AxiWatch*> AxiBench::watches() {
  std::vector<AxiWatch*> all;
  for (Mover& m : movers_) {
    for (AxiWatch* w : m.control->watches()) all.push_back(w);
    if (!m.port) continue;
    for (AxiWatch* w : m.port->watches()) all.push_back(w);
  }
  for (Sink& s : sinks_) all.push_back(&s.watch);
  return all;
}

/// Neither valid nor data of a channel may depend on its ready.
void AxiBench::check_paths() {
  std::vector<std::uint8_t> held;
  for (AxiWatch* watch : watches()) {
    const PortPins& pins = watch->pins();
    const std::uint8_t valid = *pins.valid;
    held.assign(pins.data, pins.data + pins.bytes());
    *pins.ready ^= 1U;
    dut_->eval();
    if (*pins.valid != valid ||
        (valid != 0 && std::memcmp(held.data(), pins.data, pins.bytes()) != 0))
      watch->broken("valid-waits-for-ready", cycle_);
    *pins.ready ^= 1U;
    dut_->eval();
  }
}

void AxiBench::finish(const AxiControl& control) {
  for (std::int64_t i = 0; control.busy(); ++i) {
    if (i == kPatience) throw std::runtime_error("the registers do not answer");
    step();
  }
  if (control.refused()) throw std::runtime_error("the registers refuse");
}

void AxiBench::write(std::size_t mover, unsigned offset, std::uint32_t value, unsigned strobes) {
  AxiControl& control = *movers_.at(mover).control;
  control.begin_write(offset, value, strobes);
  finish(control);
}

std::uint32_t AxiBench::read(std::size_t mover, unsigned offset) {
  AxiControl& control = *movers_.at(mover).control;
  control.begin_read(offset);
  finish(control);
  return control.value();
}

const AxiPort& AxiBench::port(std::size_t mover) const {
  const Mover& m = movers_.at(mover);
  if (!m.port) throw std::runtime_error("these registers have no memory");
  return *m.port;
}

bool AxiBench::interrupt(std::size_t mover) const {
  const Mover& m = movers_.at(mover);
  return m.port && *m.interrupt.valid != 0;
}

void AxiBench::feed(std::size_t input, const std::string& bytes) {
  Source& s = sources_.at(input);
  if (bytes.size() % s.pins.bytes() != 0) throw std::runtime_error("these are no whole beats");
  s.bytes.erase(0, std::exchange(s.at, 0));
  s.bytes += bytes;
}

std::string AxiBench::taken(std::size_t output) {
  return std::exchange(sinks_.at(output).bytes, {});
}

}  // namespace assay::sim
