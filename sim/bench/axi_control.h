// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/bench/axi_memory.h"

/// A host's end of AXI4-Lite: one access at a time. Channels are streams, as in axi_memory.h.
namespace assay::sim {

/// AW, AR: address (as many bits as the pins). W: data (32), strb (4). B: resp (2). R: data (32), resp (2).
inline constexpr int kLiteAddressBits = 7, kLiteWideBits = 32, kLiteWriteBits = 36,
                     kLiteReadBits = 34;

class AxiControl {
 public:
  struct Pins {
    PortPins aw, w, b, ar, r;
  };
  AxiControl(const Pins& pins, const std::string& name, AxiRules& rules);

  void pace(const AxiTiming& timing);
  void restart();
  /// Only when not busy.
  void begin_write(unsigned offset, std::uint32_t value, unsigned strobes);
  void begin_read(unsigned offset);
  bool busy() const { return writing_ || reading_; }
  std::uint32_t value() const { return value_; }  ///< of the last read
  bool refused() const { return refused_; }       ///< the last access, by its response

  void drive();
  void observe(std::int64_t cycle);
  std::vector<AxiWatch*> watches() { return {&b_, &r_}; }

 private:
  /// A channel of the host: offers once.
  struct Offer {
    PortPins pins;
    Pace pace{Profile::kAlways, true, 1};
    bool waits = false, offered = false;
    void drive();
    void observe();
  };

  Offer aw_, w_, ar_;
  AxiWatch b_, r_;
  Pace b_pace_{Profile::kAlways, false, 1}, r_pace_{Profile::kAlways, false, 1};
  bool writing_ = false, reading_ = false, refused_ = false;
  std::uint32_t value_ = 0;
};

}  // namespace assay::sim
