// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/bench/axi_control.h"
#include "sim/bench/axi_memory.h"
#include "sim/bench/bench.h"

/// A host with memory around a design with data movers, a clock at a time. Like bench.h compiled into
/// every simulation program.
namespace assay::sim {

/// A data mover of a design, as far as the bench must know it.
struct AxiMover {
  bool reads = true;  ///< from memory; else it writes
  AxiLimits limits;
  /// False: a port of registers alone, without interrupt, whose addresses have kLiteWideBits.
  bool memory = true;
};

/// The bits of a design's streams. Of every mover in turn: inputs are the channels AW, W and AR of its
/// registers, then R or B of its memory; outputs B and R of its registers, then AR, or AW and W, of its
/// memory; the monitor's valid is its interrupt. Without memory there are the channels of the registers
/// only. Streams of the design itself are behind those.
struct AxiStreams {
  std::vector<int> inputs, outputs, monitors;
};
AxiStreams axi_streams(const std::vector<AxiMover>& movers);

class AxiBench {
 public:
  /// std::runtime_error when the design does not have so many streams. The design begins with a reset.
  AxiBench(std::unique_ptr<Dut> dut, const std::vector<AxiMover>& movers);

  AxiStore store;
  void pace(const AxiTiming& timing);
  /// Everything begins anew but what lies in memory, and the rules that were broken.
  void reset();
  void step();
  std::int64_t cycle() const { return cycle_; }

  /// std::runtime_error when the design does not answer for kPatience cycles, or refuses.
  void write(std::size_t mover, unsigned offset, std::uint32_t value, unsigned strobes = 0xf);
  std::uint32_t read(std::size_t mover, unsigned offset);
  bool interrupt(std::size_t mover) const;
  const AxiCounts& counts(std::size_t mover) const { return port(mover).counts(); }
  const std::vector<Violation>& violations() const { return rules_.violations(); }

  /// Streams of the design itself: data to give, and what was taken since the last call.
  void feed(std::size_t input, const std::string& bytes);
  std::string taken(std::size_t output);

  static constexpr std::int64_t kPatience = 10000;

 private:
  const AxiPort& port(std::size_t mover) const;
  struct Mover {
    std::unique_ptr<AxiControl> control;
    std::unique_ptr<AxiPort> port;  ///< null without memory
    PortPins interrupt;
  };
  struct Source {
    PortPins pins;
    Pace pace{Profile::kAlways, true, 1};
    std::string bytes = {};
    std::size_t at = 0;
    bool offering = false;
  };
  struct Sink {
    AxiWatch watch;
    Pace pace{Profile::kAlways, false, 1};
    std::string bytes = {};
  };
  void connect(const std::vector<AxiMover>& movers);
  void settle();
  void finish(const AxiControl& control);
  void check_paths();
  std::vector<AxiWatch*> watches();

  std::unique_ptr<Dut> dut_;
  AxiRules rules_;
  std::vector<Mover> movers_;
  std::vector<Source> sources_;
  std::vector<Sink> sinks_;
  std::int64_t cycle_ = 0;
};

/// Does what is asked through `fd` until its other end is gone (sim/model/axi_session.h). A request is a
/// line; a count at its end says how many bytes follow. An answer is a line "ok ...", or "error" and why.
using DutMaker = std::function<std::unique_ptr<Dut>()>;
void serve_axi(const DutMaker& make, int fd);

}  // namespace assay::sim
