// SPDX-License-Identifier: Apache-2.0
#include "compile/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/base/process_guard.h"

namespace assay {
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
  result.reserve(strings.size() + 1);
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

/// What the child needs to become a program, made before there is a child.
struct Launch {
  const char* dir;
  char* const* arguments;
  char* const* environment;
  int in;  ///< -1: nothing to read
  int out;
  sigset_t signals;  ///< that are blocked in the program
};

/// In the child, which shares its memory with this process: calls nothing that could notice. The
/// number of what failed.
int become(const Launch& launch) {
  // A group of its own, so that a time-out and the guard also reach what the program starts.
  ::setpgid(0, 0);
  guard_group(::getpid());
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_IGN) continue;
    action.sa_handler = SIG_DFL;
    action.sa_flags = 0;
    ::sigaction(signal, &action, nullptr);
  }
  ::sigprocmask(SIG_SETMASK, &launch.signals, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing < 0 || ::dup2(launch.in < 0 ? nothing : launch.in, 0) < 0 ||
      ::dup2(launch.out, 1) < 0 || ::dup2(launch.out, 2) < 0 || ::chdir(launch.dir) != 0)
    return errno;
  if (nothing > 2) ::close(nothing);
  ::execve(launch.arguments[0], launch.arguments, launch.environment);
  return errno;
}

/// Waits for the end of a program; its status.
int finish(pid_t pid) {
  siginfo_t ended{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  release_group(pid);  // while the number is still its own
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

pid_t start(const std::vector<std::string>& arguments, const std::filesystem::path& dir, int out,
            int in = -1) {
  start_guard();
  const std::vector<std::string> env = environment();
  const std::vector<char*> argument_pointers = pointers(arguments), env_pointers = pointers(env);
  Launch launch{dir.c_str(), argument_pointers.data(), env_pointers.data(), in, out, {}};
  sigset_t all;
  sigfillset(&all);
  // A handler of this process must not run in the child.
  ::pthread_sigmask(SIG_SETMASK, &all, &launch.signals);
  volatile int error = 0;
  // Registers itself with the guard before it is a program: no moment is left in which this process
  // could die and leave it behind. NOLINTNEXTLINE
  const pid_t pid = ::vfork();
  if (pid == 0) {
    error = become(launch);
    ::_exit(127);
  }
  if (pid < 0) error = errno;
  ::pthread_sigmask(SIG_SETMASK, &launch.signals, nullptr);
  if (error == 0) return pid;
  if (pid > 0) finish(pid);
  tool_error("cannot start {}: {}", printable(arguments[0], 4096),
             std::strerror(static_cast<int>(error)));
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

/// How many programs run and may run.
struct Turns {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0, limit = 0;

  bool free() const {
    const int most = limit > 0 ? limit : static_cast<int>(std::thread::hardware_concurrency());
    return running < std::max(most, 1);
  }
};

Turns& turns() {
  static Turns all;
  return all;
}

/// One of the programs that may run at a time.
class Turn {
 public:
  Turn() {
    std::unique_lock lock(turns().mutex);
    turns().changed.wait(lock, [] { return turns().free(); });
    ++turns().running;
  }
  ~Turn() {
    const std::lock_guard lock(turns().mutex);
    --turns().running;
    turns().changed.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

}  // namespace

void limit_processes(int count) {
  const std::lock_guard lock(turns().mutex);
  turns().limit = count;
}

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
  const Turn turn;
  Pipe pipe;
  const pid_t pid = start(arguments, dir, pipe.ends[1]);
  pipe.close_end(1);
  ProcessResult result;
  result.timed_out = !read_all(pipe.ends[0], Clock::now() + limit, result.output);
  if (result.timed_out) kill(-pid, SIGKILL);
  const int status = finish(pid);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (result.output.size() > kKeep) result.output.erase(0, result.output.size() - kKeep);
  return result;
}

Companion::Companion(const std::vector<std::string>& arguments, const std::filesystem::path& dir,
                     int input) {
  Pipe pipe;
  pid_ = start(arguments, dir, pipe.ends[1], input);
  out_ = std::exchange(pipe.ends[0], -1);
}

Companion::~Companion() {
  kill(-pid_, SIGKILL);
  finish(pid_);
  close(out_);
}

bool Companion::ended() const {
  siginfo_t state{};
  return waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         state.si_pid == pid_;
}

std::string Companion::output() const {
  std::string text;
  if (ended()) read_all(out_, Clock::now() + std::chrono::seconds(1), text);
  return text;
}

}  // namespace assay
