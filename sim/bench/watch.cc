// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/watch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace assay::sim {
namespace {

constexpr std::size_t kTrail = 6;

bool same(const std::uint8_t* a, const std::uint8_t* b, std::size_t bytes) {
  return std::memcmp(a, b, bytes) == 0;
}

}  // namespace

StreamWatch::StreamWatch(PortPins pins, const Tokens& tokens, std::int64_t frames, std::string name,
                         bool stamps)
    : pins_(pins), tokens_(&tokens), name_(std::move(name)), stamped_(stamps) {
  counts_.predicted = tokens.beats * frames;
  held_.resize(pins.bytes());
}

void StreamWatch::restart() {
  settle_trail();
  counts_ = {.predicted = counts_.predicted,
             .differing = counts_.differing,
             .differing_digest = counts_.differing_digest};
  waiting_ = false;
  stamps_.clear();
}

bool StreamWatch::observe(std::int64_t cycle, std::int64_t time, bool count_waits) {
  const bool valid = *pins_.valid != 0, ready = *pins_.ready != 0, fire = valid && ready;
  counts_.valid = valid;
  counts_.ready = ready;
  if (waiting_) {
    if (!valid)
      violate("valid-withdrawn", time);
    else if (!same(held_.data(), pins_.data, pins_.bytes()))
      violate("data-changed", time);
  }
  if (!valid) {
    waiting_ = false;
    if (ready && count_waits && !complete()) ++counts_.starves;
    return false;
  }
  if (!waiting_) offered_ = cycle;
  const bool wanted = !complete();
  if (stamped_ && wanted) stamp(cycle, fire);
  waiting_ = !fire;
  if (waiting_) {
    if (count_waits) ++counts_.stalls;
    std::memcpy(held_.data(), pins_.data, pins_.bytes());
    return false;
  }
  // What nobody waits for is no progress: a design may give such beats for ever.
  if (wanted)
    beat(cycle, time);
  else
    violate("extra-beat", time);
  return wanted;
}

void StreamWatch::violate(std::string_view rule, std::int64_t time) {
  if (std::ranges::find(violations_, rule, &Violation::rule) == violations_.end())
    violations_.push_back({std::string(rule), name_, time});
}

void StreamWatch::stamp(std::int64_t cycle, bool fire) {
  if (stamps_.empty() || stamps_.back().taken >= 0) stamps_.push_back({cycle, -1});
  if (fire) stamps_.back().taken = cycle;
}

void StreamWatch::beat(std::int64_t cycle, std::int64_t time) {
  if (counts_.first < 0) counts_.first = cycle;
  counts_.last = cycle;
  counts_.stamp_hash = hash_stamp(counts_.stamp_hash, {offered_, cycle});
  counts_.digest = digest_beat(counts_.digest, moved(), pins_.data, pins_.bytes());
  if (!same(tokens_->beat(moved()), pins_.data, pins_.bytes())) {
    ++counts_.differing;
    counts_.differing_digest = digest_beat(counts_.differing_digest, moved(), nullptr, 0);
    if (!first_) note_mismatch(time);
  }
  if (trail_open_ && trail_.size() < kTrail)
    trail_.emplace_back(pins_.data, pins_.data + pins_.bytes());
  ++counts_.compared;
}

void StreamWatch::note_mismatch(std::int64_t time) {
  trail_at_ = moved();
  trail_open_ = true;
  const std::uint8_t* expected = tokens_->beat(trail_at_);
  Mismatch& m = first_.emplace();
  m.frame = trail_at_ / tokens_->beats;
  m.beat = trail_at_ % tokens_->beats;
  m.cycle = time;
  m.expected.assign(expected, expected + pins_.bytes());
  m.got.assign(pins_.data, pins_.data + pins_.bytes());
}

void StreamWatch::settle_trail() {
  if (std::exchange(trail_open_, false)) first_->fault = fault();
}

/// Whether the beats of the trail are the expected ones shifted by `shift`.
bool StreamWatch::follows(std::int64_t shift) const {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < trail_.size(); ++i) {
    const std::int64_t index = trail_at_ + static_cast<std::int64_t>(i) + shift;
    if (index < 0 || index >= total()) break;
    if (!same(trail_[i].data(), tokens_->beat(index), tokens_->stride())) return false;
    ++seen;
  }
  return seen > 0;
}

std::string StreamWatch::fault() const {
  const std::size_t bytes = tokens_->stride();
  const std::uint8_t* expected = tokens_->beat(trail_at_);
  if (tokens_->last) {
    // The topmost bit alone differs.
    std::vector<std::uint8_t> flipped(expected, expected + bytes);
    flipped[bytes - 1] ^= static_cast<std::uint8_t>(1U << ((tokens_->bits - 1) % 8));
    if (same(flipped.data(), trail_[0].data(), bytes)) return "early-last";
  }
  // Two equal beats could be either; more that all fit are better evidence.
  if (trail_.size() > 2 && follows(1)) return "dropped";
  if (trail_.size() > 1 && trail_at_ + 1 < total()) {
    const std::uint8_t* next = tokens_->beat(trail_at_ + 1);
    if (same(trail_[0].data(), next, bytes) && same(trail_[1].data(), expected, bytes) &&
        !same(expected, next, bytes))
      return "swapped";
  }
  if (follows(1)) return "dropped";
  if (trail_at_ > 0 && follows(-1)) return "duplicated";
  return "value";
}

}  // namespace assay::sim
