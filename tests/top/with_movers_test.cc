// SPDX-License-Identifier: Apache-2.0
// Accelerators with data movers: frames from memory to memory.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/verilog/movers.h"
#include "compile/base/error.h"
#include "compile/base/process.h"
#include "sim/model/axi_session.h"
#include "top/rig.h"

namespace assay::top {
namespace {

using ::testing::HasSubstr;

const std::string kSomeHash(64, 'c');

/// A stream's beats of one frame as tdata: whole bytes, without TLAST.
std::string frame_bytes(const sim::Tokens& tokens, const StitchedPort& port, std::int64_t frame) {
  std::string bytes;
  const std::int64_t frames =
      std::ssize(tokens.bytes) / (static_cast<std::int64_t>(tokens.stride()) * tokens.beats);
  for (std::int64_t b = 0; b < tokens.beats; ++b) {
    const std::uint8_t* beat = tokens.beat(frame % frames * tokens.beats + b);
    std::string data(static_cast<std::size_t>(port.tdata_bits()) / 8, '\0');
    for (int i = 0; i < port.bits; ++i)
      sim::set_bits(reinterpret_cast<std::uint8_t*>(data.data()), i, 1, sim::get_bits(beat, i, 1));
    bytes += data;
  }
  return bytes;
}

/// A design with its movers in simulation, and what a host does with it.
class MoverBoard {
 public:
  MoverBoard(Rig& rig, const MoverChoice& choice)
      : rig_(rig), rtl_(with_movers(rig.top.rtl, choice)) {
    sim::ModelSpec spec;
    for (const NodeRtl::File& file : rtl_.files) spec.sources.push_back({file.name, file.text});
    spec.sources.push_back({"simulated.sv", simulated_text(rtl_, "simulated")});
    std::vector<sim::AxiMover> movers;
    for (const DataMover& m : rtl_.movers)
      movers.push_back({m.reads, {choice.memory_bits, choice.max_burst, choice.outstanding}});
    const sim::AxiStreams s = sim::axi_streams(movers);
    spec.designs.push_back({"simulated", s.inputs, s.outputs, {}, s.monitors});
    session_ =
        std::make_unique<sim::AxiSession>(model_cache().get(spec), 0, movers, rig.memories());
  }

  sim::AxiSession& session() { return *session_; }
  const std::vector<DataMover>& movers() const { return rtl_.movers; }

  /// Frames `first` and those behind it through the accelerator; where their result differs from golden's.
  std::string transfer(std::int64_t first, std::int64_t frames, std::int64_t spoilt_byte = -1) {
    session_->clear();
    const PreparedTop& top = rig_.top;
    const std::size_t inputs = top.rtl.slaves.size();
    for (std::size_t m = 0; m < rtl_.movers.size(); ++m) {
      const DataMover& mover = rtl_.movers[m];
      const auto bytes = static_cast<std::uint64_t>(mover.transfer_bytes(frames));
      session_->map({base(m), bytes}, mover.reads, !mover.reads);
      if (!mover.reads) continue;
      std::string beats;
      for (std::int64_t f = 0; f < frames; ++f)
        beats += frame_bytes(top.inputs[m], top.rtl.slaves[m], first + f);
      if (spoilt_byte >= 0) beats.at(static_cast<std::size_t>(spoilt_byte)) ^= 1;
      session_->put(base(m), mover.to_memory(beats));
    }
    for (std::size_t m = rtl_.movers.size(); m-- > 0;) start(m, frames);
    if (!session_->wait(std::uint64_t{1} << inputs, 2000000)) return "nothing came";
    const DataMover& out = rtl_.movers[inputs];
    std::string expected;
    for (std::int64_t f = 0; f < frames; ++f)
      expected += frame_bytes(top.outputs[0], top.rtl.masters[0], first + f);
    const std::string got =
        session_->get(base(inputs), static_cast<std::uint64_t>(out.transfer_bytes(frames)));
    for (std::size_t m = 0; m < rtl_.movers.size(); ++m)
      if (const auto error = session_->read(m, mover_offset("error")); error != 0)
        return fmt::format("{} says error {}", rtl_.movers[m].name, error);
    const auto differs = std::ranges::mismatch(out.to_memory(expected), got).in2 - got.begin();
    return differs == std::ssize(got) ? "" : fmt::format("byte {} differs", differs);
  }
  std::string broken() {
    std::string text;
    for (const sim::Violation& v : session_->violations()) text += v.rule + " " + v.stream + "\n";
    return text;
  }

 private:
  static std::uint64_t base(std::size_t mover) { return 0x100000 * (mover + 1) + 0xfc0; }
  void start(std::size_t mover, std::int64_t frames) {
    const auto write = [&](unsigned offset, std::uint64_t value) {
      session_->write(mover, offset, static_cast<std::uint32_t>(value));
    };
    write(mover_offset("global_interrupt_enable"), 1);
    write(mover_offset("interrupt_enable"), 1);
    write(mover_offset("interrupt_status"), 3);
    write(mover_offset("base_low"), base(mover));
    write(mover_offset("base_high"), 0);
    write(mover_offset("frames"), static_cast<std::uint64_t>(frames));
    write(mover_offset("control"), mover_bit("control", "start"));
  }

  Rig& rig_;
  MoversRtl rtl_;
  std::unique_ptr<sim::AxiSession> session_;
};

TEST(WithMovers, FramesComeBackAsGoldensUnderEveryProfile) {
  Rig rig(residual_graph(40), 5);
  MoverBoard board(rig, {.memory_bits = 64, .content_hash = kSomeHash});
  std::uint64_t seed = 1;
  for (int profile = 0; profile < sim::kProfiles; ++profile)
    for (const auto order :
         {sim::AxiTiming::Order::kAddressFirst, sim::AxiTiming::Order::kDataFirst}) {
      SCOPED_TRACE(fmt::format("profile {}, seed {}", profile, seed));
      board.session().pace({static_cast<sim::Profile>(profile), profile * 9, order, seed++});
      for (std::int64_t frames = 1; frames <= 5; ++frames)
        EXPECT_EQ(board.transfer(frames % 2, frames), "");
    }
  EXPECT_EQ(board.broken(), "");
}

TEST(WithMovers, WordsOfAnyWidth) {
  Rig rig(residual_graph(40), 3);
  for (const int bits : {128, 512}) {
    MoverBoard board(rig, {bits, 4, 1, kSomeHash});
    board.session().pace({.profile = sim::Profile::kBernoulli, .latency = 25});
    EXPECT_EQ(board.transfer(0, 3), "");
    EXPECT_EQ(board.transfer(2, 1), "");
    EXPECT_EQ(board.broken(), "");
  }
}

TEST(WithMovers, EveryStreamHasItsOwn) {
  Graph graph = dense_graph();
  for (const auto& node : graph.nodes())
    if (auto* op = node->as<hw::MVAU>()) op->mem_mode = "external";
  Rig rig(std::move(graph), 3);
  MoverBoard board(rig, {.content_hash = kSomeHash});
  std::vector<std::string> names;
  for (const DataMover& m : board.movers()) names.push_back(m.name);
  EXPECT_THAT(names, ::testing::ElementsAre("idma0", "idma1", "idma2", "idma3", "odma0"));
  board.session().pace({.profile = sim::Profile::kBursts, .latency = 3});
  EXPECT_EQ(board.transfer(0, 3), "");
  EXPECT_EQ(board.transfer(1, 2), "");
  EXPECT_EQ(board.broken(), "");
}

TEST(WithMovers, AnInputThatDiffersIsNoticed) {
  Rig rig(residual_graph(40), 2);
  MoverBoard board(rig, {.content_hash = kSomeHash});
  EXPECT_THAT(board.transfer(0, 2, 3), HasSubstr("differs"));
  EXPECT_EQ(board.transfer(0, 2), "");
}

TEST(WithMovers, TheModuleIsClean) {
  Rig rig(residual_graph(40), 1);
  const MoversRtl rtl = with_movers(rig.top.rtl, {.content_hash = kSomeHash});
  EXPECT_EQ(rtl.files.back().name, "accelerator_with_movers.sv");
  for (const char* part :
       {") idma0 (", ") odma0 (", "accelerator accelerator0 (", "idma0_s_axi_control_awvalid",
        "odma0_m_axi_gmem_wstrb", "output logic idma0_interrupt_o",
        ".s_axis_tdata(idma0_axis_tdata)", ".m_axis_tlast(odma0_axis_tlast)"})
    EXPECT_THAT(rtl.files.back().text, HasSubstr(part));
  const TempDir dir;
  std::vector<std::string> lint = {find_program("verilator", "verilator").string(), "--lint-only",
                                   "-Wall", "--top-module", rtl.module};
  for (const NodeRtl::File& file : rtl.files) {
    dir.write(file.name, file.text);
    lint.push_back(file.name);
  }
  for (const StitchedNode& node : rig.top.rtl.nodes)
    for (const hw::MemoryImage& image : node.layer.images) dir.write(node.file(image), image.hex());
  const ProcessResult verilator = run_process(lint, dir.path(), std::chrono::seconds(300));
  EXPECT_TRUE(verilator.ok()) << verilator.output;
}

TEST(WithMovers, SaysWhatIsWrongWithAChoice) {
  Rig rig(residual_graph(40), 1);
  const auto refusal = [&](const MoverChoice& choice) {
    return message_of<UserError>([&] { with_movers(rig.top.rtl, choice); });
  };
  EXPECT_THAT(refusal({32, 16, 4, kSomeHash}), HasSubstr("64, 128, 256 or 512"));
  EXPECT_THAT(refusal({64, 257, 4, kSomeHash}), HasSubstr("1 to 256"));
  EXPECT_THAT(refusal({64, 16, 0, kSomeHash}), HasSubstr("1 or more"));
  EXPECT_THAT(refusal({64, 16, 4, "0x"}), HasSubstr("no SHA-256"));
}

TEST(DataMover, SlotsAreAPowerOfTwoOrWholeWords) {
  const auto slot = [](int bits, std::int64_t bytes) {
    DataMover m;
    m.choice.memory_bits = bits;
    m.beat_bytes = bytes;
    return m.slot_bytes();
  };
  EXPECT_EQ(slot(64, 1), 1);
  EXPECT_EQ(slot(64, 3), 4);
  EXPECT_EQ(slot(64, 8), 8);
  EXPECT_EQ(slot(64, 9), 16);
  EXPECT_EQ(slot(64, 49), 56);
  EXPECT_EQ(slot(512, 49), 64);
  EXPECT_EQ(slot(512, 65), 128);
  DataMover m;
  m.beat_bytes = 3;
  EXPECT_EQ(m.to_memory("abcdef"), std::string("abc\0def\0", 8));
  EXPECT_EQ(m.from_memory("abcXdefY"), "abcdef");
}

}  // namespace
}  // namespace assay::top
