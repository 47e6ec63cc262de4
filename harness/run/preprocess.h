// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "harness/report/parts.h"

namespace assay {

/// How raw pixels become the network's input.
struct PreprocessChoice {
  std::string kind = "totensor";  ///< "totensor", "normalize", "none", or the path of an ONNX file
  std::vector<std::string> mean, std;  ///< decimals per channel, for "normalize"; empty: CIFAR-10's
};

/// The pre-processing graph of a choice.
class Preprocess {
 public:
  /// UserError when the choice is malformed or its file cannot be imported.
  explicit Preprocess(PreprocessChoice choice);

  /// The network with the pre-processing in front: its input is raw pixels, annotated UINT8. Needs
  /// one input of known shape.
  Graph in_front_of(const Graph& network) const;
  /// What identifies the choice in reports; for a file, its content.
  report::Preprocess identity() const;

 private:
  PreprocessChoice choice_;
  std::optional<Graph> file_;
};

/// Whether the graph takes raw pixels already: its input is annotated UINT8.
bool starts_at_pixels(const Graph& graph);

/// A stage as the executors run it: from raw pixels, batch size 1, shapes known.
Graph pixel_graph(const Graph& stage, const Preprocess& preprocess);

}  // namespace assay
