// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/product.h"

#include <algorithm>

#include "compile/netlist/gates.h"

namespace assay::netlist {

std::vector<Net> sum_of(Netlist& netlist, const std::vector<Net>& a, const std::vector<Net>& b,
                        Net carry) {
  std::vector<Net> sum;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum.push_back(netlist.lut(kXor3, {a[i], b[i], carry}));
    if (i + 1 < a.size()) carry = netlist.lut(kMajority, {a[i], b[i], carry});
  }
  return sum;
}

namespace {

/// A sign says the same once and several times.
std::vector<Net> shortest(std::vector<Net> number) {
  while (number.size() > 1 && number[number.size() - 2] == number.back()) number.pop_back();
  return number;
}

}  // namespace

/// Rows from the lowest bit of b on. What is left of their sum behind a row lies between -2^n and 2^n,
/// where n is how many bits `a` has: n + 2 bits hold it with another row.
std::vector<Net> product_of(Netlist& netlist, const std::vector<Net>& one,
                            const std::vector<Net>& other, std::size_t width) {
  const std::vector<Net> a = shortest(one), b = shortest(other);
  std::vector<Net> rest(a.size() + 2, kZero), result;
  for (std::size_t row = 0; row < b.size() && result.size() < width; ++row) {
    const bool last = row + 1 == b.size();  // the sign: its row is taken away
    std::vector<Net> addend;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      const Net bit = a[std::min(i, a.size() - 1)];
      addend.push_back(last ? and_of(netlist, not_of(netlist, bit), b[row])
                            : and_of(netlist, bit, b[row]));
    }
    if (b[row] != kZero) rest = sum_of(netlist, rest, addend, last ? b[row] : kZero);
    if (last) break;
    result.push_back(rest.front());
    rest.erase(rest.begin());
    rest.push_back(rest.back());
  }
  for (std::size_t i = 0; result.size() < width; ++i)
    result.push_back(rest[std::min(i, rest.size() - 1)]);
  return result;
}

}  // namespace assay::netlist
