// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <system_error>

#include "compile/base/error.h"
#include "sim/proof/check.h"
#include "sim/proof/suspects.h"

namespace assay::sim {
namespace {

using netlist::Initial;
using netlist::Net;
using Deadline = std::chrono::steady_clock::time_point;

constexpr std::size_t kFailures = 8;
constexpr int kRounds = 500;  ///< of questions to ABC, of which all answers made classes finer
/// Of those, rounds that took its counterpart from some state. Where a function is really
/// different, its register's readers follow one by one, and there is no end to it.
constexpr int kLosses = 8;
constexpr int kPlants = 256;  ///< tries to find a fault that shows

void fail(ProofResult& result, ProofFailure failure) {
  const bool known =
      std::any_of(result.failures.begin(), result.failures.end(),
                  [&](const ProofFailure& other) { return other.function == failure.function; });
  if (!known && result.failures.size() < kFailures) result.failures.push_back(std::move(failure));
}

/// The clock may be missing where there is no state.
void add_clock(std::vector<NamedNet>& inputs, netlist::Netlist& net, const std::string& name) {
  if (std::any_of(inputs.begin(), inputs.end(), [&](const auto& in) { return in.name == name; }))
    return;
  inputs.push_back({name, net.new_net()});
  std::sort(inputs.begin(), inputs.end(),
            [](const NamedNet& x, const NamedNet& y) { return x.name < y.name; });
}

void compare_names(const std::vector<NamedNet>& a, const std::vector<NamedNet>& b, const char* kind,
                   ProofResult& result) {
  std::set<std::string> first, second;
  for (const NamedNet& bit : a) first.insert(bit.name);
  for (const NamedNet& bit : b) second.insert(bit.name);
  for (const std::string& name : first)
    if (!second.contains(name))
      fail(result, {fmt::format("{} {} that only the first has", kind, name), "", {}, false});
  for (const std::string& name : second)
    if (!first.contains(name))
      fail(result, {fmt::format("{} {} that only the second has", kind, name), "", {}, false});
}

/// Whether ports and clocks correspond; makes both have the same inputs.
bool same_interface(Both& both, ProofResult& result) {
  auto& [a, b] = both.side;
  const std::string of = " of ";
  if (b.clock.ends_with(" no input"))
    user_error("netlist '{}': its clock is no input, so that nothing can be proved of it",
               b.net.name);
  for (const auto& [from, to] : {std::pair(&a, &b), std::pair(&b, &a)})
    if (to->clock.empty() && !from->clock.empty() && !from->clock.ends_with(" no input"))
      add_clock(to->inputs, to->net, from->clock.substr(from->clock.rfind(of) + of.size()));
  compare_names(a.inputs, b.inputs, "input", result);
  compare_names(a.outputs, b.outputs, "output", result);
  if (!a.clock.empty() && !b.clock.empty() && a.clock != b.clock)
    fail(result, {fmt::format("the clock: {} in the first, {} in the second", a.clock, b.clock),
                  "",
                  {},
                  false});
  return result.failures.empty();
}

/// Chooses what `b` leaves open: as the register of the same name in `a`; else, if `a` leaves
/// nothing open, as its reset would, where there are devices whose registers wake up so: those of
/// iCE40 wake up 0, set or not.
void choose_initial_values(const netlist::Netlist& b, Both& both) {
  std::map<std::string, Initial> known;
  bool all = true, ones = false;
  for (const StateBit& bit : both.side[0].registers) {
    ones = ones || bit.initial == Initial::kOne;
    known.emplace(bit.name, bit.initial);
    all = all && bit.initial != Initial::kUnknown;
  }
  std::map<Net, bool> resets;
  for (const netlist::FlipFlop& cell : b.flip_flops) resets[cell.q] = cell.reset_value;
  for (StateBit& bit : both.side[1].registers) {
    if (bit.initial != Initial::kUnknown) continue;
    const auto same = known.find(bit.name);
    if (same != known.end())
      bit.initial = same->second;
    else if (all)
      bit.initial = ones && resets[bit.q] ? Initial::kOne : Initial::kZero;
  }
}

Answer unknown(std::string why) { return {Answer::Kind::kUnknown, std::move(why), 0, {}}; }

/// One pairing, and what ABC says of it.
struct Attempt {
  Matcher matcher;
  std::vector<Obligation> functions;
  std::size_t obligations = 0;
  int rounds = 0, losses = 0;
  Answers answers;
};

/// False when the answer stands; else the pairing is finer now.
bool learn(const Both& both, const ProofOptions& options, Attempt& attempt) {
  if (attempt.answers.different.empty()) return false;
  std::vector<Pattern> patterns;
  for (const Answer& answer : attempt.answers.different) {
    const Obligation& function = attempt.functions[answer.function];
    States states(both, options.seed);
    states.choose(attempt.matcher.pairing(), answer.pattern);
    if (!states.differ(function.side, function.net)) {
      attempt.answers.first = unknown("ABC's counterexample shows no difference");
      return false;
    }
    // Finer classes promise less: an output that differs will differ with them too.
    if (function.kind == Obligation::Kind::kOutput) {
      attempt.answers.first = answer;
      return false;
    }
    patterns.push_back(answer.pattern);
  }
  if (attempt.rounds >= kRounds || attempt.losses >= kLosses) return false;
  const std::size_t alone = attempt.matcher.alone();
  if (!attempt.matcher.refine(patterns)) return false;
  if (attempt.matcher.alone() != alone) ++attempt.losses;
  return true;
}

void pursue(const Both& both, const ProofOptions& options, Questions& questions, Deadline deadline,
            Attempt& attempt) {
  do {
    if (!attempt.matcher.refine(deadline)) {
      attempt.answers.first = unknown(kTimeIsOver);
      return;
    }
    if (!attempt.matcher.output_seen().empty()) return;
    const Pairing& pairing = attempt.matcher.pairing();
    const std::vector<Obligation> all = obligations(both, pairing);
    attempt.obligations = all.size();
    ASSAY_INVARIANT(all.size() == predict(both, pairing), "an obligation was forgotten");
    attempt.functions = distinct(all);
    if (attempt.functions.empty()) {
      attempt.answers.first = unknown("there is nothing to prove");
      return;
    }
    ++attempt.rounds;
    attempt.answers = questions.ask(both, pairing, attempt.functions, deadline);
    // Which unknown bits go together is known when nothing else can be told apart any more.
  } while (learn(both, options, attempt) || (attempt.answers.first.kind == Answer::Kind::kEqual &&
                                             attempt.matcher.separate_unknown()));
}

void count(const Both& both, const Attempt& attempt, ProofResult& result) {
  const Pairing& pairing = attempt.matcher.pairing();
  result.functions = static_cast<std::int64_t>(attempt.functions.size());
  result.obligations = static_cast<std::int64_t>(attempt.obligations);
  result.registers_a = static_cast<std::int64_t>(both.side[0].registers.size());
  result.registers_b = static_cast<std::int64_t>(both.side[1].registers.size());
  std::vector<std::int64_t> members(pairing.item_classes);
  for (const std::uint32_t c : pairing.items) ++members[c];
  result.classes = 0;
  for (std::uint32_t c = 0; c < pairing.item_classes; ++c)
    if (c > 1 || members[c] > 1) ++result.classes;
  for (std::size_t i = 2; i < both.items(); ++i)
    if (members[pairing.items[i]] == 1)
      ++(both.owner(i) == 0 ? result.unpaired_a : result.unpaired_b);
  std::vector<bool> in_a(pairing.column_classes);
  for (std::size_t i = 0; i < both.columns(); ++i) {
    if (both.side_of(i) == 0) in_a[pairing.columns[i]] = true;
    if (both.side_of(i) == 0 || !in_a[pairing.columns[i]]) continue;
    ++result.memory_columns;
    result.memory_bits += static_cast<std::int64_t>(both.column(i).words);
  }
  result.refinements = attempt.matcher.rounds();
}

std::string whose(std::size_t side) { return side == 0 ? " of the first netlist" : ""; }

void report_contents(const Both& both, const std::vector<Conflict>& found, ProofResult& result) {
  for (const Conflict& conflict : found) {
    if (!conflict.column) continue;
    const Column &mine = both.column(conflict.first), &its = both.column(conflict.second);
    std::size_t word = 0;
    while (mine.word(word) == its.word(word)) ++word;
    fail(result,
         {fmt::format("memory {}, bit {} of word {}: {} in the first netlist, {} in the second",
                      its.name, its.bit, word, mine.word(word) ? 1 : 0, its.word(word) ? 1 : 0),
          its.name,
          {},
          false});
  }
}

/// Columns of `b` whose contents `a` has nowhere.
bool contents_differ(const Both& both, ProofResult& result) {
  Pairing pairing;
  pairing.items.assign(both.items(), 0);
  for (std::uint32_t i = 0; i < pairing.items.size(); ++i) pairing.items[i] = i;
  pairing.item_classes = static_cast<std::uint32_t>(pairing.items.size());
  pairing.columns = group_columns(both);
  for (const std::uint32_t c : pairing.columns)
    pairing.column_classes = std::max(pairing.column_classes, c + 1);
  report_contents(both, conflicts(both, pairing), result);
  return !result.failures.empty();
}

/// In a class that would be proved but for initial values: those that one side has and the other
/// not.
void report_initial_values(const Both& both, const Pairing& pairing, ProofResult& result) {
  std::vector<std::array<std::map<Initial, std::size_t>, 2>> there(pairing.item_classes);
  for (std::size_t i = 2; i < both.items(); ++i)
    there[pairing.items[i]][both.owner(i)].emplace(both.bit(i).initial, i);
  const auto text = [](Initial initial) {
    return initial == Initial::kUnknown ? "unknown" : initial == Initial::kOne ? "1" : "0";
  };
  for (const auto& [a, b] : there)
    for (const auto& [initial, item] : a)
      if (!b.empty() && !b.contains(initial))
        fail(result,
             {fmt::format(
                  "the initial value of register {}: {} in the first netlist, {} in the second",
                  both.bit(b.begin()->second).name, text(initial), text(b.begin()->first)),
              both.bit(b.begin()->second).name,
              {},
              false});
}

/// Whether it is only initial values that stand in the way.
bool initial_values_differ(const Both& both, const ProofOptions& options, Questions& questions,
                           Deadline deadline, ProofResult& result) {
  Attempt attempt{Matcher(both, {options.reset_n, options.seed, false}), {}, 0, 0, 0, {}};
  pursue(both, options, questions, deadline, attempt);
  if (attempt.answers.first.kind != Answer::Kind::kEqual) return false;
  report_initial_values(both, attempt.matcher.pairing(), result);
  return !result.failures.empty();
}

std::string next_function(const Both& both, std::size_t item) {
  return "the next value of register " + both.bit(item).name + whose(both.owner(item));
}

std::string column_function(const Both& both, std::size_t column) {
  return fmt::format("addresses, data or enables of memory {}{}, bit {}", both.column(column).name,
                     whose(both.side_of(column)), both.column(column).bit);
}

std::string function_name(const Both& both, const Obligation& function) {
  switch (function.kind) {
    case Obligation::Kind::kNext:
      return next_function(both, function.index);
    case Obligation::Kind::kPin:
      return column_function(both, function.index);
    case Obligation::Kind::kOutput:
      break;
  }
  return "output " + both.side[1].outputs[function.index].name;
}

void report_suspects(const Both& both, const Pairing& pairing, std::uint64_t seed,
                     ProofResult& result) {
  for (Suspect& suspect : suspects(both, pairing, seed, kFailures - 1)) {
    const bool simulated = !suspect.state.empty();
    if (suspect.column)
      fail(result,
           {column_function(both, suspect.index), both.column(suspect.index).name, {}, false});
    else
      fail(result, {next_function(both, suspect.index), both.bit(suspect.index).name,
                    std::move(suspect.state), simulated});
  }
}

/// Whether it is a function of inputs alone, so that a state which shows a difference surely
/// occurs.
bool of_inputs(const Both& both, const Obligation& function) {
  if (function.kind != Obligation::Kind::kOutput) return false;
  for (std::size_t which = 0; which < 2; ++which) {
    const Machine& machine = both.side[function.side[which]];
    for (const Net leaf : machine.support(function.net[which]))
      if (std::none_of(machine.inputs.begin(), machine.inputs.end(),
                       [&](const NamedNet& input) { return input.net == leaf; }))
        return false;
  }
  return true;
}

/// What ABC refuted. True where it is sure that outputs differ some day.
bool report_answer(const Both& both, const Attempt& attempt, std::uint64_t seed,
                   ProofResult& result) {
  const Obligation& function = attempt.functions[attempt.answers.first.function];
  const Pairing& pairing = attempt.matcher.pairing();
  States states(both, seed);
  states.choose(pairing, attempt.answers.first.pattern);
  ProofFailure failure{function_name(both, function), "",
                       values_in(both, states, function.side, function.net, pairing),
                       states.differ(function.side, function.net)};
  if (function.kind == Obligation::Kind::kNext)
    failure.register_name = both.bit(function.index).name;
  fail(result, std::move(failure));
  return of_inputs(both, function);
}

bool initial_values_known(const Machine& machine) {
  return std::none_of(machine.registers.begin(), machine.registers.end(),
                      [](const StateBit& bit) { return bit.initial == Initial::kUnknown; });
}

void explain(const Both& both, const ProofOptions& options, Questions& questions, Deadline deadline,
             const Attempt& attempt, ProofResult& result) {
  const Matcher& matcher = attempt.matcher;
  const bool seen = !matcher.output_seen().empty();
  const bool different = attempt.answers.first.kind == Answer::Kind::kDifferent;
  if (contents_differ(both, result) ||
      initial_values_differ(both, options, questions, deadline, result)) {
    result.verdict = ProofVerdict::kRefuted;
    result.reason = result.failures.front().function;
  } else if (seen) {
    // What is unknown in `a` may be 0. In `b` another value might have matched.
    const bool sure = initial_values_known(both.side[1]);
    result.verdict = sure ? ProofVerdict::kRefuted : ProofVerdict::kUnproved;
    result.reason = sure ? "outputs differ in a simulation from the initial state"
                         : "outputs differ in a simulation from an initial state with zeros for "
                           "what is unknown";
    report_suspects(both, matcher.pairing(), options.seed, result);
    fail(result, {"output " + matcher.output_seen(), "", matcher.output_state(), true});
  } else if (different) {
    report_suspects(both, matcher.pairing(), options.seed, result);
    const bool sure = report_answer(both, attempt, options.seed, result);
    result.verdict = sure ? ProofVerdict::kRefuted : ProofVerdict::kUnproved;
    result.reason = "a function differs in some state";
  } else {
    result.reason = attempt.answers.first.reason;
  }
}

/// Nets of `a` in which a fault has to show: what something of `b` is paired with.
std::vector<Net> watched(const Both& both, const Pairing& pairing) {
  std::vector<Net> result;
  for (const NamedNet& output : both.side[0].outputs) result.push_back(output.net);
  std::vector<bool> in_b(pairing.item_classes), column_in_b(pairing.column_classes);
  in_b[0] = in_b[1] = true;
  for (std::size_t i = both.item(1, 0); i < both.items(); ++i) in_b[pairing.items[i]] = true;
  for (std::size_t i = 2; i < both.item(1, 0); ++i)
    if (in_b[pairing.items[i]]) result.push_back(both.bit(i).next);
  for (std::size_t i = both.columns(); i-- > 0;) {
    if (both.side_of(i) == 1)
      column_in_b[pairing.columns[i]] = true;
    else if (column_in_b[pairing.columns[i]])
      result.insert(result.end(), both.column(i).pins.begin(), both.column(i).pins.end());
  }
  return result;
}

/// Changes one bit of one table of `a` that shows in a watched net; its name, empty when none was
/// found.
std::string plant(Both& both, const Pairing& pairing, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  States states(both, seed);
  states.choose(pairing, {});
  const std::vector<Net> nets = watched(both, pairing);
  std::vector<netlist::Lut>& luts = both.side[0].net.luts;
  for (int i = 0; i < kPlants; ++i) {
    netlist::Lut& lut = luts[random() % luts.size()];
    const std::uint64_t row = random() % (std::uint64_t{1} << lut.size);
    lut.table ^= std::uint64_t{1} << row;
    States faulty(both, seed);  // the same states
    faulty.choose(pairing, {});
    for (const Net net : nets)
      if (!std::equal(states.at(0, net), states.at(0, net) + states.words(), faulty.at(0, net)))
        return fmt::format("row {} of the table of net {}", row, lut.out);
    lut.table ^= std::uint64_t{1} << row;
  }
  return "";
}

/// Whether ABC, asked the same of a faulty `a`, refutes it.
bool notices_fault(const Both& both, const Attempt& attempt, const ProofOptions& options,
                   Questions& questions, Deadline deadline, ProofResult& result) {
  Both faulty = both;
  const Pairing& pairing = attempt.matcher.pairing();
  const std::string planted = plant(faulty, pairing, options.seed);
  if (planted.empty()) {
    result.reason = "no fault could be planted that shows";
    return false;
  }
  const Answer answer = questions.ask(faulty, pairing, attempt.functions, deadline).first;
  if (answer.kind != Answer::Kind::kDifferent) {
    result.reason = answer.kind == Answer::Kind::kEqual
                        ? fmt::format("a fault planted into {} was not noticed", planted)
                        : answer.reason;
    return false;
  }
  const Obligation& function = attempt.functions[answer.function];
  States states(faulty, options.seed);
  states.choose(pairing, answer.pattern);
  if (!states.differ(function.side, function.net)) {
    result.reason = fmt::format("a fault planted into {} was refuted by what is none", planted);
    return false;
  }
  result.canary = planted;
  return true;
}

}  // namespace

ProofResult prove_equal(const netlist::Netlist& a, const netlist::Netlist& b,
                        const ProofOptions& options, const std::filesystem::path& folder) {
  const Deadline deadline = std::chrono::steady_clock::now() + options.limit;
  ProofResult result;
  Both both{{make_machine(a), make_machine(b)}};
  if (!same_interface(both, result)) {
    result.verdict = ProofVerdict::kRefuted;
    result.reason = result.failures.front().function;
    return result;
  }
  choose_initial_values(b, both);
  Attempt attempt{Matcher(both, {options.reset_n, options.seed, true}), {}, 0, 0, 0, {}};
  Questions questions(folder);
  pursue(both, options, questions, deadline, attempt);
  count(both, attempt, result);
  const bool closes = attempt.answers.first.kind == Answer::Kind::kEqual;
  if (closes && conflicts(both, attempt.matcher.pairing()).empty() &&
      attempt.matcher.output_seen().empty()) {
    const bool noticed = notices_fault(both, attempt, options, questions, deadline, result);
    result.questions = questions.asked();
    if (!noticed) return result;
    result.verdict = ProofVerdict::kProved;
    questions.remove_files();
    return result;
  }
  explain(both, options, questions, deadline, attempt, result);
  result.questions = questions.asked();
  return result;
}

}  // namespace assay::sim
