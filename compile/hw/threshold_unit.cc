// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/threshold_unit.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::hw {
namespace {

constexpr int kMaxInputBits = 63;  // so that a code needs no more than 64

/// The smallest code (see add_thresholds) that reaches `threshold`; 2^bits when none does.
std::uint64_t code_of(const DataType& input, std::int64_t threshold) {
  if (input.kind == DataType::Kind::kBipolar) return threshold <= -1 ? 0 : threshold <= 1 ? 1 : 2;
  const std::uint64_t end = std::uint64_t{1} << input.bits;
  if (!input.is_signed())
    return threshold <= 0 ? 0 : std::min(static_cast<std::uint64_t>(threshold), end);
  const std::int64_t half = std::int64_t{1} << (input.bits - 1);
  if (threshold <= -half) return 0;
  // Both are below 2^63 in magnitude, and the sum is taken modulo 2^64.
  return threshold >= half
             ? end
             : static_cast<std::uint64_t>(threshold) + static_cast<std::uint64_t>(half);
}

int count_bits(std::int64_t steps) {
  return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(steps)));
}

/// What the count of steps is added to so that the sum is the output's bit pattern.
std::int64_t output_bias(const Node& node, const ThresholdUnit& unit) {
  const bool bipolar = unit.output.kind == DataType::Kind::kBipolar;
  const Levels& levels = unit.levels;
  if (levels.out_scale != (bipolar ? 2 : 1))
    layer_error(node, fmt::format("out_scale is {}, its hardware needs {} for {}", levels.out_scale,
                                  bipolar ? 2 : 1, unit.output.name()));
  if (bipolar && levels.out_bias % 2 == 0)
    layer_error(node, fmt::format("out_bias {} makes no BIPOLAR values", levels.out_bias));
  // -1 is stored as 0 and +1 as 1; an odd number's half is rounded up.
  const std::int64_t bias = bipolar ? (levels.out_bias + 1) / 2 : levels.out_bias;
  const std::int64_t limit = std::int64_t{1} << 30;
  if (bias < -limit || bias > limit) layer_error(node, "out_bias exceeds 30 bits");
  return bias;
}

void check(const Node& node, const ThresholdUnit& unit) {
  if (unit.input.bits > kMaxInputBits)
    layer_error(node, fmt::format("it compares numbers of {} bits, more than {}", unit.input.bits,
                                  kMaxInputBits));
  if (count_bits(unit.steps) > kMaxCountBits)
    layer_error(node, fmt::format("{} thresholds per channel are more than its {} bits count",
                                  unit.steps, kMaxCountBits));
}

std::string stage_file(int s) {
  return std::string("thresholds_") + "0123456789abcdef"[s] + ".hex";
}

/// `stages`: of a search; 0: comparators, whose lanes read one word unless their rows differ.
void add_stores(Layer& layer, const ThresholdUnit& unit, int stages, std::int64_t lanes) {
  const std::int64_t bits = unit.input.bits + 1, row = unit.steps * bits;
  if (stages == 0 && unit.lane_rows)
    layer.stores.push_back({"thresholds.hex", lanes, row, unit.rows});
  else if (stages == 0)
    layer.stores.push_back({"thresholds.hex", 1, lanes * row, unit.rows});
  for (int s = 0; s < stages; ++s)
    layer.stores.push_back({stage_file(s), lanes, bits, unit.rows << s});
}

class Images {
 public:
  explicit Images(const ThresholdUnit& unit)
      : unit_(unit), lanes_(unit.shared ? 1 : unit.lanes), bits_(unit.input.bits + 1) {
    for (const std::int64_t value : unit.values) codes_.push_back(code_of(unit.input, value));
    // The count does not depend on the order, the search does.
    for (std::int64_t at = 0; at < std::ssize(codes_); at += unit.steps)
      std::sort(codes_.begin() + at, codes_.begin() + at + unit.steps);
  }

  MemoryImage words() const {
    MemoryImage image("thresholds.hex", static_cast<int>(lanes_ * unit_.steps) * bits_);
    for (const std::uint64_t code : codes_) image.append(static_cast<std::int64_t>(code), bits_);
    return image;
  }

  MemoryImage stage(int s) const {
    const int b = count_bits(unit_.steps);
    MemoryImage image(stage_file(s), static_cast<int>(lanes_) * bits_);
    for (std::int64_t row = 0; row < unit_.rows; ++row)
      for (std::int64_t prefix = 0; prefix < std::int64_t{1} << s; ++prefix)
        for (std::int64_t lane = 0; lane < lanes_; ++lane)
          image.append(at(row, lane, (2 * prefix + 1) * (std::int64_t{1} << (b - 1 - s)) - 1),
                       bits_);
    return image;
  }

 private:
  std::int64_t at(std::int64_t row, std::int64_t lane, std::int64_t step) const {
    const std::uint64_t code =
        step < unit_.steps
            ? codes_[static_cast<std::size_t>((row * lanes_ + lane) * unit_.steps + step)]
            : std::uint64_t{1} << unit_.input.bits;
    return static_cast<std::int64_t>(code);
  }

  const ThresholdUnit& unit_;
  std::int64_t lanes_;
  int bits_;
  std::vector<std::uint64_t> codes_;
};

}  // namespace

std::string threshold_style(std::string_view wanted, std::int64_t steps) {
  if (wanted != "auto") return std::string(wanted);
  return steps <= 3 ? "comparators" : "search";
}

std::int64_t add_thresholds(Layer& layer, const Node& node, ThresholdUnit unit, bool with_images) {
  if (unit.steps == 0) {  // a constant output: one threshold that is never reached
    unit.steps = 1;
    unit.values.assign(static_cast<std::size_t>(unit.rows * (unit.shared ? 1 : unit.lanes)),
                       std::numeric_limits<std::int64_t>::max());
  }
  check(node, unit);
  const std::string style = threshold_style(unit.style, unit.steps);
  if (style != "comparators" && style != "search")
    layer_error(node,
                fmt::format("preferred_impl_style is '{}'; choose auto, comparators or search",
                            printable(style)));
  const bool search = style == "search";
  const int stages = count_bits(unit.steps), bits = unit.input.bits + 1;
  const std::int64_t lanes = unit.shared ? 1 : unit.lanes;
  // The largest single memory of the unit decides.
  const std::int64_t words = search ? unit.rows << (stages - 1) : unit.rows;
  const std::string ram =
      memory_style(unit.ram_style, words, search ? bits : lanes * unit.steps * bits);

  layer.memories.push_back({"thresholds", ram,
                            search ? unit.rows * ((std::int64_t{1} << stages) - 1) : unit.rows,
                            static_cast<int>(search ? lanes * bits : lanes * unit.steps * bits)});
  layer.parameters.insert(layer.parameters.end(),
                          {{"Steps", unit.steps},
                           {"Search", std::int64_t{search}},
                           {"ThresholdRows", unit.rows},
                           {"SharedThresholds", std::int64_t{unit.shared}},
                           {"BlockThresholds", std::int64_t{ram == "block"}},
                           {"OutBits", std::int64_t{unit.output.bits}},
                           {"OutBias", output_bias(node, unit)},
                           {"ThresholdFile", std::string("thresholds")}});
  if (unit.writable) add_stores(layer, unit, search ? stages : 0, lanes);
  if (with_images) {
    const Images images(unit);
    if (!search) layer.images.push_back(images.words());
    for (int s = 0; search && s < stages; ++s) layer.images.push_back(images.stage(s));
  }
  return search ? stages : 2;
}

void estimate_threshold_unit(ResourceModel& m, const ModuleParameters& p, std::int64_t in_bits,
                             bool lane_rows) {
  const std::int64_t pe = p("Pe"), steps = p("Steps"), rows = p("ThresholdRows"),
                     bits = in_bits + 1, count = bits_for(steps + 1),
                     lanes = p("SharedThresholds") ? 1 : pe;
  const bool block = p("BlockThresholds") != 0,
             writable = p("Writable") + p("WritableWeights") != 0;
  const std::int64_t row_bits = rows > 1 ? bits_for(rows) * (lane_rows ? pe : 1) : 0;
  if (p("Search")) {
    for (std::int64_t s = 0; s < count; ++s) {
      const std::int64_t words = rows << s;
      const bool many = lane_rows || s > 0;  // addresses differ between lanes
      if (writable)
        m.store(words, bits, pe, block && words > 64);
      else if (block && words > 64)
        m.rom(words, many ? bits : lanes * bits, many ? pe : 1, true, true);
      else
        m.late_rom(words, many ? bits : lanes * bits, many ? pe : 1);
      m.comparators(pe, bits);
      m.registers(pe * (in_bits + s) + row_bits);
    }
    m.registers(count);
  } else {
    m.registers(pe * (in_bits + count) + 2);
    const std::int64_t row = steps * bits * (lane_rows ? 1 : lanes), ports = lane_rows ? pe : 1;
    if (writable)
      m.store(rows, row, ports, block);
    else
      block ? m.rom(rows, row, ports, true, true) : m.late_rom(rows, row, ports);
    m.comparators(pe * steps, bits);
    m.luts(pe * (steps - 1));
  }
  m.luts(pe * (p("OutBias") ? p("OutBits") : 0) + 2);
  m.skid(pe * p("OutBits"));
}

}  // namespace assay::hw
