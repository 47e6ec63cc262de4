// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model/temporary_folder.h"

namespace assay {

/// A private temporary folder that faults are planted into, and that can be made again what it was.
/// Names of files are relative to root(): "run/stages/01_import.onnx".
class Sandbox {
 public:
  Sandbox();

  /// What commands see; the same path for as long as the sandbox lives.
  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path path(std::string_view name) const { return root_ / name; }
  bool has(std::string_view name) const;
  std::string read(std::string_view name) const;
  void write(std::string_view name, std::string_view bytes) const;
  void remove(std::string_view name) const;
  /// The regular files below a folder, at any depth, sorted; none where there is no such folder.
  std::vector<std::string> files(std::string_view folder) const;
  /// The path of the one file or folder that was added to a folder, labels of arrays aside.
  std::string only_entry(std::string_view folder) const;
  /// Copies a file, or the regular files of a folder; links in it are not followed.
  void add(const std::filesystem::path& from, const std::filesystem::path& name) const;

  /// What lies below root() now is what the next two speak of.
  void keep();
  /// The files that are not as they were kept, missing and new ones included. Not the lock, the log
  /// and the times of a run, nor what its simulations work with.
  std::vector<std::string> changes() const;
  bool was_kept(std::string_view name) const;
  std::string kept(std::string_view name) const;  ///< a file as it was kept
  void restore() const;

 private:
  /// What the system says of a file, which changes whenever its contents do: most of what lies here
  /// is large and never touched.
  struct Stamp {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = 0, modified_s = 0, modified_ns = 0, changed_s = 0, changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static std::optional<Stamp> stamp_of(const std::filesystem::path& file);
  bool is_kept(const std::string& name) const;
  std::vector<std::string> differing() const;
  sim::TemporaryFolder folder_;
  std::filesystem::path root_, kept_;
  mutable std::map<std::string, Stamp> stamps_;  ///< of files whose contents were found as kept
};

}  // namespace assay
