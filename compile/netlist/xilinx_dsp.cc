// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/xilinx_dsp.h"

#include <algorithm>

#include "compile/netlist/gates.h"
#include "compile/netlist/product.h"

namespace assay::netlist {
namespace {

using Bits = std::vector<Net>;

constexpr std::size_t kDspWidth = 48;

/// Arithmetic, of all bits but the lowest 17: what a product of wider numbers has above them.
Bits above_17(const Bits& bits) {
  Bits shifted(bits.begin() + 17, bits.end());
  shifted.resize(kDspWidth, bits.back());
  return shifted;
}

bool is_zero(const Bits& bits) {
  return std::all_of(bits.begin(), bits.end(), [](Net bit) { return bit == kZero; });
}

/// OPMODE by the fields of its multiplexers; W is DSP48E2's alone.
struct OpMode {
  unsigned x = 0, y = 0, z = 0, w = 0;
};
constexpr unsigned kXProduct = 1, kXSum = 2, kXConcatenated = 3;
constexpr unsigned kYProduct = 1, kYOnes = 2, kYC = 3;
constexpr unsigned kZCascade = 1, kZSum = 2, kZC = 3, kZSumAgain = 4, kZCascadeShifted = 5,
                   kZSumShifted = 6;
constexpr unsigned kWSum = 1, kWRound = 2, kWC = 3;

class Dsp48Builder {
 public:
  explicit Dsp48Builder(const Cell& cell)
      : cell_(cell), netlist_(cell.netlist), second_(cell.type == "DSP48E2") {}

  void build() {
    refuse_what_has_no_model();
    has_sum_ = registers("PREG") == 1;
    sum_.assign(kDspWidth, kZero);
    if (has_sum_) std::generate(sum_.begin(), sum_.end(), [&] { return netlist_.new_net(); });
    a_ = two_registers('A'), b_ = two_registers('B');
    const Bits next = result();
    if (has_sum_)
      for (std::size_t i = 0; i < kDspWidth; ++i) store(sum_[i], next[i], "CEP", "RSTP");
    drive("P", has_sum_ ? sum_ : next);
    drive("PCOUT", has_sum_ ? sum_ : next);
  }

 private:
  /// Both are the input where there are no registers.
  struct Registers {
    Bits first, second;
    bool only_second = false;
  };

  /// What is added.
  struct Terms {
    Bits x, y, z, w;
  };

  void refuse_what_has_no_model() const {
    cell_.choice("USE_SIMD", {"ONE48"});
    cell_.choice("AUTORESET_PATDET", {"NO_RESET"});
    for (const char* out : {"CARRYOUT", "CARRYCASCOUT", "MULTSIGNOUT", "OVERFLOW", "UNDERFLOW",
                            "PATTERNDETECT", "PATTERNBDETECT"})
      if (cell_.connected(out)) cell_.refuse("its output {} has no model", out);
    if (second_) {
      cell_.choice("USE_WIDEXOR", {"FALSE"});
      if (cell_.connected("XOROUT")) cell_.refuse("its output XOROUT has no model");
      cell_.choice("PREADDINSEL", {"A"});
      cell_.choice("BMULTSEL", {"B"});
    }
    if (!is_zero(cell_.nets("CARRYINSEL")))
      cell_.refuse("a carry in other than CARRYIN (CARRYINSEL is not 0) has no model");
  }

  std::uint64_t number(std::string_view parameter) const { return cell_.number(parameter, 32); }

  /// How many registers a pin has: up to `most`.
  std::uint64_t registers(std::string_view parameter, std::uint64_t most = 1) const {
    const std::uint64_t count = number(parameter);
    if (count > most) cell_.refuse("there is no model of {} = {}", parameter, count);
    return count;
  }

  /// Resets of DSP48E2 may be inverted by a parameter.
  Net reset_net(const std::string& pin) {
    const auto [at, fresh] = resets_.try_emplace(pin, cell_.net(pin));
    if (fresh && second_ && cell_.flag("IS_" + pin + "_INVERTED"))
      at->second = not_of(netlist_, at->second);
    return at->second;
  }

  void store(Net q, Net d, const std::string& enable, const std::string& reset) {
    for (const std::string& pin : {std::string("CLK"), enable})
      if (!cell_.connected(pin)) cell_.refuse("its pin {} is used and not connected", pin);
    FlipFlop flip_flop{.name = cell_.name, .q = q, .d = d};
    flip_flop.clock = cell_.net("CLK");
    flip_flop.falling = cell_.flag("IS_CLK_INVERTED");
    flip_flop.enable = cell_.net(enable), flip_flop.reset = reset_net(reset);
    flip_flop.initial = Initial::kZero;
    netlist_.flip_flops.push_back(std::move(flip_flop));
  }

  /// Bits that are one, such as copies of a sign, stay one, and zeros are zeros: products get smaller.
  Bits registered(const Bits& d, const std::string& enable, const std::string& reset) {
    std::map<Net, Net> stored{{kZero, kZero}};
    Bits q;
    for (const Net bit : d) {
      const auto [at, fresh] = stored.try_emplace(bit, kZero);
      if (fresh) store(at->second = netlist_.new_net(), bit, enable, reset);
      q.push_back(at->second);
    }
    return q;
  }

  Bits staged(std::string_view stage, const Bits& d, const std::string& enable,
              const std::string& reset) {
    return registers(stage) == 1 ? registered(d, enable, reset) : d;
  }

  /// A pin whose bits a parameter may invert, behind its register.
  Bits control(const std::string& pin, const std::string& stage, const std::string& enable,
               const std::string& reset) {
    Bits bits = cell_.nets(pin);
    const std::vector<bool> inverted =
        cell_.bits("IS_" + pin + "_INVERTED", static_cast<int>(bits.size()));
    for (std::size_t i = 0; i < bits.size(); ++i)
      if (inverted[i]) bits[i] = not_of(netlist_, bits[i]);
    return staged(stage, bits, enable, reset);
  }

  Registers two_registers(char letter) {
    const std::string name(1, letter);
    const bool cascade = cell_.choice(name + "_INPUT", {"DIRECT", "CASCADE"}) == 1;
    const Bits in = cell_.nets(cascade ? name + "CIN" : name);
    const std::uint64_t count = registers(name + "REG", 2);
    Registers made{in, in, count == 1};
    if (count == 2) made.first = registered(in, "CE" + name + "1", "RST" + name);
    if (count > 0) made.second = registered(made.first, "CE" + name + "2", "RST" + name);
    const std::string out = name + "COUT";
    const std::uint64_t passed = number(name + "CASCREG");
    if (cell_.connected(out) && passed != count && (passed != 1 || count != 2))
      cell_.refuse("there is no model of {0}CASCREG = {1} with {0}REG = {2}", name, passed, count);
    drive(out, passed == count ? made.second : made.first);
    return made;
  }

  /// The second register, or, where `first` is 1, the first.
  Bits selected(const Registers& registers, Net first, std::size_t width) const {
    if (registers.only_second && first != kZero)
      cell_.refuse("INMODE takes the first of two registers where there is one");
    Bits bits;
    for (std::size_t i = 0; i < width; ++i)
      bits.push_back(mux_of(netlist_, first, registers.second[i], registers.first[i]));
    return bits;
  }

  Bits gated(Bits bits, Net gate) const {
    for (Net& bit : bits) bit = and_of(netlist_, bit, gate);
    return bits;
  }

  Bits inverted_where(Bits bits, Net invert) const {
    for (Net& bit : bits) bit = xor_of(netlist_, bit, invert);
    return bits;
  }

  Bits product() {
    if (cell_.choice("USE_MULT", {"MULTIPLY", "NONE"}) == 1)
      cell_.refuse("OPMODE takes a product, and USE_MULT is NONE");
    const Bits mode = control("INMODE", "INMODEREG", "CEINMODE", "RSTINMODE");
    const std::size_t width = second_ ? 27 : 25;
    Bits a = gated(selected(a_, mode[0], width), not_of(netlist_, mode[1]));
    const int with_d = second_ ? cell_.choice("AMULTSEL", {"A", "AD"})
                               : cell_.choice("USE_DPORT", {"FALSE", "TRUE"});
    if (with_d == 1) {
      const Bits d = gated(staged("DREG", cell_.nets("D"), "CED", "RSTD"), mode[2]);
      const Bits sum = sum_of(netlist_, d, inverted_where(a, mode[3]), mode[3]);
      a = staged("ADREG", sum, "CEAD", "RSTD");
    }
    const Bits b = selected(b_, mode[4], 18);
    Bits product = staged("MREG", product_of(netlist_, a, b, width + 18), "CEM", "RSTM");
    product.resize(kDspWidth, product.back());
    return product;
  }

  void check(const OpMode& mode) const {
    const bool sum = mode.x == kXSum || mode.z == kZSum || mode.z == kZSumAgain ||
                     mode.z == kZSumShifted || mode.w == kWSum;
    const bool defined = (mode.x == kXProduct) == (mode.y == kYProduct) && mode.z < 7 &&
                         (mode.z != kZSumAgain || (mode.x == 0 && mode.y == kYOnes)) &&
                         (!sum || has_sum_);
    if (!defined)
      cell_.refuse("there is no model of OPMODE {}{:03b} {:02b} {:02b} with PREG = {}",
                   second_ ? fmt::format("{:02b} ", mode.w) : "", mode.z, mode.y, mode.x,
                   has_sum_ ? 1 : 0);
  }

  /// All that its nets can become.
  std::vector<OpMode> modes(const Bits& nets) const {
    Bits free = nets;
    std::sort(free.begin(), free.end());
    free.erase(std::unique(free.begin(), free.end()), free.end());
    std::erase_if(free, [](Net net) { return net <= kOne; });
    std::vector<OpMode> all;
    for (unsigned choice = 0; choice < 1U << free.size(); ++choice) {
      unsigned code = 0;
      for (std::size_t i = 0; i < nets.size(); ++i) {
        const auto at = std::lower_bound(free.begin(), free.end(), nets[i]);
        const unsigned bit = nets[i] <= kOne ? nets[i] : choice >> (at - free.begin()) & 1U;
        code |= bit << i;
      }
      all.push_back({code & 3U, code >> 2 & 3U, code >> 4 & 7U, code >> 7});
      check(all.back());
    }
    return all;
  }

  /// The inputs of a multiplexer by their numbers; those that are never taken are empty.
  Bits multiplexed(std::vector<Bits> inputs, const Bits& selects) const {
    for (const Net select : selects) {
      std::vector<Bits> half;
      for (std::size_t i = 0; i < inputs.size(); i += 2) {
        if (inputs[i].empty() || inputs[i + 1].empty()) {
          half.push_back(inputs[i].empty() ? inputs[i + 1] : inputs[i]);
          continue;
        }
        half.emplace_back();
        for (std::size_t k = 0; k < kDspWidth; ++k)
          half.back().push_back(mux_of(netlist_, select, inputs[i][k], inputs[i + 1][k]));
      }
      inputs = std::move(half);
    }
    return inputs[0];
  }

  Bits x_input(unsigned code) {
    if (code == kXProduct) return product();
    if (code == kXSum) return sum_;
    if (code != kXConcatenated) return Bits(kDspWidth, kZero);
    Bits both = b_.second;
    both.insert(both.end(), a_.second.begin(), a_.second.end());
    return both;
  }

  Bits y_input(unsigned code) const {
    if (code == kYC) return c_;
    return Bits(kDspWidth, code == kYOnes ? kOne : kZero);  // the product is all in X
  }

  Bits z_input(unsigned code) const {
    switch (code) {
      case kZCascade:
        return cell_.nets("PCIN");
      case kZCascadeShifted:
        return above_17(cell_.nets("PCIN"));
      case kZC:
        return c_;
      case kZSum:
      case kZSumAgain:
        return sum_;
      case kZSumShifted:
        return above_17(sum_);
      default:
        return Bits(kDspWidth, kZero);
    }
  }

  Bits w_input(unsigned code) const {
    if (code == kWSum) return sum_;
    if (code == kWC) return c_;
    Bits bits(kDspWidth, kZero);
    if (code != kWRound) return bits;
    const std::vector<bool> round = cell_.bits("RND", static_cast<int>(kDspWidth));
    std::transform(round.begin(), round.end(), bits.begin(),
                   [](bool one) { return one ? kOne : kZero; });
    return bits;
  }

  Bits result() {
    c_ = staged("CREG", cell_.nets("C"), "CEC", "RSTC");
    const Bits mode = control("OPMODE", "OPMODEREG", "CECTRL", "RSTCTRL");
    std::vector<Bits> x(4), y(4), z(8), w(4);
    for (const OpMode& possible : modes(mode)) {
      if (x[possible.x].empty()) x[possible.x] = x_input(possible.x);
      if (y[possible.y].empty()) y[possible.y] = y_input(possible.y);
      if (z[possible.z].empty()) z[possible.z] = z_input(possible.z);
      if (w[possible.w].empty()) w[possible.w] = w_input(possible.w);
    }
    return add(
        {.x = multiplexed(std::move(x), {mode[0], mode[1]}),
         .y = multiplexed(std::move(y), {mode[2], mode[3]}),
         .z = multiplexed(std::move(z), {mode[4], mode[5], mode[6]}),
         .w = second_ ? multiplexed(std::move(w), {mode[7], mode[8]}) : Bits(kDspWidth, kZero)});
  }

  /// Sums, and by ALUMODE's upper bits the logic that two steps of an adder of three numbers give.
  Bits add(Terms terms) {
    auto& [x, y, z, w] = terms;
    const Bits mode = control("ALUMODE", "ALUMODEREG", "CEALUMODE", "RSTALUMODE");
    const Net sums = not_of(netlist_, or_of(netlist_, mode[2], mode[3]));
    const Bits carry_in = control("CARRYIN", "CARRYINREG", "CECARRYIN", "RSTALLCARRYIN");
    const Net carry = and_of(netlist_, carry_in[0], sums);
    if (!is_zero(w)) {
      if (sums != kOne) cell_.refuse("logic (ALUMODE) of four numbers (OPMODE's W) has no model");
      x = sum_of(netlist_, x, w, kZero);
    }
    z = inverted_where(std::move(z), mode[0]);
    if (sums == kOne && is_zero(y)) return inverted_where(sum_of(netlist_, x, z, carry), mode[1]);
    Bits ones, twos{carry};
    for (std::size_t i = 0; i < kDspWidth; ++i) {
      const Net majority = netlist_.lut(kMajority, {x[i], y[i], z[i]});
      const Net parity = netlist_.lut(kXor3, {x[i], y[i], z[i]});
      ones.push_back(mux_of(netlist_, mode[3], parity, majority));
      twos.push_back(and_of(netlist_, majority, not_of(netlist_, mode[2])));
    }
    twos.pop_back();
    return inverted_where(sum_of(netlist_, ones, twos, kZero), mode[1]);
  }

  void drive(std::string_view pin, const Bits& bits) const {
    for (std::size_t i = 0; i < bits.size(); ++i)
      cell_.drive(cell_.nets(pin)[i], kBuffer, {bits[i]});
  }

  const Cell& cell_;
  Netlist& netlist_;
  bool second_;  ///< DSP48E2
  std::map<std::string, Net> resets_;
  bool has_sum_ = false;  ///< a register of the result
  Bits sum_, c_;
  Registers a_, b_;
};

}  // namespace

void build_dsp48(const Cell& cell) { Dsp48Builder(cell).build(); }

}  // namespace assay::netlist
