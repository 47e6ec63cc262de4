// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/passes/rewrite/pass_options.h"
#include "harness/report/fields.h"

/// The one table of what a run can be told: `assay run --help`, suites, the recorded identity of a
/// run and docs/cli.md are made of it or tested against it.
namespace assay {

/// What folding is to aim at, as a user says it.
struct FoldingChoice {
  std::optional<std::int64_t> target_cycles;
  std::optional<double> target_fps;
  double clock_mhz = 100;
  std::string device;
  std::optional<std::int64_t> device_share;
  bool best_effort = false;    ///< a target that cannot be reached is no refusal
  std::filesystem::path file;  ///< of fields of single layers
};

/// What a run is told besides its network, its images and its folder.
struct RunChoice {
  std::int64_t topk = 1;
  FoldingChoice folding;
  PassOptions passes;  ///< those of folding once settle() has been called
};

/// Decides `passes` by `folding`. UserError for more than one goal, a share without a device, an
/// unknown device, a folding file that cannot be read.
void settle(RunChoice& choice);

/// Where an option's value lies.
using OptionSlot =
    std::variant<bool*, int*, std::optional<int>*, std::int64_t*, std::optional<std::int64_t>*,
                 double*, std::optional<double>*, std::string*, std::filesystem::path*>;

struct RunOption {
  static constexpr std::int64_t kUnbounded = std::int64_t{1} << 50;  ///< more than any count

  /// When the report of a run has it.
  enum class Recorded : std::uint8_t {
    kAlways,
    kGiven,  ///< where it is not the default
    kApart,  ///< in an entry of its own, or in what it decides
  };
  std::string_view name;   ///< in reports; with dashes on the command line
  std::string_view suite;  ///< the key in suites
  bool of_folding;         ///< where: an entry of `foldings`, or a network and [defaults]
  std::string_view stage;  ///< the first stage that depends on it
  std::string_view unit;   ///< what --help calls its value; empty: a flag
  Recorded recorded;
  std::int64_t least, most;  ///< of integers
  /// Adds to the name of a suite's case: "{} cycles"; empty: nothing.
  std::string_view label;
  OptionSlot (*slot)(RunChoice&);
  std::string help;

  std::string flag() const;  ///< "--target-cycles"
};

/// In the order of the report.
const std::vector<RunOption>& run_options();

/// What identifies the options of a run in its report, by name.
Named<OptionValue> recorded_options(const RunChoice& choice);

/// The options of a run that its report has, as far as stages depend on them; a folding file's fields
/// are not among them. UserError for one that no run has.
RunChoice recorded_choice(const Named<OptionValue>& options);

/// The rows of the options in docs/cli.md.
std::string run_options_rows();

}  // namespace assay
