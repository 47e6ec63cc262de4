// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/axi_memory.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace assay::sim {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr int kLenAt = 64, kSizeAt = 72, kBurstAt = 75;
constexpr std::uint64_t kIncr = 1;

}  // namespace

std::uint64_t get_bits(const std::uint8_t* data, int at, int count) {
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i)
    value |= static_cast<std::uint64_t>(data[(at + i) / 8] >> ((at + i) % 8) & 1U) << i;
  return value;
}

void set_bits(std::uint8_t* data, int at, int count, std::uint64_t value) {
  for (int i = 0; i < count; ++i) {
    const auto bit = static_cast<std::uint8_t>(1U << ((at + i) % 8));
    std::uint8_t& byte = data[(at + i) / 8];
    byte = static_cast<std::uint8_t>((value >> i & 1U) != 0 ? byte | bit : byte & ~bit);
  }
}

void AxiRules::broken(std::string_view rule, const std::string& channel, std::int64_t cycle) {
  const bool known = std::ranges::any_of(
      violations_, [&](const Violation& v) { return v.rule == rule && v.stream == channel; });
  if (!known) violations_.push_back({std::string(rule), channel, cycle});
}

// ---- The store ----

void AxiStore::map(Range range, bool readable, bool writable) {
  Buffer buffer{range, readable, writable, std::string(range.bytes, '\0')};
  for (char& byte : buffer.bytes) byte = static_cast<char>(noise_.next());
  buffers_.push_back(std::move(buffer));
}

void AxiStore::fail(Range range, AxiAnswer answer) { faults_.push_back({range, answer}); }

void AxiStore::clear() {
  buffers_.clear();
  faults_.clear();
}

const AxiStore::Buffer* AxiStore::buffer(std::uint64_t address, std::uint64_t bytes) const {
  const auto it = std::ranges::find_if(
      buffers_, [&](const Buffer& b) { return b.range.holds(address, bytes); });
  return it == buffers_.end() ? nullptr : &*it;
}

void AxiStore::put(std::uint64_t address, const std::string& bytes) {
  const Buffer* at = buffer(address, bytes.size());
  if (at == nullptr) throw std::runtime_error("there is no buffer at this address");
  Buffer& b = buffers_[static_cast<std::size_t>(at - buffers_.data())];
  b.bytes.replace(address - b.range.address, bytes.size(), bytes);
}

std::string AxiStore::get(std::uint64_t address, std::uint64_t bytes) const {
  const Buffer* b = buffer(address, bytes);
  if (b == nullptr) throw std::runtime_error("there is no buffer at this address");
  return b->bytes.substr(address - b->range.address, bytes);
}

bool AxiStore::may_read(std::uint64_t address, std::uint64_t word) const {
  return std::ranges::any_of(buffers_, [&](const Buffer& b) {
    const Range whole{b.range.address, (b.range.bytes + word - 1) / word * word};
    return b.readable && whole.holds(address, word);
  });
}

std::uint8_t AxiStore::read(std::uint64_t address) {
  const Buffer* b = buffer(address, 1);
  if (b == nullptr) return static_cast<std::uint8_t>(noise_.next());
  return static_cast<std::uint8_t>(b->bytes[address - b->range.address]);
}

bool AxiStore::write(std::uint64_t address, std::uint8_t byte) {
  const Buffer* b = buffer(address, 1);
  if (b == nullptr || !b->writable) return false;
  put(address, std::string(1, static_cast<char>(byte)));
  return true;
}

AxiAnswer AxiStore::answer(std::uint64_t address, std::uint64_t bytes) const {
  for (const Fault& f : faults_)
    if (address < f.range.address + f.range.bytes && f.range.address < address + bytes)
      return f.answer;
  return AxiAnswer::kOkay;
}

// ---- Channels ----

AxiWatch::Seen AxiWatch::observe(std::int64_t cycle) {
  const bool valid = *pins_.valid != 0, ready = *pins_.ready != 0;
  if (waiting_ && !valid)
    broken("valid-withdrawn", cycle);
  else if (waiting_ && std::memcmp(held_.data(), pins_.data, pins_.bytes()) != 0)
    broken("data-changed", cycle);
  const Seen seen{valid && !waiting_, valid && ready};
  waiting_ = valid && !ready;
  std::memcpy(held_.data(), pins_.data, pins_.bytes());
  return seen;
}

AxiBurst AxiPort::request(AxiWatch& watch, std::int64_t cycle) {
  const std::uint8_t* data = watch.pins().data;
  const AxiBurst burst{get_bits(data, 0, 64), static_cast<int>(get_bits(data, kLenAt, 8)) + 1};
  const std::uint64_t word = limits_.word_bytes(),
                      bytes = static_cast<std::uint64_t>(burst.words) * word;
  if (burst.address / kPage != (burst.address + bytes - 1) / kPage)
    watch.broken("burst-crosses-4k", cycle);
  if (burst.words > limits_.max_burst) watch.broken("burst-too-long", cycle);
  if (std::uint64_t{1} << get_bits(data, kSizeAt, 3) != word ||
      get_bits(data, kBurstAt, 2) != kIncr)
    watch.broken("burst-is-no-incr", cycle);
  if (burst.address % word != 0) watch.broken("burst-not-aligned", cycle);
  ++counts_.bursts;
  return burst;
}

void AxiPort::count_word(std::int64_t cycle) {
  if (counts_.words++ == 0) counts_.first = cycle;
  counts_.last = cycle;
}

// ---- Reading ----

AxiReadPort::AxiReadPort(PortPins ar, PortPins r, AxiStore& store, AxiLimits limits,
                         const std::string& name, AxiRules& rules)
    : AxiPort(store, limits),
      ar_(ar, name + ".ar", rules),
      r_(r),
      ready_(Profile::kAlways, false, 1),
      valid_(Profile::kAlways, true, 1) {}

void AxiReadPort::pace(const AxiTiming& timing) {
  Random random(timing.seed);
  ready_ = Pace(timing.profile, false, random.next());
  valid_ = Pace(timing.profile, true, random.next());
  latency_ = timing.latency;
}

void AxiReadPort::restart() {
  reads_.clear();
  word_ = 0;
  offering_ = false;
  counts_ = {};
  ar_.restart();
  *ar_.pins().ready = *r_.valid = 0;
}

void AxiReadPort::drive(std::int64_t cycle) {
  *ar_.pins().ready = ready_.willing(ar_.waiting()) ? 1 : 0;
  if (!offering_ && !reads_.empty() && cycle >= reads_.front().from && valid_.willing(false))
    offer();
  *r_.valid = offering_ ? 1 : 0;
}

void AxiReadPort::offer() {
  offering_ = true;
  const AxiBurst& burst = reads_.front().burst;
  const std::uint64_t word = limits_.word_bytes(),
                      at = burst.address + static_cast<std::uint64_t>(word_) * word;
  for (std::uint64_t i = 0; i < word; ++i) r_.data[i] = store_.read(at + i);
  set_bits(r_.data, limits_.memory_bits, 2, static_cast<std::uint64_t>(store_.answer(at, word)));
  set_bits(r_.data, limits_.memory_bits + 2, 1, word_ + 1 == burst.words ? 1 : 0);
}

void AxiReadPort::observe(std::int64_t cycle) {
  if (offering_ && *r_.ready == 0) ar_.broken("blocks-the-bus", cycle);
  if (offering_ && *r_.ready != 0) {
    offering_ = false;
    count_word(cycle);
    if (++word_ == reads_.front().burst.words) {
      reads_.pop_front();
      word_ = 0;
    }
  }
  if (!ar_.observe(cycle).taken) return;
  const AxiBurst burst = request(ar_, cycle);
  const std::uint64_t word = limits_.word_bytes();
  for (int i = 0; i < burst.words; ++i)
    if (!store_.may_read(burst.address + static_cast<std::uint64_t>(i) * word, word))
      ar_.broken("reads-outside", cycle);
  reads_.push_back({burst, cycle + 1 + latency_});
  if (std::ssize(reads_) > limits_.outstanding) ar_.broken("too-many-bursts", cycle);
}

// ---- Writing ----

AxiWritePort::AxiWritePort(PortPins aw, PortPins w, PortPins b, AxiStore& store, AxiLimits limits,
                           const std::string& name, AxiRules& rules)
    : AxiPort(store, limits),
      aw_(aw, name + ".aw", rules),
      w_(w, name + ".w", rules),
      b_(b),
      address_(Profile::kAlways, false, 1),
      data_(Profile::kAlways, false, 1),
      valid_(Profile::kAlways, true, 1) {}

void AxiWritePort::pace(const AxiTiming& timing) {
  Random random(timing.seed);
  address_ = Pace(timing.profile, false, random.next());
  data_ = Pace(timing.profile, false, random.next());
  valid_ = Pace(timing.profile, true, random.next());
  timing_ = timing;
}

void AxiWritePort::restart() {
  writes_.clear();
  inside_ = offering_ = false;
  counts_ = {};
  aw_.restart();
  w_.restart();
  *aw_.pins().ready = *w_.pins().ready = *b_.valid = 0;
}

AxiWritePort::Write* AxiWritePort::open() {
  const auto it = std::ranges::find_if(writes_, [](const Write& w) { return !w.whole(); });
  return it == writes_.end() ? nullptr : &*it;
}

void AxiWritePort::drive(std::int64_t cycle) {
  using Order = AxiTiming::Order;
  const Write* write = open();
  bool address = address_.willing(aw_.waiting()), data = data_.willing(w_.waiting());
  if (timing_.order == Order::kDataFirst)
    address = address && aw_.waiting() && writes_.back().words > 0;
  if (timing_.order == Order::kAddressFirst) data = data && write != nullptr && write->taken;
  *aw_.pins().ready = address ? 1 : 0;
  *w_.pins().ready = data ? 1 : 0;
  if (!offering_ && !writes_.empty() && writes_.front().from >= 0 &&
      cycle >= writes_.front().from && valid_.willing(false)) {
    offering_ = true;
    *b_.data = static_cast<std::uint8_t>(writes_.front().answer);
  }
  *b_.valid = offering_ ? 1 : 0;
}

void AxiWritePort::observe(std::int64_t cycle) {
  if (offering_ && *b_.ready != 0) {
    offering_ = false;
    writes_.pop_front();
  }
  see_address(cycle);
  see_data(cycle);
  for (Write& write : writes_)
    if (write.from < 0 && write.taken && write.whole()) write.from = cycle + 1 + timing_.latency;
}

/// A burst counts as asked for from the cycle on in which it is offered: data need not wait until it is
/// taken.
void AxiWritePort::see_address(std::int64_t cycle) {
  const AxiWatch::Seen seen = aw_.observe(cycle);
  if (seen.fresh) {
    writes_.push_back({request(aw_, cycle)});
    if (std::ssize(writes_) > limits_.outstanding) aw_.broken("too-many-bursts", cycle);
  }
  if (seen.taken) writes_.back().taken = true;
}

void AxiWritePort::see_data(std::int64_t cycle) {
  const bool valid = *w_.pins().valid != 0;
  if (inside_ && !valid) w_.broken("data-waits", cycle);
  if (valid && open() == nullptr) w_.broken("data-unasked", cycle);
  if (!w_.observe(cycle).taken) return;
  count_word(cycle);
  Write* write = open();
  if (write != nullptr) store_word(*write, cycle);
  inside_ = write != nullptr && !write->whole();
}

void AxiWritePort::store_word(Write& write, std::int64_t cycle) {
  const std::uint8_t* data = w_.pins().data;
  const std::uint64_t word = limits_.word_bytes(),
                      at = write.burst.address + static_cast<std::uint64_t>(write.words) * word;
  for (std::uint64_t i = 0; i < word; ++i)
    if (get_bits(data, limits_.memory_bits + static_cast<int>(i), 1) != 0 &&
        !store_.write(at + i, data[i]))
      w_.broken("writes-outside", cycle);
  if (const AxiAnswer answer = store_.answer(at, word); answer != AxiAnswer::kOkay)
    write.answer = answer;
  ++write.words;
  const bool last = get_bits(data, limits_.memory_bits + static_cast<int>(word), 1) != 0;
  if (last != write.whole()) w_.broken("last-misplaced", cycle);
}

}  // namespace assay::sim
