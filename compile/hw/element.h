// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/hw/layer.h"

namespace assay::hw {

/// How a module is told the data type of a port's elements: <prefix>Bits, <prefix>Signed and
/// <prefix>Bipolar.
inline std::vector<Parameter> element_parameters(const std::string& prefix, const DataType& dtype) {
  const bool bipolar = dtype.kind == DataType::Kind::kBipolar;
  return {{prefix + "Bits", dtype.bits},
          {prefix + "Signed", dtype.is_signed()},
          {prefix + "Bipolar", bipolar}};
}

/// UserError when a layer that only moves elements would have to change their data type.
inline void check_same_type(const Node& node, const Stream& input, const Stream& output) {
  if (input.dtype == output.dtype) return;
  layer_error(node, fmt::format("it moves {} from '{}' to '{}' as {}; give both the same data type",
                                input.dtype.name(), printable(input.tensor->name),
                                printable(output.tensor->name), output.dtype.name()));
}

/// UserError when an output holds the results of arithmetic but is BIPOLAR.
inline void check_no_bipolar(const Node& node, const Stream& output) {
  if (output.dtype.kind != DataType::Kind::kBipolar) return;
  layer_error(node, fmt::format("its output '{}' cannot be BIPOLAR; use INT2",
                                printable(output.tensor->name)));
}

}  // namespace assay::hw
