// SPDX-License-Identifier: Apache-2.0
// Residual sums with free scales: every reachable combination against exact arithmetic.
#include <array>
#include <iostream>
#include <regex>

#include "compile/passes/thresholds/join_solver.h"
#include "passes/pass_check.h"
#include "passes/streamline_check.h"

namespace assay {
namespace {

using namespace assay::testing;  // NOLINT: the checks are what this file is about

constexpr std::array<RoundingMode, 7> kModes = {
    RoundingMode::kHalfEven, RoundingMode::kHalfUp, RoundingMode::kHalfDown, RoundingMode::kCeil,
    RoundingMode::kFloor,    RoundingMode::kUp,     RoundingMode::kDown};

/// round(sum of slopes * X + shift) with rational parameters, in integers: the definition, without
/// boundaries.
class RationalSum {
 public:
  RationalSum(const std::vector<mpq_class>& slopes, const mpq_class& shift) {
    mpz_class denominator = shift.get_den();
    for (const mpq_class& slope : slopes) denominator = lcm(denominator, slope.get_den());
    const auto over = [&](const mpq_class& q) {
      return wide(mpz_class(q.get_num() * (denominator / q.get_den())));
    };
    denominator_ = wide(denominator);
    shift_ = over(shift);
    for (const mpq_class& slope : slopes) slopes_.push_back(over(slope));
  }
  std::int64_t level(const Integers& x, RoundingMode mode, std::int64_t lo, std::int64_t hi) const {
    __int128 u = shift_;
    for (std::size_t k = 0; k < x.size(); ++k) u += slopes_[k] * x[k];
    return std::clamp<std::int64_t>(rounded(u, mode), lo, hi);
  }

 private:
  static __int128 wide(const mpz_class& value) {
    EXPECT_LE(mpz_sizeinbase(value.get_mpz_t(), 2), 100U);
    const mpz_class high = value >> 50, low = value - (high << 50);  // floor division
    return (static_cast<__int128>(high.get_si()) << 50) + low.get_si();
  }
  std::int64_t rounded(__int128 u, RoundingMode mode) const {
    __int128 floor = u / denominator_, rest = u % denominator_;
    if (rest < 0) {
      --floor;
      rest += denominator_;
    }
    const bool negative = u < 0;
    const auto nearest = [&](bool tie_up) {
      return 2 * rest > denominator_ || (2 * rest == denominator_ && tie_up);
    };
    bool up = false;
    switch (mode) {
      case RoundingMode::kHalfEven:
        up = nearest(floor % 2 != 0);
        break;
      case RoundingMode::kHalfUp:
        up = nearest(!negative);
        break;
      case RoundingMode::kHalfDown:
        up = nearest(negative);
        break;
      case RoundingMode::kCeil:
        up = rest > 0;
        break;
      case RoundingMode::kFloor:
        break;
      case RoundingMode::kUp:
        up = !negative && rest > 0;
        break;
      case RoundingMode::kDown:
        up = negative && rest > 0;
        break;
    }
    return static_cast<std::int64_t>(floor) + (up ? 1 : 0);
  }

  std::vector<__int128> slopes_;
  __int128 shift_ = 0, denominator_ = 1;
};

/// Every combination of values within bounds.
template <typename Body>
void for_each_combination(const Integers& min, const Integers& max, Body&& body) {
  Integers x = min;
  for (std::size_t k = 0; k < x.size();) {
    body(x);
    for (k = 0; k < x.size() && x[k] == max[k]; ++k) x[k] = min[k];
    if (k < x.size()) ++x[k];
  }
}

/// A random channel of a residual sum with everything that its definition needs.
struct Case {
  RoundingMode mode = RoundingMode::kHalfEven;
  std::int64_t lo = 0, hi = 1;
  std::vector<mpq_class> slopes;
  mpq_class shift;
  Integers min, max;

  JoinRow row() const {
    JoinRow out;
    for (const mpq_class& slope : slopes) out.slopes.emplace_back(slope);
    out.shift = Real(shift);
    out.min = min;
    out.max = max;
    StepFunction f;
    f.mode = mode;
    for (std::int64_t k = lo + 1; k <= hi; ++k) out.boundaries.push_back(f.boundary(k));
    return out;
  }
  std::string text() const {
    std::string out =
        fmt::format("{} [{}, {}] shift {}", rounding_mode_name(mode), lo, hi, shift.get_str());
    for (std::size_t k = 0; k < slopes.size(); ++k)
      out += fmt::format(" + {} * [{}, {}]", slopes[k].get_str(), min[k], max[k]);
    return out;
  }
};

mpq_class exact(float value) { return Real::of(value).rational(); }

/// A float32 with all its digits, or a power of two (ties); now and then 0.
float random_scale(Random& random, bool may_vanish) {
  if (may_vanish && random.chance(8)) return 0;
  if (random.chance(25)) return std::ldexp(1.0F, static_cast<int>(random.range(-4, 0)));
  return random.real(0.03, 0.9);
}

void set_range(Case& c, std::size_t k, std::int64_t bits, bool is_signed) {
  const DataType type =
      is_signed ? DataType::sint(static_cast<int>(bits)) : DataType::uint(static_cast<int>(bits));
  c.min[k] = type.min();
  c.max[k] = type.max();
}

/// The first slope is not negative, as the solvers want it of the input that is compared.
Case random_case(Random& random, std::size_t inputs, std::int64_t most_bits) {
  Case c;
  c.mode = kModes[static_cast<std::size_t>(random.range(0, 6))];
  const DataType out = random.chance(50) ? DataType::sint(static_cast<int>(random.range(2, 5)))
                                         : DataType::uint(static_cast<int>(random.range(1, 5)));
  c.lo = out.min();
  c.hi = out.max();
  c.min.resize(inputs);
  c.max.resize(inputs);
  for (std::size_t k = 0; k < inputs; ++k) {
    set_range(c, k, random.range(2, most_bits), random.chance(50));
    const float scale = random_scale(random, k > 0);
    c.slopes.push_back(exact(k > 0 && random.chance(30) ? -scale : scale));
  }
  c.shift = random.chance(50) ? exact(random.real(-3, 3)) : mpq_class(random.range(-4, 4), 2);
  c.shift.canonicalize();
  return c;
}

std::int64_t dot(const Integers& m, const Integers& x) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < m.size(); ++k) sum += m[k] * x[k];
  return sum;
}

/// Decisions (one per combination and step) on which a line differs from the definition.
std::int64_t wrong_decisions(const Case& c, const LineForm& line, std::int64_t& combinations) {
  const RationalSum sum(c.slopes, c.shift);
  std::int64_t wrong = 0;
  for_each_combination(c.min, c.max, [&](const Integers& x) {
    ++combinations;
    const std::int64_t level = sum.level(x, c.mode, c.lo, c.hi), n = dot(line.multipliers, x);
    for (std::size_t k = 0; k < line.thresholds.size(); ++k)
      wrong += (n >= line.thresholds[k]) != (level > c.lo + static_cast<std::int64_t>(k)) ? 1 : 0;
  });
  return wrong;
}

TEST(StreamlineJoin, RationalSumsRoundAsTheyAreDefined) {
  for (const RoundingMode mode : kModes) {
    const RationalSum sum({mpq_class(1, 4)}, 0);
    for (std::int64_t n = -12; n <= 12; ++n) {
      const Real u = Real(mpq_class(static_cast<long>(n)) / 4);
      EXPECT_EQ(sum.level({n}, mode, -9, 9), real_eval::to_int(real_eval::round_to(u, mode)))
          << rounding_mode_name(mode) << " " << n << "/4";
    }
  }
}

TEST(StreamlineJoin, LinesDecideEveryCombination) {
  std::int64_t combinations = 0, most_bits = 0;
  for (std::uint64_t seed = 1; seed <= 240; ++seed) {
    Random random(seed);
    const Case c = random_case(random, seed % 3 == 0 ? 3 : 2, seed % 3 == 0 ? 4 : 8);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text()));
    const LineForm line = solve_line(c.row(), 0, 48);
    ASSERT_EQ(line.inseparable, 0);
    ASSERT_EQ(wrong_decisions(c, line, combinations), 0);
    most_bits = std::max<std::int64_t>(most_bits, line.fraction_bits);
    LineForm raised = line;
    raise_fraction(raised, line.fraction_bits + 3);
    std::int64_t again = 0;
    ASSERT_EQ(wrong_decisions(c, raised, again), 0);
  }
  EXPECT_GT(combinations, 500000);
  std::cout << combinations << " combinations, at most " << most_bits << " fraction bits\n";
}

TEST(StreamlineJoin, TablesDecideEveryPair) {
  std::int64_t pairs = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const Case c = random_case(random, 2, 8);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text()));
    const TableForm table = solve_table(c.row());
    const std::int64_t steps = c.hi - c.lo;
    ASSERT_EQ(static_cast<std::int64_t>(table.thresholds.size()),
              steps * (c.max[1] - c.min[1] + 1));
    const RationalSum sum(c.slopes, c.shift);
    std::int64_t wrong = 0;
    for_each_combination(c.min, c.max, [&](const Integers& x) {
      const auto row = table.thresholds.begin() + (x[1] - c.min[1]) * steps;
      const std::int64_t reached =
          std::count_if(row, row + steps, [&](std::int64_t t) { return x[0] >= t; });
      wrong += c.lo + reached != sum.level(x, c.mode, c.lo, c.hi) ? 1 : 0;
      ++pairs;
    });
    ASSERT_EQ(wrong, 0);
  }
  EXPECT_GT(pairs, 500000);
}

TEST(StreamlineJoin, RatiosDecideEveryCombinationWithoutEnumeration) {
  std::int64_t combinations = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    Case c = random_case(random, seed % 2 == 0 ? 3 : 2, seed % 2 == 0 ? 4 : 7);
    const mpq_class unit = exact(random.real(0.01, 0.2));
    for (std::size_t k = 0; k < c.slopes.size(); ++k) {
      c.slopes[k] = unit * mpq_class(random.range(k > 0 ? -9 : 1, 9), random.range(1, 4));
      c.slopes[k].canonicalize();
    }
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text()));
    const auto line = solve_ratio(c.row());
    ASSERT_TRUE(line.has_value());
    ASSERT_EQ(wrong_decisions(c, *line, combinations), 0);
  }
  EXPECT_GT(combinations, 100000);
}

TEST(StreamlineJoin, IrrationalScalesHaveNoCommonUnitButALine) {
  JoinRow row;
  row.slopes = {Real::sqrt(mpq_class(2, 9)), Real::sqrt(mpq_class(3, 25))};
  row.shift = Real::sqrt(mpq_class(5));
  row.min = {-16, 0};
  row.max = {15, 15};
  StepFunction f;
  for (std::int64_t k = -7; k <= 8; ++k) row.boundaries.push_back(f.boundary(k));
  EXPECT_FALSE(solve_ratio(row).has_value());
  const LineForm line = solve_line(row, 0, 32);
  ASSERT_EQ(line.inseparable, 0);
  for_each_combination(row.min, row.max, [&](const Integers& x) {
    const Real u = row.slopes[0] * Real(x[0]) + row.slopes[1] * Real(x[1]) + row.shift;
    for (std::size_t k = 0; k < row.boundaries.size(); ++k) {
      const Boundary& b = row.boundaries[k];
      const bool reached = b.strict ? u > b.at : u >= b.at;
      EXPECT_EQ(dot(line.multipliers, x) >= line.thresholds[k], reached);
    }
  });
}

TEST(StreamlineJoin, TooFewFractionBitsAreCountedDecisionByDecision) {
  std::int64_t inexact = 0, combinations = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const Case c = random_case(random, seed % 3 == 0 ? 3 : 2, seed % 3 == 0 ? 4 : 6);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, c.text()));
    for (int f = 0; f <= 6; f += 2) {
      const LineForm line = line_with(c.row(), 0, f);
      EXPECT_EQ(line.fraction_bits, f);
      EXPECT_EQ(line.inseparable, wrong_decisions(c, line, combinations)) << f << " bits";
      inexact += line.inseparable > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(inexact, 60);
}

// ---- Whole networks: one input per branch, every combination at a position of its own.

struct JoinNet {
  Graph graph;
  std::vector<Case> channels;
  std::vector<Integers> inputs;  ///< per branch, all channels
  std::int64_t combinations = 0;
};

/// sum over branches of X_k * scale_k[c], plus bias[c], quantised in `mode`.
JoinNet join_net(std::uint64_t seed, std::size_t branches, std::int64_t most_bits) {
  Random random(seed);
  const Case first = random_case(random, branches, most_bits);
  const std::int64_t channels = random.range(1, 4);
  JoinNet out;
  out.channels.assign(static_cast<std::size_t>(channels), first);
  std::vector<Integers> all(branches);
  for_each_combination(first.min, first.max, [&](const Integers& x) {
    for (std::size_t k = 0; k < branches; ++k) all[k].push_back(x[k]);
  });
  out.combinations = static_cast<std::int64_t>(all[0].size());
  const float step = random_scale(random, false);
  Net net;
  Tensor* sum = nullptr;
  for (std::size_t k = 0; k < branches; ++k) {
    Tensor* x = net.input({1, channels, 1, out.combinations}, fmt::format("x{}", k));
    x->dtype = DataType::smallest_for(first.min[k], first.max[k]);
    std::vector<float> scales;
    for (Case& c : out.channels) {
      const float scale = random_scale(random, true);
      scales.push_back(random.chance(30) ? -scale : scale);
      c.slopes[k] = exact(scales.back()) / exact(step);
    }
    Tensor* scaled = net.add(ops::Mul{}, {x, net.floats({1, channels, 1, 1}, scales)});
    sum = sum ? net.add(ops::Add{}, {sum, scaled}) : scaled;
    out.inputs.emplace_back();
    for (std::int64_t c = 0; c < channels; ++c)
      out.inputs[k].insert(out.inputs[k].end(), all[k].begin(), all[k].end());
  }
  std::vector<float> bias;
  for (Case& c : out.channels) {
    bias.push_back(random.chance(30) ? 0.0F : random.real(-1, 1));
    c.shift = exact(bias.back()) / exact(step);
  }
  sum = net.add(ops::Add{}, {sum, net.floats({1, channels, 1, 1}, bias)});
  ops::Quant quant;
  quant.rounding_mode = first.mode;
  quant.is_signed = first.lo < 0;
  const int bits = DataType::smallest_for(first.lo, first.hi).bits;
  sum = net.quant(sum, step, static_cast<float>(bits), quant, "joined");
  out.graph = net.finish(sum);
  clean_up(out.graph);
  return out;
}

Integers levels_of(const Graph& graph, const JoinNet& net) {
  std::vector<ExactInput> inputs;
  ExactRequest request;
  for (std::size_t k = 0; k < net.inputs.size(); ++k) {
    inputs.push_back(ExactInput::integers(net.channels[0].min[k], net.channels[0].max[k]));
    request.inputs.push_back({net.inputs[k]});
  }
  const ExactExecutor executor(graph, std::move(inputs), {.parallel = false});
  for (CheckpointValue& value : executor.run(request).checkpoints)
    if (value.checkpoint->kind == Checkpoint::Kind::kActivation) return std::move(value.q);
  return {};
}

Integers defined_levels(const JoinNet& net) {
  Integers out;
  for (const Case& c : net.channels) {
    const RationalSum sum(c.slopes, c.shift);
    for_each_combination(
        c.min, c.max, [&](const Integers& x) { out.push_back(sum.level(x, c.mode, c.lo, c.hi)); });
  }
  return out;
}

using Forms = std::map<std::string, int>;

/// Streamlines and compares everything with the definition.
void check_join(std::uint64_t seed, std::size_t branches, std::int64_t most_bits,
                const PassOptions& options, Forms& forms, std::int64_t& combinations) {
  const JoinNet net = join_net(seed, branches, most_bits);
  SCOPED_TRACE(fmt::format("seed {}: {}", seed, net.channels[0].text()));
  const Integers expected = defined_levels(net);
  ASSERT_EQ(levels_of(net.graph, net), expected) << "the network as it was";
  Graph after = net.graph;
  const PassReport report = make_integer(after, options);
  EXPECT_EQ(levels_of(after, net), expected) << to_text(after);
  ++forms[std::string(quantiser_form_name(report.quantisers.at(0).form))];
  EXPECT_EQ(report.quantisers[0].inseparable, 0);
  combinations += static_cast<std::int64_t>(expected.size());
}

void sweep(std::uint64_t first, std::uint64_t count) {
  Forms forms;
  std::int64_t combinations = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const bool three = seed % 3 == 0;
    // So small a budget leaves two branches to a table.
    const PassOptions options{.join_budget = seed % 2 == 0 && !three ? 1 : 48};
    check_join(seed, three ? 3 : 2, three ? 4 : 7, options, forms, combinations);
    ASSERT_FALSE(::testing::Test::HasFailure()) << "first failing seed " << seed;
  }
  std::cout << count << " joins, " << combinations << " combinations:";
  for (const auto& [form, n] : forms) std::cout << " " << n << " " << form;
  std::cout << "\n";
  EXPECT_GT(forms["table"], static_cast<int>(count) / 10);
  EXPECT_GT(forms["line"], static_cast<int>(count) / 10);
}

TEST(StreamlineJoin, NetworksGiveTheDefinedLevelForEveryCombination) { sweep(1, 90); }
TEST(StreamlineJoinNightly, ManyNetworksGiveTheDefinedLevelForEveryCombination) {
  sweep(10000, 3000);
}

/// Three branches (so that no table will do) whose scales take more than two fraction bits.
JoinNet three_branches() {
  for (std::uint64_t seed = 3;; ++seed) {
    JoinNet net = join_net(seed, 3, 4);
    Graph after = net.graph;
    if (make_integer(after, {.join_budget = 48}).quantisers.at(0).fraction_bits > 4) return net;
  }
}

TEST(StreamlineJoin, OverTheBudgetTheErrorSaysWhereHowManyAndWhatHelps) {
  const JoinNet net = three_branches();
  Graph after = net.graph;
  const std::string message = user_error_of([&] { make_integer(after, {.join_budget = 2}); });
  std::smatch match;
  ASSERT_TRUE(std::regex_search(
      message, match,
      std::regex(
          "node '\\w+' \\(Quant\\): channel (\\d+), step (-?\\d+): with 2 fraction bits "
          "(\\d+) pairs of the sum cannot be separated; raise --join-budget, or accept wrong "
          "decisions with --join-bits N")))
      << message;
  const auto channel = static_cast<std::size_t>(std::stoll(match[1]));
  ASSERT_LT(channel, net.channels.size());
  EXPECT_GT(std::stoll(match[2]), net.channels[channel].lo);
  EXPECT_LE(std::stoll(match[2]), net.channels[channel].hi);
  EXPECT_GT(std::stoll(match[3]), 0);
}

TEST(StreamlineJoin, JoinBitsReportEveryWrongDecisionOfTheNetwork) {
  std::int64_t inexact = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const JoinNet net = join_net(seed, seed % 3 == 0 ? 3 : 2, 4);
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Graph after = net.graph;
    const PassReport report = make_integer(after, {.join_budget = 32, .join_bits = 2});
    const Integers expected = defined_levels(net), got = levels_of(after, net);
    ASSERT_EQ(expected.size(), got.size());
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < got.size(); ++i) wrong += std::abs(got[i] - expected[i]);
    EXPECT_EQ(report.quantisers.at(0).inseparable, wrong);
    inexact += wrong > 0 ? 1 : 0;
  }
  EXPECT_GT(inexact, 10);
}

}  // namespace
}  // namespace assay
