// SPDX-License-Identifier: Apache-2.0
#include "harness/check/recorded.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "golden/floating/broadcast.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".npy", kLogits = "logits", kSubfolder = "activations";
constexpr std::array<std::string_view, 4> kQuantisers = {"act_quant", "input_quant", "output_quant",
                                                         "trunc_quant"};

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

std::string without_extension(const std::string& file) { return fs::path(file).stem().string(); }

/// The .npy files of a folder and of the one inside it, sorted.
std::vector<std::string> list_files(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (const fs::path& inside : {fs::path(), fs::path(kSubfolder)}) {
    if (!inside.empty() && !fs::is_directory(folder / inside, error)) continue;
    for (fs::directory_iterator it(folder / inside, error), end; !error && it != end;
         it.increment(error))
      if (it->path().extension() == kExtension)
        files.push_back((inside / it->path().filename()).string());
    if (error)
      user_error("--against: cannot read the folder '{}': {}",
                 printable((folder / inside).string(), 4096), error.message());
  }
  std::ranges::sort(files);
  return files;
}

std::string in_quotes(const std::string& file) { return "'" + printable(file, 4096) + "'"; }

/// "'a', 'b' and 3 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kListed = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i)
    text += (i == 0 ? "" : ", ") + in_quotes(names[i]);
  if (names.size() > kListed) text += fmt::format(" and {} more", names.size() - kListed);
  return text;
}

bool is_floating(const NpyArray& array) {
  return array.type == NpyType::kFloat32 || array.type == NpyType::kFloat64;
}

/// A checkpoint's levels, where double arithmetic is more than enough to tell them apart.
class Levels {
 public:
  Levels(const Checkpoint& checkpoint, std::string file, std::int64_t first_image)
      : checkpoint_(checkpoint),
        file_(std::move(file)),
        first_(first_image),
        shape_(checkpoint.shape()),
        size_(element_count(shape_)),
        scale_(doubles(checkpoint.scale)),
        offset_(doubles(checkpoint.offset)),
        scale_of_(checkpoint.scale.shape, shape_),
        offset_of_(checkpoint.offset.shape, shape_) {}

  /// The integers of `values`, which are integers or reals; UserError for what is no level.
  PackedInts image(std::int64_t image, std::span<const std::int64_t> values) const {
    for (std::int64_t i = 0; i < size_; ++i) {
      const std::int64_t q = values[static_cast<std::size_t>(i)];
      if (!checkpoint_.dtype.allows(q)) refuse(image, i, std::to_string(q));
    }
    return PackedInts(values);
  }
  PackedInts image(std::int64_t image, std::span<const double> values) const {
    std::vector<std::int64_t> q;
    q.reserve(values.size());
    for (std::int64_t i = 0; i < size_; ++i) {
      const double value = values[static_cast<std::size_t>(i)];
      const std::optional<std::int64_t> level = level_of(i, value);
      if (!level) refuse(image, i, fmt::format("{}", value));
      q.push_back(*level);
    }
    return PackedInts(q);
  }

 private:
  static std::vector<double> doubles(const RealArray& array) {
    std::vector<double> values;
    for (const Real& value : array.values) values.push_back(value.to_double());
    return values;
  }

  /// A dequantisation fl(fl(y - z) * s) with float32 parameters rounds three times at most.
  std::optional<std::int64_t> level_of(std::int64_t element, double value) const {
    const double scale = scale_[static_cast<std::size_t>(scale_of_(element))],
                 offset = offset_[static_cast<std::size_t>(offset_of_(element))];
    const double level = std::nearbyint((value - offset) / scale);
    if (!(std::fabs(level) < 0x1p53)) return {};
    const double exact = scale * level + offset;
    if (!(std::fabs(value - exact) <= 0x1p-22 * std::fabs(exact) + 0x1p-50 * std::fabs(offset)))
      return {};
    const auto q = static_cast<std::int64_t>(level);
    return checkpoint_.dtype.allows(q) ? std::optional(q) : std::nullopt;
  }

  [[noreturn]] void refuse(std::int64_t image, std::int64_t element,
                           const std::string& value) const {
    Difference place;
    place.image = first_ + image;
    place.element = element;
    locate(shape_, checkpoint_.tensor->layout, place);
    user_error(
        "{}: {} holds {}, which the quantiser of checkpoint '{}' ({}, scale {:.9g}, offset {:.9g}) "
        "cannot put out; record the quantiser's output (integers in an array of integers, reals "
        "in one of floats) of the network that was exported",
        in_quotes(file_), place_text(place), value, printable(checkpoint_.name),
        checkpoint_.dtype.name(), scale_[static_cast<std::size_t>(scale_of_(element))],
        offset_[static_cast<std::size_t>(offset_of_(element))]);
  }

  const Checkpoint& checkpoint_;
  std::string file_;
  std::int64_t first_;
  Shape shape_;
  std::int64_t size_;
  std::vector<double> scale_, offset_;
  BroadcastIndex scale_of_, offset_of_;
};

template <typename T>
std::vector<PackedInts> levels_of(const Levels& levels, const std::vector<T>& values,
                                  std::size_t images) {
  std::vector<PackedInts> result;
  const std::size_t size = values.size() / images;
  for (std::size_t i = 0; i < images; ++i)
    result.push_back(
        levels.image(static_cast<std::int64_t>(i), std::span(values).subspan(i * size, size)));
  return result;
}

}  // namespace

std::string module_path(std::string_view checkpoint) {
  std::vector<std::string> path;
  for (std::string& part : split(checkpoint)) {
    // A module inside a list is named with the list, behind the list: "blocks", "blocks.0".
    if (!path.empty() && part.starts_with(path.back() + ".")) path.pop_back();
    path.push_back(std::move(part));
    if (std::ranges::find(kQuantisers, path.back()) == kQuantisers.end()) continue;
    std::string joined;
    for (const std::string& name : path) joined += (joined.empty() ? "" : ".") + name;
    return path.size() > 1 ? joined : std::string();
  }
  return {};
}

std::vector<std::string> recording_names(const Checkpoint& checkpoint) {
  std::vector<std::string> names = {safe_file_name(checkpoint.name)};
  const std::string path = module_path(checkpoint.name);
  if (path.empty()) return names;
  names.push_back(path);
  names.push_back(path.substr(0, path.rfind('.')));
  return names;
}

Recording::Recording(fs::path folder, const Graph& graph, const ChosenImages& images)
    : folder_(std::move(folder)),
      graph_(graph),
      images_(images),
      activations_(graph.checkpoints().size()) {
  if (images.set.synthetic)
    user_error("--against needs --data: nobody has recorded what a network does on made-up images");
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.kind != Checkpoint::Kind::kInput && !carries_reals(checkpoint))
      user_error(
          "--against: checkpoint '{}' is carried as integers here, so float32 rounding has no "
          "meaning; give the model, or a stage up to postprocess",
          printable(checkpoint.name));
  const std::vector<std::string> files = list_files(folder_);
  if (files.empty())
    user_error("--against: there is no .npy file in '{}'", printable(folder_.string(), 4096));
  for (const std::string& file : files) read(file);
  check_counts();
}

std::int64_t Recording::images() const {
  return std::max(activation_images_,
                  logits_ ? static_cast<std::int64_t>(logits_->images.size()) : 0);
}

const Recording::Activation* Recording::activation(std::size_t place) const {
  return activations_.at(place) ? &*activations_[place] : nullptr;
}

FloatObservation Recording::observation(std::int64_t image) const {
  const auto at = static_cast<std::size_t>(image);
  FloatObservation observed;
  for (const std::optional<Activation>& activation : activations_) {
    observed.integers.emplace_back();
    if (activation && at < activation->q.size()) observed.integers.back() = activation->q[at];
  }
  if (logits_ && at < logits_->images.size()) {
    const std::vector<double>& values = logits_->images[at];
    observed.answer = Answer{values, rank_logits(values, static_cast<std::int64_t>(values.size()))};
  }
  return observed;
}

void Recording::read(const std::string& file) {
  const std::string bytes = read_file(folder_ / file);
  identity_.push_back({file, sha256(bytes)});
  const NpyArray array = decode_npy(bytes, (folder_ / file).string());
  if (without_extension(file) == kLogits)
    read_logits(file, array);
  else
    read_activation(file, array);
}

void Recording::read_activation(const std::string& file, const NpyArray& array) {
  const std::size_t place = match(file);
  const Checkpoint& checkpoint = graph_.checkpoints()[place];
  if (activations_[place])
    user_error("{} and {} both hold checkpoint '{}'; remove one",
               in_quotes(activations_[place]->file), in_quotes(file), printable(checkpoint.name));
  check_shape(file, array, checkpoint);
  const NpyArray rows = chosen_rows(file, array);
  const Levels levels(checkpoint, file, images_.first);
  const auto images = static_cast<std::size_t>(rows.shape[0]);
  Activation& activation = activations_[place].emplace();
  activation.file = file;
  activation.reals = is_floating(array);
  activation.q = activation.reals ? levels_of(levels, as_float64(rows, file), images)
                                  : levels_of(levels, as_int64(rows, file), images);
  rows_.emplace_back(file, array.shape[0]);
  activation_images_ = rows.shape[0];
}

void Recording::read_logits(const std::string& file, const NpyArray& array) {
  if (logits_)
    user_error("{} and {} both hold the logits; remove one", in_quotes(logits_->file),
               in_quotes(file));
  const std::optional<AnswerSource> source = answer_source(graph_);
  if (!source || !source->logits)
    user_error("{}: the network has no output of logits, or several; remove the file",
               in_quotes(file));
  if (!is_floating(array))
    user_error("{} holds {}; logits are recorded as the network puts them out, in float32",
               in_quotes(file), npy_type_name(array.type));
  check_shape(file, array, graph_.checkpoints()[*source->logits]);
  const std::vector<double> values = as_float64(chosen_rows(file, array), file);
  logits_.emplace().file = file;
  logits_rows_ = array.shape[0];
  const auto classes = static_cast<std::size_t>(source->classes);
  for (std::size_t at = 0; at < values.size(); at += classes) {
    const auto row = std::span(values).subspan(at, classes);
    for (std::size_t i = 0; i < classes; ++i)
      if (!std::isfinite(row[i]))
        user_error("{}: image {}, element {} is {}, not a finite number", in_quotes(file),
                   images_.first + static_cast<std::int64_t>(at / classes), i, row[i]);
    logits_->images.emplace_back(row.begin(), row.end());
  }
}

std::size_t Recording::match(const std::string& file) const {
  const std::string name = without_extension(file);
  std::vector<std::size_t> found;
  std::vector<std::string> known;
  for (std::size_t place = 0; place < graph_.checkpoints().size(); ++place) {
    const Checkpoint& checkpoint = graph_.checkpoints()[place];
    if (checkpoint.kind != Checkpoint::Kind::kActivation) continue;
    const std::vector<std::string> names = recording_names(checkpoint);
    known.push_back(names.back());
    if (std::ranges::find(names, name) != names.end()) found.push_back(place);
  }
  if (found.empty())
    user_error(
        "{} matches no activation checkpoint of the network; name it after its PyTorch module or "
        "its checkpoint ('assay show'), or remove it. The network has {}",
        in_quotes(file), listed(known));
  if (found.size() > 1)
    user_error("{} matches checkpoints '{}' and '{}'; name it {} or {}", in_quotes(file),
               printable(graph_.checkpoints()[found[0]].name),
               printable(graph_.checkpoints()[found[1]].name),
               in_quotes(safe_file_name(graph_.checkpoints()[found[0]].name) + ".npy"),
               in_quotes(safe_file_name(graph_.checkpoints()[found[1]].name) + ".npy"));
  return found[0];
}

void Recording::check_shape(const std::string& file, const NpyArray& array,
                            const Checkpoint& checkpoint) const {
  const std::int64_t images = array.shape.empty() ? 0 : array.shape[0];
  if (array.shape != batch_shape(checkpoint.shape(), images) || images < 1)
    user_error(
        "{} has shape {}; checkpoint '{}' has shape {} for one image, so the array's is {} with N "
        "images",
        in_quotes(file), shape_text(array.shape), printable(checkpoint.name),
        shape_text(checkpoint.shape()),
        "[N" + shape_text(batch_shape(checkpoint.shape(), 1)).substr(2));
}

NpyArray Recording::chosen_rows(const std::string& file, const NpyArray& array) const {
  const std::int64_t rows = array.shape[0], first = images_.first;
  if (rows <= first)
    user_error(
        "{} holds {} images, the first ones of the data set; the chosen ones start at image {}, so "
        "choose others with --images or record more",
        in_quotes(file), rows, first);
  NpyArray chosen{array.shape, array.type, {}};
  chosen.shape[0] = std::min(rows, first + images_.size()) - first;
  const auto bytes = static_cast<std::ptrdiff_t>(array.bytes.size()) / rows;
  chosen.bytes.assign(array.bytes.begin() + first * bytes,
                      array.bytes.begin() + (first + chosen.shape[0]) * bytes);
  return chosen;
}

void Recording::check_counts() const {
  for (const auto& [file, rows] : rows_) {
    if (rows != rows_[0].second)
      user_error("{} holds {} images and {} holds {}; record all activations on the same images",
                 in_quotes(rows_[0].first), rows_[0].second, in_quotes(file), rows);
    if (logits_ && logits_rows_ < rows)
      user_error("{} holds {} images and {} holds {}; record the logits of all of them",
                 in_quotes(logits_->file), logits_rows_, in_quotes(file), rows);
  }
}

}  // namespace assay
