// SPDX-License-Identifier: Apache-2.0
#include "sim/fifo_sizing.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <span>

#include "compile/base/error.h"
#include "sim/token_dataflow.h"

namespace assay::sim {
namespace {

using Depths = std::vector<std::int64_t>;

constexpr std::int64_t kEndless = std::int64_t{1} << 40;
constexpr std::int64_t kFirstFrames = 6;  ///< in which FIFOs without bounds show what they need
constexpr std::int64_t kPatience = 7;     ///< frames after which one that lags is given up
constexpr std::int64_t kMostFrames = 64;  ///< a schedule that has not settled by then is refused

constexpr std::int64_t kLeastDepth = 2;  // assay_fifo.sv

std::int64_t below(std::int64_t depth) { return depth > kLeastDepth ? depth - 1 : 0; }

/// Until the schedule is proved or stops.
Schedule run_on(TokenModel& model) {
  Schedule result;
  for (std::int64_t f = 1; f <= kMostFrames && !result.interval; ++f) {
    if (!model.run(f)) {
      result.stops = true;
      result.circle = model.circle();
      break;
    }
    result.interval = model.steady_interval();
  }
  result.frame_ends = model.frame_ends();
  return result;
}

/// Of the later half of the frames, rounded up.
Cycle mean_interval(const std::vector<Cycle>& ends) {
  const auto half = static_cast<Cycle>(ends.size() / 2);
  return (ends.back() - ends[ends.size() - 1 - static_cast<std::size_t>(half)] + half - 1) / half;
}

Schedule run_on(const TokenNetwork& network) {
  TokenModel model(network, {});
  return run_on(model);
}

/// The network without a FIFO of it.
TokenNetwork without(TokenNetwork network, std::size_t fifo) {
  const std::size_t in = network.nodes[fifo].inputs[0], out = network.nodes[fifo].outputs[0];
  network.nodes.erase(network.nodes.begin() + static_cast<std::ptrdiff_t>(fifo));
  for (TokenNode& node : network.nodes) std::ranges::replace(node.inputs, out, in);
  network.beats.erase(network.beats.begin() + static_cast<std::ptrdiff_t>(out));
  for (TokenNode& node : network.nodes)
    for (auto* streams : {&node.inputs, &node.outputs})
      for (std::size_t& s : *streams) s -= s > out ? 1 : 0;
  return network;
}

class Sizer {
 public:
  Sizer(const Dataflow& flow, const SizingOptions& options) : flow_(flow), options_(options) {
    network_ = token_network(flow);
    for (const Node* node : flow.nodes)
      sizing_.slowest_layer = std::max(sizing_.slowest_layer, flow.layer(node).cycles);
    sizing_.wanted = std::max(options.interval, sizing_.slowest_layer);
    for (std::size_t s = 0; s < flow.streams.size(); ++s)
      if (flow.streams[s].writer.node && flow.streams[s].reader.node) inner_.push_back(s);
  }

  Sizing run() {
    start();
    enlarge();
    std::vector<std::size_t> open;  // the largest first
    for (const std::size_t s : inner_)
      if (!options_.given.contains(s) && depths_[s] > 0) open.push_back(s);
    std::ranges::stable_sort(open, std::greater{}, [&](std::size_t s) { return memory(s); });
    if (keeps(depths_)) {
      trim();
      for (std::size_t i = 0; i < open.size(); i += kTogether)
        shrink(std::span(open).subspan(i, std::min(kTogether, open.size() - i)));
    }
    finish();
    return std::move(sizing_);
  }

 private:
  int bits(std::size_t s) const { return flow_.read(flow_.streams[s]).bits(); }
  std::int64_t memory(std::size_t s) const { return depths_[s] * bits(s); }

  std::vector<std::optional<hw::FifoTiming>> fifos(const Depths& depths) const {
    std::vector<std::optional<hw::FifoTiming>> fifos(depths.size());
    for (const std::size_t s : inner_) fifos[s] = fifo_timing(depths[s], bits(s));
    return fifos;
  }

  /// Depths that are enough: what FIFOs without bounds hold while frames come at the interval.
  void start() {
    std::vector<std::optional<hw::FifoTiming>> endless(network_.beats.size());
    for (const std::size_t s : inner_) {
      const auto given = options_.given.find(s);
      endless[s] = given == options_.given.end() ? hw::FifoTiming{kEndless, false}
                                                 : fifo_timing(given->second, bits(s));
    }
    TokenOutside paced;
    paced.interval = sizing_.wanted;
    TokenModel model(with_fifos(network_, endless), paced, kFirstFrames);
    model.run(kFirstFrames);
    ++runs_;
    depths_.assign(network_.beats.size(), 0);
    std::size_t before = network_.beats.size();
    for (const std::size_t s : inner_) {
      if (!endless[s]) continue;
      const auto given = options_.given.find(s);
      const std::int64_t held = model.high_water(before++, s);
      // The writer's own queue holds two.
      depths_[s] = given != options_.given.end() ? given->second
                   : held > hw::kSkidBeats       ? std::max<std::int64_t>(held, kLeastDepth)
                                                 : 0;
    }
  }

  /// Depths that were enough at a given pace may not be for a writer without a queue of its own, or
  /// for sources that press on.
  void enlarge() {
    for (int attempt = 0; attempt < kAttempts && !keeps(depths_); ++attempt)
      for (const std::size_t s : inner_)
        if (!options_.given.contains(s)) depths_[s] = std::max(2 * depths_[s], kLeastDepth);
  }

  /// A FIFO that is never full does not change when it is as deep as one beat more than it holds.
  void trim() {
    ++runs_;
    TokenModel model(with_fifos(network_, fifos(depths_)), {}, kPatience);
    model.run(kPatience);
    std::size_t before = network_.beats.size();
    for (const std::size_t s : inner_) {
      if (depths_[s] == 0) continue;
      const std::int64_t enough = std::max(model.high_water(before++, s) + 1, kLeastDepth);
      if (!options_.given.contains(s)) depths_[s] = std::min(depths_[s], enough);
    }
  }

  /// Whether the accelerator keeps the interval. A schedule in which one frame follows another
  /// unchanged is taken for steady here; the result is proved.
  bool keeps(const Depths& depths) {
    ++runs_;
    TokenModel model(with_fifos(network_, fifos(depths)), {});
    for (std::int64_t f = 1; f <= kMostFrames; ++f) {
      if (!model.run(f)) return false;
      if (const auto interval = model.latest_interval()) return *interval <= sizing_.wanted;
      if (f >= kPatience && lags(model.frame_ends())) return false;
    }
    return false;
  }

  /// Whether the last frames, which may take turns, came later than the interval allows.
  bool lags(const std::vector<Cycle>& ends) const {
    const std::size_t n = ends.size();
    return ends[n - 1] - ends[n - 3] > 2 * sizing_.wanted;
  }

  /// The smallest depth of a stream while all others stay. What an unbounded FIFO held is often
  /// needed, so that the search goes down from there in growing steps.
  std::int64_t smallest(std::size_t s) {
    const auto enough = [&](std::int64_t depth) {
      Depths depths = depths_;
      depths[s] = depth;
      return keeps(depths);
    };
    if (enough(0)) return 0;
    if (depths_[s] == kLeastDepth || !enough(depths_[s] - 1)) return depths_[s];
    std::int64_t low = kLeastDepth, high = depths_[s] - 1;
    for (std::int64_t step = 2; low < high; step *= 2) {
      const std::int64_t tried = std::max(low, high - step);
      if (!enough(tried)) {
        low = tried + 1;
        break;
      }
      high = tried;
    }
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (enough(middle))
        high = middle;
      else
        low = middle + 1;
    }
    return high;
  }

  /// Streams seldom matter to each other: some are searched at once, and, when they do, in turn.
  void shrink(std::span<const std::size_t> group) {
    std::vector<std::int64_t> found(group.size());
    tbb::parallel_for(std::size_t{0}, group.size(),
                      [&](std::size_t i) { found[i] = smallest(group[i]); });
    Depths depths = depths_;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
      changed += depths[group[i]] != found[i] ? 1 : 0;
      depths[group[i]] = found[i];
    }
    if (changed <= 1 || keeps(depths)) {
      depths_ = std::move(depths);
      return;
    }
    for (const std::size_t s : group) depths_[s] = smallest(s);
  }

  void finish() {
    ++runs_;
    Schedule result = run_on(with_fifos(network_, fifos(depths_)));
    sizing_.depths = depths_;
    sizing_.interval = result.interval;
    sizing_.stops = result.stops;
    sizing_.circle = std::move(result.circle);
    sizing_.runs = runs_;
  }

  static constexpr std::size_t kTogether = 4;
  static constexpr int kAttempts = 4;
  const Dataflow& flow_;
  const SizingOptions& options_;
  TokenNetwork network_;
  std::vector<std::size_t> inner_;  ///< streams between layers
  Depths depths_;
  Sizing sizing_;
  std::atomic<std::int64_t> runs_ = 0;
};

}  // namespace

Sizing size_fifos(const Dataflow& flow, const SizingOptions& options) {
  return Sizer(flow, options).run();
}

Schedule schedule(const TokenNetwork& network) {
  Schedule result = run_on(network);
  // Once more for what FIFOs held, of which every frame has to be kept.
  const auto frames = std::ssize(result.frame_ends);
  TokenModel model(network, {}, frames + 1);
  model.run(frames);
  for (const TokenNode& node : network.nodes) {
    const bool fifo = std::holds_alternative<hw::FifoTiming>(node.timing);
    result.fifos.push_back(fifo ? model.high_water(node.inputs[0], node.outputs[0]) : 0);
  }
  return result;
}

SmallerFifo with_smaller(const TokenNetwork& network, std::size_t node, int bits) {
  SmallerFifo smaller{below(std::get<hw::FifoTiming>(network.nodes[node].timing).depth), {}};
  TokenNetwork changed = network;
  if (smaller.depth == 0)
    changed = without(std::move(changed), node);
  else
    changed.nodes[node].timing = *fifo_timing(smaller.depth, bits);
  const Schedule result = run_on(changed);
  smaller.stops = result.stops;
  if (!result.stops) smaller.interval = result.interval.value_or(mean_interval(result.frame_ends));
  return smaller;
}

}  // namespace assay::sim
