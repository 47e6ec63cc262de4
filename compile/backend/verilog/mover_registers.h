// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace assay {

/// A register of a data mover (rtl/assay_iodma_control.sv): 32 bits at a byte offset. Drivers, headers and
/// documents are made from these tables; what is not in them reads 0 and ignores writes.
struct MoverRegister {
  enum class Access : std::uint8_t {
    kRead,
    kReadWrite,
    kWriteOneToClear,
    kControl,  ///< see its bits
  };
  std::string_view name;
  unsigned offset = 0;
  Access access = Access::kRead;
  std::string_view meaning;
};

inline constexpr std::array<MoverRegister, 22> kMoverRegisters = {{
    {"control", 0x00, MoverRegister::Access::kControl, "starts a transfer, says when it is done"},
    {"global_interrupt_enable", 0x04, MoverRegister::Access::kReadWrite,
     "bit 0: interrupts at all"},
    {"interrupt_enable", 0x08, MoverRegister::Access::kReadWrite, "which events interrupt"},
    {"interrupt_status", 0x0c, MoverRegister::Access::kWriteOneToClear,
     "which enabled events came; write 1 to clear"},
    {"base_low", 0x10, MoverRegister::Access::kReadWrite,
     "address of the first byte, bits 31 to 0"},
    {"base_high", 0x14, MoverRegister::Access::kReadWrite, "bits 63 to 32"},
    {"frames", 0x1c, MoverRegister::Access::kReadWrite, "frames to move; 0 is done at once"},
    {"error", 0x24, MoverRegister::Access::kRead, "what went wrong since the last start"},
    {"cycles_low", 0x28, MoverRegister::Access::kRead, "cycles from start to done, bits 31 to 0"},
    {"cycles_high", 0x2c, MoverRegister::Access::kRead, "bits 63 to 32"},
    {"version", 0x30, MoverRegister::Access::kRead, "of this layout: 1"},
    {"beat_bytes", 0x34, MoverRegister::Access::kRead, "bytes of a beat of the stream"},
    {"frame_beats", 0x38, MoverRegister::Access::kRead, "beats of a frame"},
    {"memory_bits", 0x3c, MoverRegister::Access::kRead, "width of the memory port"},
    {"hash_0", 0x40, MoverRegister::Access::kRead,
     "SHA-256 of the accelerator's RTL, its first eight hexadecimal digits"},
    {"hash_1", 0x44, MoverRegister::Access::kRead, "the next eight"},
    {"hash_2", 0x48, MoverRegister::Access::kRead, "the next eight"},
    {"hash_3", 0x4c, MoverRegister::Access::kRead, "the next eight"},
    {"hash_4", 0x50, MoverRegister::Access::kRead, "the next eight"},
    {"hash_5", 0x54, MoverRegister::Access::kRead, "the next eight"},
    {"hash_6", 0x58, MoverRegister::Access::kRead, "the next eight"},
    {"hash_7", 0x5c, MoverRegister::Access::kRead, "the last eight"},
}};

/// A bit of one of them.
struct MoverBit {
  std::string_view reg, name;
  unsigned bit = 0;
  std::string_view meaning;
};

inline constexpr std::array<MoverBit, 11> kMoverBits = {{
    {"control", "start", 0, "write 1: a transfer begins, unless one runs; taken at once, reads 0"},
    {"control", "done", 1, "the transfer ended; cleared by reading and by the next start"},
    {"control", "idle", 2, "no transfer runs"},
    {"control", "ready", 3, "comes and goes with done"},
    {"interrupt_enable", "done", 0, "a transfer ended"},
    {"interrupt_enable", "error", 1, "a transfer ended with an error"},
    {"global_interrupt_enable", "enable", 0, "interrupts at all"},
    {"error", "slave_error", 0, "a response of the memory was SLVERR"},
    {"error", "decode_error", 1, "a response of the memory was DECERR"},
    {"error", "bad_address", 2,
     "the base address is no multiple of the memory's word: nothing was moved"},
    {"error", "misplaced_last", 3, "of a writer: tlast came not where a frame ends"},
}};

/// The register of a name; one that is none does not compile.
consteval const MoverRegister& mover_register(std::string_view name) {
  for (const MoverRegister& r : kMoverRegisters)
    if (r.name == name) return r;
  throw "there is no such register";
}
consteval unsigned mover_offset(std::string_view name) { return mover_register(name).offset; }

/// The mask of a bit.
consteval std::uint32_t mover_bit(std::string_view reg, std::string_view name) {
  for (const MoverBit& b : kMoverBits)
    if (b.reg == reg && b.name == name) return 1U << b.bit;
  throw "there is no such bit";
}

inline constexpr std::uint32_t kMoverVersion = 1;
inline constexpr unsigned kMoverRegisterBytes = 0x80;  ///< of the space that the registers lie in

}  // namespace assay
