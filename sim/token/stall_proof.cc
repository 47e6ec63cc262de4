// SPDX-License-Identifier: Apache-2.0
#include "sim/token/stall_proof.h"

#include <algorithm>

namespace assay::sim {
namespace {

/// A stage that moves whenever it is empty has no bubble in it when it stops. Of several that move
/// together the last one is like that.
std::int64_t certain_stages(std::int64_t waiting) { return std::min<std::int64_t>(waiting, 1); }

std::vector<std::int64_t> taken_counts(const TokenModel& model) {
  std::vector<std::int64_t> counts(model.network().beats.size());
  for (std::size_t s = 0; s < counts.size(); ++s) counts[s] = model.taken_count(s);
  return counts;
}

/// Whether every stream moved a frame from one to the other.
bool frame_between(const std::vector<std::int64_t>& before, const std::vector<std::int64_t>& now,
                   const std::vector<std::int64_t>& beats) {
  for (std::size_t s = 0; s < beats.size(); ++s)
    if (now[s] != before[s] + beats[s]) return false;
  return true;
}

}  // namespace

TokenNetwork with_certain_room(TokenNetwork network) {
  for (TokenNode& node : network.nodes) {
    if (auto* pipeline = std::get_if<hw::PipelineTiming>(&node.timing))
      *pipeline = {.sum_stages = certain_stages(pipeline->sum_stages), .stages = 0};
    if (auto* product = std::get_if<hw::ProductTiming>(&node.timing)) {
      product->sum_stages = certain_stages(product->sum_stages);
      product->stages = 0;
    }
  }
  return network;
}

std::optional<std::vector<TokenWait>> stop_by_stalls(const TokenNetwork& network) {
  TokenModel model(with_certain_room(network), {});
  std::vector<std::int64_t> before(network.beats.size(), 0);
  // Mostly once. By how much a stream lags behind its frames only grows, and no more than it fits.
  for (std::int64_t frame = 1; model.run(frame); ++frame) {
    std::vector<std::int64_t> now = taken_counts(model);
    if (frame_between(before, now, network.beats)) return {};
    before = std::move(now);
  }
  return model.circle();
}

}  // namespace assay::sim
