// SPDX-License-Identifier: Apache-2.0
// What Assay starts: it dies with Assay, and there is no more of it at a time than --jobs says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <set>
#include <thread>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

struct Process {
  pid_t pid = 0;
  std::string name;
};

/// The living processes that work in a folder or below it. Compilers do so in the cache's.
std::vector<Process> working_in(const fs::path& folder) {
  std::vector<Process> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string place = fs::read_symlink(entry.path() / "cwd", gone).string();
    if (gone || !place.starts_with(folder.string())) continue;
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    found.push_back({std::stoi(pid), name});
  }
  return found;
}

bool is_compiler(const Process& process) {
  return process.name == "cc1plus" || process.name == "verilator_bin";
}

/// A verification that has to build its models in a cache folder of its own.
class Children : public ::testing::Test {
 protected:
  Children() {
    const fs::path model = save_integer_network(dir.path() / "net.onnx");
    const CommandResult run = run_assay({"run", model.string(), "--images", "2", "--target-cycles",
                                         "512", "--out", (dir.path() / "out").string()});
    EXPECT_EQ(run.code, 0) << run.err;
    fs::create_directory(dir.path() / "cache");
    fs::permissions(dir.path() / "cache", fs::perms::owner_all);
  }
  /// Its messages go to a file.
  pid_t start(const std::string& jobs) const {
    const std::string out = (dir.path() / "out").string(), err = messages().string(),
                      cache = (dir.path() / "cache").string();
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    // As from a terminal, whatever started this test.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
    if (!::freopen("/dev/null", "w", stdout) || !::freopen(err.c_str(), "w", stderr)) ::_exit(126);
    ::execl(ASSAY_BINARY, ASSAY_BINARY, "verify", out.c_str(), "--images", "1", "--cache",
            cache.c_str(), "--jobs", jobs.c_str(), nullptr);
    ::_exit(127);
  }
  fs::path messages() const { return dir.path() / "messages"; }
  std::vector<Process> children() const { return working_in(dir.path() / "cache"); }
  bool compiles() const { return std::ranges::any_of(children(), is_compiler); }
  template <typename Condition>
  static bool within(std::chrono::seconds time, Condition condition) {
    const auto end = Clock::now() + time;
    while (!condition()) {
      if (Clock::now() > end) return false;
      std::this_thread::sleep_for(2ms);
    }
    return true;
  }

  TempDir dir;
};

TEST_F(Children, DieWithTheirParentHoweverItDies) {
  for (const int signal : {SIGKILL, SIGINT, SIGTERM, SIGHUP}) {
    SCOPED_TRACE(signal);
    const pid_t child = start("4");
    ASSERT_TRUE(within(60s, [&] { return compiles(); }));
    ::kill(child, signal);
    EXPECT_EQ(finish(child), signal == SIGKILL ? -SIGKILL : 128 + signal);
    EXPECT_TRUE(within(5s, [&] { return children().empty(); }));
    if (signal == SIGKILL) continue;
    EXPECT_THAT(read_file(messages()), HasSubstr("interrupted; the same command again goes on"));
  }
}

TEST_F(Children, AreAsManyAsJobsAllows) {
  const pid_t child = start("1");
  std::set<pid_t> seen;
  std::size_t most = 0;
  EXPECT_TRUE(within(120s, [&] {
    std::size_t now = 0;
    for (const Process& process : children())
      if (is_compiler(process)) {
        ++now;
        seen.insert(process.pid);
      }
    most = std::max(most, now);
    return seen.size() > 8;  // the shared objects of all models, which have no order among them
  })) << seen.size();
  ::kill(child, SIGKILL);
  EXPECT_EQ(finish(child), -SIGKILL);
  EXPECT_EQ(most, 1U);
}

}  // namespace
}  // namespace assay
