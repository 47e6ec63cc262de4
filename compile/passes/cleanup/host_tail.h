// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// An output of a network that the host computes of what the accelerator puts out.
struct HostOutput {
  std::size_t output = 0;          ///< its place among the outputs of the network
  std::string name;                ///< its name
  std::vector<std::string> nodes;  ///< labels of what makes it, in order: "node 'prob' (Softmax)"
};

/// What the host computes behind an accelerator.
struct HostTail {
  /// Takes outputs of the network that is left, under their names, and puts out `outputs`, in their
  /// order.
  Graph graph;
  std::vector<HostOutput> outputs;
  /// For each output of the network: its place among those of `graph`, where the host makes it, else
  /// among those of the network that is left.
  std::vector<std::size_t> places;

  bool empty() const { return outputs.empty(); }
  bool makes(std::size_t output) const;  ///< whether it is one of `outputs`
};

enum class HostWork : std::uint8_t {
  kReals,  ///< only what makes real numbers that are no sums of scaled integers
  kAll  ///< what the accelerator leaves to the host: these; rankings of maps and what reads ranks, too
};

/// Cuts off the end of a network what only the host computes:
/// - Softmax, LogSoftmax and functions (Sigmoid, ...) that no quantiser takes on the way to an output,
///   with all that is made of them there, as long as that is no product with weights; behind Softmax a
///   quantiser, too;
/// - with kAll also ArgMax, ArgMin and TopK of a map, as of the classes of each pixel, with the
///   movements in front of them; and what computes with the ranks of a row (Cast, ...);
/// - the values of TopK.
/// What these read becomes an output in their place. Where one row of classes is left of a network of one
/// output, and the host does not keep their order, its checkpoint is of Kind::kValues: labels mean what
/// the network puts out. Batch and shapes must be known; checkpoints behind the cut are dropped
/// (complete_checkpoints() adds those of the new outputs).
///
/// A ranking of which only the indices are read reads in front of Softmax, LogSoftmax and functions
/// that rise, and of the movements between: as real numbers they have the same order.
HostTail take_off_tail(Graph& graph, HostWork work = HostWork::kAll);

}  // namespace assay
