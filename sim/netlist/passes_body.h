// SPDX-License-Identifier: Apache-2.0
// No #pragma once: passes.cc includes it once per instruction set, with
//   ASSAY_LANES_SPACE   the namespace of this copy
//   ASSAY_LANES_BYTES   of a vector
//   ASSAY_LANES_TARGET  the attribute of every function; what is inlined must carry the same
namespace ASSAY_LANES_SPACE {

#define ASSAY_LANES_INLINE ASSAY_LANES_TARGET inline __attribute__((always_inline))

using Vector = Word __attribute__((vector_size(ASSAY_LANES_BYTES), may_alias));
constexpr int kVectorWords = ASSAY_LANES_BYTES / 8;

ASSAY_LANES_INLINE Vector* row(Word* rows, int words, std::size_t index) {
  return reinterpret_cast<Vector*>(rows + index * static_cast<std::size_t>(words));
}
ASSAY_LANES_INLINE const Vector* row(const Word* rows, int words, std::size_t index) {
  return reinterpret_cast<const Vector*>(rows + index * static_cast<std::size_t>(words));
}

/// Functions of one input, or of two, by their truth tables: 64 bytes apart whatever a vector takes.
struct Leaves {
  static constexpr std::size_t kApart = 64;
  alignas(kApart) unsigned char bytes[16 * kApart];
  ASSAY_LANES_INLINE void set(std::size_t table, Vector value) {
    *reinterpret_cast<Vector*>(bytes + kApart * table) = value;
  }
  ASSAY_LANES_INLINE Vector at(std::uint8_t leaf) const {
    return *reinterpret_cast<const Vector*>(bytes + kApart / kLeafStep * leaf);
  }
};

ASSAY_LANES_INLINE void set_constants(Leaves& leaves, int inputs) {
  leaves.set(0, Vector{});
  leaves.set(inputs == 1 ? 3 : 15, ~Vector{});
}

ASSAY_LANES_INLINE void set_functions(Leaves& leaves, Vector x) {
  leaves.set(1, ~x);
  leaves.set(2, x);
}

ASSAY_LANES_INLINE void set_functions(Leaves& leaves, Vector x, Vector y) {
  leaves.set(1, ~(x | y));
  leaves.set(2, x & ~y);
  leaves.set(3, ~y);
  leaves.set(4, ~x & y);
  leaves.set(5, ~x);
  leaves.set(6, x ^ y);
  leaves.set(7, ~(x & y));
  leaves.set(8, x & y);
  leaves.set(9, ~(x ^ y));
  leaves.set(10, x);
  leaves.set(11, x | ~y);
  leaves.set(12, y);
  leaves.set(13, ~x | y);
  leaves.set(14, x | y);
}

/// The vectors of a row.
template <int kVectors>
struct Row {
  Vector at[kVectors];
};

/// The sum of 2^kFactors leaves, leaf i times the inputs `in` that the bits of i name.
template <int kFactors, int kVectors>
ASSAY_LANES_INLINE Row<kVectors> sum(const Leaves* leaves, const std::uint8_t* leaf,
                                     const Row<kVectors>* in) {
  Row<kVectors> out;
  if constexpr (kFactors == 0) {
    const std::uint8_t number = *leaf;
    for (int v = 0; v < kVectors; ++v) out.at[v] = leaves[v].at(number);
  } else {
    const auto without = sum<kFactors - 1>(leaves, leaf, in);
    const auto with = sum<kFactors - 1>(leaves, leaf + (1 << (kFactors - 1)), in);
    for (int v = 0; v < kVectors; ++v)
      out.at[v] = without.at[v] ^ (with.at[v] & in[kFactors - 1].at[v]);
  }
  return out;
}

/// Rows of large designs come from the outer caches: they are asked for so many tables before.
constexpr std::size_t kAhead = 16;

template <int kInputs, int kWords>
ASSAY_LANES_TARGET void run_tables(Word* values, const TableRun& run) {
  constexpr int kLow = leaf_inputs(kInputs), kLeaves = leaf_count(kInputs);
  const std::size_t count = run.pins.size() / kInputs;
  const Slot* pins = run.pins.data();
  const std::uint8_t* leaf = run.leaves.data();
  constexpr int kVectors = kWords / kVectorWords;
  Leaves leaves[kVectors];
  for (Leaves& of : leaves) set_constants(of, kLow);
  Row<kVectors> in[kInputs];
  for (std::size_t i = 0; i < count; ++i, pins += kInputs, leaf += kLeaves) {
    if (i + kAhead < count)
#pragma GCC unroll 6
      for (int k = 0; k < kInputs; ++k)
        __builtin_prefetch(row(values, kWords, pins[kAhead * kInputs + k]));
#pragma GCC unroll 6
    for (int k = 0; k < kInputs; ++k)
      for (int v = 0; v < kVectors; ++v) in[k].at[v] = row(values, kWords, pins[k])[v];
    for (int v = 0; v < kVectors; ++v) {
      if constexpr (kLow == 1)
        set_functions(leaves[v], in[0].at[v]);
      else
        set_functions(leaves[v], in[0].at[v], in[1].at[v]);
    }
    const auto result = sum<kInputs - kLow>(leaves, leaf, in + kLow);
    Vector* out = row(values, kWords, run.out + i);
    for (int v = 0; v < kVectors; ++v) out[v] = result.at[v];
  }
}

template <int kWords>
ASSAY_LANES_TARGET void tables_of_words(Word* values, const TableRun& run) {
  constexpr void (*kBySize[])(Word*, const TableRun&) = {
      run_tables<1, kWords>, run_tables<2, kWords>, run_tables<3, kWords>,
      run_tables<4, kWords>, run_tables<5, kWords>, run_tables<6, kWords>};
  kBySize[run.inputs - 1](values, run);
}

ASSAY_LANES_TARGET void any_tables(Word* values, int words, const TableRun& run) {
  words == 4 ? tables_of_words<4>(values, run) : tables_of_words<8>(values, run);
}

template <FlipFlopRun::Kind kKind>
ASSAY_LANES_TARGET void run_flip_flops(const Word* values, Word* next, int words,
                                       const FlipFlopRun& run) {
  using Kind = FlipFlopRun::Kind;
  constexpr std::size_t kPins = kKind == Kind::kPlain ? 1 : kKind == Kind::kEnable ? 2 : 3;
  const std::size_t count = run.pins.size() / kPins;
  const Slot* pins = run.pins.data();
  for (std::size_t i = 0; i < count; ++i, pins += kPins) {
    const Vector* q = row(values, words, run.first + i);
    Vector* out = row(next, words, i);
    for (int v = 0; v < words / kVectorWords; ++v) {
      Vector value = row(values, words, pins[0])[v];
      if constexpr (kPins > 1) value = q[v] ^ ((q[v] ^ value) & row(values, words, pins[1])[v]);
      if constexpr (kKind == Kind::kReset0) value &= ~row(values, words, pins[2])[v];
      if constexpr (kKind == Kind::kReset1) value |= row(values, words, pins[2])[v];
      out[v] = value;
    }
  }
}

ASSAY_LANES_TARGET void any_flip_flops(const Word* values, Word* next, int words,
                                       const FlipFlopRun& run) {
  using Kind = FlipFlopRun::Kind;
  switch (run.kind) {
    case Kind::kPlain:
      return run_flip_flops<Kind::kPlain>(values, next, words, run);
    case Kind::kEnable:
      return run_flip_flops<Kind::kEnable>(values, next, words, run);
    case Kind::kReset0:
      return run_flip_flops<Kind::kReset0>(values, next, words, run);
    case Kind::kReset1:
      return run_flip_flops<Kind::kReset1>(values, next, words, run);
  }
}

/// How many of the address bits tell `rows` rows apart.
ASSAY_LANES_INLINE int low_bits(std::size_t address, std::uint32_t rows) {
  int bits = 0;
  while (bits < static_cast<int>(address) && std::uint32_t{1} << bits < rows) ++bits;
  return bits;
}

/// 0 in lanes whose address is beyond all rows that `low` bits reach.
ASSAY_LANES_INLINE Vector within(const Word* values, int words, int v,
                                 const std::vector<Slot>& address, int low) {
  Vector none = Vector{};
  for (std::size_t k = static_cast<std::size_t>(low); k < address.size(); ++k)
    none |= row(values, words, address[k])[v];
  return ~none;
}

/// One of 2^kSelects vectors that lie `apart` words from each other, by the selects.
template <int kSelects>
ASSAY_LANES_INLINE Vector pick(const Word* first, std::size_t apart, const Vector* select) {
  if constexpr (kSelects == 0) {
    return *reinterpret_cast<const Vector*>(first);
  } else {
    const Vector low = pick<kSelects - 1>(first, apart, select);
    const Vector high = pick<kSelects - 1>(first + (apart << (kSelects - 1)), apart, select);
    return low ^ ((low ^ high) & select[kSelects - 1]);
  }
}

/// A memory of just 2^kLow rows.
template <int kLow>
ASSAY_LANES_TARGET void read_whole(const Word* values, const Word* memory, Word* out, int words,
                                   const SmallRead& read) {
  const auto width = static_cast<std::size_t>(read.unit_bits) * read.wide;
  const std::size_t apart = width * static_cast<std::size_t>(words);
  Vector select[kLow + 1];
  for (int v = 0; v < words / kVectorWords; ++v) {
    const Vector inside = within(values, words, v, read.address, kLow);
    for (int k = 0; k < kLow; ++k)
      select[k] = row(values, words, read.address[static_cast<std::size_t>(k)])[v];
    for (std::size_t bit = 0; bit < width; ++bit) {
      const auto* first = reinterpret_cast<const Word*>(&row(memory, words, bit)[v]);
      row(out, words, bit)[v] = pick<kLow>(first, apart, select) & inside;
    }
  }
}

ASSAY_LANES_TARGET void read_rows(const Word* values, const Word* memory, Word* out, int words,
                                  const SmallRead& read, int low) {
  const auto bits = static_cast<std::uint32_t>(read.unit_bits);
  Vector level[kSmallUnits];
  for (int v = 0; v < words / kVectorWords; ++v) {
    const Vector inside = within(values, words, v, read.address, low);
    for (std::uint32_t bit = 0; bit < read.wide * bits; ++bit) {
      for (std::uint32_t r = 0; r < std::uint32_t{1} << low; ++r) {
        const std::uint32_t unit = r * read.wide + bit / bits;
        level[r] = unit < read.units ? row(memory, words, unit * bits + bit % bits)[v] : Vector{};
      }
      for (int k = 0; k < low; ++k) {
        const Vector select = row(values, words, read.address[static_cast<std::size_t>(k)])[v];
        for (std::uint32_t r = 0; r < std::uint32_t{1} << (low - k - 1); ++r)
          level[r] = level[2 * r] ^ ((level[2 * r] ^ level[2 * r + 1]) & select);
      }
      row(out, words, bit)[v] = level[0] & inside;
    }
  }
}

/// 2^low rows are mostly all there is, 2^4 of a table's memory above all.
ASSAY_LANES_TARGET void small_read(const Word* values, const Word* memory, Word* out, int words,
                                   const SmallRead& read) {
  constexpr void (*kWhole[])(const Word*, const Word*, Word*, int, const SmallRead&) = {
      read_whole<0>, read_whole<1>, read_whole<2>, read_whole<3>,
      read_whole<4>, read_whole<5>, read_whole<6>};
  const std::uint32_t rows = (read.units + read.wide - 1) / read.wide;
  const int low = low_bits(read.address.size(), rows);
  if (read.units == read.wide << low)
    kWhole[low](values, memory, out, words, read);
  else
    read_rows(values, memory, out, words, read, low);
}

/// Whether nobody is in a set.
ASSAY_LANES_INLINE bool empty(Vector set) {
  Word any = 0;
  for (int w = 0; w < kVectorWords; ++w) any |= set[w];
  return any == 0;
}

ASSAY_LANES_TARGET void small_write(const Word* values, Word* memory, int words,
                                    const SmallWrite& write) {
  const auto bits = static_cast<std::uint32_t>(write.unit_bits);
  const auto width = static_cast<std::uint32_t>(write.data.size()), wide = width / bits;
  const std::uint32_t rows = (write.units + wide - 1) / wide;
  const int low = low_bits(write.address.size(), rows);
  Vector here[kSmallUnits];
  for (int v = 0; v < words / kVectorWords; ++v) {
    Vector enabled = Vector{};
    for (const Slot enable : write.enables) enabled |= row(values, words, enable)[v];
    here[0] = within(values, words, v, write.address, low) & enabled;
    if (empty(here[0])) continue;
    for (int k = 0; k < low; ++k) {
      const Vector a = row(values, words, write.address[static_cast<std::size_t>(k)])[v];
      for (std::uint32_t r = 0; r < std::uint32_t{1} << k; ++r) {
        here[r | std::uint32_t{1} << k] = here[r] & a;
        here[r] &= ~a;
      }
    }
    for (std::uint32_t r = 0; r < rows && r < std::uint32_t{1} << low; ++r)
      for (std::uint32_t bit = 0; bit < width && r * wide + bit / bits < write.units; ++bit) {
        Vector& held = row(memory, words, r * width + bit)[v];
        held ^= (held ^ row(values, words, write.data[bit])[v]) & here[r] &
                row(values, words, write.enables[bit])[v];
      }
  }
}

ASSAY_LANES_TARGET void hold(Word* next, const Word* old, const Word* enable, int words,
                             std::size_t rows) {
  for (std::size_t i = 0; i < rows; ++i)
    for (int v = 0; v < words / kVectorWords; ++v) {
      Vector& value = row(next, words, i)[v];
      const Vector was = row(old, words, i)[v];
      value = was ^ ((was ^ value) & row(enable, words, 0)[v]);
    }
}

/// Squares of kSize by kSize bits, side by side in kSize rows: rows become columns.
template <int kSize>
ASSAY_LANES_INLINE void transpose(Vector* rows) {
  for (int half = kSize / 2; half > 0; half /= 2) {
    Word columns = 0;  // those without `half` in their number
    for (int i = 0; i < 64; ++i) columns |= static_cast<Word>((i & half) == 0) << i;
    for (int i = 0; i < kSize; ++i) {
      if ((i & half) != 0) continue;
      const Vector moved = ((rows[i] >> half) ^ rows[i + half]) & columns;
      rows[i + half] ^= moved;
      rows[i] ^= moved << half;
    }
  }
}

/// Lane kSize * b + r is number b of row r where a word is 64 / kSize numbers.
template <int kSize, typename Number>
ASSAY_LANES_TARGET void to_lanes_by(const Word* values, int words, const Slot* slots, int count,
                                    Word* lanes, std::size_t pitch, int filled) {
  Vector rows[kSize];
  Number numbers[64 * kVectorWords];
  for (int v = 0; v < words / kVectorWords; ++v) {
    for (int i = 0; i < kSize; ++i)
      rows[i] = i < count ? row(values, words, slots[i])[v] : Vector{};
    transpose<kSize>(rows);
    std::memcpy(numbers, rows, sizeof rows);
    for (int w = 0; w < kVectorWords && v * kVectorWords + w < filled; ++w)
      for (int b = 0; b < 64 / kSize; ++b)
        for (int r = 0; r < kSize; ++r) {
          *lanes = numbers[(r * kVectorWords + w) * (64 / kSize) + b];
          lanes += pitch;
        }
  }
}

template <int kSize, typename Number>
ASSAY_LANES_TARGET void to_rows_by(const Word* lanes, std::size_t pitch, int filled, int words,
                                   int count, Word* out) {
  Vector rows[kSize];
  Number numbers[64 * kVectorWords] = {};
  for (int v = 0; v < words / kVectorWords; ++v) {
    for (int w = 0; w < kVectorWords && v * kVectorWords + w < filled; ++w)
      for (int b = 0; b < 64 / kSize; ++b)
        for (int r = 0; r < kSize; ++r) {
          numbers[(r * kVectorWords + w) * (64 / kSize) + b] = static_cast<Number>(*lanes);
          lanes += pitch;
        }
    std::memcpy(rows, numbers, sizeof rows);
    transpose<kSize>(rows);
    for (int i = 0; i < count; ++i) row(out, words, static_cast<std::size_t>(i))[v] = rows[i];
  }
}

ASSAY_LANES_TARGET void to_lanes(const Word* values, int words, const Slot* slots, int count,
                                 Word* lanes, std::size_t pitch, int filled) {
  if (count <= 8)
    return to_lanes_by<8, std::uint8_t>(values, words, slots, count, lanes, pitch, filled);
  if (count <= 16)
    return to_lanes_by<16, std::uint16_t>(values, words, slots, count, lanes, pitch, filled);
  if (count <= 32)
    return to_lanes_by<32, std::uint32_t>(values, words, slots, count, lanes, pitch, filled);
  to_lanes_by<64, std::uint64_t>(values, words, slots, count, lanes, pitch, filled);
}

ASSAY_LANES_TARGET void to_rows(const Word* lanes, std::size_t pitch, int filled, int words,
                                int count, Word* rows) {
  if (count <= 8) return to_rows_by<8, std::uint8_t>(lanes, pitch, filled, words, count, rows);
  if (count <= 16) return to_rows_by<16, std::uint16_t>(lanes, pitch, filled, words, count, rows);
  if (count <= 32) return to_rows_by<32, std::uint32_t>(lanes, pitch, filled, words, count, rows);
  to_rows_by<64, std::uint64_t>(lanes, pitch, filled, words, count, rows);
}

constexpr Passes kPasses = {any_tables, any_flip_flops, small_read, small_write,
                            hold,       to_lanes,       to_rows};

#undef ASSAY_LANES_INLINE

}  // namespace ASSAY_LANES_SPACE
