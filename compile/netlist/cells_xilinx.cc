// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compile/netlist/cells.h"
#include "compile/netlist/gates.h"
#include "compile/netlist/xilinx_dsp.h"
#include "compile/netlist/xilinx_ram.h"

namespace assay::netlist {
namespace {

/// LUT1 to LUT6.
void build_xilinx_lut(const Cell& cell) {
  const int size = cell.type[3] - '0';
  cell.drive(cell.net("O"), cell.number("INIT", 1 << size), {});
  Lut& lut = cell.netlist.luts.back();
  for (; lut.size < size; ++lut.size)
    lut.inputs[static_cast<std::size_t>(lut.size)] = cell.net(fmt::format("I{}", lut.size));
}

/// LUT6_2: beside a table of six inputs its lower half, of the first five.
void build_lut_pair(const Cell& cell) {
  const std::uint64_t table = cell.number("INIT", 64);
  const std::vector<Net> inputs = cell.numbered("I", 6);
  for (const auto& [pin, size] : {std::pair{"O6", 6}, {"O5", 5}}) {
    cell.drive(cell.net(pin), size == 6 ? table : table & 0xffffffffU, {});
    Lut& lut = cell.netlist.luts.back();
    for (; lut.size < size; ++lut.size)
      lut.inputs[static_cast<std::size_t>(lut.size)] = inputs[static_cast<std::size_t>(lut.size)];
  }
}

void build_xilinx_inverter(const Cell& cell) { cell.drive(cell.net("O"), kNot, {cell.net("I")}); }
void build_xilinx_buffer(const Cell& cell) { cell.drive(cell.net("O"), kBuffer, {cell.net("I")}); }
void build_vcc(const Cell& cell) { cell.drive(cell.net("P"), 1, {}); }
void build_gnd(const Cell& cell) { cell.drive(cell.net("G"), 0, {}); }

void build_xilinx_mux(const Cell& cell) {
  cell.drive(cell.net("O"), kMux, {cell.net("I0"), cell.net("I1"), cell.net("S")});
}

void build_carry4(const Cell& cell) {
  Net carry = or_of(cell.netlist, cell.net("CI"), cell.net("CYINIT"));
  for (std::size_t i = 0; i < 4; ++i) {
    const Net select = cell.nets("S")[i], out = cell.nets("CO")[i];
    cell.drive(cell.nets("O")[i], kXor, {select, carry});
    cell.drive(out, kMux, {cell.nets("DI")[i], carry, select});
    carry = out;
  }
}

/// CARRY8: eight places of a chain, or twice four.
void build_carry8(const Cell& cell) {
  const bool halves = cell.choice("CARRY_TYPE", {"SINGLE_CY8", "DUAL_CY4"}) == 1;
  Net carry = cell.net("CI");
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == 4 && halves) carry = cell.net("CI_TOP");
    const Net select = cell.nets("S")[i], out = cell.nets("CO")[i];
    cell.drive(cell.nets("O")[i], kXor, {select, carry});
    cell.drive(out, kMux, {cell.nets("DI")[i], carry, select});
    carry = out;
  }
}

/// A pin that a parameter may invert.
Net xilinx_inverted(const Cell& cell, std::string_view pin) {
  return cell.flag(fmt::format("IS_{}_INVERTED", pin)) ? not_of(cell.netlist, cell.net(pin))
                                                       : cell.net(pin);
}

/// FDRE and FDSE: a reset or set that does not wait for the enable; they wake up as INIT says.
void build_xilinx_flip_flop(const Cell& cell) {
  FlipFlop flip_flop{.name = cell.name, .q = cell.net("Q"), .d = xilinx_inverted(cell, "D")};
  flip_flop.clock = cell.net("C");
  flip_flop.falling = cell.flag("IS_C_INVERTED");
  flip_flop.enable = cell.net("CE");
  flip_flop.reset_value = cell.type == "FDSE";
  flip_flop.reset = xilinx_inverted(cell, flip_flop.reset_value ? "S" : "R");
  flip_flop.initial = cell.flag("INIT") ? Initial::kOne : Initial::kZero;
  cell.netlist.flip_flops.push_back(std::move(flip_flop));
}

/// FDCE and FDPE: a clear or preset that does not wait for the clock, which is modelled where it is never active.
void build_asynchronous(const Cell& cell) {
  const std::string pin = cell.type == "FDPE" ? "PRE" : "CLR";
  if (xilinx_inverted(cell, pin) != kZero)
    cell.refuse("an asynchronous {} has no model but where it is a constant that is never active",
                pin);
  FlipFlop flip_flop{.name = cell.name, .q = cell.net("Q"), .d = xilinx_inverted(cell, "D")};
  flip_flop.clock = cell.net("C");
  flip_flop.falling = cell.flag("IS_C_INVERTED");
  flip_flop.enable = cell.net("CE");
  flip_flop.initial = cell.flag("INIT") ? Initial::kOne : Initial::kZero;
  cell.netlist.flip_flops.push_back(std::move(flip_flop));
}

/// BUFGCE: a buffer of a clock that never stands still.
void build_gated_buffer(const Cell& cell) {
  if (xilinx_inverted(cell, "CE") != kOne) cell.refuse("a clock that its CE can stop has no model");
  if (cell.flag("IS_I_INVERTED")) cell.refuse("a clock that it inverts has no model");
  build_xilinx_buffer(cell);
}

/// The bits of a shift register, the newest first.
std::vector<Net> shift(const Cell& cell, int length) {
  const std::vector<bool> init = cell.bits("INIT", length);
  std::vector<Net> bits;
  for (int i = 0; i < length; ++i) {
    FlipFlop flip_flop{.name = cell.name, .q = cell.netlist.new_net()};
    flip_flop.d = i == 0 ? cell.net("D") : bits.back();
    flip_flop.clock = cell.net("CLK");
    flip_flop.falling = cell.flag("IS_CLK_INVERTED");
    flip_flop.enable = cell.net("CE");
    flip_flop.initial = init[static_cast<std::size_t>(i)] ? Initial::kOne : Initial::kZero;
    bits.push_back(flip_flop.q);
    cell.netlist.flip_flops.push_back(std::move(flip_flop));
  }
  return bits;
}

Net selected(const Cell& cell, std::vector<Net> bits, const std::vector<Net>& address) {
  for (const Net select : address) {
    std::vector<Net> half;
    for (std::size_t i = 0; i < bits.size(); i += 2)
      half.push_back(mux_of(cell.netlist, select, bits[i], bits[i + 1]));
    bits = std::move(half);
  }
  return bits[0];
}

void build_srl16(const Cell& cell) {
  const Net bit = selected(cell, shift(cell, 16), cell.numbered("A", 4));
  cell.drive(cell.net("Q"), kBuffer, {bit});
}

void build_srl32(const Cell& cell) {
  const std::vector<Net> bits = shift(cell, 32);
  cell.drive(cell.net("Q31"), kBuffer, {bits.back()});
  cell.drive(cell.net("Q"), kBuffer, {selected(cell, bits, cell.nets("A"))});
}

std::vector<std::uint64_t> xilinx_units_of(const std::vector<bool>& bits, std::size_t unit_bits) {
  std::vector<std::uint64_t> units(bits.size() / unit_bits);
  for (std::size_t i = 0; i < bits.size(); ++i)
    units[i / unit_bits] |= std::uint64_t{bits[i]} << i % unit_bits;
  return units;
}

Memory lut_ram(const Cell& cell, const std::string& init, int unit_bits, int bits) {
  Memory memory;
  memory.name = cell.name;
  memory.unit_bits = unit_bits;
  memory.units = xilinx_units_of(cell.bits(init, bits), static_cast<std::size_t>(unit_bits));
  return memory;
}

void add_lut_port(Memory& memory, const std::vector<Net>& address, const std::vector<Net>& data) {
  Memory::ReadPort read;
  read.address = address, read.data = data, read.registered = false;
  memory.reads.push_back(std::move(read));
}

void add_lut_write(const Cell& cell, Memory& memory, const std::vector<Net>& address,
                   const std::vector<Net>& data) {
  Memory::WritePort write;
  write.address = address, write.data = data;
  write.enables.assign(data.size(), cell.net("WE"));
  write.clock = cell.net("WCLK");
  write.falling = cell.flag("IS_WCLK_INVERTED");
  memory.writes.push_back(std::move(write));
}

/// RAM32M and RAM64M, four memories, RAM32M16 and RAM64M8, eight: written at the last one's address and each read at
/// its own.
void build_many_rams(const Cell& cell) {
  const int width = cell.type.starts_with("RAM32") ? 2 : 1;
  const std::string_view letters = cell.type.ends_with("M") ? "ABCD" : "ABCDEFGH";
  for (const char letter : letters) {
    const auto name = [&](const char* text) { return std::string(text) + letter; };
    Memory memory = lut_ram(cell, name("INIT_"), width, 64);
    memory.name += std::string(".") + letter;
    add_lut_port(memory, cell.nets(name("ADDR")), cell.nets(name("DO")));
    add_lut_write(cell, memory, cell.nets(std::string("ADDR") + letters.back()),
                  cell.nets(name("DI")));
    cell.netlist.memories.push_back(std::move(memory));
  }
}

/// RAM16X1D to RAM256X1D: read where it is written, and at another address.
void build_dual_ram(const Cell& cell) {
  const int words = std::stoi(cell.type.substr(3));
  int bits = 0;
  while (1 << bits < words) ++bits;
  const bool wide = words > 64;
  const std::vector<Net> a = wide ? cell.nets("A") : cell.numbered("A", bits);
  Memory memory = lut_ram(cell, "INIT", 1, words);
  add_lut_port(memory, a, {cell.net("SPO")});
  add_lut_port(memory, wide ? cell.nets("DPRA") : cell.numbered("DPRA", bits), {cell.net("DPO")});
  add_lut_write(cell, memory, a, {cell.net("D")});
  cell.netlist.memories.push_back(std::move(memory));
}

void build_single_ram(const Cell& cell) {
  const int words = std::stoi(cell.type.substr(3));
  const std::vector<Net> a = cell.numbered("A", words == 32 ? 5 : 6);
  Memory memory = lut_ram(cell, "INIT", 1, words);
  add_lut_port(memory, a, {cell.net("O")});
  add_lut_write(cell, memory, a, {cell.net("D")});
  cell.netlist.memories.push_back(std::move(memory));
}

/// Data pins as the memory has them: every eighth bit is followed by its parity.
std::vector<Net> with_parity(const Cell& cell, const std::string& data, const std::string& parity) {
  std::vector<Net> nets;
  const std::vector<Net>&bits = cell.nets(data), &ninth = cell.nets(parity);
  for (std::size_t i = 0; i < ninth.size(); ++i) {
    nets.insert(nets.end(), bits.begin() + static_cast<std::ptrdiff_t>(8 * i),
                bits.begin() + static_cast<std::ptrdiff_t>(8 * i + 8));
    nets.push_back(ninth[i]);
  }
  return nets;
}

std::vector<Net> address_pins(const Cell& cell, std::string_view pin, bool large) {
  std::vector<Net> nets = cell.nets(pin);
  nets.resize(large ? 15 : 14);  // the topmost of a large one is for cascades
  return nets;
}

/// The pins of a port that the generations call alike.
struct RamPins {
  const char *letter, *clock, *enable, *address, *reset, *writes, *register_enable, *register_reset;
};
constexpr RamPins kRamA{"A",   "CLKARDCLK",   "ENARDEN",      "ADDRARDADDR", "RSTRAMARSTRAM",
                        "WEA", "REGCEAREGCE", "RSTREGARSTREG"};
constexpr RamPins kRamB{"B",       "CLKBWRCLK", "ENBWREN", "ADDRBWRADDR",
                        "RSTRAMB", "WEBWE",     "REGCEB",  "RSTREGB"};

/// DOA_REG, DOB_REG: registers between what a port reads and its pins, which become what the port drives.
void add_data_registers(const Cell& cell, const RamPins& pins, bool simple, XilinxRam::Port& port) {
  const std::string letter = pins.letter;
  if (simple) cell.refuse("a register behind its data has no model in mode SDP");
  if (cell.number("SRVAL_" + letter, 36) != 0)
    cell.refuse("a register behind its data has no model that is reset to another value than 0");
  const Net enable = cell.net(pins.register_enable);
  Net reset = xilinx_inverted(cell, pins.register_reset);
  if (cell.choice("RSTREG_PRIORITY_" + letter, {"RSTREG", "REGCE"}) == 1)
    reset = and_of(cell.netlist, reset, enable);
  for (Net& net : port.out) {
    FlipFlop flip_flop{.name = cell.name, .q = net, .d = cell.netlist.new_net()};
    flip_flop.clock = port.clock;
    flip_flop.falling = port.falling;
    flip_flop.enable = enable;
    flip_flop.reset = reset;
    flip_flop.initial = Initial::kZero;
    net = flip_flop.d;
    cell.netlist.flip_flops.push_back(std::move(flip_flop));
  }
}

bool is_ultrascale_ram(const Cell& cell) { return cell.type.ends_with("E2"); }

/// Whether port A reads and B writes with the data pins of both, which UltraScale says by a width.
bool is_simple_dual_port(const Cell& cell, bool large) {
  if (!is_ultrascale_ram(cell)) return cell.choice("RAM_MODE", {"TDP", "SDP"}) == 1;
  const std::uint64_t both = large ? 72 : 36;
  return cell.number("READ_WIDTH_A", 32) == both || cell.number("WRITE_WIDTH_B", 32) == both;
}

XilinxRam::Port xilinx_ram_port(const Cell& cell, const RamPins& pins, const XilinxRam& ram) {
  XilinxRam::Port port;
  const auto name = [&](const char* text) { return std::string(text) + pins.letter; };
  port.read_width = static_cast<int>(cell.number(name("READ_WIDTH_"), 32));
  port.write_width = static_cast<int>(cell.number(name("WRITE_WIDTH_"), 32));
  port.clock = cell.net(pins.clock);
  port.falling = cell.flag(fmt::format("IS_{}_INVERTED", pins.clock));
  port.enable = xilinx_inverted(cell, pins.enable);
  port.address = address_pins(cell, pins.address, ram.large);
  port.writes = cell.nets(pins.writes);
  port.mode = static_cast<XilinxRam::WriteMode>(
      cell.choice(name("WRITE_MODE_"), {"WRITE_FIRST", "READ_FIRST", "NO_CHANGE"}));
  if (port.read_width != 0 && xilinx_inverted(cell, pins.reset) != kZero)
    cell.refuse("a reset of its data has no model");
  // "DIADI" and "DOPBDOP", on UltraScale "DINADIN" and "DOUTPBDOUTP".
  const auto around = [&](const std::string& text) { return text + pins.letter + text; };
  const std::string in = is_ultrascale_ram(cell) ? "DIN" : "DI",
                    out = is_ultrascale_ram(cell) ? "DOUT" : "DO";
  port.in = with_parity(cell, around(in), around(in + "P"));
  port.out = with_parity(cell, around(out), around(out + "P"));
  if (port.read_width != 0 && cell.flag(fmt::format("DO{}_REG", pins.letter)))
    add_data_registers(cell, pins, ram.simple, port);
  return port;
}

/// Cascades, sleep, addresses that are held and errors that are corrected: what UltraScale has besides. Multiplexers
/// of cascades that are never set pass the RAM's own data on, whatever the enables of their registers are.
void refuse_ultrascale_extras(const Cell& cell) {
  for (const char letter : {'A', 'B'}) {
    const auto name = [&](const char* text) { return std::string(text) + letter; };
    cell.choice(name("CASCADE_ORDER_"), {"NONE"});
    for (const char* feature : {"ENADDREN", "RDADDRCHANGE"}) cell.choice(name(feature), {"FALSE"});
    for (const char* select : {"CASDIMUX", "CASDOMUX", "CASOREGIMUX"})
      if (cell.net(name(select)) != kZero)
        cell.refuse("a cascade ({} is not 0) has no model", name(select));
    for (const char* out : {"CASDOUT", "CASDOUTP"})
      if (cell.connected(name(out))) cell.refuse("its output {} has no model", name(out));
  }
  cell.choice("CLOCK_DOMAINS", {"INDEPENDENT", "COMMON"});
  cell.choice("SLEEP_ASYNC", {"FALSE"});
  if (cell.net("SLEEP") != kZero) cell.refuse("sleep (SLEEP is not 0) has no model");
}

void build_block_ram(const Cell& cell) {
  const bool large = cell.type.starts_with("RAMB36"), ultrascale = is_ultrascale_ram(cell);
  XilinxRam ram;
  ram.name = cell.name;
  ram.large = large;
  ram.simple = is_simple_dual_port(cell, large);
  ram.data = cell.contents("INIT_", 2, large ? 128 : 64, 256);
  ram.parity = cell.contents("INITP_", 2, large ? 16 : 8, 256);
  ram.a = xilinx_ram_port(cell, kRamA, ram), ram.b = xilinx_ram_port(cell, kRamB, ram);
  for (const char* start : {"INIT_A", "INIT_B"})
    if (cell.number(start, 36) != 0) cell.refuse("data that start as {} have no model", start);
  cell.choice("INIT_FILE", {"NONE"});
  if (ultrascale) refuse_ultrascale_extras(cell);
  if (large) {
    for (const char* end : {"EN_ECC_READ", "EN_ECC_WRITE"}) cell.choice(end, {"FALSE"});
    if (ultrascale) cell.choice("EN_ECC_PIPE", {"FALSE"});
    for (const char* out :
         {"DBITERR", "SBITERR", "ECCPARITY", "RDADDRECC", "CASOUTDBITERR", "CASOUTSBITERR"})
      if (ultrascale && cell.connected(out)) cell.refuse("its output {} has no model", out);
    for (const char* end : {"RAM_EXTENSION_A", "RAM_EXTENSION_B"})
      if (!ultrascale) cell.choice(end, {"NONE"});
  }
  const std::string trouble = add_xilinx_ram(cell.netlist, ram);
  if (!trouble.empty()) cell.refuse("{}", trouble);
}

#define INVERT(pin) "IS_" pin "_INVERTED=0 "
#define RAM_COMMON                                                                                 \
  "READ_WIDTH_A=0 READ_WIDTH_B=0 RSTREG_PRIORITY_A=RSTREG RSTREG_PRIORITY_B=RSTREG "               \
  "SIM_COLLISION_CHECK=ALL SRVAL_A=0 SRVAL_B=0 WRITE_WIDTH_A=0 WRITE_WIDTH_B=0 INIT_FILE=NONE "    \
  "INIT_A=0 INIT_B=0 " INVERT("CLKARDCLK") INVERT("CLKBWRCLK") INVERT("ENARDEN") INVERT("ENBWREN") \
      INVERT("RSTRAMARSTRAM") INVERT("RSTRAMB") INVERT("RSTREGARSTREG") INVERT("RSTREGB")
#define RAM_SERIES_7                                                          \
  RAM_COMMON                                                                  \
  "DOA_REG=0 DOB_REG=0 RAM_MODE=TDP RDADDR_COLLISION_HWCONFIG=DELAYED_WRITE " \
  "SIM_DEVICE=VIRTEX6 WRITE_MODE_A=WRITE_FIRST WRITE_MODE_B=WRITE_FIRST "
#define RAM_ULTRASCALE                                                                       \
  RAM_COMMON                                                                                 \
  "CASCADE_ORDER_A=NONE CASCADE_ORDER_B=NONE CLOCK_DOMAINS=INDEPENDENT DOA_REG=1 DOB_REG=1 " \
  "ENADDRENA=FALSE ENADDRENB=FALSE RDADDRCHANGEA=FALSE RDADDRCHANGEB=FALSE "                 \
  "SLEEP_ASYNC=FALSE WRITE_MODE_A=NO_CHANGE WRITE_MODE_B=NO_CHANGE "
#define RAM_CONTROLS                                                                              \
  "CLKARDCLK=0 CLKBWRCLK=0 ENARDEN=0 ENBWREN=0 REGCEAREGCE=0 REGCEB=0 RSTRAMARSTRAM=0 RSTRAMB=0 " \
  "RSTREGARSTREG=0 RSTREGB=0 "
#define RAM_CASCADES                                                                    \
  "ADDRENA=0 ADDRENB=0 CASDIMUXA=0 CASDIMUXB=0 CASDOMUXA=0 CASDOMUXB=0 CASDOMUXEN_A=0 " \
  "CASDOMUXEN_B=0 CASOREGIMUXA=0 CASOREGIMUXB=0 CASOREGIMUXEN_A=0 CASOREGIMUXEN_B=0 SLEEP=0 "

#define EIGHT_CONTENTS "INIT_A=0 INIT_B=0 INIT_C=0 INIT_D=0 INIT_E=0 INIT_F=0 INIT_G=0 INIT_H=0 "

constexpr CellModel kXilinxCells[] = {
    {"VCC", "P>", "", build_vcc},
    {"GND", "G>", "", build_gnd},
    {"INV", "I O>", "", build_xilinx_inverter},
    {"BUF", "I O>", "", build_xilinx_buffer},
    {"BUFG", "I O>", "", build_xilinx_buffer},
    {"BUFGCE", "I CE=1 O>",
     "CE_TYPE=SYNC SIM_DEVICE=ULTRASCALE STARTUP_SYNC=FALSE " INVERT("CE") INVERT("I"),
     build_gated_buffer},
    {"IBUF", "I O>",
     "CCIO_EN=TRUE CAPACITANCE=DONT_CARE IBUF_DELAY_VALUE=0 IBUF_LOW_PWR=TRUE "
     "IFD_DELAY_VALUE=AUTO IOSTANDARD=DEFAULT",
     build_xilinx_buffer},
    {"OBUF", "I O>", "CAPACITANCE=DONT_CARE IOSTANDARD=DEFAULT DRIVE=1100 SLEW=SLOW",
     build_xilinx_buffer},
    {"LUT1", "I0 O>", "INIT=0", build_xilinx_lut},
    {"LUT2", "I0 I1 O>", "INIT=0", build_xilinx_lut},
    {"LUT3", "I0 I1 I2 O>", "INIT=0", build_xilinx_lut},
    {"LUT4", "I0 I1 I2 I3 O>", "INIT=0", build_xilinx_lut},
    {"LUT5", "I0 I1 I2 I3 I4 O>", "INIT=0", build_xilinx_lut},
    {"LUT6", "I0 I1 I2 I3 I4 I5 O>", "INIT=0", build_xilinx_lut},
    {"LUT6_2", "I0 I1 I2 I3 I4 I5 O5> O6>", "INIT=0", build_lut_pair},
    {"MUXF7", "I0 I1 S O>", "", build_xilinx_mux},
    {"MUXF8", "I0 I1 S O>", "", build_xilinx_mux},
    {"MUXF9", "I0 I1 S O>", "", build_xilinx_mux},
    {"CARRY8", "CO:8> O:8> CI=0 CI_TOP=0 DI:8 S:8", "CARRY_TYPE=SINGLE_CY8", build_carry8},
    {"CARRY4", "CO:4> O:4> CI CYINIT DI:4 S:4", "", build_carry4},
    {"FDRE", "Q> C CE D R", "INIT=0 " INVERT("C") INVERT("D") INVERT("R"), build_xilinx_flip_flop},
    {"FDSE", "Q> C CE D S", "INIT=1 " INVERT("C") INVERT("D") INVERT("S"), build_xilinx_flip_flop},
    {"FDCE", "Q> C CE CLR D", "INIT=0 " INVERT("C") INVERT("D") INVERT("CLR"), build_asynchronous},
    {"FDPE", "Q> C CE D PRE", "INIT=1 " INVERT("C") INVERT("D") INVERT("PRE"), build_asynchronous},
    {"SRL16E", "Q> A#4 CE CLK D", "INIT=0 " INVERT("CLK"), build_srl16},
    {"SRLC32E", "Q> Q31> A:5 CE CLK D", "INIT=0 " INVERT("CLK"), build_srl32},
    {"RAM32M",
     "DOA:2> DOB:2> DOC:2> DOD:2> ADDRA:5=0 ADDRB:5=0 ADDRC:5=0 ADDRD:5 DIA:2=0 DIB:2=0 DIC:2=0 "
     "DID:2=0 WCLK WE",
     "INIT_A=0 INIT_B=0 INIT_C=0 INIT_D=0 " INVERT("WCLK"), build_many_rams},
    {"RAM64M",
     "DOA> DOB> DOC> DOD> ADDRA:6=0 ADDRB:6=0 ADDRC:6=0 ADDRD:6 DIA=0 DIB=0 DIC=0 DID=0 WCLK WE",
     "INIT_A=0 INIT_B=0 INIT_C=0 INIT_D=0 " INVERT("WCLK"), build_many_rams},
    {"RAM32M16",
     "DOA:2> DOB:2> DOC:2> DOD:2> DOE:2> DOF:2> DOG:2> DOH:2> ADDRA:5=0 ADDRB:5=0 ADDRC:5=0 "
     "ADDRD:5=0 ADDRE:5=0 ADDRF:5=0 ADDRG:5=0 ADDRH:5 DIA:2=0 DIB:2=0 DIC:2=0 DID:2=0 DIE:2=0 "
     "DIF:2=0 DIG:2=0 DIH:2=0 WCLK WE",
     EIGHT_CONTENTS INVERT("WCLK"), build_many_rams},
    {"RAM64M8",
     "DOA> DOB> DOC> DOD> DOE> DOF> DOG> DOH> ADDRA:6=0 ADDRB:6=0 ADDRC:6=0 ADDRD:6=0 ADDRE:6=0 "
     "ADDRF:6=0 ADDRG:6=0 ADDRH:6 DIA=0 DIB=0 DIC=0 DID=0 DIE=0 DIF=0 DIG=0 DIH=0 WCLK WE",
     EIGHT_CONTENTS INVERT("WCLK"), build_many_rams},
    {"RAM16X1D", "DPO> SPO> D WCLK WE A#4 DPRA#4", "INIT=0 " INVERT("WCLK"), build_dual_ram},
    {"RAM32X1D", "DPO> SPO> D WCLK WE A#5 DPRA#5", "INIT=0 " INVERT("WCLK"), build_dual_ram},
    {"RAM64X1D", "DPO> SPO> D WCLK WE A#6 DPRA#6", "INIT=0 " INVERT("WCLK"), build_dual_ram},
    {"RAM128X1D", "DPO> SPO> D WCLK WE A:7 DPRA:7", "INIT=0 " INVERT("WCLK"), build_dual_ram},
    {"RAM256X1D", "DPO> SPO> D WCLK WE A:8 DPRA:8", "INIT=0 " INVERT("WCLK"), build_dual_ram},
    {"RAM32X1S", "O> D WCLK WE A#5", "INIT=0 " INVERT("WCLK"), build_single_ram},
    {"RAM64X1S", "O> D WCLK WE A#6", "INIT=0 " INVERT("WCLK"), build_single_ram},
    // Yosys connects as many bits as the largest has to the data pins of all, and 17 to addresses of 16.
    {"RAMB18E1",
     RAM_CONTROLS
     "ADDRARDADDR:14=0 ADDRBWRADDR:14=0 DIADI:16+=0 DIBDI:16+=0 DIPADIP:2+=0 DIPBDIP:2+=0 "
     "WEA:2+=0 WEBWE:4+=0 DOADO:16+> DOBDO:16+> DOPADOP:2+> DOPBDOP:2+>",
     RAM_SERIES_7 "INIT_##64=0 INITP_##8=0", build_block_ram},
    {"RAMB36E1",
     RAM_CONTROLS
     "CASCADEINA=0 CASCADEINB=0 INJECTDBITERR=0 INJECTSBITERR=0 CASCADEOUTA> CASCADEOUTB> DBITERR> "
     "SBITERR> ECCPARITY:8> RDADDRECC:9> ADDRARDADDR:16+=0 ADDRBWRADDR:16+=0 DIADI:32+=0 "
     "DIBDI:32+=0 "
     "DIPADIP:4+=0 DIPBDIP:4+=0 WEA:4+=0 WEBWE:8+=0 DOADO:32+> DOBDO:32+> DOPADOP:4+> DOPBDOP:4+>",
     RAM_SERIES_7 "EN_ECC_READ=FALSE EN_ECC_WRITE=FALSE RAM_EXTENSION_A=NONE RAM_EXTENSION_B=NONE "
                  "INIT_##128=0 INITP_##16=0",
     build_block_ram},
    {"RAMB18E2",
     RAM_CONTROLS RAM_CASCADES
     "CASDINA:16=0 CASDINB:16=0 CASDINPA:2=0 CASDINPB:2=0 CASDOUTA:16> CASDOUTB:16> CASDOUTPA:2> "
     "CASDOUTPB:2> ADDRARDADDR:14+=0 ADDRBWRADDR:14+=0 DINADIN:16+=0 DINBDIN:16+=0 DINPADINP:2+=0 "
     "DINPBDINP:2+=0 WEA:2+=0 WEBWE:4+=0 DOUTADOUT:16+> DOUTBDOUT:16+> DOUTPADOUTP:2+> "
     "DOUTPBDOUTP:2+>",
     RAM_ULTRASCALE "INIT_##64=0 INITP_##8=0", build_block_ram},
    {"RAMB36E2",
     RAM_CONTROLS RAM_CASCADES
     "CASDINA:32=0 CASDINB:32=0 CASDINPA:4=0 CASDINPB:4=0 CASDOUTA:32> CASDOUTB:32> CASDOUTPA:4> "
     "CASDOUTPB:4> CASINDBITERR=0 CASINSBITERR=0 CASOUTDBITERR> CASOUTSBITERR> DBITERR> SBITERR> "
     "ECCPARITY:8> RDADDRECC:9> ECCPIPECE=0 INJECTDBITERR=0 INJECTSBITERR=0 ADDRARDADDR:15+=0 "
     "ADDRBWRADDR:15+=0 DINADIN:32+=0 DINBDIN:32+=0 DINPADINP:4+=0 DINPBDINP:4+=0 WEA:4+=0 "
     "WEBWE:8+=0 DOUTADOUT:32+> DOUTBDOUT:32+> DOUTPADOUTP:4+> DOUTPBDOUTP:4+>",
     RAM_ULTRASCALE "EN_ECC_PIPE=FALSE EN_ECC_READ=FALSE EN_ECC_WRITE=FALSE INIT_##128=0 "
                    "INITP_##16=0",
     build_block_ram},
    {"DSP48E1",
     "A:30=0 ACIN:30=0 ALUMODE:4=0 B:18=0 BCIN:18=0 C:48=0 CARRYCASCIN=0 CARRYIN=0 CARRYINSEL:3=0 "
     "CEA1=0 CEA2=0 CEAD=0 CEALUMODE=0 CEB1=0 CEB2=0 CEC=0 CECARRYIN=0 CECTRL=0 CED=0 CEINMODE=0 "
     "CEM=0 CEP=0 CLK=0 D:25=0 INMODE:5=0 MULTSIGNIN=0 OPMODE:7=0 PCIN:48=0 RSTA=0 "
     "RSTALLCARRYIN=0 RSTALUMODE=0 RSTB=0 RSTC=0 RSTCTRL=0 RSTD=0 RSTINMODE=0 RSTM=0 RSTP=0 "
     "ACOUT:30> BCOUT:18> CARRYCASCOUT> CARRYOUT:4> MULTSIGNOUT> OVERFLOW> P:48> PATTERNBDETECT> "
     "PATTERNDETECT> PCOUT:48> UNDERFLOW>",
     "ACASCREG=1 ADREG=1 ALUMODEREG=1 AREG=1 AUTORESET_PATDET=NO_RESET A_INPUT=DIRECT BCASCREG=1 "
     "BREG=1 B_INPUT=DIRECT CARRYINREG=1 CARRYINSELREG=1 CREG=1 DREG=1 INMODEREG=1 MREG=1 "
     "OPMODEREG=1 PREG=1 SEL_MASK=MASK SEL_PATTERN=PATTERN USE_DPORT=FALSE USE_MULT=MULTIPLY "
     "USE_PATTERN_DETECT=NO_PATDET USE_SIMD=ONE48 MASK=0 PATTERN=0 IS_ALUMODE_INVERTED=0 " INVERT(
         "CARRYIN") INVERT("CLK") "IS_INMODE_INVERTED=0 IS_OPMODE_INVERTED=0",
     build_dsp48},
    {"DSP48E2",
     "A:30=0 ACIN:30=0 ALUMODE:4=0 B:18=0 BCIN:18=0 C:48=0 CARRYCASCIN=0 CARRYIN=0 CARRYINSEL:3=0 "
     "CEA1=0 CEA2=0 CEAD=0 CEALUMODE=0 CEB1=0 CEB2=0 CEC=0 CECARRYIN=0 CECTRL=0 CED=0 CEINMODE=0 "
     "CEM=0 CEP=0 CLK=0 D:27=0 INMODE:5=0 MULTSIGNIN=0 OPMODE:9=0 PCIN:48=0 RSTA=0 "
     "RSTALLCARRYIN=0 RSTALUMODE=0 RSTB=0 RSTC=0 RSTCTRL=0 RSTD=0 RSTINMODE=0 RSTM=0 RSTP=0 "
     "ACOUT:30> BCOUT:18> CARRYCASCOUT> CARRYOUT:4> MULTSIGNOUT> OVERFLOW> P:48> PATTERNBDETECT> "
     "PATTERNDETECT> PCOUT:48> UNDERFLOW> XOROUT:8>",
     "ACASCREG=1 ADREG=1 ALUMODEREG=1 AMULTSEL=A AREG=1 AUTORESET_PATDET=NO_RESET "
     "AUTORESET_PRIORITY=RESET A_INPUT=DIRECT BCASCREG=1 BMULTSEL=B BREG=1 B_INPUT=DIRECT "
     "CARRYINREG=1 CARRYINSELREG=1 CREG=1 DREG=1 INMODEREG=1 MREG=1 OPMODEREG=1 PREADDINSEL=A "
     "PREG=1 RND=0 SEL_MASK=MASK SEL_PATTERN=PATTERN USE_MULT=MULTIPLY "
     "USE_PATTERN_DETECT=NO_PATDET USE_SIMD=ONE48 USE_WIDEXOR=FALSE XORSIMD=XOR24_48_96 MASK=0 "
     "PATTERN=0 IS_ALUMODE_INVERTED=0 IS_INMODE_INVERTED=0 IS_OPMODE_INVERTED=0 " INVERT("CARRYIN")
         INVERT("CLK") INVERT("RSTA") INVERT("RSTALLCARRYIN") INVERT("RSTALUMODE") INVERT("RSTB")
             INVERT("RSTC") INVERT("RSTCTRL") INVERT("RSTD") INVERT("RSTINMODE") INVERT("RSTM")
                 INVERT("RSTP"),
     build_dsp48},
};

}  // namespace

std::span<const CellModel> xilinx_cells() { return kXilinxCells; }

}  // namespace assay::netlist
