// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "compile/base/error.h"
#include "sim/netlist/lane_run.h"

namespace assay::sim {
namespace {

void add_counts(std::vector<LaneStreamCounts>& sums, const std::vector<LaneStreamCounts>& counts) {
  sums.resize(counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sums[i].predicted += counts[i].predicted;
    sums[i].compared += counts[i].compared;
    sums[i].differing += counts[i].differing;
    sums[i].digest += counts[i].digest;
    sums[i].differing_digest += counts[i].differing_digest;
  }
}

void add_violations(std::vector<Violation>& all, const std::vector<Violation>& more) {
  for (const Violation& violation : more) {
    const auto known = std::ranges::find_if(all, [&](const Violation& v) {
      return v.rule == violation.rule && v.stream == violation.stream;
    });
    if (known == all.end())
      all.push_back(violation);
    else
      known->cycle = std::min(known->cycle, violation.cycle);
  }
  std::ranges::stable_sort(all, {}, &Violation::cycle);
}

void add_result(LaneResult& sum, LaneResult part) {
  add_counts(sum.outputs, part.outputs);
  add_counts(sum.monitors, part.monitors);
  add_violations(sum.violations, part.violations);
  if (part.first && (!sum.first || part.first->cycle < sum.first->cycle))
    sum.first = std::move(part.first);
  if (sum.stuck.empty()) sum.stuck = std::move(part.stuck);
  sum.resets += part.resets;
  sum.cycles += part.cycles;
  sum.lane_cycles += part.lane_cycles;
}

/// Parts that threads take one after the other.
class Parts {
 public:
  Parts(const netlist::Netlist& netlist, const LaneJob& job, const LaneSplit& split,
        const LaneProgress& progress)
      : netlist_(netlist),
        job_(job),
        split_(split),
        progress_(progress),
        results_(static_cast<std::size_t>(split.parts)),
        errors_(results_.size()),
        done_(results_.size()) {}

  LaneResult run() {
    {
      std::vector<std::jthread> threads;
      for (int i = 1; i < std::min(split_.threads, split_.parts); ++i)
        threads.emplace_back([this] { work(); });
      work();
    }
    LaneResult sum;
    for (std::size_t i = 0; i < results_.size(); ++i) {
      if (errors_[i]) std::rethrow_exception(errors_[i]);
      add_result(sum, std::move(results_[i]));
    }
    return sum;
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < results_.size(); i = next_++) try {
        results_[i] = run_part(static_cast<int>(i));
      } catch (...) {
        errors_[i] = std::current_exception();
      }
  }

  LaneResult run_part(int part) {
    NetlistSimulator simulator(netlist_, split_.lanes);
    check_job(simulator, job_);
    const auto border = [&](std::int64_t i) { return job_.frames * i / split_.parts; };
    return run_stretch(simulator, job_,
                       {part * split_.lanes, border(part), border(part + 1) - border(part)},
                       [&](std::int64_t frames) { tell(part, frames); });
  }

  void tell(int part, std::int64_t frames) {
    if (!progress_) return;
    const std::lock_guard lock(mutex_);
    done_[static_cast<std::size_t>(part)] = frames;
    progress_(std::accumulate(done_.begin(), done_.end(), std::int64_t{0}));
  }

  const netlist::Netlist& netlist_;
  const LaneJob& job_;
  const LaneSplit& split_;
  const LaneProgress& progress_;
  std::vector<LaneResult> results_;
  std::vector<std::exception_ptr> errors_;
  std::vector<std::int64_t> done_;
  std::mutex mutex_;
  std::atomic<std::size_t> next_ = 0;
};

}  // namespace

LaneResult run_lanes_parallel(const netlist::Netlist& netlist, const LaneJob& job,
                              const LaneSplit& split, const LaneProgress& progress) {
  if (split.parts < 1 || split.threads < 1) user_error("a run of lanes needs parts and threads");
  if (job.frames < split.parts)
    user_error("{} frames do not make {} parts", job.frames, split.parts);
  return Parts(netlist, job, split, progress).run();
}

}  // namespace assay::sim
