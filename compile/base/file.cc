// SPDX-License-Identifier: Apache-2.0
#include "compile/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

/// 128 bits: nobody can search for two names with one hash.
constexpr std::size_t kHashDigits = 32;

/// Closes a descriptor on every path.
struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) tool_error("cannot write '{}': {}", printable(path.string()), std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

/// rename() would replace a device or a pipe by a plain file.
void refuse_special_file(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    tool_error("cannot write '{}': it exists and is not a regular file", printable(path.string()));
}

/// Whether the name ends like the hashed names that safe_file_name makes.
bool looks_hashed(std::string_view name) {
  if (name.size() < kHashDigits + 1 || name[name.size() - kHashDigits - 1] != '-') return false;
  name.remove_prefix(name.size() - kHashDigits);
  return name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0)
    user_error("cannot open '{}': {}", printable(path.string()), std::strerror(errno));
  struct stat info {};
  if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode))
    user_error("'{}' is not a regular file", printable(path.string()));
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > limit)
    user_error("'{}' has {} bytes; at most {} are read", printable(path.string()), size, limit);
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) user_error("cannot read '{}': {}", printable(path.string()), std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  refuse_special_file(path);
  std::string temporary = path.string() + ".XXXXXX.tmp";
  Descriptor file{::mkostemps(temporary.data(), 4, O_CLOEXEC)};
  if (file.fd < 0)
    tool_error("cannot create a file beside '{}': {}", printable(path.string()),
               std::strerror(errno));
  try {
    write_all(file.fd, bytes, path);
    if (::fchmod(file.fd, 0644) != 0 || ::fsync(file.fd) != 0)
      tool_error("cannot flush '{}': {}", printable(path.string()), std::strerror(errno));
    const int fd = std::exchange(file.fd, -1);
    if (::close(fd) != 0)
      tool_error("cannot close '{}': {}", printable(path.string()), std::strerror(errno));
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      tool_error("cannot rename '{}' to '{}': {}", printable(temporary), printable(path.string()),
                 std::strerror(errno));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

std::string safe_file_name(std::string_view name) {
  std::string safe;
  for (const char c : name.substr(0, 100)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || ((c == '-' || c == '.') && !safe.empty());
    safe += plain ? c : '_';
  }
  // A name that looks hashed is hashed again, else it could equal another name's result.
  if (safe == name && !safe.empty() && !looks_hashed(name)) return safe;
  if (safe.empty()) safe = "_";
  return safe + "-" + sha256(name).substr(0, kHashDigits);
}

}  // namespace assay
