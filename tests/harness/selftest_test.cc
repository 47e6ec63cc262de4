// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/selftest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>

#include "base/temp_dir.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/onnx/import.h"
#include "golden/data/npy.h"
#include "harness/integer_network.h"
#include "harness/run/ledger.h"
#include "harness/run_command.h"
#include "harness/run_results.h"
#include "harness/sealed_report.h"
#include "harness/selftest/graph_faults.h"
#include "harness/selftest/hashes.h"
#include "harness/selftest/text_faults.h"
#include "harness/tiny_network.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kCampaignSeed = 5;

// ---- Faults in single files

/// Every draw of a few changes the bytes, says what, and is the same for the same seed.
void expect_changes(EditFile edit, const std::string& bytes) {
  std::set<std::string> different;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Draw draw(seed), again(seed);
    const auto first = edit(bytes, draw), second = edit(bytes, again);
    ASSERT_TRUE(first && second);
    EXPECT_NE(first->bytes, bytes);
    EXPECT_FALSE(first->change.empty());
    EXPECT_EQ(first->bytes, second->bytes);
    different.insert(first->bytes);
  }
  EXPECT_GT(different.size(), 1U);
}

TEST(SelftestFaults, NetworksStayNetworksAndAreOthers) {
  const std::string bytes = export_bytes(tiny_network());
  const std::string before = to_text(import_bytes(bytes, {}, "net"));
  for (const EditFile edit :
       {change_weight, change_scalar, change_attribute, rewire_input, rewire_output,
        drop_checkpoint, rename_checkpoint, move_checkpoint, add_checkpoint}) {
    expect_changes(edit, bytes);
    Draw draw(kCampaignSeed);
    const Graph after = import_bytes(edit(bytes, draw)->bytes, {}, "net");
    EXPECT_NE(to_text(after), before);
  }
}

TEST(SelftestFaults, SayWhatTheyChanged) {
  const std::string bytes = export_bytes(tiny_network());
  Draw draw(kCampaignSeed);
  EXPECT_THAT(change_weight(bytes, draw)->change, HasSubstr("element"));
  EXPECT_THAT(drop_checkpoint(bytes, draw)->change, HasSubstr("no checkpoint '"));
  const auto edit = change_claim(R"({"schema": "assay.run/2", "differing": 7})", draw);
  EXPECT_THAT(edit->change, HasSubstr("/differing: "));
  EXPECT_THAT(edit->change, HasSubstr(" instead of 7"));
}

TEST(SelftestFaults, ClaimsOfEveryNameAreReached) {
  const std::string report = R"({"schema": "assay.x/1", "verdict": "EQUIVALENT", "compared": 0,
    "share": 0.5, "steady": true, "list": [{"n": 1}, {"n": 2}, {"n": 3}], "none": null})";
  const Json before = Json::parse(report);
  std::set<std::string> changed;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Draw draw(seed);
    const Json after = Json::parse(change_claim(report, draw)->bytes);
    EXPECT_NE(after, before);
    EXPECT_EQ(after.at("schema"), before.at("schema"));
    for (const auto& [key, value] : before.items())
      if (after.at(key) != value) changed.insert(key);
    if (after.at("verdict") != "EQUIVALENT") {
      EXPECT_THAT((std::set<std::string>{"APPROXIMATE", "DIFFERENT", "INCONCLUSIVE"}),
                  Contains(after.at("verdict").get<std::string>()));
    }
    EXPECT_GE(after.at("compared"), 0);
  }
  EXPECT_EQ(changed, (std::set<std::string>{"verdict", "compared", "share", "steady", "list"}));
}

TEST(SelftestFaults, ClaimsOfAComparisonAreToldFromOthers) {
  const std::string report = R"({"schema": "assay.stage/1", "compared": 7, "compared_as": "x",
    "inputs": {"images": 3}, "canaries": {"planted": 4, "caught": 4}})";
  const Json before = Json::parse(report);
  std::set<std::string> changed;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Draw draw(seed);
    const Json after = Json::parse(change_check(report, draw)->bytes);
    for (const auto& [key, value] : before.items())
      if (after.at(key) != value) changed.insert(key);
  }
  EXPECT_EQ(changed, (std::set<std::string>{"compared", "canaries"}));
}

TEST(SelftestFaults, SourcesAndMemoriesChangeInOnePlace) {
  const std::string source = "// a + b\nassign y = a + b;\nlocalparam int N = 12;\n";
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Draw draw(seed);
    const auto edit = change_source(source, draw);
    EXPECT_TRUE(edit->bytes.starts_with("// a + b\n"));  // a comment is no fault
    found.insert(edit->bytes);
  }
  EXPECT_EQ(found,
            (std::set<std::string>{"// a + b\nassign y = a - b;\nlocalparam int N = 12;\n",
                                   "// a + b\nassign y = a + b;\nlocalparam int N = 13;\n"}));
  Draw draw(kCampaignSeed);
  const std::string memory = change_memory("a\n", draw)->bytes;
  EXPECT_THAT((std::set<std::string>{"b\n", "8\n", "e\n", "2\n"}), Contains(memory));
  for (const EditFile edit : {flip_bit, cut_off, change_number})
    expect_changes(edit, "counts 220 220 7 0\nend\n");
  for (const EditFile edit : {flip_bit, cut_off, change_memory, change_number})
    EXPECT_FALSE(edit("", draw));
}

// ---- The sandbox

TEST(SelftestSandbox, IsMadeAgainWhatItWas) {
  Sandbox box;
  box.write("run/reports/run.json", "a");
  box.write("run/rtl/top/x.sv", "b");
  box.keep();
  EXPECT_THAT(box.changes(), IsEmpty());
  box.write("run/reports/run.json", "c");
  box.write("run/new", "d");
  box.write("run/log.jsonl", "e");  // grows with every command
  box.remove("run/rtl/top/x.sv");
  fs::create_directory(box.path("run/rtl/top/x.sv"));
  EXPECT_EQ(box.changes(),
            (std::vector<std::string>{"run/new", "run/reports/run.json", "run/rtl/top/x.sv"}));
  box.restore();
  EXPECT_THAT(box.changes(), IsEmpty());
  EXPECT_EQ(box.read("run/reports/run.json"), "a");
  EXPECT_EQ(box.read("run/rtl/top/x.sv"), "b");
  EXPECT_FALSE(box.has("run/new"));
  EXPECT_FALSE(box.has("run/log.jsonl"));
}

TEST(SelftestSandbox, HashesAreFixedThroughAllReports) {
  Sandbox box;
  const auto document = [](const Json& json) { return json_text(json); };
  box.write("run/stages/01.onnx", "old");
  const std::string stage = document({{"sha256", sha256("old")}});
  box.write("run/reports/01.json", stage);
  Json ledger = {{"stages", {sha256("old")}}, {"files", {{"reports/01.json", sha256(stage)}}}};
  const std::string digest = sha256(document(ledger));
  ledger["checksum"] = digest;
  box.write("run/reports/run.json", document(ledger));

  box.write("run/stages/01.onnx", "new");
  fix_hashes(box, "run/stages/01.onnx", "old");
  const std::string fixed = document({{"sha256", sha256("new")}});
  EXPECT_EQ(box.read("run/reports/01.json"), fixed);
  Json after = Json::parse(box.read("run/reports/run.json"));
  EXPECT_EQ(after["stages"][0], sha256("new"));
  EXPECT_EQ(after["files"]["reports/01.json"], sha256(fixed));
  const Json checksum = after["checksum"];
  after.erase("checksum");
  EXPECT_EQ(checksum, sha256(document(after)));
}

// ---- The campaign itself, with commands that are not the product's

class SelftestCampaign : public ::testing::Test {
 protected:
  SelftestCampaign() {
    const CommandResult built =
        run_assay({"run", save_tiny(dir.path() / "net.onnx").string(), "--images", "3", "--until",
                   "tail", "--out", out.string()});
    EXPECT_EQ(built.code, 0) << built.err;
  }

  SelftestResult campaign(CommandRunner command, std::vector<FaultKind> kinds, std::int64_t faults,
                          int jobs = 1) {
    SelftestOptions options;
    options.jobs = jobs;
    options.dir = out;
    options.faults = faults;
    options.command = std::move(command);
    options.kinds = std::move(kinds);
    return selftest(options, Console{said, said, false, true});
  }

  /// A command that is content with everything and touches nothing.
  static CommandOutcome content(const std::vector<std::string>&, const fs::path&,
                                std::chrono::seconds) {
    return {0, false, "EQUIVALENT: nothing was looked at\n"};
  }

  /// Something that no command looks at.
  static FaultKind nobodys() {
    return {"nobody's",
            "a file that nobody knows",
            {kRunCommand, kCheckCommand},
            1,
            [](const Sandbox& box, Draw& draw) {
              box.write("run/stages/remark.txt", std::to_string(draw()));
              return std::optional<Fault>({"run/stages/remark.txt", "is new"});
            }};
  }

  static std::int64_t available_kinds(const SelftestResult& result) {
    return std::ranges::count_if(result.report.kinds,
                                 [](const auto& kind) { return !kind.skipped; });
  }

  std::ostringstream said;
  TempDir dir;
  fs::path out = dir.path() / "out";
};

TEST_F(SelftestCampaign, CommandsThatSayYesToEverythingMissEveryFault) {
  const SelftestResult result = campaign(content, fault_kinds(), 60);
  EXPECT_EQ(result.verdict, Verdict::kDifferent);
  EXPECT_EQ(result.report.counts.planted, 60);
  // Of networks of which the reports speak as they are, some give the same results.
  EXPECT_EQ(result.report.counts.missed + result.report.counts.harmless, 60);
  EXPECT_GE(result.report.counts.missed, 45);
  EXPECT_GE(available_kinds(result), 30);
  std::map<std::string, std::int64_t> planted;
  for (const auto& fault : result.report.faults) {
    ++planted[fault.kind];
    EXPECT_FALSE(fault.stays.empty()) << fault.kind;
    if (fault.outcome == "harmless") {
      EXPECT_THAT(fault.kind, HasSubstr("hashes fixed"));
    }
  }
  // A fair sample: no kind twice before every other once.
  EXPECT_EQ(std::ssize(planted), available_kinds(result));
  EXPECT_THAT(result.table, HasSubstr("of 60 faults were missed"));
}

TEST_F(SelftestCampaign, AFaultThatNobodyLooksAtIsMissed) {
  // The product's own command, which has its eyes on the stages alone.
  const CommandRunner command = [](const std::vector<std::string>& arguments, const fs::path& cache,
                                   std::chrono::seconds limit) {
    if (arguments[0] == "show") return content(arguments, cache, limit);
    const CommandResult result = run_assay_as_is(arguments);
    return CommandOutcome{result.code, false, result.out + result.err};
  };
  const SelftestResult result = campaign(command, {nobodys()}, 4);
  EXPECT_EQ(result.verdict, Verdict::kDifferent);
  EXPECT_EQ(result.report.counts.missed, 4);
  EXPECT_EQ(result.report.faults[0].stays, std::vector<std::string>{"run/stages/remark.txt"});
  EXPECT_THAT(result.table, HasSubstr("missed: run/stages/remark.txt (nobody's): is new"));
}

TEST_F(SelftestCampaign, ANetworkThatComputesTheSameIsHarmlessWhereResultsCount) {
  const auto replace = [](const TinyOptions& by) {
    return [by](const Sandbox& box, Draw&) {
      const std::string name = "run/stages/01_import.onnx";
      Graph graph = tiny_network(by);
      graph.name = "another";
      box.write(name, export_bytes(graph));
      return std::optional<Fault>({name, "is another"});
    };
  };
  const auto counts = [&](const TinyOptions& by, bool by_results) {
    return campaign(content, {{"net", "", {kRunCommand}, 1, replace(by), by_results}}, 1)
        .report.counts;
  };
  EXPECT_EQ(counts({}, true).harmless, 1);
  EXPECT_EQ(counts({}, false).missed, 1);
  EXPECT_EQ(counts({.first_weight = 0.75F}, true).missed, 1);
  EXPECT_EQ(counts({.second_quantiser = false}, true).missed, 1);
}

TEST_F(SelftestCampaign, OutcomesFollowFromExitCodesAndFiles) {
  int calls = 0;
  const auto with = [&](const CommandOutcome& outcome, bool undo) {
    calls = 0;
    const CommandRunner command = [&, undo, outcome](const std::vector<std::string>&,
                                                     const fs::path& cache, std::chrono::seconds) {
      if (calls++ < 4) return CommandOutcome{};  // without a fault
      if (undo) fs::remove(cache.parent_path() / "run/stages/remark.txt");
      return outcome;
    };
    return campaign(command, {nobodys()}, 1).report.counts;
  };
  EXPECT_EQ(with({3, false, "remark.txt is new"}, false).caught, 1);
  EXPECT_EQ(with({3, false, "remark.txt is new"}, false).named, 1);
  EXPECT_EQ(with({3, false, "something is new"}, false).named, 0);
  EXPECT_EQ(with({4, false, ""}, false).caught, 1);
  EXPECT_EQ(with({0, false, ""}, false).missed, 1);
  EXPECT_EQ(with({0, false, ""}, true).regenerated, 1);
  EXPECT_EQ(with({128 + 11, false, ""}, false).crashed, 1);
  EXPECT_EQ(with({128 + 11, false, ""}, true).crashed, 1);
  EXPECT_EQ(with({128 + 9, true, ""}, false).crashed, 1);
}

TEST_F(SelftestCampaign, WithoutFaultsThereIsNoVerdict) {
  EXPECT_EQ(campaign(content, {}, 5).verdict, Verdict::kInconclusive);
  FaultKind none = nobodys();
  none.plant = [](const Sandbox&, Draw&) { return std::optional<Fault>(); };
  const SelftestResult result = campaign(content, {none}, 5);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(exit_code(result.verdict), 3);
  EXPECT_EQ(result.report.counts.planted, 0);
  EXPECT_THAT(result.table, HasSubstr("not planted: nobody's: the run has no such file"));
  EXPECT_THAT(result.table, HasSubstr("INCONCLUSIVE: 0 of 5 faults could be planted"));
  EXPECT_EQ(campaign(content, {nobodys()}, 0).verdict, Verdict::kInconclusive);
}

TEST_F(SelftestCampaign, APlaceThatOffersNothingIsPassedOver) {
  FaultKind seldom = nobodys();
  int asked = 0;
  seldom.plant = [&asked, plant = seldom.plant](const Sandbox& box, Draw& draw) {
    return asked++ % 4 == 0 ? plant(box, draw) : std::optional<Fault>();
  };
  EXPECT_EQ(campaign(content, {seldom}, 5).report.counts.planted, 5);
}

TEST_F(SelftestCampaign, CommandsThatAreNotContentWithoutAFaultProveNothing) {
  const CommandRunner refuses = [](const std::vector<std::string>&, const fs::path&,
                                   std::chrono::seconds) {
    return CommandOutcome{1, false, "DIFFERENT: of course\n"};
  };
  const SelftestResult always = campaign(refuses, {nobodys()}, 3);
  EXPECT_EQ(always.verdict, Verdict::kInconclusive);
  EXPECT_EQ(always.report.counts.planted, 0);
  EXPECT_THAT(always.report.reason,
              HasSubstr("without any fault 'show --check' ends with exit code 1: DIFFERENT: of "
                        "course"));

  int calls = 0;
  const CommandRunner restless = [&](const std::vector<std::string>&, const fs::path& cache,
                                     std::chrono::seconds) {
    write_file(cache.parent_path() / "run/reports/run.json", std::to_string(++calls));
    return CommandOutcome{};
  };
  const SelftestResult changing = campaign(restless, {nobodys()}, 3);
  EXPECT_EQ(changing.verdict, Verdict::kInconclusive);
  EXPECT_THAT(changing.report.reason, HasSubstr("without any fault 'run' changes run/reports/"));
}

TEST_F(SelftestCampaign, ARunThatItsCommandsPutRightIsNotTakenForSound) {
  const CommandRunner command = [](const std::vector<std::string>& arguments, const fs::path&,
                                   std::chrono::seconds) {
    const CommandResult result = run_assay_as_is(arguments);
    return CommandOutcome{result.code, false, result.out + result.err};
  };
  for (const fs::directory_entry& stage : fs::directory_iterator(out / "stages"))
    if (stage.path().filename().string().find("cleanup") != std::string::npos)
      fs::resize_file(stage.path(), fs::file_size(stage.path()) / 2);
  const SelftestResult result = campaign(command, {nobodys()}, 2);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.report.counts.planted, 0);
  EXPECT_THAT(result.report.reason, HasSubstr("without any fault 'show --check' ends with exit"));
  // The same where the check sees nothing.
  const CommandRunner blind = [&](const std::vector<std::string>& arguments, const fs::path& cache,
                                  std::chrono::seconds limit) {
    return arguments[0] == "show" ? content(arguments, cache, limit)
                                  : command(arguments, cache, limit);
  };
  EXPECT_THAT(campaign(blind, {nobodys()}, 2).report.reason,
              HasSubstr("they change run/stages/02_cleanup.onnx"));
}

TEST_F(SelftestCampaign, CommandsThatFailFromSomeTimeOnProveNothing) {
  int calls = 0;
  const CommandRunner full_disk = [&](const std::vector<std::string>&, const fs::path&,
                                      std::chrono::seconds) {
    return ++calls <= 4 ? CommandOutcome{} : CommandOutcome{4, false, "the disk is full\n"};
  };
  const SelftestResult result = campaign(full_disk, {nobodys()}, 3);
  EXPECT_EQ(result.report.counts.caught, 3);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_THAT(result.report.reason, HasSubstr("ends with exit code 4: the disk is full"));
}

TEST_F(SelftestCampaign, LeavesTheRunAloneAndIsTheSameForTheSameSeed) {
  const auto before = run_results(out);
  const std::string model = read_file(dir.path() / "net.onnx");
  const auto faults = [&] {
    std::vector<std::string> list;
    for (const auto& fault : campaign(content, fault_kinds(), 50).report.faults)
      list.push_back(fault.kind + fault.file + fault.change + fault.command);
    return list;
  };
  EXPECT_EQ(faults(), faults());
  EXPECT_EQ(differing(before, run_results(out)), "");
  EXPECT_EQ(read_file(dir.path() / "net.onnx"), model);
}

TEST_F(SelftestCampaign, SeveralCopiesTakeTheSameFaults) {
  std::mutex mutex;
  std::set<fs::path> copies;
  const CommandRunner command = [&](const std::vector<std::string>& arguments,
                                    const fs::path& cache, std::chrono::seconds limit) {
    const std::lock_guard lock(mutex);
    copies.insert(cache);
    EXPECT_EQ(arguments.back(), "1");
    EXPECT_EQ(arguments[arguments.size() - 2], "--jobs");
    return content(arguments, cache, limit);
  };
  const SelftestResult several = campaign(command, fault_kinds(), 50, 3),
                       one = campaign(content, fault_kinds(), 50);
  EXPECT_EQ(copies.size(), 3U);
  const auto list = [](const SelftestResult& result) {
    std::vector<std::string> faults;
    for (const auto& fault : result.report.faults)
      faults.push_back(fault.kind + fault.file + fault.change + fault.command + fault.outcome);
    return faults;
  };
  EXPECT_EQ(list(several), list(one));
  EXPECT_EQ(to_json(several.report.counts), to_json(one.report.counts));
  EXPECT_EQ(several.verdict, Verdict::kDifferent);
}

TEST_F(SelftestCampaign, OneCopyThatIsNotFitIsEnough) {
  std::mutex mutex;
  fs::path first;
  const CommandRunner command = [&](const std::vector<std::string>&, const fs::path& cache,
                                    std::chrono::seconds) {
    const std::lock_guard lock(mutex);
    if (first.empty()) first = cache;
    return first == cache ? CommandOutcome{1, false, "DIFFERENT: here\n"} : CommandOutcome{};
  };
  const SelftestResult result = campaign(command, {nobodys()}, 4, 2);
  EXPECT_EQ(result.verdict, Verdict::kInconclusive);
  EXPECT_EQ(result.report.counts.planted, 0);
  EXPECT_THAT(result.report.reason, HasSubstr("DIFFERENT: here"));
}

TEST_F(SelftestCampaign, RefusesRunsThatAreNotEquivalent) {
  const auto message = [&] {
    return message_of<UserError>([&] { campaign(content, {nobodys()}, 1); });
  };
  save_tiny(dir.path() / "net.onnx", {.first_weight = 0.75F});
  EXPECT_THAT(message(), HasSubstr("is not the one of the run any more"));
  save_tiny(dir.path() / "net.onnx");
  forge_report(out / kRunReport, [](Json& run) { run["verdict"] = "INCONCLUSIVE"; });
  EXPECT_THAT(message(), HasSubstr("is INCONCLUSIVE; faults can be planted into a run that is "
                                   "EQUIVALENT alone"));
  fs::remove(out / "reports/run.json");
  EXPECT_THAT(message(), HasSubstr("holds no finished run"));
}

TEST_F(SelftestCampaign, RepeatsTheRunAsItWasTold) {
  const fs::path images = dir.path() / "pixels.npy";
  std::vector<std::uint8_t> pixels(4 * 48);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  write_npy(images, make_npy<std::uint8_t>({4, 3, 4, 4}, pixels));
  write_npy(dir.path() / "pixels.labels.npy",
            make_npy<std::uint8_t>({4}, std::vector<std::uint8_t>{0, 1, 2, 1}));
  const std::vector<std::string> told = {"run",          (dir.path() / "net.onnx").string(),
                                         "--data",       images.string(),
                                         "--images",     "2",
                                         "--preprocess", "normalize",
                                         "--mean",       "0.5,0.25,63/255",
                                         "--std",        "0.5,0.5,0.5",
                                         "--scale-bits", "18",
                                         "--until",      "tail",
                                         "--out",        (dir.path() / "told").string()};
  ASSERT_EQ(run_assay(told).code, 0);
  out = dir.path() / "told";
  std::vector<std::string> repeated;
  const CommandRunner command = [&](const std::vector<std::string>& arguments,
                                    const fs::path& cache, std::chrono::seconds) {
    if (arguments[0] == "run" && repeated.empty()) {
      repeated = arguments;
      const CommandResult result = run_assay_as_is(arguments);
      EXPECT_EQ(result.code, 0) << result.err;
      const Json before = Json::parse(read_file(out / "reports/run.json"));
      const Json after = Json::parse(read_file(cache.parent_path() / "run/reports/run.json"));
      EXPECT_EQ(after.at("inputs"), before.at("inputs"));
    }
    return content(arguments, cache, {});
  };
  campaign(command, {nobodys()}, 1);
  EXPECT_THAT(repeated, Contains("--mean=0.5,0.25,63/255"));
  // Images and labels that are the run's own can be changed.
  const SelftestResult result = campaign(content, fault_kinds(), 60);
  const auto data = std::ranges::find(result.report.kinds, "data", &report::Selftest::Kind::kind);
  ASSERT_NE(data, result.report.kinds.end());
  EXPECT_GE(data->counts.missed, 1);
}

// ---- The campaign with the product's own commands

/// The program on a run that ends in RTL, with a cache of models that stays between test runs.
class SelftestProgram : public ::testing::Test {
 protected:
  static fs::path home() { return std::getenv("XDG_CACHE_HOME"); }

  SelftestResult campaign(const std::string& model, const std::vector<std::string>& told,
                          std::int64_t faults, std::uint64_t seed,
                          std::vector<FaultKind> kinds = fault_kinds()) const {
    SelftestOptions options;
    options.kinds = std::move(kinds);
    options.dir = dir.path() / "out";
    options.faults = faults;
    options.seed = seed;
    options.command = command_of(ASSAY_BINARY);
    std::vector<std::string> arguments = {"run", model, "--out", options.dir.string()};
    arguments.insert(arguments.end(), told.begin(), told.end());
    const CommandOutcome built = options.command(arguments, home(), std::chrono::hours(1));
    EXPECT_EQ(built.exit_code, 0) << built.output;
    return selftest(options, Console{std::cout, std::cerr, false, false});
  }

  TempDir dir;
};

TEST_F(SelftestProgram, MissesNoFaultOfASample) {
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  const SelftestResult result =
      campaign(model.string(), {"--images", "4", "--target-cycles", "512"}, 40, 1);
  EXPECT_EQ(result.verdict, Verdict::kEquivalent) << result.table;
  EXPECT_EQ(result.report.counts.planted, 40);
  EXPECT_GT(result.report.counts.caught, 10);
}

using SelftestProgramNightly = SelftestProgram;

/// So many draws that hardly a mutant of the bench is left out; each takes two builds.
TEST_F(SelftestProgramNightly, ABenchThatTellsTooLittleIsNotBelieved) {
  constexpr std::int64_t kFaults = 60;
  std::vector<FaultKind> kinds = fault_kinds();
  std::erase_if(kinds, [](const FaultKind& kind) { return kind.name != "bench"; });
  const fs::path model = save_integer_network(dir.path() / "net.onnx");
  const SelftestResult result = campaign(
      model.string(), {"--images", "4", "--target-cycles", "512"}, kFaults, 1, std::move(kinds));
  EXPECT_EQ(result.verdict, Verdict::kEquivalent) << result.table;
  EXPECT_EQ(result.report.counts.caught, kFaults);
}

/// All 2,000 on the network that ships, as five campaigns that may run side by side.
class SelftestShippedNightly : public SelftestProgram,
                               public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  /// Images of a file, so that faults can be planted into them, too.
  fs::path images() const {
    constexpr std::int64_t kImages = 10, kSize = 3 * 32 * 32;
    const fs::path file = dir.path() / "pixels.npy";
    Draw draw(GetParam());
    std::vector<std::uint8_t> pixels(kImages * kSize), labels(kImages);
    for (std::uint8_t& pixel : pixels) pixel = static_cast<std::uint8_t>(draw());
    for (std::uint8_t& label : labels) label = static_cast<std::uint8_t>(draw_index(draw, 10));
    write_npy(file, make_npy<std::uint8_t>({kImages, 3, 32, 32}, pixels));
    write_npy(dir.path() / "pixels.labels.npy", make_npy<std::uint8_t>({kImages}, labels));
    return file;
  }
};

TEST_P(SelftestShippedNightly, MissesNoFault) {
  constexpr std::int64_t kFaults = 400;
  const SelftestResult result = campaign(ASSAY_SOURCE_DIR "/models/resnet8_w4a4/model.qonnx.onnx",
                                         {"--data", images().string()}, kFaults, GetParam());
  EXPECT_EQ(result.verdict, Verdict::kEquivalent) << result.table;
  EXPECT_EQ(result.report.counts.planted, kFaults);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SelftestShippedNightly, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace assay
