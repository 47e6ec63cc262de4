// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// A tensor of the float reference. Integer containers are held as float32 too: exact up to 2^24,
/// beyond that rounded once to nearest (which is what a runtime does when it converts an int32
/// bias).
struct FloatTensor {
  Shape shape;
  std::vector<float> data;
};

/// A graph in plain IEEE float32, what a user measures in PyTorch up to rounding: one operator at a
/// time with the semantics of ONNX and QONNX, every elementary operation rounded to float32 (no
/// fused multiply-add), the sum inside an operator in a fixed order that is the same on every
/// machine.
///
/// The constructor plans once: constants are rounded to float32 and everything that depends on
/// constants alone (weight quantisers) is evaluated. Shapes must be known. UserError for a node
/// that cannot be executed.
class FloatExecutor {
 public:
  using Observer = std::function<void(const Tensor&, const FloatTensor&)>;

  /// What to do where a number is none: IEEE float32 has values for it, a network has not.
  enum class NotFinite : std::uint8_t { kRefused, kComputed };

  /// `graph` must stay as it is while the executor lives.
  explicit FloatExecutor(const Graph& graph, NotFinite not_finite = NotFinite::kRefused);
  ~FloatExecutor();
  FloatExecutor(FloatExecutor&&) noexcept;
  FloatExecutor& operator=(FloatExecutor&&) noexcept;

  /// The graph outputs, in order, for the given graph inputs, in order and of the graph's shapes.
  /// `observe` sees the graph inputs and every tensor computed in the run, in order of computation;
  /// constants are not observed. UserError, naming the node, where a result is NaN, or infinite at an
  /// output, and that is refused. May be called from many threads at once.
  std::vector<FloatTensor> run(const std::vector<FloatTensor>& inputs,
                               const Observer& observe = {}) const;

  /// The value of a tensor that depends on constants alone, else null.
  const FloatTensor* constant(const Tensor& tensor) const;

 private:
  struct Plan;
  std::unique_ptr<const Plan> plan_;
  NotFinite not_finite_;
};

/// The integers behind a checkpoint's float values: round_half_even((x - offset) / scale) with the
/// checkpoint's map. UserError when it has no map or the map does not fit the values.
std::vector<std::int64_t> checkpoint_integers(const Checkpoint& checkpoint,
                                              const FloatTensor& values);

}  // namespace assay
