// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <map>
#include <numeric>

#include "sim/proof/pairing.h"

namespace assay::sim {
namespace {

constexpr std::size_t kStrangers = 256;  ///< of one shape and side that are compared with others

struct Group {
  std::array<bool, 2> on{};  ///< which sides it is on
  const Column* column = nullptr;
  std::uint32_t number = 0;
};

std::size_t distance(const Column& x, const Column& y) {
  return std::transform_reduce(x.contents.begin(), x.contents.end(), y.contents.begin(),
                               std::size_t{0}, std::plus{}, [](std::uint64_t p, std::uint64_t q) {
                                 return static_cast<std::size_t>(std::popcount(p ^ q));
                               });
}

/// Gives each group that is on one side only the number of the nearest one of the other side.
void join_nearest(std::vector<Group*>& first, std::vector<Group*>& second) {
  first.resize(std::min(first.size(), kStrangers));
  second.resize(std::min(second.size(), kStrangers));
  std::vector<std::tuple<std::size_t, Group*, Group*>> pairs;
  for (Group* x : first)
    for (Group* y : second) pairs.emplace_back(distance(*x->column, *y->column), x, y);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& x, const auto& y) { return std::get<0>(x) < std::get<0>(y); });
  for (auto& [away, x, y] : pairs) {
    if (x->on[1] || y->on[0]) continue;
    x->on[1] = y->on[0] = true;
    y->number = x->number;
  }
}

}  // namespace

std::vector<std::uint32_t> group_columns(const Both& both) {
  std::map<std::vector<std::uint32_t>, std::map<std::vector<std::uint64_t>, Group>> shapes;
  for (std::size_t i = 0; i < both.columns(); ++i) {
    const Column& column = both.column(i);
    Group& group = shapes[column.shape][column.contents];
    group.on[both.side_of(i)] = true;
    group.column = &column;
  }
  std::uint32_t count = 0;
  for (auto& [shape, groups] : shapes) {
    std::array<std::vector<Group*>, 2> strangers;
    for (auto& [contents, group] : groups) {
      group.number = count++;
      if (!group.on[0] || !group.on[1]) strangers[group.on[0] ? 0 : 1].push_back(&group);
    }
    join_nearest(strangers[0], strangers[1]);
  }
  std::vector<std::uint32_t> result;
  for (std::size_t i = 0; i < both.columns(); ++i)
    result.push_back(shapes[both.column(i).shape][both.column(i).contents].number);
  return result;
}

}  // namespace assay::sim
