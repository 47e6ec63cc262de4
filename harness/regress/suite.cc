// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/suite.h"

#include <toml++/toml.h>

#include <algorithm>
#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/base/similar.h"
#include "compile/hw/devices.h"
#include "harness/flow/run_options.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 16 << 20;
constexpr const char* kDefaultLevels[] = {"graph", "rtl-node"};

/// One network of the file, with the defaults below it.
struct Network {
  SuiteCase base;
  std::optional<std::string> name;
  const toml::array* foldings = nullptr;
};

class Reader {
 public:
  explicit Reader(const fs::path& file)
      : file_(file), shown_(printable(file.string(), 4096)), table_(parse()) {
    base_.levels.assign(std::begin(kDefaultLevels), std::end(kDefaultLevels));
  }

  Suite read() {
    suite_.name = file_.stem().string();
    const toml::array* networks = nullptr;
    for (const auto& [key, value] : table_) {
      if (key == "name") {
        suite_.name = text(value, "name");
      } else if (key == "defaults") {
        read_fields(table(value, "defaults"), base_fields(), [&](const Field& field, auto& v) {
          Network network;
          network.base = base_;
          field(network, v);
          base_ = network.base;
        });
      } else if (key == "network") {
        networks = value.as_array();
        if (!networks || !networks->is_array_of_tables())
          fail(value, "'network' should be tables: begin each with [[network]]");
      } else {
        unknown(key, {"name", "defaults", "network"});
      }
    }
    if (!networks) user_error("{}: the suite has no [[network]]", shown_);
    for (const toml::node& network : *networks) read_network(*network.as_table());
    return std::move(suite_);
  }

 private:
  using Field = std::function<void(Network&, const toml::node&)>;
  using Fields = std::map<std::string, Field>;

  toml::table parse() const {
    try {
      return toml::parse(read_file(file_, kMaxBytes), shown_);
    } catch (const toml::parse_error& error) {
      user_error("{}:{}: {}", shown_, error.source().begin.line, error.description());
    }
  }

  [[noreturn]] void fail(const toml::source_region& where, const std::string& what) const {
    user_error("{}:{}: {}", shown_, where.begin.line, what);
  }
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const {
    fail(node.source(), what);
  }
  [[noreturn]] void unknown(const toml::key& key, std::vector<std::string> known) const {
    fail(key.source(), fmt::format("unknown key '{}'; the nearest known ones are {}",
                                   printable(key.str()), similar_names(key.str(), known)));
  }

  const toml::table& table(const toml::node& node, std::string_view key) const {
    if (!node.is_table()) fail(node, fmt::format("'{}' should be a table", key));
    return *node.as_table();
  }
  std::string text(const toml::node& node, std::string_view key) const {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) fail(node, fmt::format("'{}' should be a string", key));
    return *value;
  }
  std::int64_t integer(const toml::node& node, std::string_view key, std::int64_t least,
                       std::int64_t most) const {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < least || *value > most)
      fail(node, fmt::format("'{}' should be an integer from {} to {}", key, least, most));
    return *value;
  }
  double number(const toml::node& node, std::string_view key) const {
    const auto value = node.value<double>();
    if (!value || !(*value > 0)) fail(node, fmt::format("'{}' should be a positive number", key));
    return *value;
  }
  double percentage(const toml::node& node, std::string_view key) const {
    const auto value = node.value<double>();
    if (!value || !(*value >= 0 && *value <= 100))
      fail(node, fmt::format("'{}' should be a number from 0 to 100", key));
    return *value;
  }
  bool flag(const toml::node& node, std::string_view key) const {
    const auto value = node.value_exact<bool>();
    if (!value) fail(node, fmt::format("'{}' should be true or false", key));
    return *value;
  }
  std::vector<std::string> texts(const toml::node& node, std::string_view key) const {
    const toml::array* array = node.as_array();
    if (!array || array->empty())
      fail(node, fmt::format("'{}' should be an array of strings", key));
    std::vector<std::string> result;
    for (const toml::node& entry : *array) result.push_back(text(entry, key));
    return result;
  }
  /// 10 or "5:15".
  std::string images(const toml::node& node, std::string_view key) const {
    if (node.is_integer()) return std::to_string(integer(node, key, 1, std::int64_t{1} << 40));
    if (node.is_string()) return text(node, key);
    fail(node, fmt::format("'{}' should be a number of images, or a range such as \"5:15\"", key));
  }
  /// A file or folder beside the suite.
  fs::path path(const toml::node& node, std::string_view key) const {
    const fs::path path = file_.parent_path() / text(node, key);
    std::error_code error;
    if (!fs::exists(path, error))
      fail(node, fmt::format("'{}': there is no '{}'", key, printable(path.string(), 4096)));
    return path;
  }

  std::vector<std::string> levels(const toml::node& node) const {
    const std::vector<std::string> wanted = texts(node, "levels");
    for (const std::string& level : wanted)
      if (std::ranges::find(known_levels(), level) == known_levels().end())
        fail(node, fmt::format("no level is called '{}'; the nearest are {}", printable(level),
                               similar_names(level, known_levels())));
    std::vector<std::string> ordered;
    for (const std::string& level : known_levels())
      if (std::ranges::find(wanted, level) != wanted.end()) ordered.push_back(level);
    return ordered;
  }

  std::string preprocess(const toml::node& node) const {
    const std::string kind = text(node, "preprocess");
    const bool named = kind == "auto" || kind == "totensor" || kind == "normalize" ||
                       kind == "none" || kind == "quantiser";
    return named ? kind : path(node, "preprocess").string();
  }

  // ---- The options of a run, by the type of their values

  void read(const RunOption& option, const toml::node& v, bool& value) const {
    value = flag(v, option.suite);
  }
  template <std::integral T>
  void read(const RunOption& option, const toml::node& v, T& value) const {
    value = static_cast<T>(integer(v, option.suite, option.least, option.most));
  }
  void read(const RunOption& option, const toml::node& v, double& value) const {
    value = number(v, option.suite);
  }
  void read(const RunOption& option, const toml::node& v, std::string& value) const {
    value = text(v, option.suite);
    try {
      if (option.name == "device") hw::find_device(value);
    } catch (const UserError& error) {
      fail(v, error.what());
    }
  }
  void read(const RunOption& option, const toml::node& v, fs::path& value) const {
    value = path(v, option.suite);
  }
  template <typename T>
  void read(const RunOption& option, const toml::node& v, std::optional<T>& value) const {
    read(option, v, value.emplace());
  }

  template <typename T>
  static std::string label_of(const RunOption& option, const T& value) {
    if (option.label.empty()) return "";
    if constexpr (std::is_same_v<T, fs::path>)
      return " " + value.filename().string();
    else
      return " " + fmt::format(fmt::runtime(option.label), value);
  }
  template <typename T>
  static std::string label_of(const RunOption& option, const std::optional<T>& value) {
    return label_of(option, *value);
  }

  /// Adds the options that an entry of `foldings` may say, or a network; what they add to the name
  /// of a case goes to `label`, which networks have none of.
  void add_options(bool of_folding, std::string* label, Fields& fields) const {
    for (const RunOption& option : run_options()) {
      if (option.of_folding != of_folding) continue;
      fields[std::string(option.suite)] = [this, &option, label](Network& n, const toml::node& v) {
        std::visit(
            [&](auto* value) {
              read(option, v, *value);
              if (label) *label += label_of(option, *value);
            },
            option.slot(n.base.flow));
      };
    }
  }

  /// What [defaults] and a [[network]] may both say.
  Fields base_fields() const {
    using N = Network;
    using V = const toml::node;
    Fields fields = {
        {"levels", [this](N& n, V& v) { n.base.levels = levels(v); }},
        {"data", [this](N& n, V& v) { n.base.flow.images.data = path(v, "data").string(); }},
        {"images", [this](N& n, V& v) { n.base.flow.images.images = images(v, "images"); }},
        {"rtl_images", [this](N& n, V& v) { n.base.rtl_images = images(v, "rtl_images"); }},
        {"preprocess", [this](N& n, V& v) { n.base.flow.preprocess.kind = preprocess(v); }},
        {"mean", [this](N& n, V& v) { n.base.flow.preprocess.mean = texts(v, "mean"); }},
        {"std", [this](N& n, V& v) { n.base.flow.preprocess.std = texts(v, "std"); }},
        {"against", [this](N& n, V& v) { n.base.flow.against = path(v, "against"); }},
        {"accuracy_tolerance",
         [this](N& n, V& v) { n.base.tolerance.accuracy = percentage(v, "accuracy_tolerance"); }},
        {"cost_tolerance",
         [this](N& n, V& v) { n.base.tolerance.cost = percentage(v, "cost_tolerance"); }},
    };
    add_options(false, nullptr, fields);
    return fields;
  }

  Fields network_fields() const {
    Fields fields = base_fields();
    fields["name"] = [this](Network& n, const toml::node& v) { n.name = text(v, "name"); };
    fields["model"] = [this](Network& n, const toml::node& v) {
      n.base.flow.model = path(v, "model");
    };
    fields["foldings"] = [this](Network& n, const toml::node& v) {
      n.foldings = v.as_array();
      if (!n.foldings || n.foldings->empty() || !n.foldings->is_array_of_tables())
        fail(v, "'foldings' should be an array of tables, such as [{ target_cycles = 16384 }]");
    };
    return fields;
  }

  /// What an entry of `foldings` may say; each adds to the case's name.
  Fields folding_fields(std::string& label) const {
    Fields fields = {
        {"name", [this](Network& n, const toml::node& v) { n.name = text(v, "name"); }}};
    add_options(true, &label, fields);
    return fields;
  }

  template <typename Apply>
  void read_fields(const toml::table& table, const Fields& fields, Apply apply) const {
    std::vector<std::string> known;
    for (const auto& [name, field] : fields) known.push_back(name);
    for (const auto& [key, value] : table) {
      const auto it = fields.find(std::string(key.str()));
      if (it == fields.end()) unknown(key, known);
      apply(it->second, value);
    }
  }

  void read_network(const toml::table& table) {
    Network network;
    network.base = base_;
    read_fields(table, network_fields(),
                [&](const Field& field, const toml::node& v) { field(network, v); });
    const fs::path& model = network.base.flow.model;
    if (model.empty()) fail(table, "the network has no 'model'");
    // models/resnet8_w4a4/model.qonnx.onnx goes by the name of its folder.
    const std::string file = model.filename().string();
    const std::string name = network.name ? *network.name
                             : file.starts_with("model.")
                                 ? fs::absolute(model).parent_path().filename().string()
                                 : model.stem().string();
    if (!network.foldings) {
      settle(network.base.flow);
      add_case(network.base, name, table);
      return;
    }
    for (const toml::node& entry : *network.foldings) {
      Network folded;
      folded.base = network.base;
      std::string label;
      read_fields(*entry.as_table(), folding_fields(label),
                  [&](const Field& field, const toml::node& v) { field(folded, v); });
      if (label.empty())
        fail(entry,
             "the folding says nothing: give target_cycles, fps and clock_mhz, device, or file");
      settle_goal(folded.base.flow, entry);
      add_case(folded.base, name + "/" + folded.name.value_or(label.substr(1)), entry);
    }
  }

  /// The same rules as those of the options of `assay run`.
  void settle_goal(FlowOptions& flow, const toml::node& entry) const {
    const toml::table& table = *entry.as_table();
    const FoldingChoice& said = flow.folding;
    if (said.target_cycles && said.target_fps)
      fail(entry, "'target_cycles' and 'fps' exclude each other");
    if (said.target_fps.has_value() != table.contains("clock_mhz"))
      fail(entry, "'fps' needs 'clock_mhz', and 'clock_mhz' needs 'fps'");
    if (said.best_effort && !said.target_cycles && !said.target_fps)
      fail(entry, "'best_effort' is about 'target_cycles' or 'fps', which are not given");
    if (said.device_share && said.device.empty())
      fail(entry, "'device_share' is a share of 'device', which is not given");
    settle(flow);
  }

  void add_case(SuiteCase entry, const std::string& name, const toml::node& where) {
    entry.name = name;
    if (!names_.insert(name).second)
      fail(where,
           fmt::format("two cases are called '{}'; give one another 'name'", printable(name)));
    suite_.cases.push_back(std::move(entry));
  }

  const fs::path& file_;
  std::string shown_;
  toml::table table_;
  SuiteCase base_;
  Suite suite_;
  std::set<std::string> names_;
};

}  // namespace

Suite read_suite(const fs::path& file) { return Reader(file).read(); }

}  // namespace assay
