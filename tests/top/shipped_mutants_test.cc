// SPDX-License-Identifier: Apache-2.0
// Would `assay verify` notice a fault in the library's RTL on the network that ships? Operators of the
// modules are replaced, and nodes that use them are verified like any.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>
#include <random>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "harness/rtl/node_frames.h"
#include "harness/run_command.h"
#include "top/rig.h"

namespace assay::top {
namespace {

constexpr int kPerModule = 4;
constexpr std::int64_t kImages = 3;

struct Replacement {
  std::string_view from, to;
};
constexpr std::array<Replacement, 14> kReplacements = {{{" > ", " >= "},
                                                        {" >= ", " > "},
                                                        {" < ", " <= "},
                                                        {" == ", " != "},
                                                        {" != ", " == "},
                                                        {" && ", " || "},
                                                        {" || ", " && "},
                                                        {" + ", " - "},
                                                        {" - ", " + "},
                                                        {" & ", " | "},
                                                        {" ^ ", " | "},
                                                        {" <= '0;", " <= '1;"},
                                                        {"1'b0", "1'b1"},
                                                        {" !", " "}}};

/// What survives on the nodes of this network, by what is read in its line, because nothing changes there.
struct Harmless {
  std::string_view file, line, to, why;
};
constexpr std::array<Harmless, 10> kHarmless = {
    {{"assay_channelwise_op.sv", "assign take = ", " || ", "one word: every index reads it"},
     {"assay_channelwise_op.sv", "if (take) next = ", " - ", "one word: every index reads it"},
     {"assay_convolution_input_generator.sv", "CountBits  = $clog2(", " - ", "counters are wider"},
     {"assay_data_width_converter.sv", "assign kept ", " + ",
      "Out is half of what the counter counts to: adding it and taking it away are the same"},
     {"assay_global_acc_pool.sv", "PixelBits = $clog2(", " - ", "64 pixels: the last one is 63"},
     {"assay_label_select.sv", "else if (send) left ", " + ",
      "one label: a counter of one bit, in which adding 1 and taking 1 away are the same"},
     {"assay_mvu.sv", "counts_valid <= ", "1'b1",
      "several folds: what is valid in front of the first beat is not the last fold, and gives no "
      "sum"},
     {"assay_thresholding.sv", "row <= row == ", " - ", "one row: every number reads it"},
     {"assay_thresholding.sv", "row <= '0;", " <= '1;", "one row: every number reads it"},
     {"assay_thresholding.sv", "row <= row == ", " || ", "one row: every number reads it"}}};

/// A place in a module's text.
struct Mutant {
  std::string file;
  std::size_t at = 0;
  Replacement change;
};

/// Every place in a module behind its parameters' checks where something can be replaced.
std::vector<Mutant> places(const sim::SourceFile& source) {
  std::vector<Mutant> list;
  std::size_t line = 0;
  bool body = false;
  for (std::size_t end = 0; line < source.text.size(); line = end + 1) {
    end = std::min(source.text.find('\n', line), source.text.size());
    const std::string text =
        source.text.substr(line, std::min(end, source.text.find("//", line)) - line);
    body |= text.starts_with(");");
    const bool checks = text.find("g_bad") != std::string::npos ||
                        text.find("$error") != std::string::npos ||
                        text.find("assert") != std::string::npos;
    for (const Replacement& r : kReplacements)
      for (std::size_t at = text.find(r.from); body && !checks && at != std::string::npos;
           at = text.find(r.from, at + 1))
        list.push_back({source.name, line + at, r});
  }
  return list;
}

/// The stage with all hardware of the shipped network, on its first images.
class ShippedMutantsNightly : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string model = ASSAY_SOURCE_DIR "/models/resnet8_w4a4/model.qonnx.onnx";
    const CommandResult run = run_assay({"run", model, "--images", std::to_string(kImages),
                                         "--target-cycles", "16384", "--out", out_.string()});
    ASSERT_EQ(run.code, 0) << run.err;
    session_ = std::make_unique<RtlSession>(out_, ImageChoice(), std::filesystem::path());
  }

  /// The quickest node that uses a module, ready but for its beats; nothing where none does.
  std::optional<PreparedNode> quickest_with(const std::string& file) const {
    std::vector<PreparedNode> nodes;
    for (const auto& node : session_->graph.nodes())
      if (hw::find_layer(*node)) nodes.push_back(prepare_node(*node));
    std::ranges::stable_sort(nodes, {}, [](const PreparedNode& p) { return p.rtl.layer.cycles; });
    for (PreparedNode& p : nodes)
      if (uses(p, file)) return std::move(p);
    return {};
  }

  /// Whether the module is in the node's design: sources lie beside it that its parameters leave out.
  bool uses(PreparedNode p, const std::string& file) const {
    const auto source = std::ranges::find(p.spec.sources, file, &sim::SourceFile::name);
    if (source == p.spec.sources.end()) return false;
    const std::size_t body = source->text.find("\n);\n");
    if (body == std::string::npos) return false;
    source->text.insert(body + 4, "$error(\"it is used\");\n");
    try {
      session_->cache.get(p.spec);
      return false;
    } catch (const ToolError&) {
      return true;
    }
  }

  /// Whether the simulation of both is the same program: then what was replaced says nothing here, as in a
  /// branch that the parameters do not take.
  bool is_same_program(const PreparedNode& a, const PreparedNode& b) const {
    return read_file(session_->cache.get(a.spec).program) ==
           read_file(session_->cache.get(b.spec).program);
  }

  /// Gives it its memories, the images' and the directed frames.
  void fill(PreparedNode& p) const {
    session_->dir.make_folder(p.folder);
    for (const hw::MemoryImage& image : p.rtl.layer.images)
      session_->dir.write(p.folder + "/" + image.name(), image.hex());
    const std::unique_ptr<NodeStimuli> stimuli = make_stimuli(*p.node);
    session_->for_each_image(
        Console{.out = std::cout, .err = std::cerr, .quiet = true}, [&](const ExactRun& run) {
          const auto values = [&](const Tensor* t) { return integers(run.values.at(t)); };
          add_frame(p, values);
          NodeFrame frame;
          for (const Tensor* t : run_time_inputs(*p.node)) frame.push_back(values(t));
          stimuli->see(frame);
        });
    add_directed_frames(p, *stimuli, 1);
    hash_content(p);
  }

  /// The judgement on a node whose RTL is what its specification says; nothing when that does not
  /// build.
  std::optional<Judgement> judged(const PreparedNode& p) const {
    sim::Model model;
    try {
      model = session_->cache.get(p.spec);
    } catch (const ToolError&) {
      return {};
    }
    Judgement judgement{Verdict::kEquivalent, ""};
    for (const sim::Profile profile : {sim::Profile::kAlways, sim::Profile::kBursts}) {
      SimRun run;
      run.profile = profile;
      run.frames = kImages + p.directed;
      for (const sim::Tokens& t : p.outputs) run.predicted += t.beats * run.frames;
      try {
        session_->runner.run(p, model, run);
      } catch (const ToolError& error) {
        return Judgement{Verdict::kInconclusive, error.what()};
      }
      const Judgement j = judge_run(p, run);
      judgement.note(j.verdict, j.reason);
    }
    return judgement;
  }

  static PreparedNode mutated(PreparedNode p, const Mutant& mutant) {
    const auto source = std::ranges::find(p.spec.sources, mutant.file, &sim::SourceFile::name);
    source->text.replace(mutant.at, mutant.change.from.size(), mutant.change.to);
    return p;
  }

  TempDir dir_;
  const std::filesystem::path out_ = dir_.path() / "out";
  std::unique_ptr<RtlSession> session_;
};

/// "assay_fifo.sv:12: `count == 0`".
std::string line_of(const std::string& text, const Mutant& m) {
  const std::size_t begin = text.rfind('\n', m.at) + 1, end = text.find('\n', m.at);
  return fmt::format(
      "{}:{}: '{}' for '{}' in {}", m.file,
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(m.at), '\n') + 1,
      m.change.to, m.change.from, text.substr(begin, end - begin));
}

/// Why it does not matter that a mutant survived; empty where nobody knows.
std::string_view harmless(const std::string& text, const Mutant& m) {
  const std::size_t begin = text.rfind('\n', m.at) + 1, end = text.find('\n', m.at);
  const std::string_view line = std::string_view(text).substr(begin, end - begin);
  const auto it = std::ranges::find_if(kHarmless, [&](const Harmless& h) {
    return h.file == m.file && h.to == m.change.to && line.find(h.line) != std::string_view::npos;
  });
  return it == kHarmless.end() ? "" : it->why;
}

TEST_F(ShippedMutantsNightly, AreNoticed) {
  std::map<std::string, std::string> modules;
  for (const auto& node : session_->graph.nodes())
    if (hw::find_layer(*node))
      for (const sim::SourceFile& source : prepare_node(*node).spec.sources)
        if (source.name.starts_with("assay_") && source.name != "assay_node.sv")
          modules[source.name] = source.text;
  int noticed = 0, same = 0;
  std::vector<std::string> survivors, unused;
  std::mt19937_64 random(1);
  for (const auto& [file, text] : modules) {
    std::vector<Mutant> mutants = places({file, text});
    for (std::size_t i = mutants.size(); i > 1; --i)
      std::swap(mutants[i - 1], mutants[random() % i]);
    std::optional<PreparedNode> node = quickest_with(file);
    if (!node) {
      unused.push_back(file);
      continue;
    }
    fill(*node);
    ASSERT_EQ(judged(*node)->verdict, Verdict::kEquivalent) << judged(*node)->reason;
    int tried = 0;
    for (std::size_t i = 0; i < mutants.size() && tried < kPerModule; ++i) {
      const PreparedNode mutant = mutated(*node, mutants[i]);
      const auto judgement = judged(mutant);
      if (!judgement) continue;  // it does not build
      if (judgement->verdict == Verdict::kEquivalent && is_same_program(*node, mutant)) {
        ++same;
        continue;
      }
      ++tried;
      if (judgement->verdict != Verdict::kEquivalent) {
        ++noticed;
        continue;
      }
      const std::string_view why = harmless(text, mutants[i]);
      survivors.push_back(
          fmt::format("{}, {}: {}", node->node->name, line_of(text, mutants[i]), why));
      EXPECT_NE(why, "") << survivors.back();
    }
  }
  fmt::print("{} noticed, {} survived, {} are the same program; {} modules are in no node\n",
             noticed, survivors.size(), same, unused.size());
  for (const std::string& file : unused) fmt::print("in no node: {}\n", file);
  for (const std::string& line : survivors) fmt::print("{}\n", line);
  const double all = noticed + static_cast<double>(survivors.size());
  EXPECT_GT(all, kPerModule * 15);
  EXPECT_GE(noticed / all, 0.8) << "as harmless as they may be";
}

TEST_F(ShippedMutantsNightly, TheOrderOfEqualClassesIsNoticed) {
  std::optional<PreparedNode> node = quickest_with("assay_label_select.sv");
  ASSERT_TRUE(node);
  fill(*node);
  const auto source =
      std::ranges::find(node->spec.sources, "assay_label_select.sv", &sim::SourceFile::name);
  const std::string compare = "(in_data_i[l*InBits +: InBits] ^ Turn) >\n";
  const std::size_t at = source->text.find(compare);
  ASSERT_NE(at, std::string::npos);
  const Mutant mutant = {source->name, at + compare.size() - 2, {">", ">="}};
  EXPECT_EQ(judged(*node)->verdict, Verdict::kEquivalent);
  EXPECT_EQ(judged(mutated(*node, mutant))->verdict, Verdict::kDifferent);
}

}  // namespace
}  // namespace assay::top
