// SPDX-License-Identifier: Apache-2.0
#include "sim/token/token_model.h"

#include <algorithm>

#include "compile/base/error.h"
#include "sim/token/token_nodes.h"

namespace assay::sim {

using token::kUnlimited;
using token::Stream;

namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

/// Frames that equations inside of layers reach back: two vectors, each of which may be a frame.
constexpr std::int64_t kVectorFrames = 2;

/// Halves of frames for which a stream lags that will not catch up: a delay that comes once is over
/// when the same beats of the next frame have it, too.
constexpr std::int64_t kLagHalves = 3;

/// Beats that a layer holds behind its last controller, so that a stamp of its output may depend on
/// so many before it.
std::int64_t held_beats(const hw::Timing& timing) {
  if (const auto* fifo = std::get_if<hw::FifoTiming>(&timing)) return fifo->depth;
  std::int64_t stages = 0;
  if (const auto* pipeline = std::get_if<hw::PipelineTiming>(&timing))
    stages = pipeline->sum_stages + pipeline->stages;
  if (const auto* product = std::get_if<hw::ProductTiming>(&timing))
    stages = product->sum_stages + product->stages;
  return stages + hw::kSkidBeats;
}

}  // namespace

struct TokenModel::Impl {
  Impl() = default;
  Impl(const Impl& other);

  TokenNetwork network;
  std::vector<Stream> streams;
  std::vector<std::unique_ptr<token::Node>> nodes;  ///< the network's, then sources and sinks
  std::vector<std::size_t> writer, reader;          ///< of streams
  std::vector<std::size_t> sources;                 ///< nodes
  std::vector<std::size_t> sinks;                   ///< streams that leave
  token::Agenda agenda;
  std::int64_t reach = 1;  ///< frames that equations reach back

  void connect();
  void open_streams(std::int64_t recorded);
  void make_nodes(TokenOutside outside);
  /// Becomes some layers of `all`, with its streams at them: returns their indices in `all`.
  std::vector<std::size_t> take_network(const Impl& all, const std::vector<std::size_t>& layers);
  /// Copies nodes at taken streams; a layer beyond them is an echo of what the stream has seen.
  void take_nodes(const Impl& all, const std::vector<std::size_t>& layers,
                  const std::vector<std::size_t>& taken, Cycle interval);
  /// Goes on until sources have offered so many quarters of a frame and nothing moves any more.
  void offer(std::int64_t quarters);
  bool is_layer(std::size_t node) const { return node < network.nodes.size(); }
  std::size_t index(const Stream* s) const { return static_cast<std::size_t>(s - streams.data()); }
};

TokenModel::Impl::Impl(const Impl& other)
    : network(other.network),
      streams(other.streams),
      writer(other.writer),
      reader(other.reader),
      sources(other.sources),
      sinks(other.sinks),
      agenda(other.agenda),
      reach(other.reach) {
  for (Stream& stream : streams) stream.join(agenda);
  for (const auto& node : other.nodes) {
    nodes.push_back(node->copy());
    nodes.back()->move([&](const Stream* s) { return &streams[other.index(s)]; });
  }
}

/// Streams without a writer or a reader get a source or a sink.
void TokenModel::Impl::connect() {
  writer.assign(network.beats.size(), kNobody);
  reader.assign(network.beats.size(), kNobody);
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::size_t s : network.nodes[i].inputs) reader[s] = i;
    for (const std::size_t s : network.nodes[i].outputs) writer[s] = i;
  }
  std::size_t next = network.nodes.size();
  for (std::size_t s = 0; s < network.beats.size(); ++s) {
    if (writer[s] == kNobody) writer[s] = next++;
    if (reader[s] != kNobody) continue;
    reader[s] = next++;
    sinks.push_back(s);
  }
  agenda.open(next);
}

void TokenModel::Impl::open_streams(std::int64_t recorded) {
  streams.resize(network.beats.size());
  for (std::size_t s = 0; s < streams.size(); ++s) {
    const std::int64_t beats = network.beats[s];
    std::int64_t held = is_layer(writer[s]) ? held_beats(network.nodes[writer[s]].timing) : 0;
    reach = std::max(reach, held / beats + kVectorFrames);
    held = std::max(held, token::Source::kAhead);
    const std::int64_t kept = recorded > 0 ? recorded * beats + held : 0;
    streams[s].open(beats, held, kept, writer[s], reader[s]);
    streams[s].join(agenda);
  }
}

void TokenModel::Impl::make_nodes(TokenOutside outside) {
  for (const TokenNode& node : network.nodes) {
    token::Ports ports;
    for (const std::size_t s : node.inputs) ports.inputs.push_back(&streams[s]);
    for (const std::size_t s : node.outputs) {
      ports.outputs.push_back(&streams[s]);
      ports.capacity.push_back(hw::kSkidBeats);
    }
    nodes.push_back(token::make_node(node.timing, std::move(ports)));
  }
  outside.offered.resize(streams.size());
  outside.taken.resize(streams.size());
  for (std::size_t s = 0; s < streams.size(); ++s) {
    if (!is_layer(writer[s])) {
      auto source = std::make_unique<token::Source>(streams[s], std::move(outside.offered[s]),
                                                    outside.interval);
      sources.push_back(nodes.size());
      nodes.push_back(std::move(source));
    }
    if (!is_layer(reader[s]))
      nodes.push_back(std::make_unique<token::Sink>(streams[s], std::move(outside.taken[s])));
  }
}

std::vector<std::size_t> TokenModel::Impl::take_network(const Impl& all,
                                                        const std::vector<std::size_t>& layers) {
  std::vector<std::size_t> place(all.streams.size(), kNobody);
  for (const std::size_t i : layers) {
    for (const std::size_t s : all.network.nodes[i].inputs) place[s] = 0;
    for (const std::size_t s : all.network.nodes[i].outputs) place[s] = 0;
  }
  std::vector<std::size_t> taken;
  for (std::size_t s = 0; s < place.size(); ++s) {
    if (place[s] == kNobody) continue;
    place[s] = taken.size();
    taken.push_back(s);
    network.beats.push_back(all.network.beats[s]);
    streams.push_back(all.streams[s]);
  }
  for (const std::size_t i : layers) {
    TokenNode& node = network.nodes.emplace_back(all.network.nodes[i]);
    for (std::size_t& s : node.inputs) s = place[s];
    for (std::size_t& s : node.outputs) s = place[s];
  }
  return taken;
}

void TokenModel::Impl::take_nodes(const Impl& all, const std::vector<std::size_t>& layers,
                                  const std::vector<std::size_t>& taken, Cycle interval) {
  const auto copy = [&](std::size_t node) {
    auto copied = all.nodes[node]->copy();
    copied->move([&](const Stream* s) {
      return &streams[static_cast<std::size_t>(std::ranges::lower_bound(taken, all.index(s)) -
                                               taken.begin())];
    });
    return copied;
  };
  for (const std::size_t i : layers) nodes.push_back(copy(i));
  for (std::size_t i = 0; i < taken.size(); ++i) {
    Stream& stream = streams[i];
    stream.join(agenda, writer[i], reader[i]);
    const auto echo = [&] { return token::Echo(stream, interval); };
    const std::size_t before = all.writer[taken[i]], behind = all.reader[taken[i]];
    if (!is_layer(writer[i])) {
      sources.push_back(nodes.size());
      nodes.push_back(all.is_layer(before) ? std::make_unique<token::Source>(stream, echo())
                                           : copy(before));
    }
    if (!is_layer(reader[i]))
      nodes.push_back(all.is_layer(behind) ? std::make_unique<token::Sink>(stream, echo())
                                           : copy(behind));
  }
}

TokenModel::TokenModel(const TokenNetwork& network, TokenOutside outside, std::int64_t recorded)
    : impl_(std::make_unique<Impl>()) {
  impl_->network = network;
  impl_->connect();
  impl_->open_streams(recorded);
  impl_->make_nodes(std::move(outside));
  for (std::size_t i = 0; i < impl_->nodes.size(); ++i) impl_->agenda.add(i);
}

TokenModel::TokenModel() : impl_(std::make_unique<Impl>()) {}
TokenModel::~TokenModel() = default;
TokenModel::TokenModel(TokenModel&&) noexcept = default;
TokenModel& TokenModel::operator=(TokenModel&&) noexcept = default;
TokenModel::TokenModel(const TokenModel& other)
    : impl_(std::make_unique<Impl>(*other.impl_)), frame_ends_(other.frame_ends_) {}

TokenModel TokenModel::part(const std::vector<std::size_t>& nodes) const {
  TokenModel result;
  result.frame_ends_ = frame_ends_;
  Impl& part = *result.impl_;
  part.reach = impl_->reach;
  const auto streams = part.take_network(*impl_, nodes);
  part.connect();
  part.take_nodes(*impl_, nodes, streams, latest_interval().value());
  for (std::size_t i = 0; i < part.nodes.size(); ++i) part.agenda.add(i);
  return result;
}

void TokenModel::shrink_fifo(std::size_t node, const std::optional<hw::FifoTiming>& timing) {
  auto& place = impl_->nodes.at(node);
  place = token::make_smaller(*place, timing);
  impl_->agenda.add(node);
}

void TokenModel::Impl::offer(std::int64_t quarters) {
  for (const std::size_t i : sources) {
    auto& source = static_cast<token::Source&>(*nodes[i]);
    source.beats = quarters * source.ports().outputs[0]->beats() / 4;
    agenda.add(i);
  }
  while (!agenda.empty()) nodes[agenda.next()]->run();
}

bool TokenModel::run(std::int64_t frames) {
  Impl& m = *impl_;
  for (std::int64_t f = std::ssize(frame_ends_) + 1; f <= frames; ++f) {
    m.offer(4 * f);
    Cycle end = -1;
    for (const std::size_t s : m.sinks) {
      const Stream& stream = m.streams[s];
      if (stream.taken < f * stream.beats()) return false;
      end = std::max(end, stream.taken_at(f * stream.beats() - 1));
    }
    frame_ends_.push_back(end);
  }
  return true;
}

void TokenModel::begin_frame(int quarters) { impl_->offer(4 * std::ssize(frame_ends_) + quarters); }

std::optional<Cycle> TokenModel::repeated_interval(std::int64_t frames) const {
  const auto& ends = frame_ends_;
  if (ends.size() < 2) return {};
  const Cycle interval = ends.back() - ends[ends.size() - 2];
  const bool repeats = std::ranges::all_of(impl_->streams, [&](const Stream& stream) {
    return stream.repeated(interval) >= frames * stream.beats();
  });
  return repeats ? std::optional(interval) : std::nullopt;
}
std::optional<Cycle> TokenModel::steady_interval() const { return repeated_interval(impl_->reach); }
void TokenModel::set_pace(Cycle pace) {
  for (Stream& stream : impl_->streams) stream.set_pace(pace);
}
std::optional<bool> TokenModel::keeps_pace(int halves) const {
  const auto& streams = impl_->streams;
  const auto enough = [&](const Stream& s) { return (halves * s.beats() + 1) / 2; };
  if (std::ranges::all_of(streams, [&](const Stream& s) { return s.kept() >= enough(s); }))
    return true;
  if (std::ranges::all_of(streams, [&](const Stream& s) { return s.lagged() >= enough(s); }) ||
      std::ranges::any_of(streams,
                          [](const Stream& s) { return 2 * s.lagged() >= kLagHalves * s.beats(); }))
    return false;
  return {};
}

Cycle TokenModel::lag() const {
  Cycle most = -kUnlimited;
  for (const Stream& stream : impl_->streams) most = std::max(most, stream.lag());
  return most;
}

std::optional<Cycle> TokenModel::latest_interval() const { return repeated_interval(1); }

std::vector<TokenWait> TokenModel::waits() const {
  const Impl& m = *impl_;
  std::vector<TokenWait> waits;
  for (std::size_t i = 0; i < m.network.nodes.size(); ++i)
    for (const token::Node::Wait& wait : m.nodes[i]->waits()) {
      const TokenNode& node = m.network.nodes[i];
      waits.push_back({i, (wait.room ? node.outputs : node.inputs)[wait.port], wait.room});
    }
  return waits;
}

std::vector<TokenWait> TokenModel::circle() const {
  const Impl& m = *impl_;
  const std::vector<TokenWait> waits = this->waits();
  // From every node along its waits; a node that comes up again closes the circle.
  std::vector<TokenWait> path;
  std::vector<char> state(m.nodes.size(), 0);  // 1: on the path, 2: done
  const auto visit = [&](const auto& self, std::size_t node) -> bool {
    state[node] = 1;
    for (const TokenWait& wait : waits) {
      if (wait.node != node) continue;
      const std::size_t next = wait.room ? m.reader[wait.stream] : m.writer[wait.stream];
      if (!m.is_layer(next) || state[next] == 2) continue;
      path.push_back(wait);
      if (state[next] == 1) {
        path.erase(path.begin(), std::ranges::find(path, next, &TokenWait::node));
        return true;
      }
      if (self(self, next)) return true;
      path.pop_back();
    }
    state[node] = 2;
    return false;
  };
  for (std::size_t i = 0; i < m.network.nodes.size(); ++i)
    if (state[i] == 0 && visit(visit, i)) return path;
  return {};
}

const TokenNetwork& TokenModel::network() const { return impl_->network; }

Cycle TokenModel::valid(std::size_t stream, std::int64_t k) const {
  return impl_->streams[stream].valid(k);
}
Cycle TokenModel::taken(std::size_t stream, std::int64_t k) const {
  return impl_->streams[stream].taken_at(k);
}
std::int64_t TokenModel::taken_count(std::size_t stream) const {
  return impl_->streams[stream].taken;
}

namespace {

/// The most beats that had been taken from one stream and not yet from the other while beats
/// `first` to `end` were taken from the one; of the other fewer than `known` are known.
std::int64_t most_between(std::int64_t first, std::int64_t end, std::int64_t known,
                          const auto& entered, const auto& left) {
  std::int64_t most = 0, gone = std::min(first + 1, known);
  while (gone > 0 && left(gone - 1) > entered(first)) --gone;
  for (std::int64_t k = first; k < end; ++k) {
    while (gone < known && left(gone) <= entered(k)) ++gone;
    most = std::max(most, k + 1 - gone);
  }
  return most;
}

}  // namespace

std::int64_t TokenModel::high_water(std::size_t in, std::size_t out) const {
  const Stream &entry = impl_->streams[in], &exit = impl_->streams[out];
  return most_between(
      std::max<std::int64_t>(entry.taken - entry.beats(), 0), entry.taken, exit.taken,
      [&](std::int64_t k) { return entry.taken_at(k); },
      [&](std::int64_t k) { return exit.taken_at(k); });
}

std::int64_t TokenModel::held(std::size_t in, std::size_t out) const {
  const Stream &entry = impl_->streams[in], &exit = impl_->streams[out];
  const Cycle interval = frame_ends_.back() - frame_ends_.at(frame_ends_.size() - 2);
  return most_between(
      entry.taken - entry.beats(), entry.taken, entry.taken,
      [&](std::int64_t k) { return entry.taken_at(k, interval); },
      [&](std::int64_t k) { return exit.taken_at(k, interval); });
}

}  // namespace assay::sim
