// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "compile/graph/graph.h"

namespace assay {

/// Which node of a model's file the nodes of its stages came from. Stages need not say it: import and
/// cleanup of the model, made again, do.
class Origins {
 public:
  /// Of a file that cannot be imported, or cleaned up, as far as it goes.
  Origins(std::string_view bytes, const std::filesystem::path& path);

  /// `message` with ", in the model: node 'conv1' (Conv)" behind every "node 'Conv_0_pad' (FMPadding)"
  /// that the file calls otherwise. `cleaned`: it speaks of a graph after cleanup, which may have nodes
  /// that come from none of the file: of pre-processing, of labels.
  std::string told(std::string_view message, bool cleaned) const;

 private:
  using Labels = std::map<std::string, std::string, std::less<>>;  ///< by the node's name
  static const std::string* find(const Labels& labels, std::string_view name);

  Labels imported_, cleaned_;
};

/// A refusal of the exact reference. Where it is about numbers that are too large or not quantised, and
/// a layer without a quantiser reaches the node that it names, that layer and what to do come first.
std::string with_cause(const Graph& graph, const std::string& message);

}  // namespace assay
