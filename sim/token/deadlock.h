// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Who waits for whom in a network of nodes and streams that has stopped.
namespace assay::sim {

/// A stream at the end: no writer or reader is the edge of the network.
struct StreamState {
  std::optional<std::size_t> writer, reader;  ///< nodes
  bool valid = false, ready = false;
  bool finished = false;  ///< nothing more should come
};

/// One node waits for another: `reader` not to be full when the stream holds a beat that is not
/// taken (`full`), or for a beat of its writer.
struct Wait {
  std::size_t node = 0, stream = 0;
  bool full = false;
};

struct Standstill {
  /// Each waits for the next one, the last for the first; or, where nobody waits in a circle, a
  /// chain that ends at the node that gives nothing though nothing stops it.
  std::vector<Wait> waits;
  bool circle = false;
  /// Of a circle: the stream into the node that lacks a beat of another stream. More room there
  /// lets that one come.
  std::optional<std::size_t> enlarge;
};

/// A node that cannot give a beat waits for that stream's reader, else for the streams that bring
/// it nothing. Nothing when no node waits.
std::optional<Standstill> find_standstill(std::span<const StreamState> streams, std::size_t nodes);

}  // namespace assay::sim
