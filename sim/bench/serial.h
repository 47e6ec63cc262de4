// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

/// A device behind a serial line: simulated a clock at a time, bytes of a file in and out. Like
/// bench.h compiled into every simulation program.
namespace assay::sim {

/// Whatever simulates a device with one serial line: RTL, a netlist, what was read back from bits.
class SerialDevice {
 public:
  virtual ~SerialDevice() = default;
  /// One cycle of the clock with `rx` on the line to the device; what it puts on its own.
  virtual bool step(bool rx) = 0;
};

/// Turns bytes into the levels of a line, a cycle at a time: start bit, eight data bits, stop bit.
class LineSender {
 public:
  explicit LineSender(int clocks_per_bit) : clocks_(clocks_per_bit) {}
  bool busy() const { return left_ > 0; }
  void begin(std::uint8_t byte);  ///< only when not busy
  bool level();                   ///< of the next cycle

 private:
  int clocks_, left_ = 0;  ///< cycles
  unsigned bits_ = 0;
};

/// The way back. A byte without a stop bit is none.
class LineReceiver {
 public:
  explicit LineReceiver(int clocks_per_bit) : clocks_(clocks_per_bit) {}
  /// Takes the level of a cycle; the byte that is complete with it.
  std::optional<std::uint8_t> take(bool level);

 private:
  int clocks_, at_ = -1;  ///< at_: cycles since the start bit began; -1: the line is idle
  unsigned bits_ = 0;
};

/// Runs the device until the other end of `fd`, a pseudo-terminal or a socket, is gone or `stop` says
/// so: what is read from it goes to the device, what the device says is written to it.
/// std::runtime_error when that fails.
void serve_serial(SerialDevice& device, int clocks_per_bit, int fd, const std::atomic<bool>& stop);

}  // namespace assay::sim
