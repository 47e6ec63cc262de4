// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/verilog.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace assay::netlist {
namespace {

/// An escaped identifier, which ends with its blank, whatever is in it.
std::string escaped(const std::string& name) { return "\\" + name + " "; }

class VerilogWriter {
 public:
  explicit VerilogWriter(const Netlist& netlist) : netlist_(netlist), driven_(netlist.nets) {
    for (const Port& port : netlist.ports)
      if (port.input) drive(port.bits);
    for (const Lut& lut : netlist.luts) driven_[lut.out] = true;
    for (const FlipFlop& cell : netlist.flip_flops) driven_[cell.q] = true;
    for (const Memory& memory : netlist.memories)
      for (const Memory::ReadPort& read : memory.reads) drive(read.data);
  }

  VerilogText write(const std::vector<std::string>& names) {
    header();
    for (const Lut& lut : netlist_.luts) table(lut);
    for (const FlipFlop& cell : netlist_.flip_flops) flip_flop(cell);
    for (std::size_t m = 0; m < netlist_.memories.size(); ++m) memory(m);
    for (const std::string& name : names)
      if (const auto wires = netlist_.names.find(name); wires != netlist_.names.end())
        line("wire [{}:0] {}= {};", wires->second.size() - 1, escaped(name), joined(wires->second));
    for (const Port& port : netlist_.ports)
      if (!port.input) line("assign {}= {};", escaped(port.name), joined(port.bits));
    result_.text += "endmodule\n";
    return std::move(result_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    result_.text += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  void drive(const std::vector<Net>& nets) {
    for (const Net net : nets) driven_[net] = true;
  }

  /// What nothing drives is 0.
  std::string value(Net net) const {
    if (net == kOne) return "1'b1";
    return net == kZero || !driven_[net] ? "1'b0" : fmt::format("n{}", net);
  }

  /// As one number, nets[0] the least significant.
  std::string joined(std::span<const Net> nets) const {
    std::string text;
    for (std::size_t i = nets.size(); i-- > 0;) text += (text.empty() ? "" : ", ") + value(nets[i]);
    return "{" + text + "}";
  }

  void header() {
    std::string ports, wires;
    for (const Port& port : netlist_.ports) {
      ports +=
          fmt::format("{}  {} [{}:0] {}", ports.empty() ? "" : ",\n",
                      port.input ? "input" : "output", port.bits.size() - 1, escaped(port.name));
      for (std::size_t i = 0; port.input && i < port.bits.size(); ++i)
        wires += fmt::format("assign n{} = {}[{}];\n", port.bits[i], escaped(port.name), i);
    }
    result_.text = fmt::format("module {}(\n{}\n);\n", escaped(netlist_.name), ports);
    declare();
    result_.text += wires;
  }

  void declare() {
    std::vector<bool> state(netlist_.nets);
    for (const FlipFlop& cell : netlist_.flip_flops) state[cell.q] = true;
    for (Net net = kOne + 1; net < netlist_.nets; ++net)
      if (driven_[net]) line("{} n{};", state[net] ? "reg" : "wire", net);
  }

  void table(const Lut& lut) {
    const int rows = 1 << lut.size;
    const std::uint64_t used = lut.table & (~std::uint64_t{0} >> (64 - rows));
    const std::span inputs(lut.inputs.data(), static_cast<std::size_t>(lut.size));
    if (lut.size == 0)
      line("assign n{} = 1'b{};", lut.out, used);
    else
      line("assign n{} = {}'h{:x} >> {};", lut.out, rows, used, joined(inputs));
  }

  static const char* edge(bool falling) { return falling ? "negedge" : "posedge"; }

  void initial(const std::string& name, Initial value, std::size_t bits) {
    if (value != Initial::kUnknown)
      line("initial {} = {{{}{{1'b{}}}}};", name, bits, value == Initial::kOne ? 1 : 0);
  }

  /// One whose clock is a constant stays as it is.
  void flip_flop(const FlipFlop& cell) {
    const std::string q = value(cell.q);
    initial(q, cell.initial, 1);
    if (cell.clock > kOne)
      line("always @({} {}) {} <= {} ? 1'b{} : {} ? {} : {};", edge(cell.falling),
           value(cell.clock), q, value(cell.reset), cell.reset_value ? 1 : 0, value(cell.enable),
           value(cell.d), q);
  }

  void memory(std::size_t index) {
    const Memory& memory = netlist_.memories[index];
    const std::string name = fmt::format("m{}", index);
    VerilogText::File file{fmt::format("{}_{}.hex", netlist_.name, name), ""};
    for (const std::uint64_t unit : memory.units) file.text += fmt::format("{:x}\n", unit);
    line("reg [{}:0] {} [0:{}];", memory.unit_bits - 1, name, memory.units.size() - 1);
    line("initial $readmemh(\"{}\", {});", file.name, name);
    result_.memories.push_back(std::move(file));
    for (std::size_t r = 0; r < memory.reads.size(); ++r)
      read(memory, name, fmt::format("{}_r{}", name, r), memory.reads[r]);
    writes(memory, name);
  }

  /// The number of the first unit that a port speaks of, wide enough for any.
  std::string first_unit(std::span<const Net> address, std::size_t wide) const {
    return fmt::format("(64'd{} * {{1'b0{}{}}})", wide, address.empty() ? "" : ", ",
                       address.empty() ? "" : joined(address));
  }

  void read(const Memory& memory, const std::string& name, const std::string& port,
            const Memory::ReadPort& read) {
    const auto bits = static_cast<std::size_t>(memory.unit_bits);
    const std::size_t wide = read.data.size() / bits;
    line("wire [63:0] {}_a = {};", port, first_unit(read.address, wide));
    std::string data;
    for (std::size_t unit = wide; unit-- > 0;)
      data += fmt::format("{0}({1}_a + 64'd{2} < 64'd{3} ? {4}[{1}_a + 64'd{2}] : {5}'b0)",
                          data.empty() ? "" : ", ", port, unit, memory.units.size(), name, bits);
    if (!read.registered) {
      line("wire [{}:0] {} = {{{}}};", read.data.size() - 1, port, data);
    } else {
      line("reg [{}:0] {};", read.data.size() - 1, port);
      initial(port, read.initial, read.data.size());
      if (read.clock > kOne)
        line("always @({} {}) if ({}) {} <= {{{}}};", edge(read.falling), value(read.clock),
             value(read.enable), port, data);
    }
    for (std::size_t i = 0; i < read.data.size(); ++i)
      line("assign n{} = {}[{}];", read.data[i], port, i);
  }

  /// In one block, so that the later of two writes to a bit stays.
  void writes(const Memory& memory, const std::string& name) {
    const auto clocked = std::ranges::find_if(
        memory.writes, [](const Memory::WritePort& write) { return write.clock > kOne; });
    if (clocked == memory.writes.end()) return;
    line("always @({} {}) begin", edge(clocked->falling), value(clocked->clock));
    const auto bits = static_cast<std::size_t>(memory.unit_bits);
    for (const Memory::WritePort& write : memory.writes) {
      if (write.clock <= kOne) continue;
      const std::string first = first_unit(write.address, write.data.size() / bits);
      for (std::size_t i = 0; i < write.data.size(); ++i)
        line("  if ({0} && {1} + 64'd{2} < 64'd{3}) {4}[{1} + 64'd{2}][{5}] <= {6};",
             value(write.enables[i]), first, i / bits, memory.units.size(), name, i % bits,
             value(write.data[i]));
    }
    line("end");
  }

  const Netlist& netlist_;
  std::vector<bool> driven_;
  VerilogText result_;
};

}  // namespace

VerilogText to_verilog(const Netlist& netlist, const std::vector<std::string>& names) {
  return VerilogWriter(netlist).write(names);
}

}  // namespace assay::netlist
