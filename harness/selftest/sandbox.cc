// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/sandbox.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_below(const fs::path& root, const fs::path& folder) {
  std::vector<std::string> names;
  if (!fs::is_directory(folder)) return names;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory() || entry.is_symlink())
      names.push_back(entry.path().lexically_relative(root).string());
  std::ranges::sort(names);
  return names;
}

void copy_over(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
  if (error) tool_error("cannot copy '{}': {}", printable(from.string(), 4096), error.message());
}

bool is_regular(const fs::path& path) { return fs::is_regular_file(fs::symlink_status(path)); }

bool same_file(const fs::path& a, const fs::path& b) {
  return is_regular(a) && is_regular(b) && fs::file_size(a) == fs::file_size(b) &&
         read_file(a) == read_file(b);
}

bool differs_in_equal_runs(const std::string& name) {
  return name == "run/log.jsonl" || name == "run/.assay-lock" ||
         name == "run/reports/timing.json" || name.starts_with("run/build/runs/");
}

}  // namespace

Sandbox::Sandbox()
    : folder_(fs::temp_directory_path() / "assay-selftest"),
      root_(folder_.path() / "work"),
      kept_(folder_.path() / "kept") {
  fs::permissions(folder_.path(), fs::perms::owner_all);  // images may be nobody else's business
  fs::create_directory(root_);
}

bool Sandbox::has(std::string_view name) const { return is_regular(path(name)); }

std::string Sandbox::read(std::string_view name) const { return read_file(path(name)); }

void Sandbox::write(std::string_view name, std::string_view bytes) const {
  const fs::perms perms = has(name) ? fs::status(path(name)).permissions() : fs::perms::unknown;
  fs::create_directories(path(name).parent_path());
  write_file(path(name), bytes);
  // A changed program stays one.
  if (perms != fs::perms::unknown) fs::permissions(path(name), perms);
}

void Sandbox::remove(std::string_view name) const { fs::remove(path(name)); }

std::vector<std::string> Sandbox::files(std::string_view folder) const {
  std::vector<std::string> names = files_below(root_, path(folder));
  std::erase_if(names, [&](const std::string& name) { return !has(name); });
  return names;
}

std::string Sandbox::only_entry(std::string_view folder) const {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(path(folder)))
    if (!entry.path().string().ends_with(".labels.npy")) found.push_back(entry.path());
  ASSAY_INVARIANT(found.size() == 1, "a folder of the sandbox has one entry");
  return found.front().string();
}

void Sandbox::add(const fs::path& from, const fs::path& name) const {
  if (!fs::is_directory(from)) return copy_over(from, root_ / name);
  fs::create_directories(root_ / name);
  for (const std::string& file : files_below(from, from))
    if (is_regular(from / file)) copy_over(from / file, root_ / name / file);
}

void Sandbox::keep() {
  fs::remove_all(kept_);
  fs::create_directory(kept_);
  stamps_.clear();
  for (const std::string& name : files("")) copy_over(root_ / name, kept_ / name);
}

std::optional<Sandbox::Stamp> Sandbox::stamp_of(const fs::path& file) {
  struct stat s = {};
  if (::lstat(file.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) return {};
  return Stamp{s.st_dev,          s.st_ino,         s.st_size,        s.st_mtim.tv_sec,
               s.st_mtim.tv_nsec, s.st_ctim.tv_sec, s.st_ctim.tv_nsec};
}

bool Sandbox::is_kept(const std::string& name) const {
  const std::optional<Stamp> now = stamp_of(root_ / name);
  const auto known = stamps_.find(name);
  if (now && known != stamps_.end() && known->second == *now) return true;
  if (!now || !same_file(root_ / name, kept_ / name)) return false;
  stamps_[name] = *now;
  return true;
}

std::vector<std::string> Sandbox::differing() const {
  std::vector<std::string> names;
  std::ranges::set_union(files_below(root_, root_), files_below(kept_, kept_),
                         std::back_inserter(names));
  std::erase_if(names, [&](const std::string& name) { return is_kept(name); });
  return names;
}

std::vector<std::string> Sandbox::changes() const {
  std::vector<std::string> names = differing();
  std::erase_if(names, differs_in_equal_runs);
  return names;
}

bool Sandbox::was_kept(std::string_view name) const { return is_regular(kept_ / name); }

std::string Sandbox::kept(std::string_view name) const { return read_file(kept_ / name); }

void Sandbox::restore() const {
  for (const std::string& name : differing()) {
    if (is_regular(kept_ / name)) {
      // Not written in place: something else may lie there.
      fs::remove_all(root_ / name);
      copy_over(kept_ / name, root_ / name);
    } else {
      fs::remove(root_ / name);
    }
  }
}

}  // namespace assay
