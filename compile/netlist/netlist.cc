// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/netlist.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::netlist {
namespace {

/// Calls `body(net, what)` for every net that something drives.
template <typename Body>
void for_each_driven(const Netlist& netlist, const Body& body) {
  for (const Port& port : netlist.ports)
    if (port.input)
      for (const Net net : port.bits) body(net, "input port '" + port.name + "'");
  for (const Lut& lut : netlist.luts) body(lut.out, std::string("a table"));
  for (const FlipFlop& cell : netlist.flip_flops) body(cell.q, "flip-flop '" + cell.name + "'");
  for (const Memory& memory : netlist.memories)
    for (const Memory::ReadPort& read : memory.reads)
      for (const Net net : read.data) body(net, "memory '" + memory.name + "'");
}

void check_memory(const Netlist& netlist, const Memory& memory) {
  const auto check = [&](bool holds, const char* what) {
    if (!holds) user_error("netlist '{}': memory '{}' {}", netlist.name, memory.name, what);
  };
  check(memory.unit_bits >= 1 && memory.unit_bits <= 64, "has units of no width");
  for (const std::uint64_t unit : memory.units)
    check(memory.unit_bits == 64 || unit >> memory.unit_bits == 0, "holds more than its units");
  const auto whole = [&](std::size_t bits) {
    return bits > 0 && bits % static_cast<std::size_t>(memory.unit_bits) == 0;
  };
  for (const Memory::ReadPort& read : memory.reads) {
    check(whole(read.data.size()), "has a port that reads a part of a unit");
    check(read.address.size() < 32, "has too wide an address");
  }
  for (const Memory::WritePort& write : memory.writes) {
    check(whole(write.data.size()), "has a port that writes a part of a unit");
    check(write.address.size() < 32, "has too wide an address");
    check(write.enables.size() == write.data.size(), "has a port without an enable per bit");
  }
}

/// What drives a net through tables that are wires, as buffers of clocks are.
std::vector<Net> wire_sources(const Netlist& netlist) {
  std::vector<Net> source(netlist.nets);
  std::iota(source.begin(), source.end(), Net{0});
  for (const Lut& lut : netlist.luts)
    if (lut.size == 1 && lut.table == 2) source[lut.out] = lut.inputs[0];
  return source;
}

/// Back through such wires.
Net follow(const std::vector<Net>& source, Net net) {
  for (std::size_t steps = 0; source[net] != net && steps < source.size(); ++steps)
    net = source[net];
  return net;
}

/// Calls `body(net, falling, the cell's name)`.
template <typename Body>
void for_each_clock(const Netlist& netlist, const Body& body) {
  for (const FlipFlop& cell : netlist.flip_flops) body(cell.clock, cell.falling, cell.name);
  for (const Memory& memory : netlist.memories) {
    for (const Memory::ReadPort& read : memory.reads)
      if (read.registered) body(read.clock, read.falling, memory.name);
    for (const Memory::WritePort& write : memory.writes)
      body(write.clock, write.falling, memory.name);
  }
}

/// The table without input `at`, which is `value`.
std::uint64_t cofactor(std::uint64_t table, int size, int at, bool value) {
  std::uint64_t rest = 0;
  for (unsigned row = 0; row < 1U << (size - 1); ++row) {
    const unsigned low = row & ((1U << at) - 1);
    const unsigned full = (row - low) << 1 | (value ? 1U << at : 0U) | low;
    rest |= (table >> full & 1U) << row;
  }
  return rest;
}

void remove_input(Lut& lut, int at, bool value) {
  lut.table = cofactor(lut.table, lut.size, at, value);
  std::copy(lut.inputs.begin() + at + 1, lut.inputs.begin() + lut.size, lut.inputs.begin() + at);
  lut.inputs[static_cast<std::size_t>(--lut.size)] = kZero;
}

/// Two inputs that are one net: only rows in which both agree occur.
void join_inputs(Lut& lut, int keep, int gone) {
  std::uint64_t table = lut.table;
  for (unsigned row = 0; row < 1U << lut.size; ++row) {
    const unsigned seen = row >> keep & 1U;
    const unsigned real = (row & ~(1U << gone)) | seen << gone;
    table = (table & ~(std::uint64_t{1} << row)) | (lut.table >> real & 1U) << row;
  }
  lut.table = table;
  remove_input(lut, gone, false);
}

/// Leaves the inputs that the value depends on, which is known when constants are gone and equal inputs
/// are one: x & 0 and x ^ x depend on nothing.
void reduce(Lut& lut) {
  const auto input = [&](int i) { return lut.inputs[static_cast<std::size_t>(i)]; };
  for (int i = lut.size - 1; i >= 0; --i)
    if (input(i) <= kOne) remove_input(lut, i, input(i) == kOne);
  for (int i = 0; i < lut.size; ++i)
    for (int k = lut.size - 1; k > i; --k)
      if (input(i) == input(k)) join_inputs(lut, i, k);
  for (int i = lut.size - 1; i >= 0; --i)
    if (cofactor(lut.table, lut.size, i, false) == cofactor(lut.table, lut.size, i, true))
      remove_input(lut, i, false);
}

/// The net that a reduced table copies; nothing when it computes something.
bool copies(const Lut& lut, Net& source) {
  if (lut.size == 0) source = (lut.table & 1U) != 0 ? kOne : kZero;
  if (lut.size == 1 && lut.table == 2) source = lut.inputs[0];
  return lut.size == 0 || (lut.size == 1 && lut.table == 2);
}

/// Calls body with a reference to every net that a cell or an output reads.
template <typename Body>
void for_each_used(Netlist& netlist, const Body& body) {
  for (Port& port : netlist.ports)
    if (!port.input)
      for (Net& net : port.bits) body(net);
  for (Lut& lut : netlist.luts)
    for (int i = 0; i < lut.size; ++i) body(lut.inputs[static_cast<std::size_t>(i)]);
  for (FlipFlop& cell : netlist.flip_flops)
    for (Net* net : {&cell.d, &cell.clock, &cell.enable, &cell.reset}) body(*net);
  for (Memory& memory : netlist.memories) {
    for (Memory::ReadPort& read : memory.reads) {
      for (Net& net : read.address) body(net);
      body(read.clock);
      body(read.enable);
    }
    for (Memory::WritePort& write : memory.writes) {
      for (auto* nets : {&write.address, &write.data, &write.enables})
        for (Net& net : *nets) body(net);
      body(write.clock);
    }
  }
}

/// The same for names, too.
template <typename Body>
void for_each_read(Netlist& netlist, const Body& body) {
  for_each_used(netlist, body);
  for (auto& [name, bits] : netlist.names)
    for (Net& net : bits) body(net);
}

/// "'count[3]'", or its number where it has no name.
std::string net_text(const Netlist& netlist, Net net) {
  for (const auto& [name, bits] : netlist.names)
    for (std::size_t i = 0; i < bits.size(); ++i)
      if (bits[i] == net) return fmt::format("'{}[{}]'", printable(name), i);
  return std::to_string(net);
}

/// Takes wires and constants out of the way until there are none: each table again when an input of it
/// became another net.
class Propagation {
 public:
  explicit Propagation(Netlist& netlist)
      : netlist_(netlist), source_(netlist.nets), readers_(netlist.nets) {
    std::vector<bool> driven(netlist.nets);
    driven[kOne] = true;
    for_each_driven(netlist, [&](Net net, const std::string&) { driven[net] = true; });
    for (Net net = 0; net < netlist.nets; ++net) source_[net] = driven[net] ? net : kZero;
    gone_.resize(netlist.luts.size());
    for (std::uint32_t i = 0; i < netlist.luts.size(); ++i) {
      const Lut& lut = netlist.luts[i];
      for (int k = 0; k < lut.size; ++k)
        readers_[lut.inputs[static_cast<std::size_t>(k)]].push_back(i);
      open_.push_back(i);
    }
    for (std::size_t at = 0; at < open_.size(); ++at)
      if (!gone_[open_[at]]) visit(open_[at]);
    std::size_t index = 0;
    std::erase_if(netlist.luts, [&](const Lut&) { return gone_[index++]; });
    for_each_read(netlist, [&](Net& net) { net = root(net); });
  }

 private:
  Net root(Net net) {
    Net end = net;
    while (source_[end] != end) end = source_[end];
    while (source_[net] != end) net = std::exchange(source_[net], end);
    return end;
  }

  void visit(std::uint32_t index) {
    Lut& lut = netlist_.luts[index];
    for (int i = 0; i < lut.size; ++i) {
      Net& net = lut.inputs[static_cast<std::size_t>(i)];
      net = root(net);
    }
    reduce(lut);
    Net from = lut.out;
    if (!copies(lut, from) || from == lut.out) return;
    source_[lut.out] = from;
    gone_[index] = true;
    std::vector<std::uint32_t>& readers = readers_[lut.out];
    open_.insert(open_.end(), readers.begin(), readers.end());
    if (from > kOne) readers_[from].insert(readers_[from].end(), readers.begin(), readers.end());
    readers = {};
  }

  Netlist& netlist_;
  std::vector<Net> source_;
  std::vector<std::vector<std::uint32_t>> readers_;
  std::vector<bool> gone_;
  std::vector<std::uint32_t> open_;
};

std::vector<bool> driven_nets(const Netlist& netlist) {
  std::vector<bool> driven(netlist.nets);
  driven[kZero] = driven[kOne] = true;
  for_each_driven(netlist, [&](Net net, const std::string&) { driven[net] = true; });
  return driven;
}

/// A wire that lost its driver on the way has a name and nothing of what it carried.
void forget_undriven_names(Netlist& netlist) {
  const std::vector<bool> driven = driven_nets(netlist);
  std::erase_if(netlist.names, [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(),
                       [&](Net net) { return !driven[net]; });
  });
}

/// As the unused port of a ROM.
bool never_writes(const Memory::WritePort& write) {
  return write.clock <= kOne ||
         std::all_of(write.enables.begin(), write.enables.end(), [](Net n) { return n == kZero; });
}

/// What is reached from the outputs, backwards.
class Reach {
 public:
  explicit Reach(const Netlist& netlist)
      : netlist_(netlist), cell_(netlist.nets), live_(netlist.nets) {
    for (std::size_t i = 0; i < netlist.luts.size(); ++i) cell_[netlist.luts[i].out] = {1, i};
    for (std::size_t i = 0; i < netlist.flip_flops.size(); ++i)
      cell_[netlist.flip_flops[i].q] = {2, i};
    for (std::size_t i = 0; i < netlist.memories.size(); ++i)
      for (std::size_t p = 0; p < netlist.memories[i].reads.size(); ++p)
        for (const Net net : netlist.memories[i].reads[p].data) cell_[net] = {3, i, p};
    memory_.resize(netlist.memories.size());
    for (const Port& port : netlist.ports)
      if (!port.input)
        for (const Net net : port.bits) add(net);
    while (!open_.empty()) {
      const Net net = open_.back();
      open_.pop_back();
      follow(net);
    }
  }
  bool net(Net net) const { return live_[net]; }
  bool memory(std::size_t index) const { return memory_[index]; }

 private:
  struct Cell {
    int kind = 0;
    std::size_t index = 0;
    std::size_t port = 0;  ///< of a memory
  };

  void add(Net net) {
    if (live_[net]) return;
    live_[net] = true;
    open_.push_back(net);
  }

  void follow(Net net) {
    const Cell cell = cell_[net];
    if (cell.kind == 1) {
      const Lut& lut = netlist_.luts[cell.index];
      for (int i = 0; i < lut.size; ++i) add(lut.inputs[static_cast<std::size_t>(i)]);
    } else if (cell.kind == 2) {
      const FlipFlop& flip_flop = netlist_.flip_flops[cell.index];
      for (const Net in : {flip_flop.d, flip_flop.clock, flip_flop.enable, flip_flop.reset})
        add(in);
    } else if (cell.kind == 3) {
      const Memory& memory = netlist_.memories[cell.index];
      follow(memory.reads[cell.port]);
      if (!memory_[cell.index]) follow_writes(memory);
      memory_[cell.index] = true;
    }
  }

  void follow(const Memory::ReadPort& read) {
    for (const Net in : read.address) add(in);
    add(read.clock);
    add(read.enable);
  }

  void follow_writes(const Memory& memory) {
    for (const Memory::WritePort& write : memory.writes) {
      if (never_writes(write)) continue;
      for (const auto* nets : {&write.address, &write.data, &write.enables})
        for (const Net in : *nets) add(in);
      add(write.clock);
    }
  }

  const Netlist& netlist_;
  std::vector<Cell> cell_;
  std::vector<bool> live_, memory_;
  std::vector<Net> open_;
};

/// Orders by depth first search, without recursion: chains are as long as a design.
class Order {
 public:
  explicit Order(const Netlist& netlist) : netlist_(netlist), driver_(netlist.nets, kNone) {
    for (std::uint32_t i = 0; i < netlist.luts.size(); ++i) add({false, i, 0}, netlist.luts[i].out);
    for (std::uint32_t i = 0; i < netlist.memories.size(); ++i)
      for (std::uint32_t p = 0; p < netlist.memories[i].reads.size(); ++p)
        if (!netlist.memories[i].reads[p].registered) {
          for (const Net net : netlist.memories[i].reads[p].data)
            driver_[net] = static_cast<std::uint32_t>(steps_.size());
          steps_.push_back({true, i, p});
        }
    state_.resize(steps_.size());
    for (std::uint32_t i = 0; i < steps_.size(); ++i) visit(i);
  }
  std::vector<Step> result;

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  void add(Step step, Net out) {
    driver_[out] = static_cast<std::uint32_t>(steps_.size());
    steps_.push_back(step);
  }

  /// The nets that a step reads, those that its value depends on.
  std::vector<Net> inputs(const Step& step) const {
    if (step.memory) return netlist_.memories[step.index].reads[step.port].address;
    Lut lut = netlist_.luts[step.index];
    reduce(lut);
    return {lut.inputs.begin(), lut.inputs.begin() + lut.size};
  }

  void visit(std::uint32_t first) {
    if (state_[first] != 0) return;
    struct Open {
      std::uint32_t step;
      std::vector<Net> inputs;
      std::size_t next = 0;
    };
    std::vector<Open> open;
    const auto enter = [&](std::uint32_t step) {
      state_[step] = 1;
      open.push_back({step, inputs(steps_[step])});
    };
    enter(first);
    while (!open.empty()) {
      Open& at = open.back();
      if (at.next == at.inputs.size()) {
        state_[at.step] = 2;
        result.push_back(steps_[at.step]);
        open.pop_back();
        continue;
      }
      const Net net = at.inputs[at.next++];
      const std::uint32_t driver = driver_[net];
      if (driver == kNone || state_[driver] == 2) continue;
      if (state_[driver] == 1)
        user_error("netlist '{}' has a combinational loop through net {}{}", netlist_.name, net,
                   name_of(net));
      enter(driver);
    }
  }

  std::string name_of(Net net) const {
    for (const auto& [name, bits] : netlist_.names)
      if (std::find(bits.begin(), bits.end(), net) != bits.end()) return ", '" + name + "'";
    return "";
  }

  const Netlist& netlist_;
  std::vector<std::uint32_t> driver_;
  std::vector<Step> steps_;
  std::vector<std::uint8_t> state_;
};

}  // namespace

std::string clock_maker_text(const ClockMaker& maker) {
  std::string settings;
  for (const auto& [name, value] : maker.settings)
    settings += fmt::format("{}{} {}", settings.empty() ? "" : ", ", name, value);
  return fmt::format("{} with {}", maker.type, settings);
}

Net Netlist::lut(std::uint64_t table, std::initializer_list<Net> inputs) {
  Lut lut;
  lut.out = new_net();
  for (const Net net : inputs) lut.inputs[static_cast<std::size_t>(lut.size++)] = net;
  lut.table = table;
  luts.push_back(lut);
  return lut.out;
}

const Port* Netlist::port(std::string_view name) const {
  const auto at =
      std::find_if(ports.begin(), ports.end(), [&](const Port& p) { return p.name == name; });
  return at == ports.end() ? nullptr : &*at;
}

void verify(const Netlist& netlist) {
  for (const Lut& lut : netlist.luts)
    if (lut.size < 0 || lut.size > 6 || (lut.size < 6 && lut.table >> (1U << lut.size) != 0))
      user_error("netlist '{}': the table of net {} is larger than its inputs", netlist.name,
                 lut.out);
  std::vector<bool> driven(netlist.nets);
  driven[kZero] = driven[kOne] = true;
  for_each_driven(netlist, [&](Net net, const std::string& what) {
    if (net >= netlist.nets)
      user_error("netlist '{}': {} drives a net that is none", netlist.name, what);
    if (driven[net])
      user_error("netlist '{}': net {} has two drivers; one is {}", netlist.name, net, what);
    driven[net] = true;
  });
  for_each_read(const_cast<Netlist&>(netlist), [&](Net& net) {
    if (net >= netlist.nets) user_error("netlist '{}': net {} is none", netlist.name, net);
  });
  for (const Memory& memory : netlist.memories) check_memory(netlist, memory);
  clock_of(netlist);
}

void require_driven(const Netlist& netlist) {
  const std::vector<bool> driven = driven_nets(netlist);
  for_each_used(const_cast<Netlist&>(netlist), [&](Net& net) {
    if (!driven[net])
      user_error("netlist '{}': net {} is read, and nothing drives it", netlist.name,
                 net_text(netlist, net));
  });
}

void simplify(Netlist& netlist) {
  forget_undriven_names(netlist);
  Propagation propagation(netlist);
  const Reach reach(netlist);
  std::erase_if(netlist.luts, [&](const Lut& lut) { return !reach.net(lut.out); });
  std::erase_if(netlist.flip_flops, [&](const FlipFlop& cell) { return !reach.net(cell.q); });
  std::vector<Memory> memories;
  for (std::size_t i = 0; i < netlist.memories.size(); ++i) {
    if (!reach.memory(i)) continue;
    memories.push_back(std::move(netlist.memories[i]));
    std::erase_if(memories.back().reads, [&](const Memory::ReadPort& read) {
      return std::none_of(read.data.begin(), read.data.end(),
                          [&](Net net) { return reach.net(net); });
    });
  }
  netlist.memories = std::move(memories);
  for (Memory& memory : netlist.memories) std::erase_if(memory.writes, never_writes);
  std::erase_if(netlist.names, [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(),
                       [&](Net net) { return net > kOne && !reach.net(net); });
  });
}

std::vector<Step> evaluation_order(const Netlist& netlist) { return Order(netlist).result; }

void require_made_clock(const Netlist& netlist) {
  for (const ClockMaker& maker : netlist.clock_makers) {
    if (maker.clock == kZero) continue;
    std::vector<Net> source = wire_sources(netlist);
    source[maker.clock] = maker.clock;
    for_each_clock(netlist, [&](Net net, bool, const std::string& cell) {
      net = follow(source, net);
      if (net > kOne && net != maker.clock)
        user_error("netlist '{}': the clock of '{}' is not the one that {} makes", netlist.name,
                   cell, maker.type);
    });
  }
}

Net clock_of(const Netlist& netlist) {
  const std::vector<Net> source = wire_sources(netlist);
  Net clock = kZero;
  bool falling = false, any = false;
  for_each_clock(netlist, [&](Net net, bool falls, const std::string& cell) {
    net = follow(source, net);
    if (net <= kOne) return;
    if (any && (net != clock || falls != falling))
      user_error("netlist '{}': '{}' has a clock of its own; one clock is simulated", netlist.name,
                 cell);
    clock = net, falling = falls, any = true;
  });
  return clock;
}

}  // namespace assay::netlist
