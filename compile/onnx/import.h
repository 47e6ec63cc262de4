// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compile/base/refusal.h"
#include "compile/graph/graph.h"

namespace assay {

/// The newest versions of the standard operators and of QONNX's that are read. Since opset 21 the
/// operators have got new element types, and attributes that their readers accept or refuse.
inline constexpr std::int64_t kNewestOpset = 28, kNewestQonnx = 2;

/// The network in an ONNX file: QONNX, QCDQ or plain ONNX, in any of the dialects of
/// docs/import.md. External data is read from the model's own folder only. The graph is sorted, has
/// all shapes and checkpoints, and is verified. Anything that is not understood completely is a
/// UserError that names the file, the node or tensor, and what is supported.
Graph import_model(const std::filesystem::path& path);

/// The folder that a model's external data lie in.
std::filesystem::path model_folder(const std::filesystem::path& path);

/// The same from the bytes of a file. `folder` holds external data; when empty, external data is
/// refused. Messages begin with `what`. `remarks` gets a sentence for everything that was ignored,
/// because it does not change the result.
Graph import_bytes(std::string_view bytes, const std::filesystem::path& folder,
                   std::string_view what, std::vector<std::string>* remarks = nullptr);

/// Everything for which import_bytes() refuses a file, not only the first: of each initializer, input
/// and node. Behind a node that is refused the shapes that the file declares are taken; where it
/// declares none, of the nodes that read them only the operator, its version and the form of its
/// attributes are looked at. What is about the file or the graph as a whole ends the list. Empty: it is
/// imported.
std::vector<Refusal> import_refusals(std::string_view bytes, const std::filesystem::path& folder);

/// How messages call the node of the file that makes a tensor, by the tensor's name: "node 'conv1'
/// (Conv)". UserError as import_bytes() of a file that is none.
std::map<std::string, std::string> node_labels(std::string_view bytes);

}  // namespace assay
