// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/pairing.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

namespace assay::sim {
namespace {

using netlist::Initial;
using netlist::Net;

constexpr std::size_t kWords = 16;
constexpr int kQuietRounds = 12;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ hash >> 29;
}

std::uint64_t hash_words(std::uint64_t hash, const std::uint64_t* words, std::size_t count) {
  for (std::size_t w = 0; w < count; ++w) hash = mix(hash, words[w]);
  return hash;
}

/// Numbers equal keys alike, in order of appearance; how many there are.
std::uint32_t number(const std::vector<std::uint64_t>& keys, std::vector<std::uint32_t>& classes) {
  std::unordered_map<std::uint64_t, std::uint32_t> numbers;
  numbers.reserve(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    classes[i] =
        numbers.try_emplace(keys[i], static_cast<std::uint32_t>(numbers.size())).first->second;
  return static_cast<std::uint32_t>(numbers.size());
}

/// More runs of a small design.
int cycles_for(const Both& both) {
  const std::size_t work = both.side[0].net.luts.size() + both.side[1].net.luts.size() +
                           40 * (both.side[0].columns.size() + both.side[1].columns.size());
  return static_cast<int>(std::clamp<std::size_t>(5'000'000 / (work + 1), 128, 1024));
}

}  // namespace

Variables::Variables(const Both& both, const Pairing& pairing)
    : both_(both), pairing_(pairing), reads_(pairing.column_classes) {
  inputs_ = static_cast<std::uint32_t>(both.side[0].inputs.size());
  std::vector<std::uint32_t> sizes(pairing.column_classes);
  for (std::size_t i = 0; i < both.columns(); ++i)
    sizes[pairing.columns[i]] = static_cast<std::uint32_t>(both.column(i).reads.size());
  count_ = inputs_ + pairing.item_classes;
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    reads_[c] = count_;
    count_ += sizes[c];
  }
}

std::vector<std::pair<Net, std::uint32_t>> Variables::leaves(std::size_t side) const {
  std::vector<std::pair<Net, std::uint32_t>> result;
  const Machine& machine = both_.side[side];
  for (std::uint32_t i = 0; i < inputs_; ++i) result.emplace_back(machine.inputs[i].net, i);
  for (std::size_t i = 0; i < machine.registers.size(); ++i)
    result.emplace_back(machine.registers[i].q, item_class(pairing_.items[both_.item(side, i)]));
  const std::size_t first = side == 0 ? 0 : both_.side[0].columns.size();
  for (std::size_t i = 0; i < machine.columns.size(); ++i)
    for (std::uint32_t k = 0; k < machine.columns[i].reads.size(); ++k)
      result.emplace_back(machine.columns[i].reads[k], reads_[pairing_.columns[first + i]] + k);
  return result;
}

std::string Variables::name(std::uint32_t variable) const {
  // The second side is the one whose names people know.
  for (const std::size_t side : {std::size_t{1}, std::size_t{0}})
    for (const auto& [net, v] : leaves(side))
      if (v == variable) return both_.side[side].leaf_name(net);
  return "variable " + std::to_string(variable);
}

States::States(const Both& both, std::uint64_t seed)
    : both_(both),
      random_(seed),
      lanes_{Lanes(both.side[0], kWords), Lanes(both.side[1], kWords)} {}

void States::fill(std::size_t variables, const Pattern& pattern) {
  values_.resize(variables * kWords);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    std::uint64_t word = random_();
    // Long counters and wide comparisons need states that are nearly all ones or zeros.
    const std::size_t kind = i % 8;
    if (kind == 4 || kind == 6) word &= random_();
    if (kind == 5 || kind == 7) word |= random_();
    if (kind == 6) word &= random_() & random_();
    if (kind == 7) word |= random_() | random_();
    values_[i] = word;
  }
  for (const auto& [variable, value] : pattern)
    for (std::size_t w = 0; w < kWords; ++w)
      values_[variable * kWords + w] =
          (std::uint64_t{0} - (value ? 1U : 0U)) ^
          (w == 0 ? 0 : random_() & random_() & random_() & random_() & random_());
}

void States::choose(const Pairing& pairing, const Pattern& pattern) {
  const Variables variables(both_, pairing);
  fill(variables.count(), pattern);
  std::fill_n(values_.data() + variables.item_class(0) * kWords, kWords, 0);
  std::fill_n(values_.data() + variables.item_class(1) * kWords, kWords, ~std::uint64_t{0});
  for (std::size_t side = 0; side < 2; ++side) {
    for (const auto& [net, variable] : variables.leaves(side))
      std::copy_n(values_.data() + variable * kWords, kWords, lanes_[side].at(net));
    lanes_[side].evaluate(both_.side[side]);
  }
}

Matcher::Matcher(const Both& both, Options options)
    : both_(both),
      options_(std::move(options)),
      random_(options_.seed),
      states_(both, options_.seed) {
  start();
  if (options_.initial_values) run_from_start();
}

void Matcher::start() {
  pairing_.items.resize(both_.items());
  std::vector<std::uint64_t> keys(both_.items(), 2);
  keys[0] = 0, keys[1] = 1;
  for (std::size_t i = 2; options_.initial_values && i < keys.size(); ++i)
    keys[i] = static_cast<std::uint64_t>(both_.bit(i).initial);
  pairing_.item_classes = number(keys, pairing_.items);
  pairing_.columns = group_columns(both_);
  keys.assign(pairing_.columns.begin(), pairing_.columns.end());
  pairing_.column_classes = number(keys, pairing_.columns);
}

void Matcher::set_inputs(std::array<Run, 2>& runs, int cycle) {
  const auto& inputs = both_.side[0].inputs;
  // For a while an input may be as good as constant in some runs.
  std::mt19937_64 slow(options_.seed + static_cast<std::uint64_t>(cycle / 64));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::uint64_t low = slow() & slow(), high = slow() & slow();
    std::uint64_t word = (random_() & ~low) | (high & (random_() | random_()));
    if (inputs[i].name == options_.reset_n)
      word = cycle < 4 ? 0 : ~(random_() & random_() & random_() & random_() & low);
    runs[0].input(i) = runs[1].input(i) = word;
  }
}

void Matcher::compare_outputs(const std::array<Run, 2>& runs) {
  const auto& first = both_.side[0].outputs;
  const auto& second = both_.side[1].outputs;
  for (std::size_t i = 0; i < first.size() && output_seen_.empty(); ++i) {
    const std::uint64_t differs = *runs[0].at(first[i].net) ^ *runs[1].at(second[i].net);
    if (differs == 0) continue;
    output_seen_ = second[i].name;
    for (const Net leaf : both_.side[1].support(second[i].net))
      output_state_.emplace_back(both_.side[1].leaf_name(leaf),
                                 *runs[1].at(leaf) >> std::countr_zero(differs) & 1U);
  }
}

void Matcher::run_from_start() {
  std::array<Run, 2> runs{Run(both_.side[0]), Run(both_.side[1])};
  const int cycles = cycles_for(both_);
  for (int cycle = 0; cycle < cycles; ++cycle) {
    set_inputs(runs, cycle);
    for (Run& run : runs) run.settle();
    compare_outputs(runs);
    split(1, [&](std::size_t side, Net net) { return runs[side].at(net); });
    for (Run& run : runs) run.step();
  }
}

bool Matcher::split_by_states() {
  return split(states_.words(), [&](std::size_t side, Net net) { return states_.at(side, net); });
}

bool Matcher::split(std::size_t words, const Words& at) {
  ++rounds_;
  const std::uint32_t items = pairing_.item_classes, columns = pairing_.column_classes;
  std::vector<std::uint64_t> keys(both_.items());
  const std::vector<std::uint64_t> zeros(words), ones(words, ~std::uint64_t{0});
  keys[0] = hash_words(0, zeros.data(), words);
  keys[1] = hash_words(1, ones.data(), words);
  for (std::size_t i = 2; i < keys.size(); ++i)
    keys[i] = hash_words(pairing_.items[i], at(both_.owner(i), both_.bit(i).next), words);
  pairing_.item_classes = number(keys, pairing_.items);
  keys.assign(both_.columns(), 0);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = pairing_.columns[i];
    for (const Net pin : both_.column(i).pins)
      keys[i] = hash_words(keys[i], at(both_.side_of(i), pin), words);
  }
  pairing_.column_classes = number(keys, pairing_.columns);
  return pairing_.item_classes != items || pairing_.column_classes != columns;
}

std::uint64_t Matcher::influence(std::size_t item) const {
  const std::size_t side = both_.owner(item);
  const Machine& machine = both_.side[side];
  Lanes flipped = states_.lanes(side);
  std::uint64_t* q = flipped.at(both_.bit(item).q);
  for (std::size_t w = 0; w < states_.words(); ++w) q[w] = ~q[w];
  flipped.evaluate(machine);
  std::vector<std::uint64_t> changes(states_.words());
  std::set<std::uint64_t> seen;  // a class counts once, however many members there are
  const auto look = [&](std::uint64_t what, Net net) {
    for (std::size_t w = 0; w < changes.size(); ++w)
      changes[w] = flipped.at(net)[w] ^ states_.at(side, net)[w];
    if (std::any_of(changes.begin(), changes.end(), [](std::uint64_t word) { return word != 0; }))
      seen.insert(hash_words(what, changes.data(), changes.size()));
  };
  for (std::size_t i = 0; i < machine.registers.size(); ++i)
    if (both_.item(side, i) != item)
      look(mix(1, pairing_.items[both_.item(side, i)]), machine.registers[i].next);
  for (std::size_t i = 0; i < machine.outputs.size(); ++i) look(mix(2, i), machine.outputs[i].net);
  for (std::size_t i = 0; i < both_.columns(); ++i)
    for (std::size_t p = 0; both_.side_of(i) == side && p < both_.column(i).pins.size(); ++p)
      look(mix(mix(3, pairing_.columns[i]), p), both_.column(i).pins[p]);
  return std::accumulate(seen.begin(), seen.end(), std::uint64_t{0});
}

/// Bits of the first side that wake up unknown need not wake up alike: one of them in a class.
/// Which of the other side goes with which shows in what they change.
bool Matcher::separate_unknown() {
  const std::uint32_t before = pairing_.item_classes;
  std::map<std::uint32_t, std::array<std::vector<std::size_t>, 2>> unknown;
  for (std::size_t i = 2; options_.initial_values && i < both_.items(); ++i)
    if (both_.bit(i).initial == Initial::kUnknown)
      unknown[pairing_.items[i]][both_.owner(i)].push_back(i);
  std::erase_if(unknown, [](const auto& entry) { return entry.second[0].size() < 2; });
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::array<std::vector<std::size_t>, 2>> alike;
  for (const auto& [c, sides] : unknown)
    for (std::size_t side = 0; side < 2; ++side)
      for (const std::size_t item : sides[side]) alike[{c, influence(item)}][side].push_back(item);
  for (const auto& [key, sides] : alike) {
    const auto& [first, second] = sides;
    for (std::size_t k = 0; k < std::max(first.size(), std::size_t{1}); ++k) {
      if (k < first.size()) pairing_.items[first[k]] = pairing_.item_classes;
      const bool last = k + 1 >= first.size();
      for (std::size_t j = k; j < (last ? second.size() : std::min(k + 1, second.size())); ++j)
        pairing_.items[second[j]] = pairing_.item_classes;
      ++pairing_.item_classes;
    }
  }
  return pairing_.item_classes != before;
}

std::size_t Matcher::alone() const {
  std::array<std::vector<bool>, 2> on;
  for (std::vector<bool>& classes : on) {
    classes.resize(pairing_.item_classes);
    classes[0] = classes[1] = true;
  }
  for (std::size_t i = 2; i < both_.items(); ++i) on[both_.owner(i)][pairing_.items[i]] = true;
  std::size_t count = 0;
  for (std::size_t i = 2; i < both_.items(); ++i)
    if (!on[1 - both_.owner(i)][pairing_.items[i]]) ++count;
  return count;
}

bool Matcher::refine(std::chrono::steady_clock::time_point deadline) {
  for (int quiet = 0; quiet < kQuietRounds;) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    quiet = refine(std::vector<Pattern>(1)) ? 0 : quiet + 1;
  }
  return true;
}

bool Matcher::refine(const std::vector<Pattern>& patterns) {
  const Pairing before = pairing_;  // whose variables the patterns speak of
  bool finer = false;
  for (const Pattern& pattern : patterns) {
    states_.choose(before, pattern);
    finer = split_by_states() || finer;
  }
  return finer;
}

}  // namespace assay::sim
