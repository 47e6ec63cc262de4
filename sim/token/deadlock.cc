// SPDX-License-Identifier: Apache-2.0
#include "sim/token/deadlock.h"

#include <algorithm>

namespace assay::sim {
namespace {

/// The other end of what a node waits for.
std::optional<std::size_t> awaited(std::span<const StreamState> streams, const Wait& wait) {
  const StreamState& s = streams[wait.stream];
  return wait.full ? s.reader : s.writer;
}

/// Per node, what it waits for.
std::vector<std::vector<Wait>> all_waits(std::span<const StreamState> streams, std::size_t nodes) {
  std::vector<std::vector<Wait>> waits(nodes);
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (streams[i].writer && streams[i].valid && !streams[i].ready)
      waits[*streams[i].writer].push_back({*streams[i].writer, i, true});
  std::vector<bool> blocked(nodes);
  for (std::size_t n = 0; n < nodes; ++n) blocked[n] = !waits[n].empty();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamState& s = streams[i];
    if (s.reader && !blocked[*s.reader] && !s.valid && !s.finished)
      waits[*s.reader].push_back({*s.reader, i, false});
  }
  return waits;
}

/// Depth-first search for a circle; without one, the longest chain.
class Search {
 public:
  Search(std::span<const StreamState> streams, std::size_t nodes)
      : streams_(streams), waits_(all_waits(streams, nodes)), seen_(nodes) {}

  std::optional<Standstill> run() {
    for (std::size_t n = 0; n < waits_.size(); ++n)
      if (!seen_[n] && visit(n)) return found_;
    for (std::size_t n = 0; n < waits_.size(); ++n) {
      std::vector<Wait> chain = chain_from(n);
      if (chain.size() > found_.waits.size()) found_.waits = std::move(chain);
    }
    if (found_.waits.empty()) return {};
    return found_;
  }

 private:
  bool visit(std::size_t node) {
    seen_[node] = true;
    for (const Wait& wait : waits_[node]) {
      const auto next = awaited(streams_, wait);
      if (!next) continue;
      path_.push_back(wait);
      const auto at = std::ranges::find(path_, *next, &Wait::node);
      if (at != path_.end()) {
        close({at, path_.end()});
        return true;
      }
      if (!seen_[*next] && visit(*next)) return true;
      path_.pop_back();
    }
    return false;
  }

  void close(std::vector<Wait> circle) {
    found_ = {std::move(circle), true, {}};
    const std::vector<Wait>& waits = found_.waits;
    for (std::size_t i = 0; i < waits.size(); ++i)
      if (waits[i].full && !waits[(i + 1) % waits.size()].full) found_.enlarge = waits[i].stream;
  }

  /// Precondition: there is no circle.
  std::vector<Wait> chain_from(std::size_t node) const {
    std::vector<Wait> chain;
    for (std::optional<std::size_t> next = node; next && !waits_[*next].empty();) {
      chain.push_back(waits_[*next].front());
      next = awaited(streams_, chain.back());
    }
    return chain;
  }

  std::span<const StreamState> streams_;
  std::vector<std::vector<Wait>> waits_;
  std::vector<bool> seen_;
  std::vector<Wait> path_;
  Standstill found_;
};

}  // namespace

std::optional<Standstill> find_standstill(std::span<const StreamState> streams, std::size_t nodes) {
  return Search(streams, nodes).run();
}

}  // namespace assay::sim
