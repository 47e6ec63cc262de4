// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "sim/token/token_model.h"

/// Whether an accelerator goes on for ever whatever stalls there are outside.
///
/// Stalls come and go, and what they leave behind stays: a pipeline that stops as a whole may stop
/// with bubbles in it, and then holds fewer beats than it has stages. So the schedule without stalls
/// proves nothing about one with them. This does:
///
/// Of every layer, with_certain_room() keeps what it holds in any case when it has come to rest
/// behind outputs that are not taken. Let F say of that network, for counts x of the beats that have
/// moved on all streams, how many would move next to them; F grows with x, as no layer looks at when
/// beats come. Its run from nothing ends at the least x with x = F(x), in whatever order beats move.
/// The RTL that has come to rest, with sources that have no more to offer and sinks that would take
/// more, has moved counts y with y >= F(y), as each layer holds at least the room that it has in F
/// and gives all that it holds. The least x is also below every such y (Knaster and Tarski). So if
/// the run with the certain room moves all beats of all frames, so does the RTL, when and however
/// long the outside stalls.
///
/// All frames: a frame whose end leaves every stream as the one before it did leaves every layer in
/// the same state, from which the next frame does the same.
namespace assay::sim {

/// The network with the room that layers are certain to have: of a pipeline that stops as a whole
/// the queue behind it, and the last of those stages that only stop when that one is full. Queues,
/// rings, replay buffers, converters and FIFOs close up and hold what they can.
TokenNetwork with_certain_room(TokenNetwork network);

/// Who waits for whom in a circle where stalls can stop the network; nothing: none can.
std::optional<std::vector<TokenWait>> stop_by_stalls(const TokenNetwork& network);

}  // namespace assay::sim
