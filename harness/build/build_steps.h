// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/report/build.h"
#include "harness/report/console.h"
#include "harness/report/stage.h"
#include "harness/run/run_dir.h"

namespace assay {

/// Runs something that is silent for minutes, and says every twenty seconds that it still goes on.
void wait_aloud(const Console& console, const std::string& what, const std::function<void()>& body);
/// The same, where what goes on changes.
void wait_aloud(const Console& console, const std::function<std::string()>& what,
                const std::function<void()>& body);

/// The steps of a build in DIR/build/TARGET, each kept from an earlier call where its inputs and its
/// files are the same. build.json there says what is done, after every step.
class BuildSteps {
 public:
  /// Makes the folder, and one to work in. All must outlive it.
  BuildSteps(const RunDir& dir, const std::string& target, const Console& console);
  ~BuildSteps();
  BuildSteps(const BuildSteps&) = delete;
  BuildSteps& operator=(const BuildSteps&) = delete;

  /// Whether an earlier call left anything.
  bool has_earlier() const { return earlier_.has_value(); }
  /// What an earlier call said, when it did these steps with these inputs and their files are what
  /// they were; null otherwise, with a remark where files were changed.
  const report::Build* kept(const std::vector<std::string_view>& steps,
                            const std::string& inputs_sha256) const;
  /// Takes a step over from the earlier call.
  void keep(report::Build& report, std::string_view step);
  /// Writes the files of a step that is done, and build.json.
  struct Output {
    std::string name, bytes;  ///< "netlist.json"
  };
  void done(report::Build& report, std::string_view step, const std::string& inputs_sha256,
            const std::vector<Output>& outputs, double seconds);

  std::string path(std::string_view name) const;  ///< "build/ice40-hx8k/netlist.json"
  /// An empty folder for tools.
  std::filesystem::path fresh_work() const;
  /// How long steps took, those that were kept when they were done.
  const report::Timing& timing() const { return timing_; }

 private:
  bool intact(const report::Build::Step& step) const;
  double earlier_seconds(std::string_view step) const;

  const RunDir& dir_;
  const Console& console_;
  std::string folder_;
  std::optional<report::Build> earlier_;
  std::optional<report::Timing> earlier_timing_;
  report::Timing timing_;
};

}  // namespace assay
