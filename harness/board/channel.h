// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace assay::board {

/// The board or its line does not do what it should, so that nothing more can be learnt.
class BoardFault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// It says more and more, and none of it brings anything on.
class EndlessTalk : public BoardFault {
 public:
  using BoardFault::BoardFault;
};

/// A file that is closed with its owner.
class File {
 public:
  explicit File(int fd = -1) : fd_(fd) {}
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&& other) noexcept;
  ~File();
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Bytes to a board and back, as its host has them.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Takes what it can from the front of `outgoing` and appends what came to `incoming`; waits for
  /// something to come for so long at most. BoardFault when the board is gone.
  virtual void exchange(std::string& outgoing, std::string& incoming, int milliseconds) = 0;
};

/// Over a serial port or pseudo-terminal.
class FileChannel final : public Channel {
 public:
  explicit FileChannel(File file) : file_(std::move(file)) {}
  void exchange(std::string& outgoing, std::string& incoming, int milliseconds) override;

 private:
  File file_;
};

/// In memory, between two threads. The host's end is a Channel of its own: host_end().
class MemoryLine {
 public:
  /// Closes the line when it goes.
  static std::unique_ptr<Channel> host_end(const std::shared_ptr<MemoryLine>& line);

  // The board's end, of one thread.
  std::optional<std::uint8_t> next();
  /// Lost when the host is gone.
  void put(std::uint8_t byte);
  /// The host hears that the board is gone, and why.
  void hang_up(const std::string& why);
  /// Whether the host is gone.
  bool closed() const;

 private:
  class HostEnd;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::string to_board_, to_host_;
  bool closed_ = false;
  std::string gone_;  ///< why; empty: it is there
  // Of the board alone.
  std::string taken_;
  std::size_t at_ = 0;
};

}  // namespace assay::board
