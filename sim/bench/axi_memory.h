// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "sim/bench/bench.h"
#include "sim/bench/pace.h"

/// A memory behind AXI4, which watches how it is asked. Every channel is a stream: valid, ready, and its
/// signals as data. Like bench.h compiled into every simulation program.
namespace assay::sim {

/// Channels as data, the first signal least significant.
/// AR, AW: address (64), len (8), size (3), burst (2), cache (4), prot (3)
/// R:      data, resp (2), last
/// W:      data, strb (one per byte), last
/// B:      resp (2)
inline constexpr int kAxiAddressBits = 84, kAxiAnswerBits = 2;
constexpr int axi_read_bits(int memory_bits) { return memory_bits + 3; }
constexpr int axi_write_bits(int memory_bits) { return memory_bits + memory_bits / 8 + 1; }

std::uint64_t get_bits(const std::uint8_t* data, int at, int count);
void set_bits(std::uint8_t* data, int at, int count, std::uint64_t value);

/// What a memory says to an access.
enum class AxiAnswer : std::uint8_t { kOkay = 0, kSlaveError = 2, kDecodeError = 3 };

/// Rules that were broken, the first of each and channel.
class AxiRules {
 public:
  void broken(std::string_view rule, const std::string& channel, std::int64_t cycle);
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  std::vector<Violation> violations_;
};

/// What lies in memory: buffers, of which each may be read or written, and places that answer with an
/// error. Bytes outside are not there; what is read of them is noise.
class AxiStore {
 public:
  struct Range {
    std::uint64_t address = 0, bytes = 0;
    bool holds(std::uint64_t at, std::uint64_t count) const {
      return at >= address && at - address <= bytes && count <= bytes - (at - address);
    }
  };
  /// Filled with noise.
  void map(Range range, bool readable, bool writable);
  void fail(Range range, AxiAnswer answer);
  void clear();
  /// From the host, which may do everything. std::runtime_error outside of the buffers.
  void put(std::uint64_t address, const std::string& bytes);
  std::string get(std::uint64_t address, std::uint64_t bytes) const;

  /// Of a design. A word may lie partly behind the end of a buffer.
  bool may_read(std::uint64_t address, std::uint64_t word) const;
  std::uint8_t read(std::uint64_t address);
  /// False: the byte may not be written, and is not.
  bool write(std::uint64_t address, std::uint8_t byte);
  AxiAnswer answer(std::uint64_t address, std::uint64_t bytes) const;

 private:
  struct Buffer {
    Range range;
    bool readable = false, writable = false;
    std::string bytes;
  };
  struct Fault {
    Range range;
    AxiAnswer answer;
  };
  const Buffer* buffer(std::uint64_t address, std::uint64_t bytes) const;
  std::vector<Buffer> buffers_;
  std::vector<Fault> faults_;
  Random noise_{1};
};

/// How a memory keeps its designs waiting.
struct AxiTiming {
  /// What waits for what where a burst is written.
  enum class Order : std::uint8_t { kAny, kAddressFirst, kDataFirst };
  Profile profile = Profile::kAlways;
  int latency =
      0;  ///< cycles from a request to its first data, and from the last data to the response
  Order order = Order::kAny;
  std::uint64_t seed = 1;
};

/// What a port may ask for.
struct AxiLimits {
  int memory_bits = 64;
  int max_burst = 16, outstanding = 4;
  std::uint64_t word_bytes() const { return static_cast<std::uint64_t>(memory_bits) / 8; }
};

/// What was seen of a port.
struct AxiCounts {
  std::int64_t bursts = 0, words = 0, first = -1, last = -1;  ///< cycles of the first and last word
};

/// Watches a channel that a design drives: "valid-withdrawn", "data-changed".
class AxiWatch {
 public:
  AxiWatch(PortPins pins, std::string name, AxiRules& rules)
      : pins_(pins), name_(std::move(name)), rules_(&rules), held_(pins.bytes()) {}
  /// Looks at the settled pins: whether it was offered anew, and whether it is taken.
  struct Seen {
    bool fresh = false, taken = false;
  };
  Seen observe(std::int64_t cycle);
  void restart() { waiting_ = false; }
  bool waiting() const { return waiting_; }
  const PortPins& pins() const { return pins_; }
  const std::string& name() const { return name_; }
  void broken(std::string_view rule, std::int64_t cycle) { rules_->broken(rule, name_, cycle); }

 private:
  PortPins pins_;
  std::string name_;
  AxiRules* rules_;
  std::vector<std::uint8_t> held_;
  bool waiting_ = false;
};

struct AxiBurst {
  std::uint64_t address = 0;
  int words = 1;
};

/// One end of a memory port: reading or writing. drive() sets the pins to the design for a cycle,
/// observe() looks at them once they settled.
class AxiPort {
 public:
  virtual ~AxiPort() = default;
  virtual void pace(const AxiTiming& timing) = 0;
  virtual void restart() = 0;
  virtual void drive(std::int64_t cycle) = 0;
  virtual void observe(std::int64_t cycle) = 0;
  /// Channels that the design drives.
  virtual std::vector<AxiWatch*> watches() = 0;
  const AxiCounts& counts() const { return counts_; }

 protected:
  AxiPort(AxiStore& store, AxiLimits limits) : store_(store), limits_(limits) {}
  /// Takes a request off its channel: "burst-crosses-4k", "burst-too-long", "burst-is-no-incr",
  /// "burst-not-aligned".
  AxiBurst request(AxiWatch& watch, std::int64_t cycle);
  void count_word(std::int64_t cycle);

  AxiStore& store_;
  AxiLimits limits_;
  AxiCounts counts_;
};

/// Besides: "reads-outside", "too-many-bursts", "blocks-the-bus" (data that a design does not take at once).
class AxiReadPort final : public AxiPort {
 public:
  AxiReadPort(PortPins ar, PortPins r, AxiStore& store, AxiLimits limits, const std::string& name,
              AxiRules& rules);
  void pace(const AxiTiming& timing) override;
  void restart() override;
  void drive(std::int64_t cycle) override;
  void observe(std::int64_t cycle) override;
  std::vector<AxiWatch*> watches() override { return {&ar_}; }

 private:
  struct Read {
    AxiBurst burst;
    std::int64_t from = 0;  ///< the cycle of its first data, at the earliest
  };
  void offer();

  AxiWatch ar_;
  PortPins r_;
  Pace ready_, valid_;
  int latency_ = 0;
  std::deque<Read> reads_;
  int word_ = 0;  ///< of the first burst
  bool offering_ = false;
};

/// Besides: "writes-outside", "too-many-bursts", "data-unasked" (before its burst is offered),
/// "last-misplaced", "data-waits" (between two words of a burst).
class AxiWritePort final : public AxiPort {
 public:
  AxiWritePort(PortPins aw, PortPins w, PortPins b, AxiStore& store, AxiLimits limits,
               const std::string& name, AxiRules& rules);
  void pace(const AxiTiming& timing) override;
  void restart() override;
  void drive(std::int64_t cycle) override;
  void observe(std::int64_t cycle) override;
  std::vector<AxiWatch*> watches() override { return {&aw_, &w_}; }

 private:
  struct Write {
    AxiBurst burst;
    bool taken = false;  ///< its address
    int words = 0;       ///< that came
    AxiAnswer answer = AxiAnswer::kOkay;
    std::int64_t from = -1;  ///< the cycle of its response, at the earliest
    bool whole() const { return words == burst.words; }
  };
  void see_address(std::int64_t cycle);
  void see_data(std::int64_t cycle);
  void store_word(Write& write, std::int64_t cycle);
  Write* open();  ///< the burst whose data come

  AxiWatch aw_, w_;
  PortPins b_;
  Pace address_, data_, valid_;
  AxiTiming timing_;
  std::deque<Write> writes_;
  bool inside_ = false, offering_ = false;  ///< inside: more words of a burst must come at once
};

}  // namespace assay::sim
