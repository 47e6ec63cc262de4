// SPDX-License-Identifier: Apache-2.0
#include "sim/token/fifo_sizing.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <set>
#include <span>

#include "sim/token/stall_proof.h"
#include "sim/token/surroundings.h"
#include "sim/token/token_dataflow.h"

namespace assay::sim {
namespace {

using Depths = std::vector<std::int64_t>;

constexpr std::int64_t kAmpleFrames = 2;
constexpr std::int64_t kFirstFrames = 5;  ///< after which a schedule has settled, mostly
constexpr std::int64_t kPatience = 3;     ///< frames after which a schedule that lags is given up
constexpr std::int64_t kMostFrames = 64;  ///< a schedule that has not settled by then is refused
/// More of them where they are short, as a FIFO that fills by a beat per frame takes its time.
constexpr std::int64_t kMostBeats = 40'000'000;

constexpr std::int64_t kRecorded = 1;  // frames: what FIFOs held is seen behind every frame

constexpr std::int64_t kLeastDepth = 2;  // assay_fifo.sv

/// Until the schedule is proved or stops; behind every frame `seen` looks at the model.
Schedule run_on(const TokenNetwork& network, const auto& seen) {
  TokenModel model(network, {}, kRecorded);
  const std::int64_t beats =
      std::accumulate(network.beats.begin(), network.beats.end(), std::int64_t{1});
  const std::int64_t most = std::max(kMostFrames, kMostBeats / beats);
  Schedule result;
  for (std::int64_t f = 1; f <= most && !result.interval; ++f) {
    if (!model.run(f)) {
      result.stops = true;
      result.circle = model.circle();
      break;
    }
    seen(model);
    result.interval = model.steady_interval();
  }
  result.frame_ends = model.frame_ends();
  return result;
}

Schedule run_on(const TokenNetwork& network) {
  return run_on(network, [](const TokenModel&) {});
}

/// Of the later half of the frames, rounded up.
Cycle mean_interval(const std::vector<Cycle>& ends) {
  const auto half = static_cast<Cycle>(ends.size() / 2);
  return (ends.back() - ends[ends.size() - 1 - static_cast<std::size_t>(half)] + half - 1) / half;
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
    for (halves_ = 1;; halves_ *= 4) {
      for_stalls_ = false;
      start();
      const bool enough = enlarge();
      if (enough) shrink_all();
      // Mostly the interval needs more room than stalls do, so that nothing is left to be done.
      const Depths needed = depths_;
      const std::vector<std::size_t> grown = grow();
      for (const std::size_t s : grown) shrink_grown(s, needed[s]);
      if (enough && !grown.empty()) polish_others(grown);
      finish();
      // Where a schedule was taken for settled too soon, once more with more patience.
      const bool kept = sizing_.interval && *sizing_.interval <= sizing_.wanted;
      if (!enough || kept || halves_ > kMostHalves) return std::move(sizing_);
    }
  }

 private:
  int bits(std::size_t s) const { return flow_.read(flow_.streams[s]).bits(); }
  std::int64_t memory(std::size_t s) const { return depths_[s] * bits(s); }

  std::vector<std::optional<hw::FifoTiming>> timings(const Depths& depths) const {
    std::vector<std::optional<hw::FifoTiming>> timings(depths.size());
    for (const std::size_t s : inner_) timings[s] = fifo_timing(depths[s], bits(s));
    return timings;
  }

  bool is_given(std::size_t s) const { return options_.given.contains(s); }

  /// Depths that are enough: what ample FIFOs hold while frames come at the interval.
  void start() {
    depths_.assign(network_.beats.size(), 0);
    for (const std::size_t s : inner_)
      depths_[s] = is_given(s) ? options_.given.at(s) : kAmpleFrames * network_.beats[s];
    std::vector<std::optional<hw::FifoTiming>> ample(network_.beats.size());
    for (const std::size_t s : inner_)
      ample[s] = is_given(s) ? fifo_timing(depths_[s], bits(s)) : hw::FifoTiming{depths_[s], false};
    TokenOutside paced;
    paced.interval = sizing_.wanted;
    TokenModel model(with_fifos(network_, ample), paced);
    ++runs_;
    for (std::int64_t f = 1; f <= kMostFrames && !model.latest_interval(); ++f)
      if (!model.run(f)) return;
    number_fifos();
    for (const auto& [s, fifo] : fifos_) {
      const std::int64_t held = model.held(fifo.before, s);
      // The writer's own queue holds two.
      if (!is_given(s)) depths_[s] = held > hw::kSkidBeats ? std::max(held, kLeastDepth) : 0;
    }
  }

  /// As with_fifos does.
  void number_fifos() {
    fifos_.clear();
    for (const std::size_t s : inner_) {
      const std::size_t before = fifos_.size();
      if (depths_[s] > 0)
        fifos_[s] = {network_.nodes.size() + before, network_.beats.size() + before};
    }
  }

  /// Depths that were enough at a given pace may not be for a writer without a queue of its own, or
  /// for sources that press on. Whether there are any that are enough.
  bool enlarge() {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      number_fifos();
      steady_.emplace(with_fifos(network_, timings(depths_)), TokenOutside{});
      ++runs_;
      if (fills_and_keeps(*steady_)) return true;
      for (const std::size_t s : inner_)
        if (!is_given(s) && (depths_[s] > 0 || attempt > 0))
          depths_[s] = std::max(2 * depths_[s], kLeastDepth);
    }
    return false;
  }

  /// A FIFO that is never full does not change when it is as deep as one beat more than it holds.
  void trim() {
    for (const auto& [s, fifo] : fifos_) {
      if (is_given(s)) continue;
      const std::int64_t enough = std::max(steady_->held(fifo.before, s) + 1, kLeastDepth);
      if (enough >= depths_[s]) continue;
      depths_[s] = enough;
      set_depth(*steady_, s, enough);
    }
  }

  void set_depth(TokenModel& model, std::size_t s, std::int64_t depth) const {
    model.shrink_fifo(fifos_.at(s).node, fifo_timing(depth, bits(s)));
  }

  /// Whether the accelerator keeps the interval from where the model is, as far as that is seen
  /// without a proof; the result is proved.
  bool keeps(TokenModel& model) {
    ++runs_;
    model.set_pace(sizing_.wanted);
    const auto first = std::ssize(model.frame_ends());
    for (std::int64_t f = first + 1; f <= first + kMostFrames; ++f) {
      for (int quarters = 1; quarters <= 4; ++quarters) {
        if (quarters < 4)
          model.begin_frame(quarters);
        else if (!model.run(f))
          return false;
        if (const auto keeps = model.keeps_pace(halves_)) return *keeps;
      }
      if (f >= first + kPatience && lags(model.frame_ends())) return false;
    }
    return false;
  }

  /// The same of a model that is empty: while pipelines and FIFOs fill, frames may lag for a while, and by the
  /// same each.
  bool fills_and_keeps(TokenModel& model) {
    for (std::int64_t f = kFirstFrames; f <= kMostFrames; ++f) {
      if (!model.run(f)) return false;
      if (!lags(model.frame_ends())) return keeps(model);
    }
    return false;
  }

  /// Whether the last frames, which may take turns, came later than the interval allows.
  bool lags(const std::vector<Cycle>& ends) const {
    const std::size_t n = ends.size();
    return ends[n - 1] - ends[n - 3] > 2 * sizing_.wanted;
  }

  /// By how many cycles per frame the model misses the interval: 0 when it does not, nothing when
  /// all stops.
  std::optional<Cycle> missed(TokenModel& model) {
    if (keeps(model)) return 0;
    const Cycle lag = model.lag();
    return lag > 0 ? std::optional(lag) : std::nullopt;
  }

  struct Change {
    std::size_t stream;
    std::int64_t depth;
  };

  /// Whether stalls can stop the accelerator with other depths of some streams.
  bool stalls_stop(std::span<const Change> changes) {
    ++runs_;
    Depths depths = depths_;
    for (const Change& c : changes) depths[c.stream] = c.depth;
    return stop_by_stalls(with_fifos(network_, timings(depths))).has_value();
  }

  /// The same with another depth of a stream. What is around its FIFO mostly decides, and takes a
  /// fraction of the time.
  std::optional<Cycle> missed(std::size_t s, std::int64_t depth) {
    const Change change{s, depth};
    if (for_stalls_ && stalls_stop({&change, 1})) return {};
    const std::size_t fifo = fifos_.at(s).node;
    const auto timing = fifo_timing(depth, bits(s));
    if (wide_.contains(s) || !steady_->latest_interval()) {
      TokenModel model = *steady_;
      model.shrink_fifo(fifo, timing);
      return missed(model);
    }
    const std::vector<std::size_t> nodes = surroundings(steady_->network(), fifo);
    TokenModel part = steady_->part(nodes);
    const auto place = std::ranges::find(nodes, fifo) - nodes.begin();
    part.shrink_fifo(static_cast<std::size_t>(place), timing);
    return missed(part);
  }

  /// The smallest depth of a stream while all others stay: none, or more than what is known to be
  /// too small. A beat that is missing costs about as many cycles as lie between two beats: what is
  /// too small says where to look next. Else down from what it has in growing steps, as that is
  /// often needed.
  std::int64_t smallest(std::size_t s) {
    auto& [tried, late] = too_small_[s];
    if (tried < 0) {
      if ((late = missed(s, 0)) == 0) return 0;
      tried = 0;
    }
    std::int64_t low = std::max(tried + 1, kLeastDepth), high = depths_[s], step = 1;
    while (low < high) {
      const std::int64_t beats =
          late ? (*late * network_.beats[s] + sizing_.wanted - 1) / sizing_.wanted : 0;
      const std::int64_t next = beats > 0 ? std::clamp(tried + beats, low, high - 1)
                                          : std::max(high - step, (low + high) / 2);
      const std::optional<Cycle> now = missed(s, next);
      if (now == 0) {
        high = next;
        late.reset();
        step = step == 1 ? 2 : 4 * step;
      } else {
        too_small_[s] = {next, now};
        low = next + 1;
        step = 1;
      }
    }
    return high;
  }

  void shrink_all() {
    trim();
    too_small_.assign(depths_.size(), {});
    shrink_in_groups(open());
    polish(open());
  }

  /// The FIFOs whose depths are to be found, the largest first.
  std::vector<std::size_t> open() const {
    std::vector<std::size_t> open;
    for (const std::size_t s : inner_)
      if (!is_given(s) && depths_[s] > 0) open.push_back(s);
    std::ranges::stable_sort(open, std::greater{}, [&](std::size_t s) { return memory(s); });
    return open;
  }

  void shrink_in_groups(std::vector<std::size_t> left) {
    while (!left.empty()) {
      const auto group =
          left.begin() + static_cast<std::ptrdiff_t>(std::min(kTogether, left.size()));
      const auto again =
          shrink(std::span(left.begin(), group), [this](std::size_t s) { return smallest(s); });
      left.erase(std::ranges::copy(again, left.begin()).out, group);
    }
  }

  /// Pipelines that stop as a whole let a depth be enough that was not while others were larger:
  /// until no FIFO can lose a beat.
  void polish(const std::vector<std::size_t>& streams) {
    for (bool again = true; again;) {
      const Depths before = depths_;
      const auto left = shrink(streams, [this](std::size_t s) {
        const std::int64_t next = smaller_depth(depths_[s]);
        if (depths_[s] == 0 || missed(s, next) != 0) return depths_[s];
        too_small_[s] = {0, {}};
        return next == 0 ? next : smallest(s);
      });
      again = depths_ != before || std::ranges::any_of(left, [this](std::size_t s) {
                return too_small_[s].depth < smaller_depth(depths_[s]);
              });
    }
  }

  /// Makes FIFOs deeper until no stalls can stop the accelerator, or until only given depths are in
  /// the way; returns which.
  std::vector<std::size_t> grow() {
    std::vector<std::size_t> grown;
    while (const auto circle = stop_by_stalls(with_fifos(network_, timings(depths_)))) {
      ++runs_;
      const std::optional<std::size_t> s = cheapest(*circle);
      if (!s) break;
      depths_[*s] = std::max(2 * depths_[*s], kLeastDepth);
      if (!std::ranges::count(grown, *s)) grown.push_back(*s);
    }
    return grown;
  }

  /// Streams between layers that a circle waits for room in.
  std::vector<std::size_t> full(const std::vector<TokenWait>& circle) const {
    std::vector<std::size_t> full;
    for (const TokenWait& wait : circle)
      if (wait.room && wait.stream < network_.beats.size()) full.push_back(wait.stream);
    return full;
  }

  /// Of those whose depths are to be found, one that has a FIFO, as a further one costs more than
  /// beats do; and where the same part of a frame takes the least memory.
  std::optional<std::size_t> cheapest(const std::vector<TokenWait>& circle) const {
    std::vector<std::size_t> streams = full(circle);
    std::erase_if(streams, [&](std::size_t s) { return is_given(s); });
    const auto cost = [&](std::size_t s) {
      return std::pair(depths_[s] == 0, network_.beats[s] * bits(s));
    };
    const auto found = std::ranges::min_element(streams, {}, cost);
    return found == streams.end() ? std::nullopt : std::optional(*found);
  }

  /// What has grown was doubled: to as little as is enough, and at least what the interval needs.
  void shrink_grown(std::size_t s, std::int64_t needed) {
    std::int64_t high = depths_[s];
    for (std::int64_t low = needed; low < high;) {
      const Change half{s, (low + high) / 2};
      if (stalls_stop({&half, 1}))
        low = half.depth + 1;
      else
        high = half.depth;
    }
    depths_[s] = high > 0 ? std::max(high, kLeastDepth) : 0;
  }

  /// Where some have grown, others may lose beats, as far as stalls allow it.
  void polish_others(const std::vector<std::size_t>& grown) {
    for_stalls_ = true;
    if (!enlarge()) return;
    std::vector<std::size_t> others = open();
    std::erase_if(others, [&](std::size_t s) { return std::ranges::count(grown, s) > 0; });
    polish(others);
  }

  /// `search` finds a depth for each, all at once; returns those that stay what they were, as the
  /// depth that was found is not enough with those of the others.
  std::vector<std::size_t> shrink(std::span<const std::size_t> streams, const auto& search) {
    calm();
    std::vector<std::int64_t> found(streams.size());
    tbb::parallel_for(std::size_t{0}, streams.size(),
                      [&](std::size_t i) { found[i] = search(streams[i]); });
    std::vector<Change> changes;
    for (std::size_t i = 0; i < streams.size(); ++i)
      if (found[i] != depths_[streams[i]]) changes.push_back({streams[i], found[i]});
    std::vector<std::size_t> left;
    settle(changes, left);
    return left;
  }

  /// Until the latest changes have gone through the accelerator, so that trials see their own only.
  void calm() {
    for (std::int64_t f = 0; f < kFirstFrames && !steady_->latest_interval(); ++f)
      steady_->run(std::ssize(steady_->frame_ends()) + 1);
  }

  /// Goes on with changes each of which is enough while the others are not made. Streams seldom
  /// matter to each other: where they do, half of them at once. A change that is not enough is
  /// left.
  void settle(std::span<const Change> changes, std::vector<std::size_t>& left) {
    if (changes.empty()) return;
    TokenModel model = *steady_;
    for (const Change& c : changes) set_depth(model, c.stream, c.depth);
    const bool stops = for_stalls_ && stalls_stop(changes);
    const std::optional<Cycle> late = stops ? std::nullopt : missed(model);
    if (late == 0) {
      steady_.emplace(std::move(model));
      for (const Change& c : changes) depths_[c.stream] = c.depth;
    } else if (changes.size() == 1) {
      too_small_[changes[0].stream] = {changes[0].depth, late};
      wide_.insert(changes[0].stream);
      left.push_back(changes[0].stream);
    } else {
      settle(changes.first(changes.size() / 2), left);
      settle(changes.subspan(changes.size() / 2), left);
    }
  }

  void finish() {
    ++runs_;
    const TokenNetwork network = with_fifos(network_, timings(depths_));
    const Schedule result = run_on(network);
    const auto by_stalls = stop_by_stalls(network);
    sizing_.depths = depths_;
    sizing_.interval = result.interval;
    sizing_.stops = result.stops;
    sizing_.stalls_stop = by_stalls.has_value();
    sizing_.circle = by_stalls.value_or(std::vector<TokenWait>{});
    sizing_.too_small = full(sizing_.circle);
    std::erase_if(sizing_.too_small, [&](std::size_t s) { return !is_given(s); });
    sizing_.runs = runs_;
  }

  static constexpr std::size_t kTogether = 4;
  static constexpr int kAttempts = 5;
  static constexpr int kMostHalves = 16;
  const Dataflow& flow_;
  const SizingOptions& options_;
  TokenNetwork network_;
  std::vector<std::size_t> inner_;  ///< streams between layers
  Depths depths_;
  /// In steady_: where a stream's FIFO is, and the stream in front of it.
  struct Place {
    std::size_t node = 0, before = 0;
  };
  std::map<std::size_t, Place> fifos_;
  /// The accelerator with these depths, in a schedule that keeps the interval.
  std::optional<TokenModel> steady_;
  struct TooSmall {
    std::int64_t depth = -1;
    std::optional<Cycle> late;  ///< by how much it misses the interval, if that is known
  };
  std::vector<TooSmall> too_small_;  ///< what was tried last and is not enough, by stream
  std::set<std::size_t> wide_;       ///< streams that matter to more than what is around them
  Sizing sizing_;
  std::atomic<std::int64_t> runs_ = 0;
  int halves_ = 1;           ///< frames, in halves, after which a schedule is taken for settled
  bool for_stalls_ = false;  ///< depths must also be enough whatever the stalls
};

}  // namespace

std::int64_t smaller_depth(std::int64_t depth) { return depth > kLeastDepth ? depth - 1 : 0; }

Sizing size_fifos(const Dataflow& flow, const SizingOptions& options) {
  return Sizer(flow, options).run();
}

Schedule schedule(const TokenNetwork& network) {
  std::vector<std::int64_t> held(network.nodes.size(), 0);
  Schedule result = run_on(network, [&](const TokenModel& model) {
    for (std::size_t i = 0; i < held.size(); ++i) {
      const TokenNode& node = network.nodes[i];
      if (std::holds_alternative<hw::FifoTiming>(node.timing))
        held[i] = std::max(held[i], model.high_water(node.inputs[0], node.outputs[0]));
    }
  });
  result.fifos = std::move(held);
  return result;
}

SmallerFifo with_smaller(const TokenNetwork& network, std::size_t node, int bits) {
  SmallerFifo smaller{smaller_depth(std::get<hw::FifoTiming>(network.nodes[node].timing).depth),
                      {}};
  TokenNetwork changed = network;
  if (smaller.depth == 0)
    changed = without(std::move(changed), node);
  else
    changed.nodes[node].timing = *fifo_timing(smaller.depth, bits);
  const Schedule result = run_on(changed);
  smaller.stops = result.stops;
  smaller.stalls_stop = stop_by_stalls(changed).has_value();
  if (!result.stops) smaller.interval = result.interval.value_or(mean_interval(result.frame_ends));
  return smaller;
}

}  // namespace assay::sim
