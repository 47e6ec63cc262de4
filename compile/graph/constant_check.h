// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compile/graph/constant.h"
#include "compile/graph/datatype.h"

namespace assay {

/// Whether a float32 constant is quickly seen to hold only integers of `type`, in a pass without
/// branches over what may be millions of weights. False says nothing: look at each element.
bool surely_within(const Constant& constant, const DataType& type);

}  // namespace assay
