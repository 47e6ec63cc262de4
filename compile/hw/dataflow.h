// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/hw/layer.h"

namespace assay {

/// One end of a stream: stream `port` of a layer's inputs or outputs; no node: the outside.
struct StreamEnd {
  const Node* node = nullptr;
  std::size_t port = 0;
};

/// A stream between two layers of a partition, or between one and the outside. Views on the way are
/// no hardware.
struct DataflowStream {
  StreamEnd writer, reader;
  const Tensor* tensor = nullptr;  ///< as the reader sees it, without a reader as the writer does
};

/// A partition's layers and the streams between them.
struct Dataflow {
  std::vector<const Node*> nodes;  ///< in topological order
  std::unordered_map<const Node*, hw::Layer> layers;
  std::vector<DataflowStream> streams;  ///< by reader, those that leave last

  const hw::Layer& layer(const Node* node) const { return layers.at(node); }
  /// The stream as its writer, or as its reader has it. Precondition: there is one.
  const hw::Stream& written(const DataflowStream& stream) const {
    return layer(stream.writer.node).outputs[stream.writer.port];
  }
  const hw::Stream& read(const DataflowStream& stream) const {
    return layer(stream.reader.node).inputs[stream.reader.port];
  }
};

}  // namespace assay
