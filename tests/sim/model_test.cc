// SPDX-License-Identifier: Apache-2.0
#include "sim/model/model.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <set>
#include <thread>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/process.h"
#include "sim/model/cache_entry.h"
#include "sim/model/glue.h"
#include "sim/model/temporary_folder.h"
#include "sim/model/user_cache.h"

namespace assay::sim {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A register that adds one to every byte.
constexpr const char* kPlusOne = R"(module plus_one (
  input logic clk_i, input logic rst_ni,
  input logic in0_valid_i, output logic in0_ready_o, input logic [7:0] in0_data_i,
  output logic out0_valid_o, input logic out0_ready_i, output logic [7:0] out0_data_o
);
  assign in0_ready_o = out0_ready_i || !out0_valid_o;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) out0_valid_o <= 1'b0;
    else if (in0_ready_o) out0_valid_o <= in0_valid_i;
    if (in0_ready_o) out0_data_o <= in0_data_i + 8'd1;
  end
endmodule
)";

/// Copies the run-time objects of one cache to another that lacks them.
void copy_runtimes(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("runtime-") || name.find(".tmp") != std::string::npos ||
        fs::exists(to / name) || !entry_fault(entry, name).empty())
      continue;
    const TemporaryFolder copy(to / name);
    fs::copy(entry, copy.path(), fs::copy_options::recursive);
    copy.move_to(to / name);
  }
}

/// One cache for all tests, since the run-time objects take long to build; they stay between test
/// runs. Every test builds designs of its own, told apart by a comment.
class ModelTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / fmt::format("assay-model-{}", getpid());
    fs::create_directories(root_);
    cache_ = std::make_unique<ModelCache>(root_ / "cache");
    make_private_folder(user_model_folder());
    copy_runtimes(user_model_folder(), root_ / "cache");
  }
  static void TearDownTestSuite() {
    copy_runtimes(root_ / "cache", user_model_folder());
    cache_.reset();
    fs::remove_all(root_);
  }
  ModelTest() : folder_(root_ / ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::create_directories(folder_);
  }

  static ModelSpec spec(std::string text = kPlusOne) {
    ModelSpec s;
    text += fmt::format("// {}\n", ::testing::UnitTest::GetInstance()->current_test_info()->name());
    s.sources = {{"plus_one.sv", std::move(text)}};
    s.designs = {{"plus_one", {8}, {8}}};
    return s;
  }
  StreamFile stream(const std::string& name, int add) const {
    std::string bytes;
    for (int i = 0; i < 32; ++i) bytes += static_cast<char>(i + add);
    write_file(folder_ / name, bytes);
    return {(folder_ / name).string(), 8, 16, false};
  }
  Result run(const Model& model, int add, JobFile job = {}) const {
    job.job.frames = 2;
    return run_model(model, job, {{stream("in", 0)}, {stream("out", add)}}, folder_, folder_,
                     "run");
  }
  /// What is in the cache beside the run-time objects.
  static std::set<std::string> entries() {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "cache"))
      if (!entry.path().filename().string().starts_with("runtime-"))
        names.insert(entry.path().filename().string());
    return names;
  }

  static inline fs::path root_;
  static inline std::unique_ptr<ModelCache> cache_;
  fs::path folder_;
};

TEST_F(ModelTest, BuildsOnceAndRuns) {
  const Model model = cache_->get(spec());
  EXPECT_TRUE(model.built);
  const Result right = run(model, 1), wrong = run(model, 2);
  EXPECT_EQ(right.compared, 32);
  EXPECT_EQ(right.differing, 0);
  EXPECT_EQ(wrong.differing, 32);
  EXPECT_TRUE(entries().contains(model.key));
  ModelCache again(root_ / "cache");
  EXPECT_FALSE(again.get(spec()).built);
}

TEST_F(ModelTest, BringsStampsBack) {
  const Model model = cache_->get(spec());
  JobFile job;
  job.job.stamps = true;
  const Result r = run(model, 1, job);
  ASSERT_EQ(r.input_stamps.at(0).size(), 32U);
  ASSERT_EQ(r.output_stamps.at(0).size(), 32U);
  for (std::int64_t i = 0; i < 32; ++i) {
    EXPECT_EQ(r.input_stamps[0][static_cast<std::size_t>(i)], (Stamp{i, i}));
    EXPECT_EQ(r.output_stamps[0][static_cast<std::size_t>(i)], (Stamp{i + 1, i + 1}));
  }
  EXPECT_FALSE(fs::exists(folder_ / "run.stamps"));
  EXPECT_TRUE(run(model, 1).output_stamps.empty());
}

TEST_F(ModelTest, KeyDependsOnEverythingThatIsBuilt) {
  ModelSpec other = spec(std::string(kPlusOne) + "// edited\n"), traced = spec(), fast = spec(),
            defined = spec();
  traced.trace = Trace::kVcd;
  fast.optimise = 3;
  defined.defines = {"X"};
  for (const ModelSpec& s : {other, traced, fast, defined})
    EXPECT_NE(cache_->key(s), cache_->key(spec()));
  EXPECT_EQ(cache_->key(spec()), cache_->key(spec()));
}

TEST_F(ModelTest, ThreadsThatWantTheSameModelBuildItOnce) {
  const std::size_t before = entries().size();
  int built = 0;
  std::mutex mutex;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const Model model = cache_->get(spec());
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(fs::exists(model.program));
      ++built;
    });
  threads.clear();
  EXPECT_EQ(built, 4);
  EXPECT_EQ(entries().size(), before + 1);
}

TEST_F(ModelTest, ShowsTheToolsMessageWithFileAndLine) {
  const std::set<std::string> before = entries();
  std::string broken = kPlusOne;
  broken.replace(broken.find("8'd1"), 4, "nothing_here");
  try {
    cache_->get(spec(broken));
    FAIL() << "it should not build";
  } catch (const ToolError& error) {
    EXPECT_THAT(error.what(), HasSubstr("plus_one.sv:"));
    EXPECT_THAT(error.what(), HasSubstr("nothing_here"));
  }
  EXPECT_EQ(entries(), before);
  EXPECT_TRUE(cache_->get(spec()).built);  // the cache works on
}

TEST_F(ModelTest, LeavesNothingWhenTheDiskIsFull) {
  EXPECT_TRUE(cache_->get(spec()).built);
  const std::set<std::string> before = entries();
  // Files cannot grow beyond 4 KiB, for us and for the tools.
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(cache_->get(spec(std::string(kPlusOne) + "// another\n")), ToolError);
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(entries(), before);
  EXPECT_TRUE(cache_->get(spec(std::string(kPlusOne) + "// another\n")).built);
}

TEST_F(ModelTest, SaysHowToInstallWhatIsMissing) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder_.c_str(), 1);
  try {
    find_tools();
    FAIL() << "there is no Verilator in an empty folder";
  } catch (const ToolError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'verilator' is not installed"));
    EXPECT_THAT(error.what(), HasSubstr("apt-get install verilator"));
  }
  setenv("PATH", path.c_str(), 1);
}

TEST_F(ModelTest, WritesAWaveform) {
  ModelSpec traced = spec();
  traced.trace = Trace::kVcd;
  JobFile job;
  job.wave = (folder_ / "wave.vcd").string();
  job.wave_window = {10, 5};
  run(cache_->get(traced), 1, job);
  const std::string text = read_file(job.wave);
  EXPECT_THAT(text, HasSubstr("out0_data_o"));
  EXPECT_THAT(text, HasSubstr("\n#20\n"));
  EXPECT_EQ(text.find("\n#18\n"),
            std::string::npos);  // two time steps a cycle, cycle 9 is left out
}

TEST_F(ModelTest, WritesAnFstWaveform) {
  ModelSpec traced = spec();
  traced.trace = Trace::kFst;
  JobFile job;
  job.wave = (folder_ / "wave.fst").string();
  job.wave_window = {10, 5};
  run(cache_->get(traced), 1, job);
  // A header block of 329 bytes.
  EXPECT_EQ(read_file(job.wave).substr(0, 9), std::string("\0\0\0\0\0\0\0\x01\x49", 9));
}

TEST_F(ModelTest, ACrashIsAnErrorAndNoResult) {
  const Model model = cache_->get(spec());
  const StreamFile in = stream("in", 0);
  EXPECT_THROW(
      run_model(model, {}, {{{"/nonexistent", 8, 16, false}}, {in}}, folder_, folder_, "run"),
      ToolError);
  EXPECT_THROW(run_model({"x", "/bin/false", false}, {}, {{in}, {in}}, folder_, folder_, "run"),
               ToolError);
  EXPECT_THROW(run_model({"x", "/bin/true", false}, {}, {{in}, {in}}, folder_, folder_, "run"),
               ToolError);
}

/// What somebody does to the entry of a model, and what is said of it.
struct EntryEdit {
  std::string what;
  std::function<void(const fs::path& entry)> edit;
  std::string remark;
};

/// Rewrites an entry's list as whoever plants a program would: right key, right hashes.
void forge_list(const fs::path& entry) {
  std::string list = read_file(entry / "files.sha256");
  const std::string hash = sha256(read_file(entry / "model"));
  list.replace(list.find('\n') + 1, hash.size(), hash);
  write_file(entry / "files.sha256", list);
}

void plant(const fs::path& program) {
  write_file(program, "#!/bin/sh\ntouch " + (program.parent_path() / "executed").string() + "\n");
  fs::permissions(program, fs::perms::owner_all);
}

const std::vector<EntryEdit>& entry_edits() {
  static const std::vector<EntryEdit> edits = {
      {"a longer program",
       [](const fs::path& entry) { write_file(entry / "model", read_file(entry / "model") + " "); },
       "'model' is not the file that was built"},
      {"a truncated program", [](const fs::path& entry) { fs::resize_file(entry / "model", 1000); },
       "'model' is not the file that was built"},
      {"another key",
       [](const fs::path& entry) {
         std::string list = read_file(entry / "files.sha256");
         list[4] = list[4] == '0' ? '1' : '0';
         write_file(entry / "files.sha256", list);
       },
       "it says that it is another model"},
      {"no list", [](const fs::path& entry) { fs::remove(entry / "files.sha256"); },
       "its list of files cannot be read"},
      {"a planted program under the right key",
       [](const fs::path& entry) {
         plant(entry / "model");
         forge_list(entry);
       },
       "this user did not build it"},
      {"a link to a planted program",
       [](const fs::path& entry) {
         plant(entry / "other");
         fs::remove(entry / "model");
         fs::create_symlink("other", entry / "model");
       },
       "is not the file that was built"},
      {"one more file", [](const fs::path& entry) { write_file(entry / "libm.so", "x"); },
       "'libm.so' is not the file that was built"},
      {"no program", [](const fs::path& entry) { fs::remove(entry / "model"); },
       "a file of it is missing"},
  };
  return edits;
}

TEST_F(ModelTest, BuildsAgainWhatItDidNotBuild) {
  const Model model = cache_->get(spec());
  const std::string list = read_file(model.program.parent_path() / "files.sha256");
  for (const EntryEdit& edit : entry_edits()) {
    SCOPED_TRACE(edit.what);
    edit.edit(model.program.parent_path());
    ModelCache again(root_ / "cache");
    EXPECT_TRUE(again.get(spec()).built);
    EXPECT_THAT(again.take_remarks(),
                ::testing::ElementsAre(AllOf(HasSubstr("is built again"), HasSubstr(edit.remark))));
    EXPECT_EQ(run(model, 1).compared, 32);
    EXPECT_FALSE(fs::exists(model.program.parent_path() / "executed"));
  }
  EXPECT_EQ(read_file(model.program.parent_path() / "files.sha256"), list);
  ModelCache last(root_ / "cache");
  EXPECT_FALSE(last.get(spec()).built);
  EXPECT_TRUE(last.take_remarks().empty());
}

/// A cache that came with a run's folder, say: its programs are whole, and somebody else's.
TEST_F(ModelTest, RunsNothingOfAnotherUsers) {
  cache_->get(spec());
  fs::copy(root_ / "cache", folder_ / "cache", fs::copy_options::recursive);
  EXPECT_FALSE(ModelCache(folder_ / "cache").get(spec()).built);
  const std::string mine = std::getenv("XDG_CACHE_HOME");
  setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  ModelCache other(folder_ / "cache");
  const Model built = other.get(spec());
  setenv("XDG_CACHE_HOME", mine.c_str(), 1);
  EXPECT_TRUE(built.built);
  const std::vector<std::string> remarks = other.take_remarks();
  ASSERT_EQ(remarks.size(), 2U);  // the shared objects and the program
  for (const std::string& remark : remarks)
    EXPECT_THAT(remark, HasSubstr("this user did not build it"));
}

TEST_F(ModelTest, SharedObjectsAreCheckedLikePrograms) {
  const fs::path entry = folder_ / "runtime-1";
  fs::create_directories(entry / "src/sim");
  write_file(entry / "bench.o", "object");
  write_file(entry / "src/sim/bench.h", "header");
  EXPECT_EQ(entry_fault(entry, "runtime-1"), "its list of files cannot be read");
  seal_entry(entry, "runtime-1");
  EXPECT_EQ(entry_fault(entry, "runtime-1"), "");
  EXPECT_EQ(entry_fault(entry, "runtime-2"), "it says that it is another model");
  write_file(entry / "src/sim/bench.h", "planted");
  EXPECT_EQ(entry_fault(entry, "runtime-1"), "'src/sim/bench.h' is not the file that was built");
  write_file(entry / "src/sim/bench.h", "header");
  EXPECT_EQ(entry_fault(entry, "runtime-1"), "");
  fs::create_symlink(entry, folder_ / "link");
  EXPECT_EQ(entry_fault(folder_ / "link", "runtime-1"), "it is no folder");
}

TEST_F(ModelTest, RefusesAFolderThatOthersMayWrite) {
  const fs::path shared = folder_ / "shared";
  fs::create_directory(shared);
  for (const fs::perms who : {fs::perms::group_write, fs::perms::others_write}) {
    fs::permissions(shared, fs::perms::owner_all | who);
    try {
      const ModelCache cache(shared);
      FAIL() << "others may write there";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("others may write"), HasSubstr("chmod 700")));
    }
  }
  if (::geteuid() != 0 || ::chown(shared.c_str(), 1234, 1234) != 0) return;  // not ours to give
  EXPECT_THROW(ModelCache{shared}, UserError);
}

TEST_F(ModelTest, KeepsModelsInTheUsersCacheFolder) {
  const std::string mine = std::getenv("XDG_CACHE_HOME"), home = std::getenv("HOME");
  setenv("XDG_CACHE_HOME", (folder_ / "xdg").c_str(), 1);
  const ModelCache cache({});
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "xdg/assay/models").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", folder_.c_str(), 1);
  EXPECT_EQ(user_model_folder(), folder_ / ".cache/assay/models");
  setenv("HOME", home.c_str(), 1);
  setenv("XDG_CACHE_HOME", mine.c_str(), 1);
}

TEST_F(ModelTest, OnlyThisUserMakesItsChecksums) {
  const std::string mine = std::getenv("XDG_CACHE_HOME"), one = user_checksum("text");
  EXPECT_EQ(one, user_checksum("text"));
  EXPECT_NE(one, user_checksum("texts"));
  setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  EXPECT_NE(one, user_checksum("text"));
  setenv("XDG_CACHE_HOME", mine.c_str(), 1);
}

/// The guard of children is a process of its own, not this one.
TEST(Process, ThisOneStaysTheOneThatItWas) {
  static const pid_t before = ::getpid();
  run_process({"/bin/true"}, "/", std::chrono::seconds(10));
  EXPECT_EQ(::getpid(), before);
}

TEST(Process, GivesExitCodeAndOutput) {
  const ProcessResult r = run_process({"/bin/ls", "/nonexistent"}, "/", std::chrono::seconds(10));
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_THAT(r.output, HasSubstr("No such file"));
}

TEST(Process, KillsWhatTakesTooLong) {
  const ProcessResult r = run_process({"/bin/sleep", "60"}, "/", std::chrono::seconds(1));
  EXPECT_TRUE(r.timed_out);
  EXPECT_FALSE(r.ok());
}

TEST(TemporaryFolder, OnesOfKilledProcessesGoAndOthersStay) {
  const fs::path root = fs::temp_directory_path() / fmt::format("assay-abandoned-{}", getpid());
  fs::create_directories(root / "model.tmp.Abc123" / "obj");
  fs::create_directories(root / "model");
  {
    const TemporaryFolder alive(root / "model");
    TemporaryFolder::remove_abandoned(root);
    EXPECT_TRUE(fs::exists(alive.path()));
    EXPECT_TRUE(fs::exists(root / "model"));
    EXPECT_FALSE(fs::exists(root / "model.tmp.Abc123"));
    const TemporaryFolder other(root / "model");
    EXPECT_NE(other.path(), alive.path());
    write_file(other.path() / "text", "kept");
    other.move_to(root / "kept");
  }
  EXPECT_EQ(read_file(root / "kept" / "text"), "kept");
  EXPECT_EQ(std::distance(fs::directory_iterator(root), fs::directory_iterator()), 2);
  fs::remove_all(root);
}

}  // namespace
}  // namespace assay::sim
