// SPDX-License-Identifier: Apache-2.0
#include "harness/query/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/graph/ops.h"
#include "compile/onnx/import.h"
#include "harness/report/schema.h"
#include "harness/report/similar.h"

namespace assay {
namespace {

/// Rows of thresholds that are shown: the first channels.
constexpr std::int64_t kShownRows = 8;

struct StageGraph {
  std::string id;
  Graph graph;
};

/// An array of integers whose last axis is a row, and whose other axes broadcast.
class Rows {
 public:
  explicit Rows(const Tensor& tensor) : constant_(*tensor.constant), shape_(constant_.shape()) {
    row_ = shape_.empty() ? 1 : shape_.back();
    if (!shape_.empty()) shape_.pop_back();
  }
  const Shape& shape() const { return shape_; }
  std::int64_t count() const { return element_count(shape_); }

  std::vector<std::int64_t> index(std::int64_t row) const {
    std::vector<std::int64_t> at(shape_.size());
    for (std::size_t axis = at.size(); axis-- > 0; row /= shape_[axis])
      at[axis] = row % shape_[axis];
    return at;
  }
  /// The row at an index of an array of the same rank, or one that has more axes at the end.
  std::vector<std::int64_t> row(const std::vector<std::int64_t>& index) const {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < shape_.size(); ++axis)
      at = at * shape_[axis] + std::min(index.at(axis), shape_[axis] - 1);
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < row_; ++i) values.push_back(integer(at * row_ + i));
    return values;
  }

 private:
  std::int64_t integer(std::int64_t i) const {
    return constant_.is_int() ? constant_.ints()[static_cast<std::size_t>(i)]
                              : static_cast<std::int64_t>(constant_.real(i).to_double());
  }
  const Constant& constant_;
  Shape shape_;
  std::int64_t row_ = 1;
};

Json threshold_rows(const Tensor& thresholds, const Tensor* multipliers) {
  const Rows rows(thresholds);
  Json list = Json::array();
  for (std::int64_t i = 0; i < std::min(rows.count(), kShownRows); ++i) {
    const std::vector<std::int64_t> index = rows.index(i);
    list.push_back({{"index", index},
                    {"thresholds", rows.row(index)},
                    {"multipliers", multipliers ? Json(Rows(*multipliers).row(index)) : Json()}});
  }
  return list;
}

/// The thresholds of a node that compares integers, or null.
Json thresholds_json(const StageGraph& stage, const Node& node) {
  const auto* plain = node.as<ops::MultiThreshold>();
  const auto* join = node.as<ops::JoinThreshold>();
  if (!plain && !join) return {};
  const Tensor& thresholds = *node.inputs[plain ? 1 : 0];
  const Tensor* multipliers = join ? node.inputs[1] : nullptr;
  if (!thresholds.constant || (multipliers && !multipliers->constant)) return {};
  const bool table = join && !multipliers && node.inputs.size() > ops::JoinThreshold::kFirstX + 1;
  return {{"stage", stage.id},
          {"node", node.name},
          {"operator", node.op->type()},
          {"out_bias", plain ? static_cast<std::int64_t>(plain->out_bias) : join->out_bias},
          {"rows", Rows(thresholds).count()},
          {"table_min", table ? Json(join->table_min) : Json()},
          {"first_rows", threshold_rows(thresholds, multipliers)}};
}

Json place_json(const std::string& stage, const Node* node, const Tensor* tensor) {
  return {{"stage", stage},
          {"node", node ? node->name : ""},
          {"operator", node ? node->op->type() : ""},
          {"tensor", tensor ? tensor->name : ""},
          {"dtype", tensor ? tensor->dtype.name() : ""},
          {"shape", tensor && tensor->shape ? Json(*tensor->shape) : Json()}};
}

class Explanation {
 public:
  Explanation(const SavedRun& run, const Json& streamline, std::string name)
      : streamline_(streamline), name_(std::move(name)), names_{name_} {
    for (const SavedRun::Stage& stage : run.stages)
      stages_.push_back({stage.id, import_bytes(read_file(stage.file), {}, stage.file.string())});
  }

  Json json() {
    // A node may carry a checkpoint, and a quantiser has other names before and after: one round
    // for each, so that every stage's form of it is found.
    follow();
    follow();
    const Json quantisers = matching("quantisers", [&](const Json& q) { return is_it(q); });
    const Json folded_into = matching("quantisers", [&](const Json& q) {
      return !is_it(q) && std::ranges::find(q.at("folded"), Json(name_)) != q.at("folded").end();
    });
    const auto named = [&](const Json& entry) {
      return names_.contains(entry.at("node").get<std::string>());
    };
    Json widths = matching("widths", named), units = matching("units", named),
         remarks = matching("remarks", named);
    Json places = find_places();
    if (places.empty() && quantisers.empty() && folded_into.empty() && widths.empty() &&
        remarks.empty())
      refuse();
    return {{"schema", kExplainSchema},    {"name", name_},
            {"places", std::move(places)}, {"quantisers", quantisers},
            {"folded_into", folded_into},  {"widths", std::move(widths)},
            {"units", std::move(units)},   {"remarks", std::move(remarks)},
            {"thresholds", thresholds()}};
  }

 private:
  bool is_it(const Json& quantiser) const {
    const auto checkpoint = quantiser.at("checkpoint").get<std::string>();
    return names_.contains(quantiser.at("node").get<std::string>()) ||
           names_.contains(quantiser.at("result").get<std::string>()) ||
           (!checkpoint.empty() && checkpoint == name_);
  }

  /// Adds the names that the same quantiser has elsewhere.
  void follow() {
    for (const Json& q : streamline_.at("quantisers")) {
      if (!is_it(q)) continue;
      names_.insert(q.at("node").get<std::string>());
      names_.insert(q.at("result").get<std::string>());
    }
    for (const StageGraph& stage : stages_)
      for (const Checkpoint& checkpoint : stage.graph.checkpoints())
        if (checkpoint.name == name_ && checkpoint.tensor->producer)
          names_.insert(checkpoint.tensor->producer->name);
  }

  template <typename Wanted>
  Json matching(const char* list, Wanted&& wanted) const {
    Json found = Json::array();
    for (const Json& entry : streamline_.at(list))
      if (wanted(entry)) found.push_back(entry);
    return found;
  }

  Json find_places() const {
    Json places = Json::array();
    for (const StageGraph& stage : stages_) {
      bool found = false;
      for (const Checkpoint& checkpoint : stage.graph.checkpoints()) {
        if (checkpoint.name != name_) continue;
        places.push_back(place_json(stage.id, checkpoint.tensor->producer, checkpoint.tensor));
        found = true;
      }
      if (found) continue;
      for (const std::string& name : names_)
        if (const Node* node = stage.graph.find_node(name))
          places.push_back(place_json(stage.id, node, node->outputs.at(0)));
    }
    return places;
  }

  /// Of the last stage that has any.
  Json thresholds() const {
    for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage)
      for (const std::string& name : names_) {
        const Node* node = stage->graph.find_node(name);
        Json found = node ? thresholds_json(*stage, *node) : Json();
        if (!found.is_null()) return found;
      }
    return {};
  }

  [[noreturn]] void refuse() const {
    std::set<std::string> known;
    for (const StageGraph& stage : stages_) {
      for (const auto& node : stage.graph.nodes()) known.insert(node->name);
      for (const Checkpoint& checkpoint : stage.graph.checkpoints()) known.insert(checkpoint.name);
    }
    user_error("no stage has a node or checkpoint '{}'; similar names: {}", printable(name_),
               similar_names(name_, {known.begin(), known.end()}));
  }

  const Json& streamline_;
  std::string name_;
  std::set<std::string> names_;
  std::vector<StageGraph> stages_;
};

}  // namespace

Json read_streamline(const std::filesystem::path& dir) {
  const std::filesystem::path file = dir / "reports" / "streamline.json";
  const std::string shown = printable(file.string(), 4096);
  if (!std::filesystem::exists(file))
    user_error(
        "the run in '{}' has no stage from absorb_scales on; run 'assay run MODEL --out {}' "
        "without "
        "--until, or with a later one",
        printable(dir.string(), 4096), printable(dir.string(), 4096));
  Json report = parse_json(read_file(file), shown);
  const std::vector<std::string> violations = schema_violations(report);
  if (!violations.empty() || report.at("schema") != kStreamlineSchema)
    user_error("'{}' is damaged or of another version ({}); do the run again", shown,
               violations.empty() ? "it is of another kind" : violations.front());
  return report;
}

Json explain_node(const SavedRun& run, const Json& streamline, const std::string& name) {
  return Explanation(run, streamline, name).json();
}

}  // namespace assay
