// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compile/backend/host/stream_layout.h"
#include "compile/passes/cleanup/host_tail.h"

namespace assay {

/// A training of a network as a host has to know it.
struct HostTraining {
  Graph layers;   ///< as stage `partition` has them, with the checkpoints
  Graph left;     ///< the network in front of the tail, as it is imported
  HostTail tail;  ///< what is left to the host
};

/// Streams of an accelerator that `ours` was built for, with what their integers mean in `theirs`. UserError where the stages do not have the same checkpoints.
std::vector<host::StreamLayout> retrained(std::vector<host::StreamLayout> streams, bool inputs,
                                          const Graph& ours, const Graph& theirs);

/// host::training_json() of a training, joined to the streams (join_tail()).
std::string training_text(const std::vector<host::StreamLayout>& inputs,
                          const std::vector<host::StreamLayout>& outputs,
                          const HostTraining& training);

/// UserError where the host does other things with the results of one
/// than of the other: other operators or settings, other shapes, connected in another way.
/// `ours` and `theirs` are texts of trainings.
void require_same_work(std::string_view ours, std::string_view theirs);

}  // namespace assay
