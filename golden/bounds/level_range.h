// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "golden/bounds/float_error.h"
#include "golden/exact/executor.h"
#include "golden/exact/index_map.h"

namespace assay {

/// The integers that float32 rounding may have put at one place.
struct LevelRange {
  std::int64_t lo = 0, hi = 0;  ///< inclusive; without meaning where nothing is bounded
  double value = 0;             ///< the exact input of the quantiser that decided
  double slack = 0;  ///< how far float32 rounding can move the decision, in units of that input

  bool is_bounded() const;  ///< else float32 may have anything there, or no number at all
};

/// Proves which integers a float32 evaluation may have had at activation checkpoints, on one image.
/// A quantiser decides on its exact input, within the float32 error of that; behind a QuantizeLinear
/// integers are followed to their DequantizeLinear through what moves them (index_map), selects
/// them (MaxPool) and cuts them off (Clip, Relu), all of which float32 computes without rounding.
class LevelRanges {
 public:
  /// `run` must have kept all values; all of them must outlive this.
  LevelRanges(const FloatErrorBounds& rules, const FloatErrorBounds::Tensors& bounds,
              const ExactRun& run)
      : rules_(rules), bounds_(bounds), run_(run) {}

  /// Nothing where the integer follows from anything else than quantisers and constants: no
  /// difference there is a rounding.
  std::optional<LevelRange> at(const Checkpoint& checkpoint, std::int64_t element);

 private:
  /// Where the elements of a node's output come from.
  struct Origins {
    std::optional<IndexMap> map;                     ///< of what moves
    std::vector<std::vector<std::int64_t>> windows;  ///< of what selects
  };
  std::optional<Real> known_exactly(const Tensor& tensor, std::int64_t element) const;
  LevelRange decision(const Node& quantiser, std::int64_t element) const;
  std::optional<LevelRange> integer(const Tensor& tensor, std::int64_t element);
  std::optional<LevelRange> follow(const Tensor& tensor, std::int64_t element);
  std::optional<LevelRange> largest(const Node& pool, std::int64_t element);
  std::optional<LevelRange> moved(const Node& node, std::int64_t element);
  const Origins& origins(const Node& node);

  const FloatErrorBounds& rules_;
  const FloatErrorBounds::Tensors& bounds_;
  const ExactRun& run_;
  std::map<const Node*, Origins> origins_;
  std::map<std::pair<const Tensor*, std::int64_t>, std::optional<LevelRange>> known_;
};

/// The integer that a quantiser's first output has for the exact input `x` at row-major `element`,
/// from the operator's definition. UserError for another node.
std::int64_t quantise_exactly(const Node& quantiser, std::int64_t element, const Real& x);

}  // namespace assay
