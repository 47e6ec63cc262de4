// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/netlist/lane_bench.h"
#include "sim/netlist/lane_pace.h"

/// One stream of a netlist in all lanes.
namespace assay::sim {

/// Which frames a lane has taken, in order.
using LaneFrames = std::vector<std::vector<std::int64_t>>;

/// A stream's pins in a simulator.
class LanePins {
 public:
  LanePins(NetlistSimulator& simulator, const LaneStream& stream);

  LaneSet valid() const { return LaneSet(simulator_->values(stream_->valid)); }
  LaneSet ready() const { return LaneSet(simulator_->values(stream_->ready)); }
  void set_valid(const LaneSet& lanes) { lanes.put(simulator_->values(stream_->valid)); }
  void set_ready(const LaneSet& lanes) { lanes.put(simulator_->values(stream_->ready)); }
  const std::string& name() const { return stream_->name; }

  /// Data per lane as bytes, least significant first, those above the width zero.
  const std::uint8_t* data(int lane) const {
    return reinterpret_cast<const std::uint8_t*>(numbers_.data() +
                                                 static_cast<std::size_t>(lane) * pitch_);
  }
  std::uint8_t* data(int lane) {
    return const_cast<std::uint8_t*>(std::as_const(*this).data(lane));
  }
  void read_data();
  void write_data();

  /// Rows of the present data, and lanes in which they are others.
  void copy_rows(std::vector<std::uint64_t>& rows) const;
  LaneSet changed(const std::vector<std::uint64_t>& rows) const;

 private:
  NetlistSimulator* simulator_;
  const LaneStream* stream_;
  std::size_t pitch_;  ///< words per lane
  std::vector<std::uint64_t> numbers_;
};

/// Where a lane is in a stream.
struct LaneCursor {
  std::size_t position = 0;  ///< of the frame among those of the lane
  std::int64_t beat = 0;     ///< within the frame
  std::int64_t place = 0;    ///< of the beat among those of the tokens
};

class LaneCursors {
 public:
  LaneCursors(const Tokens& tokens, int lanes)
      : tokens_(&tokens),
        count_(static_cast<std::int64_t>(tokens.bytes.size() / tokens.stride())),
        at_(static_cast<std::size_t>(lanes)) {}

  void restart(int lane) { place_of(lane) = {}; }
  /// Whether the lane has a frame to go on with.
  bool more(int lane, const LaneFrames& frames) const {
    return at(lane).position < frames[static_cast<std::size_t>(lane)].size();
  }
  std::int64_t frame(int lane, const LaneFrames& frames) const {
    return frames[static_cast<std::size_t>(lane)][at(lane).position];
  }
  /// The bytes of the next beat, which there is.
  const std::uint8_t* next(int lane, const LaneFrames& frames) {
    LaneCursor& c = place_of(lane);
    if (c.beat == 0) c.place = frame(lane, frames) * tokens_->beats % count_;
    return tokens_->bytes.data() + static_cast<std::size_t>(c.place) * tokens_->stride();
  }
  /// Lanes are at far places, so that their beats come from the outer caches, or from memory.
  void prefetch(int lane) const {
    __builtin_prefetch(tokens_->bytes.data() +
                       static_cast<std::size_t>(at(lane).place) * tokens_->stride());
  }
  /// Whether a frame ended.
  bool advance(int lane) {
    LaneCursor& c = place_of(lane);
    if (++c.place == count_) c.place = 0;
    if (++c.beat < tokens_->beats) return false;
    c.beat = 0;
    ++c.position;
    return true;
  }
  std::int64_t moved(int lane) const {
    return static_cast<std::int64_t>(at(lane).position) * tokens_->beats + at(lane).beat;
  }
  const LaneCursor& at(int lane) const { return at_[static_cast<std::size_t>(lane)]; }
  const Tokens& tokens() const { return *tokens_; }

 private:
  LaneCursor& place_of(int lane) { return at_[static_cast<std::size_t>(lane)]; }

  const Tokens* tokens_;
  std::int64_t count_;
  std::vector<LaneCursor> at_;
};

/// Offers a stream's beats.
class LaneSource {
 public:
  LaneSource(NetlistSimulator& simulator, const LaneStream& stream, const Tokens& tokens,
             LanePace pace);

  void restart(int lane);
  /// The lane has a frame more.
  void resume(int lane) { more_.add(lane); }
  void stop(int lane) { more_.remove(lane); }
  /// Starts offers in those of `lanes` that are willing, and shows all.
  void offer(const LaneSet& lanes, const LaneFrames& frames);
  /// Behind settle(): which lanes' beats are taken; `ended`: and with it their frames.
  LaneSet take(const LaneFrames& frames, LaneSet& ended);
  bool more(int lane) const { return more_.has(lane); }
  std::int64_t moved(int lane) const { return cursors_.moved(lane); }
  std::string state(int lane, const LaneFrames& frames) const;

 private:
  LanePins pins_;
  LaneCursors cursors_;
  LanePace pace_;
  LaneSet offering_, more_;
};

/// Follows a stream that a netlist gives.
class LaneWatch {
 public:
  LaneWatch(NetlistSimulator& simulator, const LaneStream& stream, const Tokens& tokens,
            std::int64_t frames, bool monitor);

  void restart(int lane);
  /// Behind settle(), in lanes that are not being reset: which lanes' beats moved that are waited
  /// for; `ended`: and with it their frames.
  LaneSet observe(const LaneSet& lanes, const LaneFrames& frames, std::int64_t cycle,
                  LaneSet& ended);
  void violate(std::string_view rule, std::int64_t cycle);

  LanePins& pins() { return pins_; }
  const LaneSet& waiting() const { return waiting_; }
  bool complete(int lane, const LaneFrames& frames) const { return !cursors_.more(lane, frames); }
  /// Of beats that came behind the last reset.
  LaneStreamCounts counts() const;
  std::int64_t frames_done(int lane) const {
    return static_cast<std::int64_t>(cursors_.at(lane).position);
  }
  const std::optional<LaneMismatch>& first() const { return first_; }
  const std::vector<Violation>& violations() const { return violations_; }
  std::string state(int lane, const LaneFrames& frames) const;

 private:
  void beat(int lane, const LaneFrames& frames, std::int64_t cycle);

  LanePins pins_;
  LaneCursors cursors_;
  bool monitor_;
  LaneStreamCounts counts_;
  std::vector<std::uint64_t> digests_;  ///< per lane
  LaneSet waiting_;                     ///< valid was seen and not taken
  std::vector<std::uint64_t> held_;     ///< the data then
  std::optional<LaneMismatch> first_;
  std::vector<Violation> violations_;
};

}  // namespace assay::sim
