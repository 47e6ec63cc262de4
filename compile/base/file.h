// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace assay {

/// The whole file as bytes. UserError when it is missing, unreadable, not a regular file or larger
/// than `limit`.
std::string read_file(const std::filesystem::path& path,
                      std::uint64_t limit = std::uint64_t{4} << 30);

/// Writes `bytes` to a temporary file beside `path`, flushes it to disk and renames it to `path`: a
/// reader sees the old file or the whole new one. A symbolic link is replaced, not followed.
/// ToolError when anything fails or `path` is a folder or a device; nothing is left behind then.
void write_file(const std::filesystem::path& path, std::string_view bytes);

/// A file name made of [A-Za-z0-9_.-] that differs for different `name`s: unchanged when already
/// safe and short, otherwise every other character becomes '_' and a hash of the whole name is
/// appended. Never empty, at most 133 characters, never starts with a dot or a dash.
std::string safe_file_name(std::string_view name);

}  // namespace assay
