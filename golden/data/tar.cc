// SPDX-License-Identifier: Apache-2.0
#include "golden/data/tar.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::size_t kBlock = 512;

std::string_view field(std::string_view header, std::size_t at, std::size_t size) {
  const std::string_view raw = header.substr(at, size);
  return raw.substr(0, raw.find('\0'));
}

/// An octal number, padded with spaces; -1 when it is anything else.
std::int64_t octal(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return -1;
    value = value * 8 + (c - '0');
  }
  return value;
}

/// The sum of the header's bytes with the checksum field itself read as spaces.
std::int64_t checksum(std::string_view header) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<std::uint8_t>(header[i]);
  return sum;
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

}  // namespace

std::vector<TarEntry> read_tar(std::string_view bytes, const std::string& name) {
  std::vector<TarEntry> entries;
  std::size_t at = 0;
  while (true) {
    if (bytes.size() - at < kBlock)
      user_error("'{}' is cut short: its tar archive ends at byte {} without an end mark", name,
                 at);
    const std::string_view header = bytes.substr(at, kBlock);
    if (all_zero(header)) break;
    if (octal(field(header, 148, 8)) != checksum(header))
      user_error("'{}': the tar header at byte {} is damaged", name, at);
    const std::int64_t size = octal(field(header, 124, 12));
    at += kBlock;
    if (size < 0 || static_cast<std::uint64_t>(size) > bytes.size() - at)
      user_error("'{}': the tar entry before byte {} has a size beyond the archive", name, at);
    const char type = header[156];
    const std::string_view entry_name = field(header, 0, 100);
    if (type == '0' || type == '\0') {
      entries.push_back(
          {std::string(entry_name), bytes.substr(at, static_cast<std::size_t>(size))});
    } else if (type != '5' || size != 0) {
      user_error("'{}': the tar entry '{}' before byte {} is neither a plain file nor a folder",
                 name, printable(entry_name), at);
    }
    const std::size_t padded = (static_cast<std::size_t>(size) + kBlock - 1) / kBlock * kBlock;
    at += std::min(padded, bytes.size() - at);
  }
  if (!all_zero(bytes.substr(at))) user_error("'{}' has data after its end mark", name);
  return entries;
}

}  // namespace assay
