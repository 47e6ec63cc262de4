// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compile/graph/graph.h"
#include "harness/report/parts.h"
#include "harness/run/images.h"

namespace assay {

/// How raw pixels become the network's input.
struct PreprocessChoice {
  /// "totensor", "normalize", "none", "quantiser", the path of an ONNX file, or "auto", which is
  /// "totensor" until resolved() has looked at network and images.
  std::string kind = "auto";
  /// Decimals per channel, for "normalize"; empty: CIFAR-10's.
  std::vector<std::string> mean = {}, std = {};
};

/// The pre-processing graph of a choice.
class Preprocess {
 public:
  /// UserError when the choice is malformed or its file cannot be imported.
  explicit Preprocess(PreprocessChoice choice);

  /// The network with the pre-processing in front: its input is raw pixels, annotated UINT8, or the
  /// integers of the network's own input quantiser; so at each of several inputs that takes no integers
  /// yet. Needs inputs of known shapes, and a file one input.
  Graph in_front_of(const Graph& network) const;
  /// The same for the compiler: a quantiser that only gets its own integers is left out.
  Graph built_in_front_of(const Graph& network) const;
  /// Whether it is there already, or nothing has to be: the graph takes integers.
  bool is_in_front_of(const Graph& graph) const;
  /// What identifies the choice in reports; for a file, its content.
  report::Preprocess identity() const;

 private:
  Graph in_front_of_input(const Graph& network, std::size_t place) const;
  Graph behind_file(const Graph& network) const;

  PreprocessChoice choice_;
  std::optional<Graph> file_;
};

/// Whether the graph takes integers already, such as raw pixels: all inputs are annotated so.
bool starts_at_integers(const Graph& graph);

/// "auto" as what it stands for: "quantiser" where each of the network's inputs of reals goes straight into
/// a quantiser and either the images are floats other than pixel / 255, or none are given and bytes would not reach
/// all of it (more than 8 bits, or no pictures: three axes); else "totensor".
PreprocessChoice resolved(PreprocessChoice choice, const ImageChoice& images, const Graph& network);

/// A stage as the executors run it: from integers, batch size 1, shapes known, the layout of its input
/// decided.
Graph pixel_graph(const Graph& stage, const Preprocess& preprocess);

}  // namespace assay
