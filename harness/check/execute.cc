// SPDX-License-Identifier: Apache-2.0
#include "harness/check/execute.h"

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/bounds/float_check.h"

namespace assay {
namespace {

/// An input that says nothing gets bytes.
ExactInput integers_of(const Tensor& input) {
  constexpr std::int64_t kByteMax = 255;
  if (!input.dtype.is_integer()) return ExactInput::integers(0, kByteMax);
  return ExactInput::integers(input.dtype.min(), input.dtype.max());
}

std::vector<ExactInput> all_integers_of(const Graph& graph) {
  std::vector<ExactInput> inputs;
  for (const Tensor* input : graph.inputs()) inputs.push_back(integers_of(*input));
  return inputs;
}

std::int64_t bytes_of(const ImageResult& result) {
  std::int64_t bytes = 0;
  for (const auto& data : result) {
    if (!data) continue;
    bytes += static_cast<std::int64_t>(data->q.bytes());
    if (data->value)
      for (const ExactValue::Term& term : data->value->terms)
        bytes += static_cast<std::int64_t>(term.q.size() * sizeof(std::int64_t));
  }
  return bytes;
}

}  // namespace

void for_each_image(std::int64_t count, const std::function<void(std::int64_t)>& body) {
  tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 1),
                    [&](const tbb::blocked_range<std::int64_t>& range) {
                      for (std::int64_t i = range.begin(); i < range.end(); ++i) body(i);
                    });
}

std::int64_t images_at_a_time() { return tbb::this_task_arena::max_concurrency(); }

bool split_images(std::int64_t count) { return count < tbb::this_task_arena::max_concurrency(); }

Shape batch_shape(Shape shape, std::int64_t images) {
  if (shape.empty() || shape[0] != 1) {
    shape.insert(shape.begin(), images);
  } else {
    shape[0] = images;
  }
  return shape;
}

std::vector<ExactInputData> exact_inputs(const InputFeed& feed,
                                         std::span<const std::int32_t> pixels) {
  std::vector<ExactInputData> inputs;
  for (std::vector<std::int64_t>& values : feed.split<std::int64_t>(pixels))
    inputs.push_back({std::move(values)});
  return inputs;
}

std::vector<FloatTensor> float_inputs(const Graph& graph, const InputFeed& feed,
                                      std::span<const std::int32_t> pixels) {
  std::vector<FloatTensor> inputs;
  for (std::vector<float>& values : feed.split<float>(pixels))
    inputs.push_back({*graph.inputs()[inputs.size()]->shape, std::move(values)});
  return inputs;
}

FloatTensor carried_reals(const Checkpoint& checkpoint, const FloatTensor& value) {
  if (carries_reals(checkpoint)) return value;
  FloatTensor reals{checkpoint.shape(), {}};
  const Shape& shape = reals.shape;
  std::vector<std::int64_t> step(value.shape.size(), 1);
  for (std::size_t axis = step.size(); axis-- > 1;) step[axis - 1] = step[axis] * value.shape[axis];
  for (std::int64_t i = 0; i < element_count(shape); ++i) {
    std::int64_t at = 0, rest = i;
    for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis])
      at += rest % shape[axis] *
            step[checkpoint.perm.empty() ? axis : static_cast<std::size_t>(checkpoint.perm[axis])];
    reals.data.push_back(
        static_cast<float>(broadcast_element(checkpoint.unit, shape, i).to_double() *
                               static_cast<double>(value.data[static_cast<std::size_t>(at)]) +
                           broadcast_element(checkpoint.shift, shape, i).to_double()));
  }
  return reals;
}

ExactPixels::ExactPixels(const Graph& graph, bool split)
    : graph_(graph),
      feed_(graph),
      executor_(graph, all_integers_of(graph), ExactOptions{.parallel = split}) {}

ImageResult ExactPixels::run(std::span<const std::int32_t> pixels) const {
  ExactRequest request;
  request.inputs = exact_inputs(feed_, pixels);
  return image_result(graph_, executor_.run(request));
}

ExactRun ExactPixels::run_all(std::span<const std::int32_t> pixels) const {
  ExactRequest request;
  request.inputs = exact_inputs(feed_, pixels);
  request.checkpoints = false;
  request.keep_all = true;
  return executor_.run(request);
}

FloatPixels::FloatPixels(const Graph& graph) : graph_(graph), feed_(graph), executor_(graph) {}

FloatImage FloatPixels::run(std::span<const std::int32_t> pixels) const {
  std::unordered_map<const Tensor*, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < graph_.checkpoints().size(); ++i)
    places[graph_.checkpoints()[i].tensor].push_back(i);
  FloatImage image(graph_.checkpoints().size());
  const auto observe = [&](const Tensor& tensor, const FloatTensor& value) {
    const auto found = places.find(&tensor);
    if (found == places.end()) return;
    for (const std::size_t place : found->second) {
      const Checkpoint& checkpoint = graph_.checkpoints()[place];
      FloatTensor reals = carried_reals(checkpoint, value);
      if (checkpoint.has_map) {
        image[place].q = PackedInts(checkpoint_integers(checkpoint, reals));
      } else {
        image[place].values = std::move(reals.data);
      }
    }
  };
  executor_.run(float_inputs(graph_, feed_, pixels), observe);
  return image;
}

ReferenceResults::ReferenceResults(std::int64_t images, std::int64_t byte_limit, Compute compute)
    : compute_(std::move(compute)),
      kept_(static_cast<std::size_t>(images)),
      byte_limit_(byte_limit) {}

const ImageResult& ReferenceResults::get(std::int64_t image, ImageResult& scratch) {
  std::unique_ptr<const ImageResult>& slot = kept_.at(static_cast<std::size_t>(image));
  if (slot) return *slot;
  ImageResult result = compute_(image);
  const std::int64_t bytes = bytes_of(result);
  if (bytes_.fetch_add(bytes) + bytes > byte_limit_) {
    bytes_ -= bytes;
    scratch = std::move(result);
    return scratch;
  }
  slot = std::make_unique<const ImageResult>(std::move(result));
  return *slot;
}

}  // namespace assay
