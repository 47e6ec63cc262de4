// SPDX-License-Identifier: Apache-2.0
#include "harness/bits/board_fleet.h"

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

/// The lanes of one simulator, each with a line of its own, in a thread.
class Squadron {
 public:
  Squadron(const netlist::Netlist& netlist, int lanes, int clocks_per_bit, std::uint64_t seed)
      : simulator_(netlist, lanes), pads_(board_pads(simulator_.netlist())) {
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
      sim::LaneSerial serial(simulator_, pads_.receive, pads_.send, clocks_per_bit);
      const auto line = [this](int lane) -> board::MemoryLine& {
        return *lines_[static_cast<std::size_t>(lane)];
      };
      const auto came = [&](int lane, std::uint8_t byte) { line(lane).put(byte); };
      serial.idle(board::kBoardWakingCycles, came);
      while (!stop_ && !all_closed())
        serial.run_byte([&](int lane) { return line(lane).next(); }, came);
    } catch (const std::exception& error) {
      failure_ = error.what();
      failed_ = true;
    }
    for (const auto& line : lines_) line->hang_up();
  }

  bool all_closed() const {
    return std::ranges::all_of(lines_, [](const auto& line) { return line->closed(); });
  }

  sim::NetlistSimulator simulator_;
  const BoardPads pads_;
  std::vector<std::shared_ptr<board::MemoryLine>> lines_;
  std::atomic<bool> stop_ = false, failed_ = false;
  std::string failure_;  ///< once failed_
  std::thread thread_;
};

class NetlistFleet final : public board::SimulatedBoard {
 public:
  NetlistFleet(const netlist::Netlist& netlist, int clocks_per_bit, std::int64_t images,
               std::uint64_t seed) {
    const std::int64_t threads =
        images <= kStep ? 1 : std::min<std::int64_t>(tbb::this_task_arena::max_concurrency(), 8);
    const std::int64_t each = (images + threads - 1) / threads;
    const auto lanes = static_cast<int>(
        std::clamp<std::int64_t>((each + kStep - 1) / kStep * kStep, kStep, kMostLanes));
    for (std::int64_t i = 0; i < threads; ++i)
      squadrons_.push_back(std::make_unique<Squadron>(netlist, lanes, clocks_per_bit,
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

BoardSimulator simulate_fleet(const std::string& target, BitsLevel level, std::uint64_t seed) {
  return [=](const board::BoardDesign& design) -> std::unique_ptr<board::SimulatedBoard> {
    const BuiltDesign built = read_built(design.session, target, level);
    return std::make_unique<NetlistFleet>(built.design, board_clocks_per_bit(built.build),
                                          design.session.image_count, seed);
  };
}

}  // namespace assay
