// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/netlist/cells.h"
#include "compile/netlist/gates.h"
#include "compile/netlist/ice40_mac.h"
#include "compile/netlist/ice40_ram.h"

namespace assay::netlist {
namespace {

void build_ice40_lut(const Cell& cell) {
  cell.drive(cell.net("O"), cell.number("LUT_INIT", 16),
             {cell.net("I0"), cell.net("I1"), cell.net("I2"), cell.net("I3")});
}

void build_carry(const Cell& cell) {
  cell.drive(cell.net("CO"), kMajority, {cell.net("I0"), cell.net("I1"), cell.net("CI")});
}

void build_carry_wrapper(const Cell& cell) {
  cell.drive(cell.net("CO"), kMajority, {cell.net("A"), cell.net("B"), cell.net("CI")});
  const Net last = cell.net(cell.flag("I3_IS_CI") ? "CI" : "I3");
  cell.drive(cell.net("O"), cell.number("LUT", 16),
             {cell.net("I0"), cell.net("A"), cell.net("B"), last});
}

void build_ice40_buffer(const Cell& cell) {
  cell.drive(cell.net("GLOBAL_BUFFER_OUTPUT"), kBuffer, {cell.net("USER_SIGNAL_TO_GLOBAL_BUFFER")});
}

/// SB_DFF with N: falling edge; E: enable, for which reset and set wait; SR, SS: synchronous ones.
/// All wake up as 0.
void build_ice40_flip_flop(const Cell& cell) {
  const std::string kind = cell.type.substr(6);
  FlipFlop flip_flop{.name = cell.name, .q = cell.net("Q"), .d = cell.net("D")};
  flip_flop.clock = cell.net("C");
  flip_flop.falling = kind.starts_with('N');
  flip_flop.initial = Initial::kZero;
  if (kind.find('E') != std::string::npos) flip_flop.enable = cell.net("E");
  flip_flop.reset_value = kind.ends_with("SS");
  if (kind.ends_with("SR") || kind.ends_with("SS"))
    flip_flop.reset =
        and_of(cell.netlist, flip_flop.enable, cell.net(flip_flop.reset_value ? "S" : "R"));
  cell.netlist.flip_flops.push_back(std::move(flip_flop));
}

template <std::size_t N>
void take(std::array<Net, N>& to, const std::vector<Net>& nets) {
  std::copy_n(nets.begin(), N, to.begin());
}

/// SB_RAM40_4K, with NR, NW and NRNW behind it: clocks that count when they fall.
void build_ice40_ram(const Cell& cell) {
  if (cell.parameters.at("INIT_FILE").find_first_not_of("0x") != std::string::npos)
    cell.refuse("contents in a file (INIT_FILE) have no model; give INIT_0 to INIT_F");
  Ice40Ram ram;
  ram.name = cell.name;
  ram.read_mode = static_cast<int>(cell.number("READ_MODE", 2));
  ram.write_mode = static_cast<int>(cell.number("WRITE_MODE", 2));
  ram.read_falling = cell.type.find("NR") != std::string::npos;
  ram.write_falling = cell.type.find("NW") != std::string::npos;
  const std::vector<bool> contents = cell.contents("INIT_", 1, 16, 256);
  for (std::size_t i = 0; i < contents.size(); ++i)
    if (contents[i]) ram.words[i / 16] |= static_cast<std::uint16_t>(1U << i % 16);
  ram.rclk = cell.net(ram.read_falling ? "RCLKN" : "RCLK");
  ram.wclk = cell.net(ram.write_falling ? "WCLKN" : "WCLK");
  ram.rclke = cell.net("RCLKE"), ram.re = cell.net("RE");
  ram.wclke = cell.net("WCLKE"), ram.we = cell.net("WE");
  take(ram.raddr, cell.nets("RADDR"));
  take(ram.waddr, cell.nets("WADDR"));
  take(ram.mask, cell.nets("MASK"));
  take(ram.wdata, cell.nets("WDATA"));
  take(ram.rdata, cell.nets("RDATA"));
  add_ice40_ram(cell.netlist, ram);
}

void build_mac16(const Cell& cell) {
  Ice40Mac mac;
  mac.name = cell.name;
  mac.falling = cell.flag("NEG_TRIGGER");
  for (const Ice40MacField& field : kIce40MacSettings)
    mac.settings[std::string(field.name)] = static_cast<int>(cell.number(field.name, field.bits));
  mac.pins = cell.pins;
  const std::string trouble = add_ice40_mac(cell.netlist, mac);
  if (!trouble.empty()) cell.refuse("{}", trouble);
}

/// A pin that is only an input or only an output, without a register.
void build_ice40_io(const Cell& cell) {
  const std::uint64_t type = cell.number("PIN_TYPE", 6);
  if (type == 0b000001)
    cell.drive(cell.net("D_IN_0"), kBuffer, {cell.net("PACKAGE_PIN")});
  else if (type == 0b011001)
    cell.drive(cell.net("PACKAGE_PIN"), kBuffer, {cell.net("D_OUT_0")});
  else
    cell.refuse("there is no model of PIN_TYPE {:06b}; plain inputs are 000001, outputs 011001",
                type);
}

/// One that makes the clock, always: its settings alone say which.
void build_ice40_pll(const Cell& cell) {
  if (cell.net("RESETB") != kOne || cell.net("BYPASS") != kZero)
    cell.refuse("there is no model of one that stops: RESETB is to be 1 and BYPASS 0");
  cell.choice("FEEDBACK_PATH", {"SIMPLE"});
  cell.choice("PLLOUT_SELECT", {"GENCLK"});
  for (const char* mode : {"DELAY_ADJUSTMENT_MODE_FEEDBACK", "DELAY_ADJUSTMENT_MODE_RELATIVE"})
    cell.choice(mode, {"FIXED"});
  for (const char* parameter :
       {"FDA_FEEDBACK", "FDA_RELATIVE", "SHIFTREG_DIV_MODE", "ENABLE_ICEGATE", "TEST_MODE"})
    if (cell.number(parameter, 4) != 0) cell.refuse("there is no model of {} but 0", parameter);
  const Net reference = cell.net(cell.type == "SB_PLL40_PAD" ? "PACKAGEPIN" : "REFERENCECLK");
  const Net clock = cell.netlist.lut(kBuffer, {reference});
  for (const char* out : {"PLLOUTCORE", "PLLOUTGLOBAL"})
    cell.drive(cell.net(out), kBuffer, {clock});
  cell.drive(cell.net("LOCK"), 1, {});
  ClockMaker maker{cell.type, {}, clock};
  for (const auto& [name, width] :
       {std::pair("DIVR", 4), {"DIVF", 7}, {"DIVQ", 3}, {"FILTER_RANGE", 3}})
    maker.settings[name] = static_cast<int>(cell.number(name, width));
  cell.netlist.clock_makers.push_back(std::move(maker));
}

#define PLL_PINS                                                                              \
  "PLLOUTCORE> PLLOUTGLOBAL> LOCK> RESETB BYPASS LATCHINPUTVALUE=0 EXTFEEDBACK=0 SDI=0 SDO> " \
  "SCLK=0 DYNAMICDELAY:8=0"
#define PLL_PARAMETERS                                                                      \
  "FEEDBACK_PATH=SIMPLE PLLOUT_SELECT=GENCLK DELAY_ADJUSTMENT_MODE_FEEDBACK=FIXED "         \
  "DELAY_ADJUSTMENT_MODE_RELATIVE=FIXED FDA_FEEDBACK=0 FDA_RELATIVE=0 SHIFTREG_DIV_MODE=0 " \
  "ENABLE_ICEGATE=0 TEST_MODE=0 EXTERNAL_DIVIDE_FACTOR=1 DIVR=0 DIVF=0 DIVQ=0 FILTER_RANGE=0"
#define RAM_PARAMETERS "READ_MODE=0 WRITE_MODE=0 INIT_#16=0 INIT_FILE="
#define RAM_PINS "RDATA:16> RCLKE=1 RE=0 RADDR:11 WCLKE=1 WE=0 WADDR:11 MASK:16=0 WDATA:16 "

constexpr CellModel kIce40Cells[] = {
    {"SB_LUT4", "O> I0=0 I1=0 I2=0 I3=0", "LUT_INIT=0", build_ice40_lut},
    {"SB_CARRY", "CO> I0 I1 CI", "", build_carry},
    {"$__ICE40_CARRY_WRAPPER", "CO> O> A B CI I0=0 I3=0", "LUT=0 I3_IS_CI=0", build_carry_wrapper},
    {"SB_GB", "USER_SIGNAL_TO_GLOBAL_BUFFER GLOBAL_BUFFER_OUTPUT>", "", build_ice40_buffer},
    {"SB_IO",
     "PACKAGE_PIN<> LATCH_INPUT_VALUE=0 CLOCK_ENABLE=1 INPUT_CLK=0 OUTPUT_CLK=0 OUTPUT_ENABLE=0 "
     "D_OUT_0=0 D_OUT_1=0 D_IN_0> D_IN_1>",
     "PIN_TYPE=0 PULLUP=0 NEG_TRIGGER=0 IO_STANDARD=SB_LVCMOS", build_ice40_io},
    {"SB_PLL40_CORE", "REFERENCECLK " PLL_PINS, PLL_PARAMETERS, build_ice40_pll},
    {"SB_PLL40_PAD", "PACKAGEPIN " PLL_PINS, PLL_PARAMETERS, build_ice40_pll},
    {"SB_DFF", "Q> C D", "", build_ice40_flip_flop},
    {"SB_DFFE", "Q> C D E=1", "", build_ice40_flip_flop},
    {"SB_DFFSR", "Q> C D R", "", build_ice40_flip_flop},
    {"SB_DFFSS", "Q> C D S", "", build_ice40_flip_flop},
    {"SB_DFFESR", "Q> C D E=1 R", "", build_ice40_flip_flop},
    {"SB_DFFESS", "Q> C D E=1 S", "", build_ice40_flip_flop},
    {"SB_DFFN", "Q> C D", "", build_ice40_flip_flop},
    {"SB_DFFNE", "Q> C D E=1", "", build_ice40_flip_flop},
    {"SB_DFFNSR", "Q> C D R", "", build_ice40_flip_flop},
    {"SB_DFFNSS", "Q> C D S", "", build_ice40_flip_flop},
    {"SB_DFFNESR", "Q> C D E=1 R", "", build_ice40_flip_flop},
    {"SB_DFFNESS", "Q> C D E=1 S", "", build_ice40_flip_flop},
    {"SB_RAM40_4K", RAM_PINS "RCLK WCLK", RAM_PARAMETERS, build_ice40_ram},
    {"SB_RAM40_4KNR", RAM_PINS "RCLKN WCLK", RAM_PARAMETERS, build_ice40_ram},
    {"SB_RAM40_4KNW", RAM_PINS "RCLK WCLKN", RAM_PARAMETERS, build_ice40_ram},
    {"SB_RAM40_4KNRNW", RAM_PINS "RCLKN WCLKN", RAM_PARAMETERS, build_ice40_ram},
    {"SB_MAC16",
     "CLK=0 CE=1 A:16=0 B:16=0 C:16=0 D:16=0 AHOLD=0 BHOLD=0 CHOLD=0 DHOLD=0 IRSTTOP=0 IRSTBOT=0 "
     "ORSTTOP=0 ORSTBOT=0 OLOADTOP=0 OLOADBOT=0 ADDSUBTOP=0 ADDSUBBOT=0 OHOLDTOP=0 OHOLDBOT=0 CI=0 "
     "ACCUMCI=0 SIGNEXTIN=0 O:32> CO> ACCUMCO> SIGNEXTOUT>",
     "NEG_TRIGGER=0 A_REG=0 B_REG=0 C_REG=0 D_REG=0 TOP_8x8_MULT_REG=0 BOT_8x8_MULT_REG=0 "
     "PIPELINE_16x16_MULT_REG1=0 PIPELINE_16x16_MULT_REG2=0 TOPOUTPUT_SELECT=0 "
     "TOPADDSUB_LOWERINPUT=0 TOPADDSUB_UPPERINPUT=0 TOPADDSUB_CARRYSELECT=0 BOTOUTPUT_SELECT=0 "
     "BOTADDSUB_LOWERINPUT=0 BOTADDSUB_UPPERINPUT=0 BOTADDSUB_CARRYSELECT=0 MODE_8x8=0 A_SIGNED=0 "
     "B_SIGNED=0",
     build_mac16},
};

}  // namespace

std::span<const CellModel> ice40_cells() { return kIce40Cells; }

}  // namespace assay::netlist
