// SPDX-License-Identifier: Apache-2.0
#include "harness/build/saved_build.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compile/backend/fpga/parts.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "harness/report/checksum.h"
#include "harness/report/schema.h"
#include "harness/run/built_reports.h"
#include "harness/run/rtl_manifest.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string how_to_build(const fs::path& dir, const std::string& target) {
  return fmt::format("build it with 'assay build {} --target {}'", printable(dir.string(), 4096),
                     target);
}

}  // namespace

report::Build read_build(const fs::path& dir, std::string_view name) {
  const std::string target = fpga::find_target(name).name, report = build_report_file(target);
  const std::string remedy = how_to_build(dir, target);
  if (!fs::exists(dir / report))
    user_error("'{}' has no bitstream for '{}': nothing was built for it; {}",
               printable(dir.string(), 4096), target, remedy);
  auto build = read_report<report::Build>(read_file(dir / report), report);
  if (!is_sealed(build) || build.target.name != target)
    user_error("'{}' was edited; {}", report, remedy);
  if (build.rtl_sha256 != rtl_sha256(rtl_files(dir, "rtl-top")))
    user_error("stale bitstream: '{}' was built of other RTL than lies in rtl/top now; {}", target,
               remedy);
  return build;
}

BuiltFile read_built_file(const fs::path& dir, const report::Build& build,
                          const std::string& name) {
  const std::string& target = build.target.name;
  for (const report::Build::Step& s : build.steps)
    for (const report::File& file : s.files) {
      if (file.file != fmt::format("build/{}/{}", target, name)) continue;
      std::string bytes = read_file(dir / file.file);
      if (sha256(bytes) != file.sha256)
        user_error(
            "'{}' is not what the build left there: it is not the file that {} speaks of; {}",
            printable((dir / file.file).string(), 4096), build_report_file(target),
            how_to_build(dir, target));
      return {file, std::move(bytes)};
    }
  user_error("{} has no build/{}/{}; {}", build_report_file(target), target, name,
             how_to_build(dir, target));
}

}  // namespace assay
