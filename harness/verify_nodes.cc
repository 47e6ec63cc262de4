// SPDX-License-Identifier: Apache-2.0
#include "harness/verify_nodes.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/onnx/import.h"
#include "harness/execute.h"
#include "harness/identity.h"
#include "harness/node_run.h"
#include "harness/preprocess.h"
#include "harness/saved_run.h"
#include "harness/schema.h"

namespace assay {
namespace {

/// Steady-state cycles are the distance of the second and the third frame at least.
constexpr std::int64_t kLeastFrames = 3;
constexpr std::int64_t kWaveCycles = 1000;

/// A node with all that was found out about it.
struct VerifiedNode {
  PreparedNode prepared;
  sim::Model model;
  std::vector<NodeRun> runs;
  NodeRun canary;
  Verdict verdict = Verdict::kInconclusive;
  std::string reason;
};

std::string names_text(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    text += (i == 0 ? "" : ", ") + printable(names[i]);
  return names.size() > kShown ? text + fmt::format(" and {} more", names.size() - kShown) : text;
}

std::vector<const Node*> chosen_nodes(const Graph& graph, const std::vector<std::string>& wanted) {
  std::vector<const Node*> hardware, chosen;
  std::vector<std::string> names;
  for (const Node* node : graph.topological_order())
    if (hw::find_layer(*node)) {
      hardware.push_back(node);
      names.push_back(node->name);
    }
  if (hardware.empty())
    user_error("the run's last stage has no hardware layers; do the run again without --until");
  if (wanted.empty()) return hardware;
  for (const std::string& name : wanted) {
    const auto it = std::ranges::find(hardware, name, &Node::name);
    if (it == hardware.end())
      user_error("--nodes: no hardware node is called '{}'; there are {}", printable(name),
                 names_text(names));
    if (std::ranges::find(chosen, *it) == chosen.end()) chosen.push_back(*it);
  }
  return chosen;
}

std::uint64_t seed_of(std::uint64_t seed, const std::string& node, std::string_view what) {
  const std::string digest = sha256(fmt::format("{}\n{}\n{}", seed, node, what));
  return std::stoull(digest.substr(0, 8), nullptr, 16) + 1;
}

std::vector<std::int64_t> integers(const ExactValue& value) {
  if (value.terms.size() == 1 && value.offset == RealArray() &&
      value.terms[0].scale == RealArray(Real(1)))
    return value.terms[0].q;
  std::vector<std::int64_t> result;
  for (std::int64_t i = 0; i < value.size(); ++i) result.push_back(value.real(i).floor().get_si());
  return result;
}

class Verification {
 public:
  Verification(const VerifyNodesOptions& options, const Console& console)
      : options_(options),
        console_(console),
        dir_(existing_run(options.dir)),
        run_(read_run(options.dir)),
        stage_bytes_(read_stage_bytes()),
        preprocess_(run_.preprocess),
        graph_(pixel_graph(
            import_bytes(stage_bytes_, options.dir / "stages", run_.stages.back().file.string()),
            preprocess_)),
        nodes_(chosen_nodes(graph_, options.nodes)),
        images_(choose_images(images_of_run(run_, options.images), graph_)),
        image_count_(options.images.images.empty() ? std::min(images_.size(), kVerifiedImages)
                                                   : images_.size()),
        cache_(options.cache.empty() ? dir_.file("build/models") : options.cache),
        runner_(dir_, cache_) {
    if (!options.wave.empty() && (nodes_.size() != 1 || options.profiles.size() != 1))
      user_error(
          "--wave shows one node under one profile: give --nodes and --profiles with one name "
          "each");
    if (image_count_ == 0) user_error("there are no images to verify with");
  }

  VerifyNodesResult run() {
    for (const char* folder : {"rtl", "build", "build/results", "build/runs"})
      dir_.make_folder(folder);
    dir_.remove("reports/rtl-node.json");  // until the end there is no verdict
    prepare();
    simulate();
    VerifyNodesResult result;
    for (VerifiedNode& node : verified_) judge(node);
    result.verdict = Verdict::kEquivalent;
    for (const VerifiedNode& node : verified_) result.verdict = worse(result.verdict, node.verdict);
    if (!options_.wave.empty()) write_wave(verified_.front());
    result.report = report(result.verdict);
    dir_.write_report("reports/rtl-node.json", result.report);
    dir_.log("rtl-node", {{"verdict", verdict_name(result.verdict)}});
    result.table = table(result);
    return result;
  }

 private:
  std::string read_stage_bytes() const {
    const SavedRun::Stage& stage = run_.stages.back();
    std::string bytes = read_file(stage.file);
    if (sha256(bytes) != stage.sha256)
      user_error("'{}' was changed since the run; do the run again",
                 printable(stage.file.string(), 4096));
    return bytes;
  }

  /// RTL, memory files and the images' beats of every node.
  void prepare() {
    verified_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      PreparedNode& p = verified_[i].prepared;
      p.node = nodes_[i];
      p.folder = "rtl/" + safe_file_name(nodes_[i]->name);
      p.rtl = node_rtl(*nodes_[i], "assay_node");
      add_design(p.spec, p.rtl);
    }
    Progress progress(console_, "write RTL", std::ssize(nodes_));
    for (VerifiedNode& v : verified_) {
      write_rtl(v.prepared);
      progress.tick();
    }
    collect_beats();
    for (VerifiedNode& v : verified_) hash_content(v.prepared);
  }

  void write_rtl(PreparedNode& p) const {
    dir_.make_folder(p.folder);
    for (const NodeRtl::File& file : p.rtl.files) dir_.write(p.folder + "/" + file.name, file.text);
    std::vector<hw::MemoryImage> read;
    for (const hw::MemoryImage& image : p.rtl.layer.images) {
      const std::string name = p.folder + "/" + image.name();
      const std::string hex = image.hex();
      dir_.write(name, hex);
      p.content += sha256(hex);
      read.push_back(hw::MemoryImage::parse(image.name(), image.word_bits(), image.words(),
                                            read_file(dir_.file(name))));
    }
    p.memories = check_memories(*p.node, read);
  }

  void collect_beats() {
    const ExactPixels golden(graph_, true);
    Progress progress(console_, "golden", image_count_);
    for (VerifiedNode& v : verified_) {
      v.prepared.inputs.resize(v.prepared.rtl.layer.inputs.size());
      v.prepared.outputs.resize(v.prepared.rtl.layer.outputs.size());
    }
    for (std::int64_t image = 0; image < image_count_; ++image) {
      const ExactRun run = golden.run_all(images_.set.image(image));
      tbb::parallel_for(std::size_t{0}, verified_.size(),
                        [&](std::size_t i) { add_image(verified_[i].prepared, run); });
      progress.tick();
    }
  }

  static void add_image(PreparedNode& p, const ExactRun& run) {
    const hw::Layer& layer = p.rtl.layer;
    const auto add = [&](const std::vector<hw::Stream>& streams, std::vector<sim::Tokens>& tokens) {
      for (std::size_t s = 0; s < streams.size(); ++s) {
        const bool weights = streams[s].tensor->is_constant();
        if (weights && !tokens[s].bytes.empty()) continue;
        const sim::Tokens frame = stream_tokens(
            layer, streams[s],
            weights ? std::vector<std::int64_t>() : integers(run.values.at(streams[s].tensor)));
        tokens[s].bits = frame.bits;
        tokens[s].beats = frame.beats;
        tokens[s].last = frame.last;
        tokens[s].bytes.insert(tokens[s].bytes.end(), frame.bytes.begin(), frame.bytes.end());
      }
    };
    add(layer.inputs, p.inputs);
    add(layer.outputs, p.outputs);
  }

  /// Behind what write_rtl noted of the memories.
  static void hash_content(PreparedNode& p) {
    for (const auto* streams : {&p.inputs, &p.outputs})
      for (const sim::Tokens& t : *streams)
        p.content +=
            fmt::format("{} {} {} {}\n", t.bits, t.beats, t.last,
                        sha256({reinterpret_cast<const char*>(t.bytes.data()), t.bytes.size()}));
    p.content = sha256(p.content);
  }

  void plan_runs(VerifiedNode& v) const {
    std::int64_t beats = 0;
    for (const hw::Stream& s : v.prepared.rtl.layer.outputs)
      beats += hw::elements(s.tensor) / s.lanes;
    const std::string& name = v.prepared.node->name;
    const std::int64_t frames = std::max(image_count_, kLeastFrames);
    for (const sim::Profile profile : options_.profiles)
      v.runs.push_back({profile,
                        seed_of(options_.seed, name, sim::profile_name(profile)),
                        frames,
                        frames * beats,
                        false,
                        {},
                        false});
    v.canary = {
        sim::Profile::kAlways, seed_of(options_.seed, name, "canary"), 1, beats, true, {}, false};
  }

  void simulate() {
    for (VerifiedNode& v : verified_) plan_runs(v);
    // The slowest first, so that no core waits for the last one.
    std::vector<std::size_t> order(verified_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](std::size_t i) { return cost(verified_[i].prepared); });
    std::int64_t steps = 0;
    for (const VerifiedNode& v : verified_) steps += 2 + std::ssize(v.runs);
    Progress progress(console_, "simulate", steps);
    tbb::parallel_for(
        std::size_t{0}, order.size(),
        [&](std::size_t i) {
          VerifiedNode& v = verified_[order[i]];
          v.model = cache_.get(v.prepared.spec);
          progress.tick();
          tbb::parallel_for(
              std::size_t{0}, v.runs.size() + 1,
              [&](std::size_t r) {
                runner_.run(v.prepared, v.model, r == 0 ? v.canary : v.runs[r - 1]);
                progress.tick();
              },
              tbb::simple_partitioner());
        },
        tbb::simple_partitioner());
  }

  static double cost(const PreparedNode& p) {
    double bits = 0;
    for (const hw::MemoryImage& image : p.rtl.layer.images) bits += image.word_bits();
    for (const auto* streams : {&p.rtl.layer.inputs, &p.rtl.layer.outputs})
      for (const hw::Stream& s : *streams) bits += s.bits();
    return bits * static_cast<double>(p.rtl.layer.cycles);
  }

  static void judge(VerifiedNode& v) {
    const MemoryCheck& m = v.prepared.memories;
    v.verdict = Verdict::kEquivalent;
    v.reason = "every beat, cycle count and memory agrees";
    const auto note = [&](Verdict verdict, const std::string& reason) {
      if (worse(v.verdict, verdict) == v.verdict) return;
      v.verdict = verdict;
      v.reason = reason;
    };
    if (m.differing > 0)
      note(Verdict::kDifferent, fmt::format("{} of {} values in its memories are wrong; {}",
                                            m.differing, m.compared, m.first));
    for (const NodeRun& run : v.runs) {
      const NodeJudgement judgement = judge_run(v.prepared, run);
      note(judgement.verdict, judgement.reason);
    }
    if (m.compared != m.predicted)
      note(Verdict::kInconclusive,
           fmt::format("{} of {} values in its memories were compared", m.compared, m.predicted));
    if (!caught(v.prepared, v.canary))
      note(Verdict::kInconclusive, "a planted fault was not noticed");
  }

  static const NodeRun* first_bad(const VerifiedNode& v) {
    const auto it =
        std::ranges::find_if(v.runs, [](const NodeRun& r) { return r.result.first.has_value(); });
    return it == v.runs.end() ? nullptr : &*it;
  }

  void write_wave(const VerifiedNode& v) const {
    const NodeRun& run = v.runs.front();
    // Around the first mismatch, or else the first image.
    const sim::WaveWindow window =
        run.result.first
            ? sim::WaveWindow{std::max<std::int64_t>(0, run.result.first->cycle - 1), kWaveCycles}
            : sim::WaveWindow{0, kWaveCycles + 2 * v.prepared.rtl.layer.cycles};
    runner_.trace(v.prepared, run, options_.wave, window);
    console_.remark(fmt::format("wrote {}: node '{}' under profile {} from cycle {} on",
                                options_.wave.string(), printable(v.prepared.node->name),
                                sim::profile_name(run.profile), window.from));
  }

  std::string replay_command(const VerifiedNode& v, const NodeRun& run) const {
    std::string command =
        fmt::format("assay verify {} --level rtl-node --nodes {} --profiles {} --seed {}",
                    options_.dir.string(), printable(v.prepared.node->name),
                    sim::profile_name(run.profile), options_.seed);
    if (!options_.images.data.empty()) command += " --data " + options_.images.data;
    if (!options_.images.images.empty()) command += " --images " + options_.images.images;
    return command + " --wave " + safe_file_name(v.prepared.node->name) + ".vcd";
  }

  Json run_json(const VerifiedNode& v, const NodeRun& run) const {
    const NodeJudgement judgement = judge_run(v.prepared, run);
    Json violations = Json::array();
    for (const sim::Violation& x : run.result.violations)
      violations.push_back({{"rule", x.rule}, {"stream", x.stream}, {"cycle", x.cycle}});
    Json json = {{"profile", sim::profile_name(run.profile)},
                 {"seed", run.seed},
                 {"frames", run.frames},
                 {"verdict", verdict_name(judgement.verdict)},
                 {"reason", judgement.reason},
                 {"predicted", run.predicted},
                 {"compared", run.result.compared},
                 {"compared_before_reset", run.result.compared_before_reset},
                 {"differing", run.result.differing},
                 {"violations", violations},
                 {"stuck", run.result.stuck},
                 {"first_mismatch", Json()}};
    if (run.result.first)
      json["first_mismatch"] = {
          {"at", mismatch_text(v.prepared, *run.result.first, images_.first, image_count_)},
          {"replay", replay_command(v, run)}};
    return json;
  }

  Json node_json(const VerifiedNode& v) const {
    const hw::Layer& layer = v.prepared.rtl.layer;
    Json folding = Json::object(), runs = Json::array(), measured;
    for (const hw::FoldingRule& rule : hw::find_layer(*v.prepared.node)->rules(*v.prepared.node))
      folding[rule.field] = rule.value;
    for (const NodeRun& run : v.runs) {
      runs.push_back(run_json(v, run));
      if (const auto cycles = measured_cycles(run)) measured = *cycles;
    }
    const MemoryCheck& m = v.prepared.memories;
    return {{"node", v.prepared.node->name},
            {"operator", v.prepared.node->op->type()},
            {"folder", v.prepared.folder},
            {"folding", folding},
            {"model", v.model.key},
            {"content", v.prepared.content},
            {"verdict", verdict_name(v.verdict)},
            {"reason", v.reason},
            {"cycles", {{"formula", layer.cycles}, {"measured", measured}}},
            {"memories",
             {{"predicted", m.predicted},
              {"compared", m.compared},
              {"differing", m.differing},
              {"first", m.first}}},
            {"canaries", {{"planted", 1}, {"caught", caught(v.prepared, v.canary) ? 1 : 0}}},
            {"runs", runs}};
  }

  Json report(Verdict verdict) const {
    Json nodes = Json::array();
    std::int64_t predicted = 0, compared = 0, differing = 0;
    for (const VerifiedNode& v : verified_) {
      nodes.push_back(node_json(v));
      for (const NodeRun& run : v.runs) {
        predicted += run.predicted;
        compared += run.result.compared;
        differing += run.result.differing;
      }
    }
    return {{"schema", kRtlNodeSchema},
            {"assay", assay_identity()},
            {"stage", run_.stages.back().id},
            {"stage_sha256", run_.stages.back().sha256},
            {"data", data_identity(images_)},
            {"images", image_count_},
            {"seed", options_.seed},
            {"tools",
             {{"verilator", cache_.tools().verilator_version},
              {"compiler", cache_.tools().compiler_version}}},
            {"verdict", verdict_name(verdict)},
            {"predicted", predicted},
            {"compared", compared},
            {"differing", differing},
            {"nodes", nodes}};
  }

  std::string table(const VerifyNodesResult& result) const {
    std::vector<std::vector<std::string>> rows = {
        {"node", "layer", "folding", "cycles/frame", "measured", "beats", "differing", "verdict"}};
    std::int64_t kept = 0, runs = 0;
    for (const VerifiedNode& v : verified_) {
      std::string folding, measured = "-";
      std::int64_t compared = 0, differing = 0;
      for (const hw::FoldingRule& rule : hw::find_layer(*v.prepared.node)->rules(*v.prepared.node))
        folding += fmt::format("{}{}={}", folding.empty() ? "" : " ", rule.field, rule.value);
      for (const NodeRun& run : v.runs) {
        compared += run.result.compared + run.result.compared_before_reset;
        differing += run.result.differing;
        ++runs;
        kept += run.kept ? 1 : 0;
        if (const auto cycles = measured_cycles(run)) measured = grouped(*cycles);
      }
      rows.push_back({printable(v.prepared.node->name, 40),
                      std::string(v.prepared.node->op->type()), folding.empty() ? "-" : folding,
                      grouped(v.prepared.rtl.layer.cycles), measured, grouped(compared),
                      grouped(differing), std::string(verdict_name(v.verdict))});
    }
    std::string text = table_text(rows);
    for (const VerifiedNode& v : verified_) {
      if (v.verdict == Verdict::kEquivalent) continue;
      text += fmt::format("\nnode '{}': {}\n", printable(v.prepared.node->name), v.reason);
      if (const NodeRun* bad = first_bad(v))
        text +=
            fmt::format("  first: {}\n  replay: {}\n",
                        mismatch_text(v.prepared, *bad->result.first, images_.first, image_count_),
                        replay_command(v, *bad));
    }
    const Json& r = result.report;
    text += fmt::format(
        "\n{}: {} nodes, {} images, {} of {} predicted beats compared, {} differing; {} of {} runs "
        "kept from before\n",
        verdict_name(result.verdict), verified_.size(), image_count_,
        grouped(r.at("compared").get<std::int64_t>()),
        grouped(r.at("predicted").get<std::int64_t>()),
        grouped(r.at("differing").get<std::int64_t>()), kept, runs);
    return text;
  }

  const VerifyNodesOptions& options_;
  const Console& console_;
  RunDir dir_;
  SavedRun run_;
  std::string stage_bytes_;
  Preprocess preprocess_;
  Graph graph_;
  std::vector<const Node*> nodes_;
  ChosenImages images_;
  std::int64_t image_count_;
  sim::ModelCache cache_;
  NodeRunner runner_;
  std::vector<VerifiedNode> verified_;
};

}  // namespace

VerifyNodesResult verify_nodes(const VerifyNodesOptions& options, const Console& console) {
  return Verification(options, console).run();
}

}  // namespace assay
