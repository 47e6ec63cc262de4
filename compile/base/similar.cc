// SPDX-License-Identifier: Apache-2.0
#include "compile/base/similar.h"

#include <algorithm>
#include <cctype>

#include "compile/base/printable.h"

namespace assay {
namespace {

constexpr std::size_t kShown = 5;

bool same_letter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t exchange = diagonal + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, exchange});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string similar_names(std::string_view name, std::vector<std::string> known) {
  std::ranges::stable_sort(known, {},
                           [&](const std::string& other) { return edit_distance(name, other); });
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, known.size()); ++i)
    text += (i == 0 ? "'" : ", '") + printable(known[i]) + "'";
  return text.empty() ? "none" : text;
}

}  // namespace assay
