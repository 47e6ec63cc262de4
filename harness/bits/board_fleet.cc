// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/board_fleet.h"

#include <fmt/format.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "compile/backend/shell/shell.h"
#include "harness/bits/serial_netlist.h"
#include "sim/netlist/lane_serial.h"

namespace assay {
namespace {

constexpr int kStep = 64, kMostLanes = 256;
constexpr std::int64_t kPatience = 200'000, kPatienceFrames = 16;

/// The lanes of one simulator, each with a line of its own, in a thread.
class Squadron {
 public:
  /// `patience`: cycles in which a board and its host say nothing until it counts as silent.
  Squadron(const netlist::Netlist& netlist, int lanes, int clocks_per_bit, std::int64_t patience,
           std::uint64_t seed)
      : simulator_(netlist, lanes),
        pads_(board_pads(simulator_.netlist())),
        patience_(patience),
        heard_(static_cast<std::size_t>(lanes)) {
    for (int lane = 0; lane < lanes; ++lane)
      lines_.push_back(std::make_shared<board::MemoryLine>());
    simulator_.wake(seed);
    thread_ = std::thread([this, clocks_per_bit] { serve(clocks_per_bit); });
  }
  Squadron(const Squadron&) = delete;
  Squadron& operator=(const Squadron&) = delete;
  ~Squadron() {
    stop_ = true;
    thread_.join();
  }

  void open(std::vector<std::unique_ptr<board::Channel>>& channels) const {
    for (const auto& line : lines_) channels.push_back(board::MemoryLine::host_end(line));
  }
  std::string failure() const { return failed_ ? failure_ : ""; }

 private:
  void serve(int clocks_per_bit) {
    try {
      serve_all(clocks_per_bit);
    } catch (const std::exception& error) {
      failure_ = error.what();
      failed_ = true;
    }
    for (const auto& line : lines_) line->hang_up("the simulation ended");
  }

  void serve_all(int clocks_per_bit) {
    sim::LaneSerial serial(simulator_, pads_.receive, pads_.send, clocks_per_bit);
    const auto came = [&](int lane, std::uint8_t byte) {
      heard_[static_cast<std::size_t>(lane)] = serial.cycles();
      lines_[static_cast<std::size_t>(lane)]->put(byte);
    };
    const auto next = [&](int lane) {
      const auto byte = lines_[static_cast<std::size_t>(lane)]->next();
      if (byte) heard_[static_cast<std::size_t>(lane)] = serial.cycles();
      return byte;
    };
    serial.idle(board::kBoardWakingCycles, came);
    while (!stop_ && someone_is_there(serial.cycles())) serial.run_byte(next, came);
  }

  /// Hangs up where nothing was said for too long.
  bool someone_is_there(std::int64_t cycle) const {
    bool any = false;
    for (std::size_t lane = 0; lane < lines_.size(); ++lane) {
      if (lines_[lane]->closed()) continue;
      any = true;
      if (cycle - heard_[lane] > patience_)
        lines_[lane]->hang_up(
            fmt::format("a board is silent: nothing was said for {} cycles", patience_));
    }
    return any;
  }

  sim::NetlistSimulator simulator_;
  const BoardPads pads_;
  const std::int64_t patience_;
  std::vector<std::int64_t> heard_;  ///< the cycle of the last byte, either way
  std::vector<std::shared_ptr<board::MemoryLine>> lines_;
  std::atomic<bool> stop_ = false, failed_ = false;
  std::string failure_;  ///< once failed_
  std::thread thread_;
};

class NetlistFleet final : public board::SimulatedBoard {
 public:
  NetlistFleet(const BuiltDesign& built, std::int64_t images, std::uint64_t seed) {
    const std::int64_t patience = kPatience + kPatienceFrames * built.build.interval.value_or(0);
    const int clocks_per_bit = board_clocks_per_bit(built.build);
    const std::int64_t threads =
        images <= kStep ? 1 : std::min<std::int64_t>(tbb::this_task_arena::max_concurrency(), 8);
    const std::int64_t each = (images + threads - 1) / threads;
    const auto lanes = static_cast<int>(
        std::clamp<std::int64_t>((each + kStep - 1) / kStep * kStep, kStep, kMostLanes));
    for (std::int64_t i = 0; i < threads; ++i)
      squadrons_.push_back(std::make_unique<Squadron>(built.design, lanes, clocks_per_bit, patience,
                                                      seed + static_cast<std::uint64_t>(i)));
  }

  std::vector<std::unique_ptr<board::Channel>> open() override {
    std::vector<std::unique_ptr<board::Channel>> channels;
    for (const auto& squadron : squadrons_) squadron->open(channels);
    return channels;
  }

  std::string failure() const override {
    for (const auto& squadron : squadrons_)
      if (std::string failure = squadron->failure(); !failure.empty()) return failure;
    return "";
  }

 private:
  std::vector<std::unique_ptr<Squadron>> squadrons_;
};

}  // namespace

BoardSimulator simulate_fleet(const std::string& target, BitsLevel level, std::uint64_t seed,
                              report::File& simulated) {
  return
      [=, &simulated](const board::BoardDesign& design) -> std::unique_ptr<board::SimulatedBoard> {
        const BuiltDesign built = read_built(design.session, target, level);
        simulated = built.file;
        return std::make_unique<NetlistFleet>(built, design.session.image_count, seed);
      };
}

}  // namespace assay
