// SPDX-License-Identifier: Apache-2.0
// Runs that are killed, that find the disk full, or that meet another one in their folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <thread>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/run_results.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

constexpr unsigned kSeed = 20;

/// Verilated models stay between test runs, beside the test program.
std::string model_cache() {
  return (fs::read_symlink("/proc/self/exe").parent_path() / "models").string();
}

/// Commands, one after the other, that work in one folder.
class Robust : public ::testing::Test {
 protected:
  Arguments run_arguments(const fs::path& model) const {
    return {"run",   model.string(), "--images",        "4",
            "--out", out.string(),   "--target-cycles", "512"};
  }
  Arguments verify_arguments() const {
    return {"verify", out.string(), "--images", "2", "--cache", model_cache()};
  }
  static void finish_all(const std::vector<Arguments>& commands) {
    for (const Arguments& command : commands)
      ASSERT_EQ(finish(start_assay(command)), 0) << command[0];
  }
  /// Whether all went through within the time; what ran at its end is killed.
  static bool finish_until(const std::vector<Arguments>& commands, Clock::time_point end) {
    for (const Arguments& command : commands) {
      const pid_t child = start_assay(command);
      siginfo_t ended{};
      while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
             ended.si_pid == 0 && Clock::now() < end)
        std::this_thread::sleep_for(1ms);
      if (ended.si_pid == 0) ::kill(child, SIGKILL);
      const int code = finish(child);
      if (code == -SIGKILL) return false;
      EXPECT_EQ(code, 0) << command[0];
    }
    return true;
  }
  /// Kills the commands so many times at random moments, and half of the times also what resumes
  /// them; each time they must end as if nothing had been.
  void kill_and_resume(const std::vector<Arguments>& commands, int wanted = 10) {
    finish_all(commands);
    fs::remove_all(out);
    const auto start = Clock::now();
    finish_all(commands);  // again, now that everything is in caches: this is how long it takes
    std::chrono::duration<double> duration = Clock::now() - start;
    const auto expected = run_results(out);
    std::cout << "seed " << kSeed << ", " << duration.count() << " s undisturbed\n";
    std::mt19937 random(kSeed);
    const auto moment = [&] {
      const double share = std::uniform_real_distribution(0.0, 1.0)(random);
      return Clock::now() + std::chrono::duration_cast<Clock::duration>(share * duration);
    };
    int kills = 0, tries = 0;
    for (; kills < wanted && tries < 5 * wanted; ++tries) {
      SCOPED_TRACE(tries);
      fs::remove_all(out);
      const auto begun = Clock::now();
      if (finish_until(commands, moment())) {  // faster than before: the machine is less busy now
        duration = std::min<std::chrono::duration<double>>(duration, Clock::now() - begun);
        continue;
      }
      ++kills;
      if (kills % 2 == 0) finish_until(commands, moment());
      finish_all(commands);
      ASSERT_EQ(differing(run_results(out), expected), "");
    }
    EXPECT_EQ(kills, wanted) << "in " << tries << " tries";
  }

  TempDir dir;
  fs::path out = dir.path() / "out";
};

TEST_F(Robust, EndsWithTheSameBytesAfterEachOfTenKills) {
  kill_and_resume({run_arguments(save_tiny(dir.path() / "tiny.onnx"))});
}

TEST_F(Robust, SimulatesToTheSameBytesAfterEachOfThreeKills) {
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  kill_and_resume({run_arguments(model), verify_arguments()}, 3);
}

/// The whole main job: the network that ships, to the stitched RTL, which is built anew each time.
TEST_F(Robust, ShippedNetworkEndsWithTheSameBytesAfterEachOfTenKillsNightly) {
  const std::string cache = std::getenv("XDG_CACHE_HOME");
  setenv("XDG_CACHE_HOME", (out / "build").c_str(), 1);
  const fs::path model = fs::path(ASSAY_SOURCE_DIR) / "models/resnet8_w4a4/model.qonnx.onnx";
  kill_and_resume(
      {{"run", model.string(), "--images", "4", "--out", out.string(), "--until", "rtl-top"}});
  setenv("XDG_CACHE_HOME", cache.c_str(), 1);
}

TEST_F(Robust, RefusesAFolderWhereAProcessWorksUntilItDies) {
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  Arguments slow = run_arguments(model);
  slow[3] = "20000";
  const pid_t child = start_assay(slow);
  while (!fs::exists(out / "stages/01_import.onnx")) std::this_thread::sleep_for(1ms);
  const Arguments verify = {"verify", out.string()};
  for (const Arguments& command : {run_arguments(model), verify}) {
    const CommandResult second = run_assay(command);
    EXPECT_EQ(second.code, 2) << command[0];
    EXPECT_THAT(second.err, HasSubstr("another assay is working in"));
    EXPECT_THAT(second.err, HasSubstr("wait for it, or use another folder"));
  }
  ::kill(child, SIGKILL);
  EXPECT_EQ(finish(child), -SIGKILL);
  EXPECT_EQ(run_assay(run_arguments(model)).code, 0);
}

TEST_F(Robust, ClearsAwaySimulationsThatWereCutOff) {
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  ASSERT_EQ(run_assay(run_arguments(model)).code, 0);
  dir.write("out/build/runs/0123/in0.bin", "half");
  dir.write("out/build/models/kept/model", "whole");
  const CommandResult result = run_assay({"verify", out.string(), "--nodes", "nobody"});
  EXPECT_EQ(result.code, 2) << result.err;
  EXPECT_FALSE(fs::exists(out / "build/runs/0123"));
  dir.write("out/build/runs/0123/in0.bin", "half");
  // A link to elsewhere is nobody's to clear.
  fs::rename(out / "build", dir.path() / "elsewhere");
  fs::create_directory_symlink(dir.path() / "elsewhere", out / "build");
  EXPECT_EQ(run_assay(run_arguments(model)).code, 0);
  EXPECT_TRUE(fs::exists(dir.path() / "elsewhere/runs/0123/in0.bin"));
  EXPECT_TRUE(fs::exists(dir.path() / "elsewhere/models/kept/model"));
}

TEST_F(Robust, BeginsANewLineInTheLogAfterAFullDisk) {
  const fs::path model = save_tiny(dir.path() / "tiny.onnx");
  ASSERT_EQ(run_assay(run_arguments(model)).code, 0);
  write_file(out / "log.jsonl", "{\"time\": \"20");
  ASSERT_EQ(run_assay(run_arguments(model)).code, 0);
  EXPECT_THAT(read_file(out / "log.jsonl"), ::testing::StartsWith("{\"time\": \"20\n{\"time\":"));
}

/// A run's folder on a disk of its own whose size can change.
class FullDisk : public Robust {
 protected:
  FullDisk() { fs::create_directory(out); }
  ~FullDisk() override {
    if (mounted_) ::umount2(out.c_str(), MNT_DETACH);
  }
  /// False where this process may not mount.
  bool resize(std::int64_t bytes) {
    const std::string size = "size=" + std::to_string(bytes);
    if (mounted_) return ::mount("assay-test", out.c_str(), "tmpfs", MS_REMOUNT, size.c_str()) == 0;
    // In a name space of its own, so that nothing is left behind.
    if (::unshare(CLONE_NEWNS) != 0) return false;
    ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    mounted_ = ::mount("assay-test", out.c_str(), "tmpfs", 0, size.c_str()) == 0;
    return mounted_;
  }
  /// With little room first and more and more of it: exit code 4 and no report but those that a run
  /// with room from the beginning leaves, until at last all results are that run's.
  void fill(const std::vector<Arguments>& commands, int step) {
    std::set<std::string> runs;  // what run.json is after each command
    for (const Arguments& command : commands) {
      finish_all({command});
      runs.insert(read_file(out / kRunReport));
    }
    const auto expected = run_results(out);
    std::int64_t bytes = 0;
    for (const auto& [name, text] : expected) bytes += std::ssize(text);
    for (const auto& entry : fs::directory_iterator(out)) fs::remove_all(entry.path());
    if (!resize(bytes / 8)) GTEST_SKIP() << "needs the right to mount";
    int failures = 0;
    for (int eighths = 1; eighths <= 64; eighths += step) {
      SCOPED_TRACE(eighths);
      ASSERT_TRUE(resize(bytes * eighths / 8));
      int code = 0;
      for (const Arguments& command : commands)
        if (code == 0) code = finish(start_assay(command));
      if (code == 0) break;
      EXPECT_EQ(code, 4);
      for (const auto& [name, text] : run_results(out)) {
        // The manifest says what is being written.
        if (!name.ends_with(".json") || name == "rtl/manifest.json") continue;
        const bool same = name == kRunReport ? runs.contains(text) : text == expected.at(name);
        EXPECT_TRUE(same) << name << text;
      }
      ++failures;
    }
    EXPECT_GE(failures, 3);
    EXPECT_EQ(differing(run_results(out), expected), "");
  }

 private:
  bool mounted_ = false;
};

TEST_F(FullDisk, FailsUntilThereIsRoomAndThenEndsWithTheSameBytes) {
  const fs::path model = save_tiny(dir.path() / "tiny.onnx");
  fill({run_arguments(model)}, 1);
}

TEST_F(FullDisk, SimulatesOnceThereIsRoom) {
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  fill({run_arguments(model), verify_arguments()}, 3);
}

}  // namespace
}  // namespace assay
