// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/bench/bench.h"

namespace assay::sim {

/// Follows one stream that a design gives: compares its beats, checks the rules of the handshake,
/// counts and stamps. Compiled into every simulation program.
class StreamWatch {
 public:
  /// The tokens must outlive it. `name`: "out0", "mon7".
  StreamWatch(PortPins pins, const Tokens& tokens, std::int64_t frames, std::string name,
              bool stamps);

  /// A reset: everything starts again; mismatches and violations stay.
  void restart();
  /// Looks at the settled pins; `cycle` since the reset, `time` since the start. Whether a beat
  /// moved that somebody waits for.
  bool observe(std::int64_t cycle, std::int64_t time, bool count_waits);
  /// Notes that a rule was broken.
  void violate(std::string_view rule, std::int64_t time);
  /// No beat that belongs to a mismatch comes any more: what kind of fault it is can be said.
  void settle_trail();

  const PortPins& pins() const { return pins_; }
  std::int64_t moved() const { return counts_.compared; }
  std::int64_t total() const { return counts_.predicted; }
  bool complete() const { return moved() == total(); }
  bool waiting() const { return waiting_; }  ///< valid was seen and not taken
  bool frame_ended() const { return moved() % tokens_->beats == 0; }
  std::int64_t frame() const { return moved() / tokens_->beats; }
  const StreamCounts& counts() const { return counts_; }
  const std::optional<Mismatch>& first() const { return first_; }
  const std::vector<Violation>& violations() const { return violations_; }
  std::vector<Stamp>& stamps() { return stamps_; }

 private:
  void beat(std::int64_t cycle, std::int64_t time);
  void note_mismatch(std::int64_t time);
  std::string fault() const;
  bool follows(std::int64_t shift) const;
  void stamp(std::int64_t cycle, bool fire);

  PortPins pins_;
  const Tokens* tokens_;
  std::string name_;
  bool stamped_;
  StreamCounts counts_;
  bool waiting_ = false;
  std::int64_t offered_ = 0;        ///< the cycle in which the present beat was first valid
  std::vector<std::uint8_t> held_;  ///< the data while it waits
  std::optional<Mismatch> first_;
  /// Beats from the first one that differs on, to say what kind of fault it is.
  std::int64_t trail_at_ = -1;
  std::vector<std::vector<std::uint8_t>> trail_;
  bool trail_open_ = false;
  std::vector<Violation> violations_;
  std::vector<Stamp> stamps_;
};

}  // namespace assay::sim
