// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/verilog/weight_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::int64_t kColumnBits = 32;

}  // namespace

std::int64_t weight_bytes(std::span<const WeightStore> stores) {
  std::int64_t end = kWeightWindow;
  for (const WeightStore& store : stores)
    end = std::max(end, store.address + 4 * store.need.size());
  return end;
}

std::int64_t weight_range(std::span<const WeightStore> stores) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(weight_bytes(stores))));
}

std::vector<std::uint32_t> host_words(const WeightStore& store, const hw::MemoryImage& image) {
  const hw::StoreNeed& need = store.need;
  ASSAY_INVARIANT(image.words() == need.words && image.word_bits() == need.lanes * need.bits,
                  "the contents of another memory");
  std::vector<std::uint32_t> words;
  words.reserve(static_cast<std::size_t>(store.words()));
  for (std::int64_t word = 0; word < need.words; ++word)
    for (std::int64_t lane = 0; lane < need.lanes; ++lane)
      for (std::int64_t from = 0; from < need.bits; from += kColumnBits) {
        std::uint32_t value = 0;
        for (std::int64_t b = 0; b < std::min(kColumnBits, need.bits - from); ++b)
          value |= std::uint32_t{image.bit(word, static_cast<int>(lane * need.bits + from + b))}
                   << b;
        words.push_back(value);
      }
  return words;
}

const std::vector<WeightSignal>& weight_signals() {
  static const std::vector<WeightSignal> signals = [] {
    std::vector<WeightSignal> all = {
        {"awvalid", 1, true, true},  {"awready", 1, true, false}, {"awaddr", 32, false, true},
        {"wvalid", 1, true, true},   {"wready", 1, true, false},  {"wdata", 32, false, true},
        {"wstrb", 4, false, true},   {"bvalid", 1, true, false},  {"bready", 1, true, true},
        {"bresp", 2, false, false},  {"arvalid", 1, true, true},  {"arready", 1, true, false},
        {"araddr", 32, false, true}, {"rvalid", 1, true, false},  {"rready", 1, true, true},
        {"rdata", 32, false, false}, {"rresp", 2, false, false}};
    for (WeightSignal& s : all) s.name = "s_axi_weights_" + s.name;
    return all;
  }();
  return signals;
}

UnusedWeightPort unused_weight_port() {
  UnusedWeightPort port;
  for (const WeightSignal& s : weight_signals()) {
    if (s.input) {
      port.pins += fmt::format(",\n    .{}({}'b0)", s.name, s.bits);
      continue;
    }
    port.wires += fmt::format("  logic {}unused_{};\n",
                              s.scalar ? "" : fmt::format("[{}:0] ", s.bits - 1), s.name);
    port.pins += fmt::format(",\n    .{0}(unused_{0})", s.name);
  }
  return port;
}

}  // namespace assay
