// SPDX-License-Identifier: Apache-2.0
#include "sim/model/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::sim {
namespace {

constexpr std::size_t kKeep = 64 << 10;
using Clock = std::chrono::steady_clock;

/// Both ends of a pipe; the read end stays with us.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) tool_error("cannot make a pipe: {}", strerror(errno));
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_end(std::size_t i) {
    if (ends[i] >= 0) close(ends[i]);
    ends[i] = -1;
  }
};

/// The environment with messages in English.
std::vector<std::string> environment() {
  std::vector<std::string> result = {"LC_ALL=C"};
  for (char** entry = environ; *entry; ++entry)
    if (!std::string_view(*entry).starts_with("LC_ALL=")) result.emplace_back(*entry);
  return result;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& dir, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addchdir_np(&actions, dir.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, out, 2);
  // A group of its own, so that a time-out also reaches what the program started.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  const std::vector<std::string> env = environment();
  pid_t pid = -1;
  const int error = posix_spawn(&pid, arguments[0].c_str(), &actions, &attributes,
                                pointers(arguments).data(), pointers(env).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) tool_error("cannot start {}: {}", printable(arguments[0], 4096), strerror(error));
  return pid;
}

/// Reads until the other end is closed; false when time is over before.
bool read_all(int fd, Clock::time_point deadline, std::string& output) {
  std::array<char, 4096> buffer;  // NOLINT
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{fd, POLLIN, 0};
    const int ready =
        left <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(std::min<long>(left, 1000)));
    if (ready == 0 && Clock::now() >= deadline) return false;
    if (ready <= 0) continue;
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > 2 * kKeep) output.erase(0, output.size() - kKeep);
  }
}

}  // namespace

std::filesystem::path find_program(const std::string& name, const std::string& package) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/bin:/bin";
  while (true) {
    const std::size_t end = rest.find(':');
    const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, end)) / name;
    if (candidate.is_absolute() && access(candidate.c_str(), X_OK) == 0 &&
        std::filesystem::is_regular_file(candidate))
      return candidate;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  tool_error("the program '{}' is not installed; on Debian: apt-get install {}", name, package);
}

ProcessResult run_process(const std::vector<std::string>& arguments,
                          const std::filesystem::path& dir, std::chrono::seconds limit) {
  Pipe pipe;
  const pid_t pid = start(arguments, dir, pipe.ends[1]);
  pipe.close_end(1);
  ProcessResult result;
  result.timed_out = !read_all(pipe.ends[0], Clock::now() + limit, result.output);
  if (result.timed_out) kill(-pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (result.output.size() > kKeep) result.output.erase(0, result.output.size() - kKeep);
  return result;
}

}  // namespace assay::sim
