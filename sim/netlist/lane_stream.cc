// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/lane_stream.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

namespace assay::sim {
namespace {

/// Calls body with up to 64 nets and where their number lies in a lane's.
template <typename Body>
void for_each_number(const std::vector<netlist::Net>& nets, const Body& body) {
  for (std::size_t at = 0; at < nets.size(); at += 64)
    body(std::span(nets).subspan(at, std::min<std::size_t>(64, nets.size() - at)), at / 64);
}

}  // namespace

LanePins::LanePins(NetlistSimulator& simulator, const LaneStream& stream)
    : simulator_(&simulator),
      stream_(&stream),
      pitch_((stream.data.size() + 63) / 64),
      numbers_(pitch_ * static_cast<std::size_t>(simulator.lanes())) {}

void LanePins::read_data() {
  for_each_number(stream_->data, [&](std::span<const netlist::Net> nets, std::size_t at) {
    simulator_->read(nets, numbers_.data() + at, pitch_);
  });
}

void LanePins::write_data() {
  for_each_number(stream_->data, [&](std::span<const netlist::Net> nets, std::size_t at) {
    simulator_->write(nets, numbers_.data() + at, pitch_);
  });
}

void LanePins::copy_rows(std::vector<std::uint64_t>& rows) const {
  rows.resize(stream_->data.size() * static_cast<std::size_t>(simulator_->words()));
  auto to = rows.begin();
  for (const netlist::Net net : stream_->data)
    to = std::ranges::copy(std::as_const(*simulator_).values(net), to).out;
}

LaneSet LanePins::changed(const std::vector<std::uint64_t>& rows) const {
  LaneSet result;
  const std::uint64_t* row = rows.data();
  for (const netlist::Net net : stream_->data) {
    const std::span<const std::uint64_t> now = std::as_const(*simulator_).values(net);
    for (std::size_t w = 0; w < now.size(); ++w) result.at(w) |= now[w] ^ *row++;
  }
  return result;
}

LaneSource::LaneSource(NetlistSimulator& simulator, const LaneStream& stream, const Tokens& tokens,
                       LanePace pace)
    : pins_(simulator, stream), cursors_(tokens, simulator.lanes()), pace_(std::move(pace)) {}

void LaneSource::restart(int lane) {
  cursors_.restart(lane);
  offering_.remove(lane);
  more_.add(lane);
}

void LaneSource::offer(const LaneSet& lanes, const LaneFrames& frames) {
  const LaneSet fresh = pace_.willing((lanes & more_) - offering_, {});
  if (!fresh.empty()) {
    const std::size_t bytes = cursors_.tokens().stride();
    fresh.for_each(
        [&](int lane) { std::memcpy(pins_.data(lane), cursors_.next(lane, frames), bytes); });
    pins_.write_data();
    offering_ |= fresh;
  }
  pins_.set_valid(offering_);
}

LaneSet LaneSource::take(const LaneFrames& frames, LaneSet& ended) {
  const LaneSet taken = offering_ & pins_.ready();
  taken.for_each([&](int lane) {
    if (!cursors_.advance(lane)) return;
    ended.add(lane);
    if (!cursors_.more(lane, frames)) more_.remove(lane);
  });
  offering_ = offering_ - taken;
  return taken;
}

std::string LaneSource::state(int lane, const LaneFrames& frames) const {
  return fmt::format("{} ({} of {} beats) {}", pins_.name(), moved(lane),
                     static_cast<std::int64_t>(frames[static_cast<std::size_t>(lane)].size()) *
                         cursors_.tokens().beats,
                     more(lane) ? "offers a beat that is not taken" : "is finished");
}

LaneWatch::LaneWatch(NetlistSimulator& simulator, const LaneStream& stream, const Tokens& tokens,
                     std::int64_t frames, bool monitor)
    : pins_(simulator, stream),
      cursors_(tokens, simulator.lanes()),
      monitor_(monitor),
      digests_(static_cast<std::size_t>(simulator.lanes())) {
  counts_.predicted = frames * tokens.beats;
}

void LaneWatch::restart(int lane) {
  cursors_.restart(lane);
  digests_[static_cast<std::size_t>(lane)] = 0;
  waiting_.remove(lane);
}

LaneSet LaneWatch::observe(const LaneSet& lanes, const LaneFrames& frames, std::int64_t cycle,
                           LaneSet& ended) {
  const LaneSet valid = pins_.valid() & lanes, fire = valid & pins_.ready();
  if (!waiting_.empty()) {
    if (!(waiting_ - valid).empty()) violate("valid-withdrawn", cycle);
    if (!(waiting_ & valid & pins_.changed(held_)).empty()) violate("data-changed", cycle);
  }
  waiting_ = valid - fire;
  if (!waiting_.empty()) pins_.copy_rows(held_);
  if (fire.empty()) return fire;
  fire.for_each([&](int lane) { cursors_.prefetch(lane); });
  pins_.read_data();
  LaneSet wanted = fire;
  fire.for_each([&](int lane) {
    if (!cursors_.more(lane, frames)) {
      // What nobody waits for is no progress: a design may give such beats for ever.
      violate("extra-beat", cycle);
      return wanted.remove(lane);
    }
    beat(lane, frames, cycle);
    if (cursors_.advance(lane)) ended.add(lane);
  });
  return wanted;
}

void LaneWatch::beat(int lane, const LaneFrames& frames, std::int64_t cycle) {
  const std::size_t bytes = cursors_.tokens().stride();
  const std::uint8_t *expected = cursors_.next(lane, frames), *got = pins_.data(lane);
  const std::int64_t frame = cursors_.frame(lane, frames), beat = cursors_.at(lane).beat;
  const std::int64_t index = frame * cursors_.tokens().beats + beat;
  digests_[static_cast<std::size_t>(lane)] += digest_beat(kNoBeats, index, got, bytes);
  if (std::memcmp(expected, got, bytes) == 0) return;
  ++counts_.differing;
  counts_.differing_digest += digest_beat(kNoBeats, index, nullptr, 0);
  if (!first_)
    first_ = {pins_.name(),      monitor_, frame, beat, cycle, lane, {expected, expected + bytes},
              {got, got + bytes}};
}

void LaneWatch::violate(std::string_view rule, std::int64_t cycle) {
  if (std::ranges::find(violations_, rule, &Violation::rule) == violations_.end())
    violations_.push_back({std::string(rule), pins_.name(), cycle});
}

LaneStreamCounts LaneWatch::counts() const {
  LaneStreamCounts result = counts_;
  for (std::size_t lane = 0; lane < digests_.size(); ++lane) {
    result.compared += cursors_.moved(static_cast<int>(lane));
    result.digest += digests_[lane];
  }
  return result;
}

std::string LaneWatch::state(int lane, const LaneFrames& frames) const {
  return fmt::format("{} ({} of {} beats) {}", pins_.name(), cursors_.moved(lane),
                     static_cast<std::int64_t>(frames[static_cast<std::size_t>(lane)].size()) *
                         cursors_.tokens().beats,
                     complete(lane, frames) ? "is finished"
                     : waiting_.has(lane)   ? "offers a beat that the sink does not take"
                                            : "gives no beat");
}

}  // namespace assay::sim
