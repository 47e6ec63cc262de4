// SPDX-License-Identifier: Apache-2.0
#include "sim/model/cache_entry.h"

#include <fmt/format.h>

#include <map>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "sim/model/temporary_folder.h"
#include "sim/model/user_cache.h"

namespace assay::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kList = "files.sha256";

/// SHA-256 by name; "link or device" for what is neither file nor folder.
std::map<std::string, std::string> hashes(const fs::path& entry) {
  std::map<std::string, std::string> result;
  for (const fs::directory_entry& file : fs::recursive_directory_iterator(entry)) {
    const std::string name = file.path().lexically_relative(entry).string();
    const fs::file_status status = file.symlink_status();
    if (name == kList || fs::is_directory(status)) continue;
    result[name] = fs::is_regular_file(status) ? sha256(read_file(file.path())) : "link or device";
  }
  return result;
}

std::string list_text(const std::string& key, const std::map<std::string, std::string>& files) {
  std::string text = "key " + key + "\n";
  for (const auto& [name, hash] : files) text += fmt::format("{}  {}\n", hash, name);
  return text;
}

/// What a list and the files beside it disagree about; empty: nothing.
std::string difference(const std::string& list, const std::string& key,
                       const std::map<std::string, std::string>& files) {
  if (list == list_text(key, files)) return "";
  if (!list.starts_with("key " + key + "\n")) return "it says that it is another model";
  for (const auto& [name, hash] : files)
    if (list.find(fmt::format("\n{}  {}\n", hash, name)) == std::string::npos)
      return "'" + printable(name) + "' is not the file that was built";
  return "a file of it is missing";
}

}  // namespace

std::string entry_list(const fs::path& entry, const std::string& key) {
  return list_text(key, hashes(entry));
}

void seal_entry(const fs::path& entry, const std::string& key) {
  const std::string list = entry_list(entry, key);
  write_file(entry / kList, list);
  note_built(sha256(list));
}

std::string entry_fault(const fs::path& entry, const std::string& key) {
  if (!fs::is_directory(fs::symlink_status(entry))) return "it is no folder";
  try {
    const std::string list = read_file(entry / kList);
    std::string text = difference(list, key, hashes(entry));
    if (!text.empty()) return text;
    return is_built_here(sha256(list)) ? "" : "this user did not build it";
  } catch (const UserError&) {
    return "its list of files cannot be read";
  } catch (const fs::filesystem_error&) {
    return "it cannot be read";
  }
}

void keep_entry(const TemporaryFolder& built, const fs::path& entry, const std::string& key) {
  seal_entry(built.path(), key);
  const FolderLock lock(entry.parent_path());
  if (fs::exists(fs::symlink_status(entry)) && !entry_fault(entry, key).empty()) {
    std::error_code ignored;
    fs::remove_all(entry, ignored);
  }
  built.move_to(entry);
  if (const std::string fault = entry_fault(entry, key); !fault.empty())
    tool_error("cannot keep '{}': {}", printable(entry.string(), 4096), fault);
}

}  // namespace assay::sim
