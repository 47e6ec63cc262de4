// SPDX-License-Identifier: Apache-2.0
#include "harness/selftest/fault_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "compile/base/error.h"
#include "golden/data/dataset.h"
#include "harness/report/rtl.h"
#include "harness/report/schema.h"
#include "harness/run/saved_run.h"
#include "harness/selftest/bench_faults.h"
#include "harness/selftest/graph_faults.h"
#include "harness/selftest/hashes.h"
#include "harness/selftest/text_faults.h"

namespace assay {
namespace {

using Files = std::vector<std::string>;
/// Which files of a sandbox a kind is about.
using FindFiles = Files (*)(const Sandbox& box);

enum class Hashes : std::uint8_t {
  kStale,   ///< the reports still speak of the file as it was
  kFixed,   ///< somebody made them speak of the edited file
  kSealed,  ///< and the file is a report whose own checksum fits
};

// ---- Which files

Files ending_in(Files names, std::initializer_list<std::string_view> endings) {
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::none_of(endings, [&](std::string_view end) { return name.ends_with(end); });
  });
  return names;
}

Files model_file(const Sandbox& box) { return box.files("model"); }

Files stages(const Sandbox& box) { return ending_in(box.files("run/stages"), {".onnx"}); }

Files last_stage(const Sandbox& box) {
  const Files all = stages(box);
  return all.empty() ? all : Files{all.back()};
}

/// Reports of stages begin with their number.
Files stage_reports(const Sandbox& box) {
  Files names = ending_in(box.files("run/reports"), {".json"});
  constexpr std::size_t kFolder = std::string_view("run/reports/").size();
  std::erase_if(names,
                [](const std::string& name) { return name[kFolder] < '0' || name[kFolder] > '9'; });
  return names;
}

/// Those of `names` that there are.
Files there(const Sandbox& box, Files names) {
  std::erase_if(names, [&](const std::string& name) { return !box.has(name); });
  return names;
}

Files run_report(const Sandbox& box) { return there(box, {"run/reports/run.json"}); }

Files hardware_reports(const Sandbox& box) {
  return there(box, {"run/reports/folding.json", "run/reports/fifos.json",
                     "run/reports/streamline.json", "run/folding.json"});
}

Files top_report(const Sandbox& box) { return there(box, {"run/reports/rtl-top.json"}); }

Files node_report(const Sandbox& box) { return there(box, {"run/reports/rtl-node.json"}); }

Files ledgered(const Sandbox& box) {
  Files names = stages(box);
  for (const FindFiles more : {stage_reports, hardware_reports, top_report, node_report}) {
    const Files found = more(box);
    names.insert(names.end(), found.begin(), found.end());
  }
  return names;
}

bool of_top(const std::string& name) { return name.starts_with("run/rtl/top"); }

Files rtl_files(const Sandbox& box, bool top, std::initializer_list<std::string_view> endings) {
  Files names = ending_in(box.files("run/rtl"), endings);
  std::erase_if(names, [&](const std::string& name) {
    return of_top(name) != top || name == "run/rtl/manifest.json";
  });
  return names;
}

Files top_sources(const Sandbox& box) { return rtl_files(box, true, {".sv", ".v"}); }
Files top_memories(const Sandbox& box) { return rtl_files(box, true, {".hex"}); }
Files top_files(const Sandbox& box) { return rtl_files(box, true, {""}); }
Files node_sources(const Sandbox& box) { return rtl_files(box, false, {".sv", ".v"}); }
Files node_memories(const Sandbox& box) { return rtl_files(box, false, {".hex"}); }
Files manifest(const Sandbox& box) { return there(box, {"run/rtl/manifest.json"}); }

/// Of the accelerator: streams inside are watched there alone.
Files kept_results(const Sandbox& box) {
  Files names = box.files("run/build/results");
  std::erase_if(names, [&](const std::string& name) {
    return box.read(name).find("\nmonitor ") == std::string::npos;
  });
  return names;
}

/// Files of the entries of the cache that the accelerator's report names.
Files cached(const Sandbox& box, bool program) {
  constexpr std::string_view kModels = "cache/assay/models";
  Files names;
  if (!box.has("run/reports/rtl-top.json")) return names;
  const auto report = read_report<report::RtlTop>(box.read("run/reports/rtl-top.json"), "rtl-top");
  for (const report::RtlTop::Partition& partition : report.partitions)
    for (const std::string& name : box.files(fmt::format("{}/{}", kModels, partition.model)))
      if (name.ends_with("/model") == program) names.push_back(name);
  return names;
}

Files cached_programs(const Sandbox& box) { return cached(box, true); }
Files cache_entries(const Sandbox& box) { return cached(box, false); }

// ---- How they are changed

using Plant = decltype(FaultKind::plant);

/// One of the files is edited. Some may hold nothing that can be.
Plant edit(FindFiles find, EditFile change, Hashes hashes = Hashes::kStale) {
  return [=](const Sandbox& box, Draw& draw) -> std::optional<Fault> {
    Files names = find(box);
    std::ranges::shuffle(names, draw);
    for (const std::string& name : names) {
      const std::string before = box.read(name);
      const std::optional<Edit> after = change(before, draw);
      if (!after || after->bytes == before) continue;
      box.write(name, after->bytes);
      if (hashes == Hashes::kSealed) seal_file(box, name);
      if (hashes != Hashes::kStale) fix_hashes(box, name, before);
      return Fault{name, after->change};
    }
    return {};
  };
}

/// One of the files is another of them.
Plant exchange(FindFiles find, Hashes hashes = Hashes::kStale) {
  return [=](const Sandbox& box, Draw& draw) -> std::optional<Fault> {
    Files names = find(box);
    std::ranges::shuffle(names, draw);
    if (names.size() < 2) return {};
    const std::string before = box.read(names[0]), other = box.read(names[1]);
    if (before == other) return {};
    box.write(names[0], other);
    if (hashes == Hashes::kFixed) fix_hashes(box, names[0], before);
    return Fault{names[0], fmt::format("has the bytes of {}", names[1])};
  };
}

Plant removal(FindFiles find) {
  return [=](const Sandbox& box, Draw& draw) -> std::optional<Fault> {
    const Files names = find(box);
    if (names.empty()) return {};
    const std::string& name = draw_from(draw, names);
    box.remove(name);
    return Fault{name, "is not there"};
  };
}

/// SHA-256 of the images in the sandbox that the run uses; empty when they cannot be read.
std::string images_sha256(const Sandbox& box, const SavedRun& run) {
  const std::string& chosen = run.images.images;
  const ImageRange range = chosen.empty() ? ImageRange() : parse_image_range(chosen);
  const auto& inputs = run.report.inputs.data.inputs;
  try {
    const std::string source = box.only_entry("data");
    return inputs ? inputs_sha256(load_inputs(source, *inputs, range))
                  : load_dataset(source, range).sha256;
  } catch (const UserError&) {
    return "";
  }
}

/// A bit of an image or a label that the run used.
std::optional<Fault> change_data(const Sandbox& box, Draw& draw) {
  constexpr int kDraws = 400;
  const Files names = box.files("data");
  if (names.empty()) return {};
  const SavedRun run = read_run(box.path("run"));
  const std::string used = images_sha256(box, run);
  for (int i = 0; i < kDraws; ++i) {
    const std::string& name = draw_from(draw, names);
    const std::string before = box.read(name);
    const std::optional<Edit> after = flip_bit(before, draw);
    if (!after) continue;
    box.write(name, after->bytes);
    if (images_sha256(box, run) != used) return Fault{name, after->change};
    box.write(name, before);
  }
  return {};
}

// ---- The table

using Kinds = std::vector<FaultKind>;

const std::vector<std::string> kEveryRun = {kRunCommand, kTopCommand, kCheckCommand};

void add_model(Kinds& kinds) {
  const std::vector<std::string> commands = {kRunCommand, kTopCommand, kCheckCommand};
  kinds.push_back({"model: weight", "one weight of the model's file", commands, 1,
                   edit(model_file, change_weight)});
  kinds.push_back({"model: scalar", "one scale, zero point or bit width", commands, 1,
                   edit(model_file, change_scalar)});
  kinds.push_back({"model: attribute", "one attribute of a node", commands, 1,
                   edit(model_file, change_attribute)});
  kinds.push_back(
      {"model: rewired", "one input of a node", commands, 1, edit(model_file, rewire_input)});
  kinds.push_back(
      {"model: removed", "the model's file is gone", {kRunCommand}, 1, removal(model_file)});
  kinds.push_back(
      {"data", "one bit of an image or label that the run used", commands, 1, change_data});
}

struct NetworkFault {
  std::string_view name, changes;
  EditFile edit;
};

constexpr NetworkFault kNetworkFaults[] = {
    {"weight", "one element of weights or thresholds", change_weight},
    {"scalar", "one scale, zero point or bit width", change_scalar},
    {"attribute", "one attribute of a node", change_attribute},
    {"rewired", "one input of a node", rewire_input},
    {"output", "an output is another tensor", rewire_output},
    {"checkpoint dropped", "metadata lacks a checkpoint", drop_checkpoint},
    {"checkpoint renamed", "metadata names a checkpoint otherwise", rename_checkpoint},
    {"checkpoint moved", "metadata has a checkpoint on another tensor", move_checkpoint},
    {"checkpoint added", "metadata has a checkpoint twice", add_checkpoint},
};

void add_networks(Kinds& kinds) {
  for (const NetworkFault& fault : kNetworkFaults) {
    kinds.push_back({fmt::format("stage: {}", fault.name), std::string(fault.changes), kEveryRun, 1,
                     edit(stages, fault.edit)});
    kinds.push_back({fmt::format("stage: {}, hashes fixed", fault.name),
                     "the same, and every report has the new digest",
                     {kRunCommand},
                     1,
                     edit(stages, fault.edit, Hashes::kFixed),
                     true});
    kinds.push_back({fmt::format("last stage: {}, hashes fixed", fault.name),
                     "the same of the stage that RTL is made from",
                     {kTopCommand},
                     1,
                     edit(last_stage, fault.edit, Hashes::kFixed),
                     true});
  }
}

void add_stages(Kinds& kinds) {
  add_networks(kinds);
  kinds.push_back({"stage: cut off", "the end is missing", kEveryRun, 1, edit(stages, cut_off)});
  kinds.push_back({"stage: bit", "one bit of the file", kEveryRun, 1, edit(stages, flip_bit)});
  kinds.push_back(
      {"stage: another's", "has the bytes of another stage", kEveryRun, 1, exchange(stages)});
  kinds.push_back({"stage: another's, hashes fixed",
                   "the same, and every report has the new digest",
                   {kRunCommand},
                   1,
                   exchange(stages, Hashes::kFixed),
                   true});
}

void add_claims(Kinds& kinds, std::string_view name, std::string_view what, FindFiles find,
                const char* command) {
  kinds.push_back({fmt::format("claim: {}", name),
                   fmt::format("one value of {}", what),
                   {command, kCheckCommand},
                   1,
                   edit(find, change_claim)});
  // Digests alone cannot tell any more.
  kinds.push_back({fmt::format("claim: {}, hashes fixed", name),
                   "the same, and every other report has the new digest",
                   {command},
                   1,
                   edit(find, change_claim, Hashes::kFixed)});
}

void add_reports(Kinds& kinds) {
  add_claims(kinds, "stage", "a stage's report", stage_reports, kRunCommand);
  kinds.push_back({"claim: stage's check, sealed",
                   "what was compared; all digests and checksums fit",
                   {kRunCommand},
                   1,
                   edit(stage_reports, change_check, Hashes::kSealed)});
  add_claims(kinds, "run", "run.json", run_report, kRunCommand);
  kinds.push_back({"claim: run, sealed",
                   "the same, and its checksum fits",
                   {kRunCommand},
                   1,
                   edit(run_report, change_claim, Hashes::kSealed)});
  add_claims(kinds, "hardware", "folding, FIFOs or streamlining", hardware_reports, kRunCommand);
  add_claims(kinds, "rtl-top", "rtl-top.json", top_report, kTopCommand);
  add_claims(kinds, "rtl-node", "rtl-node.json", node_report, kNodeCommand);
  add_claims(kinds, "manifest", "rtl/manifest.json", manifest, kTopCommand);
  kinds.push_back({"removed",
                   "a stage or a report is gone",
                   {kRunCommand, kCheckCommand},
                   1,
                   removal(ledgered)});
}

void add_rtl(Kinds& kinds) {
  const std::vector<std::string> top = {kTopCommand, kCheckCommand},
                                 node = {kNodeCommand, kCheckCommand};
  kinds.push_back({"rtl-top: source", "one operator or constant of the accelerator", top, 1,
                   edit(top_sources, change_source)});
  kinds.push_back(
      {"rtl-top: memory", "one bit of a memory file", top, 1, edit(top_memories, change_memory)});
  kinds.push_back(
      {"rtl-top: removed", "a file of the accelerator is gone", top, 1, removal(top_files)});
  kinds.push_back({"rtl-node: source", "one operator or constant of a node's RTL", node, 1,
                   edit(node_sources, change_source)});
  kinds.push_back({"rtl-node: memory", "one bit of a memory file", node, 1,
                   edit(node_memories, change_memory)});
}

void add_caches(Kinds& kinds) {
  // A changed program costs a build.
  constexpr std::int64_t kSeldom = 8;
  const std::vector<std::string> commands = {kTopCommand, kRunCommand};
  kinds.push_back({"cache: result",
                   "one number of a kept simulation",
                   {kTopCommand},
                   1,
                   edit(kept_results, change_number)});
  kinds.push_back({"cache: result bit",
                   "one bit of a kept simulation",
                   {kTopCommand},
                   1,
                   edit(kept_results, flip_bit)});
  kinds.push_back({"cache: results exchanged",
                   "one kept simulation is another",
                   {kTopCommand},
                   1,
                   exchange(kept_results)});
  kinds.push_back({"cache: program", "one bit of a built model", commands, kSeldom,
                   edit(cached_programs, flip_bit)});
  kinds.push_back({"cache: program that lies", "a built model that does nothing, well", commands,
                   kSeldom, edit(cached_programs, always_succeed)});
  kinds.push_back({"cache: entry", "one bit of what a cache entry says of itself", commands,
                   kSeldom, edit(cache_entries, flip_bit)});
  kinds.push_back({"bench",
                   "programs are linked with a bench that compares or tells too little",
                   {kTopCommand},
                   kSeldom,
                   change_bench});
}

}  // namespace

std::vector<FaultKind> fault_kinds() {
  Kinds kinds;
  add_model(kinds);
  add_stages(kinds);
  add_reports(kinds);
  add_rtl(kinds);
  add_caches(kinds);
  return kinds;
}

}  // namespace assay
