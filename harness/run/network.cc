// SPDX-License-Identifier: Apache-2.0
#include "harness/run/network.h"

#include <fmt/format.h>

#include "compile/base/printable.h"
#include "compile/graph/checkpoints.h"
#include "compile/onnx/import.h"

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
  const std::vector<HostTail> found = complete(graph);
  for (const HostTail& tail : found)
    console.remark(fmt::format(
        "{} at output '{}' is left to the host: the accelerator puts out what it takes, "
        "in the same order of classes",
        tail.label, printable(tail.name)));
  if (tails != nullptr) tails->insert(tails->end(), found.begin(), found.end());
  return graph;
}

std::vector<HostTail> complete(Graph& graph) {
  std::vector<HostTail> tails = take_off_tail(graph);
  complete_checkpoints(graph);
  return tails;
}

PreprocessChoice resolved_for(const std::filesystem::path& model, const PreprocessChoice& choice,
                              const ImageChoice& images) {
  if (choice.kind != "auto") return choice;
  return resolved(choice, images, import_model(model));
}

}  // namespace assay
