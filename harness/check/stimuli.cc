// SPDX-License-Identifier: Apache-2.0
#include "harness/check/stimuli.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::size_t kListed = 8;

/// Which elements of a checkpoint differ between images. Thread-safe.
class Variety {
 public:
  explicit Variety(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  void see(const CheckpointData& data) {
    const std::lock_guard lock(mutex_);
    if (!first_) {
      first_ = data;
      varied_.assign(static_cast<std::size_t>(data.size()), false);
      return;
    }
    if (left_ == 0 && seen_all_) return;
    compare(data);
  }

  report::Stimuli::Checkpoint report() const {
    report::Stimuli::Checkpoint report;
    report.name = checkpoint_.name;
    report.elements = std::ssize(varied_);
    report.constant = std::ranges::count(varied_, false);
    const std::vector<bool> channels = varied_channels();
    report.channels = std::ssize(channels);
    report.constant_channels = std::ranges::count(channels, false);
    return report;
  }

 private:
  void compare(const CheckpointData& data) {
    const std::size_t size =
        std::min(varied_.size(), static_cast<std::size_t>(std::max<std::int64_t>(data.size(), 0)));
    left_ = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (!varied_[i]) varied_[i] = differs(data, i);
      left_ += varied_[i] ? 0 : 1;
    }
    seen_all_ = size == varied_.size();
  }

  bool differs(const CheckpointData& data, std::size_t i) const {
    if (!data.value) return data.q[i] != first_->q[i];
    const auto at = static_cast<std::int64_t>(i);
    return data.value->to_double(at) != first_->value->to_double(at);
  }

  /// Whether any element of a channel differs.
  std::vector<bool> varied_channels() const {
    const Shape shape = checkpoint_.shape();
    if (shape.size() < 2 || element_count(shape) != std::ssize(varied_)) return {};
    const bool last = checkpoint_.tensor->layout == Layout::kNHWC || shape.size() == 2;
    const std::size_t axis = last ? shape.size() - 1 : 1;
    std::size_t inner = 1;
    for (std::size_t a = axis + 1; a < shape.size(); ++a)
      inner *= static_cast<std::size_t>(shape[a]);
    const auto count = static_cast<std::size_t>(shape[axis]);
    std::vector<bool> channels(count, false);
    for (std::size_t i = 0; i < varied_.size(); ++i)
      if (varied_[i]) channels[i / inner % count] = true;
    return channels;
  }

  const Checkpoint& checkpoint_;
  std::mutex mutex_;
  std::optional<CheckpointData> first_;
  std::vector<bool> varied_;
  std::size_t left_ = 0;
  bool seen_all_ = false;
};

void count_images(const Dataset& set, report::Stimuli& report) {
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const std::vector<std::int32_t> image = set.values(i);
    if (std::ranges::adjacent_find(image, std::ranges::not_equal_to{}) == image.end())
      ++report.blank;
  }
  report.images = set.size();
  report.distinct = distinct_images(set, set.size());
}

std::vector<std::int64_t> absent(std::int64_t classes, const std::set<std::int64_t>& there) {
  std::vector<std::int64_t> list;
  for (std::int64_t label = 0; label < classes; ++label)
    if (!there.contains(label)) list.push_back(label);
  return list;
}

void count_classes(const AnswerSource& source, const Dataset& set,
                   const std::set<std::int64_t>& predicted, report::Stimuli& report) {
  report.classes = source.classes;
  if (!set.class_names.empty() && !set.synthetic) report.class_names = set.class_names;
  report.never_predicted = absent(source.classes, predicted);
  if (!set.labels.empty() && !set.synthetic)
    report.never_labelled = absent(source.classes, {set.labels.begin(), set.labels.end()});
}

/// "'a', 'b' and 3 more"
std::string first_of(const std::vector<std::string>& list) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, list.size()); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", list[i]);
  return list.size() > kListed ? text + fmt::format(" and {} more", list.size() - kListed) : text;
}

void say_images(const report::Stimuli& s, std::vector<std::string>& sentences) {
  if (s.images == 1)
    sentences.push_back("one image: nothing shows what depends on the image and what does not");
  else if (s.distinct < s.images)
    sentences.push_back(
        fmt::format("{} images, {} distinct: {}", grouped(s.images), grouped(s.distinct),
                    s.distinct == 1 ? "all are the same" : "the others are copies"));
  if (s.blank > 0)
    sentences.push_back(fmt::format("{} of {} images have one value throughout, such as black",
                                    grouped(s.blank), grouped(s.images)));
}

void say_checkpoints(const report::Stimuli& s, std::vector<std::string>& sentences) {
  if (s.images < 2) return;  // said already: everything is constant then
  std::vector<std::string> constant;
  std::int64_t channels = 0, dead = 0;
  for (const report::Stimuli::Checkpoint& c : s.checkpoints) {
    if (c.constant == c.elements) constant.push_back("'" + printable(c.name) + "'");
    channels += c.channels;
    dead += c.constant_channels;
  }
  if (!constant.empty())
    sentences.push_back(fmt::format("{} of {} checkpoints are the same on every image: {}",
                                    constant.size(), s.checkpoints.size(), first_of(constant)));
  if (dead > 0)
    sentences.push_back(fmt::format("{} of {} channels are the same on every image", grouped(dead),
                                    grouped(channels)));
}

void say_classes(const report::Stimuli& s, std::vector<std::string>& sentences) {
  if (!s.classes) return;
  const auto named = [&](std::int64_t label) {
    const auto at = static_cast<std::size_t>(label);
    return s.class_names && at < s.class_names->size()
               ? fmt::format("{} ({})", label, printable((*s.class_names)[at]))
               : std::to_string(label);
  };
  const auto say = [&](const std::vector<std::int64_t>& list, const char* what) {
    if (list.empty()) return;
    std::vector<std::string> names;
    std::ranges::transform(list, std::back_inserter(names), named);
    sentences.push_back(fmt::format("{} of {} classes are never {}: {}", grouped(std::ssize(list)),
                                    grouped(*s.classes), what, first_of(names)));
  };
  say(s.never_predicted, "predicted");
  if (s.never_labelled) say(*s.never_labelled, "a label");
}

}  // namespace

report::Stimuli look_at_images(Reference& reference) {
  const Graph& graph = reference.graph();
  const Dataset& set = reference.images().set;
  const std::optional<AnswerSource> source = answer_source(graph);
  std::vector<std::unique_ptr<Variety>> varieties;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    varieties.push_back(std::make_unique<Variety>(checkpoint));
  std::vector<std::int64_t> best(static_cast<std::size_t>(set.size()));
  for_each_image(set.size(), [&](std::int64_t image) {
    ImageResult scratch;
    const ImageResult& result = reference.result(image, scratch);
    for (std::size_t i = 0; i < varieties.size(); ++i)
      if (result.at(i)) varieties[i]->see(*result[i]);
    if (source) best[static_cast<std::size_t>(image)] = exact_answer(*source, result).ranked.at(0);
  });
  report::Stimuli report;
  count_images(set, report);
  for (std::size_t i = 0; i < varieties.size(); ++i)
    if (graph.checkpoints()[i].kind != Checkpoint::Kind::kInput)
      report.checkpoints.push_back(varieties[i]->report());
  if (source) count_classes(*source, set, {best.begin(), best.end()}, report);
  return report;
}

std::vector<std::string> unseen(const report::Stimuli& stimuli) {
  std::vector<std::string> sentences;
  say_images(stimuli, sentences);
  say_checkpoints(stimuli, sentences);
  say_classes(stimuli, sentences);
  return sentences;
}

std::int64_t distinct_images(const Dataset& set, std::int64_t count) {
  std::set<std::string_view> contents;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::span<const std::uint8_t> image = set.image(i);
    contents.insert({reinterpret_cast<const char*>(image.data()), image.size()});
  }
  return std::ssize(contents);
}

std::optional<Judgement> judge_images(const report::Stimuli& stimuli) {
  if (stimuli.images < 2) return {};
  if (stimuli.distinct < 2)
    return Judgement{
        Verdict::kInconclusive,
        fmt::format("{} images, 1 distinct: what agrees on one image many times over was "
                    "not compared on many; give other images, or --images 1",
                    stimuli.images)};
  const bool constant = std::ranges::all_of(stimuli.checkpoints,
                                            [](const auto& c) { return c.constant == c.elements; });
  if (stimuli.checkpoints.empty() || !constant) return {};
  return Judgement{
      Verdict::kInconclusive,
      fmt::format("no checkpoint changes from one of the {} images to another: they show "
                  "as little as one; give other images, or --images 1",
                  stimuli.images)};
}

}  // namespace assay
