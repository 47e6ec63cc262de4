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

/// A mutation of a file, by its number in `mutations`.
struct Place {
  std::string file;
  std::size_t number = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// The places in an order that the seed decides, the same on every machine. Of any two, which comes
/// first does not depend on the others: what was tried stays tried when some other file changes.
std::vector<Place> drawn(std::vector<Place> places, std::uint64_t seed);

}  // namespace assay
