// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace assay::sim {

class TemporaryFolder;

/// The key of an entry and the SHA-256 of every file that lies in its folder, as files.sha256 has them.
std::string entry_list(const std::filesystem::path& entry, const std::string& key);

/// Completes the folder of an entry: writes down its entry_list(), and notes in the user's own cache
/// folder that this user built it.
void seal_entry(const std::filesystem::path& entry, const std::string& key);

/// Why an entry must not be used: "'model' is not the file that was built". Empty when every file
/// is as this user built it, and none is missing or more than that.
std::string entry_fault(const std::filesystem::path& entry, const std::string& key);

/// Seals what was built and moves it to its place; what another process built meanwhile is as good.
/// ToolError when it is not there then.
void keep_entry(const TemporaryFolder& built, const std::filesystem::path& entry,
                const std::string& key);

}  // namespace assay::sim
