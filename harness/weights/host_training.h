// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "compile/backend/host/stream_layout.h"
#include "compile/passes/cleanup/host_tail.h"

namespace assay {

/// A training of a network as a host has to know it.
struct HostTraining {
  Graph layers;   ///< as stage `partition` has them, with the checkpoints
  HostTail tail;  ///< what is left to the host
};

/// Streams of an accelerator that `ours` was built for, as they are with the weights of `theirs`: what integers
/// mean and whose tensors they are. UserError where the stages do not have the same checkpoints.
std::vector<host::StreamLayout> retrained(std::vector<host::StreamLayout> streams, bool inputs,
                                          const Graph& ours, const Graph& theirs);

/// host::training_json() of `theirs`. UserError where the host does other things with the results of one
/// than of the other: other operators or settings, other shapes, connected in another way.
std::string training_text(const std::vector<host::StreamLayout>& inputs,
                          const std::vector<host::StreamLayout>& outputs, const HostTraining& ours,
                          const HostTraining& theirs);

}  // namespace assay
