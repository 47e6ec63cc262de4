// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/ecp5_pll.h"

#include <fmt/format.h>

#include <utility>

#include "compile/netlist/gates.h"

namespace assay::netlist {
namespace {

constexpr Ecp5PllWord kWords[] = {
    {"CLKOP_ENABLE", "ENABLED"},   {"CLKOS_ENABLE", "DISABLED"}, {"CLKOS2_ENABLE", "DISABLED"},
    {"CLKOS3_ENABLE", "DISABLED"}, {"FEEDBK_PATH", "CLKOP"},     {"CLKOP_TRIM_POL", "RISING"},
    {"CLKOS_TRIM_POL", "RISING"},  {"OUTDIVIDER_MUXA", "DIVA"},  {"OUTDIVIDER_MUXB", "DIVB"},
    {"OUTDIVIDER_MUXC", "DIVC"},   {"OUTDIVIDER_MUXD", "DIVD"},  {"STDBY_ENABLE", "DISABLED"},
    {"REFIN_RESET", "DISABLED"},   {"SYNC_ENABLE", "DISABLED"},  {"INT_LOCK_STICKY", "ENABLED"},
    {"DPHASE_SOURCE", "DISABLED"}, {"PLLRST_ENA", "DISABLED"},   {"INTFB_WAKE", "DISABLED"},
};
constexpr Ecp5PllNumber kNumbers[] = {
    {"CLKOS_DIV", 8},     {"CLKOS2_DIV", 8},    {"CLKOS3_DIV", 8},       {"CLKOS_CPHASE", 0},
    {"CLKOS2_CPHASE", 0}, {"CLKOS3_CPHASE", 0}, {"CLKOS_FPHASE", 0},     {"CLKOS2_FPHASE", 0},
    {"CLKOS3_FPHASE", 0}, {"PLL_LOCK_MODE", 0}, {"CLKOP_TRIM_DELAY", 0}, {"CLKOS_TRIM_DELAY", 0},
};
constexpr std::string_view kChoices[] = {"CLKI_DIV",     "CLKFB_DIV",    "CLKOP_DIV",
                                         "CLKOP_CPHASE", "CLKOP_FPHASE", "@ICP_CURRENT",
                                         "@LPF_RESISTOR"};
constexpr std::string_view kIdlePins[] = {"RST",          "STDBY",       "PHASESEL0",
                                          "PHASESEL1",    "PHASEDIR",    "PHASESTEP",
                                          "PHASELOADREG", "PLLWAKESYNC", "ENCLKOP"};

}  // namespace

std::span<const Ecp5PllWord> ecp5_pll_words() { return kWords; }
std::span<const Ecp5PllNumber> ecp5_pll_numbers() { return kNumbers; }
std::span<const std::string_view> ecp5_pll_choices() { return kChoices; }
std::span<const std::string_view> ecp5_pll_idle_pins() { return kIdlePins; }

std::string add_ecp5_pll(Netlist& netlist, const Ecp5Pll& pll) {
  for (const auto& [name, value] : kWords)
    if (pll.words.at(std::string(name)) != value)
      return fmt::format("a PLL whose {} is {} has no model", name,
                         pll.words.at(std::string(name)));
  for (const auto& [name, value] : kNumbers)
    if (pll.numbers.at(std::string(name)) != value)
      return fmt::format("a PLL whose {} is {} has no model", name,
                         pll.numbers.at(std::string(name)));
  ClockMaker maker{"EHXPLLL", {}, pll.clock};
  for (const std::string_view name : kChoices)
    maker.settings.emplace(name.substr(name.starts_with('@') ? 1 : 0),
                           pll.numbers.at(std::string(name)));
  netlist.clock_makers.push_back(std::move(maker));
  netlist.luts.push_back({pll.clock, 1, {pll.reference}, kBuffer});
  netlist.luts.push_back({pll.lock, 0, {}, 1});
  return "";
}

}  // namespace assay::netlist
