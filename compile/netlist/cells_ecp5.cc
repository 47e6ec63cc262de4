// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/netlist/cells.h"
#include "compile/netlist/ecp5_pll.h"
#include "compile/netlist/ecp5_ram.h"
#include "compile/netlist/gates.h"
#include "compile/netlist/product.h"

namespace assay::netlist {
namespace {

void build_lut4(const Cell& cell) {
  cell.drive(cell.net("Z"), cell.number("INIT", 16),
             {cell.net("A"), cell.net("B"), cell.net("C"), cell.net("D")});
}

void build_lut2(const Cell& cell) {
  cell.drive(cell.net("Z"), cell.number("INIT", 4), {cell.net("A"), cell.net("B")});
}

void build_ecp5_inverter(const Cell& cell) { cell.drive(cell.net("Z"), kNot, {cell.net("A")}); }

void build_pfumx(const Cell& cell) {
  cell.drive(cell.net("Z"), kMux, {cell.net("BLUT"), cell.net("ALUT"), cell.net("C0")});
}

void build_l6mux(const Cell& cell) {
  cell.drive(cell.net("Z"), kMux, {cell.net("D0"), cell.net("D1"), cell.net("SD")});
}

/// A half: sum and carry of the table's value and the carry before it; injecting, the carry counts as 0
/// for the sum, and comes through where the value is 1.
void build_carry_half(const Cell& cell, char half, Net in, Net out) {
  const auto pin = [&](const char* name) { return cell.net(std::string(name) + half); };
  const std::uint64_t table = cell.number(std::string("INIT") + half, 16);
  const Net value = cell.netlist.lut(table, {pin("A"), pin("B"), pin("C"), pin("D")});
  const bool inject = cell.choice(std::string("INJECT1_") + half, {"NO", "YES"}) == 1;
  const Net generate = inject ? kZero : cell.netlist.lut(table & 0xf, {pin("A"), pin("B")});
  cell.drive(pin("S"), kXor, {value, inject ? kZero : in});
  cell.drive(out, kMux, {generate, in, value});
}

void build_ccu2c(const Cell& cell) {
  const Net middle = cell.netlist.new_net();
  build_carry_half(cell, '0', cell.net("CIN"), middle);
  build_carry_half(cell, '1', middle, cell.net("COUT"));
}

/// A pin through its multiplexer: "1", "0", "INV", or its own name.
Net muxed(const Cell& cell, std::string_view pin, std::string_view parameter) {
  const int choice = cell.choice(parameter, {"0", "1", "INV", pin});
  if (choice < 2) return choice == 1 ? kOne : kZero;
  if (!cell.connected(pin)) cell.refuse("its pin {} is used and not connected", pin);
  return choice == 2 ? not_of(cell.netlist, cell.net(pin)) : cell.net(pin);
}

/// It wakes up as REGSET says, since the global reset is released then.
void build_ecp5_flip_flop(const Cell& cell) {
  FlipFlop flip_flop{.name = cell.name, .q = cell.net("Q"), .d = cell.net("DI")};
  flip_flop.clock = cell.net("CLK");
  flip_flop.falling = cell.choice("CLKMUX", {"CLK", "INV"}) == 1;
  flip_flop.enable = muxed(cell, "CE", "CEMUX");
  flip_flop.reset = cell.connected("LSR") ? muxed(cell, "LSR", "LSRMUX") : kZero;
  flip_flop.reset_value = cell.choice("REGSET", {"RESET", "SET"}) == 1;
  flip_flop.initial = flip_flop.reset_value ? Initial::kOne : Initial::kZero;
  if (cell.choice("LSRMODE", {"LSR", "PRLD"}) == 1) cell.refuse("a preload has no model");
  if (cell.choice("SRMODE", {"LSR_OVER_CE", "ASYNC"}) == 1 && flip_flop.reset != kZero)
    cell.refuse("an asynchronous reset has no model");
  cell.netlist.flip_flops.push_back(std::move(flip_flop));
}

/// Written at the edge, read at once: four tables, each a memory of its own, as the device has them.
void build_lut_ram(const Cell& cell, Net clock, bool falling, Net enable, std::uint64_t contents) {
  for (std::size_t bit = 0; bit < 4; ++bit) {
    Memory memory;
    memory.name = cell.name;
    for (std::size_t i = 0; i < 16; ++i) memory.units.push_back(contents >> (4 * i + bit) & 1U);
    Memory::ReadPort read;
    read.address = cell.nets("RAD"), read.data = {cell.nets("DO")[bit]};
    read.registered = false;
    Memory::WritePort write;
    write.address = cell.nets("WAD"), write.data = {cell.nets("DI")[bit]};
    write.enables = {enable};
    write.clock = clock, write.falling = falling;
    memory.reads.push_back(std::move(read));
    memory.writes.push_back(std::move(write));
    cell.netlist.memories.push_back(std::move(memory));
  }
}

void build_trellis_ram(const Cell& cell) {
  build_lut_ram(cell, cell.net("WCK"), cell.choice("WCKMUX", {"WCK", "INV"}) == 1,
                muxed(cell, "WRE", "WREMUX"), cell.number("INITVAL", 64));
}

/// Its contents are a word, "0x0123", for the sake of older tools.
void build_dpr(const Cell& cell) {
  const std::string& text = cell.parameters.at("INITVAL");
  if (!text.starts_with("0x") || text.size() < 3 || text.size() > 18 ||
      text.find_first_not_of("0123456789abcdefABCDEF", 2) != std::string::npos)
    cell.refuse("its INITVAL '{}' is not 0x and up to 16 hexadecimal digits", text);
  build_lut_ram(cell, cell.net("WCK"), false, cell.net("WRE"), std::stoull(text, nullptr, 16));
}

std::string with_suffix(std::string_view name, char port) { return std::string(name) + port; }

void take_contents(const Cell& cell, Ecp5Ram& ram) {
  const std::vector<bool> bits = cell.contents("INITVAL_", 2, 64, 320);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (!bits[i]) continue;
    if (i % 20 >= 18) cell.refuse("its contents have a bit where a word of 18 in 20 has none");
    ram.words[i / 20] |= std::uint32_t{1} << i % 20;
  }
}

Ecp5Ram::Port ecp5_ram_port(const Cell& cell, char port) {
  const auto name = [&](std::string_view text) { return with_suffix(text, port); };
  Ecp5Ram::Port made;
  made.width = static_cast<int>(cell.number(name("DATA_WIDTH_"), 32));
  made.clock = cell.net(name("CLK"));
  made.falling = cell.choice(fmt::format("CLK{}MUX", port), {name("CLK"), "INV"}) == 1;
  made.enable = cell.net(name("CE"));
  made.write = cell.net(name("WE"));
  made.address = cell.numbered(name("AD"), 14);
  made.in = cell.numbered(name("DI"), 18);
  made.out = cell.numbered(name("DO"), 18);
  made.mode = static_cast<Ecp5Ram::WriteMode>(
      cell.choice(name("WRITEMODE_"), {"NORMAL", "WRITETHROUGH", "READBEFOREWRITE"}));
  if (cell.net(name("RST")) != kZero) cell.refuse("a reset of its data has no model");
  for (const Net select : cell.numbered(name("CS"), 3))
    if (select != kZero) cell.refuse("a chip select that is not 0 has no model");
  cell.choice(name("CSDECODE_"), {"0b000"});
  cell.choice(name("REGMODE_"), {"NOREG"});
  return made;
}

void build_dp16kd(const Cell& cell) {
  Ecp5Ram ram;
  ram.name = cell.name;
  take_contents(cell, ram);
  ram.a = ecp5_ram_port(cell, 'A'), ram.b = ecp5_ram_port(cell, 'B');
  const std::string trouble = add_ecp5_ram(cell.netlist, ram);
  if (!trouble.empty()) cell.refuse("{}", trouble);
}

/// A register of a multiplier; none where its clock is NONE.
std::vector<Net> registered(const Cell& cell, const std::string& stage,
                            const std::vector<Net>& in) {
  const std::string name = "REG_" + stage;
  const int clock = cell.choice(name + "_CLK", {"CLK0", "CLK1", "CLK2", "CLK3", "NONE"});
  const int enable = cell.choice(name + "_CE", {"CE0", "CE1", "CE2", "CE3"});
  const int reset = cell.choice(name + "_RST", {"RST0", "RST1", "RST2", "RST3"});
  if (clock == 4) return in;
  std::vector<Net> out;
  for (const Net d : in) {
    FlipFlop flip_flop{.name = cell.name, .q = cell.netlist.new_net(), .d = d};
    flip_flop.clock = cell.net(fmt::format("CLK{}", clock));
    flip_flop.enable = cell.net(fmt::format("CE{}", enable));
    flip_flop.initial = Initial::kZero;
    if (cell.net(fmt::format("RST{}", reset)) != kZero)
      cell.refuse("a reset of its registers has no model");
    out.push_back(flip_flop.q);
    cell.netlist.flip_flops.push_back(std::move(flip_flop));
  }
  return out;
}

/// A factor with its sign behind it.
std::vector<Net> factor(const Cell& cell, char port) {
  const Net is_signed = cell.net(with_suffix("SIGNED", port));
  if (cell.net(with_suffix("SOURCE", port)) != kZero)
    cell.refuse("a factor from the cell beside it has no model");
  if (is_signed > kOne) cell.refuse("a sign that is no constant has no model");
  std::vector<Net> nets =
      registered(cell, std::string("INPUT") + port, cell.numbered(std::string(1, port), 18));
  nets.push_back(is_signed == kOne ? nets.back() : kZero);
  return nets;
}

void build_multiplier(const Cell& cell) {
  for (const char* pin : {"ROA0", "ROB0", "ROC0", "SROA0", "SROB0", "SIGNEDP"})
    if (cell.connected(pin)) cell.refuse("its output {} has no model", pin);
  for (const Net net : cell.numbered("C", 18))
    if (net != kZero) cell.refuse("its input C has no model");
  std::vector<Net> product = product_of(cell.netlist, factor(cell, 'A'), factor(cell, 'B'), 36);
  product = registered(cell, "OUTPUT", registered(cell, "PIPELINE", product));
  for (std::size_t i = 0; i < product.size(); ++i)
    cell.drive(cell.net(fmt::format("P{}", i)), kBuffer, {product[i]});
}

/// What a parameter that is absent means is what nextpnr makes of it: other outputs than CLKOP would be on.
void build_ecp5_pll(const Cell& cell) {
  for (const std::string_view pin : ecp5_pll_idle_pins())
    if (cell.net(pin) != kZero) cell.refuse("there is no model of one whose {} is not 0", pin);
  for (const char* pin : {"ENCLKOS", "ENCLKOS2", "ENCLKOS3"})
    if (cell.net(pin) > kOne) cell.refuse("there is no model of one whose {} changes", pin);
  for (const char* pin : {"CLKOS", "CLKOS2", "CLKOS3", "INTLOCK", "REFCLK", "CLKINTFB"})
    if (cell.connected(pin)) cell.refuse("its output {} has no model", pin);
  if (cell.net("CLKFB") != cell.net("CLKOP"))
    cell.refuse("there is no model of other feedback than its output CLKOP at CLKFB");
  Ecp5Pll pll;
  for (const Ecp5PllWord& word : ecp5_pll_words())
    pll.words.emplace(word.name, cell.parameters.find(word.name)->second);
  const auto take = [&](std::string_view name) {
    pll.numbers.emplace(name, static_cast<int>(cell.number(name, 31)));
  };
  for (const Ecp5PllNumber& number : ecp5_pll_numbers()) take(number.name);
  for (const std::string_view name : ecp5_pll_choices()) take(name);
  pll.reference = cell.net("CLKI"), pll.clock = cell.net("CLKOP"), pll.lock = cell.net("LOCK");
  const std::string trouble = add_ecp5_pll(cell.netlist, pll);
  if (!trouble.empty()) cell.refuse("{}", trouble);
}

/// A pin that is only an input or only an output.
void build_ecp5_io(const Cell& cell) {
  const int direction = cell.choice("DIR", {"INPUT", "OUTPUT"});
  if (direction == 1 && cell.net("T") != kZero)
    cell.refuse("an output that is let go has no model");
  if (direction == 0)
    cell.drive(cell.net("O"), kBuffer, {cell.net("B")});
  else
    cell.drive(cell.net("B"), kBuffer, {cell.net("I")});
}

constexpr CellModel kEcp5Cells[] = {
    {"LUT4", "A B C D Z>", "INIT=0", build_lut4},
    {"LUT2", "A B Z>", "INIT=0", build_lut2},
    {"INV", "A Z>", "", build_ecp5_inverter},
    {"PFUMX", "ALUT BLUT C0 Z>", "", build_pfumx},
    {"L6MUX21", "D0 D1 SD Z>", "", build_l6mux},
    {"CCU2C", "CIN A0 B0 C0 D0 A1 B1 C1 D1 S0> S1> COUT>",
     "INIT0=0 INIT1=0 INJECT1_0=YES INJECT1_1=YES", build_ccu2c},
    {"TRELLIS_FF", "CLK LSR=0 CE=1 DI M=0 Q>",
     "GSR=ENABLED CEMUX=1 CLKMUX=CLK LSRMUX=LSR SRMODE=LSR_OVER_CE REGSET=RESET LSRMODE=LSR",
     build_ecp5_flip_flop},
    {"TRELLIS_DPR16X4", "DI:4 WAD:4 WRE=0 WCK RAD:4 DO:4>", "WCKMUX=WCK WREMUX=WRE INITVAL=0",
     build_trellis_ram},
    {"DPR16X4C", "DI:4 WAD:4 WRE WCK RAD:4 DO:4>", "INITVAL=0x0000000000000000", build_dpr},
    {"DP16KD",
     "CLKA WEA=0 CEA=0 OCEA=0 RSTA=0 CSA#3=0 ADA#14=0 DIA#18=0 DOA#18> "
     "CLKB=0 WEB=0 CEB=0 OCEB=0 RSTB=0 CSB#3=0 ADB#14=0 DIB#18=0 DOB#18>",
     "DATA_WIDTH_A=10010 DATA_WIDTH_B=10010 REGMODE_A=NOREG REGMODE_B=NOREG RESETMODE=SYNC "
     "ASYNC_RESET_RELEASE=SYNC CSDECODE_A=0b000 CSDECODE_B=0b000 WRITEMODE_A=NORMAL "
     "WRITEMODE_B=NORMAL CLKAMUX=CLKA CLKBMUX=CLKB GSR=ENABLED INITVAL_##64=0",
     build_dp16kd},
    {"MULT18X18D",
     "A#18 B#18 C#18=0 SIGNEDA=0 SIGNEDB=0 SOURCEA=0 SOURCEB=0 CLK#4=0 CE#4=1 RST#4=0 SRIA#18=0 "
     "SRIB#18=0 SROA#18> SROB#18> ROA#18> ROB#18> ROC#18> P#36> SIGNEDP>",
     "REG_INPUTA_CLK=NONE REG_INPUTA_CE=CE0 REG_INPUTA_RST=RST0 REG_INPUTB_CLK=NONE "
     "REG_INPUTB_CE=CE0 REG_INPUTB_RST=RST0 REG_PIPELINE_CLK=NONE REG_PIPELINE_CE=CE0 "
     "REG_PIPELINE_RST=RST0 REG_OUTPUT_CLK=NONE REG_OUTPUT_CE=CE0 REG_OUTPUT_RST=RST0 GSR=ENABLED",
     build_multiplier},
    {"EHXPLLL",
     "CLKI CLKFB CLKOP> CLKOS> CLKOS2> CLKOS3> LOCK> INTLOCK> REFCLK> CLKINTFB> RST STDBY "
     "PHASESEL0 "
     "PHASESEL1 PHASEDIR PHASESTEP PHASELOADREG PLLWAKESYNC ENCLKOP ENCLKOS=0 ENCLKOS2=0 "
     "ENCLKOS3=0",
     "CLKI_DIV=1 CLKFB_DIV=1 CLKOP_DIV=1000 CLKOS_DIV=1000 CLKOS2_DIV=1000 CLKOS3_DIV=1000 "
     "CLKOP_ENABLE=ENABLED CLKOS_ENABLE=ENABLED CLKOS2_ENABLE=ENABLED CLKOS3_ENABLE=ENABLED "
     "CLKOP_CPHASE=0 CLKOS_CPHASE=0 CLKOS2_CPHASE=0 CLKOS3_CPHASE=0 CLKOP_FPHASE=0 CLKOS_FPHASE=0 "
     "CLKOS2_FPHASE=0 CLKOS3_FPHASE=0 FEEDBK_PATH=CLKOP CLKOP_TRIM_POL=RISING CLKOP_TRIM_DELAY=0 "
     "CLKOS_TRIM_POL=RISING CLKOS_TRIM_DELAY=0 OUTDIVIDER_MUXA=DIVA OUTDIVIDER_MUXB=DIVB "
     "OUTDIVIDER_MUXC=DIVC OUTDIVIDER_MUXD=DIVD PLL_LOCK_MODE=0 STDBY_ENABLE=DISABLED "
     "REFIN_RESET=DISABLED SYNC_ENABLE=DISABLED INT_LOCK_STICKY=ENABLED DPHASE_SOURCE=DISABLED "
     "PLLRST_ENA=DISABLED INTFB_WAKE=DISABLED @ICP_CURRENT=0 @LPF_RESISTOR=0",
     build_ecp5_pll},
    {"TRELLIS_IO", "B<> I=0 T=0 O>", "DIR=INPUT", build_ecp5_io},
};

}  // namespace

std::span<const CellModel> ecp5_cells() { return kEcp5Cells; }

}  // namespace assay::netlist
