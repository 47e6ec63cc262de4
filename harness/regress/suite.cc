// SPDX-License-Identifier: Apache-2.0
#include "harness/regress/suite.h"

#include <toml++/toml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/printable.h"
#include "compile/hw/devices.h"
#include "compile/passes/streamline/streamline.h"
#include "harness/flow/folding_config.h"
#include "harness/report/similar.h"

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
  std::optional<double> fps, clock_mhz;
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
    const bool named = kind == "totensor" || kind == "normalize" || kind == "none";
    return named ? kind : path(node, "preprocess").string();
  }

  /// A width among the options of streamlining.
  template <typename Width>
  Field bits(const char* key, Width PassOptions::*width, int least, int most) const {
    return [this, key, width, least, most](Network& n, const toml::node& v) {
      n.base.flow.passes.*width = static_cast<int>(integer(v, key, least, most));
    };
  }

  /// What [defaults] and a [[network]] may both say.
  Fields base_fields() const {
    using N = Network;
    using V = const toml::node;
    return {
        {"levels", [this](N& n, V& v) { n.base.levels = levels(v); }},
        {"data", [this](N& n, V& v) { n.base.flow.images.data = path(v, "data").string(); }},
        {"images", [this](N& n, V& v) { n.base.flow.images.images = images(v, "images"); }},
        {"rtl_images", [this](N& n, V& v) { n.base.rtl_images = images(v, "rtl_images"); }},
        {"preprocess", [this](N& n, V& v) { n.base.flow.preprocess.kind = preprocess(v); }},
        {"mean", [this](N& n, V& v) { n.base.flow.preprocess.mean = texts(v, "mean"); }},
        {"std", [this](N& n, V& v) { n.base.flow.preprocess.std = texts(v, "std"); }},
        {"topk", [this](N& n, V& v) { n.base.flow.topk = integer(v, "topk", 1, 1 << 20); }},
        {"input_bits", bits("input_bits", &PassOptions::input_bits, kMinInputBits, kMaxInputBits)},
        {"input_weight_bits",
         bits("input_weight_bits", &PassOptions::input_weight_bits, 1, kMaxWeightBits)},
        {"scale_bits", bits("scale_bits", &PassOptions::scale_bits, kMinScaleBits, kMaxScaleBits)},
        {"join_budget", bits("join_budget", &PassOptions::join_budget, 1, kMaxJoinBits)},
        {"join_bits", bits("join_bits", &PassOptions::join_bits, 0, kMaxJoinBits)},
        {"standalone_thresholds",
         [this](N& n, V& v) {
           n.base.flow.passes.standalone_thresholds = flag(v, "standalone_thresholds");
         }},
        {"allow_software",
         [this](N& n, V& v) { n.base.flow.passes.allow_software = flag(v, "allow_software"); }},
    };
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
    return {
        {"name", [this](Network& n, const toml::node& v) { n.name = text(v, "name"); }},
        {"target_cycles",
         [this, &label](Network& n, const toml::node& v) {
           n.base.flow.passes.target_cycles = integer(v, "target_cycles", 1, std::int64_t{1} << 50);
           label += fmt::format(" {} cycles", n.base.flow.passes.target_cycles);
         }},
        {"fps",
         [this, &label](Network& n, const toml::node& v) {
           n.fps = number(v, "fps");
           label += fmt::format(" {} fps", *n.fps);
         }},
        {"clock_mhz",
         [this](Network& n, const toml::node& v) { n.clock_mhz = number(v, "clock_mhz"); }},
        {"device",
         [this, &label](Network& n, const toml::node& v) {
           n.base.flow.passes.device = text(v, "device");
           try {
             hw::find_device(n.base.flow.passes.device);
           } catch (const UserError& error) {
             fail(v, error.what());
           }
           label += " " + n.base.flow.passes.device;
         }},
        {"device_share",
         [this](Network& n, const toml::node& v) {
           n.base.flow.passes.device_share = integer(v, "device_share", 1, 100);
         }},
        {"file",
         [this, &label](Network& n, const toml::node& v) {
           const fs::path file = path(v, "file");
           n.base.flow.passes.folding = read_folding_config(file);
           label += " " + file.filename().string();
         }},
    };
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
      set_target(folded, entry);
      add_case(folded.base, name + "/" + folded.name.value_or(label.substr(1)), entry);
    }
  }

  /// The same rules as those of the options of `assay run`.
  void set_target(Network& folded, const toml::node& entry) const {
    const toml::table& table = *entry.as_table();
    const int goals = (table.contains("target_cycles") ? 1 : 0) + (folded.fps ? 1 : 0) +
                      (table.contains("device") ? 1 : 0);
    if (goals > 1) fail(entry, "'target_cycles', 'fps' and 'device' exclude each other");
    if (folded.fps.has_value() != folded.clock_mhz.has_value())
      fail(entry, "'fps' needs 'clock_mhz', and 'clock_mhz' needs 'fps'");
    if (table.contains("device_share") && !table.contains("device"))
      fail(entry, "'device_share' is a share of 'device', which is not given");
    if (folded.fps)
      folded.base.flow.passes.target_cycles = cycles_per_frame(*folded.fps, *folded.clock_mhz);
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
