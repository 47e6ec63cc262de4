// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);

/// Lower-case hexadecimal MD5: only to check files whose publisher gives no better checksum.
std::string md5(std::string_view bytes);

}  // namespace assay
