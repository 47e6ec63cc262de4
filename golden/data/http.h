// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "golden/data/download.h"

namespace assay {

/// The body found at an https:// address after at most 5 redirections. ToolError when it cannot be
/// had, stalls for a minute, or is larger than `limit` bytes.
std::string https_get(const std::string& url, std::uint64_t limit,
                      const DownloadProgress& progress);

}  // namespace assay
