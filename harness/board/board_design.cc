// SPDX-License-Identifier: Apache-2.0
#include "harness/board/board_design.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/views.h"
#include "harness/rtl/node_model.h"
#include "harness/rtl/top_run.h"
#include "harness/run/answer_source.h"
#include "harness/run/rtl_manifest.h"

namespace assay::board {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kLevel = "rtl-top";
constexpr const char* kFolder = "rtl/top";

/// What the manifest says of the accelerator's files.
report::RtlManifest::Level accelerator_files(const fs::path& dir) {
  report::RtlManifest manifest = read_rtl_manifest(dir);
  const report::RtlManifest::Level* level = find_level(manifest, kLevel);
  if (!level || level->files.empty())
    user_error("'{0}' has no RTL of an accelerator; make it with 'assay verify {0} --level {1}'",
               printable(dir.string(), 4096), kLevel);
  require_unedited_rtl(dir, manifest, kLevel);
  return *level;
}

StitchedRtl stitched(const Graph& graph) {
  const DataflowPartition p = only_accelerator(graph, "a board");
  return stitch({"accelerator", p.nodes, p.inputs, p.outputs});
}

/// Whether `tensor` holds the elements of `source` in their order.
bool same_elements(const Tensor* tensor, const Tensor* source) {
  while (tensor != source) {
    if (!tensor->producer || !is_view(*tensor->producer)) return false;
    tensor = tensor->producer->inputs.at(0);
  }
  return true;
}

std::string text_of(const sim::Tokens& tokens) {
  return {tokens.bytes.begin(), tokens.bytes.end()};
}

}  // namespace

std::string content_hash(const fs::path& dir) {
  accelerator_files(dir);
  return rtl_sha256(rtl_files(dir, kLevel));
}

BoardDesign::BoardDesign(const RtlSession& of)
    : session(of),
      rtl(stitched(session.graph)),
      accelerator(shell_accelerator(rtl)),
      hash(content_hash(session.dir.path())),
      folder(session.dir.file(kFolder)) {
  if (accelerator_files(session.dir.path()).stage_sha256 != session.stage().sha256)
    user_error(
        "the RTL in '{}' is of another stage than '{}'; make it anew with 'assay verify {} "
        "--level {}'",
        printable(folder.string(), 4096), session.stage().id,
        printable(session.dir.path().string(), 4096), kLevel);
}

std::vector<sim::SourceFile> BoardDesign::sources() const {
  std::vector<sim::SourceFile> sources;
  for (const auto& [path, sha256] : rtl_files(session.dir.path(), kLevel))
    if (path.ends_with(".sv") || path.ends_with(".v") || path.ends_with(".svh"))
      sources.push_back({fs::path(path).filename(), read_file(session.dir.file(path))});
  return sources;
}

const hw::Stream& BoardDesign::stream(bool slave) const {
  return rtl.streams.at((slave ? rtl.slaves : rtl.masters).at(0).stream).stream;
}

/// In whole bytes, without TLAST.
sim::Packing BoardDesign::edge(bool slave) const {
  const StitchedPort& port = (slave ? rtl.slaves : rtl.masters).at(0);
  sim::Packing p = packing(stream(slave));
  p.last = false;
  p.padding = port.tdata_bits() - port.bits;
  return p;
}

std::vector<BoardDesign::Frame> BoardDesign::frames(const Console& console) const {
  std::vector<Frame> frames;
  session.for_each_image(console, [&](const ExactRun& run) {
    const auto packed = [&](bool slave) {
      return text_of(sim::pack(integers(run.values.at(stream(slave).tensor)), edge(slave)));
    };
    frames.push_back({packed(true), packed(false)});
  });
  return frames;
}

std::string BoardDesign::difference_text(std::string_view expected, std::string_view got) const {
  const auto bytes = static_cast<std::size_t>(accelerator.out_bytes);
  const auto at =
      static_cast<std::size_t>(std::ranges::mismatch(expected, got).in1 - expected.begin());
  if (expected.size() != got.size())
    return fmt::format("{} bytes expected, got {}", expected.size(), got.size());
  const std::size_t beat = at / bytes;
  const auto lanes = [&](std::string_view text) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(text.data()) + beat * bytes;
    return sim::unpack({first, bytes}, edge(false));
  };
  const std::vector<std::int64_t> wanted = lanes(expected), seen = lanes(got);
  const auto lane = std::ranges::mismatch(wanted, seen).in1 - wanted.begin();
  if (lane == std::ssize(wanted)) return fmt::format("beat {}: its padding is not zero", beat);
  const auto l = static_cast<std::size_t>(lane);
  return fmt::format("beat {}, lane {}: expected {}, got {}", beat, lane, wanted[l], seen[l]);
}

std::vector<std::int64_t> BoardDesign::values(std::string_view output) const {
  const auto bytes = static_cast<std::size_t>(accelerator.out_bytes);
  std::vector<std::int64_t> all;
  for (std::size_t at = 0; at + bytes <= output.size(); at += bytes) {
    const auto* beat = reinterpret_cast<const std::uint8_t*>(output.data()) + at;
    const std::vector<std::int64_t> lanes = sim::unpack({beat, bytes}, edge(false));
    all.insert(all.end(), lanes.begin(), lanes.end());
  }
  return all;
}

/// The checkpoint that the network answers with, where the accelerator gives it as it is.
const Checkpoint* BoardDesign::answer() const {
  const auto source = answer_source(session.graph);
  if (!source) return nullptr;
  const std::size_t place = source->label ? *source->label : source->logits.value();
  const Checkpoint& checkpoint = session.graph.checkpoints().at(place);
  const bool whole =
      checkpoint.perm.empty() && same_elements(checkpoint.tensor, stream(false).tensor);
  return whole ? &checkpoint : nullptr;
}

std::optional<std::int64_t> BoardDesign::label(std::string_view output) const {
  const Checkpoint* checkpoint = answer();
  if (!checkpoint) return {};
  std::vector<std::int64_t> q = values(output);
  if (checkpoint->kind == Checkpoint::Kind::kLabel) return q.at(0);
  ExactValue logits;
  logits.shape = checkpoint->shape();
  logits.terms.push_back({checkpoint->unit, std::move(q)});
  logits.offset = checkpoint->shift;
  return top_k(logits, 1).at(0);
}

}  // namespace assay::board
