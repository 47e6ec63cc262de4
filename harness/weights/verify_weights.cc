// SPDX-License-Identifier: Apache-2.0
#include "harness/weights/verify_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "compile/backend/host/driver.h"
#include "compile/backend/verilog/mover_registers.h"
#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"
#include "compile/onnx/import.h"
#include "compile/passes/streams/create_dataflow_partition.h"
#include "harness/board/board_design.h"
#include "harness/build/driver_package.h"
#include "harness/check/execute.h"
#include "harness/check/saved_stage.h"
#include "harness/flow/flow.h"
#include "harness/report/sentence.h"
#include "harness/run/ledger.h"
#include "harness/run/network.h"
#include "harness/system/simulated_system.h"
#include "harness/weights/host_training.h"
#include "harness/weights/reweighted.h"
#include "harness/weights/weight_package.h"

namespace assay {
namespace {

constexpr const char* kReport = "reports/weights.json";
constexpr const char* kWords = "weights.npy";
constexpr const char* kMap = "weights.json";
constexpr std::string_view kNamedLayers =
    "partition";  ///< the last stage that does not depend on foldings
/// Of the memory, under all profiles but "always".
constexpr int kWeightsLatency = 30;
constexpr std::uint64_t kBufferDistance = std::uint64_t{1} << 32;

using Frames = std::vector<std::vector<std::string>>;  ///< per mover and image, as tdata

/// The other model's run, up to its hardware layers.
Graph other_layers(const WeightsOptions& options, const SavedRun& run, const ImageChoice& images,
                   const Console& console) {
  FlowOptions flow;
  static_cast<RunChoice&>(flow) =
      recorded_choice(run.report.inputs.options.value_or(Named<OptionValue>()));
  flow.topk = run.report.inputs.topk;
  flow.model = options.from;
  flow.out = options.out;
  flow.images = images;
  flow.preprocess = run.preprocess;
  flow.until = kNamedLayers;
  flow.replace = options.replace;
  flow.finished = options.finished;
  const FlowResult result = run_flow(flow, console);
  require_equivalent(result.report);
  return load_file(read_run(options.out).stages.back().file).graph;
}

HostTraining training_of(Graph layers, const std::filesystem::path& model) {
  HostTraining training{
      std::move(layers), import_bytes(read_file(model), model_folder(model), model.string()), {}};
  training.tail = complete(training.left);
  return training;
}

/// A run's accelerator that gets other weights while it works.
class WeightSwitch {
 public:
  WeightSwitch(const WeightsOptions& options, const Console& console)
      : options_(options),
        console_(console),
        session_(options.dir, options.images, options.cache),
        run_(read_run(options.dir)),
        system_(session_, {64, 16, 4, ""}, options.seed) {
    if (system_.top().rtl.stores.empty())
      user_error("'{}' has no run-time weights; begin a run with --runtime-weights",
                 printable(options.dir.string(), 4096));
  }

  WeightsResult run() {
    session_.prove_stage(console_);
    const Graph theirs =
        other_layers(options_, run_, images_of_run(run_, options_.images), console_);
    const Graph stage = load_file(run_.stages.back().file).graph;
    reweighted(stage, theirs);  // refuses what does not fit
    graph_ = reweighted_pixels(theirs);
    top_ = prepare_top(only_accelerator(graph_, "a system"), "accelerator");
    old_words_ = weight_words(system_.top().rtl);
    new_words_ = weight_words(top_.rtl);
    take_training(theirs);
    describe();
    take_frames();
    Progress progress(console_, "simulate the switch", std::ssize(options_.profiles));
    for (const sim::Profile profile : options_.profiles) {
      report_.runs.push_back(run_of(profile));
      progress.tick();
    }
    judge();
    write();
    return {report_, table()};
  }

 private:
  /// The graph that is simulated, from pixels on, with the other training's constants.
  Graph reweighted_pixels(const Graph& theirs) const {
    Graph graph = session_.graph;
    const Graph swapped = reweighted(load_file(run_.stages.back().file).graph, theirs);
    for (const auto& node : swapped.nodes()) {
      Node* own = graph.find_node(node->name);
      for (std::size_t i = 0; own && i < node->inputs.size(); ++i) {
        const Tensor* given = node->inputs[i];
        if (!given || !given->is_constant() || !hw::find_layer(*node)) continue;
        Tensor* constant = graph.add_constant(given->name, *given->constant);
        constant->dtype = given->dtype;
        constant->container = given->container;
        graph.set_input(own, i, constant);
      }
    }
    graph.remove_dead();
    return graph;
  }

  Graph named_layers() const {
    const auto it = std::ranges::find_if(run_.stages, [](const SavedRun::Stage& stage) {
      return stage.id.substr(stage.id.find('_') + 1) == kNamedLayers;  // "12_partition"
    });
    ASSAY_INVARIANT(it != run_.stages.end(), "a run with hardware without the stage of its layers");
    return load_file(it->file).graph;
  }

  /// What a host has to know of the other training. Of a network that no driver serves that is nothing.
  void take_training(const Graph& theirs) {
    std::vector<host::StreamLayout> inputs, outputs;
    std::string own;
    std::optional<HostTraining> ours;
    try {
      ours = training_of(named_layers(), run_.report.model);
      inputs = host::input_layouts(session_.graph, system_.top().rtl);
      outputs = host::output_layouts(session_.graph, system_.top().rtl);
      own = training_text(inputs, outputs, *ours);
    } catch (const UserError& error) {
      report_.notes.push_back(
          fmt::format("no driver could load these weights, as there is none: {}", error.what()));
      return;
    }
    inputs = retrained(std::move(inputs), true, ours->layers, theirs);
    outputs = retrained(std::move(outputs), false, ours->layers, theirs);
    training_ = training_text(inputs, outputs, training_of(theirs, options_.from));
    require_same_work(own, training_);
    arrays_.emplace(top_.rtl, inputs, outputs);
    if (training_ != own)
      report_.notes.push_back(
          "the trainings' integers mean other numbers: weights.json says what a host makes of "
          "them, and driver.py takes it over; hosts in C and C++ carry integers alone");
  }

  const std::vector<WeightStore>& stores() const { return system_.top().rtl.stores; }

  void describe() {
    report_.head = session_.report_head(options_.seed);
    report_.from = options_.from.string();
    report_.from_sha256 = sha256(read_file(options_.from));
    report_.content_hash = board::content_hash(session_.dir.path());
    const std::string_view bytes(reinterpret_cast<const char*>(new_words_.data()),
                                 new_words_.size() * sizeof(std::uint32_t));
    report_.words_sha256 = sha256(bytes);
    places_ = weight_places(stores());
    for (const WeightStore& s : stores())
      report_.stores.push_back(
          {s.node, s.file, s.address, s.need.words, s.columns(), s.need.stride(), 0});
    for (std::size_t i = 0; i < places_.size(); ++i)
      report_.stores[places_[i].store].changed += old_words_[i] != new_words_[i];
  }

  Frames frames_of(const PreparedTop& top, const Graph& graph, HostArrays* arrays = nullptr) const {
    Frames frames(system_.movers().size());
    const ExactPixels golden(graph, split_images(session_.image_count));
    in_order(
        session_.image_count,
        [&](std::int64_t i) { return golden.run_all(session_.images.set.values(i)); },
        [&](const ExactRun& run) {
          const TopFrame frame =
              top_frame(top, [&](const Tensor* tensor) { return integers(run.values.at(tensor)); });
          for (std::size_t m = 0; m < frames.size(); ++m)
            frames[m].push_back(system_.beats(frame, m));
          if (arrays) arrays->add(run);
        });
    return frames;
  }

  void take_frames() {
    console_.remark("golden of both trainings");
    old_frames_ = frames_of(system_.top(), session_.graph);
    new_frames_ = frames_of(top_, graph_, arrays_ ? &*arrays_ : nullptr);
    for (std::size_t m = 0; m < system_.movers().size(); ++m)
      if (system_.movers()[m].reads && old_frames_[m] != new_frames_[m]) same_inputs_ = false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(session_.image_count); ++i) {
      bool differ = false;
      for (std::size_t m = 0; m < system_.movers().size(); ++m)
        differ |= !system_.movers()[m].reads && old_frames_[m][i] != new_frames_[m][i];
      report_.told_apart += differ;
    }
  }

  // ---- One simulation ----

  report::Weights::Run run_of(sim::Profile profile) {
    report::Weights::Run run;
    run.profile = sim::profile_name(profile);
    run.verdict = Verdict::kEquivalent;
    sim::AxiSession& host = system_.host();
    host.reset();
    host.pace({profile, profile == sim::Profile::kAlways ? 0 : kWeightsLatency,
               sim::AxiTiming::Order::kAny, options_.seed});
    const std::int64_t n = session_.image_count;
    // With its own weights, which it has from the start or has to get back.
    hold(run);
    write_words(old_words_);
    release();
    begun_ = weights("frames");
    const std::int64_t switched =
        same_inputs_ ? switch_in_transfer(run, 2 * n) : switch_between(run, n);
    run.before = std::max<std::int64_t>(switched, 0);
    for (const sim::Violation& v : host.violations())
      run.violations.push_back({v.rule, v.stream, v.cycle});
    if (!run.violations.empty())
      note(run, Verdict::kDifferent,
           fmt::format("{} on {} at cycle {}", run.violations[0].rule, run.violations[0].stream,
                       run.violations[0].cycle));
    if (run.predicted == 0 || run.compared != run.predicted || run.words_predicted == 0 ||
        run.words_compared != run.words_predicted)
      note(run, Verdict::kInconclusive,
           fmt::format("{} of {} predicted beats and {} of {} words were compared", run.compared,
                       run.predicted, run.words_compared, run.words_predicted));
    if (run.verdict == Verdict::kEquivalent) run.reason = "every byte of every output agrees";
    return run;
  }

  static void note(report::Weights::Run& run, Verdict verdict, const std::string& reason) {
    Judgement judgement{run.verdict, run.reason};
    judgement.note(verdict, reason);
    run.verdict = judgement.verdict;
    run.reason = judgement.reason;
  }

  /// All images twice, the switch in the middle; how many frames the old weights had.
  std::int64_t switch_in_transfer(report::Weights::Run& run, std::int64_t frames) {
    place(old_frames_, frames);
    start(frames);
    system_.host().step(system_.top().slowest().layer.cycles * frames / 2);
    const std::int64_t before = exchange(run);
    if (before <= 0 || before >= frames)
      note(run, Verdict::kInconclusive,
           fmt::format("the switch came after {} of {} frames, not in the middle", before, frames));
    if (!finished(run, frames)) return before;
    compare(run, frames, before);
    run.after = frames - before;
    return before;
  }

  /// Where the host streams weights, it has to know where the switch is.
  std::int64_t switch_between(report::Weights::Run& run, std::int64_t frames) {
    place(old_frames_, frames);
    start(frames);
    if (finished(run, frames)) compare(run, frames, frames);
    const std::int64_t before = exchange(run);
    if (before != frames)
      note(run, Verdict::kDifferent,
           fmt::format("{} frames were begun where {} had been sent", before, frames));
    place(new_frames_, frames);
    start(frames);
    if (finished(run, frames)) compare(run, frames, 0);
    run.after = frames;
    return before;
  }

  /// Holds the accelerator, sees the old weights, writes the new ones, sees them and releases it. Returns the
  /// frames that it had begun since begun_.
  std::int64_t exchange(report::Weights::Run& run) {
    const std::int64_t since = system_.host().cycle();
    if (!hold(run)) return -1;
    const auto before = static_cast<std::int64_t>(weights("frames") - begun_);
    read_back(run, old_words_);
    write_words(new_words_);
    read_back(run, new_words_);
    release();
    run.cycles = system_.host().cycle() - since;
    return before;
  }

  // ---- The host ----

  std::size_t port() const { return system_.movers().size(); }  ///< of run-time weights
  static unsigned at(std::string_view name) {
    return std::ranges::find(kWeightRegisters, name, &WeightRegister::name)->offset;
  }
  std::uint32_t weights(std::string_view name) { return system_.host().read(port(), at(name)); }

  bool hold(report::Weights::Run& run) {
    system_.host().write(port(), at("hold"), 1);
    const std::int64_t step = std::max<std::int64_t>(system_.top().slowest().layer.cycles / 8, 16),
                       end = system_.host().cycle() + patience(2);
    while (weights("held") == 0) {
      if (system_.host().cycle() > end) {
        note(run, Verdict::kDifferent, "the accelerator does not come to rest");
        return false;
      }
      system_.host().step(step);
    }
    return true;
  }
  void release() { system_.host().write(port(), at("hold"), 0); }

  void write_words(const std::vector<std::uint32_t>& words) {
    for (std::size_t i = 0; i < words.size(); ++i)
      system_.host().write(port(), places_[i].address(stores()[places_[i].store]), words[i]);
  }

  void read_back(report::Weights::Run& run, const std::vector<std::uint32_t>& words) {
    run.words_predicted += std::ssize(words);
    std::vector<std::uint32_t> got;
    for (const WeightPlace& place : places_)
      got.push_back(system_.host().read(port(), place.address(stores()[place.store])));
    const WordsFound found = compare_words(words, got);
    run.words_compared += found.compared;
    run.words_differing += found.differing;
    if (found.differing > 0)
      note(run, Verdict::kDifferent,
           fmt::format("{} words read back differ, first {}", found.differing, found.first));
    else
      plant_in_words(words, got);
  }

  struct WordsFound {
    std::int64_t compared = 0, differing = 0;
    std::string first;
  };
  WordsFound compare_words(const std::vector<std::uint32_t>& words,
                           const std::vector<std::uint32_t>& got) const {
    WordsFound found;
    for (std::size_t i = 0; i < std::min(words.size(), got.size()); ++i) {
      ++found.compared;
      if (words[i] == got[i]) continue;
      const WeightPlace& place = places_[i];
      if (found.differing++ == 0)
        found.first =
            fmt::format("{}, word {}, column {}: expected {:08x}, got {:08x}",
                        stores()[place.store].file, place.word, place.column, words[i], got[i]);
    }
    return found;
  }

  /// A bit of the first and of the last word turned round has to be one word that differs.
  void plant_in_words(std::vector<std::uint32_t> words, const std::vector<std::uint32_t>& got) {
    for (const std::size_t i : {std::size_t{0}, words.size() - 1}) {
      words[i] ^= 1U;
      ++report_.canaries.planted;
      if (compare_words(words, got).differing == 1) ++report_.canaries.caught;
      words[i] ^= 1U;
    }
  }

  // ---- Frames ----

  std::int64_t patience(std::int64_t frames) const { return (frames + 4) * system_.top().patience; }
  static std::uint64_t base(std::size_t mover) { return kBufferDistance * (mover + 1); }

  /// Frames of a mover in memory, the first `old` of them of the old weights; images over and over.
  std::string buffer(std::size_t mover, std::int64_t frames, std::int64_t old) const {
    std::string beats;
    for (std::int64_t f = 0; f < frames; ++f)
      beats += (f < old ? old_frames_
                        : new_frames_)[mover][static_cast<std::size_t>(f % session_.image_count)];
    return system_.movers()[mover].to_memory(beats);
  }

  void place(const Frames& frames, std::int64_t count) {
    system_.host().clear();
    for (std::size_t m = 0; m < system_.movers().size(); ++m) {
      const DataMover& mover = system_.movers()[m];
      system_.host().map({base(m), static_cast<std::uint64_t>(mover.transfer_bytes(count))},
                         mover.reads, !mover.reads);
      if (mover.reads)
        system_.host().put(base(m), buffer(m, count, &frames == &old_frames_ ? count : 0));
    }
  }

  static unsigned mover_at(std::string_view name) {
    return std::ranges::find(kMoverRegisters, name, &MoverRegister::name)->offset;
  }

  void start(std::int64_t frames) {
    const auto write = [&](std::size_t m, std::string_view reg, std::uint64_t value) {
      system_.host().write(m, mover_at(reg), static_cast<std::uint32_t>(value));
    };
    for (std::size_t m = system_.movers().size(); m-- > 0;) {
      write(m, "interrupt_status", 3);
      write(m, "global_interrupt_enable", 1);
      write(m, "interrupt_enable", 3);
      write(m, "base_low", base(m) & 0xffffffffU);
      write(m, "base_high", base(m) >> 32);
      write(m, "frames", static_cast<std::uint64_t>(frames));
      write(m, "control", mover_bit("control", "start"));
    }
  }

  bool finished(report::Weights::Run& run, std::int64_t frames) {
    for (const DataMover& m : system_.movers())
      if (!m.reads) run.predicted += frames * m.frame_beats;
    const std::uint64_t everyone = (std::uint64_t{1} << system_.movers().size()) - 1;
    if (system_.host().wait(everyone, patience(frames))) return true;
    note(run, Verdict::kDifferent,
         fmt::format("{} frames are not through after {} cycles", frames, patience(frames)));
    return false;
  }

  struct BeatsFound {
    std::int64_t compared = 0, differing = 0;
    std::string first;
  };

  void compare(report::Weights::Run& run, std::int64_t frames, std::int64_t old) {
    for (std::size_t m = 0; m < system_.movers().size(); ++m) {
      const DataMover& mover = system_.movers()[m];
      if (mover.reads) continue;
      const std::string expected = buffer(m, frames, old),
                        got = system_.host().get(base(m), expected.size());
      const BeatsFound found = compare_beats(mover, expected, got);
      run.compared += found.compared;
      run.differing += found.differing;
      if (found.differing > 0)
        note(run, Verdict::kDifferent,
             fmt::format("{} beats differ, first {}", found.differing, found.first));
      else
        plant_in_beats(mover, expected, got);
    }
  }

  static BeatsFound compare_beats(const DataMover& mover, std::string_view expected,
                                  std::string_view got) {
    BeatsFound found;
    const auto slot = static_cast<std::size_t>(mover.slot_bytes());
    for (std::size_t i = 0; (i + 1) * slot <= std::min(expected.size(), got.size()); ++i) {
      ++found.compared;
      if (expected.substr(i * slot, slot) == got.substr(i * slot, slot)) continue;
      const auto beat = static_cast<std::int64_t>(i);
      if (found.differing++ == 0)
        found.first = fmt::format("frame {}, {} beat {}", beat / mover.frame_beats, mover.name,
                                  beat % mover.frame_beats);
    }
    return found;
  }

  void plant_in_beats(const DataMover& mover, std::string expected, std::string_view got) {
    for (const std::size_t i : {std::size_t{0}, expected.size() - 1}) {
      expected[i] = static_cast<char>(~expected[i]);
      ++report_.canaries.planted;
      if (compare_beats(mover, expected, got).differing == 1) ++report_.canaries.caught;
      expected[i] = static_cast<char>(~expected[i]);
    }
  }

  // ---- What came of it ----

  void judge() {
    Judgement judgement{Verdict::kEquivalent, ""};
    for (const report::Weights::Run& run : report_.runs) {
      report_.head.predicted += run.predicted + run.words_predicted;
      report_.head.compared += run.compared + run.words_compared;
      report_.head.differing += run.differing + run.words_differing;
      judgement.note(run.verdict, fmt::format("{}: {}", run.profile, run.reason));
    }
    const report::Canaries& c = report_.canaries;
    if (judgement.verdict != Verdict::kDifferent) {
      if (report_.told_apart == 0)
        judgement.note(
            Verdict::kInconclusive,
            "no image tells the trainings apart: both give the same outputs on all of them");
      if (c.planted == 0 || c.caught != c.planted)
        judgement.note(Verdict::kInconclusive,
                       fmt::format("{} of {} planted faults were noticed", c.caught, c.planted));
    }
    if (judgement.verdict == Verdict::kEquivalent)
      judgement.reason = "every byte of every output agrees";
    report_.head.verdict = judgement.verdict;
    report_.reason = judgement.reason;
  }

  void write() {
    const RunDir out(options_.out);
    out.write(kWords, weights_npy(new_words_));
    out.write(kMap, weights_json(top_.rtl, report_.content_hash, new_words_, training_));
    out.write_report(kReport, report_);
    std::vector<std::string> files = {kWords, kMap, kReport};
    if (arrays_)
      for (const NodeRtl::File& file : arrays_->files()) {
        out.write(file.name, file.text);
        files.push_back(file.name);
      }
    register_files(out, files);
  }

  std::string table() const {
    std::vector<std::vector<std::string>> rows = {{"memory", "frames before", "frames after",
                                                   "beats", "words read", "differing",
                                                   "cycles of the switch", "verdict"}};
    for (const report::Weights::Run& r : report_.runs)
      rows.push_back({r.profile, grouped(r.before), grouped(r.after), grouped(r.compared),
                      grouped(r.words_compared), grouped(r.differing + r.words_differing),
                      grouped(r.cycles), std::string(verdict_name(r.verdict))});
    std::int64_t changed = 0;
    for (const report::Weights::Store& s : report_.stores) changed += s.changed;
    std::string text = "\n" + table_text(rows);
    text += fmt::format("\n{} memories, {} words of 32 bits, of which {} change: '{}'\n",
                        report_.stores.size(), grouped(std::ssize(new_words_)), grouped(changed),
                        printable((options_.out / kWords).string(), 4096));
    for (const std::string& note : report_.notes) text += "NOTE: " + note + "\n";
    if (report_.head.verdict != Verdict::kEquivalent)
      text += "\n" + sentence(report_.reason) + "\n";
    return text +
           fmt::format(
               "\n{}: new weights from the frame on that followed the switch, {} of {} predicted "
               "beats and words compared, {} differing; the trainings differ on {} of {} images; "
               "{} of {} planted faults caught\n",
               verdict_name(report_.head.verdict), grouped(report_.head.compared),
               grouped(report_.head.predicted), grouped(report_.head.differing), report_.told_apart,
               session_.image_count, report_.canaries.caught, report_.canaries.planted);
  }

  const WeightsOptions& options_;
  const Console& console_;
  const RtlSession session_;
  const SavedRun run_;
  SimulatedSystem system_;
  Graph graph_;                       ///< with the other training's constants, from pixels on
  PreparedTop top_;                   ///< of it
  std::string training_;              ///< of weights.json
  std::optional<HostArrays> arrays_;  ///< of the other training
  std::vector<std::uint32_t> old_words_, new_words_;
  std::vector<WeightPlace> places_;  ///< of the words
  Frames old_frames_, new_frames_;
  bool same_inputs_ = true;
  std::uint32_t begun_ = 0;  ///< the register before the transfer
  report::Weights report_;
};

}  // namespace

WeightsResult verify_weights(const WeightsOptions& options, const Console& console) {
  return WeightSwitch(options, console).run();
}

}  // namespace assay
