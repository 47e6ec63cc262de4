// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/bench_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "compile/base/error.h"
#include "compile/base/hash.h"
#include "compile/base/process.h"
#include "sim/model/cache_entry.h"
#include "sim/model/runtime_sources.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModels = "cache/assay/models/",
                           kRuntimes = "cache/assay/models/runtime-", kBuilt = "cache/assay/built/",
                           kList = "files.sha256";
constexpr std::chrono::seconds kCompileLimit{600};

const std::string kWatch = "sim/bench/watch.cc", kBench = "sim/bench/bench.cc";
const std::string kCompare = "if (!same(tokens_->beat(moved()), pins_.data, pins_.bytes())) {",
                  kDigest = "counts_.digest = digest_beat(";

/// A comparison that takes place on a condition only.
BenchMutant::Change compares_where(const std::string& condition) {
  return {kWatch, kCompare, "if (" + condition + " && " + kCompare.substr(4)};
}

/// Entries of the cache with the objects of this program's bench.
std::vector<std::string> runtimes(const Sandbox& box) {
  std::set<std::string> entries;
  for (const std::string& name : box.files(kModels)) {
    const std::string entry = name.substr(0, name.find('/', kModels.size()));
    if (entry.starts_with(kRuntimes)) entries.insert(entry);
  }
  std::vector<std::string> found(entries.begin(), entries.end());
  std::erase_if(found, [&](const std::string& entry) {
    return std::ranges::any_of(sim::runtime_sources(), [&](const sim::RuntimeSource& source) {
      const std::string file = fmt::format("{}/src/{}", entry, source.name);
      return !box.has(file) || box.read(file) != source.text;
    });
  });
  return found;
}

std::string object_of(const std::string& source) { return fs::path(source).stem().string() + ".o"; }

void compile(const fs::path& entry, const std::string& source) {
  const std::vector<std::string> command = {find_program("g++", "g++").string(),
                                            "-std=c++20",
                                            "-O1",
                                            "-w",
                                            "-Isrc",
                                            "-c",
                                            "src/" + source,
                                            "-o",
                                            object_of(source)};
  const ProcessResult result = run_process(command, entry, kCompileLimit);
  if (!result.ok()) tool_error("a mutant of the bench does not compile:\n{}", result.output);
}

/// As seal_entry() does in the cache of the sandbox.
void seal(const Sandbox& box, const std::string& entry) {
  const std::string list = sim::entry_list(box.path(entry), fs::path(entry).filename().string());
  box.write(fmt::format("{}/{}", entry, kList), list);
  box.write(fmt::format("{}{}", kBuilt, sha256(list)), "");
}

/// Replaces the pieces, compiles what they are in, and returns the first object.
std::string mutate(const Sandbox& box, const std::string& entry, const BenchMutant& mutant) {
  std::set<std::string> files;
  for (const BenchMutant::Change& change : mutant.changes) {
    const std::string file = fmt::format("{}/src/{}", entry, change.file);
    std::string text = box.read(file);
    const std::size_t at = text.find(change.from);
    ASSAY_INVARIANT(at != std::string::npos, "a mutant's piece is in the bench");
    box.write(file, text.replace(at, change.from.size(), change.to));
    files.insert(change.file);
  }
  for (const std::string& file : files) compile(box.path(entry), file);
  seal(box, entry);
  return fmt::format("{}/{}", entry, object_of(*files.begin()));
}

void forget_what_was_built(const Sandbox& box) {
  for (const std::string& name : box.files(kModels))
    if (!name.starts_with(kRuntimes)) box.remove(name);
  for (const std::string& name : box.files("run/build/results")) box.remove(name);
}

}  // namespace

std::vector<BenchMutant> bench_mutants() {
  const BenchMutant::Change always_equal = {kWatch, "return std::memcmp(a, b, bytes) == 0;",
                                            "return true;"};
  return {
      {"always-equal", {always_equal}},
      {"no-violations",
       {{kWatch, "if (std::ranges::find(violations_, rule, &Violation::rule) == violations_.end())",
         "if (false)"}}},
      {"first-beats", {compares_where("moved() < 9")}},
      {"first-beats-digested",
       {compares_where("moved() < 9"), {kWatch, kDigest, "if (moved() < 9) " + kDigest}}},
      {"all-but-the-last-frame", {compares_where("moved() < counts_.predicted - tokens_->beats")}},
      {"all-but-the-last-beat", {compares_where("moved() + 1 < counts_.predicted")}},
      {"every-other-frame", {compares_where("moved() / tokens_->beats % 2 == 0")}},
      {"outputs-alone", {compares_where("name_[0] == 'o'")}},
      {"golden-digested",
       {always_equal,
        {kWatch, "digest_beat(counts_.digest, moved(), pins_.data,",
         "digest_beat(counts_.digest, moved(), tokens_->beat(moved()),"}}},
      {"counted-unseen",
       {{kWatch, "  if (counts_.first < 0) counts_.first = cycle;",
         "  if (counts_.first >= 0) {\n    counts_.last = cycle;\n    ++counts_.compared;\n"
         "    return;\n  }\n  counts_.first = cycle;"}}},
      {"nothing-differs", {{kWatch, "    ++counts_.differing;\n", ""}}},
      {"no-extra-beats", {{kWatch, "violate(\"extra-beat\", time);", ";"}}},
      {"no-changes", {{kWatch, "violate(\"data-changed\", time);", ";"}}},
      {"no-withdrawals", {{kWatch, "violate(\"valid-withdrawn\", time);", ";"}}},
      {"no-paths", {{kBench, "s.violate(\"valid-waits-for-ready\", time_);", ";"}}},
      {"no-drain", {{kBench, "if (result_.stuck.empty()) drain();", ""}}},
      {"no-rules-inside",
       {{kBench, "result_.violations.insert(", "if (!monitor) result_.violations.insert("}}},
      {"half-the-cycles", {{kBench, "result_.cycles = end_;", "result_.cycles = end_ / 2;"}}},
      {"other-frame-ends", {{kBench, "end = std::max(end, cycle_);", "end = 2 * cycle_;"}}},
  };
}

std::optional<Fault> change_bench(const Sandbox& box, Draw& draw) {
  const std::vector<std::string> entries = runtimes(box);
  if (entries.empty()) return {};
  const BenchMutant mutant = draw_from(draw, bench_mutants());
  std::string object;
  for (const std::string& entry : entries) object = mutate(box, entry, mutant);
  forget_what_was_built(box);
  return Fault{object, "a bench that is the mutant '" + mutant.name + "'"};
}

}  // namespace assay
