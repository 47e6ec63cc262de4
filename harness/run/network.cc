// SPDX-License-Identifier: Apache-2.0
#include "harness/run/network.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"
#include "compile/graph/ops.h"
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
                       const Console& console, std::vector<HostTail>* tails) {
  Graph graph = import_network(bytes, path, console);
  std::vector<HostTail> found = complete(graph);
  // Of several nodes of the import one may be what the file has as one.
  const bool expanded = std::ranges::any_of(
      found, [](const HostTail& tail) { return tail.op->type() == ops::TopK::kType; });
  const std::optional<Origins> origins =
      expanded ? std::make_optional<Origins>(bytes, path) : std::nullopt;
  for (HostTail& tail : found) {
    if (origins) tail.label = origins->told(tail.label, false);
    console.remark(fmt::format(
        "{} at output '{}' is left to the host: the accelerator puts out what it takes, "
        "in the same order of classes",
        tail.label, printable(tail.name)));
  }
  if (tails != nullptr) tails->insert(tails->end(), found.begin(), found.end());
  return graph;
}

std::vector<HostTail> complete(Graph& graph) {
  std::vector<HostTail> tails = take_off_tail(graph);
  std::ranges::move(take_off_rankings(graph), std::back_inserter(tails));
  complete_checkpoints(graph);
  return tails;
}

PreprocessChoice resolved_for(const std::filesystem::path& model, const PreprocessChoice& choice,
                              const ImageChoice& images) {
  if (choice.kind != "auto") return choice;
  return resolved(choice, images, import_model(model));
}

}  // namespace assay
