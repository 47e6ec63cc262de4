// SPDX-License-Identifier: Apache-2.0

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "golden/data/pickle.h"
#include "golden/data/readers.h"

namespace assay {
namespace {

constexpr std::size_t kImageBytes = std::size_t{3} * 32 * 32;
constexpr std::size_t kRecordBytes = 1 + kImageBytes;
constexpr std::uint64_t kFileLimit = std::uint64_t{1} << 30;

Dataset empty_set(const std::filesystem::path& file) {
  Dataset set;
  set.name = fmt::format("CIFAR-10 {}", printable(file.filename().string()));
  set.channels = 3;
  set.height = set.width = 32;
  set.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                     "dog",      "frog",       "horse", "ship", "truck"};
  return set;
}

}  // namespace

Dataset read_cifar10_binary(const std::filesystem::path& file, ImageRange range) {
  const std::string bytes = read_file(file, kFileLimit);
  if (bytes.size() % kRecordBytes != 0)
    user_error(
        "'{}' has {} bytes, {} more than a whole number of CIFAR-10 records of {} bytes: it is "
        "truncated or another format (CIFAR-100 is not read); fetch it again",
        shown(file), bytes.size(), bytes.size() % kRecordBytes, kRecordBytes);
  const auto count = static_cast<std::int64_t>(bytes.size() / kRecordBytes);
  const ImageSpan span = resolve_range(range, count, file);
  Dataset set = empty_set(file);
  set.source_size = count;
  set.pixels.reserve(static_cast<std::size_t>(span.end - span.begin) * kImageBytes);
  for (std::int64_t i = 0; i < count; ++i) {
    const char* record = bytes.data() + static_cast<std::size_t>(i) * kRecordBytes;
    const auto label = static_cast<std::uint8_t>(*record);
    if (label > 9)
      user_error(
          "'{}': record {} at byte {} has label {}, but CIFAR-10 labels are 0 to 9: the file is "
          "damaged or another format; fetch it again",
          shown(file), i, static_cast<std::size_t>(i) * kRecordBytes, label);
    if (i < span.begin || i >= span.end) continue;
    set.labels.push_back(label);
    set.pixels.insert(set.pixels.end(), record + 1, record + kRecordBytes);
  }
  return set;
}

Dataset read_cifar10_python(const std::filesystem::path& file, ImageRange range) {
  const std::string bytes = read_file(file, kFileLimit);
  const CifarBatch batch = parse_cifar_batch(bytes, shown(file));
  const auto count = static_cast<std::int64_t>(batch.labels.size());
  const ImageSpan span = resolve_range(range, count, file);
  Dataset set = empty_set(file);
  set.source_size = count;
  const auto image = static_cast<std::ptrdiff_t>(kImageBytes);
  set.pixels.assign(batch.pixels.begin() + span.begin * image,
                    batch.pixels.begin() + span.end * image);
  set.labels.assign(batch.labels.begin() + span.begin, batch.labels.begin() + span.end);
  return set;
}

}  // namespace assay
