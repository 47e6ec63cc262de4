// SPDX-License-Identifier: Apache-2.0
// Reports of a small run, to the byte, as tests/harness/stored has them: whoever reads them elsewhere must
// notice no change that nobody meant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/run_command.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

bool is_digest(const std::string& text) {
  constexpr std::size_t kDigits = 64;
  return text.size() == kDigits &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// Takes out what is of one build or one machine: digests, the version, the folder of the model.
void blank(Json& json) {
  if (json.is_string() && is_digest(json.get<std::string>())) json = "(digest)";
  if (!json.is_structured()) return;
  if (json.contains("version")) json["version"] = "(version)";
  if (json.contains("model") && json["model"].is_string())
    json["model"] = fs::path(json["model"].get<std::string>()).filename().string();
  for (auto& value : json) blank(value);
}

class StoredReports : public ::testing::TestWithParam<const char*> {
 protected:
  /// The run is made once.
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>();
    const fs::path model = save_integer_network(dir_->path() / "net.onnx");
    const CommandResult result =
        run_assay({"run", model.string(), "--images", "3", "--target-cycles", "512", "--until",
                   "fifos", "--out", (dir_->path() / "out").string()});
    ASSERT_EQ(result.code, 0) << result.err;
  }
  static void TearDownTestSuite() { dir_.reset(); }

  static std::unique_ptr<TempDir> dir_;
};

std::unique_ptr<TempDir> StoredReports::dir_;

TEST_P(StoredReports, AreTheSameBytes) {
  Json json = Json::parse(read_file(dir_->path() / "out/reports" / GetParam()));
  blank(json);
  const std::string now = json_text(json);
  const fs::path stored = fs::path(ASSAY_SOURCE_DIR "/tests/harness/stored") / GetParam();
  if (fs::exists(stored) && read_file(stored) == now) return;
  const fs::path here = fs::temp_directory_path() / GetParam();
  write_file(here, now);
  ADD_FAILURE() << "The report is not " << stored << "; where that is meant: cp " << here << " "
                << stored;
}

INSTANTIATE_TEST_SUITE_P(Run, StoredReports,
                         ::testing::Values("run.json", "01_import.json", "05_absorb_scales.json",
                                           "streamline.json", "folding.json", "fifos.json"));

}  // namespace
}  // namespace assay
