// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/directed.h"

#include <algorithm>
#include <limits>
#include <set>

#include "compile/graph/hw_ops.h"
#include "compile/hw/layer.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Nodes without thresholds and weights: extremes and ramps show every bit of every element move.
class PlainStimuli : public NodeStimuli {
 public:
  explicit PlainStimuli(const Node& node) : node_(node) {}
  void see(const NodeFrame& /*frame*/) override {}
  report::Coverage coverage() const override { return {}; }

  std::vector<NodeFrame> directed(std::int64_t frames, std::uint64_t /*seed*/) override {
    std::vector<NodeFrame> list = {extremes(false, false), extremes(true, true), ramp()};
    if (run_time_inputs(node_).size() > 1) {
      list.push_back(extremes(false, true));
      list.push_back(extremes(true, false));
    }
    list.resize(std::min(list.size(), static_cast<std::size_t>(frames)));
    return list;
  }

 private:
  /// The first input at one end of its type, the others at one.
  NodeFrame extremes(bool first_largest, bool others_largest) const {
    NodeFrame frame;
    for (const Tensor* x : run_time_inputs(node_)) {
      const bool largest = frame.empty() ? first_largest : others_largest;
      frame.emplace_back(hw::elements(x), largest ? x->dtype.max() : x->dtype.min());
    }
    return frame;
  }

  /// Neighbours differ, and so do elements a small power of two apart.
  NodeFrame ramp() const {
    NodeFrame frame;
    for (const Tensor* x : run_time_inputs(node_)) {
      Ints& values = frame.emplace_back();
      for (std::int64_t i = 0; i < hw::elements(x); ++i)
        values.push_back(nth_value(x->dtype, static_cast<std::uint64_t>(i + i / 7)));
    }
    return frame;
  }

  const Node& node_;
};

/// Classes that are equally good, at both ends of the type and in its middle.
class LabelStimuli final : public PlainStimuli {
 public:
  explicit LabelStimuli(const Node& node)
      : PlainStimuli(node),
        op_(*node.as<hw::LabelSelect>()),
        type_(node.inputs[0]->dtype),
        classes_(hw::elements(node.inputs[0])) {}

  std::vector<NodeFrame> directed(std::int64_t frames, std::uint64_t seed) override {
    const std::int64_t best = op_.largest ? type_.max() : type_.min(),
                       worst = op_.largest ? type_.min() : type_.max(),
                       middle =
                           nth_value(type_, static_cast<std::uint64_t>(value_count(type_)) / 2);
    std::vector<NodeFrame> list;
    for (const std::int64_t value : {worst, best, middle})
      list.push_back({Ints(static_cast<std::size_t>(classes_), value)});
    for (const auto& [a, b] : pairs()) {
      list.push_back(among(worst, best, a, b));
      list.push_back(among(worst, middle, a, b));
    }
    for (const std::int64_t a : places()) list.push_back(among(worst, best, a, a));
    for (NodeFrame& frame : PlainStimuli::directed(frames, seed)) list.push_back(std::move(frame));
    list.resize(std::min(list.size(), static_cast<std::size_t>(frames)));
    return list;
  }

 private:
  /// The first and the last class, their neighbours, and those at powers of two and lanes.
  std::set<std::int64_t> places() const {
    std::set<std::int64_t> list = {0, classes_ - 1};
    for (std::int64_t p = 1; p < classes_; p *= 2) list.insert({p - 1, p, classes_ - p});
    for (const std::int64_t p : {op_.pe - 1, op_.pe, classes_ - op_.pe})
      if (p >= 0 && p < classes_) list.insert(p);
    return list;
  }

  /// First and last, and each place with its right neighbour.
  std::set<std::pair<std::int64_t, std::int64_t>> pairs() const {
    std::set<std::pair<std::int64_t, std::int64_t>> list;
    if (classes_ > 1) list.insert({0, classes_ - 1});
    for (const std::int64_t p : places())
      if (p + 1 < classes_) list.insert({p, p + 1});
    return list;
  }

  NodeFrame among(std::int64_t others, std::int64_t value, std::int64_t a, std::int64_t b) const {
    Ints x(static_cast<std::size_t>(classes_), others);
    x[static_cast<std::size_t>(a)] = x[static_cast<std::size_t>(b)] = value;
    return {std::move(x)};
  }

  const hw::LabelSelect& op_;
  const DataType type_;
  const std::int64_t classes_;
};

}  // namespace

std::int64_t value_count(const DataType& type) {
  if (type.kind == DataType::Kind::kBipolar) return 2;
  const auto last = static_cast<std::uint64_t>(type.max()) - static_cast<std::uint64_t>(type.min());
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return last >= static_cast<std::uint64_t>(kMost) ? kMost : static_cast<std::int64_t>(last) + 1;
}

std::int64_t nth_value(const DataType& type, std::uint64_t n) {
  n %= static_cast<std::uint64_t>(value_count(type));
  if (type.kind == DataType::Kind::kBipolar) return n == 0 ? -1 : 1;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(type.min()) + n);
}

Steps steps_of(const DataType& type) {
  return {type.min(), type.max(), type.kind == DataType::Kind::kBipolar ? 2 : 1};
}

NodeFrame random_frame(const Node& node, std::mt19937_64& random) {
  NodeFrame frame;
  for (const Tensor* x : run_time_inputs(node)) {
    Ints& values = frame.emplace_back();
    for (std::int64_t i = 0; i < hw::elements(x); ++i)
      values.push_back(nth_value(x->dtype, random()));
  }
  return frame;
}

std::unique_ptr<NodeStimuli> make_stimuli(const Node& node) {
  if (node.as<hw::MultiplyOp>()) return product_stimuli(node);
  const auto* join = node.as<hw::JoinThreshold>();
  // A join of a stream with itself has no inputs of their own.
  const bool apart = join && run_time_inputs(node).size() + join->kFirstX == node.inputs.size();
  if (node.as<hw::Thresholding>() || apart) return threshold_stimuli(node);
  if (node.as<hw::LabelSelect>()) return std::make_unique<LabelStimuli>(node);
  return std::make_unique<PlainStimuli>(node);
}

}  // namespace assay
