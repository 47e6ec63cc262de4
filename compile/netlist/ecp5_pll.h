// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// A PLL of ECP5, whoever says what it is. Settings are called as the parameters and attributes of EHXPLLL.
struct Ecp5Pll {
  std::map<std::string, std::string, std::less<>> words;
  std::map<std::string, int, std::less<>> numbers;
  Net reference = kZero, clock = kZero, lock = kZero;  ///< CLKI; CLKOP and LOCK, which are driven
};

/// Settings of which there is a model of one value only: CLKOP feeds back, other outputs are off, and nothing
/// that comes in while it runs changes it.
struct Ecp5PllWord {
  std::string_view name, value;
};
std::span<const Ecp5PllWord> ecp5_pll_words();
struct Ecp5PllNumber {
  std::string_view name;
  int value;
};
std::span<const Ecp5PllNumber> ecp5_pll_numbers();
/// Those that are chosen; a name with '@' in front is an attribute's.
std::span<const std::string_view> ecp5_pll_choices();
/// The pins that have to be 0 for it to run as its settings say.
std::span<const std::string_view> ecp5_pll_idle_pins();

/// The clock is the reference's and the lock 1; how fast it is, the settings say. Returns why there is no
/// model, else "".
std::string add_ecp5_pll(Netlist& netlist, const Ecp5Pll& pll);

}  // namespace assay::netlist
