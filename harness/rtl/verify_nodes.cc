// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verify_nodes.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/report/schema.h"
#include "harness/rtl/node_run.h"

namespace assay {
namespace {

constexpr std::int64_t kWaveCycles = 1000;
/// Without a beat for so long, and four frames more, a run is stuck: longer than any stall of a
/// profile and any gap of a layer.
constexpr std::int64_t kPatience = 10000;

/// A node with all that was found out about it.
struct VerifiedNode {
  PreparedNode prepared;
  sim::Model model;
  std::vector<SimRun> runs;
  SimRun canary;
  Judgement judgement;
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

class Verification {
 public:
  Verification(const VerifyNodesOptions& options, const Console& console)
      : options_(options),
        console_(console),
        session_(options.dir, options.images, options.cache),
        nodes_(chosen_nodes(session_.graph, options.nodes)) {
    if (!options.wave.empty() && (nodes_.size() != 1 || options.profiles.size() != 1))
      user_error(
          "--wave shows one node under one profile: give --nodes and --profiles with one name "
          "each");
  }

  VerifyNodesResult run() {
    dir_.remove("reports/rtl-node.json");  // until the end there is no verdict
    prepare();
    simulate();
    VerifyNodesResult result;
    for (VerifiedNode& node : verified_) judge(node);
    result.verdict = Verdict::kEquivalent;
    for (const VerifiedNode& node : verified_)
      result.verdict = worse(result.verdict, node.judgement.verdict);
    if (!options_.wave.empty()) write_wave(verified_.front());
    result.report = report(result.verdict);
    dir_.write_report("reports/rtl-node.json", result.report);
    if (options_.finished) options_.finished(dir_);
    dir_.log("rtl-node", {{"verdict", verdict_name(result.verdict)}});
    result.table = table(result);
    return result;
  }

 private:
  /// RTL, memory files and the images' beats of every node.
  void prepare() {
    verified_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      PreparedNode& p = verified_[i].prepared;
      p.node = nodes_[i];
      p.folder = "rtl/" + safe_file_name(nodes_[i]->name);
      p.rtl = node_rtl(*nodes_[i], "assay_node");
      p.patience = kPatience + 4 * p.rtl.layer.cycles;
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
    p.memories = session_.write_memories(*p.node, p.rtl.layer, p.folder, "", p.content);
  }

  void collect_beats() {
    for (VerifiedNode& v : verified_) {
      v.prepared.inputs.resize(v.prepared.rtl.layer.inputs.size());
      v.prepared.outputs.resize(v.prepared.rtl.layer.outputs.size());
    }
    session_.for_each_image(console_, [&](const ExactRun& run) {
      tbb::parallel_for(std::size_t{0}, verified_.size(),
                        [&](std::size_t i) { add_image(verified_[i].prepared, run); });
    });
  }

  static void add_image(PreparedNode& p, const ExactRun& run) {
    const hw::Layer& layer = p.rtl.layer;
    const auto add = [&](const std::vector<hw::Stream>& streams, std::vector<sim::Tokens>& tokens) {
      for (std::size_t s = 0; s < streams.size(); ++s) {
        const bool weights = streams[s].tensor->is_constant();
        if (weights && !tokens[s].bytes.empty()) continue;
        append_tokens(tokens[s],
                      stream_tokens(layer, streams[s],
                                    weights ? std::vector<std::int64_t>()
                                            : integers(run.values.at(streams[s].tensor))));
      }
    };
    add(layer.inputs, p.inputs);
    add(layer.outputs, p.outputs);
  }

  void plan_runs(VerifiedNode& v) const {
    std::int64_t beats = 0;
    for (const hw::Stream& s : v.prepared.rtl.layer.outputs)
      beats += hw::elements(s.tensor) / s.lanes;
    const std::string& name = v.prepared.node->name;
    const std::int64_t frames = std::max(session_.image_count, kLeastFrames);
    for (const sim::Profile profile : options_.profiles) {
      SimRun& run = v.runs.emplace_back();
      run.profile = profile;
      run.seed = run_seed(options_.seed, name, sim::profile_name(profile));
      run.frames = frames;
      run.predicted = frames * beats;
    }
    v.canary.seed = run_seed(options_.seed, name, "canary");
    v.canary.predicted = beats;
    v.canary.canary = draw_fault(v.prepared, v.canary.seed, 1, false, 0);
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
          v.model = session_.cache.get(v.prepared.spec);
          progress.tick();
          tbb::parallel_for(
              std::size_t{0}, v.runs.size() + 1,
              [&](std::size_t r) {
                session_.runner.run(v.prepared, v.model, r == 0 ? v.canary : v.runs[r - 1]);
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
    Judgement& j = v.judgement;
    j = {Verdict::kEquivalent, "every beat, cycle count and memory agrees"};
    if (m.differing > 0)
      j.note(Verdict::kDifferent, fmt::format("{} of {} values in its memories are wrong; {}",
                                              m.differing, m.compared, m.first));
    for (const SimRun& run : v.runs) {
      const Judgement judgement = judge_run(v.prepared, run);
      j.note(judgement.verdict, judgement.reason);
    }
    if (m.compared != m.predicted)
      j.note(Verdict::kInconclusive,
             fmt::format("{} of {} values in its memories were compared", m.compared, m.predicted));
    if (!caught(v.prepared, v.canary))
      j.note(Verdict::kInconclusive, "a planted fault was not noticed");
  }

  static const SimRun* first_bad(const VerifiedNode& v) {
    const auto it =
        std::ranges::find_if(v.runs, [](const SimRun& r) { return r.result.first.has_value(); });
    return it == v.runs.end() ? nullptr : &*it;
  }

  void write_wave(const VerifiedNode& v) const {
    const SimRun& run = v.runs.front();
    // Around the first mismatch, or else the first image.
    const sim::WaveWindow window =
        run.result.first
            ? sim::WaveWindow{std::max<std::int64_t>(0, run.result.first->cycle - 1), kWaveCycles}
            : sim::WaveWindow{0, kWaveCycles + 2 * v.prepared.rtl.layer.cycles};
    session_.runner.trace(v.prepared, run, options_.wave, window);
    console_.remark(fmt::format("wrote {}: node '{}' under profile {} from cycle {} on",
                                options_.wave.string(), printable(v.prepared.node->name),
                                sim::profile_name(run.profile), window.from));
  }

  std::string replay_command(const VerifiedNode& v, const SimRun& run) const {
    std::string command =
        fmt::format("assay verify {} --level rtl-node --nodes {} --profiles {} --seed {}",
                    options_.dir.string(), printable(v.prepared.node->name),
                    sim::profile_name(run.profile), options_.seed);
    return command + RtlSession::image_arguments(options_.images) + " --wave " +
           safe_file_name(v.prepared.node->name) + ".vcd";
  }

  Json run_json(const VerifiedNode& v, const SimRun& run) const {
    const Judgement judgement = judge_run(v.prepared, run);
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
      json["first_mismatch"] = {{"at", mismatch_text(v.prepared, *run.result.first,
                                                     session_.images.first, session_.image_count)},
                                {"replay", replay_command(v, run)}};
    return json;
  }

  Json node_json(const VerifiedNode& v) const {
    const hw::Layer& layer = v.prepared.rtl.layer;
    Json folding = Json::object(), runs = Json::array(), measured;
    for (const hw::FoldingRule& rule : hw::find_layer(*v.prepared.node)->rules(*v.prepared.node))
      folding[rule.field] = rule.value;
    for (const SimRun& run : v.runs) {
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
            {"verdict", verdict_name(v.judgement.verdict)},
            {"reason", v.judgement.reason},
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
      for (const SimRun& run : v.runs) {
        predicted += run.predicted;
        compared += run.result.compared;
        differing += run.result.differing;
      }
    }
    Json json = session_.report_head(kRtlNodeSchema, options_.seed);
    json["verdict"] = verdict_name(verdict);
    json["predicted"] = predicted;
    json["compared"] = compared;
    json["differing"] = differing;
    json["nodes"] = nodes;
    return json;
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
      for (const SimRun& run : v.runs) {
        compared += run.result.compared + run.result.compared_before_reset;
        differing += run.result.differing;
        ++runs;
        kept += run.kept ? 1 : 0;
        if (const auto cycles = measured_cycles(run)) measured = grouped(*cycles);
      }
      rows.push_back({printable(v.prepared.node->name, 40),
                      std::string(v.prepared.node->op->type()), folding.empty() ? "-" : folding,
                      grouped(v.prepared.rtl.layer.cycles), measured, grouped(compared),
                      grouped(differing), std::string(verdict_name(v.judgement.verdict))});
    }
    std::string text = table_text(rows);
    for (const VerifiedNode& v : verified_) {
      if (v.judgement.verdict == Verdict::kEquivalent) continue;
      text +=
          fmt::format("\nnode '{}': {}\n", printable(v.prepared.node->name), v.judgement.reason);
      if (const SimRun* bad = first_bad(v))
        text += fmt::format("  first: {}\n  replay: {}\n",
                            mismatch_text(v.prepared, *bad->result.first, session_.images.first,
                                          session_.image_count),
                            replay_command(v, *bad));
    }
    const Json& r = result.report;
    text += fmt::format(
        "\n{}: {} nodes, {} images, {} of {} predicted beats compared, {} differing; {} of {} runs "
        "kept from before\n",
        verdict_name(result.verdict), verified_.size(), session_.image_count,
        grouped(r.at("compared").get<std::int64_t>()),
        grouped(r.at("predicted").get<std::int64_t>()),
        grouped(r.at("differing").get<std::int64_t>()), kept, runs);
    return text;
  }

  const VerifyNodesOptions& options_;
  const Console& console_;
  RtlSession session_;
  const RunDir& dir_ = session_.dir;
  std::vector<const Node*> nodes_;
  std::vector<VerifiedNode> verified_;
};

}  // namespace

VerifyNodesResult verify_nodes(const VerifyNodesOptions& options, const Console& console) {
  return Verification(options, console).run();
}

}  // namespace assay
