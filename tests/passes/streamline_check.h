// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compile/base/error.h"
#include "compile/graph/ops.h"
#include "compile/passes/streamline/streamline.h"
#include "golden/exact/executor.h"
#include "golden/exact/index_map.h"
#include "support/passes.h"
#include "support/random_graph.h"

/// Graphs before and after streamlining, side by side: runs, comparison by checkpoint, and inputs
/// solved so that accumulators meet thresholds.
namespace assay::testing {

using Integers = std::vector<std::int64_t>;
using ForcedIntegers = std::map<std::string, Integers>;  ///< by checkpoint

/// Makes the graph integer; the report of all three passes.
inline PassReport make_integer(Graph& graph, const PassOptions& options = {}) {
  PassContext context{.options = options};
  for (const Pass pass : {absorb_scales, residual_sums, integer_tail}) {
    pass(graph, context);
    verify(graph);
  }
  verify_integer(graph);
  return std::move(context.report);
}

/// A random graph on bytes, after cleanup.
inline Graph random_clean_graph(RandomGraph& maker) {
  Graph graph = maker.make();
  graph.inputs()[0]->dtype = DataType::uint(8);
  clean_up(graph);
  return graph;
}

inline Integers random_pixels(Random& random, const Shape& shape, bool corners = false) {
  Integers pixels;
  for (std::int64_t i = 0; i < element_count(shape); ++i)
    pixels.push_back(corners ? random.range(0, 1) * 255 : random.range(0, 255));
  return pixels;
}

inline ExactExecutor byte_executor(const Graph& graph) {
  return ExactExecutor(graph, {ExactInput::integers(0, 255)}, {.parallel = false});
}

/// The first place where two runs disagree.
struct Disagreement {
  std::string checkpoint, expected, got;
  std::int64_t element = 0;
};

inline std::optional<Disagreement> compare_values(const CheckpointValue& a,
                                                  const CheckpointValue& b) {
  const std::string& name = a.checkpoint->name;
  if (a.q.size() != b.q.size())
    return Disagreement{name, fmt::format("{} integers", a.q.size()),
                        fmt::format("{} integers", b.q.size())};
  for (std::size_t e = 0; e < a.q.size(); ++e)
    if (a.q[e] != b.q[e])
      return Disagreement{name, std::to_string(a.q[e]), std::to_string(b.q[e]),
                          static_cast<std::int64_t>(e)};
  if (!a.q.empty()) return {};
  if (a.value.shape != b.value.shape)
    return Disagreement{name, shape_text(a.value.shape), shape_text(b.value.shape)};
  for (std::int64_t e = 0; e < a.value.size(); ++e)
    if (!(a.value.real(e) == b.value.real(e)))
      return Disagreement{name, a.value.real(e).str(), b.value.real(e).str(), e};
  return {};
}

/// In the order of the checkpoints of `expected`; nothing when all are equal.
inline std::optional<Disagreement> first_disagreement(const ExactRun& expected,
                                                      const ExactRun& got) {
  std::map<std::string, const CheckpointValue*> values;
  for (const CheckpointValue& value : got.checkpoints) values[value.checkpoint->name] = &value;
  for (const CheckpointValue& value : expected.checkpoints) {
    const auto it = values.find(value.checkpoint->name);
    if (it == values.end()) return Disagreement{value.checkpoint->name, "a value", "none"};
    if (auto found = compare_values(value, *it->second)) return found;
  }
  return {};
}

inline std::int64_t integer_element(const Constant& constant, std::int64_t index) {
  return constant.is_int() ? constant.ints()[static_cast<std::size_t>(index)]
                           : static_cast<std::int64_t>(constant.to_float(index));
}

/// Where element `index` of a tensor of shape `to` lies in one of shape `from` that broadcasts.
inline std::int64_t broadcast_at(const Shape& from, const Shape& to, std::int64_t index) {
  const std::vector<std::int64_t> strides = broadcast_strides(from, to);
  std::int64_t out = 0;
  for (std::size_t axis = to.size(); axis-- > 0;) {
    out += index % to[axis] * strides[axis];
    index /= to[axis];
  }
  return out;
}

/// One comparison of an integer quantiser: element e of its integer combination of tensors against
/// a row of thresholds.
class ThresholdNode {
 public:
  explicit ThresholdNode(const Node& node)
      : node_(&node),
        multi_(node.as<ops::MultiThreshold>()),
        join_(node.as<ops::JoinThreshold>()),
        thresholds_(multi_ ? &node.inputs[1]->constant.value() : &node.inputs[0]->constant.value()),
        shape_(*node.outputs[0]->shape) {}

  static bool is_one(const Node& node) {
    return node.as<ops::MultiThreshold>() || node.as<ops::JoinThreshold>();
  }
  const Node& node() const { return *node_; }
  const Shape& shape() const { return shape_; }
  std::int64_t steps() const { return thresholds_->shape().back(); }
  bool is_table() const { return join_ && !node_->inputs[1] && node_->inputs.size() == 4; }

  /// What is compared: the factor of each tensor at element e.
  std::vector<std::pair<const Tensor*, std::int64_t>> compared(std::int64_t e) const {
    if (multi_) return {{node_->inputs[0], 1}};
    if (!node_->inputs[1]) return {{node_->inputs[2], 1}};
    const Constant& m = node_->inputs[1]->constant.value();
    const auto count = static_cast<std::int64_t>(node_->inputs.size()) - 2;
    std::vector<std::pair<const Tensor*, std::int64_t>> out;
    for (std::int64_t k = 0; k < count; ++k)
      out.emplace_back(node_->inputs[static_cast<std::size_t>(k) + 2],
                       integer_element(m, row(m, e, 1) * count + k));
    return out;
  }
  /// Threshold k of element e; `entry` is the value that looks up the table.
  std::int64_t threshold(std::int64_t e, std::int64_t k, std::int64_t entry = 0) const {
    std::int64_t at = 0;
    if (multi_) {
      const std::size_t axis =
          layout_name(multi_->data_layout).ends_with('C') ? shape_.size() - 1 : 1;
      std::int64_t inner = 1;
      for (std::size_t i = axis + 1; i < shape_.size(); ++i) inner *= shape_[i];
      at = thresholds_->shape()[0] == 1 ? 0 : e / inner % shape_[axis];
    } else {
      at = row(*thresholds_, e, is_table() ? 2 : 1);
      if (is_table()) at = at * thresholds_->shape()[shape_.size()] + (entry - join_->table_min);
    }
    return integer_element(*thresholds_, at * steps() + k);
  }
  const Tensor* entry_tensor() const { return is_table() ? node_->inputs[3] : nullptr; }

 private:
  std::int64_t row(const Constant& constant, std::int64_t e, std::ptrdiff_t inner) const {
    const Shape leading(constant.shape().begin(), constant.shape().end() - inner);
    return broadcast_at(leading, shape_, e);
  }

  const Node* node_;
  const ops::MultiThreshold* multi_;
  const ops::JoinThreshold* join_;
  const Constant* thresholds_;
  Shape shape_;
};

/// An integer number as a sum over elements of source tensors: constant + sum factor * element.
struct LinearForm {
  std::map<std::pair<const Tensor*, std::int64_t>, std::int64_t> factors;
  std::int64_t constant = 0;
};

/// Follows integer operators backwards from an element to the sources; false when one of them is
/// not linear.
class Backtrace {
 public:
  explicit Backtrace(std::function<bool(const Tensor&)> is_source)
      : is_source_(std::move(is_source)) {}

  bool add(const Tensor& tensor, std::int64_t e, std::int64_t factor, LinearForm& out) const {
    if (factor == 0) return true;
    if (tensor.constant) {
      out.constant += factor * integer_element(*tensor.constant, e);
      return true;
    }
    if (is_source_(tensor)) {
      out.factors[{&tensor, e}] += factor;
      return true;
    }
    return tensor.producer && through(*tensor.producer, e, factor, out);
  }

 private:
  bool through(const Node& node, std::int64_t e, std::int64_t factor, LinearForm& out) const {
    if (const auto* conv = node.as<ops::Conv>()) return conv_at(node, *conv, e, factor, out);
    if (node.as<ops::MatMul>()) return matmul_at(node, e, factor, out);
    if (node.as<ops::Add>()) {
      for (const Tensor* x : node.inputs)
        if (!add(*x, broadcast_at(*x->shape, *node.outputs[0]->shape, e), factor, out))
          return false;
      return true;
    }
    if (node.as<ops::Mul>()) return product_at(node, e, factor, out);
    if (const auto map = index_map(node); map && map->inputs.size() == 1) {
      const std::int64_t from = map->source[static_cast<std::size_t>(e)];
      return from < 0 ? map->padding.is_zero()
                      : add(*node.inputs[map->inputs[0]], from, factor, out);
    }
    return false;
  }
  bool product_at(const Node& node, std::int64_t e, std::int64_t factor, LinearForm& out) const {
    for (const std::size_t c : {0U, 1U}) {
      const Tensor &constant = *node.inputs[c], &x = *node.inputs[1 - c];
      if (!constant.constant) continue;
      const Shape& shape = *node.outputs[0]->shape;
      const std::int64_t m =
          integer_element(*constant.constant, broadcast_at(constant.constant->shape(), shape, e));
      return add(x, broadcast_at(*x.shape, shape, e), factor * m, out);
    }
    return false;
  }
  bool matmul_at(const Node& node, std::int64_t e, std::int64_t factor, LinearForm& out) const {
    const Tensor &x = *node.inputs[0], &w = *node.inputs[1];
    if (!w.constant || w.constant->shape().size() != 2) return false;
    const std::int64_t depth = w.constant->shape()[0], n = w.constant->shape()[1];
    for (std::int64_t k = 0; k < depth; ++k)
      if (!add(x, e / n * depth + k, factor * integer_element(*w.constant, k * n + e % n), out))
        return false;
    return true;
  }
  bool conv_at(const Node& node, const ops::Conv& op, std::int64_t e, std::int64_t factor,
               LinearForm& out) const {
    const Tensor &x = *node.inputs[0], &w = *node.inputs[1];
    if (!w.constant || op.window.rank() != 2 || node.inputs.size() > 2) return false;
    const Shape &in = *x.shape, &shape = *node.outputs[0]->shape, &k = w.constant->shape();
    const std::int64_t ow = e % shape[3], oh = e / shape[3] % shape[2],
                       c = e / (shape[3] * shape[2]) % shape[1];
    const std::int64_t first = c / (shape[1] / op.group) * k[1];
    for (std::int64_t i = 0; i < k[1] * k[2] * k[3]; ++i) {
      const std::int64_t kw = i % k[3], kh = i / k[3] % k[2], ic = i / (k[3] * k[2]);
      const std::int64_t y =
          oh * op.window.strides[0] - op.window.pads[0] + kh * op.window.dilations[0];
      const std::int64_t z =
          ow * op.window.strides[1] - op.window.pads[1] + kw * op.window.dilations[1];
      if (y < 0 || y >= in[2] || z < 0 || z >= in[3]) continue;
      const std::int64_t weight = integer_element(*w.constant, c * k[1] * k[2] * k[3] + i);
      if (!add(x, ((first + ic) * in[2] + y) * in[3] + z, factor * weight, out)) return false;
    }
    return true;
  }

  std::function<bool(const Tensor&)> is_source_;
};

/// A bounded integer variable of a linear equation.
struct Variable {
  std::int64_t factor = 0, min = 0, max = 0, value = 0;
};

/// Looks for values with sum factor * value = target; the values that it finds stay.
inline bool solve_sum(std::vector<Variable>& variables, std::int64_t target, Random& random) {
  std::vector<std::size_t> order(variables.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return std::abs(variables[a].factor) > std::abs(variables[b].factor);
  });
  const auto improve = [&](Variable& v, std::int64_t rest) {
    if (v.factor == 0) return std::int64_t{0};
    const std::int64_t to = std::clamp(v.value + rest / v.factor, v.min, v.max);
    const std::int64_t change = (to - v.value) * v.factor;
    v.value = to;
    return change;
  };
  constexpr int kRounds = 24;
  for (int round = 0; round < kRounds; ++round) {
    std::int64_t rest = target;
    for (Variable& v : variables) {
      if (round > 0 && random.chance(50)) v.value = random.range(v.min, v.max);
      rest -= v.factor * v.value;
    }
    for (const std::size_t i : order) rest -= improve(variables[i], rest);
    if (rest == 0) return true;
  }
  return false;
}

/// The exact integer that a run gave an element of a tensor of an integer graph.
inline std::int64_t integer_value(const ExactValue& value, std::int64_t e) {
  const mpq_class number = value.real(e).rational();
  ASSAY_INVARIANT(number.get_den() == 1, "a tensor of an integer graph holds a fraction");
  return number.get_num().get_si();
}

/// Whether a checkpoint's integers can be replaced by those that it has; not when no input changes
/// them.
inline bool can_be_forced(const ExactExecutor& exact, const Integers& pixels,
                          const std::string& checkpoint, const Integers& q) {
  const ForcedIntegers forced{{checkpoint, q}};
  try {
    exact.run({.inputs = {{pixels}}, .forced = &forced, .checkpoints = false});
    return true;
  } catch (const UserError&) {
    return false;
  }
}

/// Solves inputs on which an element of a quantiser meets a threshold or stays one below.
class BoundarySolver {
 public:
  /// `exact` runs `after` and `reference` the graph before. `samples`: runs that tell which
  /// integers the checkpoints reach.
  BoundarySolver(const Graph& after, const ExactExecutor& exact, const ExactExecutor& reference,
                 Random& random, int samples)
      : graph_(after), exact_(exact), random_(random) {
    for (const Checkpoint& checkpoint : after.checkpoints())
      if (checkpoint.kind == Checkpoint::Kind::kActivation && checkpoint.perm.empty())
        carried_.emplace(checkpoint.tensor, &checkpoint);
    for (int i = 0; i < samples; ++i)
      observe(random_pixels(random_, *after.inputs()[0]->shape, i % 2 == 1));
    for (auto& [name, range] : ranges_)
      range.free = can_be_forced(exact, pixels_, name, range.last) &&
                   can_be_forced(reference, pixels_, name, range.last);
  }

  struct Solution {
    Integers pixels;
    ForcedIntegers forced;
    ExactRequest make() const {
      return {.inputs = {{pixels}}, .forced = forced.empty() ? nullptr : &forced};
    }
  };

  /// An input on which element e of `node` compares exactly `threshold(k) - below`.
  std::optional<Solution> solve(const ThresholdNode& node, std::int64_t e, std::int64_t k,
                                std::int64_t below) {
    LinearForm form;
    const Backtrace back([&](const Tensor& t) { return is_source(t); });
    for (const auto& [tensor, factor] : node.compared(e))
      if (!back.add(*tensor, e, factor, form)) return {};
    const std::int64_t entry =
        node.is_table() ? integer_value(last_.values.at(node.entry_tensor()), e) : 0;
    return assign(form, node.threshold(e, k, entry) - below);
  }

 private:
  struct Range {
    Integers min, max, last;  ///< of the checkpoint's integers q
    bool free = false;        ///< they can be forced
  };

  bool is_source(const Tensor& tensor) const {
    return graph_.is_input(&tensor) || carried_.contains(&tensor);
  }
  void observe(Integers pixels) {
    last_ = exact_.run({.inputs = {{pixels}}, .keep_all = true});
    pixels_ = std::move(pixels);
    for (const CheckpointValue& value : last_.checkpoints) {
      if (value.checkpoint->kind != Checkpoint::Kind::kActivation) continue;
      Range& range = ranges_[value.checkpoint->name];
      if (range.min.empty()) range.min = range.max = value.q;
      for (std::size_t i = 0; i < value.q.size(); ++i) {
        range.min[i] = std::min(range.min[i], value.q[i]);
        range.max[i] = std::max(range.max[i], value.q[i]);
      }
      range.last = value.q;
    }
  }
  /// t = a * q + b of element e of a checkpoint; nothing when that is not integer.
  static std::optional<std::pair<std::int64_t, std::int64_t>> carrier(const Checkpoint& c,
                                                                      std::int64_t e) {
    const auto at = [&](const RealArray& a) {
      return a.values[static_cast<std::size_t>(broadcast_at(a.shape, *c.tensor->shape, e))];
    };
    const Real per_unit = at(c.unit).inverse();
    const Real a = at(c.scale) * per_unit, b = (at(c.offset) - at(c.shift)) * per_unit;
    for (const Real& r : {a, b})
      if (!r.is_rational() || r.rational().get_den() != 1) return {};
    return std::pair(a.rational().get_num().get_si(), b.rational().get_num().get_si());
  }

  std::optional<Solution> assign(LinearForm form, std::int64_t target) {
    std::vector<Variable> variables;
    std::vector<std::pair<const Tensor*, std::int64_t>> places;
    target -= form.constant;
    for (const auto& [place, factor] : form.factors) {
      const auto i = static_cast<std::size_t>(place.second);
      Variable v{factor, 0, 255, 0};
      if (const auto it = carried_.find(place.first); it != carried_.end()) {
        const auto map = carrier(*it->second, place.second);
        if (!map) return {};
        const Range& range = ranges_.at(it->second->name);
        v = {factor * map->first, range.min[i], range.max[i], range.last[i]};
        if (!range.free) v.min = v.max = v.value;
        target -= factor * map->second;
      } else {
        v.value = pixels_[i];
      }
      variables.push_back(v);
      places.push_back(place);
    }
    if (!solve_sum(variables, target, random_)) return {};
    Solution out;
    out.pixels = pixels_;
    for (std::size_t v = 0; v < variables.size(); ++v) {
      const auto it = carried_.find(places[v].first);
      Integers* integers = &out.pixels;
      if (it != carried_.end() && !ranges_.at(it->second->name).free) continue;
      if (it != carried_.end())
        integers = &out.forced.try_emplace(it->second->name, ranges_.at(it->second->name).last)
                        .first->second;
      (*integers)[static_cast<std::size_t>(places[v].second)] = variables[v].value;
    }
    return out;
  }

  const Graph& graph_;
  const ExactExecutor& exact_;
  Random& random_;
  std::map<const Tensor*, const Checkpoint*> carried_;
  std::map<std::string, Range> ranges_;
  ExactRun last_;
  Integers pixels_;
};

/// Whether a run of the integer graph really compared threshold k - below at element e.
inline bool meets_boundary(const ThresholdNode& node, const ExactRun& run, std::int64_t e,
                           std::int64_t k, std::int64_t below) {
  std::int64_t sum = 0;
  for (const auto& [tensor, factor] : node.compared(e))
    sum += factor * integer_value(run.values.at(tensor), e);
  const std::int64_t entry =
      node.is_table() ? integer_value(run.values.at(node.entry_tensor()), e) : 0;
  return sum == node.threshold(e, k, entry) - below;
}

}  // namespace assay::testing
