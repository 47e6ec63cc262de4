// SPDX-License-Identifier: Apache-2.0
#include "harness/board/line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::board {
namespace {

struct Rate {
  int baud;
  speed_t speed;
};
constexpr std::array<Rate, 13> kRates = {{{9600, B9600},
                                          {19200, B19200},
                                          {38400, B38400},
                                          {57600, B57600},
                                          {115200, B115200},
                                          {230400, B230400},
                                          {460800, B460800},
                                          {500000, B500000},
                                          {921600, B921600},
                                          {1000000, B1000000},
                                          {2000000, B2000000},
                                          {3000000, B3000000},
                                          {4000000, B4000000}}};

speed_t speed_of(int baud) {
  const auto rate = std::ranges::find(kRates, baud, &Rate::baud);
  if (rate != kRates.end()) return rate->speed;
  std::string known;
  for (const Rate& r : kRates) known += fmt::format("{}{}", known.empty() ? "" : ", ", r.baud);
  user_error("--baud: a serial port has no {} baud; it has {}", baud, known);
}

/// False when it is no terminal.
bool make_raw(int fd, speed_t speed) {
  termios settings{};
  if (::tcgetattr(fd, &settings) != 0) return false;
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS);
  ::cfsetspeed(&settings, speed);
  return ::tcsetattr(fd, TCSANOW, &settings) == 0;
}

}  // namespace

File open_serial(const std::filesystem::path& port, int baud) {
  const speed_t speed = speed_of(baud);
  File file(::open(port.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
  const std::string name = printable(port.string(), 4096);
  if (file.fd() < 0 && errno == EACCES)
    user_error("--port: '{}' may not be opened; on Debian add yourself to the group dialout", name);
  if (file.fd() < 0)
    user_error("--port: cannot open '{}': {}; is the board plugged in?", name,
               std::strerror(errno));
  if (!make_raw(file.fd(), speed)) user_error("--port: '{}' is no serial port", name);
  if (::ioctl(file.fd(), TIOCEXCL) != 0)
    user_error("--port: '{}' is in use: {}", name, std::strerror(errno));
  ::tcflush(file.fd(), TCIOFLUSH);
  return file;
}

PseudoTerminal open_pseudo_terminal() {
  const auto fail = [] { tool_error("no pseudo-terminal: {}", std::strerror(errno)); };
  PseudoTerminal terminal;
  terminal.device = File(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  const int device = terminal.device.fd();
  if (device < 0 || ::grantpt(device) != 0 || ::unlockpt(device) != 0) fail();
  std::array<char, 256> name{};
  if (::ptsname_r(device, name.data(), name.size()) != 0) fail();
  terminal.port = name.data();
  terminal.keep = File(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (terminal.keep.fd() < 0 || !make_raw(terminal.keep.fd(), B4000000)) fail();
  return terminal;
}

std::optional<Packet> Line::next() {
  for (std::size_t i = 0; i < incoming_.size(); ++i) {
    if (--left_ < 0)
      throw EndlessTalk(fmt::format(
          "the board talks without end: nothing in its last {} bytes got anything on", allowed_));
    auto packet = reader_.take(static_cast<std::uint8_t>(incoming_[i]));
    if (!packet) continue;
    incoming_.erase(0, i + 1);
    return packet;
  }
  incoming_.clear();
  return {};
}

std::optional<Packet> Line::receive(Clock::time_point deadline) {
  while (true) {
    if (auto packet = next()) return packet;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return {};
    channel_.exchange(outgoing_, incoming_, static_cast<int>(std::min<std::int64_t>(left, 1000)));
  }
}

}  // namespace assay::board
