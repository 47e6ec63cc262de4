// SPDX-License-Identifier: Apache-2.0
// Damaged files of every form: each is refused with UserError or read as something well-formed. Run
// under the sanitizers this also shows that no reader follows what a damaged file says.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "base/temp_dir.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "data/samples.h"
#include "golden/data/dataset.h"
#include "golden/data/gzip.h"
#include "golden/data/npy.h"
#include "golden/data/pickle.h"
#include "golden/data/png.h"
#include "golden/data/tar.h"

namespace assay {
namespace {

/// Flips, inserts, deletes or doubles bytes; one to four changes among the first `zone` bytes,
/// where the structure of the file is.
std::string mutate(std::string bytes, std::size_t zone, std::mt19937_64& random) {
  for (std::uint64_t changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = random() % std::min(zone, bytes.size());
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
      case 2:
        bytes.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        bytes.erase(at, 1 + random() % 4);
        break;
      default:
        bytes.insert(at, bytes.substr(at, 1 + random() % 16));
        break;
    }
  }
  return bytes;
}

struct Tally {
  int refused = 0;
  int accepted = 0;
};

/// `read` throws UserError, or returns whether what it read is well-formed.
Tally sweep(const std::string& good, std::size_t zone, int rounds, std::uint64_t seed,
            const std::function<bool(const std::string&)>& read) {
  EXPECT_TRUE(read(good));
  std::mt19937_64 random(seed);
  Tally tally;
  for (int round = 0; round < rounds; ++round) {
    const std::string bytes = mutate(good, zone, random);
    try {
      EXPECT_TRUE(read(bytes)) << "seed " << seed << ", round " << round;
      ++tally.accepted;
    } catch (const UserError& error) {
      EXPECT_GT(std::string_view(error.what()).size(), 20u);
      ++tally.refused;
    }
  }
  return tally;
}

bool read_pickle(const std::string& bytes) {
  const CifarBatch batch = parse_cifar_batch(bytes, "x");
  const bool labels_fit = std::all_of(batch.labels.begin(), batch.labels.end(),
                                      [](std::uint8_t label) { return label <= 9; });
  return labels_fit && batch.pixels.size() == batch.labels.size() * 3072;
}

bool read_npy_bytes(const std::string& bytes) {
  const NpyArray array = decode_npy(bytes, "x");
  return static_cast<std::size_t>(array.size()) * npy_element_size(array.type) ==
         array.bytes.size();
}

bool read_png_bytes(const std::string& bytes) {
  const PngImage image = decode_png(bytes, "x");
  return static_cast<std::size_t>(image.channels * image.height * image.width) ==
         image.pixels.size();
}

constexpr std::size_t kEverywhere = std::string::npos;

TEST(Mutation, OfAPickleIsRefusedOrHarmless) {
  const PickleParts parts({3, 7}, std::string(2 * 3072, 'x'));
  const std::size_t zone = parts.all().size() - 2 * 3072;
  const Tally front = sweep(parts.all(), zone, 20000, 1, read_pickle);
  EXPECT_GT(front.refused, 10 * front.accepted);
}

TEST(Mutation, OfAnNpyFileIsRefusedOrHarmless) {
  const std::vector<std::int16_t> values(6, 5);
  const std::string good = encode_npy(make_npy<std::int16_t>({2, 3}, values));
  const Tally tally = sweep(good, 70, 20000, 2, read_npy_bytes);
  EXPECT_GT(tally.refused, 10 * tally.accepted);
}

TEST(Mutation, OfAPngFileIsRefusedOrHarmless) {
  const TempDir dir;
  const std::vector<std::uint8_t> pixels(3 * 8 * 8, 77);
  write_png(dir.path() / "a.png", 3, 8, 8, pixels);
  const Tally tally = sweep(read_file(dir.path() / "a.png"), kEverywhere, 20000, 3, read_png_bytes);
  EXPECT_GT(tally.refused, 10 * tally.accepted);
}

TEST(Mutation, OfAGzipOrTarFileIsRefusedOrHarmless) {
  const std::string tar = tar_entry("a", "some text") + tar_entry("b", "more") + tar_end();
  const auto read_tar_bytes = [](const std::string& bytes) {
    for (const TarEntry& entry : read_tar(bytes, "x")) {
      if (entry.bytes.data() < bytes.data() ||
          entry.bytes.data() + entry.bytes.size() > bytes.data() + bytes.size())
        return false;
    }
    return true;
  };
  EXPECT_GT(sweep(tar, 1600, 20000, 4, read_tar_bytes).refused, 10000);
  const auto read_gzip = [](const std::string& bytes) {
    return gunzip(bytes, 5000, "x").size() <= 5000;
  };
  EXPECT_GT(sweep(gzip(tar), kEverywhere, 20000, 5, read_gzip).refused, 10000);
}

TEST(Mutation, OfAnIdxFileIsRefusedOrHarmless) {
  const TempDir dir;
  dir.write("t10k-labels-idx1-ubyte", idx_labels({1, 2, 3}));
  const auto read = [&](const std::string& bytes) {
    const Dataset set = load_dataset(dir.write("t10k-images-idx3-ubyte", bytes));
    return set.size() == 3 && set.labels.size() == 3;
  };
  const Tally tally = sweep(idx_images(3, 4, 5), 16, 500, 6, read);
  EXPECT_GT(tally.refused, 10 * tally.accepted);
}

}  // namespace
}  // namespace assay
