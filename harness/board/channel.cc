// SPDX-License-Identifier: Apache-2.0
#include "harness/board/channel.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace assay::board {
namespace {

[[noreturn]] void gone() { throw BoardFault("the line is gone: was the board unplugged?"); }

}  // namespace

File& File::operator=(File&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

void FileChannel::exchange(std::string& outgoing, std::string& incoming, int milliseconds) {
  const int fd = file_.fd();
  pollfd waiting{fd, static_cast<short>(POLLIN | (outgoing.empty() ? 0 : POLLOUT)), 0};
  if (::poll(&waiting, 1, milliseconds) <= 0) return;
  if ((waiting.revents & POLLOUT) != 0) {
    const ssize_t put = ::write(fd, outgoing.data(), outgoing.size());
    if (put > 0) outgoing.erase(0, static_cast<std::size_t>(put));
    if (put < 0 && errno != EAGAIN && errno != EINTR) gone();
  }
  if ((waiting.revents & POLLIN) != 0) {
    std::array<char, 4096> bytes;  // NOLINT
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got > 0) incoming.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) gone();
  } else if ((waiting.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
    gone();
  }
}

class MemoryLine::HostEnd final : public Channel {
 public:
  explicit HostEnd(std::shared_ptr<MemoryLine> line) : line_(std::move(line)) {}
  HostEnd(const HostEnd&) = delete;
  HostEnd& operator=(const HostEnd&) = delete;
  ~HostEnd() override {
    const std::lock_guard lock(line_->mutex_);
    line_->closed_ = true;
  }

  void exchange(std::string& outgoing, std::string& incoming, int milliseconds) override {
    std::unique_lock lock(line_->mutex_);
    line_->to_board_ += std::exchange(outgoing, {});
    line_->came_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                          [&] { return !line_->to_host_.empty() || !line_->gone_.empty(); });
    incoming += std::exchange(line_->to_host_, {});
    if (incoming.empty() && !line_->gone_.empty()) throw BoardFault(line_->gone_);
  }

 private:
  std::shared_ptr<MemoryLine> line_;
};

std::unique_ptr<Channel> MemoryLine::host_end(const std::shared_ptr<MemoryLine>& line) {
  return std::make_unique<HostEnd>(line);
}

std::optional<std::uint8_t> MemoryLine::next() {
  if (at_ == taken_.size()) {
    const std::lock_guard lock(mutex_);
    taken_ = std::exchange(to_board_, {});
    at_ = 0;
  }
  if (at_ == taken_.size()) return {};
  return static_cast<std::uint8_t>(taken_[at_++]);
}

void MemoryLine::put(std::uint8_t byte) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  to_host_ += static_cast<char>(byte);
  came_.notify_one();
}

void MemoryLine::hang_up(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (gone_.empty()) gone_ = why;
  came_.notify_one();
}

bool MemoryLine::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace assay::board
