// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace convolution_input_generator {

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// A window generator in words of SIMD channels: the frame is a sequence of H*W*folds of them.
struct Windows {
  std::int64_t height = 1, width = 1, folds = 1;
  std::vector<std::int64_t> kernel, stride, dilation;
  std::int64_t rows = 1, columns = 1;  ///< of windows
  bool grouped = false;

  std::int64_t words() const { return height * width * folds; }
  std::int64_t taps() const { return kernel[0] * kernel[1]; }
  std::int64_t window_beats() const { return taps() * folds; }
  std::int64_t beats() const { return rows * columns * window_beats(); }
  /// The first word of window n; windows of later and earlier frames go on counting.
  std::int64_t base(std::int64_t n) const {
    const std::int64_t frame = floor_div(n, rows * columns), i = n - frame * rows * columns;
    return frame * words() + (i / columns * stride[0] * width + i % columns * stride[1]) * folds;
  }
};

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 4;

/// Where a coordinate is read first: the window's index and the tap's; none: never.
struct FirstUse {
  std::int64_t window = -1, tap = 0;
};

std::vector<FirstUse> first_uses(std::int64_t size, std::int64_t windows, std::int64_t kernel,
                                 std::int64_t stride, std::int64_t dilation) {
  std::vector<FirstUse> uses(static_cast<std::size_t>(size));
  for (std::int64_t n = 0; n < windows; ++n)
    for (std::int64_t k = 0; k < kernel; ++k) {
      FirstUse& use = uses[static_cast<std::size_t>(n * stride + k * dilation)];
      if (use.window < 0) use = {n, k};
    }
  return uses;
}

/// The words that the buffer must hold when reading takes as long as a frame and never pauses: beat
/// j is read in cycle j, each word is written as late as its first reader allows. A word is read in
/// a cycle after it is written, and written in a cycle after a window made room for it.
std::int64_t depth_for_steady_reader(const Windows& s) {
  const auto rows = first_uses(s.height, s.rows, s.kernel[0], s.stride[0], s.dilation[0]);
  const auto columns = first_uses(s.width, s.columns, s.kernel[1], s.stride[1], s.dilation[1]);
  const std::int64_t tap_step = s.grouped ? 1 : s.folds, fold_step = s.grouped ? s.taps() : 1;
  const std::int64_t per_window = s.window_beats();
  std::int64_t depth = 1;
  std::int64_t latest = kNever;  // cycle in which the word after this one is written
  // Backwards over two frames; the first tells how the second one ends.
  for (int pass = 0; pass < 2; ++pass, latest += s.beats())
    for (std::int64_t y = s.height; y-- > 0;)
      for (std::int64_t x = s.width; x-- > 0;) {
        const FirstUse& row = rows[static_cast<std::size_t>(y)];
        const FirstUse& column = columns[static_cast<std::size_t>(x)];
        const bool used = row.window >= 0 && column.window >= 0;
        const std::int64_t first = (row.window * s.columns + column.window) * per_window +
                                   (row.tap * s.kernel[1] + column.tap) * tap_step;
        for (std::int64_t f = s.folds; f-- > 0;) {
          latest = std::min(latest, used ? first + f * fold_step : kNever) - 1;
          if (pass == 0) continue;
          const std::int64_t word = (y * s.width + x) * s.folds + f;
          depth = std::max(depth, word + 1 - s.base(floor_div(latest, per_window)));
        }
      }
  return depth;
}

/// The words that the buffer must hold when writing takes longer and never pauses: word i is
/// written in cycle i, each beat is read as early as its word and the beat before allow.
std::int64_t depth_for_steady_writer(const Windows& s) {
  std::int64_t depth = 1;
  std::int64_t cycle = -1;  // of the last beat
  const auto read = [&](std::int64_t word) { cycle = std::max(cycle, word) + 1; };
  for (std::int64_t n = 0; n < 2 * s.rows * s.columns; ++n) {
    const std::int64_t base = s.base(n);
    for (std::int64_t i = 0; i < s.window_beats(); ++i) {
      const std::int64_t tap = s.grouped ? i % s.taps() : i / s.folds;
      const std::int64_t fold = s.grouped ? i / s.taps() : i % s.folds;
      read(base +
           (tap / s.kernel[1] * s.dilation[0] * s.width + tap % s.kernel[1] * s.dilation[1]) *
               s.folds +
           fold);
    }
    // The window's room is free in the cycle after its last beat.
    depth = std::max(depth, cycle - base + 1);
  }
  return depth;
}

/// The words from a window's first to its last.
std::int64_t reach(const Windows& s) {
  return (s.dilation[0] * (s.kernel[0] - 1) * s.width + s.dilation[1] * (s.kernel[1] - 1)) *
             s.folds +
         s.folds - 1;
}

/// Cycles per frame of a ring that holds one window alone, reach() + 1 words.
///
/// When a window's last tap is read, in cycle e, the ring holds that window and nothing else. The next
/// one, which begins s words further on, gets its last s words in the cycles e + 1 to e + s, and each
/// can be read a cycle later: the word at place p from e + s + 1 - (reach - p) on. Beat j of B, from 1
/// on, is read in cycle e + j at the earliest and has B - j behind it, so the window ends
///   B + max(0, s + 1 - reach + max over j of (place(j) - j))
/// cycles after e. No loop takes more beats than words go by, so the maximum is the last tap's,
/// reach - B; but for the folds where they are outermost, which take a map's K taps for a word: then it
/// is that of the first one's last tap, reach - (folds - 1) - K. Windows of two frames share no word, so
/// every frame takes as long as the one before.
std::int64_t least_ring_cycles(const Windows& s, const WindowTiming& t) {
  const std::int64_t beats = s.window_beats();
  const std::int64_t behind = s.grouped ? s.folds - 1 + s.taps() : beats;
  const auto window = [&](std::int64_t step) {
    return beats + std::max<std::int64_t>(0, step + 1 - behind);
  };
  return s.rows * (s.columns - 1) * window(t.column_step) + (s.rows - 1) * window(t.row_step) +
         window(t.frame_step);
}

std::vector<FoldingRule> rules(const Node& node) {
  return {
      {"SIMD", node.as<ConvolutionInputGenerator>()->simd, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<ConvolutionInputGenerator>()->simd = value;
}

Windows windows_of(const Node& node) {
  const ConvolutionInputGenerator& op = *node.as<ConvolutionInputGenerator>();
  const Shape &x = *node.inputs[0]->shape, &y = *node.outputs[0]->shape;
  return {.height = x[1],
          .width = x[2],
          .folds = x[3] / op.simd,
          .kernel = op.kernel,
          .stride = op.stride,
          .dilation = op.dilation,
          .rows = y[1],
          .columns = y[2],
          .grouped = op.depthwise};
}

std::vector<Parameter> common_parameters(const Windows& s, int bits) {
  return {{"Bits", bits},
          {"Height", s.height},
          {"Width", s.width},
          {"Folds", s.folds},
          {"KernelH", s.kernel[0]},
          {"KernelW", s.kernel[1]},
          {"StrideH", s.stride[0]},
          {"StrideW", s.stride[1]},
          {"DilationH", s.dilation[0]},
          {"DilationW", s.dilation[1]}};
}

/// The loops of assay_convolution_input_generator.sv.
WindowTiming serial_timing(const Windows& s, std::int64_t depth) {
  const std::int64_t row_words = s.width * s.folds;
  const std::int64_t tap_h = s.dilation[0] * row_words, tap_w = s.dilation[1] * s.folds;
  WindowTiming t{.depth = depth, .columns = s.columns, .rows = s.rows};
  const std::int64_t count[3] = {s.grouped ? s.kernel[1] : s.folds,
                                 s.grouped ? s.kernel[0] : s.kernel[1],
                                 s.grouped ? s.folds : s.kernel[0]};
  const std::int64_t step[3] = {s.grouped ? tap_w : 1, s.grouped ? tap_h : tap_w,
                                s.grouped ? 1 : tap_h};
  std::ranges::copy(count, t.count);
  std::ranges::copy(step, t.step);
  t.column_step = s.stride[1] * s.folds;
  const std::int64_t to_end = (s.columns - 1) * t.column_step;
  t.row_step = s.stride[0] * row_words - to_end;
  t.frame_step = (s.height - (s.rows - 1) * s.stride[0]) * row_words - to_end;
  return t;
}

/// Words that complete a window, which leaves while they are the newest.
PhasesTiming parallel_timing(const Windows& s) {
  PhasesTiming timing{.phases = {}, .in_front = true};
  const auto completes = [](std::int64_t at, std::int64_t reach, std::int64_t stride) {
    return at >= reach && (at - reach) % stride == 0;
  };
  for (std::int64_t y = 0; y < s.height; ++y)
    for (std::int64_t x = 0; x < s.width; ++x) {
      const bool gives = completes(y, s.dilation[0] * (s.kernel[0] - 1), s.stride[0]) &&
                         completes(x, s.dilation[1] * (s.kernel[1] - 1), s.stride[1]);
      if (!timing.phases.empty() && timing.phases.back().gives == gives)
        timing.phases.back().steps += s.folds;
      else
        timing.phases.push_back({.steps = s.folds, .gives = gives});
    }
  return timing;
}

/// One tap of SIMD channels a beat.
void build_serial(const ConvolutionInputGenerator& op, const Windows& s, Layer& layer) {
  const int bits = layer.inputs[0].data_bits();
  const std::int64_t depth = op.least_ring           ? reach(s) + 1
                             : s.beats() < s.words() ? depth_for_steady_writer(s)
                                                     : depth_for_steady_reader(s);
  const std::string style = memory_style(op.ram_style, depth, bits);
  layer.module = "assay_convolution_input_generator";
  layer.parameters = common_parameters(s, bits);
  layer.parameters.push_back({"Grouped", s.grouped});
  layer.parameters.push_back({"Depth", depth});
  layer.parameters.push_back({"Block", style == "block"});
  const WindowTiming timing = serial_timing(s, depth);
  layer.cycles = op.least_ring ? least_ring_cycles(s, timing) : std::max(s.words(), s.beats());
  layer.timing = timing;
  layer.memories = {{"window", style, depth, bits}};
}

/// A window of SIMD channels a beat: lines hold the words between the rows of a window, columns
/// those between its taps.
void build_parallel(const ConvolutionInputGenerator& op, const Windows& s, Layer& layer) {
  const int bits = layer.inputs[0].data_bits();
  const std::int64_t column = s.dilation[1] * s.folds;
  const std::int64_t line = s.dilation[0] * s.width * s.folds - (s.kernel[1] - 1) * column;
  const int line_bits = static_cast<int>(s.kernel[0] - 1) * bits;
  const std::string style = memory_style(op.ram_style, line, line_bits);
  layer.module = "assay_swg_parallel";
  layer.parameters = common_parameters(s, bits);
  layer.parameters.push_back({"Block", style == "block"});
  layer.cycles = s.words();
  layer.timing = parallel_timing(s);
  if (s.kernel[0] > 1) layer.memories.push_back({"window", style, line, line_bits});
  if (s.kernel[1] > 1)
    layer.memories.push_back({"columns", "distributed", column,
                              static_cast<int>(s.kernel[0] * (s.kernel[1] - 1)) * bits});
}

Layer build(const Node& node, bool) {
  const ConvolutionInputGenerator& op = *node.as<ConvolutionInputGenerator>();
  const Windows s = windows_of(node);
  if (op.parallel_window && !op.depthwise && s.folds != 1)
    layer_error(node, fmt::format("SIMD = {} gives only a part of the {} channels of a parallel "
                                  "window; choose SIMD = {} or no parallel_window",
                                  op.simd, channels(node.inputs[0]), channels(node.inputs[0])));
  if (op.parallel_window && op.least_ring)
    layer_error(node, "parallel windows have no ring; leave out least_ring or parallel_window");
  Layer layer;
  layer.inputs = {stream(node, node.inputs[0], op.simd)};
  layer.outputs = {stream(node, node.outputs[0], op.simd * (op.parallel_window ? s.taps() : 1))};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  if (op.parallel_window)
    build_parallel(op, s, layer);
  else
    build_serial(op, s, layer);
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate_serial(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t words = p("Height") * p("Width") * p("Folds"), depth = p("Depth");
  const std::int64_t address = bits_for(depth), count = bits_for(depth + 2 * words) + 1;
  for (const std::int64_t n : {p("Height"), p("Width")}) m.counter(n);
  for (int i = 0; i < 3; ++i) m.counter(p("KernelH") + p("KernelW") + p("Folds"));
  m.registers(2 * address + 2 * count + 1);
  m.arithmetic(4 * address + 6 * count);  // two rings, and two counts that jump
  m.luts(address + count);
  m.ram(depth, p("Bits"), p("Block") != 0);
}

void estimate_parallel(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = p("Bits"), height = p("KernelH"), width = p("KernelW"),
                     column = p("DilationW") * p("Folds"),
                     line = p("DilationH") * p("Width") * p("Folds") - (width - 1) * column;
  for (const std::int64_t n : {p("Height"), p("Width"), p("Folds")}) m.counter(n);
  m.counter(std::max(p("DilationH") * (height - 1), p("StrideH") - 1) + 1);
  m.counter(std::max(p("DilationW") * (width - 1), p("StrideW") - 1) + 1);
  m.luts(6);
  if (height > 1) m.delay(line, (height - 1) * bits, p("Block") != 0);
  if (width > 1) m.delay(column, height * (width - 1) * bits, false);
  m.skid(bits);  // the newest word of the window is in it
}

void estimate(ResourceModel& m, const ModuleParameters& p) {
  p.module() == "assay_swg_parallel" ? estimate_parallel(m, p) : estimate_serial(m, p);
}

}  // namespace convolution_input_generator

const LayerHardware hardware::convolution_input_generator = {
    convolution_input_generator::rules, convolution_input_generator::set_folding,
    convolution_input_generator::build, convolution_input_generator::ports,
    convolution_input_generator::estimate};

}  // namespace assay::hw
