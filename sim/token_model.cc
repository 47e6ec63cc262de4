// SPDX-License-Identifier: Apache-2.0
#include "sim/token_model.h"

#include "compile/base/error.h"
#include "sim/token_nodes.h"

namespace assay::sim {

using token::kUnlimited;
using token::Stream;

namespace {

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

/// Frames that equations inside of layers reach back: two vectors, each of which may be a frame.
constexpr std::int64_t kVectorFrames = 2;

/// Beats that a layer holds behind its last controller, so that a stamp of its output may depend on
/// so many before it.
std::int64_t held_beats(const hw::Timing& timing) {
  if (const auto* fifo = std::get_if<hw::FifoTiming>(&timing)) return fifo->depth;
  std::int64_t stages = 0;
  if (const auto* pipeline = std::get_if<hw::PipelineTiming>(&timing))
    stages = pipeline->sum_stages + pipeline->stages;
  if (const auto* product = std::get_if<hw::ProductTiming>(&timing))
    stages = token::kProductStages + product->stages;
  return stages + hw::kSkidBeats;
}

}  // namespace

struct TokenModel::Impl {
  TokenNetwork network;
  std::vector<Stream> streams;
  std::vector<std::unique_ptr<token::Node>> nodes;  ///< the network's, then sources and sinks
  std::vector<std::size_t> writer, reader;          ///< of streams
  std::vector<token::Source*> sources;
  std::vector<std::size_t> sinks;  ///< streams that leave
  token::Agenda agenda;
  std::int64_t reach = 1;  ///< frames that equations reach back
  std::int64_t frames = 0;

  void connect();
  void open_streams(std::int64_t recorded);
  void make_nodes(TokenOutside outside);
  bool is_layer(std::size_t node) const { return node < network.nodes.size(); }
};

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
    if (recorded > 0) held = std::min(held, recorded * beats);
    held = std::max(held, token::Source::kAhead);
    // Repetition is seen against the frame before.
    const std::int64_t kept = 2 * beats + held;
    streams[s].open(beats, std::max(held, recorded * beats), std::max(kept, recorded * beats),
                    agenda, writer[s], reader[s]);
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
      sources.push_back(source.get());
      nodes.push_back(std::move(source));
    }
    if (!is_layer(reader[s]))
      nodes.push_back(std::make_unique<token::Sink>(streams[s], std::move(outside.taken[s])));
  }
}

TokenModel::TokenModel(const TokenNetwork& network, TokenOutside outside, std::int64_t recorded)
    : impl_(std::make_unique<Impl>()) {
  impl_->network = network;
  impl_->connect();
  impl_->open_streams(recorded);
  impl_->make_nodes(std::move(outside));
}

TokenModel::~TokenModel() = default;
TokenModel::TokenModel(TokenModel&&) noexcept = default;

bool TokenModel::run(std::int64_t frames) {
  Impl& m = *impl_;
  for (std::int64_t f = m.frames + 1; f <= frames; ++f) {
    m.frames = f;
    for (token::Source* source : m.sources) {
      source->frames = f;
      source->run();
    }
    while (!m.agenda.empty()) m.nodes[m.agenda.next()]->run();
    Cycle end = -1;
    for (const std::size_t s : m.sinks) {
      const Stream& stream = m.streams[s];
      if (stream.taken < f * stream.beats()) return false;
      end = std::max(end, stream.taken_at(f * stream.beats() - 1));
    }
    frame_ends_.push_back(end);
    note_repetition();
  }
  return true;
}

/// Behind every frame: whether all of its beats moved as those of the frame before.
void TokenModel::note_repetition() {
  const Impl& m = *impl_;
  const auto& ends = frame_ends_;
  const Cycle interval = ends.size() < 2 ? -1 : ends.back() - ends[ends.size() - 2];
  const bool repeats =
      ends.size() >= 2 && std::ranges::all_of(m.streams, [&](const Stream& stream) {
        return stream.repeats(stream.beats(), interval);
      });
  repeated_ = !repeats ? 0 : interval == interval_ ? repeated_ + 1 : 1;
  interval_ = interval;
}

std::optional<Cycle> TokenModel::steady_interval() const {
  return repeated_ >= impl_->reach ? std::optional(interval_) : std::nullopt;
}
std::optional<Cycle> TokenModel::latest_interval() const {
  return repeated_ >= 1 ? std::optional(interval_) : std::nullopt;
}

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

Cycle TokenModel::valid(std::size_t stream, std::int64_t k) const {
  return impl_->streams[stream].valid(k);
}
Cycle TokenModel::taken(std::size_t stream, std::int64_t k) const {
  return impl_->streams[stream].taken_at(k);
}
std::int64_t TokenModel::taken_count(std::size_t stream) const {
  return impl_->streams[stream].taken;
}

std::int64_t TokenModel::high_water(std::size_t in, std::size_t out) const {
  const Stream &entry = impl_->streams[in], &exit = impl_->streams[out];
  std::int64_t most = 0;
  for (std::int64_t k = 0, gone = 0; k < entry.taken; ++k) {
    while (gone < exit.taken && exit.taken_at(gone) <= entry.taken_at(k)) ++gone;
    most = std::max(most, k + 1 - gone);
  }
  return most;
}

}  // namespace assay::sim
