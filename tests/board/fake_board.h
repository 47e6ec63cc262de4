// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "compile/backend/shell/shell.h"
#include "harness/board/link.h"
#include "harness/board/simulated_board.h"

/// A board in software, which can be made to fail.
namespace assay::board::test {

/// What goes wrong, in the frame (of all that were ever computed) that Faults names.
enum class Fault {
  kNone,
  kWrongBit,     ///< in its first beat
  kLostBeat,     ///< once
  kLostBeats,    ///< always
  kDamagedBeat,  ///< once, a bit on the line
  kLostData,     ///< once, a block of its
  kUnsaidData,   ///< once, an acknowledgement of it
  kNotLast,      ///< no beat is marked
  kSilent,       ///< from there on
  kStandsStill,  ///< from there on it acknowledges, and its accelerator takes nothing
  kResets,       ///< before it
  kGarbage,      ///< the line says anything before each of its packets
  kForeign,      ///< beats of another session before it
  kLies,         ///< it acknowledges what was never sent
  kRepeats,      ///< from there on it says for ever how far it got, and nothing else
  kBabbles,      ///< from there on it says for ever what is no packet
};

struct Faults {
  Fault fault = Fault::kNone;
  std::int64_t frame = 0;
  bool dead = false;  ///< says nothing at all
  int version = 1;
  std::string hash{};  ///< instead of its own
};

class FakeBoard final : public TerminalBoard {
 public:
  using Compute = std::function<std::string(const std::string& frame)>;
  /// `restarted`: called when the accelerator is reset; may be empty.
  FakeBoard(ShellAccelerator accelerator, std::string hash, Compute compute, Faults faults,
            std::function<void()> restarted = {})
      : accelerator_(std::move(accelerator)),
        hash_(faults.hash.empty() ? std::move(hash) : faults.hash),
        compute_(std::move(compute)),
        faults_(std::move(faults)),
        restarted_(std::move(restarted)),
        thread_([this] { serve(); }) {}
  ~FakeBoard() override {
    stop_ = true;
    thread_.join();
  }
  std::string failure() const override { return ""; }

 private:
  bool now(Fault fault) const { return faults_.fault == fault && computed_ == faults_.frame; }
  bool since(Fault fault) const { return faults_.fault == fault && computed_ >= faults_.frame; }
  bool once(Fault fault) { return now(fault) && !std::exchange(done_, true); }

  void serve() {
    ::fcntl(terminal_.device.fd(), F_SETFL, O_NONBLOCK);
    say_progress();
    std::array<char, 4096> bytes{};
    while (!stop_) {
      pollfd waiting{terminal_.device.fd(), POLLIN, 0};
      const bool repeats = since(Fault::kRepeats), babbles = since(Fault::kBabbles);
      if (repeats) say_progress();
      if (babbles) put("babble");
      if (::poll(&waiting, 1, repeats || babbles ? 0 : 20) <= 0) continue;
      const ssize_t got = ::read(terminal_.device.fd(), bytes.data(), bytes.size());
      for (ssize_t i = 0; i < got; ++i)
        if (const auto packet =
                reader_.take(static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)])))
          hear(*packet);
    }
  }

  void hear(const Packet& packet) {
    if (faults_.dead || since(Fault::kSilent) || since(Fault::kRepeats) || since(Fault::kBabbles))
      return;
    if (packet.kind == kHello) say_identity();
    if (packet.kind == kReset && packet.body.size() == 1) {
      session_ = static_cast<std::uint8_t>(packet.body[0]);
      stream_.clear();
      accepted_ = taken_ = beats_ = 0;
      if (restarted_) restarted_();
    }
    if (packet.kind == kData) take(packet.body);
    say_progress();
  }

  void take(const std::string& body) {
    if (session_ == 0 || body.size() < 3) return;
    if (big_endian(body, 0, 2) != (static_cast<std::uint64_t>(accepted_) & 0xffffU)) return;
    if (once(Fault::kLostData)) return;
    accepted_ += std::ssize(body) - 2;
    stream_ += body.substr(2);
    if (now(Fault::kStandsStill)) return;
    const auto bytes = static_cast<std::size_t>(accelerator_.in_bytes * accelerator_.in_beats);
    while (stream_.size() >= bytes) {
      give(compute_(stream_.substr(0, bytes)));
      stream_.erase(0, bytes);
      ++computed_;
    }
  }

  void give(std::string result) {
    if (once(Fault::kResets)) {
      session_ = 0;
      stream_.clear();
      say_progress();
      return;
    }
    if (now(Fault::kWrongBit)) result[0] = static_cast<char>(result[0] ^ 1);
    for (std::int64_t beat = 0; beat < accelerator_.out_beats; ++beat) {
      const bool last = beat + 1 == accelerator_.out_beats && !now(Fault::kNotLast);
      std::string body = big_endian(static_cast<std::uint64_t>(session_), 1) +
                         big_endian(static_cast<std::uint64_t>(beats_++) & 0xffffU, 2) +
                         result.substr(static_cast<std::size_t>(beat * accelerator_.out_bytes),
                                       static_cast<std::size_t>(accelerator_.out_bytes));
      if (last) body += big_endian(static_cast<std::uint64_t>(1000 * beats_), 4);
      if (once(Fault::kLostBeat)) continue;
      if (since(Fault::kLostBeats) && beat == 0) continue;
      if (now(Fault::kForeign)) {
        std::string foreign = body;
        foreign[0] = static_cast<char>(session_ ^ 1);
        say({last ? kLastBeat : kBeat, foreign}, false);
      }
      say({last ? kLastBeat : kBeat, body}, once(Fault::kDamagedBeat));
    }
  }

  void say_identity() {
    std::string body = "ASYB" + big_endian(static_cast<std::uint64_t>(faults_.version), 1);
    for (std::size_t i = 0; i < hash_.size(); i += 2)
      body += static_cast<char>(std::stoi(hash_.substr(i, 2), nullptr, 16));
    body += big_endian(static_cast<std::uint64_t>(accelerator_.in_bytes), 2) +
            big_endian(static_cast<std::uint64_t>(accelerator_.out_bytes), 2) +
            big_endian(static_cast<std::uint64_t>(accelerator_.in_beats), 4) +
            big_endian(static_cast<std::uint64_t>(accelerator_.out_beats), 4) +
            big_endian(12000000, 4) + big_endian(kShellRing, 2);
    say({kIdentity, body}, false);
  }

  void say_progress() {
    if (once(Fault::kUnsaidData)) return;
    const std::int64_t accepted = accepted_ + (now(Fault::kLies) ? 5000 : 0);
    if (!now(Fault::kStandsStill)) taken_ = accepted_;
    say({kProgress, big_endian(static_cast<std::uint64_t>(session_), 1) +
                        big_endian(static_cast<std::uint64_t>(accepted) & 0xffffU, 2) +
                        big_endian(static_cast<std::uint64_t>(taken_) & 0xffffU, 2)},
        false);
  }

  void say(const Packet& packet, bool damaged) {
    if (faults_.dead) return;
    std::string line = encode(packet);
    if (damaged) line[line.size() / 2] = static_cast<char>(line[line.size() / 2] ^ 0x04);
    if (now(Fault::kGarbage)) line = "\x01\x7d\x7e\x7e\x42zz" + line;
    put(line);
  }

  /// Until the host took it or is gone: nobody may read what is said for ever.
  void put(const std::string& line) const {
    for (std::size_t at = 0; at < line.size() && !stop_;) {
      pollfd waiting{terminal_.device.fd(), POLLOUT, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const ssize_t put = ::write(waiting.fd, line.data() + at, line.size() - at);
      if (put > 0) at += static_cast<std::size_t>(put);
    }
  }

  const ShellAccelerator accelerator_;
  const std::string hash_;
  const Compute compute_;
  const Faults faults_;
  const std::function<void()> restarted_;
  PacketReader reader_;
  std::string stream_;
  int session_ = 0;
  std::int64_t accepted_ = 0, taken_ = 0, beats_ = 0, computed_ = 0;
  bool done_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace assay::board::test
