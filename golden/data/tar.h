// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// A regular file in a tar archive; `bytes` lies within the archive's own bytes.
struct TarEntry {
  std::string name;
  std::string_view bytes;
};

/// The regular files of a ustar or old GNU archive, in order. Folders are left out. UserError
/// naming `name` and the offset for a damaged or cut archive and for links, devices, long-name
/// records and every other kind of entry.
std::vector<TarEntry> read_tar(std::string_view bytes, const std::string& name);

}  // namespace assay
