// SPDX-License-Identifier: Apache-2.0
#include "harness/run/preprocess.h"

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/change_batch_size.h"
#include "compile/passes/cleanup/merge_models.h"
#include "compile/passes/cleanup/preprocessing.h"

namespace assay {
namespace {

constexpr int kPixelBits = 8;

const Tensor& only_input(const Graph& graph) {
  if (graph.inputs().size() != 1)
    user_error("the network '{}' has {} inputs; only networks with one input can be run on images",
               printable(graph.name), graph.inputs().size());
  const Tensor& input = *graph.inputs()[0];
  if (!input.shape || input.shape->empty())
    user_error("the shape of the network's input '{}' is not known", printable(input.name));
  return input;
}

/// One image a run: what both executors take.
void set_batch_one(Graph& graph) {
  if (only_input(graph).shape->front() != 1) change_batch_size(graph, 1);
}

/// Pixels from 128 on would be other numbers in an int8 tensor.
void require_bytes(const Graph& graph) {
  const Tensor& input = *graph.inputs().at(0);
  if (input.container == Container::kInt8)
    user_error(
        "input '{}' is int8, which does not hold pixels of 0 to 255; give a network that makes "
        "int8 of them with --preprocess FILE.onnx",
        printable(input.name));
}

}  // namespace

Preprocess::Preprocess(PreprocessChoice choice) : choice_(std::move(choice)) {
  const bool normalize = choice_.kind == "normalize";
  if (!normalize && (!choice_.mean.empty() || !choice_.std.empty()))
    user_error("--mean and --std go with --preprocess normalize, not with '{}'",
               printable(choice_.kind));
  if (normalize && choice_.mean.empty()) choice_.mean = {"0.4914", "0.4822", "0.4465"};
  if (normalize && choice_.std.empty()) choice_.std = {"0.2470", "0.2435", "0.2616"};
  if (normalize || choice_.kind == "totensor" || choice_.kind == "none") return;
  if (!choice_.kind.ends_with(".onnx"))
    user_error("--preprocess must be totensor, normalize, none or an .onnx file, not '{}'",
               printable(choice_.kind));
  file_ = import_model(choice_.kind);
}

Graph Preprocess::in_front_of(const Graph& network) const {
  const Shape& shape = *only_input(network).shape;
  Graph merged;
  if (file_) {
    Graph pre = *file_;
    set_batch_one(pre);
    merged = merge_models(pre, network);
  } else if (choice_.kind == "totensor") {
    merged = merge_models(to_tensor_graph(shape), network);
  } else if (choice_.kind == "normalize") {
    const Graph pre =
        merge_models(to_tensor_graph(shape), normalize_graph(shape, choice_.mean, choice_.std));
    merged = merge_models(pre, network);
  } else {
    merged = network;
  }
  require_bytes(merged);
  merged.inputs().at(0)->dtype = DataType::uint(kPixelBits);
  verify(merged);
  return merged;
}

report::Preprocess Preprocess::identity() const {
  report::Preprocess identity{choice_.kind, {}, {}, {}};
  if (file_) {
    identity.kind = "file";
    identity.graph_sha256 = sha256(to_text(*file_));
  } else if (choice_.kind == "normalize") {
    identity.mean = choice_.mean;
    identity.std = choice_.std;
  }
  return identity;
}

bool starts_at_pixels(const Graph& graph) {
  return graph.inputs().size() == 1 && graph.inputs()[0]->dtype == DataType::uint(kPixelBits);
}

Graph pixel_graph(const Graph& stage, const Preprocess& preprocess) {
  Graph graph = stage;
  set_batch_one(graph);
  if (!starts_at_pixels(graph)) return preprocess.in_front_of(graph);
  require_bytes(graph);
  return graph;
}

}  // namespace assay
