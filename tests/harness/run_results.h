// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "compile/base/file.h"

namespace assay {

/// Every file of a run's folder that must be the same in equal runs, by name: all but the times
/// and what may be removed at any time.
inline std::map<std::string, std::string> run_results(const std::filesystem::path& out) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
    const std::string name = entry.path().lexically_relative(out).string();
    if (entry.is_regular_file() && name != "reports/timing.json" && name != "log.jsonl" &&
        !name.starts_with("build/"))
      files[name] = read_file(entry.path());
  }
  return files;
}

/// The names of the files that only one of them has or that differ.
inline std::string differing(const std::map<std::string, std::string>& a,
                             const std::map<std::string, std::string>& b) {
  std::string names;
  for (const auto& [name, bytes] : a)
    if (const auto it = b.find(name); it == b.end() || it->second != bytes) names += name + " ";
  for (const auto& [name, bytes] : b)
    if (!a.contains(name)) names += name + " ";
  return names;
}

}  // namespace assay
