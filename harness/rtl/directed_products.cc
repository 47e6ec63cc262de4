// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <numeric>

#include "compile/graph/hw_ops.h"
#include "compile/hw/constants.h"
#include "compile/hw/layer.h"
#include "harness/rtl/directed.h"
#include "harness/rtl/threshold_rows.h"

namespace assay {
namespace {

using Ints = std::vector<std::int64_t>;

/// What an MVAU or VVAU computes: each row's sum over its columns of weight * x, or with `xnor` the
/// number of equal bits.
struct Product {
  explicit Product(const Node& node)
      : op(*node.as<hw::MultiplyOp>()),
        x(node.inputs[0]->dtype),
        w(node.inputs[1]->dtype),
        grouped(node.as<hw::VVAU>() != nullptr),
        columns(node.inputs[1]->shape.value()[0]),
        rows(node.inputs[1]->shape.value()[1]),
        length(hw::channels(node.inputs[0])),
        weights(static_cast<std::size_t>(rows * columns)) {
    const Ints given = hw::integer_constant(node, 1);  // [columns, rows]
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t c = 0; c < columns; ++c)
        weights[static_cast<std::size_t>(row * columns + c)] =
            given[static_cast<std::size_t>(c * rows + row)];
    const auto* mvau = node.as<hw::MVAU>();
    xnor = mvau && mvau->xnor;
  }

  std::int64_t weight(std::int64_t row, std::int64_t column) const {
    return weights[static_cast<std::size_t>(row * columns + column)];
  }
  /// Where a column of a row lies in an input vector.
  std::size_t place(std::int64_t row, std::int64_t column) const {
    if (!grouped) return static_cast<std::size_t>(column);
    return static_cast<std::size_t>(row / op.pe * columns * op.pe + column * op.pe + row % op.pe);
  }
  /// An XNOR is w * (2x - 1) + (1 - x): what a change of w is multiplied with.
  std::int64_t factor(std::int64_t value) const { return xnor ? 2 * value - 1 : value; }
  SumTerm term(std::int64_t row, std::int64_t column) const {
    const std::int64_t value = weight(row, column);
    return {xnor ? 2 * value - 1 : value, steps_of(x)};
  }
  /// What a row's sum is with all x 0.
  std::int64_t offset(std::int64_t row) const {
    std::int64_t zeros = 0;
    for (std::int64_t c = 0; xnor && c < columns; ++c) zeros += 1 - weight(row, c);
    return zeros;
  }
  /// How a weight changes when a bit of it does.
  std::int64_t flip(std::int64_t value, int bit) const {
    if (w.kind == DataType::Kind::kBipolar) return -2 * value;
    const bool sign = w.is_signed() && bit == w.bits - 1,
               set = ((static_cast<std::uint64_t>(value) >> bit) & 1U) != 0;
    const std::int64_t size = std::int64_t{1} << bit;
    return set == sign ? size : -size;
  }

  const hw::MultiplyOp& op;
  DataType x, w;
  bool grouped, xnor = false;
  std::int64_t columns, rows, length;
  Ints weights;  ///< [rows, columns]
};

class ProductStimuli final : public NodeStimuli {
 public:
  explicit ProductStimuli(const Node& node)
      : node_(node),
        product_(node),
        vectors_per_frame_(hw::elements(node.inputs[0]) / product_.length),
        has_thresholds_(node.inputs.size() > 2 && node.inputs[2]) {
    for (std::int64_t row = 0; row < product_.rows; ++row) offsets_.push_back(product_.offset(row));
    if (has_thresholds_) add_thresholds();
    bits_.resize(static_cast<std::size_t>(product_.rows));
    for (std::int64_t row = 0; row < product_.rows; ++row) add_bits(row);
  }

  void see(const NodeFrame& frame) override {
    const std::span<const std::int64_t> x = frame[0];
    for (std::size_t at = 0; at < x.size(); at += static_cast<std::size_t>(product_.length))
      see_vector(x.subspan(at, static_cast<std::size_t>(product_.length)));
  }

  std::vector<NodeFrame> directed(std::int64_t frames, std::uint64_t seed) override {
    random_.seed(seed);
    most_ = frames * vectors_per_frame_;
    made_.clear();
    for (const std::int64_t value : {product_.x.max(), product_.x.min()})
      add(Ints(static_cast<std::size_t>(product_.length), value));
    serve([this](std::int64_t row, Ints& x) { return straddle(row, x); });
    tries_.assign(bits_.size(), 0);
    serve([this](std::int64_t row, Ints& x) { return distinguish(row, x); });
    while (std::ssize(made_) % vectors_per_frame_ != 0)
      if (!add(random_vector())) made_.push_back(made_.back());
    std::vector<NodeFrame> list;
    for (std::size_t v = 0; v < made_.size(); ++v) {
      if (v % static_cast<std::size_t>(vectors_per_frame_) == 0) list.push_back({Ints()});
      list.back()[0].insert(list.back()[0].end(), made_[v].begin(), made_[v].end());
    }
    return list;
  }

  report::Coverage coverage() const override {
    report::Coverage c;
    c.thresholds = {thresholds_.thresholds(), thresholds_.unreachable(), thresholds_.straddled()};
    std::int64_t left = 0;
    for (const std::vector<Bit>& bits : bits_) left += std::ssize(bits);
    const std::int64_t all = product_.columns * product_.rows * product_.w.bits;
    c.weight_bits = {all, dead_bits_, all - dead_bits_ - left};
    c.sum_bits = {product_.op.acc_dtype.bits, 0, toggled()};
    c.rows = {std::ssize(offsets_), 0, thresholds_.used()};
    if (!has_thresholds_) c.rows = {};
    return c;
  }

 private:
  /// A weight's bit that nothing has told from its flip.
  struct Bit {
    std::int32_t column = 0, bit = 0;
  };

  std::vector<SumTerm> terms(std::int64_t row) const {
    std::vector<SumTerm> list;
    for (std::int64_t c = 0; c < product_.columns; ++c) list.push_back(product_.term(row, c));
    return list;
  }

  void add_thresholds() {
    const Ints t = hw::integer_constant(node_, 2);
    const Shape& shape = node_.inputs[2]->shape.value();
    const std::int64_t steps = shape.back(), channels = shape[shape.size() - 2];
    for (std::int64_t row = 0; row < product_.rows; ++row) {
      Steps sums = reach(terms(row));
      sums.min += offsets_[static_cast<std::size_t>(row)];
      sums.max += offsets_[static_cast<std::size_t>(row)];
      const auto first = t.begin() + (channels == 1 ? 0 : row) * steps;
      thresholds_.add_row(Ints(first, first + steps), sums);
    }
  }

  void add_bits(std::int64_t row) {
    Steps sums = reach(terms(row));
    const std::int64_t offset = offsets_[static_cast<std::size_t>(row)];
    const std::int64_t low = product_.factor(product_.x.min()),
                       high = product_.factor(product_.x.max());
    for (std::int64_t c = 0; c < product_.columns; ++c)
      for (int bit = 0; bit < product_.w.bits; ++bit) {
        const std::int64_t change = product_.flip(product_.weight(row, c), bit);
        const auto [down, up] = std::minmax({change * low, change * high});
        // No threshold within what the sum can be with the bit and with its flip.
        if ((low == 0 && high == 0) ||
            (has_thresholds_ &&
             !thresholds_.crosses(static_cast<std::size_t>(row),
                                  offset + sums.min + std::min<std::int64_t>(down, 0),
                                  offset + sums.max + std::max<std::int64_t>(up, 0))))
          ++dead_bits_;
        else
          bits_[static_cast<std::size_t>(row)].push_back({static_cast<std::int32_t>(c), bit});
      }
  }

  std::int64_t sum(std::int64_t row, std::span<const std::int64_t> x) const {
    std::int64_t total = offsets_[static_cast<std::size_t>(row)];
    for (std::int64_t c = 0; c < product_.columns; ++c) {
      const std::int64_t w = product_.weight(row, c);
      total += (product_.xnor ? 2 * w - 1 : w) * x[product_.place(row, c)];
    }
    return total;
  }

  void see_vector(std::span<const std::int64_t> x) {
    for (std::int64_t row = 0; row < product_.rows; ++row) {
      const std::int64_t value = sum(row, x);
      const auto index = static_cast<std::size_t>(row);
      ones_ |= static_cast<std::uint64_t>(value);
      zeros_ |= ~static_cast<std::uint64_t>(value);
      ThresholdRows::Gaps gaps{1, 1};
      if (has_thresholds_) {
        thresholds_.see(index, value);
        gaps = thresholds_.gaps(index, value);
      }
      std::erase_if(bits_[index], [&](const Bit& bit) {
        const std::int64_t change = product_.flip(product_.weight(row, bit.column), bit.bit) *
                                    product_.factor(x[product_.place(row, bit.column)]);
        // Beyond the type the sum would wrap; such a flip is not counted on.
        return (change >= gaps.up || -change >= gaps.down) &&
               value + change >= product_.op.acc_dtype.min() &&
               value + change <= product_.op.acc_dtype.max();
      });
    }
  }

  std::int64_t toggled() const {
    const int bits = product_.op.acc_dtype.bits;
    const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    return std::popcount(ones_ & zeros_ & mask);
  }

  Ints random_vector() {
    Ints x;
    for (std::int64_t i = 0; i < product_.length; ++i)
      x.push_back(nth_value(product_.x, random_()));
    return x;
  }

  bool full() const { return std::ssize(made_) >= most_; }

  /// A sum beyond its type cannot occur: what is proved of the inputs is narrower than their type.
  bool fits(const Ints& x) const {
    for (std::int64_t row = 0; row < product_.rows; ++row)
      if (!product_.op.acc_dtype.allows(sum(row, x))) return false;
    return true;
  }

  bool add(Ints x) {
    if (full() || !fits(x)) return false;
    see_vector(x);
    made_.push_back(std::move(x));
    return true;
  }

  /// Adds vectors as long as a row wants one: `wish` changes the row's part of a vector, or says
  /// that it wants nothing more. Rows of a VVAU have parts of their own, those of an MVAU all read
  /// the whole vector.
  template <typename Wish>
  void serve(Wish wish) {
    constexpr int kTries = 8;  // with vectors that do not fit
    std::int64_t next = 0;
    for (int refused = 0; !full();) {
      Ints x = random_vector();
      bool wanted = false;
      if (product_.grouped) {
        for (std::int64_t row = 0; row < product_.rows; ++row) wanted |= wish(row, x);
      } else {
        while (next < product_.rows && !(wanted = wish(next, x))) ++next;
      }
      if (!wanted) return;
      refused = add(std::move(x)) ? 0 : refused + 1;
      if (refused < kTries) continue;
      if (product_.grouped) return;
      ++next;
      refused = 0;
    }
  }

  bool straddle(std::int64_t row, Ints& x) {
    if (!has_thresholds_) return false;
    constexpr int kTries = 4;
    const auto index = static_cast<std::size_t>(row);
    for (auto target = thresholds_.open(index); target; target = thresholds_.open(index)) {
      for (int i = 0; i < kTries; ++i) {
        if (solve(row, *target, {}, x)) return true;
        const Ints fresh = random_vector();
        for (std::int64_t c = 0; c < product_.columns; ++c)
          x[product_.place(row, c)] = fresh[product_.place(row, c)];
      }
      thresholds_.give_up(index);
    }
    return false;
  }

  /// Puts the sum where the flip of a bit that is left crosses a threshold.
  bool distinguish(std::int64_t row, Ints& x) {
    constexpr int kTries = 24;
    const auto index = static_cast<std::size_t>(row);
    if (bits_[index].empty() || tries_[index] >= kTries) return false;
    const int turn = tries_[index]++;
    std::vector<char> kept(static_cast<std::size_t>(product_.columns));
    for (const Bit& bit : bits_[index]) {
      std::int64_t& value = x[product_.place(row, bit.column)];
      if (turn % 3 == 0) value = product_.x.max();
      if (turn % 3 == 1) value = product_.x.min();
      if (turn % 3 == 2 && random_() % 2 != 0) value = nearest_zero();
      kept[static_cast<std::size_t>(bit.column)] = 1;
    }
    if (!has_thresholds_) return true;
    const auto target = thresholds_.nearest(index, sum(row, x), turn / 3 % 2 == 0);
    if (target) solve(row, *target, kept, x);
    return true;
  }
  std::int64_t nearest_zero() const {
    return product_.x.allows(0) ? 0 : std::max<std::int64_t>(product_.x.min(), 1);
  }

  /// Brings a row's sum to the target; columns that are `kept` change last.
  bool solve(std::int64_t row, std::int64_t target, const std::vector<char>& kept, Ints& x) const {
    const std::vector<SumTerm> all = terms(row);
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto rank = [&](std::size_t i) {
      return std::pair(kept.empty() ? char{0} : kept[i], -std::abs(all[i].coefficient));
    };
    std::ranges::stable_sort(order, {}, rank);
    Ints part;
    for (std::int64_t c = 0; c < product_.columns; ++c) part.push_back(x[product_.place(row, c)]);
    const bool solved =
        solve_sum(all, target - offsets_[static_cast<std::size_t>(row)], order, part);
    for (std::int64_t c = 0; c < product_.columns; ++c)
      x[product_.place(row, c)] = part[static_cast<std::size_t>(c)];
    return solved;
  }

  const Node& node_;
  const Product product_;
  const std::int64_t vectors_per_frame_;
  const bool has_thresholds_;
  Ints offsets_;
  ThresholdRows thresholds_;
  std::vector<std::vector<Bit>> bits_;  ///< per row, those left
  std::int64_t dead_bits_ = 0;
  std::uint64_t ones_ = 0, zeros_ = 0;  ///< bits of sums that were seen so
  // Of directed()
  std::mt19937_64 random_;
  std::int64_t most_ = 0;
  std::vector<Ints> made_;
  std::vector<int> tries_;  ///< per row
};

}  // namespace

std::unique_ptr<NodeStimuli> product_stimuli(const Node& node) {
  return std::make_unique<ProductStimuli>(node);
}

}  // namespace assay
