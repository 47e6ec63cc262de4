// SPDX-License-Identifier: Apache-2.0
#include "harness/run/images.h"

#include <algorithm>
#include <array>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/synthetic.h"
#include "harness/run/answer_source.h"

namespace assay {
namespace {

/// C, H, W of made-up images for an input shape.
std::array<std::int64_t, 3> picture_shape(const Tensor& input) {
  const Shape& shape = *input.shape;
  if (shape.size() == 4 && input.layout == Layout::kNHWC) return {shape[3], shape[1], shape[2]};
  if (shape.size() == 4) return {shape[1], shape[2], shape[3]};
  if (shape.size() == 2) return {1, 1, shape[1]};
  user_error("made-up images need a network input of shape [N,C,H,W], [N,H,W,C] or [N,C], not {}",
             shape_text(shape));
}

Dataset synthetic(const Tensor& input, std::int64_t classes, ImageRange range) {
  const auto [c, h, w] = picture_shape(input);
  const std::int64_t end = range.end < 0 ? kSyntheticImages : range.end;
  if (range.begin >= end)
    user_error("the image range starts at {} and ends at {}", range.begin, end);
  Dataset set = synthetic_dataset(c, h, w, end, kSyntheticSeed);
  const std::int64_t pixels = c * h * w;
  set.pixels.erase(set.pixels.begin(), set.pixels.begin() + range.begin * pixels);
  set.labels.erase(set.labels.begin(), set.labels.begin() + range.begin);
  if (classes > 0)
    for (std::uint16_t& label : set.labels) label = static_cast<std::uint16_t>(label % classes);
  set.sha256 = dataset_sha256(set);
  return set;
}

void check_fit(const Dataset& set, const Tensor& input) {
  const Shape& shape = *input.shape;
  const bool same =
      shape.size() == 4 && picture_shape(input) == std::array{set.channels, set.height, set.width};
  const bool flat = shape.size() == 2 && shape[1] == set.channels * set.height * set.width;
  if (!same && !flat)
    user_error(
        "the images of '{}' are {}x{}x{} (channels, rows, columns), but the network's input is {}",
        printable(set.name), set.channels, set.height, set.width, shape_text(shape));
}

void check_labels(const Dataset& set, std::int64_t classes) {
  if (classes < 1 || set.labels.empty()) return;
  if (const int largest = *std::ranges::max_element(set.labels); largest >= classes)
    user_error("the images of '{}' have labels up to {}, but the network has {} classes",
               printable(set.name), largest, classes);
}

}  // namespace

ChosenImages choose_images(const ImageChoice& choice, const Graph& pixels) {
  const Tensor& input = *pixels.inputs().at(0);
  ASSAY_INVARIANT(input.shape, "a network that runs on images has an input of known shape");
  const std::optional<AnswerSource> source = answer_source(pixels);
  const std::int64_t classes = source ? source->classes : 0;
  const ImageRange range = choice.images.empty() ? ImageRange{} : parse_image_range(choice.images);
  ChosenImages chosen;
  chosen.set =
      choice.data.empty() ? synthetic(input, classes, range) : load_dataset(choice.data, range);
  chosen.first = range.begin;
  if (chosen.size() < 1) user_error("no image was chosen");
  check_fit(chosen.set, input);
  check_labels(chosen.set, classes);
  return chosen;
}

std::string class_note(const ChosenImages& images, const Graph& pixels) {
  const std::optional<AnswerSource> source = answer_source(pixels);
  const auto named = std::ssize(images.set.class_names);
  const bool asked = source && source->classes > 0 && named > 0 && !images.set.synthetic;
  if (!asked || named == source->classes) return {};
  return fmt::format(
      "the data '{}' has {} classes, the network {}: a label is the place of its class in the "
      "data, "
      "so accuracy is right only if the first {} classes of both are the same",
      printable(images.set.name), named, source->classes,
      std::min<std::int64_t>(named, source->classes));
}

std::string synthetic_note(const ChosenImages& images) {
  if (!images.set.synthetic) return {};
  return "The images are made up: accuracy means nothing on them. Give --data for real ones.";
}

}  // namespace assay
