// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/bench/bench.h"

/// What is random in a run. Compiled into every simulation program.
namespace assay::sim {

/// splitmix64: small, seedable, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(n));
  }

 private:
  std::uint64_t state_;
};

/// Decides in which cycles one side of a stream is willing.
class Pace {
 public:
  Pace(Profile profile, bool source, std::uint64_t seed)
      : profile_(profile), source_(source), random_(seed) {}
  /// `offered`: valid was seen in the cycle before and not taken.
  bool willing(bool offered) {
    switch (profile_) {
      case Profile::kAlways:
        return true;
      case Profile::kBernoulli:
        return (random_.next() & 1U) != 0;
      case Profile::kBursts:
        return burst();
      case Profile::kReadyAfterValid:
        return source_ || offered;
      case Profile::kReadyPulse:
        return source_ || pulse();
      case Profile::kStarved:
        return !source_ || random_.below(16) == 0;
    }
    return true;
  }

 private:
  bool burst() {
    if (left_ == 0) {
      on_ = !on_;
      left_ = 1 + random_.below(63);
    }
    --left_;
    return on_;
  }
  bool pulse() {
    if (left_ == 0) {
      left_ = 1 + random_.below(7);
      return true;
    }
    --left_;
    return false;
  }

  Profile profile_;
  bool source_, on_ = false;
  std::int64_t left_ = 0;
  Random random_;
};

}  // namespace assay::sim
