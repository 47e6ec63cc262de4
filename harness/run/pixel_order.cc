// SPDX-License-Identifier: Apache-2.0
#include "harness/run/pixel_order.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {

Shape without_ones(Shape shape) {
  std::erase(shape, 1);
  return shape;
}

std::array<std::int64_t, 3> picture_shape(const Tensor& input) {
  const Shape& shape = *input.shape;
  if (shape.size() == 4 && input.layout == Layout::kNHWC) return {shape[3], shape[1], shape[2]};
  if (shape.size() == 4) return {shape[1], shape[2], shape[3]};
  if (shape.size() == 3 && input.layout == Layout::kNWC) return {shape[2], 1, shape[1]};
  if (shape.size() == 3) return {shape[1], 1, shape[2]};
  return {1, 1, element_count(Shape(shape.begin() + 1, shape.end()))};
}

std::vector<std::size_t> pixel_order(const Tensor& input) {
  if (input.layout != Layout::kNHWC && input.layout != Layout::kNWC) return {};
  const auto [channel_count, rows, columns] = picture_shape(input);
  const auto places = static_cast<std::size_t>(rows * columns);
  const auto channels = static_cast<std::size_t>(channel_count);
  std::vector<std::size_t> order;
  order.reserve(places * channels);
  for (std::size_t place = 0; place < places; ++place)
    for (std::size_t channel = 0; channel < channels; ++channel)
      order.push_back(channel * places + place);
  return order;
}

std::optional<std::vector<std::size_t>> array_order(const Shape& array, const Tensor& input) {
  const Shape own(input.shape->begin() + 1, input.shape->end());
  const bool row = array.size() == 1 || own.size() == 1;
  if (without_ones(array) == without_ones(own) ||
      (row && element_count(array) == element_count(own)))
    return pixel_order(input);
  const auto [c, h, w] = picture_shape(input);
  if (without_ones(array) == without_ones({c, h, w})) return std::vector<std::size_t>();
  if (without_ones(array) != without_ones({h, w, c})) return {};
  Tensor last;
  last.shape = Shape{1, h, w, c};
  last.layout = Layout::kNHWC;
  return pixel_order(last);
}

std::optional<std::vector<std::size_t>> own_order(const Shape& array, const Tensor& input) {
  const auto into_planes = array_order(array, input);
  if (!into_planes) return {};
  const std::vector<std::size_t> from_planes = pixel_order(input);
  if (*into_planes == from_planes) return std::vector<std::size_t>();
  const auto size = static_cast<std::size_t>(element_count(array));
  std::vector<std::size_t> place(size), order(size);
  for (std::size_t i = 0; i < size; ++i) place[into_planes->empty() ? i : (*into_planes)[i]] = i;
  for (std::size_t i = 0; i < size; ++i) order[i] = place[from_planes.empty() ? i : from_planes[i]];
  return order;
}

InputFeed::InputFeed(const Graph& graph) {
  if (graph.inputs().empty()) user_error("the network '{}' has no input", printable(graph.name));
  name_ = graph.inputs()[0]->name;
  for (const Tensor* input : graph.inputs()) {
    if (!input->shape || input->shape->empty())
      user_error("the shape of the network's input '{}' is not known", printable(input->name));
    const std::int64_t count = element_count(*input->shape);
    parts_.push_back(
        {static_cast<std::size_t>(size_), static_cast<std::size_t>(count), pixel_order(*input)});
    size_ += count;
  }
}

void InputFeed::check(std::size_t values) const {
  if (static_cast<std::int64_t>(values) != size_)
    user_error("images of {} values do not fit the input{} '{}'", values,
               parts_.size() == 1 ? "" : "s from", printable(name_));
}

}  // namespace assay
