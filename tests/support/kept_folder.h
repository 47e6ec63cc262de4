// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "compile/base/file.h"
#include "compile/base/hash.h"

namespace assay::testing {

/// Alone with what the file guards, until it goes.
class FileLock {
 public:
  explicit FileLock(const std::filesystem::path& file)
      : handle_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (handle_ < 0 || ::flock(handle_, LOCK_EX) != 0)
      throw std::runtime_error("cannot lock " + file.string());
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() { ::close(handle_); }

 private:
  int handle_;
};

/// Fills `folder`, which exists, with what `make` leaves in a folder: made once for this very test
/// program, as each test is a process of its own, and copied from then on. What a `make` that
/// throws has left is not kept.
inline void fill_from_kept(const std::filesystem::path& folder, const std::string& name,
                           const std::function<void(const std::filesystem::path&)>& make) {
  namespace fs = std::filesystem;
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path kept = program.parent_path() / "kept" / program.filename() / name;
  const fs::path content = kept / "content", stamp = kept / "stamp";
  fs::create_directories(kept);
  const FileLock lock(kept / "lock");
  const std::string made_by = sha256(read_file(program));
  if (!fs::exists(stamp) || read_file(stamp) != made_by) {
    fs::remove(stamp);
    fs::remove_all(content);
    fs::create_directory(content);
    make(content);
    write_file(stamp, made_by);
  }
  fs::copy(content, folder, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
}

}  // namespace assay::testing
