// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/plant.h"

#include <cstring>
#include <deque>
#include <utility>
#include <vector>

namespace assay::sim {
namespace {

/// One stream as it is shown in the design's place.
class Breaker {
 public:
  /// `given`: the design's pins; an output's ready belongs to whoever reads it.
  Breaker(PortPins given, std::int64_t total, bool output)
      : given_(given), output_(output), total_(total), data_(given.bytes()) {}

  PortPins pins() { return {&valid_, output_ ? given_.ready : &ready_, data_.data(), given_.bits}; }

  /// Shows what the design gives, and what is wrong with it. Several times a cycle.
  void show() {
    valid_ = *given_.valid;
    ready_ = *given_.ready;
    std::memcpy(data_.data(), given_.data, data_.size());
    if (moved_ >= total_) {
      show_behind();
    } else if (!changed_ && valid_ != 0 && ready_ == 0) {
      data_[0] ^= 1U;
    }
    if (output_ && !waited_) wait_for_ready();
  }

  /// The cycle ends as it was shown last. `reset`: everything starts again.
  void end_cycle(bool reset) {
    seen_ = false;
    if (reset) {
      moved_ = 0;
      return;
    }
    const bool ready = *pins().ready != 0, waits = *given_.valid != 0 && !ready;
    waited_ |= toggled_;
    if (moved_ >= total_)
      next_step(ready);
    else if (waits)
      changed_ = true;
    else if (*given_.valid != 0)
      ++moved_;
  }

 private:
  enum class Step : std::uint8_t { kOffer, kChange, kOfferAgain, kWithdraw, kExtra, kDone };

  void show_behind() {
    if (step_ == Step::kDone) return;
    valid_ = step_ == Step::kWithdraw ? 0 : 1;
    ready_ = step_ == Step::kExtra ? 1 : 0;
    std::memset(data_.data(), 0, data_.size());
    data_[0] = step_ == Step::kOffer ? 0 : 1;
  }

  void next_step(bool ready) {
    switch (step_) {
      case Step::kOffer:
        if (!ready) step_ = Step::kChange;
        break;
      case Step::kChange:
        step_ = ready ? Step::kOfferAgain : Step::kWithdraw;
        break;
      case Step::kOfferAgain:
        if (!ready) step_ = Step::kWithdraw;
        break;
      case Step::kWithdraw:
        step_ = Step::kExtra;
        break;
      case Step::kExtra:
        if (ready) step_ = Step::kDone;
        break;
      case Step::kDone:
        break;
    }
  }

  /// Where ready is another than at first in this cycle, somebody looks at what depends on it.
  void wait_for_ready() {
    if (!std::exchange(seen_, true)) first_ready_ = *given_.ready;
    if (*given_.ready == first_ready_) return;
    valid_ ^= 1U;
    toggled_ = true;
  }

  PortPins given_;
  bool output_;
  std::int64_t total_, moved_ = 0;
  std::uint8_t valid_ = 0, ready_ = 0, first_ready_ = 0;
  std::vector<std::uint8_t> data_;
  Step step_ = Step::kOffer;
  bool changed_ = false;                   ///< a beat that waited
  bool seen_ = false;                      ///< in this cycle
  bool toggled_ = false, waited_ = false;  ///< valid waited for ready, and the cycle is over
};

class RuleBreaker final : public Dut {
 public:
  RuleBreaker(std::unique_ptr<Dut> dut, const Job& job) : dut_(std::move(dut)) {
    clk = dut_->clk;
    rst_n = dut_->rst_n;
    inputs = dut_->inputs;
    const auto add = [&](const std::vector<PortPins>& given, const std::vector<Tokens>& tokens,
                         std::vector<PortPins>& shown, bool output) {
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        breakers_.emplace_back(given[i], tokens[i].beats * job.frames, output);
        shown.push_back(breakers_.back().pins());
      }
    };
    add(dut_->outputs, job.outputs, outputs, true);
    add(dut_->monitors, job.monitors, monitors, false);
  }

  void eval() override {
    if (*clk != 0 && last_clk_ == 0)
      for (Breaker& b : breakers_) b.end_cycle(*rst_n == 0);
    last_clk_ = *clk;
    dut_->eval();
    for (Breaker& b : breakers_)
      if (*clk == 0) b.show();
  }
  void dump(std::uint64_t time) override { dut_->dump(time); }

 private:
  std::unique_ptr<Dut> dut_;
  std::deque<Breaker> breakers_;  ///< pins point into them
  std::uint8_t last_clk_ = 0;
};

}  // namespace

std::unique_ptr<Dut> plant_faults(std::unique_ptr<Dut> dut, const Job& job) {
  return std::make_unique<RuleBreaker>(std::move(dut), job);
}

}  // namespace assay::sim
