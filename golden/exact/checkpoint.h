// SPDX-License-Identifier: Apache-2.0
// Internal to the exact executor: how planned tensors carry checkpoints.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "golden/exact/executor.h"
#include "golden/exact/plan.h"

namespace assay::exact {

/// The order in which a tensor's elements are wanted, as steps in memory. Axes that can be walked
/// as one are merged.
class Walk {
 public:
  /// Axis i of the order has size shape[i] and step strides[i].
  Walk(const Shape& shape, const std::vector<std::int64_t>& strides);
  std::int64_t size() const { return size_; }
  /// The elements of `data` in this order.
  std::vector<std::int64_t> read(Storage storage, const void* data) const;
  /// The inverse: element i goes where the order's i-th element lies.
  void write(Storage storage, void* data, const std::vector<std::int64_t>& values) const;

 private:
  /// Calls body(place, step, count) for every innermost run.
  template <typename Body>
  void each_run(Body&& body) const;
  Shape shape_;
  std::vector<std::int64_t> strides_;
  std::int64_t size_ = 1;
};

/// A value's integers, row-major.
std::vector<std::int64_t> read_row_major(const Planner& planner, const Value& value, SlotId slot,
                                         const Buffers& buffers);
/// The inverse.
void write_row_major(const Planner& planner, const Value& value, SlotId slot,
                     const std::vector<std::int64_t>& integers, Buffers& buffers);

/// One checkpoint of a planned graph: everything that does not depend on the image.
class CheckpointView {
 public:
  CheckpointView(const Planner& planner, const Checkpoint& checkpoint);

  /// What the checkpoint holds, in its own order of axes.
  CheckpointValue value(const Planner& planner, const Buffers& buffers) const;
  /// Makes the carrier hold the integers `q` of the checkpoint. UserError when the carrier is no
  /// multiple of them, or cannot hold one.
  void force(const Planner& planner, const std::vector<std::int64_t>& q, Buffers& buffers) const;

 private:
  /// q = (m * t + c) / d for the carrier's integer t.
  struct Line {
    std::int64_t m = 1, c = 0, d = 1;
    friend bool operator==(const Line&, const Line&) = default;
  };
  void find_lines(const Planner& planner, const RealArray& scale, const RealArray& offset);
  /// factor * t + shift for |t| <= most; nothing when 64 bits do not hold it.
  static std::optional<Line> line_of(const Real& factor, const Real& shift, std::int64_t most);
  void place_lines(const Shape& lines);
  const Line& line(std::size_t element) const;

  const Checkpoint* checkpoint_;
  Shape shape_;
  Walk walk_;
  std::vector<SlotId> slots_;
  std::vector<RealArray> scales_;  ///< of the reals, per term, in the checkpoint's order
  RealArray offset_;
  RealArray map_scale_, map_offset_;
  bool integer_ = false;             ///< q follows from the only term by lines_
  std::vector<Line> lines_;          ///< empty: q is the carrier's integer
  std::vector<std::int32_t> which_;  ///< the line of each block of elements; empty: one for all
  std::size_t block_ = 1;
};

}  // namespace assay::exact
