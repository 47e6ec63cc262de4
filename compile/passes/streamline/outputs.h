// SPDX-License-Identifier: Apache-2.0
// Internal to streamlining: where the graph ends, and what is compared.
#pragma once

#include "compile/passes/streamline/planner.h"

namespace assay::streamline {

/// The tensor of the old graph as real numbers, made once.
Tensor* real_tensor(Planner& planner, const Tensor* old);
/// The same of a value.
Tensor* materialise(Planner& planner, const Value& value);
/// One integer tensor for a real output: several terms over a common unit per element (tail.cc).
Value integer_output(Planner& planner, const Value& real, const std::string& name);
/// The same whose integers are in the order of the reals everywhere.
Value ordered_output(Planner& planner, const Value& real, const std::string& name);

/// Outputs of the old graph become outputs of the new one.
void finish_outputs(Planner& planner);
/// The checkpoint of the old graph in the new one, with what its integers mean.
void carry_checkpoint(Planner& planner, const Checkpoint& old);

}  // namespace assay::streamline
