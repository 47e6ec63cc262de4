// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "harness/report/rtl.h"
#include "harness/rtl/exact_sum.h"
#include "harness/rtl/node_alone.h"

/// Inputs made for a hardware node, because images do not reach everything that can be wrong in it.
namespace assay {

/// What the inputs of a node could tell of it, and the frames that complete them.
class NodeStimuli {
 public:
  virtual ~NodeStimuli() = default;
  /// Takes a frame into the coverage.
  virtual void see(const NodeFrame& frame) = 0;
  /// At most so many frames for what was not seen yet, which are seen then: all smallest and all
  /// largest values, both sides of every threshold, every weight bit, ties of classes.
  virtual std::vector<NodeFrame> directed(std::int64_t frames, std::uint64_t seed) = 0;
  /// What there is, what can be reached, and what was seen so far.
  virtual report::Coverage coverage() const = 0;
};

/// For a hardware node.
std::unique_ptr<NodeStimuli> make_stimuli(const Node& node);

// ---- For the kinds of nodes -------------------------------------------------------------------

std::unique_ptr<NodeStimuli> product_stimuli(const Node& node);    ///< MVAU, VVAU
std::unique_ptr<NodeStimuli> threshold_stimuli(const Node& node);  ///< Thresholding, JoinThreshold

/// The number of values of a type, at most INT64's.
std::int64_t value_count(const DataType& type);
/// The n-th value of a type, counted from the smallest, round and round.
std::int64_t nth_value(const DataType& type, std::uint64_t n);
/// The values as numbers from min to max.
Steps steps_of(const DataType& type);

/// A frame of random values, reproducible everywhere.
NodeFrame random_frame(const Node& node, std::mt19937_64& random);

}  // namespace assay
