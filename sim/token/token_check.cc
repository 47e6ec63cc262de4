// SPDX-License-Identifier: Apache-2.0
#include "sim/token/token_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/token/token_model.h"

namespace assay::sim {
namespace {

/// Compares stream by stream and keeps the earliest difference.
class Comparison {
 public:
  explicit Comparison(StampCheck& check) : check_(check) {}
  void stream(const std::string& name, std::int64_t beats, const auto& expected, const auto& got) {
    check_.predicted += beats;
    for (std::int64_t k = 0; k < beats; ++k) {
      const Cycle wanted = expected(k), seen = got(k);
      ++check_.compared;
      if (wanted != seen && std::min(wanted, seen) < earliest_) {
        earliest_ = std::min(wanted, seen);
        check_.fault = fmt::format("{} beat {}: the token model says cycle {}, the RTL {}", name, k,
                                   wanted, seen);
      }
      if (wanted != seen) return;
    }
  }

 private:
  StampCheck& check_;
  Cycle earliest_ = std::numeric_limits<Cycle>::max();
};

TokenNetwork network_of(const hw::Layer& layer) {
  TokenNetwork network;
  network.nodes = {{layer.timing, {}, {}}};
  const auto add = [&](const std::vector<hw::Stream>& streams, std::vector<std::size_t>& indices) {
    for (const hw::Stream& stream : streams) {
      indices.push_back(network.beats.size());
      network.beats.push_back(stream.beats);
    }
  };
  add(layer.inputs, network.nodes[0].inputs);
  add(layer.outputs, network.nodes[0].outputs);
  return network;
}

TokenOutside outside_of(const Result& result) {
  TokenOutside outside;
  for (const auto& stamps : result.input_stamps) {
    auto& offered = outside.offered.emplace_back();
    for (const Stamp& stamp : stamps) offered.push_back(stamp.offered);
  }
  outside.taken.resize(outside.offered.size());
  for (const auto& stamps : result.output_stamps) {
    auto& taken = outside.taken.emplace_back();
    for (const Stamp& stamp : stamps) taken.push_back(stamp.taken);
  }
  outside.offered.resize(outside.taken.size());
  return outside;
}

}  // namespace

StampCheck check_stamps(const hw::Layer& layer, const Result& result, std::int64_t frames) {
  StampCheck check;
  TokenModel model(network_of(layer), outside_of(result), frames);
  if (!model.run(frames)) {
    check.fault = "the token model stops where the RTL goes on";
    return check;
  }
  Comparison comparison(check);
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    // What no output depends on may not have been taken when the run ended.
    const std::vector<Stamp>& stamps = result.input_stamps[i];
    const auto taken = std::ranges::count_if(stamps, [](const Stamp& s) { return s.taken >= 0; });
    if (model.taken_count(i) < taken) {
      check.fault = fmt::format("in{} takes more beats than in the token model", i);
      return check;
    }
    comparison.stream(
        fmt::format("in{} takes", i), taken, [&](std::int64_t k) { return model.taken(i, k); },
        [&](std::int64_t k) { return stamps[static_cast<std::size_t>(k)].taken; });
  }
  for (std::size_t i = 0; i < layer.outputs.size(); ++i)
    comparison.stream(
        fmt::format("out{} offers", i), frames * layer.outputs[i].beats,
        [&](std::int64_t k) { return model.valid(layer.inputs.size() + i, k); },
        [&](std::int64_t k) {
          return result.output_stamps[i].at(static_cast<std::size_t>(k)).offered;
        });
  return check;
}

}  // namespace assay::sim
