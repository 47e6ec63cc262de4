// SPDX-License-Identifier: Apache-2.0
#include "golden/data/download.h"

#include <stdlib.h>

#include <algorithm>
#include <system_error>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "golden/data/gzip.h"
#include "golden/data/http.h"
#include "golden/data/readers.h"
#include "golden/data/tar.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

std::string obtain(const ArchiveSpec& spec, const std::string& source,
                   const DownloadProgress& progress) {
  if (source.starts_with("https://")) return https_get(source, spec.bytes, progress);
  if (source.find("://") != std::string::npos)
    user_error("'{}' is neither an https:// address nor a local file", printable(source));
  return read_file(source, spec.bytes);
}

void verify(const ArchiveSpec& spec, const std::string& archive, const std::string& source) {
  if (archive.size() != spec.bytes)
    user_error("'{}' has {} bytes, but the archive has {}; fetch it again", printable(source),
               archive.size(), spec.bytes);
  const std::string md5_found = md5(archive);
  if (md5_found != spec.md5)
    user_error("'{}' has MD5 {}, but the archive has {}; fetch it again", printable(source),
               md5_found, spec.md5);
  const std::string sha256_found = sha256(archive);
  if (sha256_found != spec.sha256)
    user_error("'{}' has SHA-256 {}, but the archive has {}; fetch it again", printable(source),
               sha256_found, spec.sha256);
}

std::uint64_t content_limit(const ArchiveSpec& spec) {
  // Per member its header and padding, as much for folders, and the end marks of a full tar record.
  std::uint64_t limit = 20480;
  for (const ArchiveSpec::Member& member : spec.members) limit += member.max_bytes + 2048;
  return limit;
}

/// Every member once and within its bounds, nothing else; the names then lie in spec.folder.
void check_members(const ArchiveSpec& spec, const std::vector<TarEntry>& entries,
                   const std::string& source) {
  for (const ArchiveSpec::Member& member : spec.members) {
    const std::string name = spec.folder + "/" + member.name;
    const auto same = [&](const TarEntry& entry) { return entry.name == name; };
    if (std::count_if(entries.begin(), entries.end(), same) != 1)
      user_error("'{}' must hold '{}' once; fetch it again", printable(source), name);
    const std::size_t size = std::find_if(entries.begin(), entries.end(), same)->bytes.size();
    if (size < member.min_bytes || size > member.max_bytes)
      user_error("'{}': '{}' has {} bytes, expected {} to {}; fetch it again", printable(source),
                 name, size, member.min_bytes, member.max_bytes);
  }
  if (entries.size() != spec.members.size())
    user_error("'{}' holds {} files, expected {}; fetch it again", printable(source),
               entries.size(), spec.members.size());
}

/// Folders that vanish again unless they are kept.
class NewFolders {
 public:
  NewFolders() = default;
  NewFolders(const NewFolders&) = delete;
  NewFolders& operator=(const NewFolders&) = delete;
  ~NewFolders() {
    std::error_code ignored;
    fs::remove_all(hidden_, ignored);
    // Not with their content: somebody else may have put something there by now.
    for (auto folder = made_.rbegin(); folder != made_.rend(); ++folder)
      fs::remove(*folder, ignored);
  }

  /// Makes the folder and those above it that are missing.
  void make(const fs::path& folder) {
    if (folder.empty() || is_folder(folder)) return;
    if (folder != folder.parent_path()) make(folder.parent_path());
    std::error_code error;
    // False without an error: the path ended in a slash and exists by now.
    if (fs::create_directory(folder, error)) made_.push_back(folder);
    if (error) tool_error("cannot make the folder '{}': {}", shown(folder), error.message());
  }

  fs::path make_hidden(const fs::path& in, const std::string& name) {
    std::string pattern = (in / ("." + name + ".XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
      tool_error("cannot make a folder in '{}'; is it writable?", shown(in));
    hidden_ = pattern;
    return hidden_;
  }

  void keep() {
    made_.clear();
    hidden_.clear();
  }

 private:
  std::vector<fs::path> made_;
  fs::path hidden_;
};

void write_members(const ArchiveSpec& spec, const std::vector<TarEntry>& entries,
                   const fs::path& to_dir) {
  NewFolders folders;
  folders.make(to_dir);
  const fs::path hidden = folders.make_hidden(to_dir, spec.folder);
  for (const TarEntry& entry : entries)
    write_file(hidden / entry.name.substr(spec.folder.size() + 1), entry.bytes);
  std::error_code error;
  fs::permissions(hidden, fs::perms(0755), error);
  if (!error) fs::rename(hidden, to_dir / spec.folder, error);
  if (error) tool_error("cannot make '{}': {}", shown(to_dir / spec.folder), error.message());
  folders.keep();
}

}  // namespace

const ArchiveSpec& cifar10_archive() {
  constexpr std::uint64_t kBatch = std::uint64_t{10000} * 3073;
  static const ArchiveSpec spec{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                                170052171,
                                "c32a1d4ab5d03f1284b67883e8d87530",
                                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                                "cifar-10-batches-bin",
                                {{"data_batch_1.bin", kBatch, kBatch},
                                 {"data_batch_2.bin", kBatch, kBatch},
                                 {"data_batch_3.bin", kBatch, kBatch},
                                 {"data_batch_4.bin", kBatch, kBatch},
                                 {"data_batch_5.bin", kBatch, kBatch},
                                 {"test_batch.bin", kBatch, kBatch},
                                 {"batches.meta.txt", 1, 4096},
                                 {"readme.html", 1, 4096}}};
  return spec;
}

fs::path fetch_archive(const ArchiveSpec& spec, const fs::path& to_dir, const std::string& source,
                       const DownloadProgress& progress) {
  fs::path target = to_dir / spec.folder;
  if (is_folder(target) || is_file(target))
    user_error("'{}' exists already; use it, remove it, or name another folder", shown(target));
  const std::string archive = obtain(spec, source, progress);
  verify(spec, archive, source);
  const std::string content = gunzip(archive, content_limit(spec), printable(source));
  const std::vector<TarEntry> entries = read_tar(content, printable(source));
  check_members(spec, entries, source);
  write_members(spec, entries, to_dir);
  return target;
}

fs::path fetch_cifar10(const fs::path& to_dir, const std::string& source,
                       const DownloadProgress& progress) {
  const ArchiveSpec& spec = cifar10_archive();
  return fetch_archive(spec, to_dir, source.empty() ? spec.url : source, progress);
}

}  // namespace assay
