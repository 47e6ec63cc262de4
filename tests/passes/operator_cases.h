// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "passes/streamline_net.h"

/// One small network per operator of compile/graph/ops.h.
namespace assay {

struct OperatorCase {
  std::string_view type;
  Shape input;   ///< of integers of two bits
  bool ends;     ///< nothing real comes of it that a quantiser could take
  bool integer;  ///< stands in integer graphs only
  Tensor* (*make)(PixelNet& net, Tensor* x);  ///< its (first used) output
};
/// One of each type.
std::span<const OperatorCase> operator_cases();
/// The case of an operator, or null.
const OperatorCase* find_case(const OpInfo& info);

/// A network around the case's node, which is named "tested".
struct OperatorNet {
  PixelNet net;
  Node* node = nullptr;
  explicit OperatorNet(const OperatorCase& made, bool quantised = false);
  Graph& graph() { return net.graph; }
};

/// The operators of the registry that are no hardware layers.
std::vector<const OpInfo*> imported_operators();

}  // namespace assay
