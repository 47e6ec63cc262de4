// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace assay {

/// Integers in the narrowest of int8, int16, int32 and int64 that holds them all: the activations
/// of many images fit in memory.
class PackedInts {
 public:
  PackedInts() = default;
  explicit PackedInts(std::span<const std::int64_t> values);

  std::size_t size() const;
  std::int64_t operator[](std::size_t index) const;  ///< precondition: index < size()
  std::size_t bytes() const;                         ///< memory of the elements
  std::vector<std::int64_t> unpacked() const;
  friend bool operator==(const PackedInts&, const PackedInts&) = default;

 private:
  std::variant<std::vector<std::int8_t>, std::vector<std::int16_t>, std::vector<std::int32_t>,
               std::vector<std::int64_t>>
      values_;
};

}  // namespace assay
