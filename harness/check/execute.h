// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/graph.h"
#include "golden/exact/executor.h"
#include "golden/floating/executor.h"
#include "harness/check/comparison.h"
#include "harness/run/pixel_order.h"

namespace assay {

/// Calls body(i) for every i in [0, count), in parallel. An exception of any of them ends the loop
/// and is thrown on.
void for_each_image(std::int64_t count, const std::function<void(std::int64_t)>& body);

/// What `body` gives; a UserError of it begins with the image's number.
template <typename Body>
auto of_image(std::int64_t image, const Body& body) {
  try {
    return body();
  } catch (const UserError& error) {
    user_error("image {}: {}", image, error.what());
  }
}

/// All values of an image may be many: how many are held for several threads.
std::int64_t images_at_a_time();

/// Whether single images should be split over threads because there are too few of them.
bool split_images(std::int64_t count);

/// The shape for all images of a tensor of one image, as arrays in files have it.
Shape batch_shape(Shape shape, std::int64_t images);

/// The float32 reals of a checkpoint, in its own order of axes, from the tensor that carries it.
FloatTensor carried_reals(const Checkpoint& checkpoint, const FloatTensor& value);

/// An image as the executors take it.
std::vector<ExactInputData> exact_inputs(const InputFeed& feed,
                                         std::span<const std::int32_t> pixels);
std::vector<FloatTensor> float_inputs(const Graph& graph, const InputFeed& feed,
                                      std::span<const std::int32_t> pixels);

/// A network with integers of their data types as its inputs, raw 8-bit pixels where that is none,
/// batch size 1, in the exact reference. Images come as InputFeed says. The graph must outlive it.
class ExactPixels {
 public:
  ExactPixels(const Graph& graph, bool split);
  /// All checkpoints of one image. Thread-safe.
  ImageResult run(std::span<const std::int32_t> pixels) const;
  /// The value of every tensor on one image, and no checkpoints. Thread-safe.
  ExactRun run_all(std::span<const std::int32_t> pixels) const;
  const ExactExecutor& executor() const { return executor_; }

 private:
  const Graph& graph_;
  InputFeed feed_;
  ExactExecutor executor_;
};

/// Calls make(i) for every i in [0, count), several at a time, and take() with what each gave, one by one
/// in their order, while none is made.
template <typename Make, typename Take>
void in_order(std::int64_t count, const Make& make, const Take& take) {
  using Made = std::invoke_result_t<Make, std::int64_t>;
  const std::int64_t at_a_time = images_at_a_time();
  for (std::int64_t first = 0; first < count; first += at_a_time) {
    std::vector<Made> made(static_cast<std::size_t>(std::min(at_a_time, count - first)));
    for_each_image(std::ssize(made),
                   [&](std::int64_t i) { made[static_cast<std::size_t>(i)] = make(first + i); });
    for (Made& one : made) take(std::move(one));
  }
}

/// One image's checkpoints in the float reference, in the order of the graph's list: integers where
/// the checkpoint has a map, else floats.
struct FloatCheckpoint {
  PackedInts q;
  std::vector<float> values;
};
using FloatImage = std::vector<FloatCheckpoint>;

/// The same network in the float reference.
class FloatPixels {
 public:
  explicit FloatPixels(const Graph& graph);
  FloatImage run(std::span<const std::int32_t> pixels) const;

 private:
  const Graph& graph_;
  InputFeed feed_;
  FloatExecutor executor_;
};

/// Results of images that are needed more than once: kept while they fit, recomputed otherwise.
/// Threads may ask for different images at the same time.
class ReferenceResults {
 public:
  using Compute = std::function<ImageResult(std::int64_t image)>;
  ReferenceResults(std::int64_t images, std::int64_t byte_limit, Compute compute);
  /// Either the kept result or `scratch`, filled.
  const ImageResult& get(std::int64_t image, ImageResult& scratch);

 private:
  Compute compute_;
  std::vector<std::unique_ptr<const ImageResult>> kept_;
  std::int64_t byte_limit_;
  std::atomic<std::int64_t> bytes_ = 0;
};

}  // namespace assay
