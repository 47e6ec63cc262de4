// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "compile/graph/graph.h"
#include "compile/passes/cleanup/host_tail.h"
#include "harness/report/console.h"
#include "harness/run/preprocess.h"

namespace assay {

/// The network in the bytes of the file `path`; what the import ignored is remarked. UserError as
/// import_bytes().
Graph import_network(std::string_view bytes, const std::filesystem::path& path,
                     const Console& console);

/// The same with all checkpoints that the graph calls for, whatever the file lists: what other
/// graphs are held against. What the host computes behind it is remarked, and put into `tail`.
Graph complete_network(std::string_view bytes, const std::filesystem::path& path,
                       const Console& console, HostTail* tail = nullptr);

/// Makes an imported network that: operators at its end that the host computes come off, and are
/// returned; checkpoints come on.
HostTail complete(Graph& graph);

/// How many labels an accelerator in front of `tail` ranks where `topk` are asked for: none of a network
/// of several outputs, which the host makes of one, say logits and probabilities.
std::int64_t labels_in_front_of(const HostTail& tail, std::int64_t topk);

/// "node 'a' (Sigmoid), node 'b' (Concat)": what makes the output, the first nodes of many.
std::string nodes_text(const HostOutput& output);

/// resolved() for the network in a file.
PreprocessChoice resolved_for(const std::filesystem::path& model, const PreprocessChoice& choice,
                              const ImageChoice& images);

}  // namespace assay
