// SPDX-License-Identifier: Apache-2.0
#include "sim/model/axi_session.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>

#include "compile/base/error.h"

namespace assay::sim {
namespace {

/// Two ends of a line; the second is closed with this object, unless it is given away.
struct AxiLine {
  AxiLine() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      tool_error("there is no line to a simulation: {}", std::strerror(errno));
  }
  ~AxiLine() {
    if (ends[1] >= 0) ::close(ends[1]);
  }
  AxiLine(const AxiLine&) = delete;
  AxiLine& operator=(const AxiLine&) = delete;
  std::array<int, 2> ends{};
};

}  // namespace

AxiSession::AxiSession(const Model& model, int design, const std::vector<AxiMover>& movers,
                       const std::filesystem::path& data, std::uint64_t seed) {
  const AxiLine line;
  fd_ = line.ends[0];
  program_ = std::make_unique<Companion>(
      std::vector<std::string>{model.program.string(), "--axi", std::to_string(design),
                               std::to_string(seed)},
      data, line.ends[1]);
  name_movers(movers);
}

AxiSession::AxiSession(DutMaker make, const std::vector<AxiMover>& movers) {
  AxiLine line;
  fd_ = line.ends[0];
  beside_ = std::thread([make = std::move(make), end = line.ends[1]] {
    serve_axi(make, end);
    ::close(end);
  });
  line.ends[1] = -1;
  name_movers(movers);
}

void AxiSession::name_movers(const std::vector<AxiMover>& movers) {
  std::string request = fmt::format("movers {}", movers.size());
  for (const AxiMover& m : movers)
    request += fmt::format(" {} {} {} {}", m.reads ? 1 : 0, m.memory ? m.limits.memory_bits : 0,
                           m.limits.max_burst, m.limits.outstanding);
  ask(request);
}

AxiSession::~AxiSession() {
  ::close(fd_);
  if (beside_.joinable()) beside_.join();
}

void AxiSession::refill() {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
  if (got > 0) pending_.append(buffer.data(), static_cast<std::size_t>(got));
  if (got > 0 || (got < 0 && errno == EINTR)) return;
  tool_error("the simulation ended: {}",
             program_ && program_->ended() ? program_->output() : "without a word");
}

std::string AxiSession::ask(const std::string& request, const std::string& payload) {
  std::string_view text;
  const std::string whole = request + "\n" + payload;
  for (text = whole; !text.empty();) {
    const ssize_t put = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (put < 0 && errno != EINTR) break;  // reading says why
    if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
  }
  while (pending_.find('\n') == std::string::npos) refill();
  const std::size_t end = pending_.find('\n');
  const std::string answer = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  constexpr std::string_view kOk = "ok ";
  if (!answer.starts_with(kOk))
    tool_error("the simulation refuses '{}': {}", request.substr(0, 100), answer);
  return answer.substr(kOk.size());
}

std::string AxiSession::ask_bytes(const std::string& request) {
  const std::size_t count = std::stoull(ask(request));
  while (pending_.size() < count) refill();
  std::string bytes = pending_.substr(0, count);
  pending_.erase(0, count);
  return bytes;
}

void AxiSession::pace(const AxiTiming& timing) {
  ask(fmt::format("pace {} {} {} {}", profile_name(timing.profile), timing.latency,
                  static_cast<int>(timing.order), timing.seed));
}

void AxiSession::reset() { ask("reset"); }

void AxiSession::step(std::int64_t cycles) { ask(fmt::format("step {}", cycles)); }

std::int64_t AxiSession::cycle() { return std::stoll(ask("cycle")); }

void AxiSession::map(AxiStore::Range range, bool readable, bool writable) {
  ask(fmt::format("map {} {} {} {}", range.address, range.bytes, readable ? 1 : 0,
                  writable ? 1 : 0));
}

void AxiSession::fail(AxiStore::Range range, AxiAnswer answer) {
  ask(fmt::format("fail {} {} {}", range.address, range.bytes, static_cast<int>(answer)));
}

void AxiSession::clear() { ask("clear"); }

void AxiSession::put(std::uint64_t address, const std::string& bytes) {
  ask(fmt::format("put {} {}", address, bytes.size()), bytes);
}

std::string AxiSession::get(std::uint64_t address, std::uint64_t bytes) {
  return ask_bytes(fmt::format("get {} {}", address, bytes));
}

void AxiSession::write(std::size_t mover, unsigned offset, std::uint32_t value, unsigned strobes) {
  ask(fmt::format("write {} {} {} {}", mover, offset, value, strobes));
}

std::uint32_t AxiSession::read(std::size_t mover, unsigned offset) {
  return static_cast<std::uint32_t>(std::stoul(ask(fmt::format("read {} {}", mover, offset))));
}

bool AxiSession::wait(std::uint64_t movers, std::int64_t cycles) {
  return ask(fmt::format("wait {} {}", movers, cycles)) == "1";
}

AxiCounts AxiSession::counts(std::size_t mover) {
  std::istringstream words(ask(fmt::format("counts {}", mover)));
  AxiCounts c;
  words >> c.bursts >> c.words >> c.first >> c.last;
  return c;
}

std::vector<Violation> AxiSession::violations() {
  std::vector<Violation> result;
  std::istringstream lines(ask_bytes("violations"));
  for (Violation v; lines >> v.rule >> v.stream >> v.cycle;) result.push_back(v);
  return result;
}

void AxiSession::feed(std::size_t input, const std::string& bytes) {
  ask(fmt::format("feed {} {}", input, bytes.size()), bytes);
}

std::string AxiSession::taken(std::size_t output) {
  return ask_bytes(fmt::format("taken {}", output));
}

}  // namespace assay::sim
