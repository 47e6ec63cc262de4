// SPDX-License-Identifier: Apache-2.0
#include "harness/flow/run_options.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <type_traits>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "harness/flow/flow.h"
#include "harness/regress/suite.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

/// A value for an option that is not its default, and what has to be said beside it: on the command
/// line and in a suite.
struct Said {
  std::string value;
  std::vector<std::string> beside;
  std::string beside_in_suite;
};

/// Every option of a run, taken through all that the table serves. An option without a value here
/// fails.
class RunOptions : public ::testing::TestWithParam<std::size_t> {
 protected:
  const RunOption& option() const { return run_options()[GetParam()]; }
  Said said() const {
    static const std::map<std::string_view, Said> all = {
        {"topk", {"2", {}, ""}},
        {"input_weight_bits", {"20", {}, ""}},
        {"scale_bits", {"12", {}, ""}},
        {"join_budget", {"20", {}, ""}},
        {"input_bits", {"7", {}, ""}},
        {"target_cycles", {"512", {}, ""}},
        {"target_fps", {"12345", {}, ", clock_mhz = 100"}},
        {"clock", {"50", {"--target-fps", "12345"}, ", fps = 12345"}},
        {"device", {"xc7z020", {}, ""}},
        {"device_share", {"50", {"--device", "xc7z020"}, ", device = \"xc7z020\""}},
        {"best_effort", {"true", {"--target-cycles", "512"}, ", target_cycles = 512"}},
        {"join_bits", {"8", {}, ""}},
        {"runtime_weights", {"true", {}, ""}},
        {"standalone_thresholds", {"true", {}, ""}},
        {"allow_software", {"true", {}, ""}},
        {"folding", {"fold.json", {}, ""}},
        {"fifo_interval", {"70000", {}, ""}},
    };
    return all.at(option().name);
  }
  bool is_text() const { return option().unit == "PART" || option().unit == "FILE"; }

  /// What a suite with the option says of the run.
  RunChoice from_suite() const {
    const std::string value = is_text() ? fmt::format("\"{}\"", said().value) : said().value;
    const std::string line =
        fmt::format("{} = {}{}", option().suite, value, said().beside_in_suite);
    const std::string text = "[[network]]\nmodel = \"tiny.onnx\"\n" +
                             (option().of_folding ? "foldings = [{ " + line + " }]" : line) + "\n";
    return read_suite(dir.write("suite.toml", text)).cases.at(0).flow;
  }

  /// The options in the report of a run with the option on the command line.
  Json from_command_line() const {
    std::vector<std::string> arguments = {"run",     model.string(), "--images", "1",
                                          "--until", "import",       "--out",    out.string(),
                                          "--json",  option().flag()};
    if (!option().unit.empty())
      arguments.push_back(option().unit == "FILE" ? (dir.path() / said().value).string()
                                                  : said().value);
    for (const std::string& more : said().beside) arguments.push_back(more);
    const CommandResult result = run_assay(arguments);
    EXPECT_EQ(result.code, 0) << result.err;
    return result.json().at("inputs");
  }

  TempDir dir;
  std::filesystem::path model = save_tiny(dir.path() / "tiny.onnx");
  std::filesystem::path folding =
      dir.write("fold.json", R"({"Defaults": {"preferred_impl_style": "lut"}})");
  std::filesystem::path out = dir.path() / "out";
};

TEST_P(RunOptions, MeanTheSameOnTheCommandLineAndInSuites) {
  const RunChoice choice = from_suite();
  Json expected = Json::object();
  for (const auto& [name, value] : recorded_options(choice))
    std::visit([&, &key = name](const auto& v) { expected[key] = v; }, value);
  const Json inputs = from_command_line();
  EXPECT_EQ(inputs.at("options"), expected);
  EXPECT_EQ(inputs.at("topk"), choice.topk);
}

TEST_P(RunOptions, AreInTheIdentityOfTheRun) {
  const RunChoice choice = from_suite(), usual;
  EXPECT_TRUE(choice.topk != usual.topk || recorded_options(choice) != recorded_options(usual));
}

/// A stage that was built with another value is not kept.
TEST_P(RunOptions, AreInTheIdentityOfTheirStage) {
  const RunChoice choice = from_suite(), usual;
  if (option().name == "topk") {  // an input of every stage
    EXPECT_NE(choice.topk, usual.topk);
    return;
  }
  const Preprocess preprocess({});
  const auto with = flow_stages(preprocess, choice.topk, choice.passes);
  const auto without = flow_stages(preprocess, usual.topk, usual.passes);
  for (std::size_t i = 0; i < with.size(); ++i) {
    if (with[i].options == without[i].options) continue;
    EXPECT_EQ(with[i].name, option().stage);
    return;
  }
  FAIL() << "no stage depends on " << option().name;
}

INSTANTIATE_TEST_SUITE_P(All, RunOptions, ::testing::Range(std::size_t{0}, run_options().size()),
                         [](const auto& info) {
                           return std::string(run_options()[info.param].name);
                         });

TEST(RunOptionsPage, IsTheTable) {
  const std::string page = read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "cli.md");
  EXPECT_THAT(page, HasSubstr(run_options_rows())) << "docs/cli.md should have these rows";
}

TEST(RunOptionsPage, IsTheHelp) {
  const std::string help = run_assay_as_is({"run", "--help"}).out;
  for (const RunOption& option : run_options()) {
    EXPECT_THAT(help, HasSubstr(option.flag() + " "));
    EXPECT_THAT(help, HasSubstr(option.help));
  }
}

}  // namespace
}  // namespace assay
