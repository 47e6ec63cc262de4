// SPDX-License-Identifier: Apache-2.0
#include "harness/build/build_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/checksum.h"
#include "harness/report/optional_report.h"
#include "harness/report/schema.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kSilence{20};
constexpr const char* kStateFile = "build.json";

const report::Build::Step* find_step(const report::Build& report, std::string_view name) {
  const auto it = std::ranges::find(report.steps, name, &report::Build::Step::step);
  return it == report.steps.end() ? nullptr : &*it;
}

/// What an earlier call left, where it is whole.
std::optional<report::Build> read_state(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(file, error))) return {};
  try {
    auto state = read_report<report::Build>(read_file(file), file.string());
    if (is_sealed(state)) return state;
  } catch (const UserError&) {  // damaged, or of another version
  }
  return {};
}

}  // namespace

void wait_aloud(const Console& console, const std::string& what,
                const std::function<void()>& body) {
  wait_aloud(
      console, [&] { return what; }, body);
}

void wait_aloud(const Console& console, const std::function<std::string()>& what,
                const std::function<void()>& body) {
  std::exception_ptr failure;
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  std::thread worker([&] {
    try {
      body();
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_one();
  });
  {
    std::unique_lock lock(mutex);
    for (auto waited = kSilence; !changed.wait_for(lock, kSilence, [&] { return over; });
         waited += kSilence)
      console.remark(fmt::format("{}: {} s", what(), waited.count()));
  }
  worker.join();
  if (failure) std::rethrow_exception(failure);
}

BuildSteps::BuildSteps(const RunDir& dir, const std::string& target, const Console& console)
    : dir_(dir), console_(console), folder_("build/" + target) {
  dir.make_folder(folder_);
  dir.remove_half_written(folder_);
  earlier_ = read_state(dir.file(path(kStateFile)));
  earlier_timing_ = optional_report<report::Timing>(dir.file(path(report::kBuildTiming)));
  if (earlier_timing_) timing_.steps = earlier_timing_->steps;
}

BuildSteps::~BuildSteps() {
  std::error_code ignored;
  if (dir_.owns_folder(folder_ + "/work")) fs::remove_all(dir_.file(folder_ + "/work"), ignored);
}

std::string BuildSteps::path(std::string_view name) const {
  return fmt::format("{}/{}", folder_, name);
}

fs::path BuildSteps::fresh_work() const { return dir_.fresh_folder(folder_ + "/work"); }

bool BuildSteps::intact(const report::Build::Step& step) const {
  for (const report::File& file : step.files) {
    const fs::path there = dir_.file(file.file);
    std::error_code error;
    if (!file.file.starts_with(folder_ + "/") ||
        !fs::is_regular_file(fs::symlink_status(there, error)) ||
        sha256(read_file(there)) != file.sha256) {
      console_.remark(fmt::format("{}: done again, as '{}' is not what it was", step.step,
                                  printable(file.file, 4096)));
      return false;
    }
  }
  return !step.files.empty();
}

const report::Build* BuildSteps::kept(const std::vector<std::string_view>& steps,
                                      const std::string& inputs_sha256) const {
  if (!earlier_) return nullptr;
  for (const std::string_view name : steps) {
    const report::Build::Step* step = find_step(*earlier_, name);
    if (!step || step->inputs_sha256 != inputs_sha256 || !intact(*step)) return nullptr;
  }
  return &*earlier_;
}

double BuildSteps::earlier_seconds(std::string_view step) const {
  if (!earlier_timing_) return 0;
  const auto it = std::ranges::find(earlier_timing_->stages, step, &report::Timing::Stage::stage);
  return it == earlier_timing_->stages.end() ? 0 : it->seconds;
}

void BuildSteps::keep(report::Build& report, std::string_view step) {
  report.steps.push_back(*find_step(*earlier_, step));
  timing_.stages.push_back({std::string(step), true, earlier_seconds(step)});
  console_.remark(fmt::format("{}: kept", step));
}

void BuildSteps::done(report::Build& report, std::string_view step,
                      const std::string& inputs_sha256, const std::vector<Output>& outputs,
                      double seconds) {
  report::Build::Step& entry = report.steps.emplace_back();
  entry.step = step;
  entry.inputs_sha256 = inputs_sha256;
  for (const Output& output : outputs) {
    dir_.write(path(output.name), output.bytes);
    entry.files.push_back({path(output.name), sha256(output.bytes)});
  }
  timing_.stages.push_back({std::string(step), false, seconds});
  seal(report);
  dir_.write_report(path(kStateFile), report);
  dir_.log("build", {{"target", report.target.name}, {"step", step}, {"seconds", seconds}});
}

}  // namespace assay
