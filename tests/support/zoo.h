// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compile/onnx/import.h"
#include "compile/passes/cleanup/merge_models.h"
#include "compile/passes/cleanup/preprocessing.h"
#include "golden/bounds/float_check.h"
#include "golden/data/dataset.h"
#include "golden/data/npy.h"
#include "golden/exact/executor.h"

/// Networks with their makers' own results, and the images they were made on. All lies outside the
/// repository; tests skip what is not there.
namespace assay::testing {

inline std::filesystem::path shared_path(const std::filesystem::path& inside) {
  return std::filesystem::path(ASSAY_SHARED_DIR) / inside;
}

inline constexpr const char* kCifar = "data/cifar10";

/// Skips the test, and says why, where a file or folder of the shared ones is absent.
#define REQUIRE_SHARED(inside)                                         \
  if (!std::filesystem::exists(::assay::testing::shared_path(inside))) \
  GTEST_SKIP() << ::assay::testing::shared_path(inside) << " is not there"

/// A network of the zoo behind its pre-processing: takes bytes.
inline Graph zoo_graph(const std::string& net, const std::string& form, bool normalised) {
  Graph graph = import_model(shared_path("zoo") / net / ("model." + form + ".onnx"));
  const Shape shape = graph.inputs().at(0)->shape.value();
  if (normalised)
    graph = merge_models(
        normalize_graph(shape, {"0.491", "0.482", "0.446"}, {"0.247", "0.243", "0.261"}),
        std::move(graph));
  return merge_models(to_tensor_graph(shape), std::move(graph));
}

inline ExactInputData exact_image(const Dataset& set, std::int64_t image) {
  const auto bytes = set.image(image);
  return {{bytes.begin(), bytes.end()}};
}

inline FloatTensor float_image(const Dataset& set, std::int64_t image) {
  const auto bytes = set.image(image);
  return {{1, set.channels, set.height, set.width}, {bytes.begin(), bytes.end()}};
}

/// The name of a layer in PyTorch from the name of its quantiser's tensor:
/// "/blocks/blocks.0/act1/act_quant/..." is "blocks.0.act1".
inline std::string layer_of(const std::string& checkpoint) {
  const std::size_t end = checkpoint.find("/act_quant/");
  if (end == std::string::npos) return {};
  std::vector<std::string> parts;
  for (std::size_t at = 1; at < end;) {
    const std::size_t slash = std::min(checkpoint.find('/', at), end);
    std::string part = checkpoint.substr(at, slash - at);
    if (!parts.empty() && part.starts_with(parts.back() + ".")) parts.pop_back();
    parts.push_back(std::move(part));
    at = slash + 1;
  }
  std::string layer;
  for (const std::string& part : parts) layer += (layer.empty() ? "" : ".") + part;
  return layer;
}

/// What the maker's software computed behind one quantiser.
struct Recorded {
  std::int64_t images = 0;
  std::vector<std::int64_t> q;  ///< image after image
  float scale = 0;

  std::vector<std::int64_t> image(std::int64_t index) const {
    const auto size = static_cast<std::int64_t>(q.size()) / images;
    return {q.begin() + index * size, q.begin() + (index + 1) * size};
  }
};

/// Everything recorded for a network, by layer.
struct Recording {
  std::map<std::string, Recorded> layers;
  std::vector<std::int64_t> labels;  ///< the largest logit of each image
  double accuracy = 0;
  std::int64_t images = 0;  ///< with activations
};

inline std::vector<std::int64_t> recorded_labels(const std::filesystem::path& path) {
  const NpyArray logits = read_npy(path);
  const std::vector<double> values = as_float64(logits, path.string());
  const std::int64_t classes = logits.shape.at(1);
  std::vector<std::int64_t> labels;
  for (auto row = values.begin(); row != values.end(); row += classes)
    labels.push_back(std::max_element(row, row + classes) - row);
  return labels;
}

inline Recording read_recording(const std::string& net) {
  const std::filesystem::path folder = shared_path("zoo") / net;
  const nlohmann::json info = nlohmann::json::parse(std::ifstream(folder / "info.json"));
  Recording out;
  out.labels = recorded_labels(folder / "logits.npy");
  out.accuracy = info.at("label_accuracy");
  if (!std::filesystem::exists(folder / "activations")) return out;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "activations")) {
    const NpyArray array = read_npy(entry.path());
    const std::string layer = entry.path().stem().string();
    const auto& scale = info.at("quantisers").at(layer).at("scale");
    if (scale.size() != 1) user_error("{}: one scale was expected", layer);
    out.layers[layer] = {array.shape.at(0), as_int64(array, entry.path().string()),
                         scale.at(0).get<float>()};
    out.images = array.shape.at(0);
  }
  return out;
}

/// One place where the network and the recording disagree.
struct ZooDifference {
  std::string checkpoint;
  std::int64_t image = 0, element = 0;  ///< row-major within the image
  std::string expected, got;

  std::string text() const {
    return fmt::format("{}: image {}, element {}: expected {}, got {}", checkpoint, image, element,
                       expected, got);
  }
};

struct ZooComparison {
  std::int64_t predicted = 0, compared = 0;  ///< activations
  std::vector<std::string> unused;           ///< recorded layers that no checkpoint has
  std::vector<ZooDifference> differences;    ///< all of them

  std::string text() const {
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(differences.size(), 10); ++i)
      out += differences[i].text() + "\n";
    return out;
  }
};

/// The recorded integers of one image per checkpoint name.
inline std::map<std::string, std::vector<std::int64_t>> observed_image(const Graph& graph,
                                                                       const Recording& recording,
                                                                       std::int64_t image) {
  std::map<std::string, std::vector<std::int64_t>> out;
  for (const Checkpoint& checkpoint : graph.checkpoints())
    if (checkpoint.kind == Checkpoint::Kind::kActivation)
      out[checkpoint.name] = recording.layers.at(layer_of(checkpoint.name)).image(image);
  return out;
}

/// Compares scales, and the integers of every activation quantiser on the first `images` images,
/// with the recording.
inline ZooComparison compare_activations(const Graph& graph, const ExactExecutor& exact,
                                         const Recording& recording, const Dataset& set,
                                         std::int64_t images) {
  ZooComparison out;
  std::map<std::string, std::int64_t> used;
  for (const auto& [layer, recorded] : recording.layers) {
    used[layer] = 0;
    out.predicted += static_cast<std::int64_t>(recorded.q.size()) / recorded.images * images;
  }
  for (const Checkpoint& checkpoint : graph.checkpoints()) {
    const auto it = recording.layers.find(layer_of(checkpoint.name));
    if (it == recording.layers.end()) continue;
    const Real scale = Real::of(it->second.scale);
    if (!checkpoint.scale.is_scalar() || !(checkpoint.scale.values[0] == scale))
      out.differences.push_back({checkpoint.name, 0, 0, "scale " + scale.str(),
                                 "scale " + checkpoint.scale.values[0].str()});
  }
  for (std::int64_t image = 0; image < images; ++image) {
    const ExactRun run = exact.run({.inputs = {exact_image(set, image)}});
    for (const CheckpointValue& value : run.checkpoints) {
      const auto it = recording.layers.find(layer_of(value.checkpoint->name));
      if (it == recording.layers.end()) continue;
      const std::vector<std::int64_t> expected = it->second.image(image);
      used[it->first] += 1;
      if (value.q.size() != expected.size())
        user_error("{} has {} elements, recorded are {}", value.checkpoint->name, value.q.size(),
                   expected.size());
      for (std::size_t e = 0; e < expected.size(); ++e, ++out.compared)
        if (value.q[e] != expected[e])
          out.differences.push_back({value.checkpoint->name, image, static_cast<std::int64_t>(e),
                                     std::to_string(expected[e]), std::to_string(value.q[e])});
    }
  }
  for (const auto& [layer, count] : used)
    if (count != images) out.unused.push_back(layer);
  return out;
}

}  // namespace assay::testing
