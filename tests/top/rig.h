// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/temp_dir.h"
#include "compile/graph/hw_ops.h"
#include "harness/rtl/rtl_session.h"
#include "harness/rtl/top_run.h"

/// Small dataflow designs, stitched and simulated against golden.
namespace assay::top {

using Ints = std::vector<std::int64_t>;

/// Builds graphs of hardware layers that belong to partition 0. Everything has one lane unless the
/// operator says otherwise.
class Builder {
 public:
  Tensor* input(std::string_view name, Shape shape, DataType dtype);
  Tensor* constant(Shape shape, Ints values, DataType dtype);
  /// A layer of one output, called `name`, as its output is.
  template <typename T>
  Tensor* add(std::string_view name, T op, std::vector<Tensor*> inputs, DataType dtype) {
    return layer(name, std::make_unique<T>(std::move(op)), std::move(inputs), {dtype})[0];
  }
  std::vector<Tensor*> copies(Tensor* x, std::size_t count, std::int64_t lanes = 1);
  Tensor* fifo(std::string_view name, Tensor* x, std::int64_t depth, std::int64_t lanes = 1);
  /// A product with pseudo-random weights of 3 bits, PE and SIMD 1.
  Tensor* product(std::string_view name, Tensor* x, std::int64_t rows, int seed);
  Graph finish(std::vector<Tensor*> outputs);

 private:
  std::vector<Tensor*> layer(std::string_view name, std::unique_ptr<hw::HwOp> op,
                             std::vector<Tensor*> inputs, const std::vector<DataType>& dtypes);
  Graph graph_;
};

/// x [1,4,4,2] -> copies -> padded 3x3 convolution `conv`, and a FIFO `bypass` of `depth` beats ->
/// their sum `join`.
Graph residual_graph(std::int64_t depth);
/// x [1,4,4,2] -> copies -> the sum over all pixels `squeeze`, a product `excite`, and a FIFO `bypass`
/// of `depth` beats -> the product of both `gate`.
Graph gate_graph(std::int64_t depth);
/// x [1,8] -> products `first`, `second`, `third`, 8 x 8, 8 x 8, 3 x 8, with thresholds in front of
/// each but the first.
Graph dense_graph();

/// A design in a folder of its own, with golden's beats of a few frames of random pixels.
class Rig {
 public:
  explicit Rig(Graph graph, std::int64_t frames = 4, std::size_t partition = 0);
  /// Replaces text in a source; fails the test when it is not there.
  void patch(const std::string& file, const std::string& from, const std::string& to);
  /// Swaps two memory files.
  void swap_files(const std::string& a, const std::string& b);
  SimRun run(sim::Profile profile = sim::Profile::kAlways, std::vector<PlantedFault> planted = {});
  /// A run under "always" with its stamps.
  sim::Result stamped(const SimRun& run);
  /// The place of the stream that a node writes.
  std::size_t written_by(const std::string& node) const;
  std::string first_text(const SimRun& run) const {
    return run.result.first ? mismatch_text(top, *run.result.first, 0, frames_) : "none";
  }

  /// Of the design's memory files.
  std::filesystem::path memories() const { return dir_.file(top.folder); }

  const Graph graph;
  PreparedTop top;

 private:
  TempDir folder_;
  std::int64_t frames_;
  RunDir dir_;
};

/// Simulation programs stay between test runs, beside the test program.
sim::ModelCache& model_cache();

}  // namespace assay::top
