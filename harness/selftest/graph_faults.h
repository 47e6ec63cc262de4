// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/selftest/draw.h"

/// Faults in a network, a model or a stage. Each reads it, changes one thing so that it still is a
/// network that verify() accepts, and writes it again.
namespace assay {

std::optional<Edit> change_weight(const std::string& bytes, Draw& draw);
/// A scale, a zero point, a bit width.
std::optional<Edit> change_scalar(const std::string& bytes, Draw& draw);
std::optional<Edit> change_attribute(const std::string& bytes, Draw& draw);
/// A node reads another tensor of the same shape and type.
std::optional<Edit> rewire_input(const std::string& bytes, Draw& draw);
/// An output of the network is another tensor of the same shape.
std::optional<Edit> rewire_output(const std::string& bytes, Draw& draw);
std::optional<Edit> drop_checkpoint(const std::string& bytes, Draw& draw);
std::optional<Edit> rename_checkpoint(const std::string& bytes, Draw& draw);
/// A checkpoint says that another tensor of the same shape carries it.
std::optional<Edit> move_checkpoint(const std::string& bytes, Draw& draw);
/// A checkpoint that nobody asked for.
std::optional<Edit> add_checkpoint(const std::string& bytes, Draw& draw);

}  // namespace assay
