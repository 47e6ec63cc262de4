// SPDX-License-Identifier: Apache-2.0
#include "sim/model/user_cache.h"

#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"

namespace assay::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretDigits = 64;

std::string shown(const fs::path& path) { return printable(path.string(), 4096); }

/// An absolute path from the environment, or nothing.
fs::path folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  const fs::path path = value ? value : "";
  return path.is_absolute() ? path : fs::path();
}

fs::path home() {
  if (fs::path path = folder_of("HOME"); !path.empty()) return path;
  const passwd* user = ::getpwuid(::geteuid());
  if (user && user->pw_dir && *user->pw_dir == '/') return user->pw_dir;
  user_error("there is no place for built models: set XDG_CACHE_HOME or HOME to a folder");
}

fs::path user_folder() {
  const fs::path cache = folder_of("XDG_CACHE_HOME");
  return (cache.empty() ? home() / ".cache" : cache) / "assay";
}

fs::path built_file(const std::string& sha256) { return user_folder() / "built" / sha256; }

std::string new_secret() {
  std::array<char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    tool_error("cannot get random numbers: {}", std::strerror(errno));
  return sha256({bytes.data(), bytes.size()});
}

/// Made when it is not there; of several processes that make it, one wins.
std::string secret() {
  make_private_folder(user_folder());
  const fs::path file = user_folder() / "secret";
  if (!fs::exists(file)) {
    const fs::path fresh = fmt::format("{}.{}", file.string(), ::getpid());
    write_file(fresh, new_secret());
    ::chmod(fresh.c_str(), 0600);
    const bool failed = ::link(fresh.c_str(), file.c_str()) != 0 && errno != EEXIST;
    const int reason = errno;
    ::unlink(fresh.c_str());
    if (failed) tool_error("cannot make '{}': {}", shown(file), std::strerror(reason));
  }
  std::string text = read_file(file);
  if (text.size() != kSecretDigits) user_error("'{}' is damaged; remove it", shown(file));
  return text;
}

}  // namespace

fs::path user_model_folder() { return user_folder() / "models"; }

fs::path user_layer_folder() { return user_folder() / "layers"; }

void make_private_folder(const fs::path& folder) {
  fs::path path;
  for (const fs::path& part : fs::absolute(folder)) {
    path /= part;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST && !fs::exists(path))
      tool_error("cannot make the folder '{}': {}; XDG_CACHE_HOME says where else models may lie",
                 shown(path), std::strerror(errno));
  }
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    user_error("'{}' is in the way: it should be a folder of built models", shown(folder));
  if (status.st_uid != ::geteuid())
    user_error(
        "the folder of built models '{}' belongs to another user, whose programs would be run; "
        "give one of your own as --cache or XDG_CACHE_HOME",
        shown(folder));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    user_error(
        "others may write to the folder of built models '{}', and their programs would be run; "
        "take that right away with 'chmod 700', or give another folder as --cache",
        shown(folder));
}

void note_built(const std::string& sha256) {
  const fs::path file = built_file(sha256);
  make_private_folder(file.parent_path());
  if (!fs::exists(file)) write_file(file, "");
}

bool is_built_here(const std::string& sha256) {
  const fs::path file = built_file(sha256);
  make_private_folder(file.parent_path());
  return fs::exists(fs::symlink_status(file));
}

std::string user_checksum(std::string_view text) { return sha256(secret() + sha256(text)); }

}  // namespace assay::sim
