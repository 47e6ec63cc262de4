// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// The text as printable ASCII, cut at `limit` bytes, for messages about hostile names: single
/// quotes and backslashes get a backslash, every other byte outside 0x20..0x7e becomes \xHH.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace assay
