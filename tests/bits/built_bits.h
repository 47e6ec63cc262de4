// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/temp_dir.h"
#include "bits/ice40_tools.h"
#include "bits/small_run.h"
#include "compile/backend/fpga/tools.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "harness/run_command.h"
#include "harness/sealed_report.h"

namespace assay {

/// A bit of a used table, of a block RAM's words, or of routing, in the text of icepack.
std::string with_flipped_bit(std::string asc, std::mt19937& random, const std::string& section,
                             bool hexadecimal);

/// What `assay verify --json` says of its proof; empty without one.
std::string verdict_of_proof(const CommandResult& result);

/// A network, down to the bits of an HX8K: by default a small residual one.
class BuiltBits : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_ice40_tools()) GTEST_SKIP() << "needs yosys, nextpnr-ice40 and fpga-icestorm";
    fill();
  }
  virtual void fill() { fill_with_small_build(dir_.path(), target_, options_); }

  CommandResult verify(const std::string& level, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"verify", out_.string(), "--level",
                                          level,    "--target",    target_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay_as_is(arguments);
  }

  std::filesystem::path built(const std::string& name) const {
    return out_ / "build" / target_ / name;
  }

  /// Puts other bytes in the place of a file, and makes the report say so.
  void replace(const std::string& name, const std::string& bytes) const {
    write_file(built(name), bytes);
    forge_report(out_ / "reports" / fmt::format("build-{}.json", target_), [&](Json& report) {
      for (Json& step : report["steps"])
        for (Json& file : step["files"])
          if (file["file"].get<std::string>().ends_with("/" + name)) file["sha256"] = sha256(bytes);
    });
  }

  std::string icestorm(const std::string& tool, const std::string& input) const {
    write_file(dir_.path() / "before", input);
    fpga::run_tool(fpga::find_tool(tool), {"before", "after"}, dir_.path(),
                   std::chrono::seconds(60));
    return read_file(dir_.path() / "after");
  }

  /// Flips bits of the configuration, one at a time: each is noticed, or the proof shows that it changes
  /// nothing. At most one in `harmless` may be of that kind.
  void flip_bits(int count, int harmless) const;
  /// Flips a bit of a word of a block RAM in the netlist.
  void flip_word() const;
  /// Puts the bits of a placement with the pins of two ports exchanged in their place; its file of pins.
  std::string swap_pins(const std::string& one, const std::string& other) const;
  /// Puts what was built of another run in the place of this one's.
  void take_from(const std::filesystem::path& other) const;

  TempDir dir_;
  std::string target_ = "ice40-hx8k";
  std::vector<std::string> options_;
  std::filesystem::path model_ = dir_.path() / "net.onnx";
  std::filesystem::path out_ = dir_.path() / "out";
};

}  // namespace assay
