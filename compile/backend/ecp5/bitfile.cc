// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/ecp5/bitfile.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay::ecp5 {
namespace {

constexpr std::array<Device, 10> kDevices{{
    {"LFE5U-12F", 0x21111043, 7562, 592, 0},
    {"LFE5U-25F", 0x41111043, 7562, 592, 0},
    {"LFE5U-45F", 0x41112043, 9470, 846, 2},
    {"LFE5U-85F", 0x41113043, 13294, 1136, 0},
    {"LFE5UM-25F", 0x01111043, 7562, 592, 0},
    {"LFE5UM-45F", 0x01112043, 9470, 846, 2},
    {"LFE5UM-85F", 0x01113043, 13294, 1136, 0},
    {"LFE5UM5G-25F", 0x81111043, 7562, 592, 0},
    {"LFE5UM5G-45F", 0x81112043, 9470, 846, 2},
    {"LFE5UM5G-85F", 0x81113043, 13294, 1136, 0},
}};

/// First byte of a command; three bytes of information follow, then what it is about.
enum class Command : std::uint8_t {
  kCompressionDictionary = 0x02,
  kControl0 = 0x22,
  kResetCrc = 0x3b,
  kInitAddress = 0x46,
  kDone = 0x5e,
  kSpiMode = 0x79,
  kFrames = 0x82,
  kEbrWrite = 0xb2,
  kCompressedFrames = 0xb8,
  kUsercode = 0xc2,
  kSecurity = 0xce,
  kVerifyId = 0xe2,
  kEbrAddress = 0xf6,
};

constexpr std::array<std::uint16_t, 256> crc_table() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8U;
    for (int i = 0; i < 8; ++i) crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x8005U : crc << 1U;
    table[byte] = static_cast<std::uint16_t>(crc);
  }
  return table;
}

std::uint16_t crc_step(std::uint16_t crc, std::uint8_t byte) {
  constexpr std::array<std::uint16_t, 256> kTable = crc_table();
  return static_cast<std::uint16_t>(crc << 8U ^ kTable[crc >> 8U ^ byte]);
}

/// Bytes one after the other, with the checksum over what was read since it was last looked at.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string_view file) : bytes_(bytes), file_(file) {}

  std::size_t at() const { return at_; }
  std::string_view file() const { return file_; }
  bool end() const { return at_ == bytes_.size(); }
  std::string_view rest() const { return bytes_.substr(at_); }
  /// Without effect on the checksum.
  void skip(std::size_t count) {
    if (count > bytes_.size() - at_) cut_off();
    at_ += count;
  }
  std::uint8_t byte() {
    if (end()) cut_off();
    const auto byte = static_cast<std::uint8_t>(bytes_[at_++]);
    crc_ = crc_step(crc_, byte);
    return byte;
  }
  std::uint32_t word(int bytes) {
    std::uint32_t word = 0;
    for (int i = 0; i < bytes; ++i) word = word << 8U | byte();
    return word;
  }
  void reset_crc() { crc_ = 0; }
  void check_crc(std::string_view what) {
    const std::uint16_t computed = crc_;
    const auto stored = static_cast<std::uint16_t>(word(2));
    if (stored != computed)
      user_error("{}: {}, at byte {}: its checksum is {:04x}, computed {:04x}: the file is damaged",
                 file_, what, at_ - 2, stored, computed);
    reset_crc();
  }

 private:
  [[noreturn]] void cut_off() const {
    user_error("{}: cut off after {} bytes", file_, bytes_.size());
  }

  std::string_view bytes_, file_;
  std::size_t at_ = 0;
  std::uint16_t crc_ = 0;
};

/// Bytes out of the prefix code that compressed frames are in.
class Inflater {
 public:
  Inflater(ByteReader& in, const std::array<std::uint8_t, 8>& dictionary)
      : in_(in), dictionary_(dictionary) {}

  std::uint8_t byte() {
    if (bits(1) == 0) return 0;
    if (bits(1) == 1) return static_cast<std::uint8_t>(bits(8));
    if (bits(1) == 1) return dictionary_[bits(3)];
    return static_cast<std::uint8_t>(1U << bits(3));
  }
  /// The rest of the last byte has to be nothing.
  bool padded_with_zeros() const { return (current_ & ((1U << left_) - 1U)) == 0; }

 private:
  std::uint32_t bits(int count) {
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) {
      if (left_ == 0) current_ = in_.byte(), left_ = 8;
      value = value << 1U | (current_ >> --left_ & 1U);
    }
    return value;
  }

  ByteReader& in_;
  const std::array<std::uint8_t, 8>& dictionary_;
  std::uint32_t current_ = 0;
  unsigned left_ = 0;
};

/// Comments, and the mark behind which commands start.
void read_header(ByteReader& in, Bitfile& result) {
  constexpr std::string_view kMark("\xff\xff\xbd\xb3", 4);
  const std::string_view all = in.rest();
  std::size_t at = 0;
  if (all.size() > 2 && all[0] == '\xff' && all[1] == '\0') {
    at = 2;
    while (at < all.size() && all[at] != '\xff') {
      const std::size_t end = all.find('\0', at);
      if (end == std::string_view::npos) break;
      result.comments.emplace_back(all.substr(at, end - at));
      at = end + 1;
    }
  }
  const std::size_t mark = all.find(kMark, at);
  if (mark == std::string_view::npos)
    user_error("{}: no preamble: not a bitstream of an ECP5", in.file());
  for (; at < mark; ++at)
    if (all[at] != '\xff')
      user_error("{}: byte {} in front of the preamble is none of a comment's", in.file(), at);
  in.skip(mark + kMark.size());
}

/// Reads the commands into a Bitfile.
class BitfileReader {
 public:
  BitfileReader(ByteReader& in, Bitfile& result) : in_(in), result_(result) {}

  void read() {
    while (!done_) {
      const std::size_t start = in_.at();
      if (in_.end()) user_error("{}: cut off: nothing says that configuration is done", in_.file());
      if (in_.rest()[0] == '\xff') {  // fills; no checksum has it
        in_.skip(1);
        continue;
      }
      const auto command = static_cast<Command>(in_.byte());
      const std::uint32_t information = in_.word(3);
      obey(command, information, start);
    }
    for (; !in_.end(); in_.skip(1))
      if (in_.rest()[0] != '\xff')
        user_error("{}: byte {} comes behind the end of configuration", in_.file(), in_.at());
    if (frames_read_ != result_.device->frames)
      user_error("{}: has no configuration frames", in_.file());
  }

 private:
  void obey(Command command, std::uint32_t information, std::size_t start) {
    switch (command) {
      case Command::kResetCrc:
        return in_.reset_crc();
      case Command::kVerifyId:
        return verify_id();
      case Command::kCompressionDictionary:
        for (std::size_t i = 8; i-- > 0;) dictionary_[i] = in_.byte();
        return check(information, "the compression dictionary");
      case Command::kControl0:
        in_.word(4);
        return check(information, "control register 0");
      case Command::kInitAddress:
      case Command::kSpiMode:
      case Command::kSecurity:
        return check(information & 0x800000U, "a command");
      case Command::kFrames:
      case Command::kCompressedFrames:
        return frames(information, command == Command::kCompressedFrames);
      case Command::kEbrAddress:
        ebr_address_ = in_.word(4);
        return check(information, "the address of a block RAM");
      case Command::kEbrWrite:
        return block_ram(information);
      case Command::kUsercode:
        result_.usercode = in_.word(4);
        return check(information, "the user code");
      case Command::kDone:
        done_ = true;
        return check(information, "the end of configuration");
    }
    user_error("{}: command {:02x} at byte {} is not known", in_.file(),
               static_cast<unsigned>(command), start);
  }

  void check(std::uint32_t information, std::string_view what) {
    if ((information & 0x800000U) != 0) in_.check_crc(what);
  }

  void verify_id() {
    const std::uint32_t idcode = in_.word(4);
    const Device* device = find_device(idcode);
    if (!device)
      user_error("{}: for a device with the code {:08x}, which is no ECP5", in_.file(), idcode);
    if (result_.device && result_.device != device)
      user_error("{}: for two devices, {} and {}", in_.file(), result_.device->name, device->name);
    result_.device = device;
  }

  const Device& device() const {
    if (!result_.device) user_error("{}: names no device before its frames", in_.file());
    return *result_.device;
  }

  void frames(std::uint32_t information, bool compressed) {
    const Device& part = device();
    const bool crc = (information & 0x800000U) != 0, at_end = (information & 0x400000U) != 0;
    const auto count = static_cast<int>(information & 0xffffU);
    if (!crc || (information & 0x300000U) != 0x100000U || count != part.frames || frames_read_ != 0)
      user_error("{}: frames with settings {:06x}; {} has {} of them, once, with checksums",
                 in_.file(), information, part.name, part.frames);
    result_.bits.resize(static_cast<std::size_t>(part.frames) *
                        static_cast<std::size_t>(part.bits_per_frame));
    const std::uint32_t dummies = information >> 16U & 15U;
    for (int i = part.frames; i-- > 0; ++frames_read_) {
      read_frame(i, compressed);
      if (!at_end) in_.check_crc("a frame");
      for (std::uint32_t k = 0; k < dummies && !at_end; ++k) dummy();
    }
    if (at_end) in_.check_crc("the frames");
  }

  /// Fills the time between two frames; counts for the checksum of the next.
  void dummy() {
    if (in_.byte() != 0xff)
      user_error("{}: byte {} between two frames is none that fills", in_.file(), in_.at() - 1);
  }

  /// The highest bit comes first.
  void read_frame(int frame, bool compressed) {
    const Device& part = device();
    const auto bits = static_cast<std::size_t>(part.bits_per_frame + part.pad_bits);
    const std::size_t bytes = compressed ? (bits + 63) / 64 * 8 : bits / 8;
    Inflater inflater(in_, dictionary_);
    const std::size_t first =
        static_cast<std::size_t>(frame) * static_cast<std::size_t>(part.bits_per_frame);
    for (std::size_t i = bytes; i-- > 0;) {
      const std::uint8_t byte = compressed ? inflater.byte() : in_.byte();
      for (std::size_t k = 0; k < 8; ++k)
        if ((byte >> k & 1U) != 0) {
          if (8 * i + k >= static_cast<std::size_t>(part.bits_per_frame))
            user_error("{}: frame {} has bits that {} has not", in_.file(), frame, part.name);
          result_.bits[first + 8 * i + k] = true;
        }
    }
    if (compressed && !inflater.padded_with_zeros())
      user_error("{}: frame {} is not filled with zeros", in_.file(), frame);
  }

  void block_ram(std::uint32_t information) {
    device();
    const std::uint32_t count = information & 0xffffU, at = ebr_address_ & 0x7ffU;
    const auto number = static_cast<int>(ebr_address_ >> 11U);
    if ((information & 0x7f0000U) != 0x500000U || at + 8 * count > 2048 || number > 511)
      user_error(
          "{}: contents of block RAM {}, from word {} with settings {:06x}, which are not "
          "known",
          in_.file(), number, at, information);
    Bitfile::BlockRam& ram = result_.block_rams[number];
    for (std::uint32_t i = 0; i < 8 * count; i += 8) {
      std::uint32_t left = 0, held = 0;
      for (std::uint32_t k = 0; k < 8; ++k) {
        while (left < 9) held = held << 8U | in_.byte(), left += 8;
        left -= 9;
        ram[at + i + k] = static_cast<std::uint16_t>(held >> left & 0x1ffU);
      }
    }
    ebr_address_ += 8 * count;
    check(information, "the contents of a block RAM");
  }

  ByteReader& in_;
  Bitfile& result_;
  std::array<std::uint8_t, 8> dictionary_{};
  std::uint32_t ebr_address_ = 0;
  int frames_read_ = 0;
  bool done_ = false;
};

}  // namespace

const Device* find_device(std::uint32_t idcode) {
  const auto* at = std::find_if(kDevices.begin(), kDevices.end(),
                                [&](const Device& device) { return device.idcode == idcode; });
  return at == kDevices.end() ? nullptr : &*at;
}

std::uint16_t configuration_crc(std::string_view bytes) {
  std::uint16_t crc = 0;
  for (const char byte : bytes) crc = crc_step(crc, static_cast<std::uint8_t>(byte));
  return crc;
}

Bitfile read_bitfile(std::string_view bytes, std::string_view file) {
  Bitfile result;
  ByteReader in(bytes, file);
  read_header(in, result);
  BitfileReader(in, result).read();
  return result;
}

}  // namespace assay::ecp5
