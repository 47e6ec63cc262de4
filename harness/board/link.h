// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/board/line.h"

namespace assay::board {

/// A frame as it came back.
struct FrameResult {
  std::string bytes;         ///< beat after beat, as tdata
  std::uint32_t cycles = 0;  ///< of its last beat, since the session began; modulo 2^32
};

/// What went wrong on the way and was mended.
struct LinkCounts {
  std::int64_t damaged = 0;   ///< packets of the board that came damaged
  std::int64_t repeats = 0;   ///< data that were sent again
  std::int64_t restarts = 0;  ///< sessions that were begun anew because a beat was lost
};

/// The host's side of a board.
class BoardLink {
 public:
  /// Without anything from the board for `patience` something got lost.
  BoardLink(Line& line, std::chrono::milliseconds patience) : line_(line), patience_(patience) {}

  /// BoardFault when no board answers, or one of another protocol; EndlessTalk as of stream().
  Identity identify();

  /// Streams frames and gives every result once, in order. `input`: a frame's beats, as tdata; asked
  /// for again after a loss. BoardFault, naming the frame, when the board falls silent, was reset,
  /// marks another beat as a frame's last, breaks the protocol, or gets no frame through for several
  /// sessions; EndlessTalk when it says thousands of bytes that bring nothing on.
  void stream(const Identity& board, std::int64_t frames,
              const std::function<std::string_view(std::int64_t frame)>& input,
              const std::function<void(std::int64_t frame, const FrameResult& result)>& result);

  LinkCounts counts() const;

 private:
  struct Session;
  std::optional<Packet> wait();
  void open(Session& session);
  void got_on(Session& session);
  bool run(Session& session);
  void feed(Session& session);
  void note(Session& session, const Progress& progress);
  bool note(Session& session, const Packet& packet);
  bool nothing_came(Session& session);

  Line& line_;
  const std::chrono::milliseconds patience_;
  LinkCounts counts_;
  int last_session_ = 0;
};

}  // namespace assay::board
