// SPDX-License-Identifier: Apache-2.0
// Internal to the token model.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/token/token_stream.h"

namespace assay::sim::token {

/// The streams of a layer; `capacity[i]`: beats that the queue in front of output i holds.
struct Ports {
  std::vector<Stream*> inputs, outputs;
  std::vector<std::int64_t> capacity;
};

/// A layer as equations between the stamps of its streams.
class Node {
 public:
  explicit Node(Ports ports) : ports_(std::move(ports)) {}
  virtual ~Node() = default;
  /// Computes all stamps that can be computed by now.
  virtual void run() = 0;
  /// What it waits for, when nothing moves any more: indices into its inputs and outputs.
  struct Wait {
    bool room = false;
    std::size_t port = 0;
  };
  virtual std::vector<Wait> waits() const = 0;

  /// The same node in the same state, for a copy of the streams.
  virtual std::unique_ptr<Node> copy() const = 0;
  /// `moved` says where a stream is in the copy.
  void move(const auto& moved) {
    for (Stream*& stream : ports_.inputs) stream = moved(stream);
    for (Stream*& stream : ports_.outputs) stream = moved(stream);
  }
  const Ports& ports() const { return ports_; }

 protected:
  Node(const Node&) = default;
  Stream& in() const { return *ports_.inputs[0]; }
  Stream& out() const { return *ports_.outputs[0]; }
  Ports ports_;
};

/// Copies by its constructor.
template <typename Derived>
class CopyableNode : public Node {
 public:
  using Node::Node;
  std::unique_ptr<Node> copy() const final {
    return std::make_unique<Derived>(static_cast<const Derived&>(*this));
  }
};

using Waits = std::vector<Node::Wait>;
/// Adds the inputs of those in `needs`, one bit each, that have no beat.
void add_missing(Waits& waits, const Ports& ports, std::uint64_t needs);
/// Adds the outputs without room for a beat.
void add_full(Waits& waits, const Ports& ports);

/// Offers beat k in `offered[k]`, or, when that is empty, frame f in cycle f * interval; or when
/// the echo says.
class Source final : public CopyableNode<Source> {
 public:
  Source(Stream& out, std::vector<Cycle> offered, Cycle interval)
      : CopyableNode({{}, {&out}, {}}), offered_(std::move(offered)), interval_(interval) {}
  Source(Stream& out, Echo echo) : CopyableNode({{}, {&out}, {}}), echo_(std::move(echo)) {}
  void run() override;
  std::vector<Wait> waits() const override { return {}; }
  static constexpr std::int64_t kAhead = 64;  ///< beats that it offers before any is taken
  std::int64_t beats = 0;                     ///< that it has

 private:
  std::vector<Cycle> offered_;
  Cycle interval_ = 0;
  std::optional<Echo> echo_;
};

/// Takes beat k in `taken[k]`, or, when that is empty, as soon as it is there and the echo, if
/// there is one, says so.
class Sink final : public CopyableNode<Sink> {
 public:
  Sink(Stream& in, std::vector<Cycle> taken)
      : CopyableNode({{&in}, {}, {}}), taken_(std::move(taken)) {}
  Sink(Stream& in, Echo echo) : CopyableNode({{&in}, {}, {}}), echo_(std::move(echo)) {}
  void run() override;
  std::vector<Wait> waits() const override { return {}; }

 private:
  std::vector<Cycle> taken_;
  std::optional<Echo> echo_;
};

std::unique_ptr<Node> make_window(const hw::WindowTiming& t, Ports ports);
std::unique_ptr<Node> make_pick(const hw::PickTiming& t, Ports ports);
std::unique_ptr<Node> make_pipeline(const hw::PipelineTiming& t, Ports ports);
std::unique_ptr<Node> make_product(const hw::ProductTiming& t, Ports ports);
std::unique_ptr<Node> make_node(const hw::Timing& timing, Ports ports);
/// The FIFO with a smaller depth, none: as a wire; in a state from which the schedule goes on and
/// settles as it would have from the beginning. Precondition: block RAM takes the place of block
/// RAM only.
std::unique_ptr<Node> make_smaller(const Node& fifo, const std::optional<hw::FifoTiming>& timing);

}  // namespace assay::sim::token
