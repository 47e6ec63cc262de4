// SPDX-License-Identifier: Apache-2.0
// Memories of an accelerator that a host writes while it is held.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "compile/backend/verilog/mover_registers.h"
#include "compile/backend/verilog/movers.h"
#include "compile/base/error.h"
#include "compile/base/process.h"
#include "sim/model/axi_session.h"
#include "top/rig.h"

namespace assay::top {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Words = std::vector<std::uint32_t>;

/// Numbers from `low` to `high` that look random.
Ints drawn(std::mt19937_64& random, std::int64_t count, std::int64_t low, std::int64_t high) {
  Ints values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(
        low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1)));
  return values;
}

/// Rows of rising thresholds.
Ints rising(std::mt19937_64& random, std::int64_t rows, std::int64_t steps, std::int64_t low,
            std::int64_t high) {
  Ints values;
  for (std::int64_t r = 0; r < rows; ++r) {
    Ints row = drawn(random, steps, low, high);
    std::ranges::sort(row);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

hw::Thresholding writable_thresholds(std::int64_t pe, const std::string& style,
                                     const std::string& ram, DataType out) {
  hw::Thresholding op;
  op.pe = pe;
  op.preferred_impl_style = style;
  op.ram_style = ram;
  op.levels.out_dtype = out;
  op.runtime_writeable_weights = true;
  return op;
}

/// x [1,3,2,4] -> a product with search behind it `first`, comparators `steps`, two copies, of which one goes
/// through a search in block RAM `blocks`, joined in table form `table` and, with its copy, in line form `line`.
/// Everything has two lanes; constants follow from the seed.
Graph writable_graph(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Builder b;
  const DataType x_type = DataType::uint(3), level = DataType::uint(3), two = DataType::uint(2);
  Tensor* x = b.input("image", {1, 3, 2, 4}, x_type);
  hw::MVAU product;
  product.pe = 2;
  product.simd = 4;
  product.acc_dtype = DataType::sint(10);
  product.mem_mode = "decoupled";
  product.ram_style = "block";
  product.preferred_impl_style = "lut";
  product.levels.out_dtype = level;
  product.runtime_writeable_weights = true;
  Tensor* y = b.add("first", product,
                    {x, b.constant({4, 6}, drawn(random, 24, -16, 15), DataType::sint(5)),
                     b.constant({6, 7}, rising(random, 6, 7, -200, 200), DataType::sint(10))},
                    level);
  y = b.add("steps", writable_thresholds(2, "comparators", "distributed", two),
            {y, b.constant({1, 3}, rising(random, 1, 3, 0, 7), DataType::uint(4))}, two);
  std::vector<Tensor*> c = b.copies(y, 3, 2);
  Tensor* z =
      b.add("blocks", writable_thresholds(2, "search", "block", level),
            {c[0], b.constant({6, 7}, rising(random, 6, 7, 0, 4), DataType::uint(3))}, level);
  hw::JoinThreshold table;
  table.pe = 2;
  table.levels.out_dtype = two;
  table.runtime_writeable_weights = true;
  z = b.add("table", table,
            {b.constant({1, 1, 1, 6, 4, 3}, rising(random, 24, 3, 0, 8), DataType::uint(4)),
             nullptr, z, b.fifo("bypass", c[1], 40, 2)},
            two);
  hw::JoinThreshold line;
  line.pe = 2;
  line.levels.out_dtype = level;
  line.runtime_writeable_weights = true;
  z = b.add("line", line,
            {b.constant({1, 1, 1, 6, 7}, rising(random, 6, 7, -30, 30), DataType::sint(7)),
             b.constant({1, 1, 1, 6, 2}, drawn(random, 12, -8, 7), DataType::sint(4)), z,
             b.fifo("longer", c[2], 60, 2)},
            level);
  return b.finish({z});
}

/// The contents of a design's memories as a host writes them.
Words words_of(const StitchedRtl& rtl) {
  Words words;
  for (const WeightStore& store : rtl.stores)
    for (const StitchedNode& node : rtl.nodes)
      for (const hw::MemoryImage& image : node.layer.images)
        if (node.file(image) == store.file) {
          const Words own = host_words(store, image);
          words.insert(words.end(), own.begin(), own.end());
        }
  return words;
}

/// An accelerator behind its movers whose weights a host writes.
class WeightBoard {
 public:
  explicit WeightBoard(Rig& rig)
      : rig_(rig), rtl_(with_movers(rig.top.rtl, {.content_hash = std::string(64, 'd')})) {
    sim::ModelSpec spec;
    for (const NodeRtl::File& file : rtl_.files) {
      std::string text = file.text;
      for (const sim::SourceFile& patched : rig.top.spec.sources)
        if (patched.name == file.name) text = patched.text;
      spec.sources.push_back({file.name, text});
    }
    spec.sources.push_back({"simulated.sv", simulated_text(rtl_, "simulated")});
    std::vector<sim::AxiMover> movers;
    for (const DataMover& m : rtl_.movers) movers.push_back({m.reads, {64, 16, 4}});
    movers.push_back({false, {}, false});
    const sim::AxiStreams s = sim::axi_streams(movers);
    spec.designs.push_back({"simulated", s.inputs, s.outputs, {}, s.monitors});
    host_ = std::make_unique<sim::AxiSession>(model_cache().get(spec), 0, movers, rig.memories());
  }

  sim::AxiSession& host() { return *host_; }
  std::size_t port() const { return rtl_.movers.size(); }
  std::uint32_t weights(unsigned offset) { return host_->read(port(), offset); }

  void hold() {
    host_->write(port(), weight_register("hold"), 1);
    for (int i = 0; weights(weight_register("held")) == 0; ++i) {
      ASSERT_LT(i, 1000) << "it does not come to rest";
      host_->step(20);
    }
  }
  void release() { host_->write(port(), weight_register("hold"), 0); }

  /// Every word of every store with its address.
  template <typename Visit>
  void each_word(const Visit& visit) {
    std::size_t at = 0;
    for (const WeightStore& store : rig_.top.rtl.stores)
      for (std::int64_t w = 0; w < store.need.words; ++w)
        for (std::int64_t c = 0; c < store.columns(); ++c)
          visit(at++, static_cast<unsigned>(store.address + 4 * (w * store.need.stride() + c)));
  }
  void write(const Words& words) {
    each_word([&](std::size_t i, unsigned address) { host_->write(port(), address, words[i]); });
  }
  Words read() {
    Words words;
    each_word([&](std::size_t, unsigned address) { words.push_back(weights(address)); });
    return words;
  }

  /// All frames of the rig that fed the board; what golden of `expected` says to what comes back.
  std::string transfer(const Rig& expected) {
    start();
    return finish([&](std::int64_t) -> const Rig& { return expected; });
  }
  void start() {
    host_->clear();
    for (std::size_t m = rtl_.movers.size(); m-- > 0;) {
      const DataMover& mover = rtl_.movers[m];
      host_->map({base(m), static_cast<std::uint64_t>(mover.transfer_bytes(kFrames))}, mover.reads,
                 !mover.reads);
      if (mover.reads)
        host_->put(base(m),
                   mover.to_memory(bytes(rig_.top.inputs[m], rig_.top.rtl.slaves[m], 0, kFrames)));
      for (const auto& [name, value] : {std::pair{"global_interrupt_enable", std::uint64_t{1}},
                                        {"interrupt_enable", 1},
                                        {"interrupt_status", 3},
                                        {"base_low", base(m)},
                                        {"base_high", 0},
                                        {"frames", kFrames}})
        host_->write(m, offset(name), static_cast<std::uint32_t>(value));
      host_->write(m, offset("control"), mover_bit("control", "start"));
    }
  }
  template <typename RigOf>
  std::string finish(const RigOf& rig_of) {
    const std::size_t m = rtl_.movers.size() - 1;
    if (!host_->wait(std::uint64_t{1} << m, 100000)) return "nothing came";
    std::string expected;
    for (std::int64_t f = 0; f < kFrames; ++f) {
      const Rig& rig = rig_of(f);
      expected += bytes(rig.top.outputs[0], rig.top.rtl.masters[0], f, 1);
    }
    const DataMover& out = rtl_.movers[m];
    const std::string wanted = out.to_memory(expected), got = host_->get(base(m), wanted.size());
    const auto at = std::ranges::mismatch(wanted, got).in2 - got.begin();
    return at == std::ssize(got) ? "" : fmt::format("byte {} of {} differs", at, got.size());
  }
  std::string broken() {
    std::string text;
    for (const sim::Violation& v : host_->violations()) text += v.rule + " " + v.stream + "\n";
    return text;
  }

  static constexpr std::int64_t kFrames = 8;

 private:
  static std::uint64_t base(std::size_t mover) { return 0x100000 * (mover + 1); }
  static unsigned offset(std::string_view name) {
    return std::ranges::find(kMoverRegisters, name, &MoverRegister::name)->offset;
  }
  static std::string bytes(const sim::Tokens& tokens, const StitchedPort& port, std::int64_t first,
                           std::int64_t frames) {
    std::string all;
    for (std::int64_t b = first * tokens.beats; b < (first + frames) * tokens.beats; ++b) {
      std::string data(static_cast<std::size_t>(port.tdata_bits()) / 8, '\0');
      for (int i = 0; i < port.bits; ++i)
        sim::set_bits(reinterpret_cast<std::uint8_t*>(data.data()), i, 1,
                      sim::get_bits(tokens.beat(b), i, 1));
      all += data;
    }
    return all;
  }

  Rig& rig_;
  MoversRtl rtl_;
  std::unique_ptr<sim::AxiSession> host_;
};

class RunTimeWeights : public ::testing::Test {
 protected:
  Rig one_{writable_graph(1), WeightBoard::kFrames},
      other_{writable_graph(2), WeightBoard::kFrames};
  const Words ones_ = words_of(one_.top.rtl), others_ = words_of(other_.top.rtl);
};

TEST_F(RunTimeWeights, EveryMemoryHasItsPlace) {
  std::vector<std::string> files;
  for (const WeightStore& s : one_.top.rtl.stores)
    files.push_back(fmt::format("{} {:x} {}x{}+{}", s.file, s.address, s.need.words, s.columns(),
                                s.need.stride()));
  // Weights: 3 row folds of 2 x 4 x 5 bits, which are two columns. Thresholds of `first`: three stages, the
  // lanes apart. Three comparators of 4 bits in one word. Multipliers: 2 x 2 x 4 bits.
  EXPECT_THAT(files,
              ElementsAre("first_weights.hex 1000 3x2+2", "first_thresholds_0.hex 1018 3x2+2",
                          "first_thresholds_1.hex 1030 6x2+2", "first_thresholds_2.hex 1060 12x2+2",
                          "steps_thresholds.hex 10c0 1x1+1", "blocks_thresholds_0.hex 10c4 3x2+2",
                          "blocks_thresholds_1.hex 10dc 6x2+2",
                          "blocks_thresholds_2.hex 110c 12x2+2", "table_thresholds.hex 116c 12x2+2",
                          "line_multipliers.hex 11cc 3x1+1", "line_thresholds_0.hex 11d8 3x2+2",
                          "line_thresholds_1.hex 11f0 6x2+2", "line_thresholds_2.hex 1220 12x2+2"));
}

TEST_F(RunTimeWeights, TheFirstFrameBehindASwitchHasTheNewOnes) {
  WeightBoard board(one_);
  std::uint64_t seed = 1;
  for (const sim::Profile profile :
       {sim::Profile::kAlways, sim::Profile::kBursts, sim::Profile::kReadyPulse}) {
    SCOPED_TRACE(sim::profile_name(profile));
    board.host().pace({profile, 7, sim::AxiTiming::Order::kAny, seed++});
    EXPECT_EQ(board.transfer(one_), "");
    EXPECT_NE(board.transfer(other_), "") << "the two give the same";
    const std::uint32_t begun = board.weights(weight_register("frames"));
    board.start();
    board.host().step(60);
    board.hold();
    const std::uint32_t before = board.weights(weight_register("frames")) - begun;
    EXPECT_GT(before, 0U);
    EXPECT_LT(before, WeightBoard::kFrames);
    EXPECT_EQ(board.read(), ones_);
    board.write(others_);
    EXPECT_EQ(board.read(), others_);
    board.release();
    EXPECT_EQ(
        board.finish([&](std::int64_t f) -> const Rig& { return f < before ? one_ : other_; }), "");
    EXPECT_EQ(board.transfer(other_), "");
    board.hold();
    board.write(ones_);
    board.release();
  }
  EXPECT_EQ(board.transfer(one_), "");
  EXPECT_EQ(board.broken(), "");
}

TEST_F(RunTimeWeights, AnyWordsAreReadBack) {
  WeightBoard board(one_);
  const std::uint64_t seed = 20261203;
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  board.hold();
  Words words;
  for (const WeightStore& store : one_.top.rtl.stores)
    for (std::int64_t w = 0; w < store.need.words; ++w)
      for (std::int64_t c = 0; c < store.columns(); ++c) {
        const std::int64_t left = store.need.bits - c % store.need.lane_columns() * 32;
        words.push_back(
            static_cast<std::uint32_t>(random() & (left < 32 ? (1U << left) - 1U : 0xffffffffU)));
      }
  board.write(words);
  EXPECT_EQ(board.read(), words);
  // Bits that the memories do not have are nobody's.
  board.each_word([&](std::size_t i, unsigned address) {
    board.host().write(board.port(), address, ~words[i]);
    board.host().write(board.port(), address, words[i]);
  });
  EXPECT_EQ(board.read(), words);
  EXPECT_EQ(board.broken(), "");
}

TEST_F(RunTimeWeights, TheMemoriesAnswerOnlyWhileTheAcceleratorIsHeld) {
  WeightBoard board(one_);
  const auto refused = [&](const auto& access) { return message_of<ToolError>(access); };
  EXPECT_THAT(refused([&] { board.weights(0x1000); }), HasSubstr("the registers refuse"));
  EXPECT_THAT(refused([&] { board.host().write(board.port(), 0x1000, 1); }),
              HasSubstr("the registers refuse"));
  EXPECT_EQ(board.weights(weight_register("version")), 1U);
  EXPECT_EQ(board.weights(weight_register("words")), (0x1220U - 0x1000U) / 4 + 24);
  board.hold();
  EXPECT_EQ(board.weights(weight_register("hold")), 1U);
  board.host().write(board.port(), 0x1000, 5);
  EXPECT_EQ(board.weights(0x1000), 5U);
  // Halves of words, and what is behind the last memory.
  EXPECT_THAT(refused([&] { board.host().write(board.port(), 0x1000, 1, 0x3); }),
              HasSubstr("the registers refuse"));
  EXPECT_EQ(board.weights(0x1000), 5U);
  EXPECT_THAT(refused([&] { board.weights(0x1220 + 4 * 24); }), HasSubstr("the registers refuse"));
  EXPECT_THAT(refused([&] { board.host().write(board.port(), 0xfffffffc, 1); }),
              HasSubstr("the registers refuse"));
  board.release();
  EXPECT_EQ(board.weights(weight_register("held")), 0U);
  EXPECT_THAT(refused([&] { board.weights(0x1000); }), HasSubstr("the registers refuse"));
}

/// So many pages are added to addresses, modulo 2^32; registers stay where they are.
TEST_F(RunTimeWeights, PagesMoveTheMemories) {
  WeightBoard board(one_);
  constexpr unsigned kPage = weight_register("page");
  const auto write = [&](unsigned address, std::uint32_t value, unsigned bytes = 0xf) {
    board.host().write(board.port(), address, value, bytes);
  };
  EXPECT_EQ(board.weights(kPage), 0U);
  board.hold();
  write(0x1000, 5);
  write(kPage, 0x1ffff);  // one page back
  EXPECT_EQ(board.weights(kPage), 0x1ffffU);
  EXPECT_EQ(board.weights(weight_register("words")), (0x1220U - 0x1000U) / 4 + 24);
  EXPECT_EQ(board.weights(0x1000 + kWeightPage), 5U);
  write(0x1004 + kWeightPage, 6);
  EXPECT_THAT(message_of<ToolError>([&] { board.weights(0x1000); }),
              HasSubstr("the registers refuse"));
  write(kPage, 0x2468a, 0x2);
  EXPECT_EQ(board.weights(kPage), 0x146ffU);
  write(kPage, 0x2468a, 0x4);
  EXPECT_EQ(board.weights(kPage), 0x046ffU);
  write(kPage, 0, 0xf);
  EXPECT_EQ(board.weights(0x1000), 5U);
  EXPECT_EQ(board.weights(0x1004), 6U);
}

TEST_F(RunTimeWeights, AHeldAcceleratorTakesNoFrame) {
  WeightBoard board(one_);
  board.hold();
  board.start();
  EXPECT_FALSE(board.host().wait(2, 5000));
  EXPECT_EQ(board.weights(weight_register("frames")), 0U);
  board.release();
  EXPECT_EQ(board.finish([&](std::int64_t) -> const Rig& { return one_; }), "");
}

/// What is wrong with a switch in the middle of a transfer; empty: nothing.
std::string what_is_seen(WeightBoard& board, const Rig& one, const Rig& other) {
  std::string found;
  const unsigned hold = weight_register("hold"), held = weight_register("held"),
                 frames = weight_register("frames");
  try {
    board.host().write(board.port(), hold, 1);
    for (int i = 0; i < 200 && board.weights(held) == 0; ++i) board.host().step(20);
    board.write(words_of(one.top.rtl));
    board.host().write(board.port(), hold, 0);
    const std::uint32_t begun = board.weights(frames);
    board.start();
    board.host().step(60);
    board.host().write(board.port(), hold, 1);
    for (int i = 0; i < 200 && board.weights(held) == 0; ++i) board.host().step(20);
    const std::uint32_t before = board.weights(frames) - begun;
    if (board.read() != words_of(one.top.rtl)) found += "old words; ";
    board.write(words_of(other.top.rtl));
    if (board.read() != words_of(other.top.rtl)) found += "new words; ";
    board.host().write(board.port(), hold, 0);
    found += board.finish([&](std::int64_t f) -> const Rig& { return f < before ? one : other; });
    found += board.broken();
  } catch (const ToolError& error) {
    found += error.what();
  }
  return found;
}

/// Faults of the RTL, each of which such a switch has to show.
TEST(RunTimeWeightsRtl, FaultsAreSeen) {
  struct Fault {
    const char *file, *from, *to;
  };
  const Fault faults[] = {
      {"assay_store.sv", "if (store && chosen", "if ((store || load) && chosen"},  // reads write
      {"assay_store.sv", "load ? word : addr_i", "load ? '0 : addr_i"},            // reads word 0
      {"assay_store.sv", "address - Size[29:0]", "address"},                       // all answer
      {"assay_store.sv", "pending ? column_data : data", "data"},  // reads what was asked
      {"assay_store_control.sv", "assign layers_rst_no = rst_ni && !held",
       "assign layers_rst_no = rst_ni"},
      {"assay_store_control.sv", "hold && (held || drained)", "hold"},  // in the middle of a frame
      {"assay_store_control.sv", "(!between[i] || !hold || behind[i])",
       "!hold"},  // cuts frames in two
      {"assay_store_control.sv", "13'd0} - 30'h400", "13'd0} - 30'h401"},
  };
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.to);
    Rig one(writable_graph(1), WeightBoard::kFrames);
    one.patch(fault.file, fault.from, fault.to);
    WeightBoard board(one);
    std::string found;
    for (std::uint64_t seed = 2; found.empty() && seed < 40; ++seed) {
      board.host().reset();
      board.host().pace({});
      found = what_is_seen(board, one, Rig(writable_graph(seed), WeightBoard::kFrames));
    }
    EXPECT_NE(found, "");
  }
}

TEST(RunTimeWeightsRtl, WithoutThemThereIsNoPort) {
  Rig rig(dense_graph(), 1);
  EXPECT_TRUE(rig.top.rtl.stores.empty());
  for (const NodeRtl::File& file : rig.top.rtl.files) {
    EXPECT_EQ(file.text.find("s_axi_weights_awvalid,"), std::string::npos) << file.name;
    EXPECT_NE(file.name, "assay_store_control.sv");
  }
}

TEST(RunTimeWeightsRtl, IsClean) {
  Rig rig(writable_graph(1), 1);
  const MoversRtl rtl = with_movers(rig.top.rtl, {.content_hash = std::string(64, 'd')});
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

/// Of a depthwise product every lane has its own channels' weights and thresholds: 3 x 2 taps of 4 channels.
TEST(RunTimeWeightsRtl, DepthwiseWeightsAreSwitched) {
  const auto graph = [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Builder b;
    hw::VVAU product;
    product.pe = 2;
    product.simd = 3;
    product.acc_dtype = DataType::sint(10);
    product.mem_mode = "decoupled";
    product.preferred_impl_style = "lut";
    product.levels.out_dtype = DataType::uint(3);
    product.runtime_writeable_weights = true;
    return b.finish({b.add("depthwise", product,
                           {b.input("image", {1, 2, 3, 24}, DataType::uint(3)),
                            b.constant({6, 4}, drawn(random, 24, -8, 7), DataType::sint(4)),
                            b.constant({4, 7}, rising(random, 4, 7, -90, 90), DataType::sint(10))},
                           DataType::uint(3))});
  };
  Rig one(graph(1), WeightBoard::kFrames), other(graph(2), WeightBoard::kFrames);
  WeightBoard board(one);
  for (const int steps : {30, 90, 150}) {
    SCOPED_TRACE(steps);
    board.host().reset();
    board.host().pace({sim::Profile::kBernoulli, 3, sim::AxiTiming::Order::kAny, 5});
    EXPECT_EQ(board.transfer(one), "");
    EXPECT_NE(board.transfer(other), "") << "the two give the same";
    const std::uint32_t begun = board.weights(weight_register("frames"));
    board.start();
    board.host().step(steps);
    board.hold();
    const std::uint32_t before = board.weights(weight_register("frames")) - begun;
    EXPECT_LT(before, WeightBoard::kFrames);
    EXPECT_EQ(board.read(), words_of(one.top.rtl));
    board.write(words_of(other.top.rtl));
    EXPECT_EQ(board.read(), words_of(other.top.rtl));
    board.release();
    EXPECT_EQ(board.finish([&](std::int64_t f) -> const Rig& { return f < before ? one : other; }),
              "");
    EXPECT_EQ(board.transfer(other), "");
    board.hold();
    board.write(words_of(one.top.rtl));
    board.release();
  }
  EXPECT_EQ(board.broken(), "");
}

/// Two slaves: a product whose weights come from outside, its thresholds written by a host.
TEST(RunTimeWeightsRtl, SlavesStopAtTheSameFrame) {
  const auto graph = [](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Builder b;
    hw::MVAU product;
    product.acc_dtype = DataType::sint(10);
    product.mem_mode = "external";
    product.preferred_impl_style = "lut";
    product.levels.out_dtype = DataType::uint(2);
    product.runtime_writeable_weights = true;
    std::mt19937_64 same(7);  // what a host streams does not change in this test
    return b.finish({b.add("first", product,
                           {b.input("image", {1, 2, 2, 4}, DataType::uint(3)),
                            b.constant({4, 6}, drawn(same, 24, -4, 3), DataType::sint(3)),
                            b.constant({6, 3}, rising(random, 6, 3, -40, 40), DataType::sint(10))},
                           DataType::uint(2))});
  };
  Rig one(graph(1), WeightBoard::kFrames), other(graph(2), WeightBoard::kFrames);
  WeightBoard board(one);
  for (int steps = 40; steps < 400; steps += 60) {
    SCOPED_TRACE(steps);
    board.host().reset();
    board.host().pace({sim::Profile::kBernoulli, 3, sim::AxiTiming::Order::kAny, 5});
    board.hold();
    board.write(words_of(one.top.rtl));
    board.release();
    const std::uint32_t begun = board.weights(weight_register("frames"));
    board.start();
    board.host().step(steps);
    board.hold();
    const std::uint32_t before = board.weights(weight_register("frames")) - begun;
    board.write(words_of(other.top.rtl));
    board.release();
    EXPECT_EQ(board.finish([&](std::int64_t f) -> const Rig& { return f < before ? one : other; }),
              "");
  }
  EXPECT_EQ(board.broken(), "");
}

}  // namespace
}  // namespace assay::top
