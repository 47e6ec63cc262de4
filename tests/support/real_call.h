// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/graph.h"
#include "compile/graph/ops.h"
#include "support/real_tensor.h"

namespace assay::real_eval {

/// A node together with the values of its inputs.
class Call {
 public:
  Call(const Node& node, std::vector<const RealTensor*> inputs)
      : node_(&node), inputs_(std::move(inputs)) {}
  const Node& node() const { return *node_; }
  template <typename T>
  const T& op() const {
    return *node_->as<T>();
  }
  bool has(std::size_t index) const { return index < inputs_.size() && inputs_[index]; }
  const RealTensor& input(std::size_t index) const {
    if (!has(index)) user_error("{}: input {} is missing", node_->label(), index);
    return *inputs_[index];
  }
  std::size_t input_count() const { return inputs_.size(); }

 private:
  const Node* node_;
  std::vector<const RealTensor*> inputs_;
};

}  // namespace assay::real_eval
