// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/serial.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace assay::sim {
namespace {

constexpr int kBits = 10;  ///< of a byte on the line

/// The bytes of a file as they come, without waiting.
class Incoming {
 public:
  explicit Incoming(int fd) : fd_(fd) {}

  bool gone() const { return gone_; }
  std::optional<std::uint8_t> next() {
    if (at_ == count_) refill();
    if (at_ == count_) return {};
    return bytes_[at_++];
  }

 private:
  void refill() {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, 0) <= 0) return;
    const ssize_t got = ::read(fd_, bytes_.data(), bytes_.size());
    at_ = count_ = 0;
    if (got > 0) count_ = static_cast<std::size_t>(got);
    // A pseudo-terminal says EIO when nobody has its other end any more.
    gone_ = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
  }

  int fd_;
  std::array<std::uint8_t, 4096> bytes_{};
  std::size_t at_ = 0, count_ = 0;
  bool gone_ = false;
};

/// False when the other end is gone.
bool write_byte(int fd, std::uint8_t byte, const std::atomic<bool>& stop) {
  while (!stop) {
    const ssize_t put = ::write(fd, &byte, 1);
    if (put == 1) return true;
    if (put < 0 && (errno == EIO || errno == EPIPE || errno == ECONNRESET)) return false;
    if (put < 0 && errno == EAGAIN) {
      pollfd waiting{fd, POLLOUT, 0};
      ::poll(&waiting, 1, 100);
    } else if (put < 0 && errno != EINTR) {
      throw std::runtime_error(std::string("cannot write to the line: ") + std::strerror(errno));
    }
  }
  return false;
}

}  // namespace

void LineSender::begin(std::uint8_t byte) {
  bits_ = static_cast<unsigned>(byte) << 1 | 1U << (kBits - 1);
  left_ = kBits * clocks_;
}

bool LineSender::level() {
  if (left_ == 0) return true;
  const int bit = kBits - 1 - (left_ - 1) / clocks_;
  --left_;
  return (bits_ >> bit & 1U) != 0;
}

std::optional<std::uint8_t> LineReceiver::take(bool level) {
  if (at_ < 0) {
    if (level) return {};
    at_ = 0;
    bits_ = 0;
  }
  const int bit = at_ / clocks_, cycle = at_ % clocks_;
  ++at_;
  if (cycle != clocks_ / 2) return {};
  if (level) bits_ |= 1U << bit;
  if ((bit == 0 && level) || bit == kBits - 1) at_ = -1;
  if (bit != kBits - 1 || !level) return {};
  return static_cast<std::uint8_t>(bits_ >> 1);
}

void serve_serial(SerialDevice& device, int clocks_per_bit, int fd, const std::atomic<bool>& stop) {
  LineSender sender(clocks_per_bit);
  LineReceiver receiver(clocks_per_bit);
  Incoming incoming(fd);
  while (!incoming.gone() && !stop) {
    if (!sender.busy())
      if (const auto byte = incoming.next()) sender.begin(*byte);
    // Nothing to say: it looks again a byte's time later.
    for (int cycle = 0; cycle < kBits * clocks_per_bit; ++cycle)
      if (const auto byte = receiver.take(device.step(sender.level())))
        if (!write_byte(fd, *byte, stop)) return;
  }
}

}  // namespace assay::sim
