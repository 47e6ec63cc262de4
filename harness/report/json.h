// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace assay {

/// Keeps keys in the order they were added, so that equal reports have equal bytes.
using Json = nlohmann::ordered_json;

/// Readable text with a newline at the end. Bytes of names that are not UTF-8 become U+FFFD.
std::string json_text(const Json& json);
/// The same on one line.
std::string json_line(const Json& json);
/// UserError beginning with `what` when `text` is no JSON.
Json parse_json(std::string_view text, std::string_view what);

}  // namespace assay
