// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "compile/backend/verilog/node_rtl.h"
#include "sim/model/model.h"
#include "sim/token/tokens.h"

/// Between a hardware node's RTL and its simulation.
namespace assay {

/// Adds a node to a model. Sources that several nodes share are there once.
void add_design(sim::ModelSpec& spec, const NodeRtl& rtl);

/// How a stream carries its tensor.
sim::Packing packing(const hw::Stream& stream);

/// The beats of a layer's input or output on whole frames of its tensor's values, row-major. A
/// weight stream takes none: it repeats the words of weights.hex.
sim::Tokens stream_tokens(const hw::Layer& layer, const hw::Stream& stream,
                          std::span<const std::int64_t> values);

/// Adds a frame's beats to a stream's.
void append_tokens(sim::Tokens& all, const sim::Tokens& frame);

}  // namespace assay
