// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "harness/integer_network.h"
#include "harness/regress/baseline_db.h"
#include "harness/regress/history.h"
#include "harness/regress/regress.h"
#include "harness/regress/regression.h"
#include "harness/regress/suite.h"
#include "harness/run_command.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- Suites ---------------------------------------------------------------------------------

class SuiteFile : public ::testing::Test {
 protected:
  Suite read(const std::string& text) { return read_suite(dir.write("suite.toml", text)); }
  void refuses(const std::string& text, const std::string& message) {
    const std::string got = message_of<UserError>([&] { read(text); });
    EXPECT_THAT(got, HasSubstr("suite.toml:")) << text;
    EXPECT_THAT(got, HasSubstr(message)) << text;
  }
  TempDir dir;
};

TEST_F(SuiteFile, ListsEveryNetworkInEveryFolding) {
  dir.write("nets/model.onnx", "x");
  dir.write("fold.json", R"({"MVAU_0": {"PE": 4}})");
  const Suite suite = read(R"(name = "all"
[[network]]
model = "nets/model.onnx"
images = "5:15"
foldings = [ { target_cycles = 4096 }, { file = "fold.json", name = "by hand" } ]
[[network]]
name = "other"
model = "nets/model.onnx"
levels = ["rtl-node", "graph"]
[defaults]
images = 10
rtl_images = 2
preprocess = "none"
)");
  EXPECT_EQ(suite.name, "all");
  ASSERT_EQ(suite.cases.size(), 3U);
  EXPECT_EQ(suite.cases[0].name, "nets/4096 cycles");
  EXPECT_EQ(suite.cases[0].flow.passes.target_cycles, 4096);
  EXPECT_EQ(suite.cases[0].flow.model, dir.path() / "nets/model.onnx");
  EXPECT_EQ(suite.cases[0].flow.images.images, "5:15");
  EXPECT_EQ(suite.cases[1].name, "nets/by hand");
  EXPECT_EQ(suite.cases[1].flow.passes.folding.at("MVAU_0").size(), 1U);
  EXPECT_EQ(suite.cases[2].name, "other");
  EXPECT_EQ(suite.cases[2].flow.images.images, "10");
  EXPECT_EQ(suite.cases[2].rtl_images, "2");
  EXPECT_EQ(suite.cases[2].flow.preprocess.kind, "none");
  EXPECT_EQ(suite.cases[2].levels, (std::vector<std::string>{"graph", "rtl-node"}));
}

TEST_F(SuiteFile, RefusesWhatItDoesNotKnowWithFileAndLine) {
  dir.write("model.onnx", "x");
  const std::string net = "[[network]]\nmodel = \"model.onnx\"\n";
  refuses("a = \n", ":1: ");
  refuses("nmae = 1\n" + net, ":1: unknown key 'nmae'; the nearest known ones are 'name'");
  refuses(net + "imges = 3\n", ":3: unknown key 'imges'; the nearest known ones are 'images'");
  refuses(net + "foldings = [{ target_cylces = 3 }]\n", "nearest known ones are 'target_cycles'");
  refuses(net + "levels = [\"graph\", \"rtl-nod\"]\n",
          ":3: no level is called 'rtl-nod'; the nearest are 'rtl-node'");
  refuses("[[network]]\nmodel = \"nowhere.onnx\"\n", ":2: 'model': there is no '");
  refuses("[[network]]\nname = \"x\"\n", ":1: the network has no 'model'");
  refuses("name = \"x\"\n", "has no [[network]]");
  refuses("[network]\nmodel = \"model.onnx\"\n", "begin each with [[network]]");
  refuses(net + "images = 0\n", ":3: 'images' should be an integer from 1");
  refuses(net + "images = 1.5\n", "'images' should be a number of images");
  refuses(net + "topk = \"1\"\n", "'topk' should be an integer");
  refuses(net + "allow_software = 1\n", "'allow_software' should be true or false");
  refuses(net + "mean = [1]\n", "'mean' should be a string");
  refuses(net + "foldings = 3\n", "'foldings' should be an array of tables");
  refuses(net + "accuracy_tolerance = -1\n", ":3: 'accuracy_tolerance' should be a number from 0");
  refuses(net + "cost_tolerance = \"1\"\n", ":3: 'cost_tolerance' should be a number from 0");
  refuses(net + "foldings = [{ name = \"x\" }]\n", "the folding says nothing: give target_cycles");
  refuses(net + "foldings = [{ fps = 30 }]\n", ":3: 'fps' needs 'clock_mhz'");
  refuses(net + "foldings = [{ target_cycles = 3, fps = 2, clock_mhz = 1 }]\n",
          "exclude each other");
  refuses(net + "foldings = [{ device = \"up5l\" }]\n", ":3: ");
  refuses(net + "foldings = [{ device = \"up5k\", best_effort = true }]\n", ":3: 'best_effort' is");
  refuses(net + net, ":3: two cases are called");
  refuses("[[network]]\nmodel = \"\xff\"\n", ":2: ");
}

// ---- Comparing ------------------------------------------------------------------------------

Measurement measurement() {
  return {"net",        "graph", R"({"model":"m","data":{"images":10}})",
          "EQUIVALENT", "",      {{"cycles", "a", false, 10}, {"top-1 exact", "", true, 7}},
          false};
}

Standing standing_after(const std::function<void(Measurement&)>& change,
                        const Tolerance& tolerance = {}) {
  Measurement now = measurement();
  change(now);
  return compare_with_baseline(now, measurement(), tolerance).standing;
}

TEST(Regression, IsAnythingThatGotWorse) {
  using M = Measurement&;
  EXPECT_EQ(standing_after([](M) {}), Standing::kEqual);
  EXPECT_EQ(standing_after([](M m) { m.metrics[0].value = 9; }), Standing::kImproved);
  EXPECT_EQ(standing_after([](M m) { m.metrics[0].value = 11; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) { m.metrics[1].value = 8; }), Standing::kImproved);
  EXPECT_EQ(standing_after([](M m) { m.metrics[1].value = 6; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) { m.metrics.pop_back(); }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) {
              m.metrics.push_back({"new", "", false, 1});
            }),
            Standing::kNew);
  EXPECT_EQ(standing_after([](M m) { m.verdict = "DIFFERENT"; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) { m.verdict = "INCONCLUSIVE"; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) { m.verdict = "APPROXIMATE"; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) { m.verdict = kFailed; }), Standing::kRegressed);
  EXPECT_EQ(standing_after([](M m) {
              m.verdict = kFailed;
              m.tool_failed = true;
            }),
            Standing::kFailed);
  // One number better and one worse is worse.
  EXPECT_EQ(standing_after([](M m) {
              m.metrics[0].value = 9;
              m.metrics[1].value = 6;
            }),
            Standing::kRegressed);
  EXPECT_EQ(compare_with_baseline(measurement(), {}, {}).standing, Standing::kNew);
  Measurement now = measurement();
  now.metrics[0].value = 1234;
  EXPECT_EQ(compare_with_baseline(now, measurement(), {}).text, "cycles of 'a' 10 -> 1,234");
  // What is run again unchanged has no tolerance.
  EXPECT_EQ(standing_after([](M m) { m.metrics[1].value = 6; }, {50, 50}), Standing::kRegressed);
}

TEST(Regression, OfAnotherModelIsFoundAllTheSame) {
  const auto retrained = [](std::int64_t right, std::int64_t layer, std::int64_t slowest = 10) {
    return [=](Measurement& m) {
      m.setup = R"({"model":"n","data":{"images":10}})";
      m.metrics[0] = {"cycles", "b", false, layer};
      m.metrics[1].value = right;
      m.metrics.push_back({"cycles", "", false, slowest});
    };
  };
  const auto standing = [&](const auto& change, const Tolerance& tolerance) {
    Measurement before = measurement(), now = measurement();
    before.metrics.push_back({"cycles", "", false, 10});
    change(now);
    return compare_with_baseline(now, before, tolerance).standing;
  };
  EXPECT_EQ(standing(retrained(2, 10), {}), Standing::kRegressed);
  EXPECT_EQ(standing(retrained(6, 10), {}), Standing::kRegressed);
  EXPECT_EQ(standing(retrained(6, 10), {9.9, 0}), Standing::kRegressed);
  EXPECT_EQ(standing(retrained(6, 10), {10, 0}), Standing::kTolerated);
  EXPECT_EQ(standing(retrained(8, 10), {}), Standing::kImproved);
  EXPECT_EQ(standing(retrained(7, 99), {}), Standing::kEqual) << "layers need not correspond";
  EXPECT_EQ(standing(retrained(7, 99, 11), {}), Standing::kRegressed);
  EXPECT_EQ(standing(retrained(7, 99, 11), {0, 10}), Standing::kTolerated);
  EXPECT_EQ(standing(retrained(7, 99, 12), {0, 10}), Standing::kRegressed);
  Measurement now = measurement();
  retrained(6, 99)(now);
  now.metrics.pop_back();
  const Comparison comparison = compare_with_baseline(now, measurement(), {});
  EXPECT_EQ(comparison.text, "the baseline has another model; top-1 exact 7 -> 6");
  EXPECT_EQ(comparison.changes.size(), 3U) << "every delta is listed";
  EXPECT_FALSE(comparison.same_setup);
  // Another folding has other beats to compare.
  Measurement before = measurement();
  before.metrics.push_back({"compared", "", true, 100});
  now = measurement();
  now.setup = R"({"model":"n","data":{"images":10}})";
  now.metrics.push_back({"compared", "", true, 50});
  EXPECT_EQ(compare_with_baseline(now, before, {}).standing, Standing::kEqual);
  now.setup = before.setup;
  EXPECT_EQ(compare_with_baseline(now, before, {}).standing, Standing::kRegressed);
}

TEST(Regression, OnOtherImagesComparesSharesAndIsNoPass) {
  const auto images = [](std::int64_t count, std::int64_t right) {
    return [=](Measurement& m) {
      m.setup = fmt::format(R"({{"model":"m","data":{{"images":{}}}}})", count);
      m.metrics[1].value = right;
    };
  };
  EXPECT_EQ(standing_after(images(20, 14)), Standing::kOther);
  EXPECT_EQ(standing_after(images(20, 15)), Standing::kOther);
  EXPECT_EQ(standing_after(images(20, 13)), Standing::kRegressed);
  EXPECT_EQ(standing_after(images(20, 13), {5, 0}), Standing::kOther);
  EXPECT_EQ(standing_after(images(5, 4)), Standing::kOther);
  EXPECT_EQ(standing_after(images(5, 3)), Standing::kRegressed);
  Measurement now = measurement();
  now.setup = R"({"model":"m","data":{"images":10},"options":{"topk":2}})";
  Measurement before = measurement();
  before.setup = R"({"model":"m","data":{"images":10},"options":{"topk":1}})";
  EXPECT_THAT(compare_with_baseline(now, before, {}).text,
              HasSubstr("the baseline has another topk;"));
}

// ---- The database ---------------------------------------------------------------------------

class Database : public ::testing::Test {
 protected:
  void sql(const std::string& text) const {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  std::string refusal(BaselineDb::Access access = BaselineDb::Access::kWrite) const {
    return message_of<UserError>([&] { BaselineDb(file, access); });
  }
  TempDir dir;
  fs::path file = dir.path() / "b.db";
};

TEST_F(Database, KeepsHistoryAndTheLastAcceptedAsBaseline) {
  Measurement first = measurement(), second = measurement();
  first.case_name = second.case_name = "a'; DROP TABLE runs; --\n<b>";
  second.metrics[0].value = 12;
  {
    BaselineDb db(file, BaselineDb::Access::kWrite);
    EXPECT_FALSE(db.baseline(first.case_name, "graph"));
    db.record({0, "2030-01-01T00:00:00Z", "s", "1", "p"}, {first}, {0});
    db.record({0, "2030-01-02T00:00:00Z", "s", "1", "q"}, {second}, {});
  }
  const BaselineDb db(file, BaselineDb::Access::kRead);
  const auto baseline = db.baseline(first.case_name, "graph");
  ASSERT_TRUE(baseline);
  EXPECT_EQ(baseline->metrics[0].value, 10);
  EXPECT_TRUE(baseline->metrics[1].more_is_better);
  EXPECT_FALSE(db.baseline("net", "graph"));
  const auto history = db.history("");
  ASSERT_EQ(history.size(), 2U);
  EXPECT_TRUE(history[0].baseline);
  EXPECT_FALSE(history[1].baseline);
  const report::History report = history_report(history);
  const Json json = to_json(report);
  EXPECT_EQ(schema_violations(json), std::vector<std::string>{});
  EXPECT_EQ(json["cases"][0]["runs"][1]["metrics"][0]["delta"], 2);
  EXPECT_EQ(json["cases"][0]["runs"][1]["same_setup"], true);
  EXPECT_THAT(history_text(report), HasSubstr("cycles of 'a': 12 (+2)"));
  EXPECT_THAT(history_text(report), Not(HasSubstr("\n<b>")));
}

TEST_F(Database, RefusesWhatIsNoneOfItsOwn) {
  EXPECT_THAT(refusal(BaselineDb::Access::kRead), HasSubstr("there is no baseline database"));
  write_file(file, "this is a text, and a long one, so that it cannot be taken for an empty file");
  EXPECT_THAT(refusal(), HasSubstr("is damaged or no database"));
  fs::remove(file);
  sql("CREATE TABLE songs (title)");
  EXPECT_THAT(refusal(), HasSubstr("is another program's database"));
  fs::remove(file);
  BaselineDb(file, BaselineDb::Access::kWrite);
  sql("PRAGMA user_version = 7");
  EXPECT_THAT(refusal(), HasSubstr("is of form 7, and this assay knows form 1: use the newer one"));
}

TEST_F(Database, NoticesDamage) {
  {
    BaselineDb db(file, BaselineDb::Access::kWrite);
    std::vector<Measurement> many(200, measurement());
    for (std::size_t i = 0; i < many.size(); ++i) many[i].case_name += std::to_string(i);
    db.record({0, "t", "s", "1", "p"}, many, {0});
  }
  std::string bytes = read_file(file);
  for (std::size_t i = bytes.size() / 2; i < bytes.size() - 4096; ++i) bytes[i] = '\x5a';
  write_file(file, bytes);
  EXPECT_THAT(refusal(), HasSubstr("is damaged"));
  write_file(file, bytes.substr(0, 5000));
  EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

TEST_F(Database, IsUnchangedByAnInterruptedRecord) {
  BaselineDb db(file, BaselineDb::Access::kWrite);
  db.record({0, "t", "s", "1", "p"}, {measurement()}, {0});
  // The second measurement breaks a rule of the tables when the first is already in.
  EXPECT_THROW(db.record({0, "u", "s", "1", "p"}, {measurement(), measurement()}, {0}), ToolError);
  EXPECT_EQ(db.history("").size(), 1U);
  EXPECT_TRUE(db.history("")[0].baseline);
}

// ---- JUnit ----------------------------------------------------------------------------------

TEST(JUnit, CountsAndEscapes) {
  const auto outcome = [](const char* standing, bool accepted) {
    report::Regress::Case outcome;
    outcome.case_name = "a<b>&\"'\x01\xff";
    outcome.level = "graph";
    outcome.standing = standing;
    outcome.text = "cycles of 'x' \"]]>\" 1 -> 2";
    outcome.accepted = accepted;
    outcome.changes = {{"cycles", "<x>\n", 1, 2, "regressed"}};
    return outcome;
  };
  report::Regress report;
  report.suite = "s&t";
  report.cases = {outcome("equal", false), outcome("regressed", false),
                  outcome("no baseline", false), outcome("no baseline", true),
                  outcome("failed", false)};
  const std::string xml = junit_xml(report, {1.5, 0, 0.25, 0, 0});
  EXPECT_THAT(xml, HasSubstr("name=\"s&amp;t\" tests=\"5\" failures=\"2\" errors=\"1\""));
  EXPECT_THAT(xml, HasSubstr("skipped=\"0\" time=\"1.750\">"));
  EXPECT_THAT(xml, HasSubstr("name=\"graph\" time=\"0.250\">"));
  EXPECT_THAT(xml, HasSubstr("classname=\"a&lt;b&gt;&amp;&quot;'\\x01\\xff\" name=\"graph\""));
  EXPECT_THAT(xml, HasSubstr("regressed: cycles &lt;x&gt;\\x0a 1 -&gt; 2\n</failure>"));
  EXPECT_THAT(xml, HasSubstr("&quot;]]&gt;&quot;"));
  EXPECT_THAT(xml, Not(HasSubstr("]]>")));
}

// ---- The command ----------------------------------------------------------------------------

class RegressCommand : public ::testing::Test {
 protected:
  RegressCommand() { suite("levels = [\"graph\"]\nfoldings = [{ target_cycles = 512 }]\n"); }
  void suite(const std::string& more) const {
    dir.write("suite.toml", "defaults.images = 3\n[[network]]\nname = \"net\"\n" +
                                ("model = \"net.onnx\"\n" + more));
  }
  CommandResult regress(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"regress", (dir.path() / "suite.toml").string(), "--out",
                                          out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  CommandResult history(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"history", "--baseline", (out / "baseline.db").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_assay(arguments);
  }
  TempDir dir;
  fs::path model = save_integer_network(dir.path() / "net.onnx");
  fs::path out = dir.path() / "out";
};

TEST_F(RegressCommand, PassesOnlyAgainstAnAcceptedBaseline) {
  const CommandResult first = regress();
  EXPECT_EQ(first.code, 3) << first.err << first.out;
  EXPECT_THAT(first.out, HasSubstr("NOT PASSED: 1 no baseline"));
  EXPECT_EQ(regress().code, 3);  // seeing it twice does not accept it
  const CommandResult update = regress({"--update"});
  EXPECT_EQ(update.code, 0) << update.err << update.out;
  EXPECT_THAT(update.out,
              AllOf(HasSubstr("no baseline, accepted"), HasSubstr("is the baseline from now on"),
                    HasSubstr("\nACCEPTED: 1 no baseline\n")));
  const CommandResult again = regress({"--json"});
  EXPECT_EQ(again.code, 0);
  const Json json = again.json();
  EXPECT_EQ(json["passed"], true);
  EXPECT_EQ(json["cases"][0]["case"], "net/512 cycles");
  EXPECT_EQ(json["cases"][0]["standing"], "equal");
  EXPECT_GT(json["cases"][0]["metrics"].size(), 8U);
  EXPECT_EQ(json, Json::parse(read_file(out / "reports/regress.json")));
  EXPECT_TRUE(fs::exists(out / "cases"));
}

TEST_F(RegressCommand, NoticesWhatGotSlowerAndShowsIt) {
  dir.write("fold.json", "{}");
  suite("levels = [\"graph\"]\nfoldings = [{ name = \"f\", file = \"fold.json\" }]\n");
  ASSERT_EQ(regress({"--update"}).code, 0);
  // Other images are another setup, never a pass.
  suite(
      "images = 4\naccuracy_tolerance = 100\nlevels = [\"graph\"]\nfoldings = [{ name = \"f\", "
      "file = \"fold.json\" }]\n");
  const CommandResult other = regress();
  EXPECT_EQ(other.code, 3) << other.out;
  EXPECT_THAT(other.out, HasSubstr("the baseline has another data"));
  // The baseline is made a little better than what comes out.
  suite("levels = [\"graph\"]\nfoldings = [{ name = \"f\", file = \"fold.json\" }]\n");
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open((out / "baseline.db").c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "UPDATE metrics SET value = value - 1 WHERE name = 'cycles'", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  const fs::path junit = dir.path() / "junit.xml";
  const CommandResult worse = regress({"--junit", junit.string()});
  EXPECT_EQ(worse.code, 1) << worse.out;
  EXPECT_THAT(worse.out, HasSubstr("regressed net/f (graph): cycles 863 -> 864; cycles of '"));
  EXPECT_THAT(read_file(junit), HasSubstr("<failure type=\"regressed\""));
  ASSERT_EQ(sqlite3_exec(db, "UPDATE metrics SET value = value + 2 WHERE name = 'cycles'", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  const CommandResult better = regress();
  EXPECT_EQ(better.code, 0) << better.out;
  EXPECT_THAT(better.out, HasSubstr("improved net/f (graph): cycles 865 -> 864; cycles of '"));
  const CommandResult shown = history({"--case", "net/f"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("net/f, level graph"));
  EXPECT_THAT(shown.out, HasSubstr("other setup"));
  EXPECT_EQ(history({"--json"}).json()["cases"][0]["runs"].size(), 4U);
  const CommandResult nobody = history({"--case", "net/g"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("no case is called 'net/g'; the nearest are 'net/f'"));
}

TEST_F(RegressCommand, ComparesARefoldedNetworkWithItsBaseline) {
  const auto folded = [&](int cycles) {
    suite(fmt::format("levels = [\"graph\"]\nfoldings = [{{ name = \"f\", target_cycles = {} }}]\n",
                      cycles));
  };
  folded(512);
  ASSERT_EQ(regress({"--update"}).code, 0);
  folded(4096);
  const CommandResult slower = regress();
  EXPECT_EQ(slower.code, 1) << slower.out;
  EXPECT_THAT(slower.out, HasSubstr("the baseline has another target_cycles; cycles "));
  EXPECT_THAT(slower.out, HasSubstr("\n  interval "));
  EXPECT_THAT(slower.out, HasSubstr(": not judged\n"));
  const CommandResult accepted = regress({"--update"});
  EXPECT_EQ(accepted.code, 0) << accepted.out;
  EXPECT_THAT(accepted.out, HasSubstr("\nACCEPTED: 1 regressed\n"));
  EXPECT_EQ(regress().code, 0);
}

TEST_F(RegressCommand, MissesACaseThatWasRenamedOrDeleted) {
  ASSERT_EQ(regress({"--update"}).code, 0);
  suite("levels = [\"graph\"]\nfoldings = [{ name = \"renamed\", target_cycles = 512 }]\n");
  const fs::path junit = dir.path() / "junit.xml";
  const CommandResult renamed = regress({"--json", "--junit", junit.string()});
  EXPECT_EQ(renamed.code, 1) << renamed.out;
  const Json cases = renamed.json()["cases"];
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[0]["standing"], "no baseline");
  EXPECT_EQ(cases[1]["case"], "net/512 cycles");
  EXPECT_EQ(cases[1]["verdict"], "NOT RUN");
  EXPECT_EQ(cases[1]["standing"], "missing");
  EXPECT_THAT(read_file(junit), HasSubstr("<failure type=\"missing\""));
  EXPECT_EQ(regress({"--junit", (dir.path() / "none" / "junit.xml").string()}).code, 2);
  const CommandResult update = regress({"--update"});
  EXPECT_EQ(update.code, 0) << update.out;
  EXPECT_THAT(update.out, HasSubstr("was not run; its baseline is forgotten"));
  EXPECT_THAT(update.out, HasSubstr("\nACCEPTED: 1 no baseline, 1 missing\n"));
  const CommandResult after = regress();
  EXPECT_EQ(after.code, 0) << after.out;
  EXPECT_THAT(after.out, HasSubstr("PASSED: 1 equal\n"));
}

TEST_F(RegressCommand, ACaseThatCannotBeRunIsNamedAndDoesNotStopTheOthers) {
  dir.write("broken.onnx", "no model");
  save_tiny(dir.path() / "tiny.onnx");
  dir.write("suite.toml",
            "defaults.levels = [\"graph\", \"rtl-node\"]\n"
            "[[network]]\nmodel = \"broken.onnx\"\n"
            "[[network]]\nmodel = \"tiny.onnx\"\nlevels = [\"graph\"]\nimages = 2\n");
  const CommandResult result = regress({"--update", "--json"});
  EXPECT_EQ(result.code, 2) << result.err;
  const Json cases = result.json()["cases"];
  ASSERT_EQ(cases.size(), 3U);
  EXPECT_EQ(cases[0]["verdict"], "FAILED");
  EXPECT_EQ(cases[0]["accepted"], false);
  EXPECT_EQ(cases[1]["verdict"], "INCONCLUSIVE");
  EXPECT_EQ(cases[2]["case"], "tiny");
  EXPECT_EQ(cases[2]["accepted"], true);
}

TEST_F(RegressCommand, RefusesABadSuiteBeforeItWritesAnything) {
  suite("imges = 3\n");
  const CommandResult result = regress();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("suite.toml:5: unknown key 'imges'"));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(RegressCommand, SimulatesNodesToo) {
  suite(
      "levels = [\"graph\", \"rtl-node\"]\nrtl_images = 2\nfoldings = [{ target_cycles = 512 }]\n");
  // Built models stay between test runs, beside the test program.
  const fs::path cache = fs::read_symlink("/proc/self/exe").parent_path() / "models";
  const CommandResult result = regress({"--update", "--json", "--cache", cache.string()});
  EXPECT_EQ(result.code, 0) << result.err;
  const Json cases = result.json()["cases"];
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[1]["level"], "rtl-node");
  EXPECT_EQ(cases[1]["verdict"], "EQUIVALENT");
  EXPECT_GT(cases[1]["metrics"][0]["value"], 0);
}

}  // namespace
}  // namespace assay
