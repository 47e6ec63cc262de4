// SPDX-License-Identifier: Apache-2.0
#include "harness/run/preprocess.h"

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/import.h"
#include "compile/passes/cleanup/change_batch_size.h"
#include "compile/passes/cleanup/infer_data_layouts.h"
#include "compile/passes/cleanup/merge_models.h"
#include "compile/passes/cleanup/preprocessing.h"
#include "harness/run/input_quantiser.h"

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

/// Integers in front of the network's own quantiser.
Graph behind_integers(const Graph& network) {
  const Tensor& input = only_input(network);
  const auto quantiser = input_quantiser(network, input);
  if (!quantiser)
    user_error(
        "--preprocess quantiser: input '{}' does not go straight, and alone, into a quantiser with "
        "one scale for all; give pixels with another --preprocess",
        printable(input.name));
  return merge_models(dequantise_graph(*input.shape, quantiser->dtype, quantiser->scale,
                                       quantiser->offset, input.layout),
                      network);
}

/// What dequantise_graph() makes of the graph's input.
const Tensor& dequantised(const Graph& graph) {
  const Tensor* value = graph.inputs()[0];
  const auto of_ours = [](const Node& node) { return node.as<ops::Mul>() || node.as<ops::Add>(); };
  while (value->consumers.size() == 1 && of_ours(*value->consumers[0]))
    value = value->consumers[0]->outputs[0];
  return *value;
}

void drop_idle_quantiser(Graph& graph) {
  const auto quantiser = input_quantiser(graph, dequantised(graph));
  if (!quantiser || !quantiser->keeps_all) return;
  graph.replace_uses(quantiser->nodes.back()->outputs[0], quantiser->nodes.front()->inputs[0]);
  graph.remove_dead();
}

/// Whether the images are floats that only the network's quantiser makes integers of.
bool holds_other_floats(const ImageChoice& images) {
  const std::filesystem::path path = images.data;
  if (path.extension() != ".npy" && path.extension() != ".npz") return false;
  const Dataset set =
      load_dataset(path, images.images.empty() ? ImageRange{} : parse_image_range(images.images));
  return set.has_floats() && !holds_scaled_bytes(set);
}

}  // namespace

Preprocess::Preprocess(PreprocessChoice choice) : choice_(std::move(choice)) {
  const bool normalize = choice_.kind == "normalize";
  if (!normalize && (!choice_.mean.empty() || !choice_.std.empty()))
    user_error("--mean and --std go with --preprocess normalize, not with '{}'",
               printable(choice_.kind));
  if (normalize && choice_.mean.empty()) choice_.mean = {"0.4914", "0.4822", "0.4465"};
  if (normalize && choice_.std.empty()) choice_.std = {"0.2470", "0.2435", "0.2616"};
  if (choice_.kind == "auto") choice_.kind = "totensor";
  if (normalize || choice_.kind == "totensor" || choice_.kind == "none" ||
      choice_.kind == "quantiser")
    return;
  if (!choice_.kind.ends_with(".onnx"))
    user_error(
        "--preprocess must be auto, totensor, normalize, none, quantiser or an .onnx file, not "
        "'{}'",
        printable(choice_.kind));
  file_ = import_model(choice_.kind);
}

Graph Preprocess::in_front_of(const Graph& network) const {
  const Tensor& input = only_input(network);
  const Shape& shape = *input.shape;
  Graph merged;
  if (file_) {
    Graph pre = *file_;
    set_batch_one(pre);
    merged = merge_models(pre, network);
  } else if (choice_.kind == "quantiser") {
    merged = behind_integers(network);
  } else if (choice_.kind == "totensor") {
    merged = merge_models(to_tensor_graph(shape, input.layout), network);
  } else if (choice_.kind == "normalize") {
    const Graph pre = merge_models(to_tensor_graph(shape, input.layout),
                                   normalize_graph(shape, choice_.mean, choice_.std, input.layout));
    merged = merge_models(pre, network);
  } else {
    merged = network;
  }
  require_bytes(merged);
  if (choice_.kind != "quantiser") merged.inputs().at(0)->dtype = DataType::uint(kPixelBits);
  decide_input_layouts(merged);
  verify(merged);
  return merged;
}

Graph Preprocess::built_in_front_of(const Graph& network) const {
  Graph graph = in_front_of(network);
  if (choice_.kind == "quantiser") drop_idle_quantiser(graph);
  verify(graph);
  return graph;
}

/// A file may make the integers of a network of bytes that are pixels.
bool Preprocess::is_in_front_of(const Graph& graph) const {
  if (!starts_at_integers(graph)) return false;
  return !file_ || graph.inputs()[0]->dtype == DataType::uint(kPixelBits);
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

bool starts_at_integers(const Graph& graph) {
  return graph.inputs().size() == 1 && graph.inputs()[0]->dtype.is_integer();
}

PreprocessChoice resolved(PreprocessChoice choice, const ImageChoice& images,
                          const Graph& network) {
  if (choice.kind != "auto") return choice;
  choice.kind = "totensor";
  if (network.inputs().size() != 1 || starts_at_integers(network)) return choice;
  const Tensor& input = *network.inputs()[0];
  const auto quantiser = input_quantiser(network, input);
  if (!quantiser) return choice;
  const bool beyond_bytes =
      quantiser->dtype.bits > kPixelBits || (input.shape && input.shape->size() == 3);
  if (images.data.empty() ? beyond_bytes : holds_other_floats(images)) choice.kind = "quantiser";
  return choice;
}

Graph pixel_graph(const Graph& stage, const Preprocess& preprocess) {
  Graph graph = stage;
  set_batch_one(graph);
  decide_input_layouts(graph);
  return preprocess.is_in_front_of(graph) ? graph : preprocess.in_front_of(graph);
}

}  // namespace assay
