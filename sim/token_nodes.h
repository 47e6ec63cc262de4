// SPDX-License-Identifier: Apache-2.0
// Internal to the token model.
#pragma once

#include <memory>
#include <vector>

#include "sim/token_stream.h"

namespace assay::sim::token {

/// A layer as equations between the stamps of its streams.
class Node {
 public:
  virtual ~Node() = default;
  /// Computes all stamps that can be computed by now.
  virtual void run() = 0;
  /// What it waits for, when nothing moves any more: indices into its inputs and outputs.
  struct Wait {
    bool room = false;
    std::size_t port = 0;
  };
  virtual std::vector<Wait> waits() const = 0;
};

/// The streams of a layer; `capacity[i]`: beats that the queue in front of output i holds.
struct Ports {
  std::vector<Stream*> inputs, outputs;
  std::vector<std::int64_t> capacity;
};

inline constexpr std::int64_t kProductStages = 3;  ///< assay_mvu.sv

std::unique_ptr<Node> make_node(const hw::Timing& timing, Ports ports);

}  // namespace assay::sim::token
