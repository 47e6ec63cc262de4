// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "golden/exact/executor.h"
#include "onnx/test_model.h"

namespace assay {

using Texts = std::vector<std::string>;

/// The exact output `index` of a model whose inputs are integers in units of 1/2^fraction, as text:
/// "3/4", "-2".
inline Texts evaluate(const TestModel& model, const std::vector<TestModel::Ints>& inputs,
                      int fraction = 0, std::size_t index = 0) {
  const Graph graph = model.import();
  std::vector<ExactInput> ranges;
  std::vector<ExactInputData> data;
  for (const TestModel::Ints& q : inputs) {
    const auto [min, max] = std::ranges::minmax_element(q);
    ranges.push_back(ExactInput::integers(*min, *max));
    ranges.back().terms[0].scale = RealArray(Real(std::int64_t{1} << fraction).inverse());
    data.push_back({q});
  }
  const ExactRun run = ExactExecutor(graph, ranges).run({.inputs = data});
  const ExactValue& value = run.outputs.at(index);
  Texts out;
  for (std::int64_t i = 0; i < value.size(); ++i) out.push_back(value.real(i).str());
  return out;
}

/// x -> one node -> y.
inline onnx::NodeProto& single_node(TestModel& model, const std::string& type,
                                    const TestModel::Ints& shape,
                                    const TestModel::Names& parameters = {}) {
  model.input("x", shape);
  TestModel::Names inputs = {"x"};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  model.output("y");
  return model.node(type, inputs, {"y"});
}

}  // namespace assay
