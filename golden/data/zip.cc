// SPDX-License-Identifier: Apache-2.0
// After PKWARE's APPNOTE.TXT 6.3: every number is little-endian, and all that is read is checked
// against the length of the archive first.
#include "golden/data/zip.h"

#include <zlib.h>

#include <algorithm>
#include <set>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "golden/data/gzip.h"

namespace assay {
namespace {

constexpr std::uint32_t kLocalMark = 0x04034b50, kMemberMark = 0x02014b50, kEndMark = 0x06054b50,
                        kEnd64Mark = 0x06064b50, kLocator64Mark = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30, kMemberSize = 46, kEndSize = 22, kLocator64Size = 20;
constexpr std::uint64_t kMaxComment = 0xffff;
constexpr std::uint32_t kIn64 = 0xffffffff;  ///< the number stands in a zip64 field
constexpr std::uint16_t kShortIn64 = 0xffff;
constexpr std::uint16_t kZip64Field = 1;
constexpr std::uint16_t kStored = 0, kDeflated = 8;
constexpr std::uint16_t kEncrypted = 1;    ///< flag
constexpr std::uint64_t kMaxRatio = 1032;  ///< of deflate

/// Numbers of a stretch of the archive, one after the other.
class Numbers {
 public:
  Numbers(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  void skip(std::uint64_t count) { text(count); }
  std::string_view text(std::uint64_t count) {
    if (count > bytes_.size())
      user_error("'{}' is cut short or damaged: its zip directory does not end; fetch it again",
                 name_);
    const std::string_view text = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return text;
  }
  std::uint64_t left() const { return bytes_.size(); }

 private:
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const std::string_view digits = text(size);
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(digits[i]);
    return value;
  }

  std::string_view bytes_;
  const std::string& name_;
};

[[noreturn]] void damaged(const std::string& name, std::string_view what) {
  user_error("'{}' is a damaged zip file: {}; fetch or save it again", name, what);
}

/// What follows `at`; damaged where that lies outside.
Numbers numbers_at(std::string_view archive, std::uint64_t at, const std::string& name) {
  if (at > archive.size()) damaged(name, "it points behind its end");
  return {archive.substr(at), name};
}

struct Directory {
  std::uint64_t entries = 0, size = 0, at = 0;
};

/// Where the record that ends every archive starts.
std::uint64_t find_end(std::string_view archive, const std::string& name) {
  const std::uint64_t reach = std::min<std::uint64_t>(archive.size(), kEndSize + kMaxComment);
  for (std::uint64_t back = kEndSize; back <= reach; ++back) {
    const std::uint64_t at = archive.size() - back;
    Numbers end(archive.substr(at), name);
    if (end.u32() != kEndMark) continue;
    end.skip(kEndSize - 6);
    if (end.u16() == back - kEndSize) return at;
  }
  user_error("'{}' is no zip file, or is cut short; save it with numpy.savez", name);
}

Directory read_directory64(std::string_view archive, std::uint64_t end, const std::string& name) {
  if (end < kLocator64Size) damaged(name, "it has no zip64 directory");
  Numbers locator = numbers_at(archive, end - kLocator64Size, name);
  if (locator.u32() != kLocator64Mark) damaged(name, "it has no zip64 directory");
  locator.skip(4);
  Numbers record = numbers_at(archive, locator.u64(), name);
  if (record.u32() != kEnd64Mark) damaged(name, "it has no zip64 directory");
  record.skip(8 + 2 + 2 + 4 + 4 + 8);
  Directory directory;
  directory.entries = record.u64();
  directory.size = record.u64();
  directory.at = record.u64();
  return directory;
}

Directory read_directory(std::string_view archive, const std::string& name) {
  const std::uint64_t at = find_end(archive, name);
  Numbers end = numbers_at(archive, at + 4, name);
  const std::uint16_t disk = end.u16(), first_disk = end.u16(), here = end.u16(), all = end.u16();
  Directory directory{all, end.u32(), end.u32()};
  const bool in64 = all == kShortIn64 || directory.size == kIn64 || directory.at == kIn64;
  if (in64)
    directory = read_directory64(archive, at, name);
  else if (disk != 0 || first_disk != 0 || here != all)
    damaged(name, "it is a part of several");
  if (directory.at > at || directory.size > at - directory.at)
    damaged(name, "its directory lies outside of it");
  if (directory.entries > directory.size / kMemberSize)
    damaged(name, "its directory is too short for its members");
  return directory;
}

/// The numbers of a member that 32 bits do not hold, in their order.
void read_zip64(ZipMember& member, Numbers extra, const std::string& name) {
  while (extra.left() >= 4) {
    const std::uint16_t id = extra.u16(), size = extra.u16();
    Numbers field(extra.text(size), name);
    if (id != kZip64Field) continue;
    if (member.size == kIn64) member.size = field.u64();
    if (member.packed == kIn64) member.packed = field.u64();
    if (member.header == kIn64) member.header = field.u64();
    return;
  }
}

ZipMember read_member(Numbers& directory, const std::string& name) {
  if (directory.u32() != kMemberMark) damaged(name, "its directory is none");
  directory.skip(4);
  ZipMember member;
  const std::uint16_t flags = directory.u16();
  member.method = directory.u16();
  directory.skip(4);
  member.crc = directory.u32();
  member.packed = directory.u32();
  member.size = directory.u32();
  const std::uint16_t name_size = directory.u16(), extra_size = directory.u16(),
                      comment_size = directory.u16();
  directory.skip(8);
  member.header = directory.u32();
  member.name = directory.text(name_size);
  read_zip64(member, Numbers(directory.text(extra_size), name), name);
  directory.skip(comment_size);
  if ((flags & kEncrypted) != 0)
    user_error("'{}': '{}' is encrypted; save it without a password", name, printable(member.name));
  if (member.method != kStored && member.method != kDeflated)
    user_error("'{}': '{}' is compressed by method {}; save it with numpy.savez_compressed", name,
               printable(member.name), member.method);
  return member;
}

void check_sizes(const ZipMember& member, std::uint64_t limit, const std::string& name) {
  if (member.size > limit)
    user_error("'{}': '{}' has {} bytes, more than the {} that are read", name,
               printable(member.name), member.size, limit);
  const bool fits = member.method == kStored ? member.size == member.packed
                                             : member.size / kMaxRatio <= member.packed;
  if (!fits)
    damaged(name, fmt::format("'{}' has {} bytes but announces {}", printable(member.name),
                              member.packed, member.size));
}

/// The packed bytes, behind the member's own header.
std::string_view packed_bytes(std::string_view archive, const ZipMember& member,
                              const std::string& name) {
  Numbers local = numbers_at(archive, member.header, name);
  if (local.u32() != kLocalMark) damaged(name, "a member has no header");
  local.skip(kLocalSize - 8);
  const std::uint16_t name_size = local.u16(), extra_size = local.u16();
  if (local.text(name_size) != member.name) damaged(name, "a member has two names");
  local.skip(extra_size);
  return local.text(member.packed);
}

std::uint32_t crc_of(std::string_view bytes) {
  uLong crc = crc32_z(0, nullptr, 0);
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return static_cast<std::uint32_t>(crc);
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view archive, const std::string& file) {
  const std::string name = printable(file, 4096);
  const Directory directory = read_directory(archive, name);
  Numbers entries(archive.substr(directory.at, directory.size), name);
  std::vector<ZipMember> members;
  std::set<std::string> names;
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    members.push_back(read_member(entries, name));
    if (!names.insert(members.back().name).second)
      damaged(name, fmt::format("it has '{}' twice", printable(members.back().name)));
  }
  return members;
}

std::string read_zip_member(std::string_view archive, const ZipMember& member, std::uint64_t limit,
                            const std::string& file) {
  const std::string name = printable(file, 4096);
  check_sizes(member, limit, name);
  const std::string_view packed = packed_bytes(archive, member, name);
  const std::string whole = fmt::format("{}' in '{}", printable(member.name), name);
  std::string content =
      member.method == kStored ? std::string(packed) : inflate_raw(packed, member.size, whole);
  if (crc_of(content) != member.crc)
    damaged(name, fmt::format("the checksum of '{}' is wrong", printable(member.name)));
  return content;
}

}  // namespace assay
