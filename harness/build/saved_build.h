// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "harness/report/build.h"

/// What `assay build` left in a run's folder.
namespace assay {

/// reports/build-TARGET.json. UserError when nothing was built for the target, the report is damaged or
/// was edited, or what it speaks of was built of other RTL than lies in rtl/top now.
report::Build read_build(const std::filesystem::path& dir, std::string_view target);

struct BuiltFile {
  report::File file;
  std::string bytes;
};
/// A file of build_files() in DIR/build/TARGET, which is what is flashed, whatever else the report names.
/// UserError when the report has none of that name, or it is not what the report speaks of.
BuiltFile read_built_file(const std::filesystem::path& dir, const report::Build& build,
                          const std::string& name);

}  // namespace assay
