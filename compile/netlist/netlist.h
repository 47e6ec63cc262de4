// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A design down to its bits, whatever family it is for: look-up tables, flip-flops and memories.
/// Readers (Yosys' JSON, a bitstream) make one; simulation and proof look at nothing else.
namespace assay::netlist {

/// A wire of one bit, by number. The first two are constants. One that nothing drives is 0.
using Net = std::uint32_t;
inline constexpr Net kZero = 0, kOne = 1;

/// out = bit i of `table`, where bit k of i is inputs[k]. No input: a constant, bit 0.
struct Lut {
  Net out = kZero;
  int size = 0;  ///< inputs, 0 to 6
  std::array<Net, 6> inputs{};
  std::uint64_t table = 0;  ///< the lowest 2^size bits
};

/// What a bit of state is when the device wakes up.
enum class Initial : std::uint8_t { kZero, kOne, kUnknown };

/// At the edge of the clock: q = reset ? reset_value : enable ? d : q. Where a family's reset waits
/// for its enable, the reader puts both into `reset`.
struct FlipFlop {
  std::string name;  ///< the cell's, for people; may be empty
  Net q = kZero, d = kZero;
  Net clock = kZero;
  bool falling = false;
  Net enable = kOne;
  Net reset = kZero;
  bool reset_value = false;
  Initial initial = Initial::kUnknown;
};

/// Units of 1 to 64 bits. A port whose data are n units wide speaks of units n * a to n * a + n - 1,
/// where a is the number in its address, least significant net first; beyond the last unit it reads
/// zeros and writes nothing. data[unit_bits * i + b] is bit b of the port's i-th unit.
struct Memory {
  struct ReadPort {
    std::vector<Net> address, data;
    bool registered = true;  ///< else data follow the address at once, clock and enable are nothing
    Net clock = kZero;
    bool falling = false;
    Net enable = kOne;  ///< without it data stay as they are
    /// Of registered data: what they are before the first read.
    Initial initial = Initial::kZero;
  };
  struct WritePort {
    std::vector<Net> address, data;
    std::vector<Net> enables;  ///< per bit of data; where it is 0 the bit stays as it is
    Net clock = kZero;
    bool falling = false;
  };
  std::string name;  ///< the cell's, for people; may be empty
  int unit_bits = 1;
  std::vector<std::uint64_t> units;  ///< what they hold when the device wakes up
  /// A read at the edge of a write sees what was there before. Of two writes to one bit the later
  /// in this list stays.
  std::vector<ReadPort> reads;
  std::vector<WritePort> writes;
};

/// A port of the design; bits[0] is the least significant.
struct Port {
  std::string name;
  bool input = true;
  std::vector<Net> bits;
};

/// What makes the one clock of another one: a PLL. Of what it does nothing is simulated but that it
/// runs and is locked; how fast, its settings say.
struct ClockMaker {
  std::string type;                     ///< the cell's: "SB_PLL40_CORE"
  std::map<std::string, int> settings;  ///< those that are chosen: "DIVF", ...
  /// The clock that it makes; kZero where the reader does not know. simplify() makes it one with the
  /// clock that it is made of, so that only require_made_clock() looks at it.
  Net clock = kZero;
  friend bool operator==(const ClockMaker& a, const ClockMaker& b) {
    return a.type == b.type && a.settings == b.settings;
  }
};
/// "SB_PLL40_CORE with DIVF 65, DIVQ 4", for people.
std::string clock_maker_text(const ClockMaker& maker);

struct Netlist {
  std::string name;  ///< the design's
  Net nets = 2;      ///< how many there are
  std::vector<Port> ports;
  std::vector<Lut> luts;
  std::vector<FlipFlop> flip_flops;
  std::vector<Memory> memories;
  std::vector<ClockMaker> clock_makers;
  /// Wires that kept their name, by the name in the source ("u_MVAU_0.acc", flattened); bits[0] is the
  /// least significant. From bits there are none.
  std::map<std::string, std::vector<Net>> names;

  Net new_net() { return nets++; }
  /// A new net that is this function of the inputs.
  Net lut(std::uint64_t table, std::initializer_list<Net> inputs);
  /// Null when there is none.
  const Port* port(std::string_view name) const;
};

/// Holds for every netlist that a reader gives: every net is driven at most once, by an input port, a
/// table, a flip-flop or a memory, and constants never; sizes and addresses fit; one clock. UserError
/// naming the design and the net or cell otherwise.
void verify(const Netlist& netlist);
/// UserError where a cell or an output reads a net that nothing drives: it is 0 here, and what hardware
/// makes of it depends on the family. Of a netlist for which verify() holds.
void require_driven(const Netlist& netlist);

/// UserError where a clock is made and something has another one, such as the one that it is made of. Of
/// a netlist as it was read, before simplify().
void require_made_clock(const Netlist& netlist);

/// Takes away what no output, and no state that an output can see, depends on, read ports of memories
/// among it; inputs of tables that their value does not depend on; tables that are a constant or a
/// wire; ports that never write. Outputs, names, and the values of nets that remain stay as they are;
/// names of nets that are gone are gone.
void simplify(Netlist& netlist);

/// The tables and asynchronous read ports in an order in which each comes behind what it reads.
struct Step {
  bool memory = false;      ///< a read port that is not registered
  std::uint32_t index = 0;  ///< in luts or memories
  std::uint32_t port = 0;   ///< of the memory
};
/// UserError naming nets of a combinational loop, which a loop through an input that a table does not
/// depend on is not.
std::vector<Step> evaluation_order(const Netlist& netlist);

/// The net of the one clock that all state shares; kZero where there is none. A clock that is a
/// constant is none: such state stays as it is. Tables that are wires are seen through.
Net clock_of(const Netlist& netlist);

}  // namespace assay::netlist
