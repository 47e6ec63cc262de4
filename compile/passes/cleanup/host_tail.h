// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "compile/graph/graph.h"

namespace assay {

/// The last operator in front of an output, but for movements of data, that is left to the host.
struct HostTail {
  std::size_t output = 0;  ///< index among the graph's outputs
  std::string name;        ///< of the output, as the model has it
  std::string label;       ///< of the node: "node 'prob' (Softmax)"
  std::shared_ptr<const Op> op;
};

/// Takes Softmax, LogSoftmax and functions that rise (Sigmoid, ...) off the ends of a network: each
/// output that such a node makes, and that nothing else reads, becomes what the node takes. They
/// keep the order of the classes, so that labels are those of the whole network; their values are
/// real numbers, which the host computes from what the accelerator puts out. A Softmax over another
/// axis than the classes' stays where labels would come of it: along it, the order is not kept.
std::vector<HostTail> take_off_tail(Graph& graph);

/// Takes ArgMax, ArgMin and TopK of a map off, as of the classes of each pixel, with the movements of
/// data around them: one row alone has a layer that ranks. The map that they rank becomes the output.
std::vector<HostTail> take_off_rankings(Graph& graph);

}  // namespace assay
