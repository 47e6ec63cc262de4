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
  /// Keeps all stamps of the first `recorded` frames; 0: the latest frame's. FIFOs deeper than a
  /// frame need the record.
  TokenModel(const TokenNetwork& network, TokenOutside outside, std::int64_t recorded = 0);
  ~TokenModel();
  TokenModel(TokenModel&&) noexcept;

  /// Goes on until `frames` frames, counted from the start, have passed or nothing moves any more.
  /// Returns whether all beats were taken.
  bool run(std::int64_t frames);

  /// The last cycle in which a beat of frame f leaves; f below the frames that have passed.
  const std::vector<Cycle>& frame_ends() const { return frame_ends_; }
  /// The interval of a schedule that is proved to repeat for ever: all beats of the last frames, as
  /// many as any equation reaches back, moved exactly this much later than the same beats a frame
  /// before. Nothing while that is not so.
  std::optional<Cycle> steady_interval() const;
  /// Weaker and sooner: the interval at which all beats of the last frame followed those before.
  std::optional<Cycle> latest_interval() const;
  /// After run() returned false: who waits for what.
  std::vector<TokenWait> waits() const;
  /// A circle of nodes each of which waits for the next; empty where there is none.
  std::vector<TokenWait> circle() const;

  /// When beat k of a stream was first valid, and taken; of those whose stamps are kept.
  Cycle valid(std::size_t stream, std::int64_t k) const;
  Cycle taken(std::size_t stream, std::int64_t k) const;
  std::int64_t taken_count(std::size_t stream) const;
  /// The most beats that were taken from stream `in` and not yet from `out`: what a FIFO between
  /// the two held. All frames must be recorded.
  std::int64_t high_water(std::size_t in, std::size_t out) const;

 private:
  void note_repetition();
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<Cycle> frame_ends_;
  Cycle interval_ = -1;        ///< of the last two frames
  std::int64_t repeated_ = 0;  ///< frames in a row that moved like the one before
};

}  // namespace assay::sim
