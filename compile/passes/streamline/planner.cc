// SPDX-License-Identifier: Apache-2.0
#include "compile/passes/streamline/planner.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::streamline {

void Planner::fail(const std::string& problem, const std::string& remedy) const {
  user_error("{}: {}; {}", to.node() ? node().label() : "the graph", problem, remedy);
}

Value Planner::input(std::size_t index) const {
  const Tensor* tensor = node().inputs.at(index);
  const auto it = values_.find(tensor);
  if (it == values_.end() && tensor && !tensor->constant && copy_of(tensor))
    fail(fmt::format("it reads '{}', labels that a TopK, ArgMax or ArgMin makes",
                     printable(tensor->name)),
         "end the network at the labels, or in front of what makes them, and leave the rest to the "
         "host");
  if (it == values_.end())
    fail(fmt::format("input {} ('{}') does not depend on the network's input", index,
                     printable(tensor ? tensor->name : "")),
         "fold constants first");
  Value value = it->second;
  const bool shared = tensor->consumers.size() > 1 || from.is_output(tensor) ||
                      std::ranges::find(from.checkpoints(), tensor, &Checkpoint::tensor) !=
                          from.checkpoints().end();
  if (shared)
    for (Term& term : value.terms) term.exclusive = false;
  return value;
}

Value Planner::end_value(const Tensor* old) const {
  Value value = value_of(old);
  if (!old->consumers.empty())
    for (Term& term : value.terms) term.exclusive = false;
  return value;
}

Tensor* Planner::copy_of(const Tensor* old) const {
  const auto it = copies_.find(old);
  return it == copies_.end() ? nullptr : it->second;
}

Tensor* Planner::copy_constant(const Tensor& old) {
  Tensor*& copy = copies_[&old];
  if (!copy) {
    copy = to.graph.add_constant(old.name, *old.constant);
    copy->container = old.container;
    copy->dtype = old.dtype;
    copy->layout = old.layout;
  }
  return copy;
}

}  // namespace assay::streamline
