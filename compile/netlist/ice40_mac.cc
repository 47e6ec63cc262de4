// SPDX-License-Identifier: Apache-2.0
#include "compile/netlist/ice40_mac.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/netlist/gates.h"
#include "compile/netlist/product.h"

namespace assay::netlist {
namespace {

using Bits = std::vector<Net>;

/// A number with its sign behind it.
Bits with_sign(Bits bits, bool is_signed) {
  bits.push_back(is_signed ? bits.back() : kZero);
  return bits;
}

Bits byte_of(const Bits& bits, std::ptrdiff_t first) {
  return {bits.begin() + first, bits.begin() + first + 8};
}

Bits word_of(const Bits& bits, std::ptrdiff_t first) {
  return {bits.begin() + first, bits.begin() + first + 16};
}

/// 32 bits of a product of bytes that counts from bit `first` on.
Bits shifted(const Bits& product, std::size_t first, bool is_signed) {
  Bits all(first, kZero);
  all.insert(all.end(), product.begin(), product.end());
  all.resize(32, is_signed ? product.back() : kZero);
  return all;
}

/// Names are those of Yosys' model, +/ice40/cells_sim.v, without their i.
class MacBuilder {
 public:
  MacBuilder(Netlist& netlist, const Ice40Mac& mac) : netlist_(netlist), mac_(mac) {}

  void build() {
    a_ = input("A"), b_ = input("B");
    const bool a_signed = is("A_SIGNED"), b_signed = is("B_SIGNED"), bytes = is("MODE_8x8");
    f_ = staged("TOP_8x8_MULT_REG", product(byte_of(a_, 8), a_signed, byte_of(b_, 8), b_signed));
    g_ = staged("BOT_8x8_MULT_REG",
                product(byte_of(a_, 0), a_signed && bytes, byte_of(b_, 0), b_signed && bytes));
    h_ = whole_product();
    const Half low{"BOT", b_, input("D"), g_, word_of(h_, 0), pin("SIGNEXTIN"), low_carry()};
    const Net carry = add_half(low, 0);
    Half high{"TOP", a_, input("C"), f_, word_of(h_, 16), addend(low).back(), high_carry(carry)};
    const Net last = add_half(high, 16);
    drive("ACCUMCO", last);
    drive("CO", xor_of(netlist_, last, pin("ADDSUBTOP")));
    drive("SIGNEXTOUT", addend(high).back());
  }

 private:
  /// What the adder of a half is made of.
  struct Half {
    std::string_view name;
    Bits in, preset, byte_product, product;
    Net sign = kZero, carry = kZero;
  };

  int setting(std::string_view name) const {
    const auto at = mac_.settings.find(name);
    ASSAY_INVARIANT(at != mac_.settings.end(), fmt::format("a DSP without its {}", name));
    return at->second;
  }
  bool is(std::string_view name) const { return setting(name) != 0; }
  int setting(const Half& half, std::string_view name) const {
    return setting(fmt::format("{}{}", half.name, name));
  }
  const Bits& bus(std::string_view name) const {
    const auto at = mac_.pins.find(name);
    ASSAY_INVARIANT(at != mac_.pins.end(), fmt::format("a DSP without its {}", name));
    return at->second;
  }
  Net pin(std::string_view name) const { return bus(name).at(0); }
  Net pin(std::string_view name, const Half& half) const {
    return pin(fmt::format("{}{}", name, half.name));
  }

  void store(Net q, Net d, Net hold) {
    FlipFlop cell{.name = mac_.name, .q = q, .d = d};
    cell.clock = pin("CLK"), cell.falling = mac_.falling;
    cell.enable = and_of(netlist_, pin("CE"), not_of(netlist_, hold));
    cell.initial = Initial::kZero;
    netlist_.flip_flops.push_back(std::move(cell));
  }

  /// Bits that are one, such as copies of a sign, stay one, and zeros are zeros: products get smaller.
  Bits registered(const Bits& d, Net hold) {
    std::map<Net, Net> stored{{kZero, kZero}};
    Bits q;
    for (const Net bit : d) {
      const auto [at, fresh] = stored.try_emplace(bit, kZero);
      if (fresh) store(at->second = netlist_.new_net(), bit, hold);
      q.push_back(at->second);
    }
    return q;
  }

  Bits staged(std::string_view stage, const Bits& d) {
    return is(stage) ? registered(d, kZero) : d;
  }

  Bits input(const std::string& name) {
    return is(name + "_REG") ? registered(bus(name), pin(name + "HOLD")) : bus(name);
  }

  Bits product(const Bits& a, bool a_signed, const Bits& b, bool b_signed) {
    return product_of(netlist_, with_sign(a, a_signed), with_sign(b, b_signed), 2 * a.size());
  }

  /// Where all products of bytes are registered alike, that is the same as if their sum were: it is 0
  /// when they are, as at the start.
  Bits whole_product() {
    const bool bytes = is("MODE_8x8"), first = is("PIPELINE_16x16_MULT_REG1");
    const bool alike = !bytes && is("TOP_8x8_MULT_REG") == first && is("BOT_8x8_MULT_REG") == first;
    const Bits sum =
        alike ? staged("PIPELINE_16x16_MULT_REG1", product(a_, is("A_SIGNED"), b_, is("B_SIGNED")))
              : sum_of_byte_products();
    if (!is("PIPELINE_16x16_MULT_REG2")) return sum;
    return bytes ? Bits(32, kZero) : registered(sum, kZero);
  }

  /// Registers within do not load in 8 x 8.
  Bits sum_of_byte_products() {
    const bool a_signed = is("A_SIGNED"), b_signed = is("B_SIGNED");
    Bits j = product(byte_of(a_, 0), false, byte_of(b_, 8), b_signed);
    Bits k = product(byte_of(a_, 8), a_signed, byte_of(b_, 0), false);
    for (Bits* inner : {&j, &k})
      *inner = is("PIPELINE_16x16_MULT_REG1") && is("MODE_8x8")
                   ? Bits(16, kZero)
                   : staged("PIPELINE_16x16_MULT_REG1", *inner);
    const Bits outer = sum_of(netlist_, shifted(g_, 0, false), shifted(f_, 16, false), kZero);
    const Bits inner = sum_of(netlist_, shifted(j, 8, b_signed), shifted(k, 8, a_signed), kZero);
    return sum_of(netlist_, outer, inner, kZero);
  }

  Bits addend(const Half& half) const {
    switch (setting(half, "ADDSUB_LOWERINPUT")) {
      case 0:
        return half.in;
      case 1:
        return half.byte_product;
      case 2:
        return half.product;
      default:
        return Bits(16, half.sign);
    }
  }

  Net low_carry() const {
    const int select = setting("BOTADDSUB_CARRYSELECT");
    return select < 2 ? Net(select) : pin(select == kIce40MacCarryBeside ? "ACCUMCI" : "CI");
  }

  Net high_carry(Net low) {
    const int select = setting("TOPADDSUB_CARRYSELECT");
    if (select < 2) return Net(select);
    return select == 2 ? low : xor_of(netlist_, low, pin("ADDSUBBOT"));
  }

  /// Drives a half of the output; its adder's carry.
  Net add_half(const Half& half, std::size_t first) {
    const Net subtract = pin("ADDSUB", half), load = pin("OLOAD", half);
    const bool preset = setting(half, "ADDSUB_UPPERINPUT") == 1;
    const int select = setting(half, "OUTPUT_SELECT");
    Bits stored(16);
    if (!preset || select == 1)
      std::generate(stored.begin(), stored.end(), [&] { return netlist_.new_net(); });
    Bits other = preset ? half.preset : stored, one = addend(half);
    for (Net& bit : other) bit = xor_of(netlist_, bit, subtract);
    other.push_back(kZero), one.push_back(kZero);
    const Bits sum = sum_of(netlist_, one, other, half.carry);
    Bits next;
    for (std::size_t i = 0; i < 16; ++i)
      next.push_back(mux_of(netlist_, load, xor_of(netlist_, sum[i], subtract), half.preset[i]));
    if (!preset || select == 1)
      for (std::size_t i = 0; i < 16; ++i) store(stored[i], next[i], pin("OHOLD", half));
    const Bits* const outputs[] = {&next, &stored, &half.byte_product, &half.product};
    for (std::size_t i = 0; i < 16; ++i) drive("O", (*outputs[select])[i], first + i);
    return sum.back();
  }

  void drive(std::string_view name, Net net, std::size_t bit = 0) {
    netlist_.lut(kBuffer, {net});
    netlist_.luts.back().out = bus(name).at(bit);
  }

  Netlist& netlist_;
  const Ice40Mac& mac_;
  Bits a_, b_, f_, g_, h_;
};

}  // namespace

std::string add_ice40_mac(Netlist& netlist, const Ice40Mac& mac) {
  for (const char* reset : {"IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT"})
    if (mac.pins.at(reset).at(0) != kZero)
      return fmt::format("an asynchronous reset has no model: its pin {}", reset);
  MacBuilder(netlist, mac).build();
  return "";
}

}  // namespace assay::netlist
