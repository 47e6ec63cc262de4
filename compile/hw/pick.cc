// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <utility>

#include "compile/hw/element.h"
#include "compile/hw/resource_model.h"

namespace assay::hw {
namespace pick {

using Ints = std::vector<std::int64_t>;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / 4;

/// What is picked, in words of SIMD channels: each of the N maps is a sequence of H*W*folds of them,
/// and a frame for the module.
struct Picks {
  std::int64_t height = 1, width = 1, folds = 1;
  const Ints &rows, &columns;

  std::int64_t words() const { return height * width * folds; }
  std::int64_t row_beats() const { return std::ssize(columns) * folds; }
  std::int64_t beats() const { return std::ssize(rows) * row_beats(); }
  /// The first word of the pixel in row r and column s of the output.
  std::int64_t word(std::int64_t r, std::int64_t s) const {
    return (rows[static_cast<std::size_t>(r)] * width + columns[static_cast<std::size_t>(s)]) *
           folds;
  }
};

/// For every row of the output the first word of the frame that it or a later one reads; behind
/// them, that of the next frame.
Ints needed_from(const Picks& picks) {
  const std::int64_t left = std::ranges::min(picks.columns);
  Ints from(picks.rows.size() + 1);
  std::int64_t first =
      picks.words() + (std::ranges::min(picks.rows) * picks.width + left) * picks.folds;
  from.back() = first;
  for (std::size_t r = picks.rows.size(); r-- > 0; from[r] = first)
    first = std::min(first, (picks.rows[r] * picks.width + left) * picks.folds);
  return from;
}

/// Where each of `size` is picked first; none: kNever.
Ints first_uses(const Ints& picks, std::int64_t size) {
  Ints uses(static_cast<std::size_t>(size), kNever);
  for (std::size_t i = picks.size(); i-- > 0;)
    uses[static_cast<std::size_t>(picks[i])] = static_cast<std::int64_t>(i);
  return uses;
}

/// The words that the ring must hold when reading takes as long as a frame and never pauses: beat j
/// is read in cycle j, each word is written as late as its first reader allows. A word is read in a
/// cycle after it is written, and written in a cycle after a row made room for it.
std::int64_t depth_for_steady_reader(const Picks& picks, const Ints& from) {
  const Ints rows = first_uses(picks.rows, picks.height),
             columns = first_uses(picks.columns, picks.width);
  /// The first word that is kept in a cycle, which may be one of another frame.
  const auto kept_from = [&](std::int64_t cycle) {
    std::int64_t frame = 0;
    for (; cycle < 0; cycle += picks.beats()) --frame;
    for (; cycle >= picks.beats(); cycle -= picks.beats()) ++frame;
    return frame * picks.words() + from[static_cast<std::size_t>(cycle / picks.row_beats())];
  };
  std::int64_t depth = 1;
  std::int64_t latest = kNever;  // cycle in which the word after this one is written
  // Backwards over two frames; the first tells how the second one ends.
  for (int pass = 0; pass < 2; ++pass, latest += picks.beats())
    for (std::int64_t word = picks.words(); word-- > 0;) {
      const std::int64_t pixel = word / picks.folds;
      const std::int64_t row = rows[static_cast<std::size_t>(pixel / picks.width)],
                         column = columns[static_cast<std::size_t>(pixel % picks.width)];
      const bool used = row != kNever && column != kNever;
      latest = std::min(latest,
                        used ? row * picks.row_beats() + column * picks.folds + word % picks.folds
                             : kNever) -
               1;
      if (pass == 1) depth = std::max(depth, word + 1 - kept_from(latest));
    }
  return depth;
}

/// The words that the ring must hold when writing takes longer and never pauses: word i is written
/// in cycle i, each beat is read as early as its word and the beat before allow.
std::int64_t depth_for_steady_writer(const Picks& picks, const Ints& from) {
  std::int64_t depth = 1;
  std::int64_t cycle = -1;  // of the last beat
  for (std::int64_t frame = 0; frame < 3; ++frame)
    for (std::int64_t r = 0; r < std::ssize(picks.rows); ++r) {
      for (std::int64_t s = 0; s < std::ssize(picks.columns); ++s)
        for (std::int64_t f = 0; f < picks.folds; ++f)
          cycle = std::max(cycle, frame * picks.words() + picks.word(r, s) + f) + 1;
      // The row's room is free in the cycle after its last beat.
      depth =
          std::max(depth, cycle - frame * picks.words() - from[static_cast<std::size_t>(r)] + 1);
    }
  return depth;
}

std::vector<FoldingRule> rules(const Node& node) {
  return {{"SIMD", node.as<Pick>()->simd, channels(node.inputs[0]), "channels"}};
}

void set_folding(Node& node, std::string_view, std::int64_t value) {
  node.as<Pick>()->simd = value;
}

/// The steps of the reader, as assay_pick.sv has them.
PickTiming timing_of(const Picks& picks, const Ints& from, std::int64_t depth) {
  const std::int64_t rows = std::ssize(picks.rows), columns = std::ssize(picks.columns);
  PickTiming timing;
  timing.depth = depth;
  timing.folds = picks.folds;
  timing.first = picks.word(0, 0);
  timing.unread = from[0];
  for (std::int64_t s = 0; s < columns; ++s)
    timing.column_steps.push_back(
        s + 1 < columns ? picks.word(0, s + 1) - picks.word(0, s) - (picks.folds - 1) : 0);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t next = r + 1 < rows ? picks.word(r + 1, 0) : picks.words() + timing.first;
    timing.row_steps.push_back(next - picks.word(r, columns - 1) - (picks.folds - 1));
    timing.row_frees.push_back(from[static_cast<std::size_t>(r) + 1] -
                               from[static_cast<std::size_t>(r)]);
  }
  return timing;
}

/// Words of the memories: steps, the same on the ring, and what is freed.
std::vector<MemoryImage> images_of(const PickTiming& timing, int addr_bits, int count_bits) {
  MemoryImage rows("rows.hex", addr_bits + 2 * count_bits),
      columns("columns.hex", addr_bits + count_bits);
  const auto step = [&](MemoryImage& image, std::int64_t words) {
    image.append(words, count_bits);
    image.append((words % timing.depth + timing.depth) % timing.depth, addr_bits);
  };
  for (const std::int64_t words : timing.column_steps) step(columns, words);
  for (std::size_t r = 0; r < timing.row_steps.size(); ++r) {
    step(rows, timing.row_steps[r]);
    rows.append(timing.row_frees[r], count_bits);
  }
  return {std::move(rows), std::move(columns)};
}

Layer build(const Node& node, bool with_images) {
  const Pick& op = *node.as<Pick>();
  const Shape& x = *node.inputs[0]->shape;
  const Picks picks{x[1], x[2], x[3] / op.simd, op.rows, op.columns};
  const Ints from = needed_from(picks);
  const std::int64_t depth = picks.beats() < picks.words() ? depth_for_steady_writer(picks, from)
                                                           : depth_for_steady_reader(picks, from);
  const int addr_bits = static_cast<int>(bits_for(depth)),
            count_bits = static_cast<int>(bits_for(depth + 2 * picks.words())) + 1;
  PickTiming timing = timing_of(picks, from, depth);
  Layer layer;
  layer.module = "assay_pick";
  layer.inputs = {stream(node, node.inputs[0], op.simd)};
  layer.outputs = {stream(node, node.outputs[0], op.simd)};
  check_same_type(node, layer.inputs[0], layer.outputs[0]);
  const int bits = layer.inputs[0].data_bits();
  const std::int64_t rows = std::ssize(op.rows), columns = std::ssize(op.columns);
  const auto memory = [&](const char* name, std::int64_t words, int word_bits) {
    layer.memories.push_back(
        {name, memory_style(op.ram_style, words, word_bits), words, word_bits});
    return layer.memories.back().style == "block";
  };
  layer.parameters = {{"Bits", bits},
                      {"Height", picks.height},
                      {"Width", picks.width},
                      {"Folds", picks.folds},
                      {"OutHeight", rows},
                      {"OutWidth", columns},
                      {"First", timing.first},
                      {"Unread", timing.unread},
                      {"Depth", depth},
                      {"Block", memory("ring", depth, bits)},
                      {"RowBlock", memory("rows", rows, addr_bits + 2 * count_bits)},
                      {"ColumnBlock", memory("columns", columns, addr_bits + count_bits)},
                      {"RowFile", std::string("rows.hex")},
                      {"ColumnFile", std::string("columns.hex")}};
  layer.cycles = x[0] * std::max(picks.words(), picks.beats());
  if (with_images) layer.images = images_of(timing, addr_bits, count_bits);
  layer.timing = std::move(timing);
  return layer;
}

Ports ports(const Node&) { return {}; }

void estimate(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t depth = p("Depth"), words = p("Height") * p("Width") * p("Folds"),
                     rows = p("OutHeight"), columns = p("OutWidth");
  const std::int64_t address = bits_for(depth), count = bits_for(depth + 2 * words) + 1;
  for (const std::int64_t n : {p("Folds"), rows, columns}) m.counter(n);
  m.rom(rows, address + 2 * count, 1, p("RowBlock") != 0, true);
  m.rom(columns, address + count, 1, p("ColumnBlock") != 0, true);
  m.registers(2 * address + 2 * count + 1);
  m.arithmetic(4 * address + 4 * count);  // two rings, and two counts that jump
  m.luts(2 * (address + count));
  m.ram(depth, p("Bits"), p("Block") != 0);
}

}  // namespace pick

const LayerHardware hardware::pick = {pick::rules, pick::set_folding, pick::build, pick::ports,
                                      pick::estimate};

}  // namespace assay::hw
