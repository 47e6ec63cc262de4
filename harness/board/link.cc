// SPDX-License-Identifier: Apache-2.0
#include "harness/board/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "compile/base/error.h"

namespace assay::board {
namespace {

constexpr int kProtocol = 1, kTries = 4, kMostSessions = 5;
constexpr std::int64_t kBlock = 128, kCrcBytes = 2;
constexpr std::size_t kMostUnsent = 4096;  ///< bytes that wait for the line
/// Far more than a board has to say between two beats. Counted in bytes, not in time, so that a simulated
/// board is ended where it was ended before.
constexpr std::int64_t kMostTalk = 1 << 14;

template <typename... Args>
[[noreturn]] void board_fault(fmt::format_string<Args...> format, Args&&... args) {
  throw BoardFault(fmt::format(format, std::forward<Args>(args)...));
}

/// The count that has these low bits and is not before `known`.
std::int64_t unwrapped(std::int64_t known, std::uint16_t low) {
  return known + static_cast<std::uint16_t>(low - static_cast<std::uint16_t>(known));
}

/// Another session than the last, and none that a board left over from the last host has.
int new_session(int last) {
  std::random_device random;
  const int drawn = 1 + static_cast<int>(random() % 254);
  return drawn < last || last == 0 ? drawn : drawn + 1;
}

}  // namespace

/// From one reset of the accelerator to the next. Counts are of the session.
struct BoardLink::Session {
  const Identity& board;
  std::int64_t frames;
  const std::function<std::string_view(std::int64_t)>& input;
  const std::function<void(std::int64_t, const FrameResult&)>& result;

  int number = 0;
  std::int64_t first = 0, done = 0;                               ///< frames of all
  std::int64_t sent = 0, most_sent = 0, accepted = 0, taken = 0;  ///< bytes
  std::int64_t beats = 0;                                         ///< that came
  bool answered = false;                                          ///< anything at all since then
  int silences = 0;                                               ///< since anything happened
  FrameResult partial{};

  std::int64_t frame_bytes() const { return board.in_bytes * board.in_beats; }
  std::int64_t total() const { return (frames - first) * frame_bytes(); }
  void alive() {
    silences = 0;
    answered = false;
  }
  void begin(int session) {
    alive();
    number = session;
    first = done;
    sent = most_sent = accepted = taken = beats = 0;
    partial = {};
  }
};

std::optional<Packet> BoardLink::wait() { return line_.receive(Line::Clock::now() + patience_); }

LinkCounts BoardLink::counts() const {
  LinkCounts counts = counts_;
  counts.damaged = line_.damaged();
  return counts;
}

Identity BoardLink::identify() {
  line_.allow(kMostTalk);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    line_.send({kHello, ""});
    while (const auto packet = wait()) {
      if (packet->kind != kIdentity) continue;  // a session that another host left behind
      const auto identity = parse_identity(packet->body);
      if (!identity) board_fault("what answers is no board of Assay's");
      if (identity->version != kProtocol)
        board_fault("the board speaks version {} of the protocol, this program {}",
                    identity->version, kProtocol);
      return *identity;
    }
  }
  board_fault("no board answers ({} tries, {} ms each{}): is it configured, the rate right?",
              kTries, patience_.count(),
              line_.damaged() > 0 ? fmt::format(", {} damaged packets", line_.damaged()) : "");
}

/// Every try is a session of its own: a late answer to an earlier one is none.
void BoardLink::open(Session& session) {
  got_on(session);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    last_session_ = new_session(last_session_);
    session.begin(last_session_);
    line_.send({kReset, big_endian(static_cast<std::uint64_t>(session.number), 1)});
    while (const auto packet = wait()) {
      if (packet->kind != kProgress) continue;
      const auto progress = parse_progress(packet->body);
      if (progress && progress->session == session.number) return;
    }
  }
  board_fault("the board does not begin a session ({} tries, {} ms each)", kTries,
              patience_.count());
}

void BoardLink::stream(const Identity& board, std::int64_t frames,
                       const std::function<std::string_view(std::int64_t)>& input,
                       const std::function<void(std::int64_t, const FrameResult&)>& result) {
  if (board.ring_bytes <= kBlock + kCrcBytes || board.in_bytes * board.in_beats == 0 ||
      board.out_bytes * board.out_beats == 0)
    board_fault("the board has no room for a block, or frames of no bytes");
  Session session{.board = board, .frames = frames, .input = input, .result = result};
  for (int fruitless = 0; session.done < frames;) {
    const std::int64_t before = session.done;
    open(session);
    if (run(session)) return;
    ++counts_.restarts;
    fruitless = session.done > before ? 0 : fruitless + 1;
    if (fruitless == kMostSessions)
      board_fault("frame {}: it did not come back whole in {} sessions ({} damaged packets)",
                  session.done, kMostSessions, line_.damaged());
  }
}

/// A beat may be long, and every byte of it escaped; before it one of an earlier session is ended.
void BoardLink::got_on(Session& s) {
  s.alive();
  line_.allow(kMostTalk + 4 * s.board.out_bytes);
}

/// Whether all frames came; false: a beat got lost.
bool BoardLink::run(Session& s) {
  while (s.done < s.frames) {
    feed(s);
    const auto packet = wait();
    if (!packet) {
      if (!nothing_came(s)) return false;
      continue;
    }
    if (packet->kind == kProgress) {
      if (const auto progress = parse_progress(packet->body)) note(s, *progress);
    } else if (packet->kind == kBeat || packet->kind == kLastBeat) {
      if (!note(s, *packet)) return false;
    }
  }
  return true;
}

/// Sends what the board has room for; a block's CRC passes through its ring, too.
void BoardLink::feed(Session& s) {
  while (s.sent < s.total() && line_.unsent() < kMostUnsent) {
    const std::int64_t frame = s.sent / s.frame_bytes(), at = s.sent % s.frame_bytes();
    const std::int64_t size = std::min(kBlock, s.frame_bytes() - at);
    if (s.sent + size + kCrcBytes - s.taken > s.board.ring_bytes) return;
    const std::string_view bytes = s.input(s.first + frame);
    ASSAY_INVARIANT(std::ssize(bytes) == s.frame_bytes(), "a frame of another size");
    line_.send({kData, big_endian(static_cast<std::uint64_t>(s.sent) & 0xffffU, 2) +
                           std::string(bytes.substr(static_cast<std::size_t>(at),
                                                    static_cast<std::size_t>(size)))});
    s.sent += size;
    s.most_sent = std::max(s.most_sent, s.sent);
  }
}

void BoardLink::note(Session& s, const Progress& progress) {
  if (progress.session == 0)
    board_fault("frame {}: the board was reset in the middle (power, configuration, a button)",
                s.done);
  if (progress.session != s.number) return;
  const std::int64_t accepted = unwrapped(s.accepted, progress.accepted),
                     taken = unwrapped(s.taken, progress.taken);
  if (accepted > s.most_sent || taken > accepted)
    board_fault("frame {}: the board acknowledges {} bytes and took {} of the {} that were sent",
                s.done, accepted, taken, s.most_sent);
  s.answered = true;
  if (accepted > s.accepted || taken > s.taken) got_on(s);
  s.accepted = accepted;
  s.taken = taken;
  s.sent = std::max(s.sent, s.accepted);
}

/// A beat; false when one before it got lost.
bool BoardLink::note(Session& s, const Packet& packet) {
  const auto beat = parse_beat(packet, s.board.out_bytes);
  if (!beat) board_fault("frame {}: a beat of another size", s.done);
  if (beat->session != s.number) return true;
  if (beat->number != static_cast<std::uint16_t>(s.beats)) return false;
  ++s.beats;
  got_on(s);
  s.partial.bytes += beat->data;
  const bool last = s.beats % s.board.out_beats == 0;
  if (last != (packet.kind == kLastBeat))
    board_fault("frame {}: beat {} of {} {} as its last", s.done,
                (s.beats - 1) % s.board.out_beats + 1, s.board.out_beats,
                last ? "is not marked" : "is marked");
  if (!last) return true;
  s.partial.cycles = beat->cycles;
  s.result(s.done++, s.partial);
  s.partial = {};
  return true;
}

/// Sends again what was not acknowledged and asks the board where it is; false when only beats can
/// be missing.
bool BoardLink::nothing_came(Session& s) {
  if (++s.silences == kTries)
    board_fault(
        "frame {}: {} ({} ms; {} of {} bytes acknowledged)", s.done,
        s.answered ? "the board answers, but its accelerator stands still" : "the board is silent",
        patience_.count() * kTries, s.accepted, s.total());
  if (s.sent > s.accepted) {
    s.sent = s.accepted;
    ++counts_.repeats;
  } else if (s.silences > 1 && s.accepted == s.taken) {
    return false;
  }
  line_.send({kHello, ""});
  return true;
}

}  // namespace assay::board
