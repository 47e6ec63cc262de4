// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace assay {

/// UserError, before anything is computed for it, when no file can lie where `option` says: its
/// folder is not there, or it is a folder itself.
void check_output_file(const std::filesystem::path& file, std::string_view option);

}  // namespace assay
