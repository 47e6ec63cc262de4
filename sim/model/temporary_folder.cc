// SPDX-License-Identifier: Apache-2.0
#include "sim/model/temporary_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".tmp";

/// The locked folder, or -1 when it is gone or another process holds it.
int lock_folder(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder)
    : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    ::close(fd_);
    fd_ = -1;
  }
  if (fd_ < 0)
    tool_error("cannot lock '{}': {}", printable(folder.string(), 4096), std::strerror(errno));
}

FolderLock::~FolderLock() { ::close(fd_); }

TemporaryFolder::TemporaryFolder(const fs::path& beside) {
  while (true) {
    // mkdtemp wants the X at the end, where the ending belongs.
    std::string pattern = beside.string() + std::string(kEnding) + ".XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr)
      tool_error("cannot make a folder beside '{}': {}", printable(beside.string(), 4096),
                 std::strerror(errno));
    path_ = pattern;
    lock_ = lock_folder(path_);
    // Another process may have taken it for abandoned before it was locked.
    struct stat held {
    }, there{};
    if (lock_ >= 0 && ::fstat(lock_, &held) == 0 && ::stat(path_.c_str(), &there) == 0 &&
        held.st_ino == there.st_ino)
      return;
    if (lock_ >= 0) ::close(lock_);
  }
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  ::close(lock_);
}

void TemporaryFolder::move_to(const fs::path& target) const {
  std::error_code error;
  fs::rename(path_, target, error);
  if (error && !fs::exists(target))
    tool_error("cannot keep {}: {}", printable(target.string(), 4096), error.message());
}

void TemporaryFolder::remove_abandoned(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().stem().extension() != kEnding) continue;
    const int lock = lock_folder(entry.path());
    if (lock < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(lock);
  }
}

}  // namespace assay::sim
