// SPDX-License-Identifier: Apache-2.0
#include "harness/report/output_file.h"

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {

void check_output_file(const std::filesystem::path& file, std::string_view option) {
  constexpr std::size_t kMost = 4096;
  std::error_code error;
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, error))
    user_error("{} '{}': there is no folder '{}'; make it, or name another file", option,
               printable(file.string(), kMost), printable(folder.string(), kMost));
  if (!file.has_filename() || std::filesystem::is_directory(file, error))
    user_error("{} '{}' is a folder; name a file", option, printable(file.string(), kMost));
}

}  // namespace assay
