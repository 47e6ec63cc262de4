// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compile/hw/layer.h"

/// A host's view of an accelerator's run-time weights: rtl/assay_store_control.sv behind its AXI4-Lite port
/// s_axi_weights. Registers, and from kWeightWindow on the memories, one behind the other.
namespace assay {

/// A register: 32 bits at a byte offset. Drivers, headers and documents are made from this table.
struct WeightRegister {
  std::string_view name;
  unsigned offset = 0;
  bool writable = false;
  std::string_view meaning;
};

inline constexpr std::array<WeightRegister, 6> kWeightRegisters = {{
    {"hold", 0x00, true,
     "bit 0: no frame begins any more, and once all have left the layers are held"},
    {"held", 0x04, false, "bit 0: the layers are held: memories can be written and read"},
    {"version", 0x08, false, "of this layout: 1"},
    {"words", 0x0c, false, "words of 32 bits from the first memory to the end of the last"},
    {"frames", 0x10, false,
     "frames that the first slave has begun since the reset, modulo 2^32; while the "
     "layers are held all of them have left"},
    {"page", 0x14, true, "pages of 32 KiB that are added to the addresses of memories, 17 bits"},
}};
/// What the register of the layout's version says.
inline constexpr std::uint32_t kWeightVersion = 1;
/// Bytes in front of the first memory.
inline constexpr std::int64_t kWeightWindow = 0x1000;
/// A bus that reaches fewer bytes than there are turns pages: a memory's byte at `address` is seen at
/// address - page * kWeightPage, which has to lie behind the registers.
inline constexpr std::int64_t kWeightPage = 0x8000;
/// Of the port's addresses, which are 32 bits.
inline constexpr std::int64_t kWeightBytes = std::int64_t{1} << 32;

/// The offset of the register of a name; one that is none does not compile.
consteval unsigned weight_register(std::string_view name) {
  for (const WeightRegister& r : kWeightRegisters)
    if (r.name == name) return r.offset;
  throw "no such register";
}

/// A memory of the accelerator as its host sees it. Word w has its 32 bits number c at byte
/// address + 4 * (w * need.stride() + c).
struct WeightStore {
  std::string node;  ///< the layer's name
  std::string file;  ///< of its contents at the start, in the design's folder
  hw::StoreNeed need;
  std::int64_t address = 0;  ///< in bytes, on the port

  std::int64_t columns() const { return need.lanes * need.lane_columns(); }
  std::int64_t words() const { return need.words * columns(); }  ///< of 32 bits
};

/// Bytes from the registers to the end of the last memory, and the power of two that holds them: what a
/// design's port takes of an address space.
std::int64_t weight_bytes(std::span<const WeightStore> stores);
std::int64_t weight_range(std::span<const WeightStore> stores);

/// What a host writes to a memory so that it has these contents: columns() numbers a word.
std::vector<std::uint32_t> host_words(const WeightStore& store, const hw::MemoryImage& image);

/// A signal of the port.
struct WeightSignal {
  std::string name;  ///< "s_axi_weights_awvalid"
  int bits = 1;
  bool scalar = false, input = false;
};
const std::vector<WeightSignal>& weight_signals();

/// Text for an instance whose port of run-time weights nobody uses: wires in front of it, and pins.
struct UnusedWeightPort {
  std::string wires, pins;
};
UnusedWeightPort unused_weight_port();

}  // namespace assay
