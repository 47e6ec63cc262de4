// SPDX-License-Identifier: Apache-2.0
// rtl/assay_shell_link.sv and what is in it, on a line that says anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "board/toy.h"

namespace assay::board::test {
namespace {

std::string random_bytes(std::mt19937_64& random, std::int64_t count) {
  std::string bytes;
  for (std::int64_t i = 0; i < count; ++i) bytes += static_cast<char>(random());
  return bytes;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

std::string data_packet(std::int64_t place, std::string_view bytes) {
  return encode(
      {kData, big_endian(static_cast<std::uint64_t>(place) & 0xffffU, 2) + std::string(bytes)});
}

/// A host that knows what the board must make of every packet.
class Examiner {
 public:
  /// Waits until the board woke up: before that it hears nothing.
  explicit Examiner(ToyBoard& toy) : toy_(toy) { EXPECT_TRUE(toy_.next()); }

  /// All that the board says until it says how far it is, in reply to a hello.
  void settle() {
    write_all(toy_.port.fd(), encode({kHello, ""}));
    bool identity = false;
    while (const auto packet = toy_.next()) {
      if (packet->kind == kBeat || packet->kind == kLastBeat) take(*packet);
      if (packet->kind == kIdentity) identity = true;
      if (packet->kind != kProgress) continue;
      progress_ = parse_progress(packet->body).value();
      if (identity) return;
    }
    FAIL() << "the board is silent; " << toy_.board.failure();
  }
  void open(int session) {
    write_all(toy_.port.fd(), encode({kReset, std::string(1, static_cast<char>(session))}));
    session_ = session;
    model_ = {};
    stream_.clear();
    results_.clear();
    beats_ = 0;
    settle();
    EXPECT_EQ(progress_.session, session);
    EXPECT_EQ(progress_.accepted, 0);
    EXPECT_EQ(progress_.taken, 0);
  }
  /// Data that the board must take: sends them when there is room.
  void give(const std::string& bytes) {
    while (sent() + std::ssize(bytes) + 2 - taken() > kShellRing) settle();
    write_all(toy_.port.fd(), data_packet(sent(), bytes));
    stream_ += bytes;
  }
  std::int64_t sent() const { return std::ssize(stream_); }
  std::int64_t taken() const {
    return sent() -
           static_cast<std::uint16_t>(static_cast<std::uint16_t>(sent()) - progress_.taken);
  }
  void raw(std::string_view bytes) { write_all(toy_.port.fd(), bytes); }
  const Progress& progress() const { return progress_; }
  /// Waits for the results of all whole frames so far and compares them.
  void expect_all_results() {
    const std::int64_t frames = sent() / kToyFrame;
    for (int i = 0; i < 50 && std::ssize(results_) < frames * kToyResult; ++i) settle();
    std::string expected;
    for (std::int64_t f = 0; f < frames; ++f)
      expected += model_.frame(std::string_view(stream_).substr(
          static_cast<std::size_t>(f * kToyFrame), static_cast<std::size_t>(kToyFrame)));
    EXPECT_EQ(progress_.accepted, static_cast<std::uint16_t>(sent()));
    EXPECT_EQ(results_, expected);
    model_ = {};
  }

 private:
  void take(const Packet& packet) {
    const auto beat = parse_beat(packet, kToyOut);
    ASSERT_TRUE(beat);
    EXPECT_EQ(beat->session, session_);
    EXPECT_EQ(beat->number, static_cast<std::uint16_t>(beats_));
    ++beats_;
    EXPECT_EQ(packet.kind == kLastBeat, beats_ % kToyOutBeats == 0);
    results_ += beat->data;
  }

  ToyBoard& toy_;
  ToyModel model_;
  std::string stream_, results_;
  Progress progress_;
  int session_ = 0;
  std::int64_t beats_ = 0;
};

TEST(ShellLink, SaysThatItWokeUpAndWhoItIs) {
  ToyBoard toy;
  const auto woke = toy.next();
  ASSERT_TRUE(woke);
  EXPECT_EQ(*woke, (Packet{kProgress, std::string(5, '\0')}));
  const std::string hello = {'\x7e', '\x01', '\xf1', '\xd1', '\x7e'};
  write_all(toy.port.fd(), hello);
  const auto identity = toy.next();
  ASSERT_TRUE(identity);
  ASSERT_EQ(identity->kind, kIdentity);
  const auto id = parse_identity(identity->body);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->version, 1);
  EXPECT_EQ(id->content_hash, kToyHash);
  EXPECT_EQ(id->in_bytes, kToyIn);
  EXPECT_EQ(id->out_bytes, kToyOut);
  EXPECT_EQ(id->in_beats, kToyInBeats);
  EXPECT_EQ(id->out_beats, kToyOutBeats);
  EXPECT_EQ(id->clock_hz, 12000000);
  EXPECT_EQ(id->ring_bytes, kShellRing);
  EXPECT_EQ(toy.next()->kind, kProgress);
  EXPECT_FALSE(toy.next(200));
}

TEST(ShellLink, TakesNothingBeforeASession) {
  ToyBoard toy;
  Examiner examiner(toy);
  examiner.raw(data_packet(0, std::string(100, 'x')));
  examiner.settle();
  EXPECT_EQ(examiner.progress().accepted, 0);
  EXPECT_EQ(examiner.progress().session, 0);
  examiner.open(9);
}

TEST(ShellLink, RefusesWholeWhatDoesNotFit) {
  ToyBoard toy;
  Examiner examiner(toy);
  examiner.open(1);
  examiner.raw(data_packet(0, std::string(kShellRing + 200, 'x')));
  examiner.settle();
  EXPECT_EQ(examiner.progress().accepted, 0);
  std::mt19937_64 random(2);
  for (int i = 0; i < 7; ++i) examiner.give(random_bytes(random, kToyFrame / 2));
  examiner.expect_all_results();
}

TEST(ShellLink, BeginsAnewInTheMiddleOfAFrame) {
  ToyBoard toy;
  Examiner examiner(toy);
  std::mt19937_64 random(3);
  for (int session = 1; session < 6; ++session) {
    examiner.open(session);
    for (int i = 0; i < 4; ++i) examiner.give(random_bytes(random, kToyFrame));
    examiner.expect_all_results();
    examiner.give(random_bytes(random, 30 + session));
    if (session == 3) examiner.raw(data_packet(examiner.sent(), "half").substr(0, 6));
  }
}

/// One thing that no board should be impressed by.
void disturb(Examiner& examiner, std::mt19937_64& random) {
  const std::string block = random_bytes(random, 1 + static_cast<std::int64_t>(random() % 100));
  switch (random() % 7) {
    case 0:
      return examiner.raw(random_bytes(random, 1 + static_cast<std::int64_t>(random() % 50)));
    case 1: {  // cut off
      const std::string packet = data_packet(examiner.sent(), block);
      return examiner.raw(packet.substr(0, 1 + random() % (packet.size() - 1)));
    }
    case 2: {  // damaged
      std::string packet = data_packet(examiner.sent(), block);
      const std::size_t at = 1 + random() % (packet.size() - 2);
      packet[at] = static_cast<char>(packet[at] ^ 1 << random() % 8);
      return examiner.raw(packet);
    }
    case 3:  // from elsewhere
      return examiner.raw(
          data_packet(examiner.sent() + 1 + static_cast<std::int64_t>(random() % 60000), block));
    case 4:
      return examiner.raw(data_packet(examiner.sent(), ""));
    case 5:
      return examiner.raw(encode({static_cast<std::uint8_t>(4 + random() % 250), block}));
    default:
      return examiner.raw(std::string(1 + random() % 5, '\x7e'));
  }
}

TEST(ShellLink, KeepsToTheModelOnALineThatSaysAnything) {
  for (const std::uint64_t seed : {1U, 2U}) {
    ToyBoard toy(kToyClocks, seed);
    Examiner examiner(toy);
    std::mt19937_64 random(seed);
    examiner.open(static_cast<int>(1 + random() % 255));
    for (int i = 0; i < 150; ++i) {
      if (random() % 2 == 0) disturb(examiner, random);
      examiner.give(random_bytes(random, 1 + static_cast<std::int64_t>(random() % 128)));
    }
    examiner.expect_all_results();
  }
}

TEST(ShellLink, CountsBeyondSixteenBits) {
  ToyBoard toy;
  Examiner examiner(toy);
  std::mt19937_64 random(4);
  examiner.open(1);
  while (examiner.sent() < 70000) examiner.give(random_bytes(random, 128));
  examiner.expect_all_results();
}

TEST(ShellLink, MovesFramesForTheHost) {
  for (const int clocks : {4, 7}) {
    ToyBoard toy(clocks);
    BoardLink link(toy.line, std::chrono::seconds(20));
    const Identity id = link.identify();
    std::mt19937_64 random(6);
    std::vector<std::string> frames, results;
    for (int i = 0; i < 25; ++i) frames.push_back(random_bytes(random, kToyFrame));
    std::uint32_t cycles = 0;
    link.stream(
        id, std::ssize(frames),
        [&](std::int64_t f) { return std::string_view(frames.at(static_cast<std::size_t>(f))); },
        [&](std::int64_t f, const FrameResult& result) {
          EXPECT_EQ(f, std::ssize(results));
          EXPECT_GT(result.cycles, cycles + kToyInBeats);
          cycles = result.cycles;
          results.push_back(result.bytes);
        });
    ToyModel model;
    ASSERT_EQ(results.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
      EXPECT_EQ(results[i], model.frame(frames[i])) << i;
    EXPECT_EQ(link.counts().damaged, 0);
    EXPECT_EQ(link.counts().repeats, 0);
    EXPECT_EQ(link.counts().restarts, 0);
  }
}

}  // namespace
}  // namespace assay::board::test
