// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "golden/exact/executor.h"
#include "harness/check/packed_ints.h"
#include "harness/report/parts.h"
#include "harness/report/verdict.h"

namespace assay {

/// What one image left at one checkpoint: integers for activations and labels, the exact value for
/// the input and the logits.
struct CheckpointData {
  PackedInts q;
  std::optional<ExactValue> value;

  std::int64_t size() const;  ///< elements that are really there
};

/// One image's checkpoints, in the order of the graph's list; absent: not delivered.
using ImageResult = std::vector<std::optional<CheckpointData>>;

/// Keeps what the comparison needs of a run of `graph`.
ImageResult image_result(const Graph& graph, ExactRun run);

/// Element `index` of a checkpoint of this shape as the exact real that it stands for.
Real real_at(const CheckpointData& data, const Checkpoint& map, const Shape& shape,
             std::int64_t index);

/// One checkpoint that two graphs should agree on.
struct ComparedCheckpoint {
  std::string name;
  Checkpoint::Kind kind = Checkpoint::Kind::kActivation;
  Shape shape;  ///< the reference's, one image
  Layout layout = Layout::kUnknown;
  std::string node;           ///< of the candidate, that produces it; empty for a graph input
  std::int64_t elements = 0;  ///< per image, from the shape
  std::optional<std::size_t> reference, candidate;  ///< places in the two checkpoint lists
  /// A label that the reference does not deliver: it is the reference's largest logits, in order.
  bool label_from_logits = false;
  bool same_map = false;  ///< integers mean the same in both graphs, so integers are compared
  Checkpoint reference_map, candidate_map;  ///< maps only; the tensors are those of the graphs
};

/// What will be compared, in the candidate's topological order.
struct ComparisonPlan {
  std::vector<ComparedCheckpoint> checkpoints;
  std::vector<std::string> unexpected;  ///< checkpoints of the candidate that the reference lacks
  /// Why agreement at the checkpoints would not be agreement of the networks (coverage_faults()).
  std::vector<std::string> faults;
};

/// Pairs the checkpoints of two graphs by name; a label that only the candidate has is derived from
/// the reference's logits where there is exactly one such checkpoint. Checkpoints of the reference
/// are required of the candidate, and with `needs_label` a label among its outputs. Both graphs
/// need batch size 1 and known shapes.
ComparisonPlan plan_comparison(const Graph& reference, const Graph& candidate,
                               bool needs_label = false);

using Difference = report::Difference;

/// Names the axes of a difference's element: (N,) C, rows, columns by the layout, or by the usual
/// order when the layout is not known.
void locate(const Shape& shape, Layout layout, Difference& difference);

struct CheckpointTally {
  bool counts = true;          ///< in the sums: an input that agrees says nothing about a network
  std::int64_t predicted = 0;  ///< images times elements of the shape
  std::int64_t compared = 0;
  std::int64_t differing = 0;
  std::optional<Difference> first;  ///< lowest image, then lowest element
};

/// One entry per checkpoint of the plan.
using ImageTally = std::vector<CheckpointTally>;

/// Compares what one image left in both graphs, element by element. Elements that one side lacks
/// count as predicted, not as compared.
ImageTally compare_image(const ComparisonPlan& plan, std::int64_t image,
                         const ImageResult& reference, const ImageResult& candidate);
using CompareImage = std::function<ImageTally(const ComparisonPlan&, std::int64_t,
                                              const ImageResult&, const ImageResult&)>;

using Canaries = report::Canaries;

struct ComparisonTally {
  std::int64_t images = 0;
  std::vector<CheckpointTally> checkpoints;  ///< in the plan's order
  Canaries canaries;

  /// Sums over all checkpoints but inputs.
  std::int64_t predicted() const { return sum(&CheckpointTally::predicted); }
  std::int64_t compared() const { return sum(&CheckpointTally::compared); }
  std::int64_t differing() const { return sum(&CheckpointTally::differing); }
  /// The first difference at the first checkpoint, in topological order, that has one.
  const Difference* first() const;

 private:
  std::int64_t sum(std::int64_t CheckpointTally::*count) const;
};

/// Sums per-image tallies, which must come in the order of the images.
ComparisonTally sum_tallies(const ComparisonPlan& plan, const std::vector<ImageTally>& images);

/// Why even results that agree would say nothing about the networks; nothing when they would.
std::optional<std::string> plan_gap(const ComparisonPlan& plan);

/// DIFFERENT when an element differs. EQUIVALENT only when every checkpoint was compared in full,
/// on at least one image and one element of something else than an input, no checkpoint is missing
/// or unexpected, the plan has no faults, and every planted fault was caught. Otherwise
/// INCONCLUSIVE.
Judgement judge(const ComparisonPlan& plan, const ComparisonTally& tally);

/// The same for a candidate that may differ: APPROXIMATE, with the count of differences as its
/// measured effect, when the comparison is as complete as EQUIVALENT demands; else INCONCLUSIVE.
Judgement judge_approximate(const ComparisonPlan& plan, const ComparisonTally& tally);

/// Plants, into copies of what the candidate left of one image, at every checkpoint: the first and
/// the last value off by one, one element too few, the whole checkpoint missing; and a comparison
/// without images and one of nothing but inputs. A fault counts as caught when `compare` with judge()
/// reports it: at the planted element where there is one, and never as EQUIVALENT.
Canaries plant_faults(const ComparisonPlan& plan, const ImageResult& reference,
                      const ImageResult& candidate, const CompareImage& compare);

}  // namespace assay
