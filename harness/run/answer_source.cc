// SPDX-License-Identifier: Apache-2.0
#include "harness/run/answer_source.h"

#include "compile/passes/cleanup/insert_topk.h"

namespace assay {

std::optional<AnswerSource> answer_source(const Graph& graph) {
  AnswerSource source;
  std::size_t logits = 0, labels = 0;
  for (std::size_t i = 0; i < graph.checkpoints().size(); ++i) {
    const Checkpoint& checkpoint = graph.checkpoints()[i];
    if (checkpoint.kind == Checkpoint::Kind::kLogits && ++logits == 1) source.logits = i;
    if (checkpoint.kind == Checkpoint::Kind::kLabel && ++labels == 1) source.label = i;
  }
  const auto is_row = [&](std::size_t place) {
    const Tensor& tensor = *graph.checkpoints()[place].tensor;
    return tensor.shape && is_row_of_classes(tensor);
  };
  if (logits != 1 || !is_row(*source.logits)) source.logits.reset();
  if (labels != 1) source.label.reset();
  const std::optional<std::size_t> used = source.logits ? source.logits : source.label;
  if (!used || !graph.checkpoints()[*used].tensor->shape) return {};
  source.ranks = element_count(*graph.checkpoints()[*used].tensor->shape);
  if (source.logits) source.classes = source.ranks;
  // One number is the best of itself, whatever it is.
  if (source.ranks < 1 || source.classes == 1) return {};
  return source;
}

}  // namespace assay
