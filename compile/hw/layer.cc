// SPDX-License-Identifier: Apache-2.0
#include "compile/hw/layer.h"

#include <algorithm>
#include <bit>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::hw {
namespace {

constexpr int kLimb = 64;

std::int64_t limbs(int bits) { return (bits + kLimb - 1) / kLimb; }

/// The nearest allowed values around a folding that does not divide.
std::string divisors_text(std::int64_t of) {
  std::string text;
  for (std::int64_t d = 1; d <= of; ++d)
    if (of % d == 0) text += (text.empty() ? "" : ", ") + std::to_string(d);
  return text;
}

void check_rule(const Node& node, const FoldingRule& rule) {
  if (rule.value >= 1 && rule.divides % rule.value == 0) return;
  layer_error(node, fmt::format("{} = {} does not divide its {} {}; choose one of {}", rule.field,
                                rule.value, rule.divides, rule.what, divisors_text(rule.divides)));
}

void check_ram_style(const Node& node) {
  const std::string& style = static_cast<const HwOp&>(*node.op).ram_style;
  if (style != "auto" && style != "distributed" && style != "block")
    layer_error(node, fmt::format("ram_style is '{}'; choose auto, distributed or block",
                                  printable(style)));
}

void check_width(const Node& node, const Stream& stream) {
  if (stream.lanes * stream.dtype.bits <= kMaxStreamBits) return;
  layer_error(node, fmt::format("the stream of '{}' is {} bits wide, more than {}; fold more",
                                printable(stream.tensor ? stream.tensor->name : "weights"),
                                stream.lanes * stream.dtype.bits, kMaxStreamBits));
}

void check_depths(const Node& node, std::string_view field, const std::vector<std::int64_t>& depths,
                  const std::vector<Stream>& streams) {
  if (!depths.empty() && depths.size() != streams.size())
    layer_error(node, fmt::format("{} has {} depths; it needs one per stream, which are {}", field,
                                  depths.size(), streams.size()));
  for (const std::int64_t depth : depths)
    if (depth < 0 || depth > kMaxFifoDepth)
      layer_error(node, fmt::format("{} holds {}; a depth is between 0 and {}", field, depth,
                                    kMaxFifoDepth));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void MemoryImage::append(std::int64_t value, int bits) {
  for (int i = 0; i < bits; ++i) {
    if (filled_ == 0) bits_.resize(static_cast<std::size_t>((words_ + 1) * limbs(word_bits_)));
    const auto limb = static_cast<std::size_t>(words_ * limbs(word_bits_) + filled_ / kLimb);
    // Beyond bit 63 a value goes on with its sign.
    const std::uint64_t bit = static_cast<std::uint64_t>(value >> std::min(i, kLimb - 1)) & 1U;
    bits_[limb] |= bit << (filled_ % kLimb);
    if (++filled_ == word_bits_) {
      filled_ = 0;
      ++words_;
    }
  }
}

bool MemoryImage::bit(std::int64_t word, int bit) const {
  const auto limb = static_cast<std::size_t>(word * limbs(word_bits_) + bit / kLimb);
  return (bits_[limb] >> (bit % kLimb) & 1U) != 0;
}

std::string MemoryImage::hex() const {
  ASSAY_INVARIANT(filled_ == 0, "a memory word is not complete");
  const int digits = (word_bits_ + 3) / 4;
  std::string text;
  text.reserve(static_cast<std::size_t>(words_ * (digits + 1)));
  for (std::int64_t w = 0; w < words_; ++w) {
    const auto base = static_cast<std::size_t>(w * limbs(word_bits_));
    for (int d = digits - 1; d >= 0; --d) {
      const std::uint64_t limb = bits_[base + static_cast<std::size_t>(d / 16)];
      text += "0123456789abcdef"[limb >> (4 * (d % 16)) & 15U];
    }
    text += '\n';
  }
  return text;
}

MemoryImage MemoryImage::parse(std::string name, int word_bits, std::int64_t words,
                               std::string_view hex) {
  MemoryImage image(std::move(name), word_bits);
  const auto digits = static_cast<std::size_t>((word_bits + 3) / 4);
  const auto bad = [&](std::int64_t word) {
    user_error("{}: word {} is not {} hexadecimal digits for {} bits; build the stage again",
               printable(image.name_), word, digits, word_bits);
  };
  for (std::int64_t w = 0; w < words; ++w) {
    const std::size_t end = hex.find('\n');
    if (end != digits) bad(w);
    for (std::size_t i = 0; i < digits; ++i) {
      const int value = hex_digit(hex[digits - 1 - i]);
      const int left = std::min(4, word_bits - static_cast<int>(4 * i));
      if (value < 0 || value >> left != 0) bad(w);
      image.append(value, left);
    }
    hex.remove_prefix(end + 1);
  }
  if (!hex.empty())
    user_error("{}: more than {} words; build the stage again", printable(image.name_), words);
  return image;
}

std::span<const LayerKind> layer_kinds() {
  static const LayerKind kinds[] = {
#define ASSAY_HW_LAYER(stem) {hardware::stem, stems::stem::kType, #stem},
#include "generated/hw_layers.def"
  };
  return kinds;
}

const LayerKind* find_layer(const Node& node) {
  if (node.op->domain() != kHwDomain) return nullptr;
  const auto kinds = layer_kinds();
  const auto it = std::ranges::find(kinds, node.op->type(), &LayerKind::type);
  return it == kinds.end() ? nullptr : &*it;
}

Layer build_layer(const Node& node, bool with_images) {
  const LayerKind* kind = find_layer(node);
  if (!kind) layer_error(node, "it is no hardware layer");
  for (const FoldingRule& rule : kind->rules(node)) check_rule(node, rule);
  check_ram_style(node);
  Layer layer = kind->build(node, with_images);
  layer.estimate = kind->estimate;
  for (const Stream& s : layer.inputs) check_width(node, s);
  for (const Stream& s : layer.outputs) check_width(node, s);
  const auto& op = static_cast<const HwOp&>(*node.op);
  check_depths(node, "inFIFODepths", op.in_fifo_depths, layer.inputs);
  check_depths(node, "outFIFODepths", op.out_fifo_depths, layer.outputs);
  return layer;
}

Stream stream(const Node& node, const Tensor* tensor, std::int64_t lanes) {
  if (!tensor->dtype.is_integer())
    layer_error(node, fmt::format("'{}' has the data type {}; hardware needs integers",
                                  printable(tensor->name), tensor->dtype.name()));
  if (elements(tensor) % lanes != 0)
    layer_error(node, fmt::format("{} lanes do not divide the {} elements of '{}'", lanes,
                                  elements(tensor), printable(tensor->name)));
  return {tensor, tensor->dtype, lanes, elements(tensor) / lanes};
}

std::int64_t elements(const Tensor* tensor) { return element_count(tensor->shape.value()); }
std::int64_t channels(const Tensor* tensor) { return tensor->shape.value().back(); }

bool reads_streams(const Node& node) {
  return std::ranges::none_of(node.inputs, [](const Tensor* x) { return x && x->constant; });
}

void layer_error(const Node& node, const std::string& message) {
  user_error("{}: {}", node.label(), message);
}

std::int64_t StoreNeed::stride() const {
  return static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(lanes * lane_columns())));
}

std::string memory_style(std::string_view wanted, std::int64_t words, std::int64_t bits) {
  if (wanted != "auto") return std::string(wanted);
  constexpr std::int64_t kThirdOfBlock = 18 * 1024 / 3;
  return words > 64 && words * bits >= kThirdOfBlock ? "block" : "distributed";
}

}  // namespace assay::hw
