// SPDX-License-Identifier: Apache-2.0
#include "harness/float_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "golden/float_check.h"

namespace assay {
namespace {

/// One image's counts, so that images can run in any order.
struct ImageCount {
  std::vector<std::int64_t> compared, differing;  ///< per checkpoint
  std::optional<FloatCheck> check;                ///< where anything differs
  std::int64_t exact_label = 0, float_label = 0;
  double logit_error = 0;
};

class FloatComparison {
 public:
  FloatComparison(Reference& reference, const Console& console)
      : reference_(reference),
        graph_(reference.graph()),
        source_(answer_source(graph_)),
        images_(reference.images().size()),
        counts_(static_cast<std::size_t>(images_)),
        answers_(source_ ? counts_.size() : 0),
        checker_(graph_, reference.executor()) {
    const FloatPixels executor(graph_);
    Progress progress(console, "float reference", images_);
    for_each_image(images_, [&](std::int64_t image) {
      const auto pixels = reference_.images().set.image(image);
      const FloatImage floats = executor.run(pixels);
      count_image(image, floats);
      if (differs(image)) explain(image, pixels, floats);
      progress.tick();
    });
  }

  Json json() const {
    Json checkpoints = Json::array();
    std::int64_t compared = 0, differing = 0;
    for (std::size_t place = 0; place < graph_.checkpoints().size(); ++place) {
      if (!graph_.checkpoints()[place].has_map) continue;
      checkpoints.push_back(checkpoint_json(place));
      compared += checkpoints.back().at("compared").get<std::int64_t>();
      differing += checkpoints.back().at("differing").get<std::int64_t>();
    }
    const Json changed = changed_labels();
    const Judgement judgement = judge_float();
    const Proof proof = sum_proofs();
    return {{"verdict", verdict_name(judgement.verdict)},
            {"reason", judgement.reason},
            {"compared", compared},
            {"differing", differing},
            {"decisions_differing", proof.differing},
            {"decisions_explained", proof.explained},
            {"unexplained", unexplained_json()},
            {"labels_compared", source_ ? images_ : 0},
            {"labels_changed", changed.size()},
            {"labels_unexplained", proof.labels},
            {"changed_labels", changed},
            {"largest_logit_error", largest_logit_error()},
            {"checkpoints", std::move(checkpoints)}};
  }

  /// EQUIVALENT when float32 rounding explains every difference.
  Judgement judge_float() const {
    const Proof proof = sum_proofs();
    if (proof.explained != proof.differing || proof.labels > 0)
      return {Verdict::kDifferent,
              fmt::format("float32 rounding explains {} of {} float activations that were decided "
                          "otherwise, and all but {} labels",
                          proof.explained, proof.differing, proof.labels)};
    return {Verdict::kEquivalent,
            fmt::format("float32 rounding at a decision boundary explains all {} activations that "
                        "the float reference decides otherwise",
                        proof.differing)};
  }

  std::optional<Accuracy> accuracy(std::int64_t k) const {
    if (!source_) return {};
    const ChosenImages& images = reference_.images();
    return count_accuracy(*source_, images.set, images.first, answers_, k);
  }

 private:
  void count_image(std::int64_t image, const FloatImage& floats) {
    ImageResult scratch;
    const ImageResult& exact = reference_.result(image, scratch);
    ImageCount& count = counts_[static_cast<std::size_t>(image)];
    for (std::size_t place = 0; place < floats.size(); ++place) {
      const bool mapped = graph_.checkpoints()[place].has_map;
      const std::int64_t size = mapped ? static_cast<std::int64_t>(floats[place].q.size()) : 0;
      std::int64_t differing = 0;
      for (std::int64_t i = 0; i < size; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (floats[place].q[at] != exact.at(place).value().q[at]) ++differing;
      }
      count.compared.push_back(size);
      count.differing.push_back(differing);
    }
    if (source_) count_answer(image, exact_answer(*source_, exact), float_answer(*source_, floats));
  }

  bool differs(std::int64_t image) const {
    const ImageCount& count = counts_[static_cast<std::size_t>(image)];
    return count.exact_label != count.float_label ||
           std::ranges::any_of(count.differing, [](std::int64_t n) { return n > 0; });
  }

  /// Proves each decision of the image, from the integers that the float reference itself had.
  void explain(std::int64_t image, std::span<const std::uint8_t> pixels, const FloatImage& floats) {
    std::map<std::string, std::vector<std::int64_t>> observed;
    for (std::size_t place = 0; place < floats.size(); ++place)
      if (graph_.checkpoints()[place].has_map)
        observed[graph_.checkpoints()[place].name] = floats[place].q.unpacked();
    ImageCount& count = counts_[static_cast<std::size_t>(image)];
    std::optional<std::int64_t> label;
    if (source_ && source_->logits && graph_.outputs().size() == 1) label = count.float_label;
    count.check = checker_.check(
        {{std::vector<std::int64_t>(pixels.begin(), pixels.end())}},
        {FloatTensor{*graph_.inputs()[0]->shape, {pixels.begin(), pixels.end()}}}, observed, label);
  }

  struct Proof {
    std::int64_t differing = 0, explained = 0;
    std::int64_t labels = 0;  ///< that rounding does not explain
  };
  Proof sum_proofs() const {
    Proof sum;
    for (const ImageCount& count : counts_) {
      if (!count.check) continue;
      sum.differing += count.check->differing;
      sum.explained += count.check->explained;
      if (!count.check->label_explained.value_or(true)) ++sum.labels;
    }
    return sum;
  }

  Json unexplained_json() const {
    constexpr std::size_t kListed = 20;
    Json list = Json::array();
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (!counts_[i].check) continue;
      for (const FloatDifference& difference : counts_[i].check->differences)
        if (!difference.explained && list.size() < kListed)
          list.push_back({{"image", reference_.images().first + static_cast<std::int64_t>(i)},
                          {"checkpoint", difference.checkpoint},
                          {"element", difference.element},
                          {"exact", difference.exact},
                          {"float", difference.got},
                          {"value", number_or_null(difference.value)},
                          {"slack", number_or_null(difference.slack)}});
    }
    return list;
  }

  static Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

  void count_answer(std::int64_t image, const Answer& exact, Answer floats) {
    ImageCount& count = counts_[static_cast<std::size_t>(image)];
    count.exact_label = exact.ranked.at(0);
    count.float_label = floats.ranked.at(0);
    for (std::size_t i = 0; i < exact.logits.size(); ++i)
      count.logit_error =
          std::max(count.logit_error, std::abs(exact.logits[i] - floats.logits.at(i)));
    answers_[static_cast<std::size_t>(image)] = std::move(floats);
  }

  Json checkpoint_json(std::size_t place) const {
    std::int64_t compared = 0, differing = 0, images = 0;
    for (const ImageCount& count : counts_) {
      compared += count.compared[place];
      differing += count.differing[place];
      images += count.differing[place] > 0 ? 1 : 0;
    }
    return {{"name", graph_.checkpoints()[place].name},
            {"compared", compared},
            {"differing", differing},
            {"images", images}};
  }

  Json changed_labels() const {
    Json changed = Json::array();
    if (!source_) return changed;
    for (std::size_t i = 0; i < counts_.size(); ++i)
      if (counts_[i].exact_label != counts_[i].float_label)
        changed.push_back({{"image", reference_.images().first + static_cast<std::int64_t>(i)},
                           {"exact", counts_[i].exact_label},
                           {"float", counts_[i].float_label}});
    return changed;
  }

  Json largest_logit_error() const {
    if (!source_ || !source_->logits) return {};
    double largest = 0;
    for (const ImageCount& count : counts_) largest = std::max(largest, count.logit_error);
    return largest;
  }

  Reference& reference_;
  const Graph& graph_;
  std::optional<AnswerSource> source_;
  std::int64_t images_;
  std::vector<ImageCount> counts_;
  std::vector<Answer> answers_;
  FloatChecker checker_;
};

}  // namespace

FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console) {
  const FloatComparison comparison(reference, console);
  FloatReport report;
  report.json = comparison.json();
  report.accuracy = comparison.accuracy(topk);
  report.judgement = comparison.judge_float();
  return report;
}

}  // namespace assay
