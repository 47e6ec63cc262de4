// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "sim/netlist/program.h"

namespace assay::sim {

/// Rows of lanes, aligned for every instruction set.
class Rows {
 public:
  explicit Rows(std::size_t words);
  Word* data() { return data_; }
  const Word* data() const { return data_; }
  std::size_t words() const { return words_; }
  void clear();

 private:
  std::vector<Word> room_;
  std::size_t words_;
  Word* data_;
};

/// What a memory holds in every lane: rows where it is small, else numbers.
class Contents {
 public:
  /// `words`: of a row.
  Contents(const netlist::Memory& memory, const MemoryPlan& plan, int lanes, int words);

  /// As when the device wakes up.
  void wake(const netlist::Memory& memory);
  Word* rows() { return rows_.data(); }
  std::uint32_t units() const { return plan_.units; }
  /// Beyond the last unit zeros. For numbers alone.
  std::uint64_t load(int lane, std::uint64_t unit) const;
  void store(int lane, std::uint64_t unit, std::uint64_t value, std::uint64_t mask);
  /// Units as the netlist has them, however they lie.
  std::uint64_t unit(std::size_t unit, int lane) const;
  void set_unit(std::size_t unit, int lane, std::uint64_t value);

 private:
  void share(bool shared);
  std::uint64_t own_mask() const;

  MemoryPlan plan_;
  int lanes_, words_, own_bits_;
  Rows rows_;
  int bytes_ = 0;          ///< of a unit
  std::size_t pitch_ = 0;  ///< bytes from lane to lane; 0: all lanes share one
  std::vector<std::uint8_t> numbers_;
};

inline std::uint64_t Contents::load(int lane, std::uint64_t unit) const {
  if (unit >= plan_.units) return 0;
  std::uint64_t value = 0;
  std::memcpy(&value,
              numbers_.data() + static_cast<std::size_t>(lane) * pitch_ +
                  unit * static_cast<std::size_t>(bytes_),
              sizeof value);
  return value & plan_.mask();
}

inline void Contents::store(int lane, std::uint64_t unit, std::uint64_t value, std::uint64_t mask) {
  if (unit >= plan_.units) return;
  std::uint8_t* place = numbers_.data() + static_cast<std::size_t>(lane) * pitch_ +
                        unit * static_cast<std::size_t>(bytes_);
  std::uint64_t held = 0;
  std::memcpy(&held, place, sizeof held);
  held ^= (held ^ value) & mask & plan_.mask();
  std::memcpy(place, &held, sizeof held);
}

}  // namespace assay::sim
