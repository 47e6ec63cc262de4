// SPDX-License-Identifier: Apache-2.0
#include "harness/execute.h"

#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <unordered_map>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::int64_t kPixelMax = 255;

const Tensor& only_input(const Graph& graph) {
  if (graph.inputs().size() != 1)
    user_error("the network has {} inputs; only networks with one input can be run on images",
               graph.inputs().size());
  return *graph.inputs()[0];
}

void check_pixels(const Graph& graph, std::size_t count) {
  const Tensor& input = only_input(graph);
  ASSAY_INVARIANT(input.shape && element_count(*input.shape) == static_cast<std::int64_t>(count),
                  "an image does not fit the network's input");
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

bool split_images(std::int64_t count) { return count < tbb::this_task_arena::max_concurrency(); }

ExactPixels::ExactPixels(const Graph& graph, bool split)
    : graph_(graph),
      executor_((only_input(graph), graph), {ExactInput::integers(0, kPixelMax)},
                ExactOptions{.parallel = split}) {}

ImageResult ExactPixels::run(std::span<const std::uint8_t> pixels) const {
  check_pixels(graph_, pixels.size());
  ExactRequest request;
  request.inputs = {{std::vector<std::int64_t>(pixels.begin(), pixels.end())}};
  return image_result(graph_, executor_.run(request));
}

FloatPixels::FloatPixels(const Graph& graph)
    : graph_(graph), executor_((only_input(graph), graph)) {}

FloatImage FloatPixels::run(std::span<const std::uint8_t> pixels) const {
  check_pixels(graph_, pixels.size());
  std::unordered_map<const Tensor*, std::vector<std::size_t>> places;
  for (std::size_t i = 0; i < graph_.checkpoints().size(); ++i)
    places[graph_.checkpoints()[i].tensor].push_back(i);
  FloatImage image(graph_.checkpoints().size());
  const auto observe = [&](const Tensor& tensor, const FloatTensor& value) {
    const auto found = places.find(&tensor);
    if (found == places.end()) return;
    for (const std::size_t place : found->second) {
      const Checkpoint& checkpoint = graph_.checkpoints()[place];
      if (checkpoint.has_map) {
        image[place].q = PackedInts(checkpoint_integers(checkpoint, value));
      } else {
        image[place].values = value.data;
      }
    }
  };
  executor_.run({FloatTensor{*graph_.inputs()[0]->shape, {pixels.begin(), pixels.end()}}}, observe);
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
