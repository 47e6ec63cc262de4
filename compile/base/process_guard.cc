// SPDX-License-Identifier: Apache-2.0
#include "compile/base/process_guard.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::size_t kMostGroups = 4096;

/// This process' side of it; the guard sees the socket close when this process ends.
struct Guard {
  int socket = -1;
  pid_t pid = -1;
  ~Guard() {
    if (socket < 0) return;
    ::close(socket);
    ::waitpid(pid, nullptr, 0);
  }
};

Guard guard;             // NOLINT
std::once_flag started;  // NOLINT

/// Takes messages, a group to guard or the negative of one to release, until nobody can send any
/// more. Forked from a program with threads, so it must not allocate.
[[noreturn]] void watch(int socket) {
  // Signals from a terminal are for the program; it is for the guard to outlive it.
  ::setpgid(0, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) ::signal(signal, SIG_IGN);
  ::prctl(PR_SET_NAME, "child-guard");
  ::dup2(socket, 0);
  ::close_range(1, ~0U, 0);  // locks and pipes that others wait for
  static std::array<pid_t, kMostGroups> groups;
  std::size_t count = 0;
  while (true) {
    pid_t message = 0;
    const ssize_t got = ::recv(0, &message, sizeof message, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got != sizeof message) break;
    if (message > 0 && count < kMostGroups) groups[count++] = message;
    if (message < 0)
      count = static_cast<std::size_t>(
          std::remove(groups.begin(), groups.begin() + count, -message) - groups.begin());
  }
  for (std::size_t i = 0; i < count; ++i) ::kill(-groups[i], SIGKILL);
  ::_exit(0);
}

void send(pid_t message) { ::send(guard.socket, &message, sizeof message, MSG_NOSIGNAL); }

}  // namespace

void start_guard() {
  std::call_once(started, [] {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
      tool_error("cannot make a socket: {}", std::strerror(errno));
    const pid_t pid = ::fork();
    if (pid < 0) tool_error("cannot start a process: {}", std::strerror(errno));
    if (pid == 0) watch(ends[1]);
    ::close(ends[1]);
    guard.socket = ends[0];
    guard.pid = pid;
  });
}

void guard_group(pid_t group) { send(group); }
void release_group(pid_t group) { send(-group); }

}  // namespace assay
