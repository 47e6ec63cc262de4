// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "golden/data/png.h"

namespace assay {

/// Reads a JPEG file, grey or in colour, into 8-bit planes: the pixels that libjpeg-turbo's exact
/// integer transform gives, colour as RGB; no profile, no turning by what the camera says. UserError
/// naming the file when it is damaged, cut short, of another colour space (CMYK), or has more than
/// 2^26 samples.
PngImage read_jpeg(const std::filesystem::path& path);
PngImage decode_jpeg(std::string_view bytes, const std::string& name);

}  // namespace assay
