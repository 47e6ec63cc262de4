// SPDX-License-Identifier: Apache-2.0
// The host's side of the line against boards that fail.
#include "harness/board/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "board/fake_board.h"
#include "board/toy.h"

namespace assay::board::test {
namespace {

using ::testing::HasSubstr;
constexpr std::int64_t kFrames = 12;
constexpr std::chrono::milliseconds kPatience{150};

std::string toy_frame(std::int64_t frame) {
  std::string bytes;
  for (std::int64_t i = 0; i < kToyFrame; ++i)
    bytes += static_cast<char>(i * 31 + frame * 7 + (i * frame >> 3));
  return bytes;
}

/// What a frame alone gives, whatever came before it.
std::string toy_result(const std::string& frame) { return ToyModel().frame(frame); }

struct Outcome {
  std::string fault;  ///< what the link could not mend
  std::int64_t right = 0, wrong = 0;
  LinkCounts counts;
};

Outcome talk_to(const Faults& faults) {
  FakeBoard board(toy_spec(kToyClocks).accelerator, kToyHash, toy_result, faults);
  FileChannel channel(open_serial(board.port(), 115200));
  Line line(channel);
  BoardLink link(line, kPatience);
  Outcome outcome;
  try {
    const Identity id = link.identify();
    std::string bytes;
    link.stream(
        id, kFrames,
        [&](std::int64_t frame) {
          bytes = toy_frame(frame);
          return std::string_view(bytes);
        },
        [&](std::int64_t frame, const FrameResult& result) {
          EXPECT_EQ(frame, outcome.right + outcome.wrong);
          ++(result.bytes == toy_result(toy_frame(frame)) ? outcome.right : outcome.wrong);
        });
  } catch (const BoardFault& fault) {
    outcome.fault = fault.what();
  }
  outcome.counts = link.counts();
  return outcome;
}

TEST(Link, MovesEveryFrameOnce) {
  const Outcome outcome = talk_to({});
  EXPECT_EQ(outcome.fault, "");
  EXPECT_EQ(outcome.right, kFrames);
  EXPECT_EQ(outcome.counts.damaged + outcome.counts.repeats + outcome.counts.restarts, 0);
}

TEST(Link, GivesWrongBitsAsTheyCame) {
  const Outcome outcome = talk_to({.fault = Fault::kWrongBit, .frame = 5});
  EXPECT_EQ(outcome.fault, "");
  EXPECT_EQ(outcome.wrong, 1);
  EXPECT_EQ(outcome.right, kFrames - 1);
}

TEST(Link, MendsWhatTheLineLoses) {
  for (const std::int64_t frame : {0, 5, static_cast<int>(kFrames) - 1}) {
    SCOPED_TRACE(frame);
    for (const Fault fault : {Fault::kLostBeat, Fault::kDamagedBeat, Fault::kLostData,
                              Fault::kUnsaidData, Fault::kGarbage, Fault::kForeign}) {
      SCOPED_TRACE(static_cast<int>(fault));
      const Outcome outcome = talk_to({.fault = fault, .frame = frame});
      EXPECT_EQ(outcome.fault, "");
      EXPECT_EQ(outcome.right, kFrames);
      EXPECT_EQ(outcome.wrong, 0);
      const LinkCounts& c = outcome.counts;
      if (fault == Fault::kLostBeat) {
        EXPECT_GE(c.restarts, 1);
      }
      if (fault == Fault::kDamagedBeat) {
        EXPECT_EQ(c.damaged, 1);
        EXPECT_GE(c.restarts, 1);
      }
      if (fault == Fault::kLostData) {
        EXPECT_GE(c.repeats, 1);
      }
      if (fault == Fault::kGarbage) {
        EXPECT_GE(c.damaged, 1);
      }
      if (fault == Fault::kForeign) {
        EXPECT_EQ(c.restarts, 0);
      }
    }
  }
}

TEST(Link, NamesWhatItCannotMend) {
  const auto fault = [](const Faults& faults) {
    const Outcome outcome = talk_to(faults);
    EXPECT_EQ(outcome.wrong, 0);
    EXPECT_EQ(outcome.right, faults.fault == Fault::kNone ? 0 : faults.frame);
    return outcome.fault;
  };
  EXPECT_THAT(fault({.dead = true}), HasSubstr("no board answers"));
  EXPECT_THAT(fault({.version = 2}), HasSubstr("version 2 of the protocol"));
  EXPECT_THAT(fault({.fault = Fault::kSilent, .frame = 4}),
              HasSubstr("frame 4: the board is silent"));
  EXPECT_THAT(fault({.fault = Fault::kStandsStill, .frame = 4}),
              HasSubstr("frame 4: the board answers, but its accelerator stands still"));
  EXPECT_THAT(fault({.fault = Fault::kResets, .frame = 4}),
              HasSubstr("frame 4: the board was reset in the middle"));
  EXPECT_THAT(fault({.fault = Fault::kNotLast, .frame = 4}),
              HasSubstr("frame 4: beat 3 of 3 is not marked as its last"));
  EXPECT_THAT(fault({.fault = Fault::kLostBeats, .frame = 4}),
              HasSubstr("frame 4: it did not come back whole in 5 sessions"));
  EXPECT_THAT(fault({.fault = Fault::kLies, .frame = 4}), HasSubstr("the board acknowledges"));
}

TEST(Link, EndsWhatTalksWithoutEnd) {
  for (const Fault fault : {Fault::kRepeats, Fault::kBabbles})
    for (const std::int64_t frame : {0, 4}) {
      SCOPED_TRACE(frame);
      const Outcome outcome = talk_to({.fault = fault, .frame = frame});
      EXPECT_THAT(outcome.fault, HasSubstr("the board talks without end: nothing in its last 16"));
      EXPECT_EQ(outcome.right, frame);
    }
}

TEST(Link, SaysWhenTheBoardIsUnplugged) {
  PseudoTerminal terminal = open_pseudo_terminal();
  FileChannel channel(open_serial(terminal.port, 115200));
  terminal.device = File();
  Line line(channel);
  BoardLink link(line, kPatience);
  EXPECT_THROW(link.identify(), BoardFault);
}

}  // namespace
}  // namespace assay::board::test
