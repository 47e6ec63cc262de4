// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// A sentence of a report as printable ASCII, cut at `limit` bytes: every byte outside 0x20..0x7e
/// becomes \xHH. Quotes and backslashes stay, since the names between them were made printable
/// when the sentence was.
std::string sentence(std::string_view text, std::size_t limit = 4096);

}  // namespace assay
