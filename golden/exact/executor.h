// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "compile/graph/graph.h"
#include "golden/exact/real_array.h"

namespace assay {

/// The exact value of a tensor: element e is
///
///     sum_k scale_k[e] * q_k[e] + offset[e]
///
/// with integers q_k and exact reals that broadcast. A quantised tensor has one term.
struct ExactValue {
  struct Term {
    RealArray scale;
    std::vector<std::int64_t> q;  ///< row-major, one per element
  };
  Shape shape;
  std::vector<Term> terms;
  RealArray offset;

  std::int64_t size() const;
  Real real(std::int64_t index) const;         ///< the exact element
  double to_double(std::int64_t index) const;  ///< rounded once
};

/// What a graph input may hold: integers of `dtype`, and what they mean.
struct ExactInput {
  struct Term {
    RealArray scale = RealArray(Real(1));
    std::int64_t min = 0, max = 0;  ///< inclusive bounds of the integers
  };
  std::vector<Term> terms;
  RealArray offset;

  /// The integers are the values: raw pixels.
  static ExactInput integers(std::int64_t min, std::int64_t max);
};

/// One input tensor as the executor takes it: integers per term, row-major.
using ExactInputData = std::vector<std::vector<std::int64_t>>;

/// Float32 images as exact sums of integer terms: returns what to plan with and, per image, what to
/// run. Every value must be finite (UserError). `values` holds whole images of shape `shape` one
/// after the other.
struct FloatImages {
  ExactInput input;
  std::vector<ExactInputData> images;
};
FloatImages exact_images(std::span<const float> values, const Shape& shape);

/// A checkpoint's exact value on one image.
struct CheckpointValue {
  const Checkpoint* checkpoint = nullptr;
  /// With a map: the integers q of real = scale * q + offset; for a label: the indices.
  std::vector<std::int64_t> q;
  /// Input and logits: the exact value.
  ExactValue value;
};

struct ExactOptions {
  bool parallel = true;  ///< split single images over threads
};

struct ExactRequest {
  std::vector<ExactInputData> inputs;  ///< one per graph input
  /// Replaces the integers of activation checkpoints, by name, after they have been computed: what
  /// follows sees these.
  const std::map<std::string, std::vector<std::int64_t>>* forced = nullptr;
  bool checkpoints = true;  ///< fill ExactRun::checkpoints
  bool keep_all = false;    ///< fill ExactRun::values
};

struct ExactRun {
  std::vector<CheckpointValue>
      checkpoints;                  ///< in the graph's order; computed values, before forcing
  std::vector<ExactValue> outputs;  ///< the graph's outputs (labels have scale 1)
  /// Every run-time tensor that is such a sum: not between a function (exp, ...) and a quantiser.
  std::unordered_map<const Tensor*, ExactValue> values;
};

/// What the plan proved of one node's integers, for reports.
struct ExactNodeInfo {
  std::string node, kernel;
  std::int64_t min = 0, max = 0;
};

/// Executes a graph in exact arithmetic, image by image: the value of the graph in real arithmetic
/// over its float32 parameters as exact numbers, rounded only where a quantiser says so. Scales and
/// offsets are data-independent and computed once, as exact reals, when the executor is built; a
/// run works on integers. Quantisers are decided from the real-number definition, in double
/// arithmetic with a proved error bound and, where that is not conclusive, in exact arithmetic.
///
/// The graph must have batch size 1 and known shapes. UserError naming the node for an operator
/// whose result is no sum of integer terms (Softmax, and a function such as exp that no quantiser
/// takes), or whose integers could exceed 63 bits. The
/// graph must outlive the executor and stay unchanged. run() is thread-safe.
class ExactExecutor {
 public:
  ExactExecutor(const Graph& graph, std::vector<ExactInput> inputs, ExactOptions options = {});
  ~ExactExecutor();
  ExactExecutor(ExactExecutor&&) noexcept;

  ExactRun run(const ExactRequest& request) const;
  std::vector<ExactNodeInfo> node_infos() const;
  /// Quantiser decisions so far that double arithmetic left open and exact arithmetic made.
  std::int64_t exact_decisions() const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

/// Indices of the k largest elements, largest first; equal elements in index order. Compares
/// exactly.
std::vector<std::int64_t> top_k(const ExactValue& value, std::int64_t k);

}  // namespace assay
