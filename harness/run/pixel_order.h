// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The shape without its axes of one element, which name no place.
Shape without_ones(Shape shape);

/// Channels, rows and columns of the images that an input takes: by its layout where it has four axes,
/// or three (one row), else one row of all elements.
std::array<std::int64_t, 3> picture_shape(const Tensor& input);

/// Where each element of the input lies in an image of planes (channel, row, column): moved where
/// the input's layout has the channels last, empty where the order is the same.
std::vector<std::size_t> pixel_order(const Tensor& input);

/// Where each element of an array, of one image and of this shape, belongs in its planes: the array has
/// the input's axes, or its channels first or last, or one row of all elements in the input's order;
/// axes of one element do not matter. Empty where the order is the same, nothing where it does not fit.
std::optional<std::vector<std::size_t>> array_order(const Shape& array, const Tensor& input);
/// Where each element of the input lies in such an array.
std::optional<std::vector<std::size_t>> own_order(const Shape& array, const Tensor& input);

/// An image's pixels in such an order.
template <typename T>
std::vector<T> ordered_pixels(std::span<const std::int32_t> pixels,
                              const std::vector<std::size_t>& order) {
  std::vector<T> values;
  values.reserve(pixels.size());
  if (order.empty())
    for (const std::int32_t pixel : pixels) values.push_back(static_cast<T>(pixel));
  for (const std::size_t at : order) values.push_back(static_cast<T>(pixels[at]));
  return values;
}

/// How an image becomes the inputs of a network: as planes for one, and one input after another, in the
/// graph's order, for several.
class InputFeed {
 public:
  /// UserError where the shape of an input is not known.
  explicit InputFeed(const Graph& graph);

  std::int64_t size() const { return size_; }  ///< values of an image
  /// The values of every input in its own order. UserError where an image has another number of values:
  /// a stage's file may have been replaced by another network.
  template <typename T>
  std::vector<std::vector<T>> split(std::span<const std::int32_t> pixels) const {
    check(pixels.size());
    std::vector<std::vector<T>> inputs;
    for (const Part& part : parts_)
      inputs.push_back(ordered_pixels<T>(pixels.subspan(part.first, part.count), part.order));
    return inputs;
  }

 private:
  struct Part {
    std::size_t first = 0, count = 0;
    std::vector<std::size_t> order;
  };
  void check(std::size_t values) const;

  std::string name_;  ///< of the first input
  std::vector<Part> parts_;
  std::int64_t size_ = 0;
};

}  // namespace assay
