// SPDX-License-Identifier: Apache-2.0
#include "harness/float_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace assay {
namespace {

/// One image's counts, so that images can run in any order.
struct ImageCount {
  std::vector<std::int64_t> compared, differing;  ///< per checkpoint
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
        answers_(source_ ? counts_.size() : 0) {
    const FloatPixels executor(graph_);
    Progress progress(console, "float reference", images_);
    for_each_image(images_, [&](std::int64_t image) {
      count_image(image, executor.run(reference_.images().set.image(image)));
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
    return {{"verdict", verdict_name(Verdict::kEquivalent)},
            {"reason", ""},
            {"compared", compared},
            {"differing", differing},
            {"labels_compared", source_ ? images_ : 0},
            {"labels_changed", changed.size()},
            {"changed_labels", changed},
            {"largest_logit_error", largest_logit_error()},
            {"checkpoints", std::move(checkpoints)}};
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
};

}  // namespace

FloatReport compare_float(Reference& reference, std::int64_t topk, const Console& console) {
  const FloatComparison comparison(reference, console);
  FloatReport report;
  report.json = comparison.json();
  report.accuracy = comparison.accuracy(topk);
  report.judgement = {Verdict::kEquivalent, ""};
  return report;
}

}  // namespace assay
