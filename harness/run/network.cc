// SPDX-License-Identifier: Apache-2.0
#include "harness/run/network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"
#include "compile/onnx/import.h"
#include "harness/run/origins.h"

namespace assay {

Graph import_network(std::string_view bytes, const std::filesystem::path& path,
                     const Console& console) {
  std::vector<std::string> remarks;
  Graph graph = import_bytes(bytes, model_folder(path), path.string(), &remarks);
  for (const std::string& remark : remarks)
    console.remark(fmt::format("{}: {}", printable(path.string(), 4096), remark));
  return graph;
}

Graph complete_network(std::string_view bytes, const std::filesystem::path& path,
                       const Console& console, HostTail* tail) {
  Graph graph = import_network(bytes, path, console);
  HostTail found = complete(graph);
  // Of several nodes of the import one may be what the file has as one.
  if (!found.empty()) {
    const Origins origins(bytes, path);
    for (HostOutput& output : found.outputs)
      for (std::string& node : output.nodes) node = origins.told(node, false);
  }
  for (const HostOutput& output : found.outputs)
    console.remark(fmt::format(
        "{} at output '{}' {} left to the host: the accelerator puts out what {}",
        nodes_text(output), printable(output.name), output.nodes.size() == 1 ? "is" : "are",
        output.nodes.size() == 1 ? "it takes" : "they take"));
  if (tail != nullptr) *tail = std::move(found);
  return graph;
}

HostTail complete(Graph& graph) {
  HostTail tail = take_off_tail(graph);
  complete_checkpoints(graph);
  return tail;
}

std::int64_t labels_in_front_of(const HostTail& tail, std::int64_t topk) {
  return tail.places.size() > 1 ? 0 : topk;
}

std::string nodes_text(const HostOutput& output) {
  constexpr std::size_t kMost = 4;
  const std::size_t shown = std::min(output.nodes.size(), kMost);
  std::string text =
      fmt::format("{}", fmt::join(output.nodes.begin(),
                                  output.nodes.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < output.nodes.size()) text += fmt::format(" and {} more", output.nodes.size() - shown);
  return text;
}

PreprocessChoice resolved_for(const std::filesystem::path& model, const PreprocessChoice& choice,
                              const ImageChoice& images) {
  if (choice.kind != "auto") return choice;
  return resolved(choice, images, import_model(model));
}

}  // namespace assay
