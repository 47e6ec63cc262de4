// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// Lattice ECP5: place, route and pack with the open tools, and the way back from the bits.
namespace assay::ecp5 {

/// A device of the family, as its configuration sees it.
struct Device {
  std::string_view name;  ///< "LFE5U-25F"
  std::uint32_t idcode = 0;
  int frames = 0, bits_per_frame = 0;
  int pad_bits = 0;  ///< zeros in front of a frame's bits that fill the first byte
};
/// Null when there is none.
const Device* find_device(std::uint32_t idcode);

/// What a `.bit` file puts into the device.
struct Bitfile {
  const Device* device = nullptr;
  std::vector<std::string> comments;
  std::uint32_t usercode = 0;
  std::vector<bool> bits;  ///< frame * bits_per_frame + bit
  /// Contents of the block RAMs by the number that configuration gives them: 2048 words of 9 bits.
  using BlockRam = std::array<std::uint16_t, 2048>;
  std::map<int, BlockRam> block_rams;

  bool bit(int frame, int index) const {
    return bits[static_cast<std::size_t>(frame) * static_cast<std::size_t>(device->bits_per_frame) +
                static_cast<std::size_t>(index)];
  }
};

/// Reads a bitstream, plain or compressed, and checks every checksum in it. `file` is for messages.
/// UserError naming the place where it is damaged, cut off, for an unknown device, or has a command
/// that is not known.
Bitfile read_bitfile(std::string_view bytes, std::string_view file);

/// CRC-16 as the configuration logic computes it: polynomial 0x8005, from 0, highest bit first.
std::uint16_t configuration_crc(std::string_view bytes);

}  // namespace assay::ecp5
