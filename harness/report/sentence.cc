// SPDX-License-Identifier: Apache-2.0
#include "harness/report/sentence.h"

#include <fmt/format.h>

namespace assay {

std::string sentence(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return text.size() > limit ? out + "..." : out;
}

}  // namespace assay
