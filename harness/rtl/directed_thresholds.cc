// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "compile/graph/hw_ops.h"
#include "compile/hw/constants.h"
#include "compile/hw/layer.h"
#include "harness/rtl/directed.h"
#include "harness/rtl/threshold_rows.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// Nodes that compare something of each element with a row of thresholds.
class ElementStimuli : public NodeStimuli {
 public:
  explicit ElementStimuli(const Node& node)
      : inputs_(run_time_inputs(node)), elements_(hw::elements(inputs_[0])), node_(node) {}

  void see(const NodeFrame& frame) override {
    for (std::int64_t e = 0; e < elements_; ++e) see_element(e, element(frame, e));
  }

  std::vector<NodeFrame> directed(std::int64_t frames, std::uint64_t seed) override {
    std::mt19937_64 random(seed);
    std::vector<NodeFrame> list;
    for (const bool largest : {false, true}) {
      NodeFrame& frame = list.emplace_back();
      for (const Tensor* x : inputs_)
        frame.emplace_back(elements_, largest ? x->dtype.max() : x->dtype.min());
      restrict(frame);
      see(frame);
    }
    for (bool wanted = true; wanted && std::ssize(list) < frames;) {
      list.push_back(random_frame(node_, random));
      restrict(list.back());
      wanted = fill(list.back());
    }
    list.resize(std::min(list.size(), static_cast<std::size_t>(frames)));
    return list;
  }

  report::Coverage coverage() const override {
    report::Coverage c;
    c.thresholds = {rows_.thresholds(), rows_.unreachable(), rows_.straddled()};
    c.rows = {static_cast<std::int64_t>(rows_.rows()), 0, rows_.used()};
    return c;
  }

 protected:
  /// Takes out of a frame what the node is not defined on.
  virtual void restrict(NodeFrame& /*frame*/) const {}
  /// The rows that an element may be compared with: `count` from `first` on.
  struct Range {
    std::size_t first = 0, count = 1;
  };
  virtual Range rows_of(std::int64_t element) const = 0;
  /// Gives an element inputs with which `value` is compared with the row; false: there are none.
  virtual bool choose(std::size_t row, std::int64_t value, Ints& element) const = 0;
  /// The row, and what is compared with it.
  virtual std::pair<std::size_t, std::int64_t> compared(std::int64_t index,
                                                        const Ints& element) const = 0;

  const std::vector<const Tensor*> inputs_;
  const std::int64_t elements_;
  ThresholdRows rows_;

 private:
  static Ints element(const NodeFrame& frame, std::int64_t e) {
    Ints values;
    for (const Ints& input : frame) values.push_back(input[static_cast<std::size_t>(e)]);
    return values;
  }
  void see_element(std::int64_t e, const Ints& values) {
    const auto [row, value] = compared(e, values);
    rows_.see(row, value);
  }

  /// Gives the elements of a frame what their rows still want; whether any wanted something.
  bool fill(NodeFrame& frame) {
    bool wanted = false;
    for (std::int64_t e = 0; e < elements_; ++e) {
      Ints values = element(frame, e);
      if (want(e, values)) {
        wanted = true;
        for (std::size_t i = 0; i < frame.size(); ++i)
          frame[i][static_cast<std::size_t>(e)] = values[i];
      }
      see_element(e, values);
    }
    return wanted;
  }

  bool want(std::int64_t e, Ints& values) {
    const Range range = rows_of(e);
    for (std::size_t row = range.first; row < range.first + range.count; ++row)
      for (auto target = rows_.open(row); target; target = rows_.open(row)) {
        if (choose(row, *target, values)) return true;
        rows_.give_up(row);
      }
    return false;
  }

  const Node& node_;
};

/// The values themselves, by channel or by position.
class ThresholdingStimuli final : public ElementStimuli {
 public:
  explicit ThresholdingStimuli(const Node& node) : ElementStimuli(node) {
    const Ints t = hw::integer_constant(node, 1);
    const Shape &shape = node.inputs[1]->shape.value(), &x = inputs_[0]->shape.value();
    const std::int64_t steps = shape.back();
    lead_.assign(shape.begin(), shape.end() - 1);
    size_.assign(x.end() - std::min(std::ssize(lead_), std::ssize(x)), x.end());
    for (auto first = t.begin(); first != t.end(); first += steps)
      rows_.add_row(Ints(first, first + steps), steps_of(inputs_[0]->dtype));
  }

 private:
  std::size_t row_of(std::int64_t element) const {
    std::int64_t row = 0, step = 1;
    for (std::size_t axis = size_.size(); axis-- > 0; element /= size_[axis]) {
      if (lead_[axis] != 1) row += element % size_[axis] * step;
      step *= lead_[axis];
    }
    return static_cast<std::size_t>(row);
  }
  Range rows_of(std::int64_t element) const override { return {row_of(element)}; }
  bool choose(std::size_t /*row*/, std::int64_t value, Ints& element) const override {
    element[0] = value;
    return true;
  }
  std::pair<std::size_t, std::int64_t> compared(std::int64_t index,
                                                const Ints& element) const override {
    return {row_of(index), element[0]};
  }

  Shape lead_, size_;  ///< the thresholds' leading axes, and X's axes that they belong to
};

/// Table form: X0 with the row that X1 chooses.
class TableStimuli final : public ElementStimuli {
 public:
  explicit TableStimuli(const Node& node)
      : ElementStimuli(node), op_(*node.as<hw::JoinThreshold>()) {
    const Ints t = hw::integer_constant(node, 0);
    const Shape& shape = node.inputs[0]->shape.value();
    const std::int64_t steps = shape.back();
    entries_ = shape[shape.size() - 2];
    channels_ = shape[shape.size() - 3];
    for (std::int64_t row = 0; row < channels_ * entries_; ++row)
      if (inputs_[1]->dtype.allows(op_.table_min + row % entries_))
        rows_.add_row(Ints(t.begin() + row * steps, t.begin() + (row + 1) * steps),
                      steps_of(inputs_[0]->dtype));
      else  // no X1 looks it up
        rows_.add_row(Ints(t.begin() + row * steps, t.begin() + (row + 1) * steps),
                      [](std::int64_t) { return ThresholdRows::Sides(); });
  }

 private:
  std::size_t channel_row(std::int64_t element) const {
    return static_cast<std::size_t>(element % channels_ * entries_);
  }
  Range rows_of(std::int64_t element) const override {
    return {channel_row(element), static_cast<std::size_t>(entries_)};
  }
  bool choose(std::size_t row, std::int64_t value, Ints& element) const override {
    element = {value, op_.table_min + static_cast<std::int64_t>(row) % entries_};
    return true;
  }
  std::pair<std::size_t, std::int64_t> compared(std::int64_t index,
                                                const Ints& element) const override {
    return {channel_row(index) + static_cast<std::size_t>(element[1] - op_.table_min), element[0]};
  }

  /// An X1 beyond the table never occurs.
  void restrict(NodeFrame& frame) const override {
    for (std::int64_t& x : frame[1]) x = std::clamp(x, op_.table_min, op_.table_min + entries_ - 1);
  }

  const hw::JoinThreshold& op_;
  std::int64_t entries_ = 1, channels_ = 1;
};

/// Line form: the weighted sum of all X.
class LineStimuli final : public ElementStimuli {
 public:
  explicit LineStimuli(const Node& node) : ElementStimuli(node) {
    const Ints t = hw::integer_constant(node, 0), m = hw::integer_constant(node, 1);
    const Shape& shape = node.inputs[0]->shape.value();
    const std::int64_t steps = shape.back(), channels = shape[shape.size() - 2],
                       streams = std::ssize(inputs_), multipliers = std::ssize(m) / streams;
    channels_ = std::max(channels, multipliers);
    for (std::int64_t row = 0; row < channels_; ++row) {
      std::vector<SumTerm>& terms = terms_.emplace_back();
      for (std::int64_t i = 0; i < streams; ++i)
        terms.push_back({m[static_cast<std::size_t>((multipliers == 1 ? 0 : row) * streams + i)],
                         steps_of(inputs_[static_cast<std::size_t>(i)]->dtype)});
      const auto first = t.begin() + (channels == 1 ? 0 : row) * steps;
      if (is_small(terms))
        rows_.add_row(Ints(first, first + steps),
                      [&](std::int64_t threshold) { return sides(terms, threshold); });
      else
        rows_.add_row(Ints(first, first + steps), reach(terms));
    }
  }

 private:
  static constexpr std::int64_t kMost = 1 << 12;  ///< combinations that are gone through

  static std::int64_t count(const Steps& x) {
    const std::int64_t steps = (x.max - x.min) / x.step;
    return steps < kMost ? steps + 1 : kMost + 1;
  }

  /// The term that is solved for when the others are given: the one of most values.
  static std::size_t widest(const std::vector<SumTerm>& terms) {
    const auto rank = [](const SumTerm& t) { return t.coefficient == 0 ? 0 : count(t.x); };
    return static_cast<std::size_t>(std::ranges::max_element(terms, {}, rank) - terms.begin());
  }

  /// Whether all values of all but the widest term can be gone through.
  static bool is_small(const std::vector<SumTerm>& terms) {
    std::int64_t tries = 1;
    for (std::size_t i = 0; i < terms.size() && tries <= kMost; ++i)
      if (i != widest(terms)) tries *= count(terms[i].x);
    return tries <= kMost && terms[widest(terms)].coefficient != 0;
  }

  /// Gives all terms but the widest every combination of values, and calls `body` with their sum,
  /// until it returns true; whether it did.
  template <typename Body>
  static bool any_of_others(const std::vector<SumTerm>& terms, std::size_t at, std::int64_t sum,
                            Ints& element, const Body& body) {
    if (at == terms.size()) return body(sum);
    if (at == widest(terms)) return any_of_others(terms, at + 1, sum, element, body);
    const auto& [coefficient, x] = terms[at];
    for (std::int64_t value = x.min; value <= x.max; value += x.step) {
      element[at] = value;
      if (any_of_others(terms, at + 1, sum + coefficient * value, element, body)) return true;
    }
    return false;
  }

  /// The sums next to a threshold that there are.
  static ThresholdRows::Sides sides(const std::vector<SumTerm>& terms, std::int64_t threshold) {
    const SumTerm& last = terms[widest(terms)];
    const std::int64_t step = std::abs(last.coefficient) * last.x.step;
    std::optional<std::int64_t> below, at;
    Ints element(terms.size());
    any_of_others(terms, 0, 0, element, [&](std::int64_t others) {
      const auto [low, high] = std::minmax(
          {others + last.coefficient * last.x.min, others + last.coefficient * last.x.max});
      if (low < threshold) {
        const std::int64_t sum = std::min(high, low + (threshold - 1 - low) / step * step);
        below = std::max(below.value_or(sum), sum);
      }
      if (high >= threshold) {
        const std::int64_t sum = std::max(low, high - (high - threshold) / step * step);
        at = std::min(at.value_or(sum), sum);
      }
      return false;
    });
    if (!below || !at) return {};
    return std::pair(*below, *at);
  }

  Range rows_of(std::int64_t element) const override {
    return {static_cast<std::size_t>(element % channels_)};
  }

  bool choose(std::size_t row, std::int64_t value, Ints& element) const override {
    const std::vector<SumTerm>& terms = terms_[row];
    if (!is_small(terms)) return solve_sum(terms, value, order(terms), element);
    const std::size_t free = widest(terms);
    return any_of_others(terms, 0, 0, element, [&](std::int64_t others) {
      const SumTerm& last = terms[free];
      const std::int64_t solution = (value - others) / last.coefficient;
      if ((value - others) % last.coefficient != 0 || solution < last.x.min ||
          solution > last.x.max || (solution - last.x.min) % last.x.step != 0)
        return false;
      element[free] = solution;
      return true;
    });
  }

  std::pair<std::size_t, std::int64_t> compared(std::int64_t index,
                                                const Ints& element) const override {
    const auto row = static_cast<std::size_t>(index % channels_);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < element.size(); ++i) sum += terms_[row][i].coefficient * element[i];
    return {row, sum};
  }

  static std::vector<std::size_t> order(const std::vector<SumTerm>& terms) {
    std::vector<std::size_t> list;
    for (std::size_t i = 0; i < terms.size(); ++i) list.push_back(i);
    std::ranges::stable_sort(list, {},
                             [&](std::size_t i) { return -std::abs(terms[i].coefficient); });
    return list;
  }

  std::vector<std::vector<SumTerm>> terms_;  ///< per row
  std::int64_t channels_ = 1;
};

}  // namespace

std::unique_ptr<NodeStimuli> threshold_stimuli(const Node& node) {
  if (!node.as<hw::JoinThreshold>()) return std::make_unique<ThresholdingStimuli>(node);
  if (node.inputs[1]) return std::make_unique<LineStimuli>(node);
  return std::make_unique<TableStimuli>(node);
}

}  // namespace assay
