// SPDX-License-Identifier: Apache-2.0
// Internal to the token model.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/token/token_model.h"

namespace assay::sim::token {

inline constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 4;

/// Who may go on, the latest first.
class Agenda {
 public:
  void open(std::size_t nodes) {
    waiting_.assign(nodes, 0);
    nodes_.assign(nodes, 0);
  }
  void add(std::size_t node) {
    if (waiting_[node] != 0) return;
    waiting_[node] = 1;
    nodes_[count_++] = node;
  }
  bool empty() const { return count_ == 0; }
  std::size_t next() {
    const std::size_t node = nodes_[--count_];
    waiting_[node] = 0;
    return node;
  }

 private:
  std::vector<std::size_t> nodes_;  ///< the first `count_` are waiting
  std::vector<char> waiting_;
  std::size_t count_ = 0;
};

/// A queue in a ring that grows: what std::deque is, without its blocks.
template <typename T>
class Queue {
 public:
  bool empty() const { return first_ == last_; }
  std::size_t size() const { return last_ - first_; }
  const T& front() const { return (*this)[0]; }
  const T& operator[](std::size_t i) const { return items_[(first_ + i) & mask_]; }
  void push_back(T item) {
    if (size() > mask_) grow();
    items_[last_++ & mask_] = item;
  }
  void pop_front() { ++first_; }

 private:
  void grow() {
    std::vector<T> items(2 * items_.size());
    for (std::size_t i = 0; i < size(); ++i) items[i] = (*this)[i];
    last_ = size();
    first_ = 0;
    items_ = std::move(items);
    mask_ = items_.size() - 1;
  }
  std::vector<T> items_ = std::vector<T>(8);  // a power of two
  std::size_t mask_ = 7;
  std::size_t first_ = 0, last_ = 0;
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
/// is valid when the beat before it is gone, and moves in taken_at(k). Whoever asks for a stamp
/// that is not known yet gets onto the agenda when the next one is.
class Stream {
 public:
  /// `held`: beats that are written and not yet taken, at most; `kept`: stamps to keep at least.
  void open(std::int64_t beats, std::int64_t held, std::int64_t kept, std::size_t writer,
            std::size_t reader) {
    beats_ = beats;
    written_at_.open(std::max(held + 1, kept));
    taken_at_.open(std::max(held + 1, kept));
    frame_.assign(static_cast<std::size_t>(beats), kUnlimited);
    writer_ = writer;
    reader_ = reader;
  }
  void join(Agenda& agenda) { agenda_ = &agenda; }
  /// Another network's numbers for the two, both of which are on its agenda.
  void join(Agenda& agenda, std::size_t writer, std::size_t reader) {
    join(agenda);
    writer_ = writer;
    reader_ = reader;
  }
  void write(Cycle at) {
    written_at_[written++] = at;
    if (reader_waits_) agenda_->add(reader_);
    reader_waits_ = false;
  }
  void take(Cycle at) {
    taken_at_[taken++] = at;
    if (writer_waits_) agenda_->add(writer_);
    writer_waits_ = false;
    Cycle& before = frame_[place_];
    place_ = place_ + 1 == frame_.size() ? 0 : place_ + 1;
    if (const Cycle shift = at - before; shift != shift_) change(shift);
    before = at;
  }
  /// The reader asks whether beat k is there.
  bool has(std::int64_t k) const {
    if (k >= written) reader_waits_ = true;
    return k < written;
  }
  /// The writer asks whether beat k is gone.
  bool took(std::int64_t k) const {
    if (k >= taken) writer_waits_ = true;
    return k < taken;
  }
  Cycle valid(std::int64_t k) const {
    const Cycle ready = written_at_[k] + 1;
    return k > 0 ? std::max(ready, taken_at_[k - 1] + 1) : ready;
  }
  Cycle written_at(std::int64_t k) const { return written_at_[k]; }
  Cycle taken_at(std::int64_t k) const { return taken_at_[k]; }
  /// The writer asks from when a queue of `capacity` beats has room for beat k; kUnlimited: not
  /// known yet.
  Cycle room(std::int64_t k, std::int64_t capacity) const {
    if (k < capacity) return 0;
    return took(k - capacity) ? taken_at_[k - capacity] + 1 : kUnlimited;
  }
  std::int64_t beats() const { return beats_; }
  /// Of how many beats up to now each was taken exactly `interval` later than the same beat of the
  /// frame before.
  std::int64_t repeated(Cycle interval) const {
    return shift_ == interval ? taken - same_from_ : 0;
  }

  /// How many beats in a row, since the pace was set, were taken at most the pace later than the
  /// same beats of the frame before, and how many more than that later.
  void set_pace(Cycle pace) {
    pace_ = pace;
    pace_from_ = taken;
  }
  std::int64_t kept() const { return shift_ > pace_ ? 0 : taken - pace_from_; }
  std::int64_t lagged() const { return shift_ > pace_ ? taken - pace_from_ : 0; }
  Cycle lag() const { return shift_ - pace_; }  ///< of the latest beat
  /// When beat k was taken, in a schedule that repeats after `interval`.
  Cycle taken_at(std::int64_t k, Cycle interval) const {
    Cycle shift = 0;
    for (; k < taken - beats_; k += beats_) shift -= interval;
    for (; k >= taken; k -= beats_) shift += interval;
    return frame_[static_cast<std::size_t>(k % beats_)] + shift;
  }

  std::int64_t written = 0, taken = 0;  ///< beats whose stamps are known

 private:
  /// The latest beat has another shift than those before it.
  void change(Cycle shift) {
    if ((shift > pace_) != (shift_ > pace_)) pace_from_ = taken - 1;
    same_from_ = taken - 1;
    shift_ = shift;
  }

  std::int64_t beats_ = 1;
  Stamps written_at_, taken_at_;
  std::vector<Cycle> frame_;  ///< when the latest beat of each place in the frame was taken
  std::size_t place_ = 0;     ///< of the next beat in its frame
  Cycle shift_ = 0;           ///< of the latest beat, against the frame before
  Cycle pace_ = kUnlimited;
  /// From which beat on all had that shift, and were all late or all not.
  std::int64_t same_from_ = 0, pace_from_ = 0;
  Agenda* agenda_ = nullptr;
  std::size_t writer_ = 0, reader_ = 0;
  mutable bool writer_waits_ = false, reader_waits_ = false;
};

/// When the beats of a stream are taken from here on, as every frame comes `interval` cycles behind
/// the one before it.
class Echo {
 public:
  Echo(const Stream& stream, Cycle interval) : stream_(stream), interval_(interval) {}
  Cycle at(std::int64_t k) const { return stream_.taken_at(k, interval_); }

 private:
  Stream stream_;  ///< as it was
  Cycle interval_;
};

/// The cycles in which a pipeline stands still, as far as they are known.
class Stalls {
 public:
  void add(Cycle from, Cycle to) { stalls_.push_back({from, to}); }
  /// The n-th cycle, n >= 1, from `from` on in which the pipeline moves.
  Cycle moving(Cycle from, std::int64_t n) const {
    Cycle at = from + n - 1;
    for (std::size_t i = 0; i < stalls_.size(); ++i) {
      const Interval& stall = stalls_[i];
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
  Queue<Interval> stalls_;
};

/// assay_threshold_unit.sv: `stages`, which all stop while the skid behind them is full.
class StoppingPipe {
 public:
  StoppingPipe(std::int64_t capacity, std::int64_t stages) : capacity_(capacity), stages_(stages) {}
  /// The first cycle from `from` on in which it takes a beat; kUnlimited: not known yet.
  Cycle entry(const Stream& /*out*/, Cycle from) const {
    const Cycle at = stalls_.moving(from, 1);
    return at <= known_until_ ? at : kUnlimited;
  }
  void enter(Stream& out, Cycle at) {
    inside_.push_back(at);
    drain(out);
  }
  /// Goes on with what the reader has taken since.
  void drain(Stream& out) {
    for (;;) {
      // Beat k - 1 makes the skid full, until the reader takes what it held before.
      const std::int64_t k = out.written;
      if (known_ < k) {
        const Cycle gone = out.room(k, capacity_);
        if (gone == kUnlimited) {
          known_until_ = out.written_at(k - 1);
          return;
        }
        if (gone > out.written_at(k - 1) + 1) stalls_.add(out.written_at(k - 1) + 1, gone - 1);
        known_ = k;
      }
      known_until_ = kUnlimited - 1;
      if (inside_.empty()) return;
      out.write(stalls_.moving(inside_.front(), stages_ + 1));
      stalls_.forget(inside_.front());
      inside_.pop_front();
    }
  }

 private:
  std::int64_t capacity_, stages_;
  Queue<Cycle> inside_;     ///< when they came in
  std::int64_t known_ = 0;  ///< beats whose stalls are known
  Cycle known_until_ = kUnlimited - 1;
  Stalls stalls_;
};

/// What a pipeline's last stage hands its beats to: a skid.
class SkidEntry {
 public:
  explicit SkidEntry(std::int64_t capacity) : capacity_(capacity) {}
  Cycle entry(const Stream& out, Cycle from) const {
    return std::max(from, out.room(out.written, capacity_));
  }
  void enter(Stream& out, Cycle at) { out.write(at); }
  void drain(Stream& /*out*/) {}

 private:
  std::int64_t capacity_;
};

/// Stages that stop while a beat at their end is not taken by `Next`.
template <typename Next>
class WaitingPipe {
 public:
  WaitingPipe(Next next, std::int64_t stages) : next_(std::move(next)), stages_(stages) {}
  /// The first cycle from `from` on in which it moves; kUnlimited: not known yet.
  Cycle entry(const Stream& /*out*/, Cycle from) const { return moving(from, 1); }
  Cycle moving(Cycle from, std::int64_t n) const {
    const Cycle at = stalls_.moving(from, n);
    return at <= known_until_ ? at : kUnlimited;
  }
  void enter(Stream& out, Cycle at) {
    inside_.push_back(at);
    drain(out);
  }
  void drain(Stream& out) {
    next_.drain(out);
    while (!inside_.empty()) {
      const Cycle ready = stalls_.moving(inside_.front(), stages_) + 1;
      const Cycle leaves = next_.entry(out, ready);
      if (leaves >= kUnlimited) {
        known_until_ = ready - 1;
        return;
      }
      if (leaves > ready) stalls_.add(ready, leaves - 1);
      next_.enter(out, leaves);
      stalls_.forget(inside_.front());
      inside_.pop_front();
    }
    known_until_ = kUnlimited - 1;
  }

 private:
  Next next_;
  std::int64_t stages_;
  Queue<Cycle> inside_;
  Cycle known_until_ = kUnlimited - 1;
  Stalls stalls_;
};

}  // namespace assay::sim::token
