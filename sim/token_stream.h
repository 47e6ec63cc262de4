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

/// Who may go on, the latest first.
class Agenda {
 public:
  void add(std::size_t node) {
    if (waiting_[node] != 0) return;
    waiting_[node] = 1;
    nodes_.push_back(node);
  }
  bool empty() const { return nodes_.empty(); }
  std::size_t next() {
    const std::size_t node = nodes_.back();
    nodes_.pop_back();
    waiting_[node] = 0;
    return node;
  }
  void open(std::size_t nodes) {
    waiting_.assign(nodes, 0);
    nodes_.reserve(nodes);
  }

 private:
  std::vector<std::size_t> nodes_;
  std::vector<char> waiting_;
};

/// The latest stamps of a stream, by the beat's number.
class Stamps {
 public:
  /// Keeps the last `count` at least.
  void open(std::int64_t count) {
    at_.resize(std::bit_ceil(static_cast<std::uint64_t>(count)));
    mask_ = at_.size() - 1;
  }
  Cycle& operator[](std::int64_t k) { return at_[static_cast<std::uint64_t>(k) & mask_]; }
  Cycle operator[](std::int64_t k) const { return at_[static_cast<std::uint64_t>(k) & mask_]; }

 private:
  std::vector<Cycle> at_;
  std::uint64_t mask_ = 0;
};

/// The stamps of a stream. Beat k is ready in its writer's queue in the cycle behind written_at(k),
/// is valid when the beat before it is gone, and moves in taken_at(k).
class Stream {
 public:
  /// `held`: beats that are written and not yet taken, at most; `kept`: stamps of moves to keep.
  /// Writer and reader get onto the agenda when they may go on.
  void open(std::int64_t beats, std::int64_t held, std::int64_t kept, Agenda& agenda,
            std::size_t writer, std::size_t reader) {
    beats_ = beats;
    written_at_.open(held + 1);
    taken_at_.open(kept);
    agenda_ = &agenda;
    writer_ = writer;
    reader_ = reader;
  }
  void write(Cycle at) {
    written_at_[written++] = at;
    agenda_->add(reader_);
  }
  void take(Cycle at) {
    taken_at_[taken++] = at;
    agenda_->add(writer_);
  }
  bool has(std::int64_t k) const { return k < written; }
  Cycle valid(std::int64_t k) const {
    const Cycle ready = written_at_[k] + 1;
    return k > 0 ? std::max(ready, taken_at_[k - 1] + 1) : ready;
  }
  Cycle written_at(std::int64_t k) const { return written_at_[k]; }
  Cycle taken_at(std::int64_t k) const { return taken_at_[k]; }
  /// From when a queue of `capacity` beats has room for beat k; kUnlimited: not known yet.
  Cycle room(std::int64_t k, std::int64_t capacity) const {
    if (k < capacity) return 0;
    return k - capacity < taken ? taken_at_[k - capacity] + 1 : kUnlimited;
  }
  std::int64_t beats() const { return beats_; }
  /// Whether each of the last `count` beats was taken exactly `interval` later than the same beat
  /// of the frame before.
  bool repeats(std::int64_t count, Cycle interval) const {
    if (taken < count + beats_) return false;
    for (std::int64_t k = taken - count; k < taken; ++k)
      if (taken_at_[k] - taken_at_[k - beats_] != interval) return false;
    return true;
  }

  std::int64_t written = 0, taken = 0;  ///< beats whose stamps are known

 private:
  std::int64_t beats_ = 1;
  Stamps written_at_, taken_at_;
  Agenda* agenda_ = nullptr;
  std::size_t writer_ = 0, reader_ = 0;
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
