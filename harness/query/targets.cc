// SPDX-License-Identifier: Apache-2.0
#include "harness/query/targets.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/npy.h"
#include "golden/data/npz.h"
#include "harness/check/comparison.h"
#include "harness/run/pixel_order.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

Targets::Output target_of(const std::string& name, const NpyArray& array, const std::string& file) {
  if (array.shape.empty() || array.bytes.empty())
    user_error("'{}' holds no array (N, ...) of targets for N images", file);
  Targets::Output output;
  output.name = name;
  output.images = array.shape[0];
  output.values = as_float64(array, file);
  output.integers = array.type != NpyType::kFloat32 && array.type != NpyType::kFloat64;
  output.shape.assign(array.shape.begin() + 1, array.shape.end());
  return output;
}

/// The place in a graph's list of the checkpoint that is this output.
std::size_t listed_place(const Graph& graph, const std::string& output) {
  const auto& list = graph.checkpoints();
  const auto it = std::ranges::find(list, output, &Checkpoint::name);
  ASSAY_INVARIANT(it != list.end(), "an output that is no checkpoint: " + output);
  return static_cast<std::size_t>(it - list.begin());
}

/// One output, what it should be, and how its elements are read.
struct Matched {
  const Targets::Output& target;
  std::size_t place = 0;
  Shape shape;                              ///< of the output, one image
  std::optional<std::size_t> classes = {};  ///< the axis of channels that are classes

  std::int64_t count() const { return element_count(shape) / (classes ? shape[*classes] : 1); }
};

/// The axis without which the output has the shape of its integer targets: the second, or the last.
std::optional<std::size_t> class_axis_of(const Matched& m) {
  if (!m.target.integers || m.shape.size() < 2) return {};
  for (const std::size_t axis : {std::size_t{1}, m.shape.size() - 1}) {
    Shape rest = m.shape;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(axis));
    if (m.shape[axis] > 1 && without_ones(rest) == without_ones(m.target.shape)) return axis;
  }
  return {};
}

void check_classes(const Targets::Output& target, std::int64_t classes) {
  for (const double value : target.values)
    if (value < 0 || value >= static_cast<double>(classes))
      user_error("the targets of '{}' hold class {}, but the output has {} channels",
                 printable(target.name), value, classes);
}

/// As many as there are images, or at least as many as the last one that was asked for needs.
void check_target_images(const Targets::Output& target, const ChosenImages& images) {
  if (target.images < images.first + images.size())
    user_error("there are targets of '{}' for {} images, but {} were asked for",
               printable(target.name), target.images, images.first + images.size());
  if (target.images > images.set.source_size)
    user_error(
        "there are targets of '{}' for {} images, but '{}' holds {}; give those of these images, "
        "in their order",
        printable(target.name), target.images, printable(images.set.name), images.set.source_size);
}

Matched matched(const Graph& graph, const Targets::Output& target, const ChosenImages& images) {
  const std::size_t place = listed_place(graph, target.name);
  Matched m{target, place, graph.checkpoints()[place].shape()};
  if (without_ones(m.shape) != without_ones(target.shape)) {
    m.classes = class_axis_of(m);
    if (!m.classes)
      user_error(
          "the targets of '{}' are {} for an image, but the output is {}; give reals of its shape, "
          "or integers of that shape without its channels, the class of each place",
          printable(target.name), shape_text(target.shape), shape_text(m.shape));
  }
  if (m.classes) check_classes(target, m.shape[*m.classes]);
  check_target_images(target, images);
  return m;
}

using Element = std::function<Real(std::int64_t)>;

/// The channel with the largest value at a place; the first of equal ones.
std::int64_t best_channel(const Matched& m, std::int64_t at, const Element& element) {
  std::int64_t inner = 1;
  for (std::size_t i = *m.classes + 1; i < m.shape.size(); ++i) inner *= m.shape[i];
  const std::int64_t channels = m.shape[*m.classes],
                     first = at / inner * inner * channels + at % inner;
  std::int64_t best = 0;
  Real largest = element(first);
  for (std::int64_t c = 1; c < channels; ++c)
    if (const Real value = element(first + c * inner); largest < value) {
      best = c;
      largest = value;
    }
  return best;
}

void count_image(OutputQuality& quality, const Matched& m, std::int64_t image,
                 const Element& element) {
  const std::int64_t first = image * m.count();
  for (std::int64_t i = 0; i < m.count(); ++i) {
    const double target = m.target.values[static_cast<std::size_t>(first + i)];
    if (m.classes)
      *quality.correct += static_cast<double>(best_channel(m, i, element)) == target ? 1 : 0;
    else
      quality.error->add(element(i).to_double(), target);
    ++quality.compared;
  }
}

/// The same; what is wrong is said with image and output.
void count_named(OutputQuality& quality, const Matched& m, std::int64_t image,
                 const Element& element) {
  try {
    count_image(quality, m, image, element);
  } catch (const UserError& error) {
    user_error("image {}: output '{}': {}", image, printable(m.target.name), error.what());
  }
}

std::vector<OutputQuality> started(const std::vector<Matched>& outputs, std::int64_t images) {
  std::vector<OutputQuality> list;
  for (const Matched& m : outputs) {
    OutputQuality& quality = list.emplace_back();
    quality.output = m.target.name;
    quality.predicted = images * m.count();
    if (m.classes)
      quality.correct = 0;
    else
      quality.error.emplace();
  }
  return list;
}

/// Counts what `run` makes of every image, in their order, whatever number of threads runs them.
template <typename Run, typename Read>
std::vector<OutputQuality> measured(const std::vector<Matched>& outputs, const ChosenImages& images,
                                    const Console& console, const std::string& title,
                                    const Run& run, const Read& read) {
  std::vector<OutputQuality> list = started(outputs, images.size());
  Progress progress(console, title, images.size());
  std::int64_t image = images.first;
  in_order(
      images.size(),
      [&](std::int64_t i) {
        return of_image(images.first + i, [&] { return run(images.set.values(i)); });
      },
      [&](auto result) {
        for (std::size_t k = 0; k < outputs.size(); ++k)
          count_named(list[k], outputs[k], image, read(result, outputs[k]));
        ++image;
        progress.tick();
      });
  return list;
}

}  // namespace

Targets read_targets(const fs::path& file, const std::vector<std::string>& outputs) {
  Targets targets;
  if (file.extension() == ".npz") {
    const NpzFile archive(file);
    for (const std::string& name : outputs) {
      const ZipMember* member = archive.find(name);
      if (member == nullptr)
        user_error("'{}' holds no array '{}' for the output of this name; it holds {}",
                   archive.name(), printable(name), archive.listed());
      targets.outputs.push_back(target_of(name, archive.read(*member), archive.title(*member)));
    }
    if (archive.members().size() != outputs.size())
      user_error("'{}' holds more than the network's outputs: {}", archive.name(),
                 archive.listed());
    return targets;
  }
  const std::string name = printable(file.string(), 4096);
  if (outputs.size() != 1)
    user_error(
        "the network has {} outputs; give their targets as arrays of their names in a .npz "
        "file, not in '{}'",
        outputs.size(), name);
  targets.outputs.push_back(target_of(outputs[0], read_npy(file), name));
  return targets;
}

std::vector<std::string> output_names(const Graph& pixels) {
  std::vector<std::string> names;
  for (const Checkpoint& checkpoint : pixels.checkpoints()) {
    const bool output =
        checkpoint.kind == Checkpoint::Kind::kLogits ||
        checkpoint.kind == Checkpoint::Kind::kValues ||
        (checkpoint.kind == Checkpoint::Kind::kActivation && pixels.is_output(checkpoint.tensor));
    if (output) names.push_back(checkpoint.name);
  }
  return names;
}

NetworkQuality measure_targets(const Graph& pixels, const ChosenImages& images,
                               const Targets& targets, AccuracyModes modes, const Console& console,
                               const std::string& label) {
  std::vector<Matched> outputs;
  for (const Targets::Output& target : targets.outputs)
    outputs.push_back(matched(pixels, target, images));
  NetworkQuality quality;
  quality.network = label;
  const auto map_of = [&](const Matched& m) -> const Checkpoint& {
    return pixels.checkpoints()[m.place];
  };
  if (modes.exact) {
    const ExactPixels executor(pixels, split_images(images.size()));
    quality.exact = measured(
        outputs, images, console, label + ", exact",
        [&](const std::vector<std::int32_t>& image) { return executor.run(image); },
        [&](const ImageResult& result, const Matched& m) -> Element {
          return [&result, &m, &map = map_of(m)](std::int64_t i) {
            return real_at(result.at(m.place).value(), map, m.shape, i);
          };
        });
  }
  if (modes.floating) {
    const FloatPixels executor(pixels);
    quality.floating = measured(
        outputs, images, console, label + ", float",
        [&](const std::vector<std::int32_t>& image) { return executor.run(image); },
        [&](const FloatImage& result, const Matched& m) -> Element {
          return [&result, &m, &map = map_of(m)](std::int64_t i) {
            const FloatCheckpoint& found = result.at(m.place);
            if (!map.has_map) return Real::of(found.values.at(static_cast<std::size_t>(i)));
            return real_at({found.q, {}}, map, m.shape, i);
          };
        });
  }
  return quality;
}

namespace {

void add_rows(std::vector<std::vector<std::string>>& rows, const std::string& network,
              const char* mode, const std::optional<std::vector<OutputQuality>>& outputs) {
  if (!outputs) return;
  for (const OutputQuality& o : *outputs) {
    std::vector<std::string> row = {
        printable(network), mode, printable(o.output),
        fmt::format("{} of {}", grouped(o.compared), grouped(o.predicted))};
    if (o.error) {
      const std::optional<double> psnr = o.error->psnr();
      row.insert(row.end(), {fmt::format("{:.6g}", o.error->mean_absolute()),
                             fmt::format("{:.6g}", std::sqrt(o.error->mean_square())),
                             fmt::format("{:.6g}", o.error->largest()),
                             psnr ? fmt::format("{:.2f} dB", *psnr) : "-", "-"});
    } else {
      row.insert(row.end(),
                 {"-", "-", "-", "-",
                  percent(static_cast<double>(*o.correct) / static_cast<double>(o.compared))});
    }
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::string quality_text(const std::vector<NetworkQuality>& networks) {
  std::vector<std::vector<std::string>> rows = {{"network", "mode", "output", "compared",
                                                 "mean error", "RMS error", "largest", "PSNR",
                                                 "places right"}};
  for (const NetworkQuality& network : networks) {
    add_rows(rows, network.network, "exact", network.exact);
    add_rows(rows, network.network, "float", network.floating);
  }
  return table_text(rows) +
         "PSNR: with the range of the targets as the peak. places right: those whose largest "
         "channel "
         "is the target.\n";
}

}  // namespace assay
