// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verify_nodes.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/rtl/node_report.h"
#include "harness/rtl/rtl_level.h"

namespace assay {
namespace {

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

class NodeVerification {
 public:
  NodeVerification(const VerifyNodesOptions& options, const Console& console)
      : level_("rtl-node", options, console),
        nodes_(chosen_nodes(level_.session.graph, options.nodes)),
        all_(options.nodes.empty()) {
    if (!options.wave.empty() && (nodes_.size() != 1 || options.profiles.size() != 1))
      user_error(
          "--wave shows one node under one profile: give --nodes and --profiles with one name "
          "each");
  }

  VerifyNodesResult run() {
    level_.begin(all_);
    prepare();
    simulate();
    for (VerifiedNode& node : verified_) judge(node);
    if (!level_.options.wave.empty()) write_wave(verified_.front());
    VerifyNodesResult result;
    result.report = node_report(level_, verified_);
    result.verdict = result.report.head.verdict;
    level_.finish(result.report.head, result.report);
    result.table = node_table(level_, result.report);
    return result;
  }

 private:
  /// RTL, memory files and the images' beats of every node.
  void prepare() {
    verified_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      PreparedNode& p = verified_[i].prepared;
      p.node = nodes_[i];
      p.folder = node_folder(nodes_[i]->name);
      p.rtl = node_rtl(*nodes_[i], "assay_node");
      p.patience = patience_with(p.rtl.layer.cycles);
      add_design(p.spec, p.rtl);
    }
    write_rtl();
    Progress progress(level_.console, "read RTL", std::ssize(nodes_));
    for (VerifiedNode& v : verified_) {
      read_rtl(v.prepared);
      progress.tick();
    }
    collect_beats();
    for (VerifiedNode& v : verified_) hash_content(v.prepared);
  }

  void write_rtl() {
    std::vector<std::string> folders;
    std::vector<RtlFolder::File> files;
    for (const VerifiedNode& v : verified_) {
      const PreparedNode& p = v.prepared;
      folders.push_back(p.folder);
      for (const NodeRtl::File& file : p.rtl.files)
        files.push_back({p.folder + "/" + file.name, file.text});
      for (const hw::MemoryImage& image : p.rtl.layer.images)
        files.push_back({p.folder + "/" + image.name(), image.hex()});
    }
    level_.rtl.choose(std::move(folders), all_);
    level_.rtl.write(files);
  }

  void read_rtl(PreparedNode& p) const {
    if (level_.rtl.as_is()) {
      p.spec.sources = level_.rtl.sources(p.folder);
      p.spec.lint = false;
    }
    p.content = level_.rtl.data_hash(p.folder);
    p.memories = level_.rtl.read_memories(*p.node, p.rtl.layer, p.folder, "");
  }

  void collect_beats() {
    for (VerifiedNode& v : verified_) {
      v.prepared.inputs.resize(v.prepared.rtl.layer.inputs.size());
      v.prepared.outputs.resize(v.prepared.rtl.layer.outputs.size());
    }
    level_.session.for_each_image(level_.console, [&](const ExactRun& run) {
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
    level_.plan_runs(v, v.prepared.node->name, beats);
    v.canary.canary = draw_fault(v.prepared, v.canary.seed, 1, false, 0);
  }

  void simulate() {
    std::vector<VerifiedNode*> order;
    for (VerifiedNode& v : verified_) {
      plan_runs(v);
      order.push_back(&v);
    }
    // The slowest first, so that no core waits for the last one.
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [](const VerifiedNode* v) { return cost(v->prepared); });
    std::vector<RtlLevel::Design> designs;
    for (VerifiedNode* v : order) designs.push_back({&v->prepared, v});
    level_.simulate(designs);
  }

  static double cost(const PreparedNode& p) {
    double bits = 0;
    for (const hw::MemoryImage& image : p.rtl.layer.images) bits += image.word_bits();
    for (const auto* streams : {&p.rtl.layer.inputs, &p.rtl.layer.outputs})
      for (const hw::Stream& s : *streams) bits += s.bits();
    return bits * static_cast<double>(p.rtl.layer.cycles);
  }

  static void judge(VerifiedNode& v) {
    Judgement& j = v.judgement;
    j = {Verdict::kEquivalent, "every beat, cycle count and memory agrees"};
    note_wrong_values(j, v.prepared.memories, "its memories");
    for (const SimRun& run : v.runs) {
      const Judgement judgement = judge_run(v.prepared, run);
      j.note(judgement.verdict, judgement.reason);
    }
    note_missing_values(j, v.prepared.memories, "its memories");
    if (!caught(v.prepared, v.canary))
      j.note(Verdict::kInconclusive, "a planted fault was not noticed");
  }

  void write_wave(const VerifiedNode& v) const {
    level_.write_wave(v.prepared, v.runs.front(),
                      fmt::format("node '{}'", printable(v.prepared.node->name)),
                      {0, kWaveCycles + 2 * v.prepared.rtl.layer.cycles});
  }

  RtlLevel level_;
  const std::vector<const Node*> nodes_;
  const bool all_;
  std::vector<VerifiedNode> verified_;
};

}  // namespace

VerifyNodesResult verify_nodes(const VerifyNodesOptions& options, const Console& console) {
  return NodeVerification(options, console).run();
}

}  // namespace assay
