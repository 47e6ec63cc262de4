// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "golden/data/dataset.h"

namespace assay {

/// Bounds of integers, both included.
struct IntegerRange {
  std::int64_t min = 0, max = 255;
  friend bool operator==(const IntegerRange&, const IntegerRange&) = default;
};

/// `count` made-up images: a colour gradient and a bright blob whose direction, place and colour
/// depend on the class (image i has class i % 10), moved a little and covered with noise per image.
/// Values of another range than a byte's are such images stretched over all of it, every fourth noise
/// throughout, with the least and the largest value in each.
/// Integer arithmetic alone, so that every machine makes the same bytes from the same arguments;
/// image i does not depend on `count`. Aborts unless every extent and `count` are positive and the
/// range lies within int32; UserError when channels * height * width pass 2^26 or all images 2^32 bytes.
Dataset synthetic_dataset(std::int64_t channels, std::int64_t height, std::int64_t width,
                          std::int64_t count, std::uint64_t seed, IntegerRange range = {});

}  // namespace assay
