// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/resources.h"

#include <algorithm>
#include <numeric>

#include "compile/base/error.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace {

// One function per module of rtl/, in terms of the structures in it.

void replay_buffer(ResourceModel& m, std::int64_t bits, std::int64_t length, std::int64_t repeats) {
  if (repeats == 1) return m.registers(bits + 1);
  m.counter(2 * length);
  m.counter(2 * length);
  m.counter(repeats);
  m.luts(2 * bits_for(2 * length) + 8);  // where banks begin and end
  m.registers(5);
  m.buffer(2 * length, bits);
}

/// Whether the weights are never others: a single word in LUTs.
bool constant_weights(const ModuleParameters& p) {
  return p("RowFolds") * p("ColumnFolds") == 1 && !p("RegisteredWeights") &&
         !p.text("WeightFile").empty();
}

void popcount_dot(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t simd = p("Simd"), in = p("InBits"), weight = p("WeightBits"),
                     sum = p("AccBits"), count = bits_for(simd + 1);
  const bool bipolar = p("InBipolar") != p("WeightBipolar");
  m.popcount(simd, in * weight, constant_weights(p));
  m.registers(in * weight * count + sum);
  if (p("InBipolar") && bipolar) {
    m.popcount(simd, weight);
    m.registers(weight * count);
  }
  // Counts of higher planes are added further up; bipolar ones take a constant or a count off.
  const std::int64_t terms = in * weight + (p("InBipolar") || p("WeightBipolar") ? 1 : 0);
  m.adders(terms, std::min(sum, count + in + weight));
}

void product_dot(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t a = p("InBits") + (p("InSigned") ? 0 : 1),
                     b = p("WeightBits") + (p("WeightSigned") ? 0 : 1), simd = p("Simd");
  m.multipliers(constant_weights(p) ? (simd + 1) / 2 : simd, a, b,
                p("Dsp") != 0 && !constant_weights(p));
  m.registers(p("AccBits"));
  m.adders(simd, std::min(p("AccBits"), a + b + bits_for(simd) / 2));
}

void weight_memory(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = p("RowFolds") * p("ColumnFolds"),
                     bits = p("Pe") * p("Simd") * p("WeightBits");
  m.counter(words);
  m.rom(words, bits, 1, p("BlockWeights") != 0, p("RegisteredWeights") != 0);
}

/// assay_threshold_unit; `lane_rows`: every lane reads a row of its own.
void threshold_unit(ResourceModel& m, const ModuleParameters& p, std::int64_t in_bits,
                    bool lane_rows) {
  const std::int64_t pe = p("Pe"), steps = p("Steps"), rows = p("ThresholdRows"),
                     bits = in_bits + 1, count = bits_for(steps + 1),
                     lanes = p("SharedThresholds") ? 1 : pe;
  const bool block = p("BlockThresholds") != 0;
  const std::int64_t row_bits = rows > 1 ? bits_for(rows) * (lane_rows ? pe : 1) : 0;
  if (p("Search")) {
    for (std::int64_t s = 0; s < count; ++s) {
      const std::int64_t words = rows << s;
      const bool many = lane_rows || s > 0;  // addresses differ between lanes
      m.rom(words, many ? bits : lanes * bits, many ? pe : 1, block && words > 64, true);
      m.comparators(pe, bits);
      m.registers(pe * (in_bits + s) + row_bits);
    }
    m.registers(count);
  } else {
    m.registers(pe * (in_bits + count) + 2);
    m.rom(rows, steps * bits * (lane_rows ? 1 : lanes), lane_rows ? pe : 1, block, true);
    m.comparators(pe * steps, bits);
    m.luts(pe * (steps - 1));
  }
  m.luts(pe * (p("OutBias") ? p("OutBits") : 0) + 2);
  m.skid(pe * p("OutBits"));
}

void position_row(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = bits_for(p("ThresholdRows"));
  for (const char* size : {"PixelBeats", "Width", "Height"}) m.counter(p(size));
  m.rom(p("Width"), bits, 1, false, false);
  m.rom(p("Height"), bits, 1, false, false);
  m.accumulator(bits);
}

void thresholding(ResourceModel& m, const ModuleParameters& p, std::int64_t in_bits) {
  p("Height") ? position_row(m, p) : m.counter(p("ThresholdRows"));
  threshold_unit(m, p, in_bits, false);
}

void mvu_layer(ResourceModel& m, const ModuleParameters& p) {
  const bool depthwise = p("Depthwise") != 0;
  const std::int64_t pe = p("Pe"), vectors = depthwise ? pe : 1, acc = p("AccBits");
  replay_buffer(m, p("Simd") * vectors * p("InBits"), p("ColumnFolds"),
                depthwise ? 1 : p("RowFolds"));
  m.counter(p("ColumnFolds"));
  m.registers(7);
  m.luts(6);
  if (p("Popcount") && p("WeightBipolar") && !p("InBipolar")) {
    m.popcount(p("Simd"), vectors * p("InBits"));
    m.registers(vectors * p("InBits") * bits_for(p("Simd") + 1));
  }
  for (std::int64_t lane = 0; lane < pe; ++lane) {
    p("Popcount") ? popcount_dot(m, p) : product_dot(m, p);
    m.accumulator(acc);
  }
  p("Steps") ? thresholding(m, p, acc) : m.skid(pe * p("OutBits"));
}

void mvau(ResourceModel& m, const ModuleParameters& p) {
  weight_memory(m, p);
  mvu_layer(m, p);
}

void join_threshold(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t pe = p("Pe"), streams = p("Streams"), folds = p("ChannelFolds");
  m.counter(folds);
  m.luts(2);
  const auto width = [&](std::int64_t s) {
    return p(s < 4 ? "WidthsLow" : "WidthsHigh") >> (7 * (s % 4)) & 127;
  };
  if (!p("Line")) return threshold_unit(m, p, width(0), true);
  const std::int64_t bits = p("MultiplierBits"), sum = p("SumBits");
  m.rom(p("MultiplierRows"), (p("SharedMultipliers") ? 1 : pe) * streams * bits, 1, false, true);
  m.registers(3 * bits_for(folds) + 3);
  for (std::int64_t s = 0; s < streams; ++s) {
    const std::int64_t a = width(s) + ((p("SignedStreams") >> s & 1) ? 0 : 1);
    m.registers(pe * width(s));
    m.multipliers(pe, a, bits, width(s) >= 4 && bits >= 4);
  }
  for (std::int64_t lane = 0; lane < pe; ++lane) m.adders(streams, sum);
  m.registers(pe * sum);
  threshold_unit(m, p, sum, false);
}

void fm_padding(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("ElemBits");
  const std::int64_t rows = p("PadTop") + (p("Height") - 1) * p("InsertH") + 1 + p("PadBottom"),
                     columns = p("PadLeft") + (p("Width") - 1) * p("InsertW") + 1 + p("PadRight");
  for (const std::int64_t n : {rows, rows, columns, columns}) m.counter(n + 1);
  m.counter(p("Folds") + 1);
  m.luts(bits_for(rows) + bits_for(columns) + 6);
  m.registers(1);
  m.skid(bits);
}

void windows(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = p("Height") * p("Width") * p("Folds"), depth = p("Depth");
  const std::int64_t address = bits_for(depth), count = bits_for(depth + 2 * words) + 1;
  for (const std::int64_t n : {p("Height"), p("Width")}) m.counter(n);
  for (int i = 0; i < 3; ++i) m.counter(p("KernelH") + p("KernelW") + p("Folds"));
  m.registers(2 * address + 2 * count + 1);
  m.arithmetic(4 * address + 6 * count);  // two rings, and two counts that jump
  m.luts(address + count);
  m.ram(depth, p("Bits"), p("Block") != 0);
  m.skid(p("Bits"));
}

void parallel_windows(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Bits"), height = p("KernelH"), width = p("KernelW"),
                     column = p("DilationW") * p("Folds"),
                     line = p("DilationH") * p("Width") * p("Folds") - (width - 1) * column;
  for (const std::int64_t n : {p("Height"), p("Height"), p("Width"), p("Width")}) m.counter(n + 1);
  m.counter(p("Folds") + 1);
  m.luts(bits_for(p("Height")) + bits_for(p("Width")) + 4);
  if (height > 1) m.delay(line, (height - 1) * bits, p("Block") != 0);
  if (width > 1) m.delay(column, height * (width - 1) * bits, false);
  m.skid(height * width * bits);
}

void pool(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"),
                     acc = p("InBits") + 1 + (p("Sum") ? bits_for(p("Taps")) : 0);
  m.counter(p("Taps") + 1);
  m.registers(lanes * (p("Sum") || p("InSigned") ? acc : p("InBits")));
  m.arithmetic(lanes * acc);
  m.luts(lanes * acc);
  m.skid(lanes * p("OutBits"));
}

void global_acc_pool(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), acc = p("InBits") + bits_for(p("Pixels"));
  m.counter(p("Folds"));
  m.counter(p("Pixels") + 1);
  p("Folds") > 1 ? m.ram(p("Folds"), lanes * acc, p("Block") != 0) : m.registers(lanes * acc);
  m.arithmetic(lanes * acc);
  m.luts(lanes * acc);
  m.skid(lanes * p("OutBits"));
}

void label_select(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t k = p("K"), lanes = p("Lanes"), in = p("InBits"),
                     index = bits_for(p("Classes"));
  m.counter(p("Classes") / lanes);
  m.registers(index + 2 * k * (in + index) + k + bits_for(k + 1));
  m.luts(index + 4);
  m.comparators(lanes * k, in);
  m.luts(lanes * k * (in + index) + (k > 1 ? lanes * (k - 1) * (in + index) : 0));
  m.luts((k > 1 ? k - 1 : 0) * (in + index));
  if (p("HasValues")) m.skid(in);
  if (p("HasIndices")) m.skid(p("IndexBits"));
}

void channelwise_op(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), a = p("InBits") + (p("InSigned") ? 0 : 1),
                     b = p("ParameterBits");
  const std::string function = p.text("Function");
  m.counter(p("Words"));
  m.rom(p("Words"), lanes * b, 1, p("Block") != 0, true);
  if (function == "mul")
    m.multipliers(lanes, a, b, false, false);
  else
    m.luts(lanes * (std::max(a, b) + 1) * (function == "add" ? 1 : 2));
  m.skid(lanes * p("OutBits"));
}

void add_streams(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("OutBits");
  m.luts(bits + 2);
  m.skid(bits);
}

void eltwise_mul(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t lanes = p("Lanes"), words = p("Words"), factors = lanes * p("In1Bits");
  const auto wide = [&](const char* bits, const char* is_signed, const char* bipolar) {
    return p(bits) + (p(bipolar) || !p(is_signed) ? 1 : 0);
  };
  m.multipliers(lanes, wide("In0Bits", "In0Signed", "In0Bipolar"),
                wide("In1Bits", "In1Signed", "In1Bipolar"), false, false);
  m.luts(2);
  if (p("Repeats") > 1) {
    m.counter(p("Repeats"));
    m.counter(words);
    m.luts(factors);
    words > 1 ? m.ram(words, factors, p("Block") != 0) : m.registers(factors);
  }
  m.skid(lanes * p("OutBits"));
}

void duplicate_streams(ResourceModel& m, const ModuleParameters& p) {
  m.registers(p("Outputs"));
  m.luts(2 * p("Outputs"));
  m.skid(p("Bits"));
}

void turns(ResourceModel& m, std::int64_t streams, std::int64_t beats) {
  m.counter(beats);
  m.registers(streams);
  m.luts(3 * streams);
}

void concat(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Lanes") * p("OutBits");
  turns(m, p("Inputs"), p.largest_beats());
  m.luts((p("Inputs") - 1) * bits / 2);
  m.skid(bits);
}

void split(ResourceModel& m, const ModuleParameters& p) {
  turns(m, p("Outputs"), p.largest_beats());
  m.skid(p("Bits"));
}

void upsample(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = (p("ScaleH") > 1 ? p("Width") : 1) * p("Folds"), bits = p("Bits");
  for (const std::int64_t n : {p("Folds") + 1, p("ScaleH") + 1, p("ScaleW") + 1, words})
    m.counter(n);
  m.registers(words > 1 ? bits_for(words) + 1 + bits : bits);
  m.luts(bits_for(words) + (words > 1 ? bits : 0) + 6);
  if (words > 1) m.ram(words, bits, p("Block") != 0);
  m.skid(bits);
}

void converter(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t in = p("InLanes"), out = p("OutLanes"), bits = p("Bits");
  if (in != out) {
    const std::int64_t common = std::gcd(in, out), room = in + out - common;
    m.counter(room / common);
    m.luts(bits_for(room / common));
    m.registers(room * bits);
    // Collecting enables a unit at a time; shifting moves what is held, and the input by what is.
    if (in == common)
      m.luts(out / common);
    else
      m.shifter(room * bits);
  }
  m.skid(out * bits);
}

void fifo(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t depth = p("Depth"), bits = p("Bits");
  const bool block = p("Block") != 0;
  for (int i = 0; i < 2; ++i) m.counter(block ? depth - 2 : depth);
  m.counter(depth + 1);
  m.luts(bits_for(depth + 1) + 3);
  if (!block) return m.async_ram(depth, bits);
  m.counter(depth + 1);
  m.luts(bits_for(depth + 1) + 3);
  m.registers(bits + 2);
  m.ram(depth - 2, bits, true);
}

struct ModuleModel {
  std::string_view module;
  void (*estimate)(ResourceModel&, const ModuleParameters&);
};

constexpr ModuleModel kModules[] = {
    {"assay_mvau", mvau},
    {"assay_mvu_layer", mvu_layer},
    {"assay_thresholding", [](auto& m, const auto& p) { thresholding(m, p, p("InBits")); }},
    {"assay_join_threshold", join_threshold},
    {"assay_fm_padding", fm_padding},
    {"assay_convolution_input_generator", windows},
    {"assay_swg_parallel", parallel_windows},
    {"assay_pool", pool},
    {"assay_global_acc_pool", global_acc_pool},
    {"assay_label_select", label_select},
    {"assay_channelwise_op", channelwise_op},
    {"assay_add_streams", add_streams},
    {"assay_eltwise_mul", eltwise_mul},
    {"assay_duplicate_streams", duplicate_streams},
    {"assay_streaming_concat", concat},
    {"assay_streaming_split", split},
    {"assay_upsample", upsample},
    {"assay_data_width_converter", converter},
    {"assay_fifo", fifo},
    {"assay_tlast_marker", [](auto& m, const auto& p) {
       m.counter(p("Beats"));
       m.skid(p("Bits") + 1);
     }}};

}  // namespace

Resources& Resources::operator+=(const Resources& other) {
  lut += other.lut;
  ff += other.ff;
  bram += other.bram;
  dsp += other.dsp;
  return *this;
}

Resources estimate_resources(const Layer& layer, Family family, bool has_dsp) {
  const auto model = std::ranges::find(kModules, layer.module, &ModuleModel::module);
  ASSAY_INVARIANT(model != std::end(kModules), "no resource model for a module");
  ResourceModel m(family, has_dsp);
  model->estimate(m, ModuleParameters(layer));
  return m.total();
}

}  // namespace assay::hw
