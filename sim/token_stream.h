// SPDX-License-Identifier: Apache-2.0
// Internal to the token model.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <deque>
#include <limits>
#include <vector>

#include "sim/token_model.h"

namespace assay::sim::token {

inline constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 4;

/// The stamps of a stream. Beat k is ready in its writer's queue in the cycle behind written(k), is
/// valid when the beat before it is gone, and moves in taken(k).
class Stream {
 public:
  /// Keeps the last `kept` stamps at least.
  void open(std::int64_t beats, std::int64_t kept) {
    beats_ = beats;
    const auto size = std::bit_ceil(static_cast<std::uint64_t>(kept));
    mask_ = size - 1;
    written_at_.resize(size);
    taken_at_.resize(size);
  }
  void write(Cycle at) { written_at_[static_cast<std::uint64_t>(written++) & mask_] = at; }
  void take(Cycle at) {
    if (taken >= beats_) {
      const Cycle later = at - taken_at(taken - beats_);
      repeated = later == later_ ? repeated + 1 : 1;
      later_ = later;
    }
    taken_at_[static_cast<std::uint64_t>(taken++) & mask_] = at;
  }
  bool has(std::int64_t k) const { return k < written; }
  Cycle valid(std::int64_t k) const {
    const Cycle ready = written_at_[static_cast<std::uint64_t>(k) & mask_] + 1;
    return k > 0 ? std::max(ready, taken_at(k - 1) + 1) : ready;
  }
  Cycle written_at(std::int64_t k) const {
    return written_at_[static_cast<std::uint64_t>(k) & mask_];
  }
  Cycle taken_at(std::int64_t k) const { return taken_at_[static_cast<std::uint64_t>(k) & mask_]; }
  /// From when a queue of `capacity` beats has room for beat k; kUnlimited: not known yet.
  Cycle room(std::int64_t k, std::int64_t capacity) const {
    if (k < capacity) return 0;
    return k - capacity < taken ? taken_at(k - capacity) + 1 : kUnlimited;
  }
  std::int64_t beats() const { return beats_; }
  /// How much later than the same beats of the frame before the last `repeated` beats were taken.
  Cycle later() const { return later_; }

  std::int64_t written = 0, taken = 0;  ///< beats whose stamps are known
  std::int64_t repeated = 0;

 private:
  std::int64_t beats_ = 1;
  std::uint64_t mask_ = 0;
  std::vector<Cycle> written_at_, taken_at_;
  Cycle later_ = -1;
};

/// The cycles in which a pipeline stands still, as far as they are known.
class Stalls {
 public:
  void add(Cycle from, Cycle to) { stalls_.push_back({from, to}); }
  /// The n-th cycle, n >= 1, from `from` on in which the pipeline moves.
  Cycle moving(Cycle from, std::int64_t n) const {
    Cycle at = from + n - 1;
    for (const Interval& stall : stalls_) {
      if (stall.from > at) break;
      if (stall.to >= from) at += stall.to - std::max(stall.from, from) + 1;
    }
    return at;
  }
  /// Nobody will ask for cycles before `cycle` any more.
  void forget(Cycle cycle) {
    while (!stalls_.empty() && stalls_.front().to < cycle) stalls_.pop_front();
  }

 private:
  struct Interval {
    Cycle from, to;
  };
  std::deque<Interval> stalls_;
};

/// assay_threshold_unit.sv: `stages`, which all stop while the skid behind them is full.
class StoppingPipe {
 public:
  StoppingPipe(Stream& out, std::int64_t capacity, std::int64_t stages)
      : out_(out), capacity_(capacity), stages_(stages) {}
  /// The first cycle from `from` on in which it takes a beat; kUnlimited: not known yet.
  Cycle entry(Cycle from) const {
    const Cycle at = stalls_.moving(from, 1);
    return at <= known_until_ ? at : kUnlimited;
  }
  void enter(Cycle at) {
    inside_.push_back(at);
    drain();
  }
  /// Goes on with what the reader has taken since.
  void drain() {
    for (;;) {
      // Beat k - 1 makes the skid full, until the reader takes what it held before.
      const std::int64_t k = out_.written;
      if (known_ < k) {
        const Cycle gone = out_.room(k, capacity_);
        if (gone == kUnlimited) {
          known_until_ = out_.written_at(k - 1);
          return;
        }
        if (gone > out_.written_at(k - 1) + 1) stalls_.add(out_.written_at(k - 1) + 1, gone - 1);
        known_ = k;
      }
      known_until_ = kUnlimited - 1;
      if (inside_.empty()) return;
      out_.write(stalls_.moving(inside_.front(), stages_ + 1));
      stalls_.forget(inside_.front());
      inside_.pop_front();
    }
  }
  bool waits_for_room() const { return known_until_ < kUnlimited - 1; }

 private:
  Stream& out_;
  std::int64_t capacity_, stages_;
  std::deque<Cycle> inside_;  ///< when they came in
  std::int64_t known_ = 0;    ///< beats whose stalls are known
  Cycle known_until_ = kUnlimited - 1;
  Stalls stalls_;
};

/// What a pipeline's last stage hands its beats to: a skid.
class SkidEntry {
 public:
  SkidEntry(Stream& out, std::int64_t capacity) : out_(out), capacity_(capacity) {}
  Cycle entry(Cycle from) const { return std::max(from, out_.room(out_.written, capacity_)); }
  void enter(Cycle at) { out_.write(at); }
  void drain() {}

 private:
  Stream& out_;
  std::int64_t capacity_;
};

/// Stages that stop while a beat at their end is not taken by `Next`.
template <typename Next>
class WaitingPipe {
 public:
  WaitingPipe(Next next, std::int64_t stages) : next_(std::move(next)), stages_(stages) {}
  /// The first cycle from `from` on in which it moves; kUnlimited: not known yet.
  Cycle entry(Cycle from) const { return moving(from, 1); }
  Cycle moving(Cycle from, std::int64_t n) const {
    const Cycle at = stalls_.moving(from, n);
    return at <= known_until_ ? at : kUnlimited;
  }
  void enter(Cycle at) {
    inside_.push_back(at);
    drain();
  }
  void drain() {
    next_.drain();
    while (!inside_.empty()) {
      const Cycle ready = stalls_.moving(inside_.front(), stages_) + 1;
      const Cycle leaves = next_.entry(ready);
      if (leaves >= kUnlimited) {
        known_until_ = ready - 1;
        return;
      }
      if (leaves > ready) stalls_.add(ready, leaves - 1);
      next_.enter(leaves);
      stalls_.forget(inside_.front());
      inside_.pop_front();
    }
    known_until_ = kUnlimited - 1;
  }

 private:
  Next next_;
  std::int64_t stages_;
  std::deque<Cycle> inside_;
  Cycle known_until_ = kUnlimited - 1;
  Stalls stalls_;
};

}  // namespace assay::sim::token
