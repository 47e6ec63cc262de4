// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A file of a zip archive, as its central directory lists it.
struct ZipMember {
  std::string name;
  std::uint16_t method = 0;  ///< 0 stored, 8 deflated
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;  ///< bytes in the archive
  std::uint64_t size = 0;    ///< bytes of its content
  std::uint64_t header = 0;  ///< where its local header starts
};

/// The members of an archive of one disk, in the order of its central directory; zip64 is read.
/// UserError naming `name` when it is no archive, is damaged or cut short, a member is encrypted or
/// compressed otherwise than by deflate, or two members have one name.
std::vector<ZipMember> zip_members(std::string_view archive, const std::string& name);

/// The content of a member, its length and CRC verified. UserError naming `name` and the member when
/// either is wrong, the local header says something else than the central directory, or the content
/// has more than `limit` bytes or more than deflate can pack into so few.
std::string read_zip_member(std::string_view archive, const ZipMember& member, std::uint64_t limit,
                            const std::string& name);

}  // namespace assay
