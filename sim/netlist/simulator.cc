// SPDX-License-Identifier: Apache-2.0
#include "sim/netlist/simulator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compile/base/error.h"
#include "sim/bench/pace.h"
#include "sim/netlist/contents.h"
#include "sim/netlist/program.h"

namespace assay::sim {
namespace {

constexpr int kMostLanes = 512;

netlist::Netlist simplified(netlist::Netlist netlist) {
  netlist::verify(netlist);
  netlist::simplify(netlist);
  return netlist;
}

/// Half a row of the widest vectors is none.
const Passes& passes_for(Instructions instructions, int words) {
  if (!runs_here(instructions)) user_error("this processor has no such instructions");
  return passes(words == 4 ? std::min(instructions, Instructions::kAvx2) : instructions);
}

}  // namespace

Instructions widest_instructions() {
  for (const Instructions wide : {Instructions::kAvx512, Instructions::kAvx2})
    if (runs_here(wide)) return wide;
  return Instructions::kPortable;
}

/// Rows are whole vectors: lanes beyond those asked for compute whatever they compute.
struct NetlistSimulator::Engine {
  Engine(netlist::Netlist design, int lane_count, Instructions instructions)
      : netlist(simplified(std::move(design))),
        program(compile(netlist)),
        lanes(lane_count),
        words(lane_count <= 256 ? 4 : 8),
        pass(passes_for(instructions, words)),
        values(place(program.slots)),
        next(place(program.staged_end - program.staged)),
        part(place(64)) {
    for (std::size_t i = 0; i < netlist.memories.size(); ++i)
      contents.emplace_back(netlist.memories[i], program.memories[i], lanes, words);
    std::fill_n(row(1), words, ~Word{0});
  }

  std::size_t place(Slot slot) const {
    return static_cast<std::size_t>(slot) * static_cast<std::size_t>(words);
  }
  Word* row(Slot slot) { return values.data() + place(slot); }
  const Word* row(Slot slot) const { return values.data() + place(slot); }
  /// Where the next value of state goes.
  Word* next_row(Slot slot) {
    return slot < program.staged ? row(slot) : next.data() + place(slot - program.staged);
  }
  bool everywhere_zero(Slot slot) const {
    return std::all_of(row(slot), row(slot) + words, [](Word word) { return word == 0; });
  }
  Slot slot_of(netlist::Net net) const {
    const Slot slot = net < program.slot_of.size() ? program.slot_of[net] : kNoSlot;
    ASSAY_INVARIANT(slot != kNoSlot, "the value of a net that is not simulated");
    return slot;
  }

  void wake(std::uint64_t seed) {
    Random random(seed);
    for (const Program::State& state : program.states)
      for (int w = 0; w < words; ++w)
        row(state.slot)[w] = state.initial == netlist::Initial::kUnknown ? random.next()
                             : state.initial == netlist::Initial::kOne   ? ~Word{0}
                                                                         : Word{0};
    for (std::size_t i = 0; i < contents.size(); ++i) contents[i].wake(netlist.memories[i]);
  }

  void settle() {
    for (const Program::Step& step : program.steps) switch (step.kind) {
        case Program::Step::Kind::kTables:
          pass.tables(values.data(), words, program.tables[step.index]);
          break;
        case Program::Step::Kind::kRow: {
          const RowRead& read = program.row_reads[step.index];
          pass.small_read(values.data(), contents[read.memory].rows(), row(read.out), words,
                          read.read);
          break;
        }
        case Program::Step::Kind::kNumbers: {
          const NumberRead& read = program.number_reads[step.index];
          to_numbers(read.address, addresses);
          for (const NumberRead::Part& p : read.parts) read_part(p, row(p.out));
          break;
        }
      }
  }

  void to_numbers(const std::vector<Slot>& slots, std::array<Word, kMostLanes>& to) const {
    pass.to_lanes(values.data(), words, slots.data(), static_cast<int>(slots.size()), to.data(), 1,
                  lanes / 64);
  }

  void read_part(const NumberRead::Part& p, Word* out) {
    std::fill_n(numbers.begin(), lanes, 0);
    for (const NumberRead::Piece& piece : p.pieces) {
      const Contents& memory = contents[piece.memory];
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane)
        numbers[lane] |=
            memory.load(static_cast<int>(lane), addresses[lane] * piece.wide + piece.unit)
            << piece.shift;
    }
    pass.to_rows(numbers.data(), 1, lanes / 64, words, p.bits, out);
  }

  void clock() {
    for (const NumberRead& read : program.number_reads_at_edge) read_at_edge(read);
    for (const RowRead& read : program.row_reads_at_edge) {
      Word* out = next_row(read.out);
      pass.small_read(values.data(), contents[read.memory].rows(), out, words, read.read);
      if (read.enable != 1) {
        const std::size_t bits = read.read.wide * static_cast<std::size_t>(read.read.unit_bits);
        pass.hold(out, row(read.out), row(read.enable), words, bits);
      }
    }
    for (const RowWrite& write : program.row_writes)
      if (!std::ranges::all_of(write.write.enables,
                               [&](Slot slot) { return everywhere_zero(slot); }))
        pass.small_write(values.data(), contents[write.memory].rows(), words, write.write);
    for (const NumberWrite& write : program.number_writes) write_numbers(write);
    for (const FlipFlopRun& run : program.flip_flops)
      pass.flip_flops(values.data(), next_row(run.first), words, run);
    std::copy_n(next.data(), next.words(), row(program.staged));
  }

  void read_at_edge(const NumberRead& read) {
    const bool idle = everywhere_zero(read.enable);
    if (!idle) to_numbers(read.address, addresses);
    for (const NumberRead::Part& p : read.parts) {
      Word* out = next_row(p.out);
      const std::size_t rows = static_cast<std::size_t>(p.bits);
      if (idle) {
        std::copy_n(row(p.out), place(static_cast<Slot>(p.bits)), out);
        continue;
      }
      read_part(p, out);
      if (read.enable != 1) pass.hold(out, row(p.out), row(read.enable), words, rows);
    }
  }

  void write_numbers(const NumberWrite& write) {
    std::array<Word, kMostLanes / 64> any{};
    for (const Slot slot : write.enables)
      for (std::size_t w = 0; w < static_cast<std::size_t>(lanes) / 64; ++w) any[w] |= row(slot)[w];
    if (std::ranges::all_of(any, [](Word word) { return word == 0; })) return;
    to_numbers(write.address, addresses);
    Contents& memory = contents[write.memory];
    for (std::size_t unit = 0; unit < write.units.size(); ++unit) {
      const NumberWrite::Unit& one = write.units[unit];
      to_numbers(one.data, numbers);
      to_numbers(one.enables, masks);
      const std::uint64_t spread = one.enables.size() == 1 ? ~std::uint64_t{0} : 1;
      for (std::size_t lane = 0; lane < static_cast<std::size_t>(lanes); ++lane)
        if (masks[lane] != 0)
          memory.store(static_cast<int>(lane), addresses[lane] * write.units.size() + unit,
                       numbers[lane], masks[lane] * spread);
    }
  }

  netlist::Netlist netlist;
  Program program;
  int lanes, words;
  const Passes& pass;
  Rows values, next;
  Rows part;
  std::vector<Contents> contents;
  std::array<Word, kMostLanes> addresses{}, numbers{}, masks{};
};

NetlistSimulator::NetlistSimulator(netlist::Netlist netlist, int lanes, Instructions instructions) {
  if (lanes < 64 || lanes > kMostLanes || lanes % 64 != 0)
    user_error("{} lanes are not simulated: a multiple of 64, up to {}", lanes, kMostLanes);
  engine_ = std::make_unique<Engine>(std::move(netlist), lanes, instructions);
  wake(0);
}
NetlistSimulator::~NetlistSimulator() = default;
NetlistSimulator::NetlistSimulator(NetlistSimulator&&) noexcept = default;
NetlistSimulator& NetlistSimulator::operator=(NetlistSimulator&&) noexcept = default;

int NetlistSimulator::lanes() const { return engine_->lanes; }
const netlist::Netlist& NetlistSimulator::netlist() const { return engine_->netlist; }
bool NetlistSimulator::has(netlist::Net net) const {
  return net < engine_->program.slot_of.size() && engine_->program.slot_of[net] != kNoSlot;
}
int NetlistSimulator::levels() const { return engine_->program.levels; }
void NetlistSimulator::wake(std::uint64_t seed) { engine_->wake(seed); }
void NetlistSimulator::settle() { engine_->settle(); }
void NetlistSimulator::clock() { engine_->clock(); }

std::span<std::uint64_t> NetlistSimulator::values(netlist::Net net) {
  return {engine_->row(engine_->slot_of(net)), static_cast<std::size_t>(words())};
}
std::span<const std::uint64_t> NetlistSimulator::values(netlist::Net net) const {
  return {engine_->row(engine_->slot_of(net)), static_cast<std::size_t>(words())};
}

void NetlistSimulator::read(std::span<const netlist::Net> nets, std::uint64_t* numbers,
                            std::size_t pitch) const {
  ASSAY_INVARIANT(nets.size() <= 64, "numbers of more than 64 bits");
  std::array<Slot, 64> slots{};
  for (std::size_t i = 0; i < nets.size(); ++i) slots[i] = engine_->slot_of(nets[i]);
  engine_->pass.to_lanes(engine_->values.data(), engine_->words, slots.data(),
                         static_cast<int>(nets.size()), numbers, pitch, words());
}

void NetlistSimulator::write(std::span<const netlist::Net> nets, const std::uint64_t* numbers,
                             std::size_t pitch) {
  ASSAY_INVARIANT(nets.size() <= 64, "numbers of more than 64 bits");
  engine_->pass.to_rows(numbers, pitch, words(), engine_->words, static_cast<int>(nets.size()),
                        engine_->part.data());
  for (std::size_t i = 0; i < nets.size(); ++i)
    std::copy_n(engine_->part.data() + engine_->place(static_cast<Slot>(i)), engine_->words,
                engine_->row(engine_->slot_of(nets[i])));
}

std::uint64_t NetlistSimulator::unit(std::size_t memory, std::size_t unit, int lane) const {
  return engine_->contents.at(memory).unit(unit, lane);
}

void NetlistSimulator::set_unit(std::size_t memory, std::size_t unit, int lane,
                                std::uint64_t value) {
  engine_->contents.at(memory).set_unit(unit, lane, value);
}

}  // namespace assay::sim
