// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/bench/axi_bench.h"

namespace assay::sim {
namespace {

/// Lines and bytes of a file.
class AxiTalk {
 public:
  explicit AxiTalk(int fd) : fd_(fd) {}

  /// Nothing when the other end is gone.
  std::optional<std::string> line() {
    std::size_t end = 0;
    while ((end = pending_.find('\n')) == std::string::npos)
      if (!refill()) return {};
    return take(end + 1).substr(0, end);
  }
  std::string bytes(std::size_t count) {
    while (pending_.size() < count)
      if (!refill()) throw std::runtime_error("the request ends early");
    return take(count);
  }
  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t put = ::write(fd_, text.data(), text.size());
      if (put < 0 && errno != EINTR) return;  // nobody listens
      if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

 private:
  std::string take(std::size_t count) {
    std::string front = pending_.substr(0, count);
    pending_.erase(0, count);
    return front;
  }
  bool refill() {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got > 0) pending_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0 || (got < 0 && errno == EINTR);
  }

  int fd_;
  std::string pending_;
};

/// One design and what is asked of it.
class AxiServer {
 public:
  AxiServer(const DutMaker& make, AxiTalk& talk) : make_(make), talk_(talk) {}

  /// The answer to a request, behind "ok ".
  std::string answer(const std::string& line) {
    words_ = std::istringstream(line);
    const auto name = next<std::string>();
    if (name == "movers") return movers();
    if (!bench_) throw std::runtime_error("no movers were named");
    const auto it = requests_.find(name);
    if (it == requests_.end()) throw std::runtime_error("no such request");
    return it->second();
  }

 private:
  template <typename T>
  T next() {
    T value{};
    if (!(words_ >> value)) throw std::runtime_error("the request lacks a word");
    return value;
  }
  static std::string with_bytes(const std::string& bytes) {
    return std::to_string(bytes.size()) + "\n" + bytes;
  }
  std::string payload() { return talk_.bytes(next<std::size_t>()); }

  /// movers COUNT, and for each: 1 where it reads, else 0; bits of memory, 0: none; longest burst; bursts
  /// under way.
  std::string movers() {
    std::vector<AxiMover> movers(next<std::size_t>());
    for (AxiMover& m : movers) {
      m.reads = next<int>() != 0;
      m.limits.memory_bits = next<int>();
      m.memory = m.limits.memory_bits != 0;
      m.limits.max_burst = next<int>();
      m.limits.outstanding = next<int>();
    }
    bench_ = std::make_unique<AxiBench>(make_(), movers);
    return "";
  }
  std::string pace() {
    AxiTiming timing;
    const auto profile = parse_profile(next<std::string>());
    if (!profile) throw std::runtime_error("no such profile");
    timing.profile = *profile;
    timing.latency = next<int>();
    timing.order = static_cast<AxiTiming::Order>(next<int>());
    timing.seed = next<std::uint64_t>();
    bench_->pace(timing);
    return "";
  }
  AxiStore::Range range() {
    AxiStore::Range r;
    r.address = next<std::uint64_t>();
    r.bytes = next<std::uint64_t>();
    return r;
  }
  std::string map() {
    const AxiStore::Range r = range();
    const bool readable = next<int>() != 0;
    bench_->store.map(r, readable, next<int>() != 0);
    return "";
  }
  std::string fail() {
    const AxiStore::Range r = range();
    bench_->store.fail(r, static_cast<AxiAnswer>(next<int>()));
    return "";
  }
  std::string write() {
    const auto mover = next<std::size_t>();
    const auto offset = next<unsigned>();
    const auto value = next<std::uint32_t>();
    bench_->write(mover, offset, value, next<unsigned>());
    return "";
  }
  std::string read() {
    const auto mover = next<std::size_t>();
    return std::to_string(bench_->read(mover, next<unsigned>()));
  }
  /// wait MASK CYCLES: until all movers of the mask interrupt; whether they did.
  std::string wait() {
    const auto mask = next<std::uint64_t>();
    const auto limit = bench_->cycle() + next<std::int64_t>();
    const auto all = [&] {
      for (std::size_t m = 0; mask >> m != 0; ++m)
        if ((mask >> m & 1U) != 0 && !bench_->interrupt(m)) return false;
      return true;
    };
    while (!all() && bench_->cycle() < limit) bench_->step();
    return all() ? "1" : "0";
  }
  std::string step() {
    for (auto left = next<std::int64_t>(); left > 0; --left) bench_->step();
    return "";
  }
  std::string counts() {
    const AxiCounts& c = bench_->counts(next<std::size_t>());
    return std::to_string(c.bursts) + " " + std::to_string(c.words) + " " +
           std::to_string(c.first) + " " + std::to_string(c.last);
  }
  std::string violations() const {
    std::string text;
    for (const Violation& v : bench_->violations())
      text += v.rule + " " + v.stream + " " + std::to_string(v.cycle) + "\n";
    return with_bytes(text);
  }

  const DutMaker& make_;
  AxiTalk& talk_;
  std::istringstream words_;
  std::unique_ptr<AxiBench> bench_;
  const std::map<std::string, std::function<std::string()>> requests_ = {
      {"pace", [this] { return pace(); }},
      {"map", [this] { return map(); }},
      {"fail", [this] { return fail(); }},
      {"clear", [this] { return bench_->store.clear(), ""; }},
      {"put",
       [this] {
         const auto address = next<std::uint64_t>();
         return bench_->store.put(address, payload()), "";
       }},
      {"get",
       [this] {
         const AxiStore::Range r = range();
         return with_bytes(bench_->store.get(r.address, r.bytes));
       }},
      {"reset", [this] { return bench_->reset(), ""; }},
      {"write", [this] { return write(); }},
      {"read", [this] { return read(); }},
      {"wait", [this] { return wait(); }},
      {"step", [this] { return step(); }},
      {"cycle", [this] { return std::to_string(bench_->cycle()); }},
      {"counts", [this] { return counts(); }},
      {"feed",
       [this] {
         const auto input = next<std::size_t>();
         return bench_->feed(input, payload()), "";
       }},
      {"taken", [this] { return with_bytes(bench_->taken(next<std::size_t>())); }},
      {"violations", [this] { return violations(); }},
  };
};

}  // namespace

void serve_axi(const DutMaker& make, int fd) {
  AxiTalk talk(fd);
  AxiServer server(make, talk);
  while (const auto line = talk.line()) {
    std::string reply;
    try {
      reply = server.answer(*line);
      // An answer with bytes ends in them.
      reply = "ok " + reply + (reply.find('\n') == std::string::npos ? "\n" : "");
    } catch (const std::exception& error) {
      reply = std::string("error ") + error.what() + "\n";
    }
    talk.say(reply);
  }
}

}  // namespace assay::sim
