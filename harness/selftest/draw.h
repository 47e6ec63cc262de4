// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace assay {

/// The same numbers on every machine.
using Draw = std::mt19937_64;

/// From 0 up to, but not including, `count`, which is not 0.
inline std::size_t draw_index(Draw& draw, std::size_t count) {
  return static_cast<std::size_t>(draw() % count);
}

template <typename T>
const T& draw_from(Draw& draw, const std::vector<T>& list) {
  return list[draw_index(draw, list.size())];
}

/// What a file is replaced with.
struct Edit {
  std::string bytes;
  std::string change;  ///< for people: "one bit of word 7"
};
/// Changes one thing in the bytes of a file; nothing when they hold no such thing.
using EditFile = std::optional<Edit> (*)(const std::string& bytes, Draw& draw);

}  // namespace assay
