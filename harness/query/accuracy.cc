// SPDX-License-Identifier: Apache-2.0
#include "harness/query/accuracy.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/png.h"

namespace assay {
namespace {

constexpr std::size_t kListed = 20;

std::vector<Answer> exact_answers(const Graph& pixels, const ChosenImages& images,
                                  const AnswerSource& source, const Console& console,
                                  const std::string& label) {
  const ExactPixels executor(pixels, split_images(images.size()));
  std::vector<Answer> answers(static_cast<std::size_t>(images.size()));
  Progress progress(console, label + ", exact", images.size());
  for_each_image(images.size(), [&](std::int64_t image) {
    answers[static_cast<std::size_t>(image)] = of_image(images.first + image, [&] {
      return exact_answer(source, executor.run(images.set.values(image)));
    });
    progress.tick();
  });
  return answers;
}

std::vector<Answer> float_answers(const Graph& pixels, const ChosenImages& images,
                                  const AnswerSource& source, const Console& console,
                                  const std::string& label) {
  const FloatPixels executor(pixels);
  std::vector<Answer> answers(static_cast<std::size_t>(images.size()));
  Progress progress(console, label + ", float", images.size());
  for_each_image(images.size(), [&](std::int64_t image) {
    answers[static_cast<std::size_t>(image)] = of_image(images.first + image, [&] {
      return float_answer(source, executor.run(images.set.values(image)));
    });
    progress.tick();
  });
  return answers;
}

void add_row(std::vector<std::vector<std::string>>& rows, const std::string& network,
             const char* mode, const std::optional<Accuracy>& accuracy) {
  if (!accuracy) return;
  rows.push_back({printable(network), mode, percent(accuracy->top1()),
                  fmt::format("{} of {}", accuracy->top1_correct, accuracy->compared),
                  fmt::format("top-{} {}", accuracy->k, percent(accuracy->top_k())),
                  accuracy->mean_loss ? fmt::format("{:.6f}", *accuracy->mean_loss) : "-"});
}

/// Classes that are all shown, and of which every pair is.
constexpr std::int64_t kShownClasses = 256, kShownPairs = 32;

/// Of very many classes those that are among the labels.
std::string class_table(const Accuracy& accuracy, const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> rows = {{"class", "name", "images", "correct", "accuracy"}};
  for (std::int64_t label = 0; label < accuracy.classes; ++label) {
    const auto at = static_cast<std::size_t>(label);
    if (accuracy.classes > kShownClasses && accuracy.class_images[at] == 0) continue;
    const std::optional<double> share = accuracy.class_accuracy(label);
    rows.push_back({std::to_string(label), at < names.size() ? printable(names[at]) : "",
                    grouped(accuracy.class_images[at]), grouped(accuracy.class_correct[at]),
                    share ? percent(*share) : "-"});
  }
  return table_text(rows);
}

std::string confusion_table(const Accuracy& accuracy) {
  if (accuracy.classes > kShownPairs)
    return fmt::format("the confusion matrix of {} classes is in --json\n",
                       grouped(accuracy.classes));
  std::vector<std::vector<std::string>> rows = {{"label \\ said"}};
  for (std::int64_t said = 0; said < accuracy.classes; ++said)
    rows[0].push_back(std::to_string(said));
  for (std::int64_t label = 0; label < accuracy.classes; ++label) {
    std::vector<std::string> row = {std::to_string(label)};
    for (std::int64_t said = 0; said < accuracy.classes; ++said)
      row.push_back(std::to_string(
          accuracy.confusion[static_cast<std::size_t>(label * accuracy.classes + said)]));
    rows.push_back(std::move(row));
  }
  return table_text(rows);
}

std::string misclassified_list(const Accuracy& accuracy) {
  std::string text = fmt::format("misclassified: {}\n", accuracy.misclassified.size());
  for (std::size_t i = 0; i < std::min(kListed, accuracy.misclassified.size()); ++i) {
    const Misclassified& image = accuracy.misclassified[i];
    text +=
        fmt::format("  image {}: label {}, said {}\n", image.image, image.label, image.predicted);
  }
  if (accuracy.misclassified.size() > kListed)
    text +=
        fmt::format("  and {} more (--json lists all)\n", accuracy.misclassified.size() - kListed);
  return text;
}

}  // namespace

NetworkAccuracy measure_accuracy(const Graph& pixels, const ChosenImages& images,
                                 AccuracyModes modes, std::int64_t topk, const Console& console,
                                 const std::string& label) {
  if (images.set.labels.empty())
    user_error(
        "the images of '{}' have no labels, so there is no accuracy; give --targets with what the "
        "outputs should be, or run the network alone with 'assay exec'",
        printable(images.set.name));
  const std::optional<AnswerSource> source = answer_source(pixels);
  if (!source)
    user_error(
        "{}: the network has neither one output of logits nor one of labels; give --targets with "
        "what its outputs should be",
        printable(label));
  NetworkAccuracy result;
  result.network = label;
  std::vector<Answer> exact, floating;
  if (modes.exact) {
    exact = exact_answers(pixels, images, *source, console, label);
    result.exact = count_accuracy(*source, images.set, images.first, exact, topk);
  }
  if (modes.floating) {
    floating = float_answers(pixels, images, *source, console, label);
    result.floating = count_accuracy(*source, images.set, images.first, floating, topk);
  }
  if (!modes.exact || !modes.floating) return result;
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < exact.size(); ++i)
    if (exact[i].ranked.at(0) != floating[i].ranked.at(0)) ++changed;
  result.labels_changed = changed;
  return result;
}

std::string accuracy_text(const std::vector<NetworkAccuracy>& networks,
                          const ChosenImages& images) {
  std::vector<std::vector<std::string>> rows = {
      {"network", "mode", "top-1", "correct", "top-k", "mean loss"}};
  for (const NetworkAccuracy& network : networks) {
    add_row(rows, network.network, "exact", network.exact);
    add_row(rows, network.network, "float", network.floating);
  }
  std::string text = table_text(rows);
  for (const NetworkAccuracy& network : networks)
    if (network.labels_changed)
      text += fmt::format("{}: exact and float disagree on {} of {} labels\n",
                          printable(network.network), *network.labels_changed, images.size());
  const NetworkAccuracy& last = networks.back();
  const Accuracy& shown = last.exact ? *last.exact : last.floating.value();
  text +=
      fmt::format("\n{}, {} reference:\n", printable(last.network), last.exact ? "exact" : "float");
  text += class_table(shown, images.set.class_names) + "\n" + confusion_table(shown) + "\n" +
          misclassified_list(shown);
  const std::string note = synthetic_note(images);
  return note.empty() ? text : text + note + "\n";
}

std::int64_t save_misclassified(const Accuracy& accuracy, const ChosenImages& images,
                                const std::filesystem::path& dir) {
  const Dataset& set = images.set;
  if (set.channels != 1 && set.channels != 3)
    user_error("--save-images writes PNG files of 1 or 3 channels; these images have {}",
               set.channels);
  if (set.type != NpyType::kUint8)
    user_error("--save-images writes PNG files of bytes; these images hold {}",
               npy_type_name(set.type));
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error)
    tool_error("cannot make the folder '{}': {}", printable(dir.string(), 4096), error.message());
  for (const Misclassified& wrong : accuracy.misclassified)
    write_png(dir / fmt::format("image_{}_label_{}_said_{}.png", wrong.image, wrong.label,
                                wrong.predicted),
              set.channels, set.height, set.width, set.image(wrong.image - images.first));
  return static_cast<std::int64_t>(accuracy.misclassified.size());
}

}  // namespace assay
