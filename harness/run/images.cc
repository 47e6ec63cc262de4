// SPDX-License-Identifier: Apache-2.0
#include "harness/run/images.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "golden/data/synthetic.h"
#include "harness/run/answer_source.h"
#include "harness/run/input_quantiser.h"
#include "harness/run/pixel_order.h"

namespace assay {
namespace {

constexpr std::int64_t kByteMax = 255;
constexpr std::int64_t kColours = 3;

/// Made up for the input that is number `place`.
Dataset synthetic(const Tensor& input, std::uint64_t place, std::int64_t classes,
                  ImageRange range) {
  const auto [c, h, w] = picture_shape(input);
  const std::int64_t end = range.end < 0 ? kSyntheticImages : range.end;
  if (range.begin >= end)
    user_error("the image range starts at {} and ends at {}", range.begin, end);
  Dataset set = synthetic_dataset(c, h, w, end, kSyntheticSeed + place, pixel_range(input));
  const std::int64_t bytes = std::ssize(set.image(0));
  set.pixels.erase(set.pixels.begin(), set.pixels.begin() + range.begin * bytes);
  set.labels.erase(set.labels.begin(), set.labels.begin() + range.begin);
  if (classes > 0)
    for (std::uint16_t& label : set.labels) label = static_cast<std::uint16_t>(label % classes);
  set.sha256 = dataset_sha256(set);
  set.source_size = end;
  return set;
}

/// Element i of every image becomes element order[i].
void reorder(Dataset& set, const std::vector<std::size_t>& order) {
  if (order.empty()) return;
  const std::size_t size = npy_element_size(set.type), image = order.size() * size;
  const std::vector<std::uint8_t> from = std::move(set.pixels);
  set.pixels.resize(from.size());
  for (std::size_t start = 0; start < from.size(); start += image)
    for (std::size_t i = 0; i < order.size(); ++i)
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(start + i * size), size,
                  set.pixels.begin() + static_cast<std::ptrdiff_t>(start + order[i] * size));
}

[[noreturn]] void does_not_fit(const Dataset& set, const Tensor& input) {
  if (!set.shape.empty())
    user_error(
        "the arrays of '{}' are {} each, but the network's input is {}; give arrays of that shape, "
        "N first",
        printable(set.name), shape_text(set.shape), shape_text(*input.shape));
  user_error(
      "the images of '{}' are {}x{}x{} (channels, rows, columns), but the network's input is {}; "
      "give data of its size",
      printable(set.name), set.channels, set.height, set.width, shape_text(*input.shape));
}

void fit_array(Dataset& set, const Tensor& input) {
  const auto order = array_order(set.shape, input);
  if (!order) does_not_fit(set, input);
  reorder(set, *order);
  set.shape.clear();
  const auto [c, h, w] = picture_shape(input);
  set.channels = c;
  set.height = h;
  set.width = w;
}

/// ITU-R 601's luma in 16-bit integers, as Pillow has it.
std::uint8_t luma(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  constexpr std::uint32_t kRed = 19595, kGreen = 38470, kBlue = 7471, kHalf = 0x8000;
  return static_cast<std::uint8_t>((red * kRed + green * kGreen + blue * kBlue + kHalf) >> 16);
}

void make_grey(Dataset& set) {
  const auto plane = static_cast<std::size_t>(set.height * set.width);
  std::vector<std::uint8_t> grey;
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const std::span<const std::uint8_t> image = set.image(i);
    for (std::size_t p = 0; p < plane; ++p)
      grey.push_back(luma(image[p], image[plane + p], image[2 * plane + p]));
  }
  set.pixels = std::move(grey);
  set.channels = 1;
  set.name += ", as grey";
}

void make_colour(Dataset& set) {
  std::vector<std::uint8_t> colour;
  for (std::int64_t i = 0; i < set.size(); ++i)
    for (std::int64_t copies = 0; copies < kColours; ++copies)
      colour.insert(colour.end(), set.image(i).begin(), set.image(i).end());
  set.pixels = std::move(colour);
  set.channels = kColours;
  set.name += ", as RGB";
}

/// Grey or colour, whichever has as many values as the network takes.
void choose_colours(Dataset& set, const Tensor& input) {
  const auto [c, h, w] = picture_shape(input);
  const std::int64_t wanted = c * h * w, places = set.height * set.width;
  if (set.channels == kColours && wanted == places) make_grey(set);
  if (set.channels == 1 && wanted == kColours * places) make_colour(set);
}

void fit_images(Dataset& set, const Tensor& input) {
  const auto picture = picture_shape(input);
  if (set.pictures) choose_colours(set, input);
  const Shape planes = {set.channels, set.height, set.width};
  const bool flat = input.shape->size() == 2 && picture[2] == element_count(planes);
  if (flat) return;
  if (without_ones(planes) != without_ones({picture[0], picture[1], picture[2]}))
    does_not_fit(set, input);
  set.channels = picture[0];
  set.height = picture[1];
  set.width = picture[2];
}

/// All elements of a set of floats, one image after the other.
NpyArray floats_of(const Dataset& set) {
  const auto count = static_cast<std::int64_t>(set.pixels.size() / npy_element_size(set.type));
  NpyArray array{{count}, set.type, {}};
  const auto raw = std::as_bytes(std::span(set.pixels));
  array.bytes.assign(raw.begin(), raw.end());
  return array;
}

/// The byte that ToTensor makes this of.
std::optional<std::int64_t> scaled_byte(float value) {
  const float byte = std::round(value * static_cast<float>(kByteMax));
  const bool is_one = byte >= 0 && byte <= static_cast<float>(kByteMax) &&
                      byte / static_cast<float>(kByteMax) == value;
  return is_one ? std::optional(static_cast<std::int64_t>(byte)) : std::nullopt;
}

std::vector<std::int64_t> bytes_of(const std::vector<float>& values, const std::string& name) {
  std::vector<std::int64_t> bytes;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto byte = scaled_byte(values[i]);
    if (!byte)
      user_error(
          "'{}': element {} is {}, which is no pixel / 255 in float32, and the network's input "
          "does not go straight into a quantiser; give the pixels as uint8, or a network that "
          "starts with its quantiser, with --preprocess quantiser",
          name, i, values[i]);
    bytes.push_back(*byte);
  }
  return bytes;
}

/// Where images enter, and what the network itself takes there.
struct Entry {
  const Tensor& input;
  const Tensor& own;  ///< in front of which pixels are made reals
  std::string name;   ///< of the network's input
};

std::vector<Entry> entries(const Graph& pixels) {
  std::vector<const Checkpoint*> own;
  for (const Checkpoint& checkpoint : pixels.checkpoints())
    if (checkpoint.kind == Checkpoint::Kind::kInput) own.push_back(&checkpoint);
  std::vector<Entry> list;
  for (const Tensor* input : pixels.inputs()) {
    const std::size_t place = list.size();
    if (own.size() == pixels.inputs().size())
      list.push_back({*input, *own[place]->tensor, own[place]->name});
    else
      list.push_back({*input, *input, input->name});
  }
  return list;
}

bool is_scaled_by_255(const Entry& entry) {
  const Node* node = entry.own.producer;
  return node && node->as<ops::Div>() && node->inputs[0] == &entry.input &&
         node->inputs[1]->constant && node->inputs[1]->constant->size() == 1 &&
         node->inputs[1]->constant->to_float(0) == static_cast<float>(kByteMax);
}

/// Whether only Mul and Add, as dequantise_graph() has them, lie in front of the network.
bool is_dequantised(const Entry& entry) {
  const Node* node = entry.own.producer;
  if (node && node->as<ops::Add>()) node = node->inputs[0]->producer;
  return node && node->as<ops::Mul>() && node->inputs[0] == &entry.input;
}

std::vector<std::int64_t> integers_of(const Dataset& set, const Graph& pixels, const Entry& entry) {
  const std::string name = printable(set.name);
  const NpyArray floats = floats_of(set);
  if (&entry.own == &entry.input) return as_int64(floats, name);
  const std::vector<float> reals = as_float32(floats, name);
  if (is_scaled_by_255(entry)) return bytes_of(reals, name);
  if (is_dequantised(entry))
    if (const auto quantiser = input_quantiser(pixels, entry.own))
      return quantised(*quantiser, reals, name);
  user_error(
      "'{}' holds {}, but with this pre-processing the images are the integers in front of it; "
      "give pixels as uint8, or, for a network that starts with a quantiser, --preprocess "
      "quantiser",
      name, npy_type_name(set.type));
}

/// Values of an image within what the input takes.
template <typename Values>
void check_range(const Values& values, const Dataset& set, const Tensor& input) {
  const DataType& type = input.dtype;
  for (const auto value : values)
    if (!type.allows(value) || value < INT32_MIN || value > INT32_MAX)
      user_error(
          "the images of '{}' hold {}, but the network takes {}, {} to {}; give values of that "
          "range, or choose with --preprocess what becomes of them",
          printable(set.name), value, type.name(), pixel_range(input).min, pixel_range(input).max);
}

/// Floats become the integers in front of the network.
void make_integers(Dataset& set, const Graph& pixels, const Entry& entry) {
  const std::vector<std::int64_t> integers = integers_of(set, pixels, entry);
  check_range(integers, set, entry.input);
  set_pixels(set, integers);
}

void check_images(const Dataset& set, const Tensor& input) {
  const bool bytes =
      set.type == NpyType::kUint8 && input.dtype.min() <= 0 && input.dtype.max() >= kByteMax;
  for (std::int64_t i = 0; !bytes && i < set.size(); ++i) check_range(set.values(i), set, input);
}

/// A set becomes what enters at one input.
void fit(Dataset& set, const Graph& pixels, const Entry& entry) {
  if (set.has_floats()) make_integers(set, pixels, entry);
  if (set.shape.empty())
    fit_images(set, entry.input);
  else
    fit_array(set, entry.input);
  check_images(set, entry.input);
}

/// What enters at several inputs, as InputFeed takes it; labels are those of the first.
Dataset side_by_side(const std::vector<Dataset>& parts) {
  Dataset set;
  set.labels = parts[0].labels;
  set.class_names = parts[0].class_names;
  set.synthetic = parts[0].synthetic;
  set.source_size = parts[0].source_size;
  set.sha256 = inputs_sha256(parts);
  std::vector<std::int64_t> values;
  for (std::int64_t image = 0; image < parts[0].size(); ++image)
    for (const Dataset& part : parts) {
      const std::vector<std::int32_t> own = part.values(image);
      values.insert(values.end(), own.begin(), own.end());
    }
  set.channels = set.height = 1;
  for (const Dataset& part : parts) {
    set.width += part.channels * part.height * part.width;
    set.name += (set.name.empty() ? "" : " and ") + part.name;
  }
  set_pixels(set, values);
  return set;
}

/// The images as their source has them, a set for each input.
std::vector<Dataset> read_images(const ImageChoice& choice, const Graph& pixels,
                                 std::int64_t classes) {
  const ImageRange range = choice.images.empty() ? ImageRange{} : parse_image_range(choice.images);
  std::vector<Dataset> sets;
  if (choice.data.empty())
    for (const Tensor* input : pixels.inputs())
      sets.push_back(synthetic(*input, sets.size(), classes, range));
  else if (pixels.inputs().size() == 1)
    sets.push_back(load_dataset(choice.data, range));
  else
    sets = load_inputs(choice.data, own_inputs(pixels), range);
  return sets;
}

void check_labels(const Dataset& set, std::int64_t classes) {
  if (classes < 1 || set.synthetic) return;
  if (const std::int64_t named = std::ssize(set.class_names); named > classes)
    user_error(
        "the data '{}' has {} classes, but the network has {}; leave out those that it does not "
        "know",
        printable(set.name), named, classes);
  if (set.labels.empty()) return;
  if (const int largest = *std::ranges::max_element(set.labels); largest >= classes)
    user_error("the images of '{}' have labels up to {}, but the network has {} classes",
               printable(set.name), largest, classes);
}

}  // namespace

IntegerRange pixel_range(const Tensor& input) {
  if (!input.dtype.is_integer())
    user_error("the input '{}' takes {}, no integers", printable(input.name), input.dtype.name());
  return {std::max<std::int64_t>(input.dtype.min(), INT32_MIN),
          std::min<std::int64_t>(input.dtype.max(), INT32_MAX)};
}

bool holds_scaled_bytes(const Dataset& set) {
  ASSAY_INVARIANT(set.has_floats(), "a set of integers");
  const std::vector<float> values = as_float32(floats_of(set), set.name);
  return std::ranges::all_of(values, [](float value) { return scaled_byte(value).has_value(); });
}

std::vector<std::string> own_inputs(const Graph& pixels) {
  std::vector<std::string> names;
  for (const Entry& entry : entries(pixels)) names.push_back(entry.name);
  return names;
}

ChosenImages choose_images(const ImageChoice& choice, const Graph& pixels) {
  for (const Tensor* input : pixels.inputs())
    ASSAY_INVARIANT(input->shape, "a network that runs on images has inputs of known shapes");
  const std::optional<AnswerSource> source = answer_source(pixels);
  const std::int64_t classes = source ? source->classes : 0;
  std::vector<Dataset> sets = read_images(choice, pixels, classes);
  if (sets.empty() || sets[0].size() < 1) user_error("no image was chosen");
  const std::vector<Entry> at = entries(pixels);
  for (std::size_t i = 0; i < sets.size(); ++i) fit(sets[i], pixels, at[i]);
  ChosenImages chosen{sets.size() == 1 ? std::move(sets[0]) : side_by_side(sets),
                      choice.images.empty() ? 0 : parse_image_range(choice.images).begin,
                      own_inputs(pixels)};
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
      "data, so accuracy is right only if the first {} classes of both are the same",
      printable(images.set.name), named, source->classes,
      std::min<std::int64_t>(named, source->classes));
}

std::string synthetic_note(const ChosenImages& images) {
  if (!images.set.synthetic) return {};
  return "The images are made up: accuracy means nothing on them. Give --data for real ones.";
}

}  // namespace assay
