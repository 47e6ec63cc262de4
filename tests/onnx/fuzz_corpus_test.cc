// SPDX-License-Identifier: Apache-2.0
// Replays the fuzzer's corpus, whole and with seeded damage: import or UserError, nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus(const char* folder = "corpus") {
  std::vector<fs::path> paths;
  for (const auto& entry :
       fs::directory_iterator(fs::path(ASSAY_SOURCE_DIR) / "tests" / "fuzz" / folder))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  return paths;
}

/// Whether the bytes import; what imports must survive a round trip.
bool survives(const std::string& bytes) {
  Graph graph;
  std::string saved;
  try {
    graph = import_bytes(bytes, {}, "corpus");
    saved = export_bytes(graph);
  } catch (const UserError&) {
    return false;
  }
  EXPECT_EQ(to_text(import_bytes(saved, {}, "saved")), to_text(graph));
  return true;
}

std::string damaged(std::string bytes, std::mt19937& random) {
  const auto pick = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  for (std::size_t edits = 1 + pick(3); edits > 0 && !bytes.empty(); --edits) {
    const std::size_t at = pick(bytes.size()),
                      length = 1 + pick(std::min<std::size_t>(bytes.size() - at, 16));
    switch (pick(4)) {
      case 0:
        bytes[at] = static_cast<char>(pick(256));
        break;
      case 1:
        bytes.erase(at, length);
        break;
      case 2:
        bytes.insert(pick(bytes.size()), bytes.substr(at, length));
        break;
      default:
        bytes.replace(at, length, length, static_cast<char>(pick(2) == 0 ? 0xff : 0));
    }
  }
  return bytes;
}

TEST(FuzzCorpus, EveryFileImportsAndSurvivesARoundTrip) {
  ASSERT_FALSE(corpus().empty());
  for (const fs::path& path : corpus()) EXPECT_TRUE(survives(read_file(path))) << path;
}

TEST(FuzzCorpus, HostileFilesAreRefused) {
  ASSERT_FALSE(corpus("refused").empty());
  for (const fs::path& path : corpus("refused")) EXPECT_FALSE(survives(read_file(path))) << path;
}

TEST(FuzzCorpus, DamagedFilesAreRefusedOrSurvive) {
  std::mt19937 random(20260101);
  for (const fs::path& path : corpus()) {
    SCOPED_TRACE(path.filename().string() + ", seed 20260101 from the first file on");
    const std::string bytes = read_file(path);
    int refused = 0;
    for (int i = 0; i < 200; ++i) refused += survives(damaged(bytes, random)) ? 0 : 1;
    EXPECT_GT(refused, 0);
  }
}

}  // namespace
}  // namespace assay
