// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// The names nearest to `name` by insertions, deletions and exchanges of characters, nearest first,
/// quoted and printable: "'Conv_1', 'Conv_10'". "none" when there are no names.
std::string similar_names(std::string_view name, std::vector<std::string> known);

}  // namespace assay
