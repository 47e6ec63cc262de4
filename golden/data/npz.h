// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "golden/data/npy.h"
#include "golden/data/zip.h"

namespace assay {

/// A .npz file, which is a zip file of .npy files; its arrays are read when they are asked for.
class NpzFile {
 public:
  /// UserError, naming the file, where it is none or holds no array or anything else.
  explicit NpzFile(const std::filesystem::path& file);

  const std::string& name() const { return name_; }  ///< for messages
  const std::vector<ZipMember>& members() const { return members_; }
  std::string listed() const;  ///< "'x', 'z'"

  /// The array of that name, capital letters included; null where there is none.
  const ZipMember* find(const std::string& key) const;
  static std::string key_of(const ZipMember& member);
  std::string title(const ZipMember& member) const;  ///< for messages
  NpyArray read(const ZipMember& member) const;

 private:
  std::string name_, bytes_;
  std::vector<ZipMember> members_;
};

}  // namespace assay
