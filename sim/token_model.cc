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
  TokenOutside outside;
  std::vector<Stream> streams;
  std::vector<std::unique_ptr<token::Node>> nodes;
  std::vector<std::size_t> writer, reader;  ///< of streams
  std::vector<std::size_t> sources, sinks;
  std::vector<std::size_t> queue;  ///< nodes that may go on
  std::vector<bool> queued;
  std::vector<std::int64_t> seen_written, seen_taken;  ///< of streams, by who waits for them
  std::int64_t reach = 1;                              ///< frames that equations reach back
  std::int64_t frames = 0;

  void connect(std::int64_t recorded);
  void make_nodes();
  void wake(std::size_t node) {
    if (node == kNobody || queued[node]) return;
    queued[node] = true;
    queue.push_back(node);
  }
  bool offer(std::size_t stream);
  bool absorb(std::size_t stream);
  void run_node(std::size_t node);
  bool run_ends();
  void run_all();
};

void TokenModel::Impl::connect(std::int64_t recorded) {
  const std::size_t n = network.beats.size();
  streams.resize(n);
  writer.assign(n, kNobody);
  reader.assign(n, kNobody);
  std::vector<std::int64_t> held(n, hw::kSkidBeats);
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::size_t s : network.nodes[i].inputs) reader[s] = i;
    for (const std::size_t s : network.nodes[i].outputs) {
      writer[s] = i;
      held[s] = held_beats(network.nodes[i].timing);
    }
  }
  for (std::size_t s = 0; s < n; ++s) {
    const std::int64_t beats = network.beats[s];
    reach = std::max(reach, held[s] / beats + kVectorFrames);
    if (recorded > 0) held[s] = std::min(held[s], recorded * beats);
    // A source offers up to a frame ahead, and repetition is seen against the frame before.
    streams[s].open(beats, std::max(recorded * beats, 2 * beats + held[s] + 2));
    if (writer[s] == kNobody) sources.push_back(s);
    if (reader[s] == kNobody) sinks.push_back(s);
  }
}

void TokenModel::Impl::make_nodes() {
  for (const TokenNode& node : network.nodes) {
    token::Ports ports;
    for (const std::size_t s : node.inputs) ports.inputs.push_back(&streams[s]);
    for (const std::size_t s : node.outputs) {
      ports.outputs.push_back(&streams[s]);
      ports.capacity.push_back(hw::kSkidBeats);
    }
    nodes.push_back(token::make_node(node.timing, std::move(ports)));
  }
  queued.assign(nodes.size(), false);
}

/// A source gives the next beats, no more than a frame ahead.
bool TokenModel::Impl::offer(std::size_t s) {
  Stream& stream = streams[s];
  const std::int64_t total = frames * stream.beats();
  const std::int64_t ahead = std::min(total, stream.taken + stream.beats());
  const std::int64_t before = stream.written;
  const auto& cycles = outside.offered[s];
  while (stream.written < ahead) {
    const std::int64_t k = stream.written;
    if (!cycles.empty() && k >= std::ssize(cycles)) break;
    stream.write((cycles.empty() ? k / stream.beats() * outside.interval
                                 : cycles[static_cast<std::size_t>(k)]) -
                 1);
  }
  return stream.written != before;
}

bool TokenModel::Impl::absorb(std::size_t s) {
  Stream& stream = streams[s];
  const std::int64_t before = stream.taken;
  const auto& cycles = outside.taken[s];
  while (stream.taken < stream.written) {
    if (!cycles.empty() && stream.taken >= std::ssize(cycles)) break;
    stream.take(cycles.empty() ? stream.valid(stream.taken)
                               : cycles[static_cast<std::size_t>(stream.taken)]);
  }
  return stream.taken != before;
}

void TokenModel::Impl::run_node(std::size_t i) {
  nodes[i]->run();
  for (const std::size_t s : network.nodes[i].inputs) {
    if (streams[s].taken == seen_taken[s]) continue;
    seen_taken[s] = streams[s].taken;
    if (writer[s] == kNobody) {
      if (offer(s)) wake(i);
    } else {
      wake(writer[s]);
    }
  }
  for (const std::size_t s : network.nodes[i].outputs) {
    if (streams[s].written == seen_written[s]) continue;
    seen_written[s] = streams[s].written;
    if (reader[s] == kNobody) {
      if (absorb(s)) wake(i);
    } else {
      wake(reader[s]);
    }
  }
}

void TokenModel::Impl::run_all() {
  for (const std::size_t s : sources)
    if (offer(s)) wake(reader[s]);
  while (!queue.empty()) {
    const std::size_t node = queue.back();
    queue.pop_back();
    queued[node] = false;
    run_node(node);
  }
}

TokenModel::TokenModel(const TokenNetwork& network, TokenOutside outside, std::int64_t recorded)
    : impl_(std::make_unique<Impl>()) {
  Impl& m = *impl_;
  m.network = network;
  m.outside = std::move(outside);
  m.outside.offered.resize(network.beats.size());
  m.outside.taken.resize(network.beats.size());
  m.connect(recorded);
  m.make_nodes();
  m.seen_written.assign(network.beats.size(), 0);
  m.seen_taken.assign(network.beats.size(), 0);
}

TokenModel::~TokenModel() = default;
TokenModel::TokenModel(TokenModel&&) noexcept = default;

bool TokenModel::run(std::int64_t frames) {
  Impl& m = *impl_;
  for (std::int64_t f = m.frames + 1; f <= frames; ++f) {
    m.frames = f;
    m.run_all();
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

std::optional<Cycle> TokenModel::steady_interval() const {
  const Impl& m = *impl_;
  if (m.frames < m.reach + 1) return {};
  const Cycle interval = m.streams.front().later();
  for (const Stream& stream : m.streams)
    if (stream.later() != interval || stream.repeated < m.reach * stream.beats() ||
        stream.taken != m.frames * stream.beats())
      return {};
  return interval;
}

std::vector<TokenWait> TokenModel::waits() const {
  const Impl& m = *impl_;
  std::vector<TokenWait> waits;
  for (std::size_t i = 0; i < m.nodes.size(); ++i)
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
      if (next == kNobody || state[next] == 2) continue;
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
  for (std::size_t i = 0; i < m.nodes.size(); ++i)
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
