// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/base/error.h"
#include "harness/check/comparison.h"

namespace assay {
namespace {

Difference difference_at(const ComparedCheckpoint& pair, std::int64_t image, std::int64_t element,
                         std::string expected, std::string got) {
  Difference difference{.checkpoint = pair.name,
                        .node = pair.node,
                        .image = image,
                        .element = element,
                        .channel = {},
                        .row = {},
                        .column = {},
                        .expected = std::move(expected),
                        .got = std::move(got)};
  locate(pair.shape, pair.layout, difference);
  return difference;
}

/// Whether equal integers mean equal reals: same terms, scales and offsets.
bool same_terms(const ExactValue& a, const ExactValue& b) {
  return a.shape == b.shape && a.offset == b.offset &&
         std::ranges::equal(a.terms, b.terms,
                            [](const auto& s, const auto& t) { return s.scale == t.scale; });
}

bool equal_integers(const ExactValue& a, const ExactValue& b, std::size_t index) {
  return std::ranges::equal(a.terms, b.terms,
                            [&](const auto& s, const auto& t) { return s.q[index] == t.q[index]; });
}

class PairComparison {
 public:
  PairComparison(const ComparedCheckpoint& pair, std::int64_t image, const CheckpointData& expected,
                 const CheckpointData& got)
      : pair_(pair), image_(image), expected_(expected), got_(got) {
    tally_.predicted = pair.elements;
    tally_.compared = std::min({pair.elements, expected.size(), got.size()});
  }

  CheckpointTally run() {
    if (pair_.same_map && !expected_.value && !got_.value) {
      compare_integers();
    } else {
      compare_reals();
    }
    return std::move(tally_);
  }

 private:
  void compare_integers() {
    if (expected_.q == got_.q) return;
    for (std::int64_t i = 0; i < tally_.compared; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (expected_.q[at] == got_.q[at]) continue;
      note(i, std::to_string(expected_.q[at]), std::to_string(got_.q[at]));
    }
  }

  void compare_reals() {
    const bool fast = expected_.value && got_.value && same_terms(*expected_.value, *got_.value);
    for (std::int64_t i = 0; i < tally_.compared; ++i) {
      if (fast && equal_integers(*expected_.value, *got_.value, static_cast<std::size_t>(i)))
        continue;
      const Real a = real_at(expected_, pair_.reference_map, pair_.shape, i);
      const Real b = real_at(got_, pair_.candidate_map, pair_.shape, i);
      if (a == b) continue;
      note(i, a.str(), b.str());
    }
  }

  void note(std::int64_t element, const std::string& expected, const std::string& got) {
    if (tally_.differing++ == 0)
      tally_.first = difference_at(pair_, image_, element, expected, got);
  }

  const ComparedCheckpoint& pair_;
  std::int64_t image_;
  const CheckpointData &expected_, &got_;
  CheckpointTally tally_;
};

/// The reference's data for a pair: as delivered, or the ranking of its logits.
std::optional<CheckpointData> expected_data(const ComparedCheckpoint& pair,
                                            const ImageResult& reference) {
  const std::optional<CheckpointData>& data = reference.at(*pair.reference);
  if (!pair.label_from_logits) return data;
  if (!data || !data->value) return {};
  CheckpointData label;
  label.q = PackedInts(top_k(*data->value, std::min(pair.elements, data->value->size())));
  return label;
}

/// Whether the two sides have the same axes: equal counts in another order would be compared
/// element by wrong element.
bool same_axes(const ComparedCheckpoint& pair) {
  return pair.candidate_map.tensor->shape && pair.candidate_map.shape() == pair.shape;
}

}  // namespace

Real real_at(const CheckpointData& data, const Checkpoint& map, const Shape& shape,
             std::int64_t index) {
  if (data.value) return data.value->real(index);
  const Real q(data.q[static_cast<std::size_t>(index)]);
  if (!map.has_map) return q;
  return broadcast_element(map.scale, shape, index) * q +
         broadcast_element(map.offset, shape, index);
}

void locate(const Shape& shape, Layout layout, Difference& difference) {
  std::vector<std::int64_t> at(shape.size());
  std::int64_t index = difference.element;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    at[axis] = index % shape[axis];
    index /= shape[axis];
  }
  switch (shape.size()) {
    case 4: {
      const bool last = layout == Layout::kNHWC;
      difference.channel = at[last ? 3 : 1];
      difference.row = at[last ? 1 : 2];
      difference.column = at[last ? 2 : 3];
      break;
    }
    case 3: {
      const bool last = layout == Layout::kNWC;
      difference.channel = at[last ? 2 : 1];
      difference.column = at[last ? 1 : 2];
      break;
    }
    case 2:
      difference.channel = at[1];
      break;
    default:
      break;
  }
}

ImageTally compare_image(const ComparisonPlan& plan, std::int64_t image,
                         const ImageResult& reference, const ImageResult& candidate) {
  ImageTally tallies;
  for (const ComparedCheckpoint& pair : plan.checkpoints) {
    CheckpointTally tally;
    tally.predicted = pair.elements;
    if (pair.candidate && same_axes(pair)) {
      const std::optional<CheckpointData> expected = expected_data(pair, reference);
      const std::optional<CheckpointData>& got = candidate.at(*pair.candidate);
      if (expected && got) tally = PairComparison(pair, image, *expected, *got).run();
    }
    tallies.push_back(std::move(tally));
  }
  return tallies;
}

}  // namespace assay
