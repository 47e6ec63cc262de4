// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "golden/data/dataset.h"

namespace assay {

/// `count` made-up images: a colour gradient and a bright blob whose direction, place and colour
/// depend on the class (image i has class i % 10), moved a little and covered with noise per image.
/// Integer arithmetic alone, so that every machine makes the same bytes from the same arguments;
/// image i does not depend on `count`. Aborts unless every argument but `seed` is positive and
/// channels * height * width is at most 2^26; UserError when all images pass 2^32 bytes.
Dataset synthetic_dataset(std::int64_t channels, std::int64_t height, std::int64_t width,
                          std::int64_t count, std::uint64_t seed);

}  // namespace assay
