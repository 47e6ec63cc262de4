// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/shell/shell.h"
#include "harness/rtl/rtl_session.h"
#include "sim/token/tokens.h"

namespace assay::board {

/// Which RTL a board was built from: a hash over the names and contents of the accelerator's files
/// in a run's folder. UserError when there are none, or they are neither as generated nor found
/// EQUIVALENT as they are.
std::string content_hash(const std::filesystem::path& dir);

/// The accelerator of a run as a board sees it.
class BoardDesign {
 public:
  /// UserError unless the run has one accelerator with one input and one output, whose RTL lies in
  /// its folder and was made from its last stage. The session must outlive it.
  explicit BoardDesign(const RtlSession& session);

  const RtlSession& session;
  StitchedRtl rtl;
  ShellAccelerator accelerator;
  std::string hash;
  std::filesystem::path folder;  ///< of sources and memories

  /// The accelerator's sources as they lie there.
  std::vector<sim::SourceFile> sources() const;

  /// A frame as a board gets it, and as golden says it comes back: beat after beat, as tdata.
  struct Frame {
    std::string input, output;
  };
  /// Of all images of the session, in their order.
  std::vector<Frame> frames(const Console& console) const;

  /// Where two results differ first: "beat 3, lane 1: expected 5, got 4".
  std::string difference_text(std::string_view expected, std::string_view got) const;
  /// The label that a result amounts to; nothing when it does not end in labels or logits.
  std::optional<std::int64_t> label(std::string_view output) const;

 private:
  const hw::Stream& stream(bool slave) const;
  sim::Packing edge(bool slave) const;
  std::vector<std::int64_t> values(std::string_view output) const;
  const Checkpoint* answer() const;
};

}  // namespace assay::board
