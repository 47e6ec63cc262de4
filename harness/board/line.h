// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

#include "harness/board/channel.h"
#include "harness/board/packets.h"

namespace assay::board {

/// A serial port or pseudo-terminal, raw, eight bits, no parity, not blocking. UserError when there
/// is none, it cannot be opened, is no terminal, or has no such rate.
File open_serial(const std::filesystem::path& port, int baud);

/// A new pseudo-terminal, raw: `device` is the end of what is simulated, `port` the name of the
/// other, which `keep` holds open.
struct PseudoTerminal {
  File device, keep;
  std::string port;
};
/// ToolError when the system has none.
PseudoTerminal open_pseudo_terminal();

/// Packets over a channel, both ways at a time, so that neither side waits for the other to read.
class Line {
 public:
  using Clock = std::chrono::steady_clock;
  /// The channel must outlive it.
  explicit Line(Channel& channel) : channel_(channel) {}
  void send(const Packet& packet) { outgoing_ += encode(packet); }
  std::size_t unsent() const { return outgoing_.size(); }
  /// So many bytes may come until the next call; at first any number.
  void allow(std::int64_t bytes) { allowed_ = left_ = bytes; }
  /// The next packet; nothing when there is none until then. BoardFault when the line is gone;
  /// EndlessTalk for more bytes than are allowed, packets or not.
  std::optional<Packet> receive(Clock::time_point deadline);
  std::int64_t damaged() const { return reader_.damaged(); }

 private:
  std::optional<Packet> next();
  Channel& channel_;
  PacketReader reader_;
  std::string incoming_, outgoing_;
  std::int64_t allowed_ = std::numeric_limits<std::int64_t>::max(), left_ = allowed_;
};

}  // namespace assay::board
