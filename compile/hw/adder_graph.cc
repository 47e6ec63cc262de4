// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/adder_graph.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <limits>
#include <mutex>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "compile/base/error.h"
#include "compile/base/hash.h"

namespace assay::hw {
namespace {

using Ints = std::vector<std::int64_t>;

/// operand 2^shift, or its negative, in a row.
struct Term {
  std::int64_t operand = 0;
  int shift = 0;
  bool negative = false;
};
using Terms = std::vector<Term>;

// ---- What operands are ---------------------------------------------------------------------------

/// An operand as an integer vector over the inputs: its entries that are not 0, by input.
using Vector = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// x 2^x_shift + y 2^y_shift, each with a sign.
Vector sum_of(const Vector& x, std::int64_t x_factor, const Vector& y, std::int64_t y_factor) {
  Vector sum;
  sum.reserve(x.size() + y.size());
  auto i = x.begin();
  auto j = y.begin();
  while (i != x.end() || j != y.end()) {
    const bool left = j == y.end() || (i != x.end() && i->first <= j->first),
               right = i == x.end() || (j != y.end() && j->first <= i->first);
    const std::int64_t input = left ? i->first : j->first;
    const std::int64_t value =
        (left ? i++->second * x_factor : 0) + (right ? j++->second * y_factor : 0);
    if (value != 0) sum.emplace_back(input, value);
  }
  return sum;
}

std::int64_t factor(int shift, bool negative) {
  const std::int64_t power = std::int64_t{1} << shift;
  return negative ? -power : power;
}

AdderRange range_of(const Vector& v, const AdderRange& input) {
  AdderRange range;
  for (const auto& [at, value] : v) {
    range.low += value * (value > 0 ? input.low : input.high);
    range.high += value * (value > 0 ? input.high : input.low);
  }
  return range;
}

/// What an adder is, of the vectors of its operands.
Vector vector_of(const Adder& adder, const std::deque<Vector>& vectors) {
  const bool reverse = adder.kind == Adder::Kind::kReverse;
  return sum_of(vectors[static_cast<std::size_t>(adder.a)], reverse ? -1 : 1,
                vectors[static_cast<std::size_t>(adder.b)],
                factor(adder.shift, adder.kind == Adder::Kind::kSubtract));
}

/// The operands of a graph so far, and what they are.
class Operands {
 public:
  Operands(AdderGraph& graph) : graph_(graph) {
    for (std::int64_t i = 0; i < graph.inputs; ++i) vectors_.push_back({{i, 1}});
  }

  std::int64_t add(Adder::Kind kind, std::int64_t a, std::int64_t b, int shift) {
    Adder adder;
    adder.kind = kind;
    adder.a = a;
    adder.b = b;
    adder.shift = shift;
    vectors_.push_back(vector_of(adder, vectors_));
    adder.range = range_of(vectors_.back(), graph_.input);
    adder.level = std::max(graph_.level(a), graph_.level(b)) + 1;
    graph_.adders.push_back(adder);
    return graph_.inputs + std::ssize(graph_.adders) - 1;
  }

  /// The sum of two terms, as one. `positive`: not as a negative, where they are of both signs.
  Term sum(Term x, Term y, bool positive) {
    if (x.shift > y.shift || (x.shift == y.shift && x.negative && !y.negative)) std::swap(x, y);
    const int shift = y.shift - x.shift;
    if (x.negative == y.negative)
      return {add(Adder::Kind::kAdd, x.operand, y.operand, shift), x.shift, x.negative};
    if (x.negative && positive)
      return {add(Adder::Kind::kReverse, x.operand, y.operand, shift), x.shift, false};
    return {add(Adder::Kind::kSubtract, x.operand, y.operand, shift), x.shift, x.negative};
  }

 private:
  AdderGraph& graph_;
  std::deque<Vector> vectors_;
};

// ---- Canonical signed digits -----------------------------------------------------------------------

/// No two digits beside each other are not 0.
Terms digits_of(std::int64_t operand, std::int64_t weight) {
  Terms terms;
  for (int shift = 0; weight != 0; ++shift, weight /= 2) {
    if (weight % 2 == 0) continue;
    const bool negative = (weight & 3) == 3;
    terms.push_back({operand, shift, negative});
    weight += negative ? 1 : -1;
  }
  return terms;
}

// ---- Sharing ---------------------------------------------------------------------------------------

/// How pairs are ordered.
struct Order {
  bool by_bits = true;     ///< by what they save, else by how often they are there
  int level_cost = 0;      ///< of 16 for what a pair saves, per level
  std::uint64_t seed = 0;  ///< of ties
};

/// Two terms of a row, whatever their common factor: a + b 2^shift, or a - b 2^shift, shift of either sign.
struct Pair {
  std::int64_t a = 0, b = 0;
  int shift = 0;
  bool differ = false;  ///< in sign

  std::uint64_t key() const {
    return static_cast<std::uint64_t>(a) << 36 | static_cast<std::uint64_t>(b) << 8 |
           static_cast<std::uint64_t>(shift + 63) << 1 | static_cast<std::uint64_t>(differ);
  }
  static Pair from(std::uint64_t key) {
    return {static_cast<std::int64_t>(key >> 36), static_cast<std::int64_t>(key >> 8 & 0xfffffff),
            static_cast<int>(key >> 1 & 127) - 63, (key & 1) != 0};
  }
};

/// Always the same of two terms, in whatever order.
Pair pair_of(const Term& x, const Term& y) {
  const bool swap = std::tie(x.operand, x.shift) > std::tie(y.operand, y.shift);
  const Term &a = swap ? y : x, &b = swap ? x : y;
  return {a.operand, b.operand, b.shift - a.shift, a.negative != b.negative};
}

std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 31;
  x *= 0x9e3779b97f4a7c15U;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9U;
  return x ^ x >> 32;
}

/// Replaces pairs of terms that several rows have by adders.
class Sharing {
 public:
  Sharing(const AdderGraph& graph, Operands& operands, std::vector<Terms>& rows, const Order& order)
      : graph_(graph), operands_(operands), rows_(rows), order_(order) {
    for (const Terms& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) ++counts_[pair_of(row[i], row[j]).key()];
    for (const auto& [key, count] : counts_) note(key, count);
  }

  void run() {
    while (!best_.empty()) {
      const Entry top = best_.top();
      best_.pop();
      const auto it = counts_.find(top.key);
      const int count = it == counts_.end() ? 0 : it->second;
      if (count < 2) continue;
      if (const std::int64_t now = saving(Pair::from(top.key), count); now != top.saving) {
        if (now < top.saving) best_.push({now, top.tie, top.key});
        continue;
      }
      share(Pair::from(top.key));
    }
  }

 private:
  struct Entry {
    std::int64_t saving;
    std::uint64_t tie, key;
    bool operator<(const Entry& other) const {
      return std::tie(saving, tie, key) < std::tie(other.saving, other.tie, other.key);
    }
  };

  /// Bits of the adder of a pair that are full adders, about.
  std::int64_t bits(const Pair& p) const {
    const AdderRange &a = graph_.range(p.a), &b = graph_.range(p.b);
    return p.shift >= 0 ? std::max(a.bits() - p.shift, b.bits()) + 1
                        : std::max(b.bits() + p.shift, a.bits()) + 1;
  }

  std::int64_t saving(const Pair& p, int count) const {
    const int level = std::max(graph_.level(p.a), graph_.level(p.b));
    const std::int64_t each = order_.by_bits ? bits(p) : 8;
    return (count - 1) * each * 16 - level * order_.level_cost * each;
  }

  void note(std::uint64_t key, int count) {
    if (count >= 2) best_.push({saving(Pair::from(key), count), mixed(key ^ order_.seed), key});
  }

  /// All pairs of a term with the others of its row, one more or one less.
  void count(const Terms& row, const Term& term, int more) {
    for (const Term& other : row) {
      const std::uint64_t key = pair_of(other, term).key();
      const int now = counts_[key] += more;
      if (more > 0)
        note(key, now);
      else if (now == 0)
        counts_.erase(key);
    }
  }

  void share(const Pair& p) {
    const Adder::Kind kind = p.differ ? Adder::Kind::kSubtract : Adder::Kind::kAdd;
    const std::int64_t adder = p.shift >= 0 ? operands_.add(kind, p.a, p.b, p.shift)
                                            : operands_.add(kind, p.b, p.a, -p.shift);
    for (Terms& row : rows_)
      while (replace(row, p, adder)) {
      }
  }

  /// One appearance of the pair in a row.
  bool replace(Terms& row, const Pair& p, std::int64_t adder) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].operand != p.a) continue;
      for (std::size_t j = 0; j < row.size(); ++j) {
        const Term a = row[i], b = row[j];
        if (i == j || b.operand != p.b || b.shift - a.shift != p.shift ||
            (a.negative != b.negative) != p.differ)
          continue;
        row.erase(row.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
        count(row, i > j ? a : b, -1);
        row.erase(row.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
        count(row, i > j ? b : a, -1);
        const Term term =
            p.shift >= 0 ? Term{adder, a.shift, a.negative} : Term{adder, b.shift, b.negative};
        count(row, term, 1);
        row.push_back(term);
        return true;
      }
    }
    return false;
  }

  const AdderGraph& graph_;
  Operands& operands_;
  std::vector<Terms>& rows_;
  Order order_;
  std::unordered_map<std::uint64_t, int> counts_;
  std::priority_queue<Entry> best_;
};

// ---- Sums of rows ------------------------------------------------------------------------------------

/// The terms of a row as one: those of the lowest levels first, then those that end lowest.
AdderOutput sum_of_row(const AdderGraph& graph, Operands& operands, Terms terms) {
  const auto end = [&](const Term& t) { return t.shift + graph.range(t.operand).bits(); };
  const auto later = [&](const Term& x, const Term& y) {
    return std::tuple(graph.level(x.operand), end(x), x.operand, x.shift) >
           std::tuple(graph.level(y.operand), end(y), y.operand, y.shift);
  };
  auto positives = std::ranges::count(terms, false, &Term::negative);
  std::priority_queue<Term, Terms, decltype(later)> rest(later, std::move(terms));
  const auto take = [&] {
    const Term term = rest.top();
    rest.pop();
    positives -= term.negative ? 0 : 1;
    return term;
  };
  while (rest.size() > 1) {
    const Term x = take(), y = take();
    const Term sum = operands.sum(x, y, positives == 0);
    positives += sum.negative ? 0 : 1;
    rest.push(sum);
  }
  if (rest.empty()) return {};
  const Term& term = rest.top();
  AdderOutput output;
  output.operand = term.operand;
  output.shift = term.shift;
  output.negative = term.negative;
  return output;
}

// ---- Registers ---------------------------------------------------------------------------------------

/// Where the registers go: kAddersPerStage levels between two of them, as few bits of them as are found.
class Stages {
 public:
  explicit Stages(AdderGraph& graph) : graph_(graph), users_(size()) {
    for (std::int64_t n = 0; n < std::ssize(graph_.adders); ++n) {
      const Adder& adder = graph_.adders[index(n)];
      users_[index(adder.a)].push_back(n);
      if (adder.b != adder.a) users_[index(adder.b)].push_back(n);
    }
    leaves_.resize(size());
    for (const AdderOutput& output : graph_.outputs) {
      if (output.operand < 0) continue;
      leaves_[index(output.operand)] = true;
      last_ = std::max(last_, graph_.level(output.operand) + (output.has_adder() ? 1 : 0));
    }
  }

  void run() {
    graph_.stages = std::max(0, (last_ - 1) / kAddersPerStage);
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    Ints best;
    // The first stage may be shorter, where the last one has room.
    const int room = (graph_.stages + 1) * kAddersPerStage - std::max(last_, 1);
    for (int offset = 0; offset <= room; ++offset) {
      offset_ = offset;
      place();
      const std::int64_t bits = graph_.register_bits();
      if (bits >= least) continue;
      least = bits;
      best.clear();
      for (const Adder& adder : graph_.adders) best.push_back(adder.stage);
    }
    for (std::size_t n = 0; n < best.size(); ++n)
      graph_.adders[n].stage = static_cast<int>(best[n]);
  }

 private:
  static std::size_t index(std::int64_t n) { return static_cast<std::size_t>(n); }
  std::size_t size() const { return index(graph_.inputs) + graph_.adders.size(); }
  int stage_at(int level) const { return (level - 1 + offset_) / kAddersPerStage; }

  void place() {
    levels_.clear();
    for (Adder& adder : graph_.adders) {
      levels_.push_back(adder.level);
      adder.stage = stage_at(adder.level);
    }
    constexpr int kSweeps = 6;
    for (int sweep = 0; sweep < kSweeps; ++sweep)
      for (std::size_t i = levels_.size(); i-- > 0;) move(i);
  }

  int level_of(std::int64_t operand) const {
    return operand < graph_.inputs ? 0 : levels_[index(operand - graph_.inputs)];
  }

  /// Bits of the registers behind an operand.
  std::int64_t cost(std::int64_t operand) const {
    int last = leaves_[index(operand)] ? graph_.stages : graph_.stage(operand);
    for (const std::int64_t user : users_[index(operand)])
      last = std::max(last, graph_.adders[index(user)].stage);
    return static_cast<std::int64_t>(last - graph_.stage(operand)) * graph_.range(operand).bits();
  }

  /// An adder to the level, between its operands and its users, where it costs least.
  void move(std::size_t n) {
    Adder& adder = graph_.adders[n];
    const std::int64_t self = graph_.inputs + static_cast<std::int64_t>(n);
    const int first = std::max(level_of(adder.a), level_of(adder.b)) + 1;
    int end = last_;
    for (const AdderOutput& output : graph_.outputs)
      if (output.operand == self && output.has_adder()) end = last_ - 1;
    for (const std::int64_t user : users_[index(self)])
      end = std::min(end, levels_[index(user)] - 1);
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    int best = levels_[n];
    for (int level = first; level <= end; ++level) {
      adder.stage = stage_at(level);
      const std::int64_t now =
          cost(self) + cost(adder.a) + (adder.b == adder.a ? 0 : cost(adder.b));
      if (now >= least) continue;
      least = now;
      best = level;
    }
    levels_[n] = best;
    adder.stage = stage_at(best);
  }

  AdderGraph& graph_;
  std::vector<Ints> users_;
  std::vector<bool> leaves_;
  std::vector<int> levels_;
  int last_ = 0, offset_ = 0;
};

// ---- The whole -----------------------------------------------------------------------------------------

AdderRange range_of(const DataType& type) { return {type.min(), type.max()}; }

std::int64_t pairs_of(const std::vector<Terms>& rows) {
  std::int64_t pairs = 0;
  for (const Terms& row : rows) pairs += std::ssize(row) * (std::ssize(row) - 1) / 2;
  return pairs;
}

class Maker {
 public:
  Maker(std::span<const std::int64_t> weights, std::int64_t rows, const DataType& input,
        const std::vector<ThresholdLine>& lines)
      : weights_(weights),
        rows_(rows),
        columns_(std::ssize(weights) / rows),
        input_(input),
        lines_(lines) {
    while (pairs_of(terms()) > kMaxAdderPairs && parts_ < columns_) parts_ *= 2;
    pairs_ = pairs_of(terms());
  }

  AdderGraph best() const {
    AdderGraph best;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (const Order& order : orders()) {
      AdderGraph graph = made(order);
      const std::int64_t cost = 2 * graph.adder_bits() + graph.register_bits();
      if (cost >= least) continue;
      least = cost;
      best = std::move(graph);
    }
    return best;
  }

 private:
  /// As many as the pairs leave time for.
  std::vector<Order> orders() const {
    constexpr std::int64_t kTries = 24, kPairsInAll = std::int64_t{1} << 21;
    const std::int64_t tries =
        std::clamp<std::int64_t>(kPairsInAll / std::max<std::int64_t>(pairs_, 1), 1, kTries);
    std::vector<Order> orders;
    for (std::int64_t t = 0; t < tries; ++t)
      orders.push_back({.by_bits = t % 4 != 3,
                        .level_cost = static_cast<int>(t % 3) * 4,
                        .seed = static_cast<std::uint64_t>(t)});
    return orders;
  }

  /// The digits of every row, part by part: those of part p of row r at p rows + r.
  std::vector<Terms> terms() const {
    std::vector<Terms> terms(static_cast<std::size_t>(rows_ * parts_));
    for (std::int64_t c = 0; c < columns_; ++c)
      for (std::int64_t r = 0; r < rows_; ++r) {
        Terms& row = terms[static_cast<std::size_t>(c * parts_ / columns_ * rows_ + r)];
        const Terms digits = digits_of(c, weights_[static_cast<std::size_t>(c * rows_ + r)]);
        row.insert(row.end(), digits.begin(), digits.end());
      }
    return terms;
  }

  AdderGraph made(const Order& order) const {
    AdderGraph graph;
    graph.inputs = columns_;
    graph.dtype = input_;
    graph.input = range_of(input_);
    Operands operands(graph);
    std::vector<Terms> lists = terms();
    Sharing(graph, operands, lists, order).run();
    for (std::int64_t r = 0; r < rows_; ++r) {
      Terms row;
      for (std::int64_t p = 0; p < parts_; ++p) {
        const Terms& part = lists[static_cast<std::size_t>(p * rows_ + r)];
        row.insert(row.end(), part.begin(), part.end());
      }
      AdderOutput output = sum_of_row(graph, operands, std::move(row));
      if (output.operand >= 0) {
        const AdderRange& range = graph.range(output.operand);
        const std::int64_t scale = factor(output.shift, output.negative);
        output.range = {scale * (output.negative ? range.high : range.low),
                        scale * (output.negative ? range.low : range.high)};
      }
      if (!lines_.empty()) output.offset = lines_[static_cast<std::size_t>(r)].offset;
      graph.outputs.push_back(output);
    }
    graph.lines = lines_;
    Stages(graph).run();
    return graph;
  }

  std::span<const std::int64_t> weights_;
  std::int64_t rows_, columns_, parts_ = 1, pairs_ = 0;
  DataType input_;
  const std::vector<ThresholdLine>& lines_;
};

// ---- What was made ------------------------------------------------------------------------------------

struct Made {
  Ints weights;
  std::int64_t rows = 0;
  DataType input;
  std::vector<ThresholdLine> lines;
  std::shared_ptr<const AdderGraph> graph;
};

constexpr std::size_t kKept = 64;

std::mutex& made_lock() {
  static std::mutex lock;
  return lock;
}

std::deque<Made>& made_before() {
  static std::deque<Made> made;
  return made;
}

}  // namespace

int AdderRange::bits() const {
  const auto width = [](std::int64_t v) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(v)));
  };
  return std::max(1, is_signed() ? std::max(width(~low), width(std::max<std::int64_t>(high, 0))) + 1
                                 : width(high));
}

int Adder::adder_bits() const {
  return kind == Kind::kReverse ? range.bits() : std::max(range.bits() - shift, 1);
}

const AdderRange& AdderGraph::range(std::int64_t operand) const {
  return operand < inputs ? input : adders[static_cast<std::size_t>(operand - inputs)].range;
}

int AdderGraph::level(std::int64_t operand) const {
  return operand < inputs ? 0 : adders[static_cast<std::size_t>(operand - inputs)].level;
}

int AdderGraph::stage(std::int64_t operand) const {
  return operand < inputs ? 0 : adders[static_cast<std::size_t>(operand - inputs)].stage;
}

std::int64_t AdderGraph::adder_bits() const {
  std::int64_t bits = 0;
  for (const Adder& adder : adders) bits += adder.adder_bits();
  for (const AdderOutput& output : outputs)
    bits += output.has_adder() && output.operand >= 0 ? output.offset_range().bits() : 0;
  return bits;
}

std::vector<int> AdderGraph::delays() const {
  std::vector<int> last(static_cast<std::size_t>(inputs) + adders.size(), -1);
  const auto use = [&](std::int64_t operand, int at) {
    int& now = last[static_cast<std::size_t>(operand)];
    now = std::max(now, at - stage(operand));
  };
  for (const Adder& adder : adders) {
    use(adder.a, adder.stage);
    use(adder.b, adder.stage);
  }
  for (const AdderOutput& output : outputs)
    if (output.operand >= 0) use(output.operand, stages);
  return last;
}

std::int64_t AdderGraph::register_bits() const {
  std::int64_t bits = 0;
  const std::vector<int> registers = delays();
  for (std::size_t i = 0; i < registers.size(); ++i)
    bits += static_cast<std::int64_t>(std::max(registers[i], 0)) *
            range(static_cast<std::int64_t>(i)).bits();
  return bits;
}

std::string AdderGraph::module() const {
  std::string text = fmt::format("{} {}", dtype.name(), inputs);
  for (const Adder& adder : adders)
    text += fmt::format("\n{} {} {} {} {}", static_cast<int>(adder.kind), adder.a, adder.b,
                        adder.shift, adder.stage);
  for (const AdderOutput& output : outputs)
    text += fmt::format("\n{} {} {} {}", output.operand, output.shift, output.negative ? 1 : 0,
                        output.offset);
  for (const ThresholdLine& line : lines)
    text += fmt::format("\n{} {} {}", line.shift, line.capped ? 1 : 0, line.cap);
  constexpr std::size_t kDigits = 16;
  return "assay_adder_graph_" + sha256(fmt::format("{}\n{}", text, stages)).substr(0, kDigits);
}

std::shared_ptr<const AdderGraph> adder_graph(std::span<const std::int64_t> weights,
                                              std::int64_t rows, const DataType& input,
                                              const std::vector<ThresholdLine>& lines) {
  const std::scoped_lock lock(made_lock());
  std::deque<Made>& made = made_before();
  const auto it = std::ranges::find_if(made, [&](const Made& m) {
    return m.rows == rows && m.input == input && m.lines == lines &&
           std::ranges::equal(m.weights, weights);
  });
  if (it != made.end()) return it->graph;
  auto graph = std::make_shared<const AdderGraph>(Maker(weights, rows, input, lines).best());
  ASSAY_INVARIANT(is_product(*graph, weights, rows, input), "an adder graph is not its matrix");
  if (made.size() == kKept) made.pop_front();
  made.push_back({Ints(weights.begin(), weights.end()), rows, input, lines, graph});
  return graph;
}

bool is_product(const AdderGraph& graph, std::span<const std::int64_t> weights, std::int64_t rows,
                const DataType& input) {
  const AdderRange range = range_of(input);
  if (std::ssize(graph.outputs) != rows || graph.inputs * rows != std::ssize(weights) ||
      graph.input != range || graph.dtype != input ||
      (!graph.lines.empty() && std::ssize(graph.lines) != rows))
    return false;
  std::deque<Vector> vectors;
  for (std::int64_t i = 0; i < graph.inputs; ++i) vectors.push_back({{i, 1}});
  for (const Adder& adder : graph.adders) {
    for (const std::int64_t operand : {adder.a, adder.b})
      if (operand < 0 || operand >= std::ssize(vectors) || graph.stage(operand) > adder.stage)
        return false;
    if (adder.shift < 0 || adder.stage < 0 || adder.stage > graph.stages) return false;
    vectors.push_back(vector_of(adder, vectors));
    if (range_of(vectors.back(), range) != adder.range) return false;
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    const AdderOutput& output = graph.outputs[static_cast<std::size_t>(r)];
    if (output.offset !=
        (graph.lines.empty() ? 0 : graph.lines[static_cast<std::size_t>(r)].offset))
      return false;
    if (output.operand >= std::ssize(vectors)) return false;
    Vector expected, got;
    for (std::int64_t c = 0; c < graph.inputs; ++c)
      if (const std::int64_t w = weights[static_cast<std::size_t>(c * rows + r)]; w != 0)
        expected.emplace_back(c, w);
    if (output.operand >= 0)
      got = sum_of(vectors[static_cast<std::size_t>(output.operand)],
                   factor(output.shift, output.negative), {}, 1);
    if (got != expected || range_of(got, range) != output.range) return false;
  }
  return true;
}

}  // namespace assay::hw
