// SPDX-License-Identifier: Apache-2.0
#include "harness/rtl/verify_nodes.h"

#include <tbb/parallel_for.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "harness/rtl/node_frames.h"
#include "harness/rtl/node_report.h"
#include "harness/rtl/outside_files.h"
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
        min_coverage_(options.min_coverage),
        nodes_(chosen_nodes(level_.session.graph, options.nodes)),
        all_(options.nodes.empty()) {
    if (min_coverage_ && (*min_coverage_ < 0 || *min_coverage_ > 100))
      user_error("--min-coverage: {} is no percentage", *min_coverage_);
    if (!options.wave.empty() && (nodes_.size() != 1 || options.profiles.size() != 1))
      user_error(
          "--wave shows one node under one profile: give --nodes and --profiles with one name "
          "each");
  }

  VerifyNodesResult run() {
    level_.begin(all_);
    prepare();
    simulate();
    for (VerifiedNode& node : verified_) node.judgement = judge_node(node, min_coverage_);
    if (!level_.options.wave.empty()) write_wave(verified_.front());
    VerifyNodesResult result;
    result.report = node_report(level_, verified_);
    result.report.min_coverage = min_coverage_;
    level_.finish(result.report.head, result.report);
    result.table = node_table(level_, result.report);
    return result;
  }

 private:
  /// RTL, memory files and the beats of every node.
  void prepare() {
    for (const Node* node : nodes_) verified_.emplace_back().prepared = prepare_node(*node);
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
    std::vector<std::string> literals;
    if (level_.rtl.as_is()) {
      p.spec.sources = level_.rtl.sources(p.folder, {"assay_top"});
      literals = string_literals(p.spec.sources);
      p.spec.lint = false;
    }
    p.content = level_.rtl.data_hash(p.folder);
    p.memories = level_.rtl.read_memories(*p.node, p.rtl.layer, p.folder, "", literals);
  }

  /// The images' frames, and behind them those that are made for what the images do not show.
  void collect_beats() {
    std::vector<std::unique_ptr<NodeStimuli>> stimuli(verified_.size());
    const auto for_each_node = [&](const std::function<void(std::size_t)>& body) {
      tbb::parallel_for(std::size_t{0}, verified_.size(), body);
    };
    for_each_node([&](std::size_t i) { stimuli[i] = make_stimuli(*nodes_[i]); });
    level_.session.for_each_image(level_.console, [&](const ExactRun& run) {
      for_each_node([&](std::size_t i) {
        add_frame(verified_[i].prepared,
                  [&](const Tensor* tensor) { return integers(run.values.at(tensor)); });
        NodeFrame frame;
        for (const Tensor* tensor : run_time_inputs(*nodes_[i]))
          frame.push_back(integers(run.values.at(tensor)));
        stimuli[i]->see(frame);
      });
    });
    for_each_node([&](std::size_t i) {
      VerifiedNode& v = verified_[i];
      v.of_images = stimuli[i]->coverage();
      add_directed_frames(v.prepared, *stimuli[i],
                          run_seed(level_.options.seed, nodes_[i]->name, "directed"));
      v.coverage = stimuli[i]->coverage();
    });
  }

  void simulate() {
    std::vector<VerifiedNode*> order;
    for (VerifiedNode& v : verified_) {
      level_.plan_runs(v.prepared, v, v.prepared.node->name,
                       level_.session.image_count + v.prepared.directed);
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

  void write_wave(const VerifiedNode& v) const {
    level_.write_wave(v.prepared, v.runs.front(),
                      fmt::format("node '{}'", printable(v.prepared.node->name)),
                      {0, kWaveCycles + 2 * v.prepared.rtl.layer.cycles});
  }

  RtlLevel level_;
  const std::optional<double> min_coverage_;
  const std::vector<const Node*> nodes_;
  const bool all_;
  std::vector<VerifiedNode> verified_;
};

}  // namespace

VerifyNodesResult verify_nodes(const VerifyNodesOptions& options, const Console& console) {
  return NodeVerification(options, console).run();
}

}  // namespace assay
