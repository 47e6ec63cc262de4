// SPDX-License-Identifier: Apache-2.0
#include "harness/weights/host_training.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "compile/backend/host/driver.h"
#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "harness/build/driver_package.h"
#include "harness/report/json.h"

namespace assay {
namespace {

bool is_input(const Checkpoint& checkpoint) { return checkpoint.kind == Checkpoint::Kind::kInput; }

/// Names become numbers in the order in which they come up.
class Numbers {
 public:
  Json of(const Json& names) {
    Json numbers = Json::array();
    for (const Json& name : names)
      numbers.push_back(name.is_null() ? name : Json(number(name.get<std::string>())));
    return numbers;
  }

 private:
  std::size_t number(const std::string& name) {
    return numbers_.emplace(name, numbers_.size()).first->second;
  }
  std::map<std::string, std::size_t> numbers_;
};

/// What a host does, whatever its tensors are called and its constants are.
Json work_of(const Json& host) {
  if (host.is_null()) return host;
  Numbers numbers;
  Json work = {{"inputs", numbers.of(host["inputs"])}, {"results", host["results"]}};
  for (const Json& own : host["steps"]) {
    Json step = own;
    for (const Json& name : own["inputs"])
      if (host["constants"].contains(name.get<std::string>()))
        step["constants"].push_back(host["constants"][name.get<std::string>()]["shape"]);
    step["inputs"] = numbers.of(own["inputs"]);
    step["outputs"] = numbers.of(own["outputs"]);
    work["steps"].push_back(step);
  }
  work["outputs"] = numbers.of(host["outputs"]);
  return work;
}

std::string steps_text(const Json& host) {
  std::vector<std::string> steps;
  if (!host.is_null())
    for (const Json& step : host["steps"]) steps.push_back(step["op"].get<std::string>());
  return steps.empty() ? "nothing" : fmt::format("{}", fmt::join(steps, ", "));
}

}  // namespace

std::vector<host::StreamLayout> retrained(std::vector<host::StreamLayout> streams, bool inputs,
                                          const Graph& ours, const Graph& theirs) {
  const auto& own = ours.checkpoints();
  const auto& others = theirs.checkpoints();
  if (!std::ranges::equal(own, others, {}, &Checkpoint::kind, &Checkpoint::kind))
    user_error(
        "the other network has other checkpoints than this one; it is no training of the same "
        "network");
  for (host::StreamLayout& stream : streams) {
    if (stream.constant) continue;  // bytes, which mean nothing to a host
    const auto it = std::ranges::find_if(
        own, [&](const Checkpoint& c) { return c.name == stream.name && is_input(c) == inputs; });
    if (it == own.end())
      user_error("'{}' is no checkpoint of the run's layers: what it means to a host is not known",
                 printable(stream.name));
    const Checkpoint& other = others[static_cast<std::size_t>(it - own.begin())];
    if (stream.unit) stream.unit = other.unit, stream.shift = other.shift;
  }
  return streams;
}

std::string training_text(const std::vector<host::StreamLayout>& inputs,
                          const std::vector<host::StreamLayout>& outputs,
                          const HostTraining& training) {
  HostTail tail = training.tail;
  std::vector<host::StreamLayout> joined = outputs;
  join_tail(training.left, tail, joined);
  return host::training_json(inputs, joined, tail);
}

void require_same_work(std::string_view ours, std::string_view theirs) {
  const Json own = Json::parse(ours)["host"], other = Json::parse(theirs)["host"];
  if (work_of(own) != work_of(other))
    user_error(
        "of the accelerator's results the host computes {} in this network and {} in the other "
        "one, or of other shapes; it is no training of the same network",
        steps_text(own), steps_text(other));
}

}  // namespace assay
