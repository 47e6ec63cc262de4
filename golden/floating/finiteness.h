// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "golden/floating/kernels.h"

namespace assay {

/// Follows through a run what is no finite number. Infinity inside a network is what float32 has for
/// a large number, and a later node may take it so; NaN is the value of nothing.
class Finiteness {
 public:
  /// UserError where an input holds infinity or NaN.
  static void check_input(const Tensor& input, const FloatTensor& value);
  /// Looks at what a node made. UserError, naming the node where numbers first were none, for NaN.
  void made(const Node& node, const Tensor& tensor, const FloatTensor& result,
            const FloatInputs& operands);
  /// The same error where an output of the network holds infinity.
  void check_output(const Tensor& output) const;

 private:
  std::unordered_map<const Tensor*, std::string>
      first_;  ///< where it began, of tensors that have it
};

}  // namespace assay
