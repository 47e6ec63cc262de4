// SPDX-License-Identifier: Apache-2.0
#include "harness/check/comparison.h"

namespace assay {
namespace {

/// A term that adds one to element `element` and nothing to the others.
ExactValue::Term unit_term(std::int64_t size, std::int64_t element) {
  ExactValue::Term term{RealArray(Real(1)),
                        std::vector<std::int64_t>(static_cast<std::size_t>(size))};
  if (element >= 0) term.q[static_cast<std::size_t>(element)] = 1;
  return term;
}

void add_one(CheckpointData& data, std::int64_t element) {
  const auto at = static_cast<std::size_t>(element);
  if (!data.value) {
    std::vector<std::int64_t> q = data.q.unpacked();
    ++q[at];
    data.q = PackedInts(q);
    return;
  }
  ExactValue& value = *data.value;
  // A term whose scale is zero there would hide the fault.
  for (ExactValue::Term& term : value.terms)
    if (!broadcast_element(term.scale, value.shape, element).is_zero()) {
      ++term.q[at];
      return;
    }
  value.terms.push_back(unit_term(value.size(), element));
}

void drop_last(CheckpointData& data) {
  if (!data.value) {
    std::vector<std::int64_t> q = data.q.unpacked();
    q.pop_back();
    data.q = PackedInts(q);
    return;
  }
  if (data.value->terms.empty()) data.value->terms.push_back(unit_term(data.value->size(), -1));
  for (ExactValue::Term& term : data.value->terms) term.q.pop_back();
}

class FaultPlanter {
 public:
  FaultPlanter(const ComparisonPlan& plan, const ImageResult& reference,
               const ImageResult& candidate, const CompareImage& compare)
      : plan_(plan),
        reference_(reference),
        candidate_(candidate),
        compare_(compare),
        clean_(compare(plan, 0, reference, candidate)) {}

  Canaries run() {
    for (std::size_t i = 0; i < plan_.checkpoints.size(); ++i) {
      const std::optional<std::size_t> place = plan_.checkpoints[i].candidate;
      if (!place || !candidate_[*place] || candidate_[*place]->size() < 1) continue;
      const std::int64_t last = candidate_[*place]->size() - 1;
      count(off_by_one(i, 0));
      if (last > 0) count(off_by_one(i, last));
      count(element_missing(i));
      count(checkpoint_missing(i));
    }
    count(!accepted(plan_, {}));
    count(!inputs_accepted());
    return canaries_;
  }

 private:
  void count(bool caught) {
    ++canaries_.planted;
    if (caught) ++canaries_.caught;
  }

  /// Whether the images would pass if nothing else were wrong.
  static bool accepted(const ComparisonPlan& plan, const std::vector<ImageTally>& images) {
    ComparisonTally tally = sum_tallies(plan, images);
    tally.canaries = {1, 1};
    return judge(plan, tally).verdict == Verdict::kEquivalent;
  }

  /// Whether the inputs alone, which agree, would pass.
  bool inputs_accepted() const {
    ComparisonPlan plan;
    ImageTally tally;
    for (std::size_t i = 0; i < plan_.checkpoints.size(); ++i) {
      if (plan_.checkpoints[i].kind != Checkpoint::Kind::kInput) continue;
      plan.checkpoints.push_back(plan_.checkpoints[i]);
      tally.push_back(clean_.at(i));
    }
    return accepted(plan, {tally});
  }

  ImageTally compared(const ImageResult& faulty) const {
    return compare_(plan_, 0, reference_, faulty);
  }

  bool off_by_one(std::size_t i, std::int64_t element) const {
    ImageResult faulty = candidate_;
    add_one(*faulty[*plan_.checkpoints[i].candidate], element);
    const ImageTally tally = compared(faulty);
    const std::optional<Difference>& first = tally.at(i).first;
    return tally[i].differing == clean_.at(i).differing + 1 && first &&
           (first->element == element || clean_[i].first) && !accepted(plan_, {tally});
  }

  bool element_missing(std::size_t i) const {
    ImageResult faulty = candidate_;
    drop_last(*faulty[*plan_.checkpoints[i].candidate]);
    const ImageTally tally = compared(faulty);
    return tally.at(i).compared < tally[i].predicted && !accepted(plan_, {tally});
  }

  bool checkpoint_missing(std::size_t i) const {
    ImageResult faulty = candidate_;
    faulty[*plan_.checkpoints[i].candidate].reset();
    const ImageTally tally = compared(faulty);
    return tally.at(i).compared == 0 && !accepted(plan_, {tally});
  }

  const ComparisonPlan& plan_;
  const ImageResult &reference_, &candidate_;
  const CompareImage& compare_;
  ImageTally clean_;
  Canaries canaries_;
};

}  // namespace

Canaries plant_faults(const ComparisonPlan& plan, const ImageResult& reference,
                      const ImageResult& candidate, const CompareImage& compare) {
  return FaultPlanter(plan, reference, candidate, compare).run();
}

}  // namespace assay
