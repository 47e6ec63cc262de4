// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace assay {

/// Called with the bytes received and the bytes expected; often, from the calling thread.
using DownloadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// A .tar.gz archive of one folder, and what it must contain to be accepted.
struct ArchiveSpec {
  struct Member {
    std::string name;
    std::uint64_t min_bytes = 0;
    std::uint64_t max_bytes = 0;
  };
  std::string url;
  std::uint64_t bytes = 0;  ///< of the archive
  std::string md5;          ///< as its home page gives it
  std::string sha256;
  std::string folder;           ///< every member lies directly in it
  std::vector<Member> members;  ///< all of them must be there, and nothing else
};

/// CIFAR-10's binary version at its home, https://www.cs.toronto.edu/~kriz/cifar.html.
const ArchiveSpec& cifar10_archive();

/// Fetches an archive into memory from `source` (an https:// address, or the path of a local copy),
/// verifies its size and both checksums, unpacks it with every member checked against `spec`, and
/// only then writes `to_dir`/`spec.folder`: first as a hidden folder, then renamed. Returns that
/// folder. UserError when it exists already, `source` is no file or not this archive; ToolError
/// when the download or writing fails. Nothing is left behind by a failure.
std::filesystem::path fetch_archive(const ArchiveSpec& spec, const std::filesystem::path& to_dir,
                                    const std::string& source, const DownloadProgress& progress);

/// fetch_archive of cifar10_archive(); an empty `source` means its home. About 170 MB are received
/// and 185 MB written.
std::filesystem::path fetch_cifar10(const std::filesystem::path& to_dir, const std::string& source,
                                    const DownloadProgress& progress);

}  // namespace assay
