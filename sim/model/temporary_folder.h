// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace assay::sim {

/// Holds a folder's lock while it lives, after waiting for it. ToolError when there is none to be had.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

/// A fresh folder, locked while its process lives, and removed with everything in it unless it was
/// kept.
class TemporaryFolder {
 public:
  /// `beside` with a unique ending. ToolError when it cannot be made.
  explicit TemporaryFolder(const std::filesystem::path& beside);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  /// Renames the folder; one that is there already wins. ToolError when neither is there then.
  void move_to(const std::filesystem::path& target) const;

  /// Removes those that killed processes left in `folder`; those of living ones stay.
  static void remove_abandoned(const std::filesystem::path& folder);

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace assay::sim
