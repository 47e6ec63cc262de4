// SPDX-License-Identifier: Apache-2.0
#include "harness/run/preprocess.h"

#include <algorithm>

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

/// One image a run: what both executors take.
void set_batch_one(Graph& graph) {
  for (const Tensor* input : graph.inputs())
    if (!input->shape || input->shape->empty())
      user_error("the shape of the network's input '{}' is not known", printable(input->name));
  change_batch_size(graph, 1);
}

/// Pixels from 128 on would be other numbers in an int8 tensor.
void require_bytes(const Tensor& input) {
  if (input.container == Container::kInt8)
    user_error(
        "input '{}' is int8, which does not hold pixels of 0 to 255; give a network that makes "
        "int8 of them with --preprocess FILE.onnx",
        printable(input.name));
}

/// Integers in front of the network's own quantiser.
Graph behind_integers(const Graph& network, std::size_t place) {
  const Tensor& input = *network.inputs()[place];
  const auto quantiser = input_quantiser(network, input);
  if (!quantiser)
    user_error(
        "--preprocess quantiser: input '{}' does not go straight, and alone, into a quantiser with "
        "one scale for all; give pixels with another --preprocess",
        printable(input.name));
  return merge_models(dequantise_graph(*input.shape, quantiser->dtype, quantiser->scale,
                                       quantiser->offset, input.layout),
                      network, place);
}

/// What dequantise_graph() makes of an input.
const Tensor& dequantised(const Tensor& input) {
  const Tensor* value = &input;
  const auto of_ours = [](const Node& node) { return node.as<ops::Mul>() || node.as<ops::Add>(); };
  while (value->consumers.size() == 1 && of_ours(*value->consumers[0]))
    value = value->consumers[0]->outputs[0];
  return *value;
}

void drop_idle_quantisers(Graph& graph) {
  for (const Tensor* input : graph.inputs()) {
    const auto quantiser = input_quantiser(graph, dequantised(*input));
    if (!quantiser || !quantiser->keeps_all) continue;
    graph.replace_uses(quantiser->nodes.back()->outputs[0], quantiser->nodes.front()->inputs[0]);
    graph.remove_dead();
  }
}

/// Whether the images are floats that only the network's quantiser makes integers of.
bool holds_other_floats(const ImageChoice& images, const Graph& network) {
  const std::filesystem::path path = images.data;
  if (path.extension() != ".npy" && path.extension() != ".npz") return false;
  const ImageRange range = images.images.empty() ? ImageRange{} : parse_image_range(images.images);
  const std::vector<Dataset> sets = network.inputs().size() == 1
                                        ? std::vector<Dataset>{load_dataset(path, range)}
                                        : load_inputs(path, own_inputs(network), range);
  return std::ranges::any_of(
      sets, [](const Dataset& set) { return set.has_floats() && !holds_scaled_bytes(set); });
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

Graph Preprocess::in_front_of_input(const Graph& network, std::size_t place) const {
  const Tensor& input = *network.inputs()[place];
  const Shape& shape = *input.shape;
  if (choice_.kind == "quantiser") return behind_integers(network, place);
  if (choice_.kind == "totensor")
    return merge_models(to_tensor_graph(shape, input.layout), network, place);
  if (choice_.kind == "normalize") {
    const Graph pre = merge_models(to_tensor_graph(shape, input.layout),
                                   normalize_graph(shape, choice_.mean, choice_.std, input.layout));
    return merge_models(pre, network, place);
  }
  return network;
}

Graph Preprocess::behind_file(const Graph& network) const {
  if (network.inputs().size() != 1)
    user_error("--preprocess '{}' lies in front of one input, but the network '{}' has {}",
               printable(choice_.kind), printable(network.name), network.inputs().size());
  Graph pre = *file_;
  set_batch_one(pre);
  return merge_models(pre, network);
}

Graph Preprocess::in_front_of(const Graph& network) const {
  Graph merged = file_ ? behind_file(network) : network;
  for (std::size_t i = 0; i < merged.inputs().size(); ++i) {
    if (!file_ && merged.inputs()[i]->dtype.is_integer()) continue;
    if (!file_) merged = in_front_of_input(merged, i);
    require_bytes(*merged.inputs()[i]);
    if (choice_.kind != "quantiser") merged.inputs()[i]->dtype = DataType::uint(kPixelBits);
  }
  decide_input_layouts(merged);
  verify(merged);
  return merged;
}

Graph Preprocess::built_in_front_of(const Graph& network) const {
  Graph graph = in_front_of(network);
  if (choice_.kind == "quantiser") drop_idle_quantisers(graph);
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
  return std::ranges::all_of(graph.inputs(),
                             [](const Tensor* input) { return input->dtype.is_integer(); });
}

PreprocessChoice resolved(PreprocessChoice choice, const ImageChoice& images,
                          const Graph& network) {
  if (choice.kind != "auto") return choice;
  choice.kind = "totensor";
  bool beyond_bytes = false;
  for (const Tensor* input : network.inputs()) {
    if (input->dtype.is_integer()) continue;
    const auto quantiser = input_quantiser(network, *input);
    if (!quantiser) return choice;
    beyond_bytes = beyond_bytes || quantiser->dtype.bits > kPixelBits ||
                   (input->shape && input->shape->size() == 3);
  }
  if (starts_at_integers(network)) return choice;
  if (images.data.empty() ? beyond_bytes : holds_other_floats(images, network))
    choice.kind = "quantiser";
  return choice;
}

Graph pixel_graph(const Graph& stage, const Preprocess& preprocess) {
  Graph graph = stage;
  set_batch_one(graph);
  decide_input_layouts(graph);
  return preprocess.is_in_front_of(graph) ? graph : preprocess.in_front_of(graph);
}

}  // namespace assay
