// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// The user's own cache folder, `$XDG_CACHE_HOME/assay` or else `~/.cache/assay`: what others made
/// is told apart by what stands there.
namespace assay::sim {

/// Where models are kept unless the user gives another folder.
std::filesystem::path user_model_folder();
/// Where layers that were synthesised are kept.
std::filesystem::path user_layer_folder();

/// Makes a folder, with its parents, that nobody else may enter. UserError for one that is there
/// and belongs to another user or that others may write: programs of theirs would be run.
void make_private_folder(const std::filesystem::path& folder);

/// Notes that this user built what has this SHA-256, and whether that was noted.
void note_built(const std::string& sha256);
bool is_built_here(const std::string& sha256);

/// A checksum of a text that only this user can make: a secret of the cache folder is in it.
std::string user_checksum(std::string_view text);

}  // namespace assay::sim
