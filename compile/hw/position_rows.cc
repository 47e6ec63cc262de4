// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/position_rows.h"

#include <algorithm>
#include <bit>
#include <functional>

namespace assay::hw {
namespace {

/// The class of each of `count` things, and the first one of each class.
struct Classes {
  std::vector<std::int64_t> of, first;
};

Classes classes_of(std::int64_t count,
                   const std::function<bool(std::int64_t, std::int64_t)>& same) {
  Classes out;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto it =
        std::ranges::find_if(out.first, [&](std::int64_t first) { return same(first, i); });
    out.of.push_back(it - out.first.begin());
    if (it == out.first.end()) out.first.push_back(i);
  }
  return out;
}

MemoryImage number_image(const char* name, const std::vector<std::int64_t>& classes,
                         std::int64_t step, int bits) {
  MemoryImage image(name, bits);
  for (const std::int64_t number : classes) image.append(number * step, bits);
  return image;
}

}  // namespace

std::int64_t PositionRows::column_classes() const { return std::ranges::max(columns) + 1; }

PositionRows position_rows(const Shape& frame, const Shape& parameters,
                           const std::vector<std::int64_t>& values) {
  const std::size_t rank = frame.size();
  const Shape lead(parameters.begin(), parameters.end() - 2),
      positions(frame.begin(), frame.end() - 1);
  const auto strides = broadcast_strides(lead, positions);
  const std::int64_t block = parameters[rank - 1] * parameters[rank], width = positions.back(),
                     height = element_count(positions) / width;
  const auto start = [&](std::int64_t line, std::int64_t column) {
    std::int64_t at = 0, rest = line * width + column;
    for (std::size_t axis = positions.size(); axis-- > 0; rest /= positions[axis])
      at += rest % positions[axis] * strides[axis];
    return at * block;
  };
  const auto same = [&](std::int64_t a, std::int64_t b) {
    return a == b || std::equal(values.begin() + a, values.begin() + a + block, values.begin() + b);
  };
  const Classes lines = classes_of(height, [&](std::int64_t a, std::int64_t b) {
    for (std::int64_t x = 0; x < width; ++x)
      if (!same(start(a, x), start(b, x))) return false;
    return true;
  });
  const Classes columns = classes_of(width, [&](std::int64_t a, std::int64_t b) {
    return std::ranges::all_of(lines.first,
                               [&](std::int64_t y) { return same(start(y, a), start(y, b)); });
  });
  PositionRows out{lines.of, columns.of, {}};
  for (const std::int64_t y : lines.first)
    for (const std::int64_t x : columns.first) out.pixels.push_back(start(y, x));
  return out;
}

void add_position_rows(Layer& layer, const PositionRows& rows, std::int64_t beats,
                       bool with_images) {
  const std::int64_t height = std::ssize(rows.lines), width = std::ssize(rows.columns),
                     last = rows.count() * beats - 1;
  const int bits = std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(last))));
  layer.parameters.insert(layer.parameters.end(), {{"Height", height},
                                                   {"Width", width},
                                                   {"PixelBeats", beats},
                                                   {"LineFile", std::string("lines.hex")},
                                                   {"ColumnFile", std::string("columns.hex")}});
  layer.memories.push_back({"positions", "distributed", height + width, bits});
  if (!with_images) return;
  layer.images.push_back(
      number_image("lines.hex", rows.lines, rows.column_classes() * beats, bits));
  layer.images.push_back(number_image("columns.hex", rows.columns, beats, bits));
}

void estimate_position_row(ResourceModel& m, const ModuleParameters& p) {
  const std::int64_t bits = bits_for(p("ThresholdRows"));
  for (const char* size : {"PixelBeats", "Width", "Height"}) m.counter(p(size));
  m.rom(p("Width"), bits, 1, false, false);
  m.rom(p("Height"), bits, 1, false, false);
  m.accumulator(bits);
}

}  // namespace assay::hw
