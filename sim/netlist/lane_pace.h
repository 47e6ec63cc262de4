// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/bench/pace.h"
#include "sim/netlist/lane_set.h"

namespace assay::sim {

/// Pace for one side of a stream in all lanes; what needs no count of its own goes by words.
class LanePace {
 public:
  /// A profile per lane.
  LanePace(const std::vector<Profile>& profiles, bool source, std::uint64_t seed) : random_(seed) {
    for (std::size_t i = 0; i < profiles.size(); ++i) {
      const auto lane = static_cast<int>(i);
      paces_.emplace_back(profiles[i], source, random_.next());
      switch (profiles[i]) {
        case Profile::kAlways:
          always_.add(lane);
          break;
        case Profile::kBernoulli:
          chance_.add(lane);
          break;
        case Profile::kReadyAfterValid:
          (source ? always_ : after_).add(lane);
          break;
        case Profile::kBursts:
          counted_.add(lane);
          break;
        case Profile::kReadyPulse:
          (source ? always_ : counted_).add(lane);
          break;
        case Profile::kStarved:
          (source ? counted_ : always_).add(lane);
          break;
      }
    }
  }

  /// Which of the lanes asked are willing in this cycle. `offered`: where valid was seen in the
  /// cycle before and not taken.
  LaneSet willing(const LaneSet& asked, const LaneSet& offered) {
    LaneSet coins;
    for (std::size_t w = 0; w < paces_.size() / 64; ++w) coins.at(w) = random_.next();
    LaneSet result = asked & (always_ | (chance_ & coins) | (after_ & offered));
    (asked & counted_).for_each([&](int lane) {
      if (paces_[static_cast<std::size_t>(lane)].willing(false)) result.add(lane);
    });
    return result;
  }

 private:
  Random random_;
  std::vector<Pace> paces_;
  LaneSet always_, chance_, after_, counted_;
};

}  // namespace assay::sim
