// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Small faults for C++ sources: what a slip of the pen makes of them.
namespace assay {

/// A place where a source could be wrong by one operator or number.
struct Mutation {
  std::size_t offset = 0;  ///< of `from` in the source
  std::string_view from, to;
  bool next_number = false;  ///< `from` is a number, which becomes one more; `to` is empty

  /// "fold.cc:146: && to ||", with the line counted from 1.
  std::string text(std::string_view file, std::string_view source) const;
};

/// All of them, in order. `source` is formatted as clang-format does it: binary operators stand
/// between blanks, the brackets of templates do not. Comments, strings, characters and preprocessor
/// lines have none. The result points into `source`.
std::vector<Mutation> mutations(std::string_view source);

/// The source with one of its mutations.
std::string mutated(std::string_view source, const Mutation& mutation);

/// `count` of the numbers below `size` (all, where there are fewer), in an order drawn from `seed`
/// that is the same on every machine.
std::vector<std::size_t> drawn(std::size_t size, std::size_t count, std::uint64_t seed);

}  // namespace assay
