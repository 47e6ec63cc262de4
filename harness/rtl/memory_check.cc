// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/memory_check.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "compile/base/error.h"
#include "compile/hw/constants.h"

namespace assay {
namespace {

using hw::MemoryImage;
using Ints = std::vector<std::int64_t>;
using Images = std::vector<MemoryImage>;

const MemoryImage* find_image(const Images& images, std::string_view name) {
  const auto it = std::ranges::find(images, name, &MemoryImage::name);
  return it == images.end() ? nullptr : &*it;
}

std::uint64_t field(const MemoryImage& image, std::int64_t word, std::int64_t at, int bits) {
  std::uint64_t value = 0;
  for (int b = 0; b < bits; ++b)
    value |= std::uint64_t{image.bit(word, static_cast<int>(at) + b)} << b;
  return value;
}

std::int64_t sign_extended(std::uint64_t value, int bits) {
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  return static_cast<std::int64_t>((value ^ sign) - sign);
}

std::int64_t decoded(std::uint64_t value, const DataType& type) {
  if (type.kind == DataType::Kind::kBipolar) return value != 0 ? 1 : -1;
  return type.is_signed() ? sign_extended(value, type.bits) : static_cast<std::int64_t>(value);
}

class Checker {
 public:
  Checker(const Node& node, const Images& images) : node_(node), images_(images) {}

  MemoryCheck run() {
    if (const auto* op = node_.as<hw::MultiplyOp>()) {
      // Of an adder graph, weights and perhaps thresholds are adders: there is no memory to read back.
      const bool adders = op->preferred_impl_style == "adder_graph";
      if (!adders) weights(*op);
      if (node_.inputs.size() > 2 && node_.inputs[2] && !(adders && images_.empty()))
        row_thresholds(2, op->acc_dtype, op->pe);
    } else if (const auto* thresholding = node_.as<hw::Thresholding>()) {
      position_thresholds(thresholding->pe);
    } else if (const auto* join = node_.as<hw::JoinThreshold>()) {
      join_parameters(*join);
    } else if (const auto* channelwise = node_.as<hw::ChannelwiseOp>()) {
      vector_parameters("parameters.hex", hw::integer_constant(node_, 1), channelwise->pe);
    }
    return std::move(check_);
  }

 private:
  /// Where thresholds stand: rows x lanes, and what the graph has there.
  struct Rows {
    DataType input;  ///< of what is compared
    std::int64_t rows = 1, lanes = 1;
    std::function<Ints(std::int64_t row, std::int64_t lane)> expected;
    /// The memory's row that stands for a row; -1 when there is none.
    std::function<std::int64_t(std::int64_t row)> stored = [](std::int64_t row) { return row; };
  };

  void compare(std::string_view file, const std::string& what, std::int64_t expected,
               std::int64_t got) {
    ++check_.compared;
    if (expected == got) return;
    if (check_.differing++ == 0)
      check_.first =
          fmt::format("{}: {} is {} in the graph and {} in the memory", file, what, expected, got);
  }

  /// Weights of MVAU [MW, MH] and VVAU [K, C]: word (row / PE, column / SIMD), see hw/mvau.h.
  void weights(const hw::MultiplyOp& op) {
    const Shape& shape = node_.inputs[1]->shape.value();
    const DataType& type = node_.inputs[1]->dtype;
    const std::int64_t columns = shape[0], rows = shape[1], folds = columns / op.simd;
    check_.predicted += columns * rows;
    const MemoryImage* image = find_image(images_, "weights.hex");
    if (!image) return;
    const bool planes = is_planes(op);
    const Ints w = hw::integer_constant(node_, 1);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::int64_t word = r / op.pe * folds + c / op.simd, lane = r % op.pe,
                           i = c % op.simd, base = lane * op.simd * type.bits;
        std::uint64_t code = 0;
        for (int b = 0; b < type.bits; ++b)
          code |=
              std::uint64_t{image->bit(
                  word, static_cast<int>(base + (planes ? b * op.simd + i : i * type.bits + b)))}
              << b;
        compare("weights.hex", fmt::format("weight [{},{}]", c, r),
                w[static_cast<std::size_t>(c * rows + r)], decoded(code, type));
      }
  }

  bool is_planes(const hw::MultiplyOp& op) const {
    if (op.preferred_impl_style != "auto") return op.preferred_impl_style == "popcount";
    const auto* mvau = node_.as<hw::MVAU>();
    return (mvau && mvau->xnor) || node_.inputs[0]->dtype.bits * node_.inputs[1]->dtype.bits <= 4;
  }

  /// T [channels or 1, steps].
  void row_thresholds(std::size_t input, const DataType& type, std::int64_t pe) {
    const Shape& t = node_.inputs[input]->shape.value();
    const std::int64_t channels = t[t.size() - 2], steps = t.back();
    const std::int64_t lanes = channels == 1 ? 1 : pe;
    const Ints values = hw::integer_constant(node_, input);
    thresholds({type, channels / lanes, lanes, [&](std::int64_t row, std::int64_t lane) {
                  const auto at = values.begin() + (row * lanes + lane) * steps;
                  return Ints(at, at + steps);
                }});
  }

  /// The memory's row for a beat of a frame [.., width, C] with `beats` beats a pixel: a number for
  /// the pixel's line and one for its column, and the beats in order.
  std::int64_t beat_row(std::int64_t beat, std::int64_t width, std::int64_t beats) const {
    const MemoryImage *lines = find_image(images_, "lines.hex"),
                      *columns = find_image(images_, "columns.hex");
    const std::int64_t pixel = beat / beats, y = pixel / width, x = pixel % width;
    if (!lines || !columns || y >= lines->words() || x >= columns->words()) return -1;
    return static_cast<std::int64_t>(field(*lines, y, 0, lines->word_bits()) +
                                     field(*columns, x, 0, columns->word_bits())) +
           beat % beats;
  }

  /// T per channel, or with leading axes that broadcast to the input's.
  void position_thresholds(std::int64_t pe) {
    const Shape &t = node_.inputs[1]->shape.value(), &x = node_.inputs[0]->shape.value();
    const std::int64_t steps = t.back(), rows = element_count(t) / std::max<std::int64_t>(steps, 1);
    if (rows == 1 || rows == t[t.size() - 2]) return row_thresholds(1, node_.inputs[0]->dtype, pe);
    const Ints values = hw::integer_constant(node_, 1);
    const std::int64_t lanes = t[t.size() - 2] == 1 ? 1 : pe, beats = x.back() / pe;
    thresholds({node_.inputs[0]->dtype, element_count(x) / pe, lanes,
                [&](std::int64_t row, std::int64_t lane) {
                  std::int64_t rest = row * pe + lane, from = 0, step = 1;
                  for (std::size_t axis = x.size(); axis-- > 0; rest /= x[axis]) {
                    if (t[axis] != 1) from += rest % x[axis] * step;
                    step *= t[axis];
                  }
                  return Ints(values.begin() + from * steps, values.begin() + (from + 1) * steps);
                },
                [&, beats](std::int64_t row) { return beat_row(row, x[x.size() - 2], beats); }});
  }

  void join_parameters(const hw::JoinThreshold& op) {
    if (node_.inputs[1]) {
      const Ints m = hw::integer_constant(node_, 1);
      const std::int64_t streams = std::ssize(node_.inputs) - 2;
      vector_parameters("multipliers.hex", m, (std::ssize(m) == streams ? 1 : op.pe) * streams);
      return row_thresholds(0, sum_type(m, streams), op.pe);
    }
    const Shape& t = node_.inputs[0]->shape.value();
    const DataType& chooser = node_.inputs[3]->dtype;
    const std::int64_t steps = t.back(), entries = t[t.size() - 2], channels = t[t.size() - 3];
    const std::int64_t lanes = channels == 1 ? 1 : op.pe,
                       patterns = std::int64_t{1} << chooser.bits;
    const Ints values = hw::integer_constant(node_, 0);
    thresholds({node_.inputs[2]->dtype, channels / lanes * patterns, lanes,
                [&](std::int64_t row, std::int64_t lane) {
                  const std::int64_t entry =
                      decoded(static_cast<std::uint64_t>(row % patterns), chooser) - op.table_min;
                  if (entry < 0 || entry >= entries) return Ints();  // never looked up
                  const auto at =
                      values.begin() + ((row / patterns * lanes + lane) * entries + entry) * steps;
                  return Ints(at, at + steps);
                }});
  }

  /// For any multipliers of as many bits as those that are there.
  DataType any_sum_type(std::int64_t streams) const {
    const DataType& type = node_.inputs[1]->dtype;
    const auto least = -(static_cast<__int128>(1) << (type.bits - (type.is_signed() ? 1 : 0)));
    __int128 low = 0, high = 0;
    for (std::int64_t x = 0; x < streams; ++x) {
      const DataType& given = node_.inputs[2 + static_cast<std::size_t>(x)]->dtype;
      const __int128 a = least * given.min(), b = least * given.max(),
                     c = (-least - 1) * given.min(), d = (-least - 1) * given.max();
      low += std::min({a, b, c, d});
      high += std::max({a, b, c, d});
    }
    return fitting(low, high);
  }

  /// The smallest signed type for every weighted sum, over all channels.
  DataType sum_type(const Ints& m, std::int64_t streams) const {
    __int128 low = 0, high = 0;
    if (node_.as<hw::JoinThreshold>()->runtime_writeable_weights) return any_sum_type(streams);
    for (std::int64_t row = 0; row * streams < std::ssize(m); ++row) {
      __int128 a = 0, b = 0;
      for (std::int64_t x = 0; x < streams; ++x) {
        const DataType& type = node_.inputs[2 + static_cast<std::size_t>(x)]->dtype;
        const __int128 p = static_cast<__int128>(m[static_cast<std::size_t>(row * streams + x)]) *
                           type.min(),
                       q = static_cast<__int128>(m[static_cast<std::size_t>(row * streams + x)]) *
                           type.max();
        a += std::min(p, q);
        b += std::max(p, q);
      }
      low = std::min(low, a);
      high = std::max(high, b);
    }
    return fitting(low, high);
  }

  /// The smallest signed type that has both.
  static DataType fitting(__int128 low, __int128 high) {
    int bits = 1;
    while (low < -(static_cast<__int128>(1) << (bits - 1)) || high >= static_cast<__int128>(1)
                                                                          << (bits - 1))
      ++bits;
    return DataType::sint(bits);
  }

  /// Two's complement values, `per_word` to a word; one value may stand for all.
  void vector_parameters(std::string_view file, const Ints& values, std::int64_t per_word) {
    check_.predicted += std::ssize(values);
    const MemoryImage* image = find_image(images_, file);
    if (!image || image->word_bits() % per_word != 0) return;
    const auto bits = static_cast<int>(image->word_bits() / per_word);
    for (std::int64_t i = 0; i < std::ssize(values) && i / per_word < image->words(); ++i)
      compare(file, fmt::format("value {}", i), values[static_cast<std::size_t>(i)],
              sign_extended(field(*image, i / per_word, i % per_word * bits, bits), bits));
  }

  /// The code at which an input of `type` begins to reach a threshold: its place among the type's
  /// values, their number when none does.
  static std::uint64_t first_code(const DataType& type, std::int64_t threshold) {
    if (type.kind == DataType::Kind::kBipolar)
      return threshold <= -1 ? 0U : threshold <= 1 ? 1U : 2U;
    if (threshold <= type.min()) return 0;
    if (threshold > type.max()) return std::uint64_t{1} << type.bits;
    return static_cast<std::uint64_t>(threshold) - static_cast<std::uint64_t>(type.min());
  }

  void thresholds(const Rows& rows) {
    for (std::int64_t row = 0; row < rows.rows; ++row)
      for (std::int64_t lane = 0; lane < rows.lanes; ++lane) {
        std::vector<std::uint64_t> codes;
        for (const std::int64_t t : rows.expected(row, lane))
          codes.push_back(first_code(rows.input, t));
        std::ranges::sort(codes);
        check_.predicted += std::ssize(codes);
        const auto got = stored_codes(rows, rows.stored(row), lane, std::ssize(codes));
        for (std::size_t k = 0; k < std::min(codes.size(), got.size()); ++k)
          compare("thresholds",
                  fmt::format("the place of threshold {} of row {}, lane {}", k, row, lane),
                  static_cast<std::int64_t>(codes[k]), static_cast<std::int64_t>(got[k]));
      }
  }

  /// Sorted, see hw/threshold_unit.h. Nothing for a row that the memory does not have.
  std::vector<std::uint64_t> stored_codes(const Rows& rows, std::int64_t row, std::int64_t lane,
                                          std::int64_t steps) const {
    const int bits = rows.input.bits + 1;
    std::vector<std::uint64_t> codes;
    if (const MemoryImage* image = find_image(images_, "thresholds.hex")) {
      const std::int64_t per_lane = image->word_bits() / bits / rows.lanes;
      if (row < 0 || row >= image->words()) return codes;
      for (std::int64_t k = 0; k < std::min(steps, per_lane); ++k)
        codes.push_back(field(*image, row, (lane * per_lane + k) * bits, bits));
      std::ranges::sort(codes);
      return codes;
    }
    int stages = 0;
    while (find_image(images_, stage_name(stages))) ++stages;
    if (stages == 0 || row < 0 || row >= find_image(images_, stage_name(0))->words()) return codes;
    for (std::int64_t k = 0; k < steps; ++k) {
      const int zeros = std::countr_zero(static_cast<std::uint64_t>(k + 1)), s = stages - 1 - zeros;
      if (s < 0) break;
      const std::int64_t prefix = (k + 1) >> (zeros + 1);
      codes.push_back(
          field(*find_image(images_, stage_name(s)), (row << s) + prefix, lane * bits, bits));
    }
    return codes;
  }

  static std::string stage_name(int stage) { return fmt::format("thresholds_{:x}.hex", stage); }

  const Node& node_;
  const Images& images_;
  MemoryCheck check_;
};

}  // namespace

MemoryCheck check_memories(const Node& node, const Images& images) {
  return Checker(node, images).run();
}

}  // namespace assay
