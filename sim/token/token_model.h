// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compile/hw/timing.h"

/// The token model: in which cycle every beat of every stream moves, without the beats. Layers are
/// deterministic, so the cycle of a beat is a function of the cycles of beats before it; the model
/// evaluates these equations beat by beat instead of clocking anything, and gives exactly the
/// cycles of the RTL. Cycle 0 is the first one behind the reset.
namespace assay::sim {

using Cycle = std::int64_t;

/// A layer, with the indices of its streams.
struct TokenNode {
  hw::Timing timing;
  std::vector<std::size_t> inputs, outputs;
};

/// Streams join at most one writer and one reader; those without are sources and sinks.
struct TokenNetwork {
  std::vector<TokenNode> nodes;
  std::vector<std::int64_t> beats;  ///< of every stream, per frame
};

/// What the outside does. Without stamps sources offer and sinks take whenever they can.
struct TokenOutside {
  /// By stream: the first cycle in which a source offers beat k.
  std::vector<std::vector<Cycle>> offered;
  /// By stream: the cycle in which a sink takes beat k.
  std::vector<std::vector<Cycle>> taken;
  /// Sources offer frame f from cycle f * interval on.
  Cycle interval = 0;
};

/// A node that waits: for a beat of a stream, or (`room`) until its reader takes one.
struct TokenWait {
  std::size_t node = 0, stream = 0;
  bool room = false;
};

class TokenModel {
 public:
  /// Keeps all stamps of the first `recorded` frames; 0: those that the model still needs.
  TokenModel(const TokenNetwork& network, TokenOutside outside, std::int64_t recorded = 0);
  ~TokenModel();
  TokenModel(TokenModel&&) noexcept;
  TokenModel& operator=(TokenModel&&) noexcept;
  /// A copy goes on by itself from here.
  TokenModel(const TokenModel& other);
  /// These nodes alone, in this order, going on from here: at its edges beats come and go when they
  /// do in the schedule that repeats now, or later where the part itself is late. As stamps grow
  /// with those that they depend on, what keeps the part from an interval keeps all from it, but
  /// not the other way round. Its streams are those of the nodes, in the order of the network.
  /// Precondition: latest_interval().
  TokenModel part(const std::vector<std::size_t>& nodes) const;

  /// Goes on until `frames` frames, counted from the start, have passed or nothing moves any more.
  /// Returns whether all beats were taken.
  bool run(std::int64_t frames);
  /// Goes on with the next frame until nothing moves any more behind its first quarters.
  void begin_frame(int quarters);

  /// Makes a FIFO of the network smaller from here on; nothing: without it. It may still hold more.
  /// The interval and whether all stops come out as if it had been so from the beginning: both
  /// depend on the circles of nodes that wait for each other and not on where beats were once.
  /// Precondition: block RAM does not take the place of LUTs.
  void shrink_fifo(std::size_t node, const std::optional<hw::FifoTiming>& timing);

  const TokenNetwork& network() const;  ///< as it was before shrink_fifo()

  /// The last cycle in which a beat of frame f leaves; f below the frames that have passed.
  const std::vector<Cycle>& frame_ends() const { return frame_ends_; }
  /// The interval of a schedule that is proved to repeat for ever: all beats of the last frames, as
  /// many as any equation reaches back, moved exactly this much later than the same beats a frame
  /// before. Nothing while that is not so.
  std::optional<Cycle> steady_interval() const;
  /// Weaker and sooner: the interval at which all beats of the last frame followed those before.
  std::optional<Cycle> latest_interval() const;
  /// Cycles per frame for keeps_pace(), which sees what happens from now on.
  void set_pace(Cycle pace);
  /// Sooner still, and no proof: whether over the last half frames, so many of them, every beat
  /// moved at most the pace later than the same beat of the frame before (true), or every beat more
  /// than that, or those of one stream for one and a half frames (false). Stamps grow with the
  /// stamps that they depend on, so that either goes on.
  std::optional<bool> keeps_pace(int halves) const;
  /// By how much more than the pace the latest beats followed those a frame before, of the stream
  /// where that is most; not positive: of none.
  Cycle lag() const;
  /// After run() returned false: who waits for what.
  std::vector<TokenWait> waits() const;
  /// A circle of nodes each of which waits for the next; empty where there is none.
  std::vector<TokenWait> circle() const;

  /// When beat k of a stream was first valid, and taken; of those whose stamps are kept.
  Cycle valid(std::size_t stream, std::int64_t k) const;
  Cycle taken(std::size_t stream, std::int64_t k) const;
  std::int64_t taken_count(std::size_t stream) const;
  /// The most beats that were taken from stream `in` and not yet from `out` while `in` moved its
  /// latest frame: what a FIFO between the two held. One frame at least must be recorded.
  std::int64_t high_water(std::size_t in, std::size_t out) const;

  /// The same in a schedule that repeats, without a record.
  std::int64_t held(std::size_t in, std::size_t out) const;

 private:
  TokenModel();
  std::optional<Cycle> repeated_interval(std::int64_t frames) const;
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<Cycle> frame_ends_;
};

}  // namespace assay::sim
