// SPDX-License-Identifier: Apache-2.0
#include "golden/data/synthetic.h"

#include <algorithm>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kImageLimit = std::int64_t{1} << 26;

/// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// A number in [low, high]; the tiny bias of the remainder does not matter here.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

/// One channel of one image. Positions run from 0 to 1023 over the image, whatever its size.
struct Plane {
  std::int64_t base, slope_x, slope_y;  // gradient: base plus slope over the whole width or height
  std::int64_t blob_x, blob_y, blob_radius, blob_height;
};

Plane class_plane(Random& random) {
  Plane plane{};
  plane.base = random.between(40, 160);
  plane.slope_x = random.between(-80, 80);
  plane.slope_y = random.between(-80, 80);
  plane.blob_height = random.between(-120, 120);
  return plane;
}

std::uint8_t pixel(const Plane& plane, std::int64_t x, std::int64_t y, std::int64_t noise) {
  const std::int64_t dx = x - plane.blob_x;
  const std::int64_t dy = y - plane.blob_y;
  const std::int64_t radius2 = plane.blob_radius * plane.blob_radius;
  const std::int64_t inside = std::max<std::int64_t>(0, radius2 - dx * dx - dy * dy);
  const std::int64_t value = plane.base + plane.slope_x * x / 1024 + plane.slope_y * y / 1024 +
                             plane.blob_height * inside / radius2 + noise;
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(value, 0, 255));
}

void append_image(Dataset& set, std::int64_t index, std::uint64_t seed) {
  const std::int64_t label = index % kClasses;
  Random of_class(seed * kClasses + static_cast<std::uint64_t>(label));
  Random of_image(~seed + 0x632be59bd9b4e019 * static_cast<std::uint64_t>(index + 1));
  const std::int64_t blob_x = of_class.between(256, 768) + of_image.between(-96, 96);
  const std::int64_t blob_y = of_class.between(256, 768) + of_image.between(-96, 96);
  const std::int64_t blob_radius = of_class.between(160, 400);
  for (std::int64_t c = 0; c < set.channels; ++c) {
    Plane plane = class_plane(of_class);
    plane.base += of_image.between(-16, 16);
    plane.blob_x = blob_x;
    plane.blob_y = blob_y;
    plane.blob_radius = blob_radius;
    for (std::int64_t y = 0; y < set.height; ++y) {
      for (std::int64_t x = 0; x < set.width; ++x)
        set.pixels.push_back(
            pixel(plane, x * 1024 / set.width, y * 1024 / set.height, of_image.between(-12, 12)));
    }
  }
  set.labels.push_back(static_cast<std::uint16_t>(label));
}

/// One value of the range for each that a byte picture has, or noise over all of it.
std::int64_t stretched(std::uint8_t byte, IntegerRange range, bool noise, Random& random) {
  constexpr std::int64_t kBytes = 256;
  if (noise) return random.between(range.min, range.max);
  const std::int64_t count = range.max - range.min + 1;
  const std::int64_t low = byte * count / kBytes;
  const std::int64_t high = std::max(low, (byte + 1) * count / kBytes - 1);
  return range.min + random.between(low, high);
}

/// Image `index` of bytes over the whole range, its ends included where there is room for both.
void append_stretched(std::vector<std::int64_t>& values, std::span<const std::uint8_t> bytes,
                      std::int64_t index, IntegerRange range, std::uint64_t seed) {
  constexpr std::int64_t kNoise = 4;  // every so many
  Random random(~seed ^ 0xd1342543de82ef95 * static_cast<std::uint64_t>(index + 1));
  const std::size_t first = values.size();
  for (const std::uint8_t byte : bytes)
    values.push_back(stretched(byte, range, index % kNoise == kNoise - 1, random));
  const auto size = static_cast<std::int64_t>(bytes.size());
  const std::int64_t at = random.between(0, size - 1);
  const auto place = [&](std::int64_t i) -> std::int64_t& {
    return values[first + static_cast<std::size_t>(i % size)];
  };
  place(at) = index % 2 == 0 ? range.min : range.max;
  if (size > 1) place(at + random.between(1, size - 1)) = index % 2 == 0 ? range.max : range.min;
}

void stretch(Dataset& set, IntegerRange range, std::uint64_t seed) {
  std::vector<std::int64_t> values;
  values.reserve(set.pixels.size());
  for (std::int64_t i = 0; i < set.size(); ++i)
    append_stretched(values, set.image(i), i, range, seed);
  set_pixels(set, values);
}

}  // namespace

Dataset synthetic_dataset(std::int64_t channels, std::int64_t height, std::int64_t width,
                          std::int64_t count, std::uint64_t seed, IntegerRange range) {
  ASSAY_INVARIANT(channels > 0 && height > 0 && width > 0 && count > 0, "images without pixels");
  ASSAY_INVARIANT(INT32_MIN <= range.min && range.min < range.max && range.max <= INT32_MAX,
                  "no range of pixels");
  // Factor by factor, so that the product cannot overflow.
  if (channels > kImageLimit || height > kImageLimit / channels ||
      width > kImageLimit / (channels * height))
    user_error(
        "made-up images of {}x{}x{} (channels, rows, columns) have more than {} values; export the "
        "network for smaller images",
        channels, height, width, kImageLimit);
  const std::int64_t bytes = channels * height * width;
  if (count > (std::int64_t{1} << 32) / bytes)
    user_error("{} synthetic images of {} bytes are more than 4 GiB; ask for fewer", count, bytes);
  Dataset set;
  set.name = fmt::format("synthetic (seed {})", seed);
  set.channels = channels;
  set.height = height;
  set.width = width;
  set.synthetic = true;
  set.pixels.reserve(static_cast<std::size_t>(bytes * count));
  for (std::int64_t i = 0; i < count; ++i) append_image(set, i, seed);
  if (range != IntegerRange{}) stretch(set, range, seed);
  for (std::int64_t c = 0; c < kClasses; ++c) set.class_names.push_back(fmt::format("class{}", c));
  set.sha256 = dataset_sha256(set);
  return set;
}

}  // namespace assay
