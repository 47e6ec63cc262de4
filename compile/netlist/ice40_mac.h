// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compile/netlist/netlist.h"

namespace assay::netlist {

/// A name of SB_MAC16, and how many bits it has.
struct Ice40MacField {
  std::string_view name;
  int bits = 1;
};

inline constexpr Ice40MacField kIce40MacSettings[] = {{"A_REG"},
                                                      {"B_REG"},
                                                      {"C_REG"},
                                                      {"D_REG"},
                                                      {"TOP_8x8_MULT_REG"},
                                                      {"BOT_8x8_MULT_REG"},
                                                      {"PIPELINE_16x16_MULT_REG1"},
                                                      {"PIPELINE_16x16_MULT_REG2"},
                                                      {"TOPOUTPUT_SELECT", 2},
                                                      {"TOPADDSUB_LOWERINPUT", 2},
                                                      {"TOPADDSUB_UPPERINPUT"},
                                                      {"TOPADDSUB_CARRYSELECT", 2},
                                                      {"BOTOUTPUT_SELECT", 2},
                                                      {"BOTADDSUB_LOWERINPUT", 2},
                                                      {"BOTADDSUB_UPPERINPUT"},
                                                      {"BOTADDSUB_CARRYSELECT", 2},
                                                      {"MODE_8x8"},
                                                      {"A_SIGNED"},
                                                      {"B_SIGNED"}};

inline constexpr Ice40MacField kIce40MacInputs[] = {
    {"CLK"},      {"CE"},       {"A", 16},    {"B", 16},    {"C", 16},     {"D", 16},
    {"AHOLD"},    {"BHOLD"},    {"CHOLD"},    {"DHOLD"},    {"IRSTTOP"},   {"IRSTBOT"},
    {"ORSTTOP"},  {"ORSTBOT"},  {"OLOADTOP"}, {"OLOADBOT"}, {"ADDSUBTOP"}, {"ADDSUBBOT"},
    {"OHOLDTOP"}, {"OHOLDBOT"}, {"CI"},       {"ACCUMCI"},  {"SIGNEXTIN"}};

inline constexpr Ice40MacField kIce40MacOutputs[] = {
    {"O", 32}, {"CO"}, {"ACCUMCO"}, {"SIGNEXTOUT"}};

/// Two of the settings that read what comes from the DSP beside it: its carry, its sign.
inline constexpr int kIce40MacCarryBeside = 2, kIce40MacSignBeside = 3;

/// A DSP of iCE40 UltraPlus, SB_MAC16, whoever says what it is: a multiplier of 16 x 16 bits or two of
/// 8 x 8, two accumulators of 16 bits, with registers before, within and behind them.
struct Ice40Mac {
  std::string name;
  bool falling = false;                                       ///< NEG_TRIGGER
  std::map<std::string, int, std::less<>> settings;           ///< all of kIce40MacSettings
  std::map<std::string, std::vector<Net>, std::less<>> pins;  ///< all of the inputs and outputs
};

/// As tables and flip-flops, which wake up as 0 like all of the family's; outputs are driven. Returns why there
/// is no model; empty: it is there. The resets, which are asynchronous, have none.
std::string add_ice40_mac(Netlist& netlist, const Ice40Mac& mac);

}  // namespace assay::netlist
