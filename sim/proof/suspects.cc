// SPDX-License-Identifier: Apache-2.0
#include "sim/proof/suspects.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace assay::sim {
namespace {

using netlist::Net;

constexpr std::size_t kCandidates = 64;  ///< that are tried as what a register should equal

/// Which variables have a meaning on one side only.
std::vector<bool> foreign_variables(const Both& both, const Pairing& pairing) {
  const Variables variables(both, pairing);
  std::array<std::vector<bool>, 2> on;
  for (std::size_t side = 0; side < 2; ++side) {
    on[side].resize(variables.count());
    on[side][variables.item_class(0)] = on[side][variables.item_class(1)] = true;
    for (const auto& [net, variable] : variables.leaves(side)) on[side][variable] = true;
  }
  std::vector<bool> result(variables.count());
  for (std::size_t v = 0; v < result.size(); ++v) result[v] = on[0][v] != on[1][v];
  return result;
}

/// Everything there is to know to judge a side.
struct View {
  const Both& both;
  std::vector<bool> foreign;  ///< per variable
  std::array<std::map<Net, std::uint32_t>, 2> variable;

  View(const Both& b, const Pairing& pairing) : both(b), foreign(foreign_variables(b, pairing)) {
    const Variables variables(b, pairing);
    for (std::size_t side = 0; side < 2; ++side)
      for (const auto& [net, v] : variables.leaves(side)) variable[side].emplace(net, v);
  }

  /// Variables that nets depend on.
  std::set<std::uint32_t> support(std::size_t side, const std::vector<Net>& nets) const {
    std::set<std::uint32_t> result;
    for (const Net net : nets)
      for (const Net leaf : both.side[side].support(net)) result.insert(variable[side].at(leaf));
    return result;
  }
  std::size_t count_foreign(const std::set<std::uint32_t>& variables) const {
    return static_cast<std::size_t>(std::count_if(variables.begin(), variables.end(),
                                                  [&](std::uint32_t v) { return foreign[v]; }));
  }
};

std::vector<Suspect> all_of_side(const View& view, std::size_t side, const Pairing& pairing) {
  const Both& both = view.both;
  std::vector<Suspect> result;
  for (std::size_t i = both.item(side, 0); i < both.items() && both.owner(i) == side; ++i) {
    const std::uint32_t own = view.variable[side].at(both.bit(i).q);
    if (!view.foreign[own]) continue;
    std::set<std::uint32_t> support = view.support(side, {both.bit(i).next});
    support.erase(own);
    result.push_back({false, i, view.count_foreign(support), {}});
  }
  std::vector<bool> there(pairing.column_classes);
  for (std::size_t i = 0; i < both.columns(); ++i)
    if (both.side_of(i) != side) there[pairing.columns[i]] = true;
  for (std::size_t i = 0; i < both.columns(); ++i)
    if (both.side_of(i) == side && !there[pairing.columns[i]])
      result.push_back({true, i, view.count_foreign(view.support(side, both.column(i).pins)), {}});
  std::stable_sort(result.begin(), result.end(),
                   [](const Suspect& x, const Suspect& y) { return x.foreign < y.foreign; });
  return result;
}

/// How many states tell the two apart if they are taken for one, and one such state.
std::pair<std::size_t, NamedValues> compare(const Both& both, Pairing pairing, std::size_t a,
                                            std::size_t b, std::uint64_t seed) {
  std::replace(pairing.items.begin(), pairing.items.end(), pairing.items[a], pairing.items[b]);
  States states(both, seed);
  states.choose(pairing, {});
  const std::array<std::size_t, 2> sides{0, 1};
  const std::array<Net, 2> nets{both.bit(a).next, both.bit(b).next};
  std::size_t differs = 0;
  for (std::size_t w = 0; w < states.words(); ++w)
    differs += static_cast<std::size_t>(
        std::popcount(states.at(0, nets[0])[w] ^ states.at(1, nets[1])[w]));
  NamedValues values;
  if (differs != 0) values = values_in(both, states, sides, nets, pairing);
  return {differs, std::move(values)};
}

/// The item of the first side that depends on the same and comes nearest.
NamedValues nearest(const View& view, const Pairing& pairing, const Suspect& suspect,
                    const std::vector<Suspect>& others, std::uint64_t seed) {
  const Both& both = view.both;
  const auto support = [&](std::size_t side, std::size_t item) {
    std::set<std::uint32_t> result = view.support(side, {both.bit(item).next});
    const bool itself = result.erase(view.variable[side].at(both.bit(item).q)) != 0;
    return std::pair(itself, result);
  };
  std::pair<std::size_t, NamedValues> best;
  std::size_t tried = 0;
  const auto mine = support(1, suspect.index);
  for (const Suspect& other : others) {
    if (other.column || other.foreign != 0 || tried == kCandidates) continue;
    const auto its = support(0, other.index);
    const bool alike =
        std::includes(mine.second.begin(), mine.second.end(), its.second.begin(),
                      its.second.end()) ||
        std::includes(its.second.begin(), its.second.end(), mine.second.begin(), mine.second.end());
    if (!alike) continue;
    ++tried;
    auto found = compare(both, pairing, other.index, suspect.index, seed);
    if (found.first != 0 && (best.first == 0 || found.first < best.first)) best = std::move(found);
  }
  return best.second;
}

}  // namespace

NamedValues values_in(const Both& both, const States& states, std::array<std::size_t, 2> sides,
                      std::array<Net, 2> nets, const Pairing& pairing) {
  std::size_t word = 0;
  while (word + 1 < states.words() &&
         states.at(sides[0], nets[0])[word] == states.at(sides[1], nets[1])[word])
    ++word;
  const std::uint64_t differs =
      states.at(sides[0], nets[0])[word] ^ states.at(sides[1], nets[1])[word];
  const int lane = differs == 0 ? 0 : std::countr_zero(differs);
  const Variables variables(both, pairing);
  std::map<std::uint32_t, std::pair<std::string, bool>> values;
  for (const std::size_t which : {std::size_t{0}, std::size_t{1}}) {
    const Machine& machine = both.side[sides[which]];
    std::map<Net, std::uint32_t> variable;
    for (const auto& [net, v] : variables.leaves(sides[which])) variable.emplace(net, v);
    for (const Net leaf : machine.support(nets[which]))
      values[variable.at(leaf)] = {machine.leaf_name(leaf),
                                   states.at(sides[which], leaf)[word] >> lane & 1U};
  }
  NamedValues result;
  for (auto& [variable, value] : values) result.push_back(std::move(value));
  return result;
}

std::vector<Suspect> suspects(const Both& both, const Pairing& pairing, std::uint64_t seed,
                              std::size_t count) {
  const View view(both, pairing);
  const std::vector<Suspect> first = all_of_side(view, 0, pairing);
  std::vector<Suspect> result = all_of_side(view, 1, pairing);
  if (result.empty()) result = first;
  // What follows from others' differences says nothing new.
  const std::size_t least = result.empty() ? 0 : result[0].foreign;
  std::erase_if(result, [&](const Suspect& suspect) { return suspect.foreign != least; });
  if (result.size() > count) result.resize(count);
  for (Suspect& suspect : result)
    if (!suspect.column && both.owner(suspect.index) == 1)
      suspect.state = nearest(view, pairing, suspect, first, seed);
  return result;
}

}  // namespace assay::sim
